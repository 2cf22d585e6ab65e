"""Hands a message to apprise: a webhook, mail, 钉钉, 企业微信, 飞书, Telegram, Slack and whatever else it knows.

An address holds a secret, so nothing of it leaves this file: not in a log, not in a reason. Calls block (network): the
daemon makes them in a thread.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from bidder.alerts.kinds import Level

if TYPE_CHECKING:
    from apprise import NotifyBase

__all__ = ["Receiver", "known", "send"]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where messages go. `name` is an alias for logs and metrics; `url` an address of apprise."""

    name: str
    url: SecretStr
    levels: frozenset[Level] = frozenset({Level.WARNING, Level.CRITICAL})
    digest: bool = True
    language: Literal["zh", "en"] = "zh"


def known(url: SecretStr) -> bool:
    """Whether apprise knows such an address."""
    return _service(url) is not None


def send(
    receiver: Receiver,
    title: str,
    text: str,
    *,
    level: Level = Level.INFO,
    html: str | None = None,
    attachments: Sequence[Path] = (),
) -> str | None:
    """Sends now. None when it was taken, else why not, in words without the address. Never raises.

    Mail gets `html` and `attachments`; every other service the text.
    """
    try:
        service = _service(receiver.url)
        if service is None:
            return "no such kind of address, or a part of it is missing (see github.com/caronc/apprise)"
        import apprise

        mail = service.secure_protocol == "mailtos"
        as_html = html is not None and mail
        one = apprise.Apprise()
        one.add(service)
        taken = one.notify(
            body=html if html is not None and mail else text,
            title=title,
            notify_type=_TYPES[level],
            body_format=apprise.NotifyFormat.HTML if as_html else apprise.NotifyFormat.TEXT,
            attach=[str(path) for path in attachments] if mail and attachments else None,
        )
    except Exception as e:  # whatever a service's code throws: a message must never stop the loop
        return f"the service failed: {type(e).__name__}"
    return None if taken else "the service did not take it: is the address right, and is it reachable?"


_TYPES = {Level.INFO: "info", Level.WARNING: "warning", Level.CRITICAL: "failure"}


def _service(url: SecretStr) -> NotifyBase | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it asks for a module that Python will drop
        import apprise  # late: half a second, and most runs send nothing

        logging.getLogger("apprise").disabled = True  # it logs addresses
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # and paths
        found = apprise.Apprise.instantiate(url.get_secret_value(), suppress_exceptions=True)
    return found if isinstance(found, apprise.NotifyBase) else None
