"""How far a day's orders, their worth and its spend stray from what was to be expected: learnt from the days so far.

Called by :mod:`bidder.response.estimate` once the curves stand; :mod:`bidder.response.forecast` makes intervals of it.
Nothing here moves an amount. Each day is forecast from the days before it by a follower of the budget's level, so that
what a level wandered meanwhile counts as luck only as far as it surprises from one day to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bidder.catalog import Event
from bidder.response.panel import Panel
from bidder.response.season import lift
from bidder.response.shapes import bins
from bidder.response.worth import Worth
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Luck", "luck", "luck_facts"]

KEEPS = (0.8, 0.9, 0.95, 0.98, 1.0)
"""Candidates for what a day's orders still count a day later; the shop's own is chosen by how well it foresees."""

PSEUDO_ORDERS = 2.0
"""Orders that the level of the curve counts for before the follower has seen any."""

WINDOW = 35
"""The last days of the panel that a budget's own luck is read from: longer ago shops were wilder or calmer. What days
have in common is told from few budgets by many days only: all are used."""

RIPE = 0.5
"""Days whose orders are known to a smaller part say more of lateness than of luck."""

FEW, MANY = 3.0, 12.0
"""Mean orders a day up to which luck is read from squares, and from which it is read from ranks."""

TAIL = 2.5
"""Residuals of large budgets count at most so many of their usual spreads for what days have in common."""

Z_80 = 1.2815515655446004
"""The standard normal's 0.9 quantile."""

COMMON_VAR, COMMON_DOUBT, COMMON_LEAST = 0.025, 0.02, 0.0064
"""Variance of the log of what a day has in common, before data; how uncertain that is; the least that is believed:
how late orders come is believed of all budgets alike."""

OWN_DAYS = 8.0
"""Days of a budget that weigh as much as what its shop and its size lead to expect."""

BASE: FloatArray = np.array([0.1, 0.16, 0.25, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 4.5])
SWING: FloatArray = np.array([0.0, 0.003, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6])
"""A day's orders vary by base·(1 + swing·mean) times their mean: (1, 0) is Poisson; wilder; smoothed by a platform."""

USUAL_SPEND_SD, SPEND_DAYS = 0.1, 7.0
"""Spread of log spend beside the amount in force, before data, and the days that it counts for."""

FIT_AT_MOST = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Luck:
    """`own` (n,): variance of a day's figure over its mean when level and day are known; `day_sd`: standard deviation
    of the log of what a day has in common, weekdays included; `drift` (n,) and `shop_drift`: by how much (log) the last
    days lie beside the curve, more than their luck explains: each budget's own and the shop's. How much of the shop's
    has come to stay is not known: half of it is `lean`, where the middle is, and as much `shop_drift`, the doubt."""

    own: FloatArray
    day_sd: float
    drift: FloatArray
    shop_drift: float
    lean: float


def luck(expected: FloatArray, orders: FloatArray) -> Luck:
    """What the panel's days show. `expected` (n, T): orders by the curve of now at what was spent, times how complete
    they are, 0 where a day does not count; `orders` (n, T) without NaN: orders, or revenue in orders of usual worth."""
    n = len(expected)
    lately = slice(max(0, expected.shape[1] - WINDOW), None)
    whole_panel, (expected, orders) = (expected, orders), (expected[:, lately], orders[:, lately])
    live = expected > 0
    some = slice(None, None, max(1, n // FIT_AT_MOST))
    keep = _keeps_best(expected[some], orders[some])
    forecast, widened, seen_now, due_now = (one[0] for one in _follow(expected, orders, [keep]))
    rest = np.where(live, (orders - forecast) / np.sqrt(widened), 0.0)
    mean = np.where(live, forecast, 0.0)
    count = live.sum(axis=1)
    middle = mean.sum(axis=1) / np.maximum(count, 1)
    ratio = np.where(live, np.abs(rest) / np.sqrt(np.maximum(mean, 1e-12)), np.nan)
    seen = _spread(ratio, count, middle)
    # days far outside (a sale, a broken report) must not set what usual days have in common
    common = _common(*whole_panel, keep, np.where(middle > FEW, TAIL * np.sqrt(seen), 1e6))
    # a few orders show little of their spread: the variance of χ² of a Poisson count is 2 + 1/mean
    days = count / (1 + 0.5 / np.maximum(middle, 1e-3))
    whole = _pooled(seen, middle, days)
    typical = np.divide((mean**2).sum(axis=1), mean.sum(axis=1), out=np.zeros(n), where=mean.sum(axis=1) > 0)
    # what all share cannot be more than what the large ones show of it
    size = float((middle**2).sum())
    bound = float((middle**2 * whole / np.maximum(typical, 1e-12)).sum()) / size if size > 0 else COMMON_VAR
    common = min(common, 0.8 * bound)
    own = np.maximum(whole - common * typical, 0.2 * whole)
    noise = whole / np.maximum(due_now, 1e-12)
    beside = np.log(np.maximum(seen_now, 1e-3) / due_now)
    all_seen, all_due = float(seen_now.sum()), max(float(due_now.sum()), 1e-12)
    shop = float(np.log(max(all_seen, 1e-3) / all_due) ** 2) if n else 0.0
    shop = max(shop - float((whole * due_now).sum()) / all_due**2, 0.0)
    drift = np.maximum(beside**2 - noise - shop, 0.0)
    half = 0.5 * float(np.sqrt(min(shop, 0.5)))
    lean = half if all_seen > all_due else -half
    return Luck(own, float(np.sqrt(common)), np.sqrt(np.minimum(drift, 0.5)), half, lean)


def luck_facts(
    events: Iterable[Event],
    table: Panel,
    value: Worth,
    scale: FloatArray,
    curve: FloatArray,
    orders: FloatArray,
    counted: FloatArray,
) -> dict[str, FloatArray]:
    """The columns that forecasts read: luck of orders, and of the money that they bring, and what spend adds.

    `curve` (n, B): orders expected on an ordinary day at the knots; `orders` (n, T) may hold NaN; `counted` (n, T): how
    complete they are, 0 where they do not count.
    """
    left, share = bins(np.where(table.live, table.spend, 1.0) / scale[:, None])
    low, high = np.take_along_axis(curve, left, axis=1), np.take_along_axis(curve, left + 1, axis=1)
    ripe = np.where(counted >= RIPE, counted, 0.0)
    days = table.first + np.arange(table.shape[1])
    expected = (low + (high - low) * share) * ripe * lift(events, days)
    found = luck(expected, np.where(expected > 0, np.nan_to_num(orders), 0.0))
    revenue = table.revenue / value.revenue[:, None]
    paid = np.where(np.isfinite(revenue), expected, 0.0)
    # money of orders: their number and what each was worth, day by day; not reported: as their number
    money = luck(paid, np.where(paid > 0, np.nan_to_num(revenue), 0.0)) if paid.any() else found
    everyone = np.ones(len(scale))
    return {
        "luck": found.own,
        "day_sd": found.day_sd * everyone,
        "drift": found.drift,
        "shop_drift": found.shop_drift * everyone,
        "shop_lean": found.lean * everyone,
        "money_luck": money.own,
        "money_day_sd": money.day_sd * everyone,
        "money_drift": money.drift,
        "money_shop_drift": money.shop_drift * everyone,
        "money_shop_lean": money.lean * everyone,
        "spend_sd": _spend_sd(table),
        "value_sd": np.where(value.source > 0, value.log_sd, 0.0),
        "order_sd": value.order_sd,
    }


def _spread(ratio: FloatArray, count: IntArray, middle: FloatArray) -> FloatArray:
    """Variance over mean (n,) from |rest|/√mean (n, T), NaN where a day does not count.

    By squares where orders are few; where they are many by the ratio below which eight days of ten lie, which is what
    an interval has to hold whatever the shape of the tails; in between both, by geometric mean.
    """
    square = np.nansum(ratio**2, axis=1) / np.maximum(count, 1)
    ranked = np.sort(ratio, axis=1)  # NaN last
    place = np.clip(0.8 * (count + 1) - 1, 0, np.maximum(count - 1, 0))
    left = place.astype(np.int64)
    row = np.arange(len(ratio))
    low, high = ranked[row, left], ranked[row, np.minimum(left + 1, np.maximum(count - 1, 0))]
    held = ((low + (high - low) * (place - left)) / Z_80) ** 2
    share = np.clip(np.log(np.maximum(middle, 1e-9) / FEW) / np.log(MANY / FEW), 0.0, 1.0) * (count > 0)
    few = np.maximum(square, 1e-6)
    return np.asarray(few ** (1 - share) * np.maximum(np.where(count > 0, held, 1.0), 0.25 * few) ** share)


class _Followed(NamedTuple):
    """For each of K candidates: each day's orders foreseen from the days before (K, n, T), 1 + the share of variance
    that the level adds, and what was seen and was due of late (K, n)."""

    forecast: FloatArray
    widened: FloatArray
    seen: FloatArray
    due: FloatArray


def _follow(expected: FloatArray, orders: FloatArray, keeps: Sequence[float]) -> _Followed:
    """The follower of every budget's level, by what a day still counts for a day later; `expected`, `orders` (n, T)."""
    keep = np.array(keeps)[:, None]
    by_day, gained = np.ascontiguousarray(expected.T), np.ascontiguousarray(np.where(expected > 0, orders, 0.0).T)
    seen, due = np.empty((2, len(by_day) + 1, len(keep), len(expected)))
    seen[0] = due[0] = PSEUDO_ORDERS
    for day in range(len(by_day)):
        seen[day + 1] = PSEUDO_ORDERS + keep * (seen[day] - PSEUDO_ORDERS) + gained[day]
        due[day + 1] = PSEUDO_ORDERS + keep * (due[day] - PSEUDO_ORDERS) + by_day[day]
    before, was_due = (np.ascontiguousarray(one[:-1].transpose(1, 2, 0)) for one in (seen, due))
    return _Followed(expected * before / was_due, 1 + expected / was_due, seen[-1], due[-1])


def _keeps_best(expected: FloatArray, orders: FloatArray) -> float:
    """The candidate with the least mean Poisson deviance a day, each budget weighing alike per order."""
    live = expected > 0
    forecast = _follow(expected, orders, KEEPS).forecast
    each = np.where(live, forecast - orders * np.log(np.maximum(forecast, 1e-12)), 0.0).sum(axis=2)
    size = np.where(live, orders, 0.0).sum(axis=1) + 1
    return KEEPS[int(np.argmin((each / size).sum(axis=1)))]


def _common(expected: FloatArray, orders: FloatArray, keep: float, most: FloatArray) -> float:
    """The variance that residuals of different budgets share on a day: products across budgets, pulled to the usual.

    Residuals count up to `most` (n,) roots of their mean.
    """
    forecast, widened = (one[0] for one in _follow(expected, orders, [keep])[:2])
    mean = np.where(expected > 0, forecast, 0.0)
    ends = most[:, None] * np.sqrt(mean)
    rest = np.clip(np.where(expected > 0, (orders - forecast) / np.sqrt(widened), 0.0), -ends, ends)
    total = mean.sum(axis=0)
    pairs = total**2 - (mean**2).sum(axis=0)
    products = rest.sum(axis=0) ** 2 - (rest**2).sum(axis=0)
    weight = float(pairs.sum())
    if weight <= 0:
        return COMMON_VAR
    seen = float(products.sum()) / weight
    # spread of that figure: of the sum of products of the budgets' own luck, and of what is common
    # (of one budget beside which all others are nothing only rounding is left of it)
    own = np.maximum((rest**2).sum(axis=0) ** 2 - (rest**4).sum(axis=0), 0.0)
    spread = (
        np.sqrt(2 * float(own.sum())) / weight
        + np.sqrt(2 / max((pairs > 0).sum(), 1)) * (max(seen, 0.0) + COMMON_VAR) / 2
    )
    share = COMMON_DOUBT**2 / (COMMON_DOUBT**2 + spread**2)
    return float(np.clip(share * seen + (1 - share) * COMMON_VAR, COMMON_LEAST, 0.5))


def _pooled(seen: FloatArray, mean: FloatArray, days: FloatArray) -> FloatArray:
    """Variance over mean of each budget: its own, pulled to what its size leads to expect in this shop."""
    some = slice(None, None, max(1, len(seen) // FIT_AT_MOST))
    best = BASE[:, None, None] * (1 + SWING[None, :, None] * mean[some])
    ratio = np.maximum(seen[some], 1e-6) / best
    score = -0.5 * (days[some] * (np.log(best) + ratio)).sum(axis=2)
    score = score - 2 * np.log(BASE)[:, None] ** 2 - 0.5 * (np.log((SWING + 0.005) / 0.065) / 1.2)[None, :] ** 2
    share = np.exp(score - score.max())
    share /= share.sum()
    usual = (share.sum(axis=1) * BASE).sum() + float((share * BASE[:, None] * SWING).sum()) * mean
    all_days = days + OWN_DAYS
    # a variance known from few days: Student's quantile instead of the normal one, (t/z)² ≈ 1 + (z² + 1)/2ν
    return np.asarray((seen * days + usual * OWN_DAYS) / all_days * (1 + 1.32 / all_days))


def _spend_sd(table: Panel) -> FloatArray:
    """Spread of log(spend/amount) of each budget about its own mean, pulled to the usual one."""
    known = table.live & (np.nan_to_num(table.amount) > 0)
    ratio = np.where(known, np.log(np.where(known, table.spend, 1.0) / np.where(known, table.amount, 1.0)), 0.0)
    count = known.sum(axis=1)
    mean = ratio.sum(axis=1) / np.maximum(count, 1)
    square = np.where(known, (ratio - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return np.asarray(np.sqrt((square + SPEND_DAYS * USUAL_SPEND_SD**2) / (np.maximum(count - 1, 0) + SPEND_DAYS)))
