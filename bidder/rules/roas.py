"""`roas: {min: break_even}` and `marginal_roas: {min: 2.5}`: no more than what pays, on average or at the margin.

Each chosen budget is capped where its expected ROAS would fall below the floor. Neither forces money out of a budget
faster than its step, and none falls below the platform's minimum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, WithJsonSchema
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Priority
from bidder.response.curve import Curves
from bidder.rules.amounts import minimums
from bidder.rules.base import Kind
from bidder.rules.inverse import break_even, largest_amount, marginal_cap, roas_at
from bidder.snapshot import FloatArray, Snapshot
from bidder.written import did_you_mean

__all__ = ["Floor", "MarginalRoas", "Roas"]

BREAK_EVEN = "break_even"
_TIMES = re.compile(r"break_even\s*\*\s*(\d{1,3}(?:\.\d{1,6})?)\Z")
_HIGHEST = 1000


@dataclass(frozen=True, slots=True)
class Floor:
    """A ROAS: a number, or so many times each budget's own break-even."""

    times: float
    of_break_even: bool

    def of(self, curves: Curves) -> FloatArray:
        """The floor of each budget."""
        return self.times * (break_even(curves) if self.of_break_even else np.ones(len(curves)))


def _floor(value: Any) -> Floor:
    if isinstance(value, Floor):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if text == BREAK_EVEN:
        return Floor(1.0, of_break_even=True)
    match = _TIMES.match(text)
    if match is not None:
        number, own = Decimal(match[1]), True
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number, own = Decimal(str(value)), False
    else:
        near = did_you_mean(text.partition("*")[0].strip(), [BREAK_EVEN]) if text else ""
        raise ValueError(f"expected a number such as 2.5, {BREAK_EVEN} or {BREAK_EVEN} * 1.2, was {value!r}{near}")
    if not number.is_finite() or not 0 < number <= _HIGHEST:
        raise ValueError(f"expected more than 0 and at most {_HIGHEST}, was {value}")
    return Floor(float(number), of_break_even=own)


RoasFloor = Annotated[
    Floor,
    BeforeValidator(_floor),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": _HIGHEST},
                {"type": "string", "pattern": r"^\s*break_even(\s*\*\s*\d+(\.\d+)?)?\s*$"},
            ],
            "examples": [BREAK_EVEN, f"{BREAK_EVEN} * 1.2", 2.5],
        }
    ),
]


class Roas(Kind):
    """No more money than keeps the average: expected revenue over expected spend of each chosen budget."""

    word: ClassVar[str] = "roas"
    priority: ClassVar[int] = Priority.TARGET

    min: RoasFloor
    """At least this ROAS: a number, `break_even`, or `break_even * 1.2`."""

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """A cap for each chosen budget where its average ROAS meets the floor."""
        floor = self.min.of(curves)[:, None]
        cap = largest_amount(lambda amounts: roas_at(curves, amounts) >= floor, snapshot, curves)
        yield _capped(name, chosen, cap, snapshot, priority, source)


class MarginalRoas(Kind):
    """No more money than pays at the margin: expected revenue of the last of it over its spend."""

    word: ClassVar[str] = "marginal_roas"
    priority: ClassVar[int] = Priority.TARGET

    min: RoasFloor
    """At least this ROAS of the last money: a number, `break_even`, or `break_even * 1.2`."""

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """A cap for each chosen budget where its marginal ROAS meets the floor."""
        cap = marginal_cap(self.min.of(curves), snapshot, curves)
        yield _capped(name, chosen, cap, snapshot, priority, source)


def _capped(
    name: str, chosen: NDArray[np.bool_], cap: FloatArray, snapshot: Snapshot, priority: int, source: Source
) -> Bounds:
    upper = np.where(chosen, np.maximum(cap, minimums(snapshot)), np.inf)
    return Bounds(name, np.full(len(chosen), -np.inf), upper, priority, source)
