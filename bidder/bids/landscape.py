"""What another bid would bring: clicks and their cost as a function of the bid, locally a power of it.

In an auction in which the winner pays the least that would have won, cost grows by the bid for each click gained:
dcost = b·dclicks (the payment identity, Myerson 1981; incremental cost per click, Varian 2009). With clicks ∝ b^ε it
follows that CPC = b·ε/(1 + ε): how far the average click cost lies below the bid already says how fast clicks grow with
it, before any bid has moved. What the bids' own moves show (clicks beside those of other days, budgets that ended early
left out) pulls that guess up or down for all of them together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidder.bids.figures import Figures
from bidder.snapshot import FloatArray

__all__ = ["Landscape", "landscape"]

LEAST, MOST = 0.25, 4.0
"""Bounds of ε: below, a click hardly depends on the bid; above, the figures look like a cliff and are not believed."""

SHRINK_CLICKS = 40.0
"""Clicks of a lever that weigh as much as all of them together (its CPC beside its bid)."""

RATIO_SD = 0.5
"""How far what moves show may lie from what CPC shows, before data: standard deviation of their quotient."""

DAY_SD = 0.25
"""Spread of a lever's clicks from day to day beside chance: of their log."""


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """`clicks` is ε of each lever: clicks ∝ bid^ε; cost ∝ bid^(1 + ε)."""

    clicks: FloatArray

    def cost(self, ratio: FloatArray) -> FloatArray:
        """How many times today's cost a bid of `ratio` times today's would have."""
        return np.asarray(ratio ** (1 + self.clicks))


def landscape(figures: Figures, ended: NDArray[np.bool_]) -> Landscape:
    """ε of each lever. `ended` (levers, days): days on which the budget behind it ended early, which say nothing."""
    known = np.isfinite(figures.value) & (figures.value > 0) & np.isfinite(figures.clicks) & np.isfinite(figures.spend)
    clicks = np.where(known, figures.clicks, 0.0)
    spend = np.where(known, figures.spend, 0.0)
    offered = np.where(known, np.nan_to_num(figures.value) * clicks, 0.0)
    n = clicks.sum(axis=1)
    everybody = float(spend.sum()) / float(offered.sum()) if offered.sum() > 0 else 0.5
    typical = offered.sum(axis=1) / np.maximum(n, 1.0)
    share = (spend.sum(axis=1) + SHRINK_CLICKS * everybody * typical) / np.maximum(
        offered.sum(axis=1) + SHRINK_CLICKS * typical, 1e-12
    )
    share = np.where(n > 0, share, everybody)
    guess = np.clip(share / np.maximum(1 - share, 1e-3), LEAST, MOST)
    return Landscape(np.clip(guess * _moved(clicks, figures.value, known & ~ended, guess), LEAST, MOST))


def _moved(clicks: FloatArray, bid: FloatArray, use: NDArray[np.bool_], guess: FloatArray) -> float:
    """How many times the guess the clicks answered to moves of the bids; 1 where none moved.

    Weighted least squares of log clicks on ε·log bid within levers and days, pulled to 1. Days of a lever with few
    clicks count little: the variance of log(clicks + ½) is about 1/(clicks + ½).
    """
    use = use & (clicks > 0)
    weight = np.where(use, 1 / (1 / (clicks + 0.5) + DAY_SD**2), 0.0)
    if not weight.any():
        return 1.0
    x = np.where(use, guess[:, None] * np.log(np.where(use, bid, 1.0)), 0.0)
    y = np.where(use, np.log(clicks + 0.5), 0.0)
    for _ in range(8):  # means of levers and of days taken out in turn
        x, y = _centred(x, weight, 1), _centred(y, weight, 1)
        x, y = _centred(x, weight, 0), _centred(y, weight, 0)
    information = float((weight * x * x).sum())
    return float(np.clip((float((weight * x * y).sum()) + 1 / RATIO_SD**2) / (information + 1 / RATIO_SD**2), 0.4, 2.5))


def _centred(column: FloatArray, weight: FloatArray, axis: int) -> FloatArray:
    total = weight.sum(axis=axis, keepdims=True)
    return np.asarray(column - (weight * column).sum(axis=axis, keepdims=True) / np.maximum(total, 1e-12))
