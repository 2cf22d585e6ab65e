"""A platform that does not answer takes few of a worker's places, so that the shops on others are served as before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bidder.worker.queue import Again

__all__ = ["Bulkhead", "Passage"]

BACK, LONGEST_BACK = 2.0, 60.0
"""Seconds after which a job that found no place comes back: longer the more found none before it, or thousands that
wait for a dead platform would keep the queue busy."""


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
        self._turned_away: Counter[str] = Counter()

    @contextmanager
    def through(self, platform: str) -> Iterator[Passage]:
        """A place for a job on this platform. Raises Again where it has its share already."""
        if self._inside[platform] >= self._share(platform):
            self._turned_away[platform] += 1
            back = min(LONGEST_BACK, BACK * max(1.0, self._turned_away[platform] / self._places))
            raise Again(back, f"{platform}: has its share of this worker's places")
        self._inside[platform] += 1
        passage = Passage()
        try:
            yield passage
        finally:
            self._inside[platform] -= 1
            self._worked[platform] = passage.worked
            if passage.worked:
                self._turned_away[platform] = 0

    def _share(self, platform: str) -> int:
        known = self._worked.get(platform)
        if known is None:
            return max(1, self._places // 2)
        return self._places if known else 1
