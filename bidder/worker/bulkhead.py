"""A platform that does not answer takes few of a worker's places, so that the shops on others are served as before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bidder.worker.queue import Again

__all__ = ["Bulkhead", "Passage"]

BACK = 2.0
"""Seconds after which a job that found no place comes back."""


@dataclass(slots=True)
class Passage:
    """What a job found: whether its platform answered."""

    worked: bool = False


class Bulkhead:
    """`places` jobs at once: a platform whose last job came to nothing gets one of them, one not tried yet a half."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._inside: Counter[str] = Counter()
        self._worked: dict[str, bool] = {}

    @contextmanager
    def through(self, platform: str) -> Iterator[Passage]:
        """A place for a job on this platform. Raises Again where it has its share already."""
        if self._inside[platform] >= self._share(platform):
            raise Again(BACK, f"{platform}: has its share of this worker's places")
        self._inside[platform] += 1
        passage = Passage()
        try:
            yield passage
        finally:
            self._inside[platform] -= 1
            self._worked[platform] = passage.worked

    def _share(self, platform: str) -> int:
        known = self._worked.get(platform)
        if known is None:
            return max(1, self._places // 2)
        return self._places if known else 1
