"""`budget: {min: 100, max: 150}`: the least and the most of each chosen budget on its own.

`budget: {multiply: 3}` with a `when` is for events and seasons: on those days steps are measured from that multiple of
the ordinary amount, and afterwards from the ordinary one again (:mod:`bidder.rules.reference`). With `from: purse` the
event's purse of calendar.yaml pays for what it adds (:mod:`bidder.rules.purse`).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Priority
from bidder.response.curve import Curves
from bidder.rules.amounts import column
from bidder.rules.base import Kind
from bidder.snapshot import Snapshot
from bidder.written import Amount, AmountOrMinimum

__all__ = ["BudgetRange"]

_MOST_TIMES = 10


def _multiple(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        hint = "; write 3 for three times as much" if isinstance(value, str) else ""
        raise ValueError(f"expected a number such as 3 or 0.5, was {value!r}{hint}")
    number = float(value)
    if not 0 < number <= _MOST_TIMES or number == 1.0:
        raise ValueError(f"expected more than 0, at most {_MOST_TIMES} and not 1, was {value}")
    return number


Multiple = Annotated[
    float,
    BeforeValidator(_multiple),
    WithJsonSchema(
        {"type": "number", "exclusiveMinimum": 0, "maximum": _MOST_TIMES, "not": {"const": 1}, "examples": [3]}
    ),
]


class BudgetRange(Kind):
    """The least and the most of each chosen budget. For their sum see `total`."""

    word: ClassVar[str] = "budget"
    priority: ClassVar[int] = Priority.OWNER_CAP

    min: AmountOrMinimum | None = None
    """At least so much a day each, for example `100`."""
    max: AmountOrMinimum | None = None
    """At most so much a day each, or `minimum`: the platform's own least. Never 0, which may mean no limit there."""

    multiply: Multiple | None = None
    """On the days of `when` so many times the ordinary amount, for example `3` or `0.5`; needs a `when`."""
    from_: Literal["purse"] | None = Field(default=None, alias="from")
    """`purse`: the event's purse pays for what the multiple adds, and is never exceeded; inside it no step brakes."""

    @model_validator(mode="after")
    def _window(self) -> BudgetRange:
        low, high = self.min, self.max
        if low is None and high is None and self.multiply is None:
            raise ValueError("expected min or max, was neither")
        if self.from_ is not None and (self.multiply is None or self.multiply < 1):
            raise ValueError("from: purse pays for a multiply above 1, and there is none")
        same = isinstance(low, Amount) and isinstance(high, Amount) and low.currency == high.currency
        if same and isinstance(low, Amount) and isinstance(high, Amount) and low.value > high.value:
            raise ValueError(f"expected min below max, was {low} above {high}")
        return self

    @override
    def unfit(self, *, where: bool, when: bool) -> str | None:
        if self.multiply is not None and not when:
            return "multiply: expected a when, which says on which days; for every day change the budgets themselves"
        return None

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """Bounds for the chosen; a maximum below the platform's minimum means that minimum.

        `snapshot` is the one that steps are measured from, so that a multiple is wished for as long as it lasts.
        """
        if self.multiply is not None:
            yield self._multiplied(chosen, snapshot, name, source)
        if self.min is None and self.max is None:
            return
        bounds = Bounds.open(name, len(chosen), priority, source)
        least = column("minimum", snapshot)
        if self.min is not None:
            bounds.lower[chosen] = column(self.min, snapshot)[chosen]
        if self.max is not None:
            bounds.upper[chosen] = np.maximum(column(self.max, snapshot), least)[chosen]
        yield bounds

    def _multiplied(self, chosen: NDArray[np.bool_], snapshot: Snapshot, name: str, source: Source) -> Bounds:
        """A wish for the multiple: no less in a good time, no more in a slack one. It gives way to every other rule."""
        assert self.multiply is not None
        wished = np.where(chosen & ~np.isnan(snapshot.now), snapshot.now, np.nan)
        bounds = Bounds.open(name, len(chosen), Priority.WISH, source)
        side = bounds.lower if self.multiply > 1 else bounds.upper
        side[~np.isnan(wished)] = wished[~np.isnan(wished)]
        return bounds
