"""What became of a write, of whatever was written: an amount of a budget (`plan`) or a value of a bid (`bidding`).

Before the read-back it says what the platform's reply proves; after it, what is in force. An outcome is a type and not
a bool: whoever forgets that nothing may be proven is told so by the type checker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Applied", "OutcomeOf", "Refused", "Unresolved"]

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Applied(Generic[V]):
    """Taken by the platform and, after the read-back, read equal."""

    value: V


@dataclass(frozen=True, slots=True)
class Refused(Generic[V]):
    """Proven: nothing happened. `actual` is what the platform has now, where it was read."""

    reason: str
    actual: V | None = None


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Not known whether it landed; never retried blindly, counts as the larger value until read back."""

    reason: str


OutcomeOf = Applied[V] | Refused[V] | Unresolved
