"""A platform's own fake whose answers are changed on their way out: servers that answer in other ways than ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bidder.testing import ReadFault
from tests.connectors.http.fake import FakeHttp
from tests.connectors.http.server import Answer, Got

__all__ = ["turning"]

K = TypeVar("K", bound=FakeHttp)


def turning(kind: type[K], turned: Callable[[Got, Answer], Answer]) -> type[K]:
    """That fake, each of its answers put through `turned`."""

    def asked(self: K, got: Got, fault: ReadFault | None) -> Answer:
        return turned(got, kind.asked(self, got, fault))

    return type("Turned", (kind,), {"asked": asked})
