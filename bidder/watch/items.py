"""What befalls single budgets: counts that chance does not give, rates unlike themselves, a change that stayed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import log, sqrt

import numpy as np

from bidder.snapshot import FloatArray
from bidder.watch.days import Days
from bidder.watch.hold import Effect, Hold
from bidder.watch.tails import found, lower_tail, upper_tail

__all__ = ["change_points", "counts", "rates"]

CHANCE = 1e-4
FALSE_SHARE = 0.05
"""At most this share of what is believed on one day may be chance (Benjamini and Hochberg, across budgets)."""

FAR = 4.0
"""So many robust standard deviations are no noise (Iglewicz and Hoaglin 1993, with its margin)."""

AT_STAKE = 0.01
"""A budget of less than this part of the total is nobody's trouble."""

ALARM = 6.0
"""Of the Poisson CUSUM of a halving: at most e⁻⁶ alarms a day by chance, about one in 400 days of a budget."""

FEWEST = 3.0
"""Orders a day below which a budget's own counts say too little for a change point."""


def counts(days: Days) -> Iterator[Hold]:
    """Yesterday's orders against clicks × their usual rate: an exact tail, wider where days differ more than chance."""
    items: list[tuple[int, float, float]] = []
    chances: list[float] = []
    for account, mine in days.accounts():
        share = days.share(account.id, 1)
        for place in mine.tolist():
            clicks, orders = days.clicks[place], days.orders[place]
            rate, noise = _rate(clicks[-29:-1], orders[-29:-1])
            if rate <= 0 or np.isnan(clicks[-1]) or np.isnan(orders[-1]):
                continue
            expected, seen = float(clicks[-1]) * rate * share, float(orders[-1])
            items.append((place, seen, expected))
            chances.append(2 * min(lower_tail(seen, expected, noise), upper_tail(seen, expected, noise)))
    for (place, seen, expected), chance, believed in zip(items, chances, found(chances, FALSE_SHARE), strict=True):
        if believed and chance < CHANCE and _at_stake(days, place):
            reason = f"orders: {seen:.0f} yesterday, {expected:.1f} expected by its clicks (chance {chance:.0e})"
            yield Hold(str(days.snapshot.budgets[place].id), "count", reason, days.now)


def rates(days: Days) -> Iterator[Hold]:
    """CTR and CPC of yesterday against the median of the same weekday in six weeks, in robust standard deviations."""
    items: list[tuple[int, str, float, float]] = []
    chances: list[float] = []
    for _, mine in days.accounts():
        for place in mine.tolist():
            clicks = days.clicks[place]
            for name, above, below in (
                ("ctr", clicks, days.impressions[place]),
                ("cpc", days.spend[place], clicks),
            ):
                z, factor = _robust(above, below, clicks)
                items.append((place, name, z, factor))
                chances.append(2 * 0.5 * _two_sided(z))
    for (place, name, z, factor), believed in zip(items, found(chances, FALSE_SHARE), strict=True):
        if believed and abs(z) > FAR and _at_stake(days, place):
            reason = f"{name}: ×{factor:.2f} of the same weekdays before, {abs(z):.1f} deviations"
            yield Hold(str(days.snapshot.budgets[place].id), f"anomaly_{name}", reason, days.now)


def change_points(days: Days) -> Iterator[Hold]:
    """A Poisson CUSUM of a halving, S ← max(0, S + (λ₀ − λ₁) − y·ln(λ₀/λ₁)), over the days whose orders are all in.

    Crossed yesterday for the first time: for three days the budget may only fall.
    """
    for account, mine in days.accounts():
        for place in mine.tolist():
            clicks, orders = days.clicks[place], days.orders[place]
            past = slice(0, -28)
            rate, noise = _rate(clicks[past], orders[past])
            clicked = float(np.nansum(clicks[past]))
            if rate <= 0 or float(np.nanmean(clicks[-28:])) * rate < FEWEST:
                continue
            rate *= 1 - 1 / sqrt(max(1.0, rate * clicked))  # the usual rate itself is only estimated
            total, crossed = 0.0, -1
            for at in range(-28, 0):
                if np.isnan(clicks[at]) or np.isnan(orders[at]):
                    continue
                usual = float(clicks[at]) * rate * days.share(account.id, -at)
                total = max(0.0, total + (usual / 2 - float(orders[at]) * log(2)) / noise)
                if total >= ALARM and crossed < 0:
                    crossed = -at
            if total >= ALARM and 0 < crossed <= 2:
                reason = (
                    f"orders per click fell by about half within the last weeks (CUSUM {total:.1f}, alarm at {ALARM})"
                )
                item = str(days.snapshot.budgets[place].id)
                yield Hold(item, "change_point", reason, days.now, Effect.LOWERS, days.now + timedelta(days=3))


def _rate(clicks: FloatArray, orders: FloatArray) -> tuple[float, float]:
    """Orders per click, and how much wilder than chance they are (at least 1)."""
    known = ~np.isnan(clicks) & ~np.isnan(orders) & (clicks > 0)
    if known.sum() < 7:
        return 0.0, 1.0
    clicked, sold = clicks[known], orders[known]
    rate = float(sold.sum() / clicked.sum())
    expected = np.maximum(clicked * rate, 1e-9)
    noise = float(np.mean((sold - expected) ** 2 / expected)) * len(sold) / (len(sold) - 1)
    return rate, max(1.0, noise)


def _robust(above: FloatArray, below: FloatArray, clicks: FloatArray) -> tuple[float, float]:
    """The deviation of yesterday's ratio from the same weekdays, in robust deviations, and as a factor."""
    known = (above > 0) & (below > 0)
    if not known[-1]:
        return 0.0, 1.0
    logs = np.where(known, np.log(np.where(known, above, 1.0) / np.where(known, below, 1.0)), np.nan)
    same = logs[-8 : -8 - 42 : -7]
    same = same[~np.isnan(same)]
    if len(same) < 4:
        return 0.0, 1.0
    shifts = logs[7:-1] - logs[:-8]
    shifts = shifts[~np.isnan(shifts)]
    if len(shifts) < 14:
        return 0.0, 1.0
    # week to week: twice the noise of one day; a median of six adds a quarter of one
    spread = float(np.median(np.abs(shifts - np.median(shifts)))) / 0.6745 / sqrt(2)
    spread = sqrt(max(spread, 0.05) ** 2 * 1.25 + 1.25 / max(1.0, float(clicks[-1])))
    away = float(logs[-1] - np.median(same))
    return away / spread, float(np.exp(away))


def _two_sided(z: float) -> float:
    from math import erfc

    return erfc(abs(z) / sqrt(2))


def _at_stake(days: Days, place: int) -> bool:
    now: Sequence[float] = np.nan_to_num(days.snapshot.now).tolist()
    return now[place] > AT_STAKE * sum(now)
