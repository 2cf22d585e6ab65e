"""`exclude: {from: 2026-05-01, to: 2026-05-03}`: days of broken tracking, left out of all that is learnt.

It limits nothing: `decide` takes the rows away before curves are estimated. What was spent on those days still counts
where money is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Priority
from bidder.response.curve import Curves
from bidder.rules.attributes import Attributes
from bidder.rules.base import Kind, Rule
from bidder.snapshot import History, Snapshot, day_number

__all__ = ["Exclude", "without_excluded"]


class Exclude(Kind):
    """Days of broken tracking, left out of what is learnt about the chosen budgets."""

    word: ClassVar[str] = "exclude"
    priority: ClassVar[int] = Priority.WISH

    from_: date = Field(alias="from")
    """The first such day, for example `2026-05-01`."""
    to: date | None = None
    """The last such day; without it, the first alone."""

    @field_validator("from_", "to", mode="before")
    @classmethod
    def _a_date(cls, value: Any) -> Any:
        if not isinstance(value, date | str):
            raise ValueError(f"expected a date such as 2026-05-01, was {value}")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Exclude:
        if self.to is not None and self.to < self.from_:
            raise ValueError(f"expected from before to, was {self.from_} after {self.to}")
        return self

    @override
    def unfit(self, *, where: bool, when: bool) -> str | None:
        return "which days are left out is said by from and to; leave when out" if when else None

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """None."""
        return ()


def without_excluded(rules: Sequence[Rule], snapshot: Snapshot) -> Snapshot:
    """The Snapshot without the history rows that rules leave out, in the same order of budgets and products."""
    kinds = [(rule, rule.kind) for rule in rules if rule.enabled and isinstance(rule.kind, Exclude)]
    if not kinds:
        return snapshot
    attributes = Attributes(snapshot)

    def kept(history: History) -> NDArray[np.bool_]:
        keep = np.ones(len(history), dtype=np.bool_)
        for rule, kind in kinds:
            first, last = day_number(kind.from_), day_number(kind.to or kind.from_)
            days = (history.day >= first) & (history.day <= last)
            if rule.where is not None:
                days &= rule.where.chosen(attributes)[history.budget]
            keep &= ~days
        return keep

    history, versions = snapshot.history, snapshot.versions
    return replace(snapshot, history=history.select(kept(history)), versions=versions.select(kept(versions)))
