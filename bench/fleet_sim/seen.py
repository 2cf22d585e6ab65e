"""What a simulated day came to: how long work waited, what was decided when, who was busy."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Quantiles", "Seen", "quantiles"]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of so many, in seconds."""

    count: int
    p50: float
    p95: float
    most: float

    def __str__(self) -> str:
        return " ".join(f"{said(one):>7}" for one in (self.p50, self.p95, self.most)) + f"  of {self.count}"


def said(seconds: float) -> str:
    """Seconds, minutes or hours, in few signs."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} m" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def quantiles(values: Iterable[float]) -> Quantiles:
    """The middle, the worst of twenty, the worst."""
    found = np.fromiter(values, dtype=np.float64)
    if not len(found):
        return Quantiles(0, 0.0, 0.0, 0.0)
    p50, p95, most = np.quantile(found, (0.5, 0.95, 1.0))
    return Quantiles(len(found), float(p50), float(p95), float(most))


@dataclass(slots=True)
class Seen:
    """Filled while a day goes by."""

    waited: dict[str, array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))
    """By task (`falls`, `rises` for writes): seconds from being wanted to being begun, over all that handed it back."""
    lasted: dict[str, array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))
    """By task: seconds from beginning to end."""
    late: array[float] = field(default_factory=lambda: array("d"))
    """Seconds from when a day could be decided to when it was."""
    stopped: array[float] = field(default_factory=lambda: array("d"))
    """Seconds from a decision to the last of its falls being written."""
    behind: array[float] = field(default_factory=lambda: array("d"))
    """Seconds that a poll was begun after it was due."""
    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By shop and account day."""
    answers: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    """Jobs whose platform did not answer, by task."""
    again: int = 0
    """Jobs that handed themselves back."""
    lost: int = 0
    """Batches that took too long."""
    rescued: int = 0
    most_waiting: int = 0
    finished_at: float = 0.0
    """When the last job came to its end, but for ticks; and what its machine had worked by then."""
    worked: float = 0.0
