"""Whether the last days came out as they would have been foreseen: the model's own word held against what followed.

Three days in a row on which the shop's orders were less than half, or more than twice, of what the estimate from before
those days says of the money that was really spent: then the decision is cautious (FAILURES 39). Nothing is remembered
for it, so a decision replayed later says the same; and as the days go into what is learnt, it ends by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from bidder.response.delay import complete_by_age, default_curve
from bidder.response.estimate import estimate
from bidder.response.forecast import forecast
from bidder.response.panel import panel
from bidder.response.settings import ResponseSettings
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["DAYS", "TIMES", "doubted"]

DAYS = 3
"""So many days in a row, the last ones."""
TIMES = 2.0
"""So far off is too far, either way."""
SUSPECT = 1.5
"""Only where plain rates are so far off is the estimate made a second time."""
WEEKS_BEFORE = 28
"""Days whose plain rate is looked at first."""
LEAST_ORDERS = 10.0
"""A day of fewer orders, foreseen and come together, may be chance."""


def doubted(snapshot: Snapshot, settings: ResponseSettings) -> str | None:
    """Why forecasts are not to be trusted today, in a line; None while they are."""
    if not _suspect(snapshot, settings):
        return None
    first = snapshot.today - DAYS
    history, versions = snapshot.history, snapshot.versions
    before = replace(
        snapshot,
        day=snapshot.day - timedelta(days=DAYS),
        as_of=snapshot.as_of - timedelta(days=DAYS),
        history=history.select(history.day < first),
        versions=versions.select(versions.day < first),
    )
    curves, seen = estimate(before, settings), panel(snapshot, DAYS)
    if seen.shape[1] != DAYS:
        return None
    known = complete_by_age(seen.age, default_curve(settings.late))
    foreseen, came = np.zeros(DAYS), np.zeros(DAYS)
    for day in range(DAYS):
        live = seen.live[:, day] & np.isfinite(seen.orders[:, day])
        spent = np.where(live, seen.spend[:, day], 0.0)
        told = forecast(curves, spent, spent=spent, known=np.where(live, known[:, day], 1.0)).orders
        foreseen[day], came[day] = float(told[live].sum()), float(seen.orders[live, day].sum())
    if not _all_off(came, foreseen, TIMES) or (came + foreseen < LEAST_ORDERS).any():
        return None
    return f"orders of the last {DAYS} days were {came.sum() / foreseen.sum():.2f} times what was to be foreseen"


def _suspect(snapshot: Snapshot, settings: ResponseSettings) -> bool:
    """Whether orders for money differ much, on each of the last days, from the weeks before; a matter of sums."""
    history, first = snapshot.history, snapshot.today - WEEKS_BEFORE - DAYS
    rows = (history.day >= first) & (history.day < snapshot.today) & (np.nan_to_num(history.spend) > 0)
    rows &= np.isfinite(history.orders)
    if not rows.any():
        return False
    rate = np.array([snapshot.rate(one.currency) for one in snapshot.budgets], dtype=np.float64)
    place, days = history.day[rows] - first, WEEKS_BEFORE + DAYS
    spend = np.bincount(place, history.spend[rows] * rate[history.budget[rows]], days).astype(np.float64)
    orders = np.bincount(place, history.orders[rows], days).astype(np.float64)
    usual_spend, usual_orders = spend[:WEEKS_BEFORE].sum(), orders[:WEEKS_BEFORE].sum()
    if usual_spend <= 0 or usual_orders <= 0 or (spend[WEEKS_BEFORE:] <= 0).any():
        return False
    late = default_curve(settings.late)[np.arange(DAYS, 0, -1)]
    expected = usual_orders / usual_spend * spend[WEEKS_BEFORE:]
    came = orders[WEEKS_BEFORE:]
    return _all_off(came, expected, SUSPECT) or _all_off(came, expected * late, SUSPECT)


def _all_off(came: FloatArray, foreseen: FloatArray, times: float) -> bool:
    """Whether every day was off by so much, and all to the same side."""
    return bool((came * times < foreseen).all() or (came > foreseen * times).all())
