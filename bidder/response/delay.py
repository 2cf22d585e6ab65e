"""Orders that have happened and are not reported yet: how complete a day's figures are at an age (SCIENCE 2.1).

Called by :mod:`bidder.response.estimate`. The completion F(age) never divides a count: it multiplies the exposure, so
that a young day says less instead of saying something wild. F is learnt by chain ladder (Mack 1993) from what the same
days showed on earlier readings; where few were kept, the written default curve holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidder.snapshot import FloatArray, History, IntArray

__all__ = ["MATURE", "chain_ladder", "complete_by_age", "default_curve"]

MATURE = 14
"""Age in days at which a day is taken as complete."""

PLATFORM_ORDERS, OWN_ORDERS = 30.0, 50.0
"""Orders that the default curve counts for beside a platform's, and a platform's beside a budget's own."""


def default_curve(late: Sequence[float]) -> FloatArray:
    """F(0) … F(14) from the written shares; from the last of them F rises in a straight line to 1 at day 14."""
    known = np.clip(np.asarray(late[: MATURE + 1], dtype=np.float64), 0.01, 1.0)
    ages = np.append(np.arange(len(known), dtype=np.float64), max(MATURE, len(known)))
    rising = np.maximum.accumulate(np.append(known, 1.0))
    return np.asarray(np.interp(np.arange(MATURE + 1.0), ages, rising), dtype=np.float64)


def complete_by_age(age: FloatArray, curve: FloatArray) -> FloatArray:
    """Share of a day's orders known at `age` days (n, T), by a curve for all (15,) or one a budget (n, 15).

    NaN ages and ages past the curve count as complete.
    """
    whole = np.nan_to_num(np.floor(age + 1e-3), nan=float(MATURE))
    place = np.clip(whole, 0, MATURE).astype(np.int64)
    table = np.broadcast_to(curve, (len(age), MATURE + 1))
    return np.asarray(np.take_along_axis(table, place, axis=1), dtype=np.float64)


def chain_ladder(
    versions: History, age: FloatArray, now_age: FloatArray, group: IntArray, prior: FloatArray
) -> FloatArray:
    """F(0) … F(14) of every budget (n, 15): f_d = Σ C_{d+1}/Σ C_d over rows that show both, F(d) = 1/Π_{j ≥ d} f_j.

    `versions` holds every reading, sorted by budget, day and product, each with its `age` in days and how old its day
    is by now (`now_age`). A reading stands until the next one of its row. Factors are pooled by `group` (n,), pulled to
    `prior` (15,), and each budget's own are pulled to its group's.
    """
    n = len(group)
    if not len(versions):
        return np.broadcast_to(prior, (n, MATURE + 1)).copy()
    order = np.lexsort((age, versions.product, versions.day, versions.budget))
    budget, begin = versions.budget[order], np.clip(age[order], 0, MATURE).astype(np.int64)
    orders = np.where(np.isfinite(versions.orders), versions.orders, versions.units)[order]
    key = np.column_stack([versions.budget, versions.day, versions.product])[order]
    last = np.append((np.diff(key, axis=0) != 0).any(axis=1), True)
    first = np.append(True, last[:-1])
    born = np.maximum.accumulate(np.where(first, np.arange(len(key)), 0))
    limit = np.clip(now_age[order], 0, MATURE).astype(np.int64)
    end = np.where(last, limit, np.minimum(np.append(begin[1:], 0) - 1, limit))
    count = np.where(np.isfinite(orders) & (orders >= 0), orders, 0.0)
    base, grown = np.zeros((n, MATURE)), np.zeros((n, MATURE))
    for d in range(MATURE):
        both = (begin[born] <= d) & (limit >= d + 1)
        base[:, d] = np.bincount(budget, np.where(both & (begin <= d) & (d <= end), count, 0.0), n)
        grown[:, d] = np.bincount(budget, np.where(both & (begin <= d + 1) & (d + 1 <= end), count, 0.0), n)
    size = int(group.max()) + 1
    expected = prior[1:] / prior[:-1]
    pooled_base = np.stack([np.bincount(group, column, size) for column in base.T], axis=1)
    pooled_grown = np.stack([np.bincount(group, column, size) for column in grown.T], axis=1)
    pooled = (pooled_grown + PLATFORM_ORDERS * expected) / (pooled_base + PLATFORM_ORDERS)
    own = (grown + OWN_ORDERS * pooled[group]) / (base + OWN_ORDERS)
    later = np.cumprod(own[:, ::-1], axis=1)[:, ::-1]
    curve = np.concatenate([1 / np.maximum(later, 1e-9), np.ones((n, 1))], axis=1)
    return np.asarray(np.clip(curve, 0.02, 2.0))
