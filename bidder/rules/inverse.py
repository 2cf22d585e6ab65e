"""From a target on what a budget brings to the largest amount that meets it: the curve, read backwards.

Holding a concave quantity down is no linear limit; for one budget it is a cap, and that is what these rules give
(ARCHITECTURE 3). Used by the words `roas`, `marginal_roas` and `stock`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bidder.limits import Quantity
from bidder.response.curve import Curves
from bidder.rules.amounts import minimums
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["break_even", "largest_amount", "marginal_cap", "marginal_roas_at", "roas_at"]

_GRID = 48
_HALVINGS = 40
_FARTHEST = 64.0  # times the budget's own scale: beyond it no curve says anything


def largest_amount(holds: Callable[[FloatArray], NDArray[np.bool_]], snapshot: Snapshot, curves: Curves) -> FloatArray:
    """The largest amount of each budget at which `holds` is true: +inf when it always is, the minimum when never.

    `holds` takes amounts of shape (n, k) in the shop's currency. The largest crossing counts, so that a curve that
    starts slowly is not cut at its foot.
    """
    low = minimums(snapshot)
    high = np.maximum.reduce([low * 2, curves.scale * _FARTHEST, np.nan_to_num(snapshot.now) * 4])
    grid = low[:, None] * (high / low)[:, None] ** np.linspace(0.0, 1.0, _GRID)
    true = holds(grid)
    last = np.where(true.any(axis=1), _GRID - 1 - np.argmax(true[:, ::-1], axis=1), -1)
    rows = np.arange(len(low))
    left = grid[rows, np.maximum(last, 0)]
    right = grid[rows, np.minimum(last + 1, _GRID - 1)]
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        ok = holds(middle[:, None])[:, 0]
        left, right = np.where(ok, middle, left), np.where(ok, right, middle)
    return np.where(last < 0, low, np.where(last == _GRID - 1, np.inf, left))


def break_even(curves: Curves) -> FloatArray:
    """The ROAS of each budget at which ads neither earn nor lose; +inf where an order leaves nothing before ads."""
    margin = curves.margin_per_order
    result = np.full(len(curves), np.inf)
    np.divide(curves.revenue_per_order, margin, out=result, where=margin > 0)
    return result


def roas_at(curves: Curves, amounts: FloatArray) -> FloatArray:
    """Expected revenue over expected spend; +inf where nothing is spent."""
    revenue, spend = curves.expected(Quantity.REVENUE, amounts), curves.expected(Quantity.SPEND, amounts)
    result = np.full(amounts.shape, np.inf)
    np.divide(revenue, spend, out=result, where=spend > 0)
    return result


def marginal_roas_at(curves: Curves, amounts: FloatArray) -> FloatArray:
    """Expected revenue of the last thousandth of an amount over its expected spend; +inf where none of it is spent."""
    below = amounts * 0.999
    revenue = curves.expected(Quantity.REVENUE, amounts) - curves.expected(Quantity.REVENUE, below)
    spend = curves.expected(Quantity.SPEND, amounts) - curves.expected(Quantity.SPEND, below)
    result = np.full(amounts.shape, np.inf)
    np.divide(revenue, spend, out=result, where=spend > 1e-9 * amounts)
    return result


def marginal_cap(floor: FloatArray, snapshot: Snapshot, curves: Curves) -> FloatArray:
    """The largest amount of each budget whose last part still pays `floor` (n,); +inf where all that is spent does.

    What is beyond a platform's reach is not spent and pays nothing, so it cannot speak for the money below it.
    """

    def pays(amounts: FloatArray) -> NDArray[np.bool_]:
        marginal = marginal_roas_at(curves, amounts)
        return np.isfinite(marginal) & (marginal >= floor[:, None])

    cap = largest_amount(pays, snapshot, curves)
    reach = largest_amount(lambda amounts: np.isfinite(marginal_roas_at(curves, amounts)), snapshot, curves)
    return np.where(cap >= reach * (1 - 1e-9), np.inf, cap)
