"""Figures over days, out of the store: what the charts draw and the table's sparklines trace.

Budgets in force come from the history of amounts read back, a day's amount being the last one of that day in the
shop's time zone; spend from the newest reports; planned totals from the plans as they were shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from bidder.ids import BudgetId
from bidder.money import MICROS, Money
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, day_number
from bidder.store.protocol import StoredPlan

__all__ = [
    "COLOURS",
    "ActualSeries",
    "BudgetSeries",
    "Legend",
    "Trace",
    "actual",
    "budgets_by_day",
    "since",
    "stacked",
    "traces",
]

COLOURS = 10
"""Colours of the stacked chart; what goes beyond is drawn as one."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A sparkline in a box of 100 × 24: an SVG path, and where its last point lies."""

    path: str
    last_x: float
    last_y: float


@dataclass(frozen=True, slots=True)
class Legend:
    """What a colour of the stacked chart stands for. `count` > 0: so many small budgets together."""

    colour: int
    name: str
    count: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class BudgetSeries:
    """Budgets in force a day, (n, days), in the shop's currency; NaN before an amount was first read."""

    days: tuple[date, ...]
    ids: tuple[str, ...]
    amounts: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ActualSeries:
    """What was spent and what was planned, a day each; NaN where nothing is known."""

    days: tuple[date, ...]
    spent: FloatArray
    planned: FloatArray


def budgets_by_day(
    history: Sequence[tuple[BudgetId, datetime, Money]],
    *,
    zone: str,
    currency: str,
    exchange: Mapping[str, float],
    today: date,
    days: int = 30,
) -> BudgetSeries:
    """The last `days` days up to `today`. A currency without a rate is left out: a sum would be wrong."""
    tz = ZoneInfo(zone)
    known = [(b, at, m) for b, at, m in history if m.currency == currency or m.currency in exchange]
    first = min((at.astimezone(tz).date() for _, at, _ in known), default=today)
    start = max(first, today - timedelta(days=days - 1))
    span = tuple(start + timedelta(days=i) for i in range(max((today - start).days + 1, 0)))
    ids = tuple(sorted({str(budget) for budget, _, _ in known}))
    place = {name: row for row, name in enumerate(ids)}
    amounts = np.full((len(ids), len(span)), np.nan)
    for budget, at, money in known:  # oldest first, so a later amount of a day replaces the earlier
        column = max((at.astimezone(tz).date() - start).days, 0)
        rate = 1.0 if money.currency == currency else exchange[money.currency]
        if column < len(span):
            amounts[place[str(budget)], column:] = money.micros / MICROS * rate
    return BudgetSeries(span, ids, amounts)


def stacked(series: BudgetSeries, names: Mapping[str, str]) -> tuple[FloatArray, list[Legend]]:
    """Layers to stack, largest at the bottom, and their legend in the same order; small budgets share one layer."""
    if not series.ids:
        return np.zeros((0, len(series.days))), []
    filled = np.nan_to_num(series.amounts)
    order = sorted(range(len(series.ids)), key=lambda row: (-filled[row].mean(), series.ids[row]))
    own = order if len(order) <= COLOURS else order[: COLOURS - 1]
    rest = [row for row in order if row not in own]
    layers = [filled[row] for row in own]
    legend = [Legend(i, names.get(series.ids[row], series.ids[row])) for i, row in enumerate(own)]
    if rest:
        layers.append(filled[rest].sum(axis=0))
        legend.append(Legend(COLOURS - 1, "", len(rest)))
    return np.array(layers), legend


def traces(series: BudgetSeries) -> dict[str, Trace]:
    """A sparkline for each budget with at least two days: steps from its own lowest to its own highest amount."""
    result = {}
    for name, row in zip(series.ids, series.amounts, strict=True):
        known = np.flatnonzero(~np.isnan(row))
        if len(known) < 2:
            continue
        low, high = float(row[known].min()), float(row[known].max())
        height = high - low or 1.0
        xs = 2 + 94 * np.arange(len(row)) / max(len(row) - 1, 1)
        ys = 21 - 18 * (row - low) / height if high > low else np.full(len(row), 12.0)
        steps = [f"M{xs[known[0]]:.1f} {ys[known[0]]:.1f}"]
        steps += [f"H{xs[i]:.1f}V{ys[i]:.1f}" for i in known[1:]]
        result[name] = Trace("".join(steps), round(float(xs[known[-1]]), 1), round(float(ys[known[-1]]), 1))
    return result


def actual(
    reports: Reports,
    plans: Sequence[StoredPlan],
    *,
    currency: str,
    exchange: Mapping[str, float],
    today: date,
    days: int = 30,
) -> ActualSeries:
    """Spend a day of all accounts beside the total of the plan of that day (the newest one not rejected)."""
    last = day_number(today)
    planned_by_day: dict[int, float] = {}
    for plan in plans:  # newest first
        if plan.status not in ("rejected", "held"):
            planned_by_day.setdefault(day_number(date.fromisoformat(plan.day)), float(plan.document["planned"]))
    rates = np.array([1.0 if c == currency else exchange.get(str(c), np.nan) for c in reports.currency], dtype=float)
    usable = (reports.spend != UNKNOWN_MICROS) & ~np.isnan(rates)
    known = [*planned_by_day, *reports.day[usable].tolist()]
    start = max(min(known, default=last), last - days + 1)
    span = range(start, last + 1)
    spent, planned = np.full(len(span), np.nan), np.full(len(span), np.nan)
    for day, micros, rate in zip(reports.day[usable], reports.spend[usable], rates[usable], strict=True):
        if start <= day <= last:
            spent[day - start] = np.nan_to_num(spent[day - start]) + micros / MICROS * rate
    for day, amount in planned_by_day.items():
        if start <= day <= last:
            planned[day - start] = amount
    return ActualSeries(tuple(date.fromordinal(day + EPOCH_ORDINAL) for day in span), spent, planned)


def since(today: date, days: int = 60) -> datetime:
    """From when the history of amounts is asked: twice the chart, so that most budgets have a first amount."""
    return datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=days)
