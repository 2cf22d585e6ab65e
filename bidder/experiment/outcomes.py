"""Figures of each unit a day, late orders reckoned with: what an experiment counts.

Orders and sales of young days are divided by how many of them are known at that age (the shop's own curve, pooled over
its budgets); days of which less than half is known are not counted at all, nor are days near a platform activity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bidder.response.delay import chain_ladder, default_curve
from bidder.response.panel import day_age, panel
from bidder.response.worth import worth
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, IntArray, Snapshot
from bidder.trial import TrialUnit

__all__ = ["EVENT_DAYS", "HISTORY_DAYS", "OUTCOMES", "Outcomes", "outcomes"]

OUTCOMES = ("profit", "orders", "spend")
EVENT_DAYS = 14
"""Days around a platform activity that are never part of an experiment (OPERATOR 2)."""

HISTORY_DAYS = 120
LEAST_KNOWN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Columns are the days `first`, `first` + 1, …; rows are units. Money in the shop's currency.

    `contribution` is what the orders leave before ads; `counted` (T,) are the days that are complete enough and usual.
    `margins` says whether any margin is known (else contribution is revenue).
    """

    first: int
    orders: FloatArray
    spend: FloatArray
    contribution: FloatArray
    counted: NDArray[np.bool_]
    margins: bool

    def days(self, first: int, last: int) -> NDArray[np.bool_]:
        """The counted days from `first` to `last`, both in, as a mask of columns."""
        number = np.arange(len(self.counted)) + self.first
        return np.asarray(self.counted & (number >= first) & (number <= last))

    def of(self, name: str) -> FloatArray:
        """An outcome by its name, (units, T)."""
        if name == "profit":
            return self.contribution - self.spend
        column: FloatArray = getattr(self, name)
        return column


def outcomes(snapshot: Snapshot, units: Sequence[TrialUnit], late: Sequence[float]) -> Outcomes:
    """The figures of `units` on the last days before the decided one."""
    table = panel(snapshot, HISTORY_DAYS)
    known = _known(snapshot, table.age, late)
    value = worth(snapshot, table)
    share = np.where(value.revenue > 0, value.margin / np.where(value.revenue > 0, value.revenue, 1.0), 0.0)
    revenue = np.where(np.isfinite(table.revenue), table.revenue, np.nan_to_num(table.orders) * value.revenue[:, None])
    place = {budget.id: at for at, budget in enumerate(snapshot.budgets)}
    columns = {
        "orders": np.nan_to_num(table.orders) / known,
        "spend": np.nan_to_num(table.spend),
        "contribution": revenue * share[:, None] / known,
    }
    summed = {}
    for name, column in columns.items():
        rows = [column[[place[one] for one in unit.budgets if one in place]].sum(axis=0) for unit in units]
        summed[name] = np.array(rows).reshape(len(units), table.shape[1])
    seen = np.isfinite(table.spend).any(axis=0) if table.shape[0] else np.zeros(table.shape[1], dtype=np.bool_)
    enough = known.min(axis=0, initial=1.0) >= LEAST_KNOWN
    usual = ~_near_events(snapshot, table.first, table.shape[1])
    margins = bool((value.margin_known > 0).any())
    return Outcomes(table.first, counted=seen & enough & usual, margins=margins, **summed)


def _known(snapshot: Snapshot, age: FloatArray, late: Sequence[float]) -> FloatArray:
    """Which share of a day's orders is known by now, (budgets, T): the shop's own curve for all, by the day's age."""
    versions = snapshot.versions
    prior = default_curve(late)
    one = np.zeros(len(snapshot.budgets), dtype=np.int64)
    then = day_age(snapshot, versions)
    since = (snapshot.today - versions.day).astype(np.float64)
    curve: FloatArray = chain_ladder(versions, then, since, one, prior)
    pooled = curve.mean(axis=0) if len(curve) else prior
    # all units share one day's factor: what differs by chance between products must not look like an effect
    days = np.where(np.isfinite(age), age, -1.0).max(axis=0, initial=-1.0)
    place: IntArray = np.where(days < 0, len(pooled) - 1, np.clip(np.floor(days + 1e-3), 0, len(pooled) - 1)).astype(
        np.int64
    )
    return np.broadcast_to(np.clip(pooled[place], 0.02, 1.0), age.shape)


def _near_events(snapshot: Snapshot, first: int, days: int) -> NDArray[np.bool_]:
    """Days on or within EVENT_DAYS of a platform activity, or tagged as unlike others."""
    near = np.zeros(days, dtype=np.bool_)
    apart = timedelta(days=EVENT_DAYS)
    marked = {event.day for event in snapshot.events}
    for at in range(days):
        day = date.fromordinal(first + at + EPOCH_ORDINAL)
        near[at] = day in marked or any(
            one.opens.date() - apart <= day <= one.closes.date() + apart for one in snapshot.calendar
        )
    return near
