"""Moves of bids and targets that bidder itself has written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["Moved"]


@dataclass(frozen=True, slots=True)
class Moved:
    """A move of a lever that was written, on an account day; values in millionths of its unit."""

    day: date
    before: int
    after: int
