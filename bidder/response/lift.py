"""How many times an ordinary day's sales a burst brings: a belief, moved by the shop's own bursts (SCIENCE 8).

The log of a burst day's sales over its weekday's usual level, shrunk: with μ₀ the log of the lift that is written (else
of 1.5), τ = 0.4 and σ the spread of ordinary days about their level,

    posterior mean = (Σ y/σ² + μ₀/τ²) / (Σ 1/σ² + 1/τ²)

Only days before the decided one are used, so the second day of a burst already knows the first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.promotion import Phase, Promotion
from bidder.response.event_days import USUAL_LIFT, covered, event_rows
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, Snapshot, day_number

__all__ = ["BACK", "Lift", "burst_logs", "learned_lift", "lift_key", "shrunk"]

SPREAD = 0.4
"""Standard deviation of its logarithm."""

LEAST_NOISE = 0.1
"""Ordinary days are not known better than this, however alike a few of them were."""

BACK = 56
"""Ordinary days are those of so many days back."""

FEWEST = 7
"""Ordinary days below which nothing is learnt."""

WHOLE = 0.9
"""A day counts as one of a burst when the burst covers so much of it."""

MOST = 10.0

_PSEUDO_WEEKS = 2.0


class Lift(NamedTuple):
    """A lift with what it rests on."""

    mean: float
    log_sd: float
    prior: float
    days: int


def learned_lift(snapshot: Snapshot, promotion: Promotion) -> Lift:
    """The lift of a burst of this event, from the bursts of all events that its goods were in.

    Those of the last weeks are in the Snapshot's history; what older ones were was reckoned when it was made
    (`Snapshot.past_bursts`).
    """
    prior = promotion.lift or USUAL_LIFT
    found = [burst_logs(snapshot, promotion), *snapshot.past_bursts.get(lift_key(promotion), ())]
    logs = np.array([one for ratios, _ in found for one in ratios], dtype=np.float64)
    noises = np.array([noise for ratios, noise in found for _ in ratios], dtype=np.float64)
    return shrunk(logs, noises, prior)


def lift_key(promotion: Promotion) -> str:
    """By which `Snapshot.past_bursts` knows an event."""
    return f"{promotion.name} {promotion.opens.isoformat()}"


def burst_logs(snapshot: Snapshot, promotion: Promotion) -> tuple[tuple[float, ...], float]:
    """Logs of burst days' sales over their usual level, of the event's goods, and the spread of ordinary days."""
    members = covered(snapshot, promotion)
    first = snapshot.today - 2 * BACK
    sales = _sales(snapshot, members, first)
    days = np.arange(first, snapshot.today)
    ordinary = _ordinary(snapshot, members, days) & (sales > 0) & (days >= snapshot.today - BACK)
    burst = _burst_days(snapshot, days) & (sales > 0)
    if ordinary.sum() < FEWEST or not burst.any():
        return (), SPREAD
    logs = np.log(np.where(sales > 0, sales, 1.0))
    weekday = (days + EPOCH_ORDINAL - 1) % 7
    level = float(np.median(logs[ordinary]))
    sums = np.bincount(weekday[ordinary], logs[ordinary] - level, 7)
    factor = sums / (np.bincount(weekday[ordinary], minlength=7) + _PSEUDO_WEEKS)
    rest = logs - factor[weekday]
    level = float(np.mean(rest[ordinary]))
    noise = max(float(np.std(rest[ordinary])), LEAST_NOISE)
    return tuple((rest[burst] - level).tolist()), noise


def shrunk(log_ratios: FloatArray, noise: float | FloatArray, prior: float) -> Lift:
    """The posterior of a lift from the logs of day over level, with this noise (each its own, or one for all)."""
    weights = np.broadcast_to(1.0 / np.square(noise), log_ratios.shape)
    weight = float(weights.sum()) + 1 / SPREAD**2
    mean = (float((weights * log_ratios).sum()) + float(np.log(prior)) / SPREAD**2) / weight
    return Lift(float(np.exp(np.clip(mean, 0.0, np.log(MOST)))), float(weight**-0.5), prior, len(log_ratios))


def _sales(snapshot: Snapshot, members: NDArray[np.bool_], first: int) -> FloatArray:
    """Revenue (orders where none is reported) of the goods' budgets by day from `first` to yesterday."""
    history = snapshot.history
    rates = np.array([snapshot.rate(budget.currency) for budget in snapshot.budgets], dtype=np.float64)
    rows = (history.day >= first) & (history.day < snapshot.today) & members[history.budget]
    revenue = np.nan_to_num(history.revenue[rows]) * rates[history.budget[rows]]
    sold = revenue if revenue.any() else np.nan_to_num(history.orders[rows])
    return np.asarray(np.bincount(history.day[rows] - first, sold, snapshot.today - first), dtype=np.float64)


def _ordinary(snapshot: Snapshot, members: NDArray[np.bool_], days: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Days without a row of the goods that is of any event."""
    history = snapshot.history
    marked = event_rows(snapshot, history) & members[history.budget]
    return np.asarray(~np.isin(days, history.day[marked]))


def _burst_days(snapshot: Snapshot, days: NDArray[np.int64]) -> NDArray[np.bool_]:
    zone = snapshot.accounts[0].timezone if snapshot.accounts else "UTC"
    found = np.zeros(len(days), dtype=np.bool_)
    for promotion in snapshot.calendar:
        for span in promotion.spans:
            if span.phase is not Phase.BURST:
                continue
            day = AccountDay.of(span.opens, zone)
            while day.start_at < span.closes:
                inside = min(day.end_at, span.closes) - max(day.start_at, span.opens)
                if inside >= WHOLE * (day.end_at - day.start_at):
                    found |= days == day_number(day.date)
                day = day.next(1)
    return found
