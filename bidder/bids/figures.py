"""Reports of bids and targets as columns: levers by days, in an order that names and the order of input cannot change.

Read by every other file of `bids`. Money is in millionths of the lever's currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from bidder.bidding import Lever, LeverId, LeverKind, LeverReport
from bidder.bids.moves import Moved
from bidder.snapshot import FloatArray

__all__ = ["Figures"]


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """One row a lever of `levers`, one column an account day; the last column is the day before the decided one.

    Counts are 0 on days on which the account reported others and not this lever (platforms leave out what had no
    impression), NaN where a report leaves them open or the account reported nothing. `value` is the bid or target in
    force, `rank` the mean display position; NaN where the platform does not say.
    """

    levers: tuple[LeverId, ...]
    clicks: FloatArray
    spend: FloatArray
    orders: FloatArray
    revenue: FloatArray
    impressions: FloatArray
    value: FloatArray
    rank: FloatArray

    @classmethod
    def of(
        cls,
        levers: Sequence[Lever],
        reports: Iterable[LeverReport],
        day: date,
        days: int,
        as_of: datetime | None = None,
    ) -> Figures:
        """The `days` days before `day`. Of several reports of a lever's day the newest seen by `as_of` holds."""
        place = {lever.id: row for row, lever in enumerate(levers)}
        first = day.toordinal() - days
        newest: dict[tuple[int, int], LeverReport] = {}
        for one in reports:
            row, column = place.get(one.lever), one.day.toordinal() - first
            if row is None or not 0 <= column < days or (as_of is not None and one.observed_at > as_of):
                continue
            known = newest.get((row, column))
            if known is None or known.observed_at < one.observed_at:
                newest[row, column] = one
        columns = {one.name: np.full((len(levers), days), np.nan) for one in fields(cls) if one.name != "levers"}
        for account in {lever.id.account for lever in levers}:
            rows = np.array([lever.id.account == account for lever in levers])
            told = np.zeros(days, dtype=np.bool_)
            told[[column for row, column in newest if rows[row]]] = True
            for name in ("clicks", "spend", "orders", "revenue", "impressions"):
                columns[name][rows[:, None] & told] = 0.0
        for (row, column), one in newest.items():
            figures = one.performance
            money = {"spend": figures.spend, "revenue": figures.revenue}
            for name, amount in money.items():
                same = amount is not None and amount.currency == levers[row].currency
                columns[name][row, column] = amount.micros if same and amount is not None else np.nan
            for name in ("clicks", "orders", "impressions"):
                columns[name][row, column] = _number(getattr(figures, name))
            columns["value"][row, column] = _number(one.value)
            columns["rank"][row, column] = _number(one.rank)
        return cls(tuple(lever.id for lever in levers), **columns)

    @property
    def days(self) -> int:
        """How many columns."""
        return int(self.clicks.shape[1])

    def fresh(self, rows: NDArray[np.bool_]) -> int | None:
        """How many days before the decided one the newest day with any figure of these rows lies; None: none does."""
        told = np.flatnonzero(np.isfinite(self.clicks[rows]).any(axis=0))
        return int(self.days - told[-1]) if len(told) else None

    def aligned(self, levers: Sequence[Lever]) -> Figures:
        """The same with rows in the order of `levers`; those without a row are unknown."""
        place = {lever: row for row, lever in enumerate(self.levers)}
        rows = np.array([place.get(lever.id, -1) for lever in levers], dtype=np.int64)
        columns = {}
        for one in fields(self):
            if one.name != "levers":
                table = np.vstack([getattr(self, one.name), np.full((1, self.days), np.nan)])
                columns[one.name] = table[rows]
        return Figures(tuple(lever.id for lever in levers), **columns)

    def gathered(self, levers: Sequence[Lever]) -> Figures:
        """With the figures of bids that are inherited counted for the ad group whose bid holds. In the order given."""
        groups = {
            (one.id.account, one.id.native): row
            for row, one in enumerate(levers)
            if one.id.kind is LeverKind.AD_GROUP and not one.inherited
        }
        pairs = [
            (row, groups[one.id.account, one.inherited])
            for row, one in enumerate(levers)
            if one.inherited and (one.id.account, one.inherited) in groups
        ]
        if not pairs:
            return self
        heirs, heads = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
        columns = {}
        for name in ("clicks", "spend", "orders", "revenue", "impressions"):
            table = getattr(self, name).copy()
            np.add.at(table, heads, table[heirs])
            table[heirs] = np.where(np.isfinite(table[heirs]), 0.0, np.nan)
            columns[name] = table
        return replace(self, **columns)

    def in_force(self, levers: Sequence[Lever], moves: Mapping[LeverId, Sequence[Moved]], day: date) -> FloatArray:
        """(levers, days) each day's bid: as reported, else by bidder's own moves, else today's; NaN unknown."""
        now = np.array([np.nan if one.now is None or one.now <= 0 else float(one.now) for one in levers])
        told = np.repeat(now[:, None], self.days, axis=1)
        for row, one in enumerate(levers):
            for move in reversed(moves.get(one.id, ())):
                begins = self.days - (day - move.day).days
                told[row, : max(0, begins)] = move.before
        return np.where(np.isfinite(self.value), self.value, told)

    def order(self, levers: Sequence[Lever], worth: Mapping[LeverId, float]) -> list[int]:
        """Positions of `levers` by what they did, and by names only where nothing else tells two apart."""
        table = np.hstack([np.nan_to_num(getattr(self, n), nan=-1.0) for n in ("clicks", "spend", "orders", "value")])
        keys = [(-1 if lever.now is None else lever.now, worth.get(lever.id, -1.0)) for lever in levers]
        return sorted(range(len(levers)), key=lambda i: (*keys[i], table[i].tobytes(), str(levers[i].id)))


def _number(value: float | None) -> float:
    return np.nan if value is None or not np.isfinite(value) or value < 0 else float(value)
