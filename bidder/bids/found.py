"""Whether the bids that people set already go with what sells: then there is nothing to know better, and they hold.

Two accounts of the same orders are compared (Bayes factor; Kass & Raftery 1995). Either each lever's orders a click are
one number times what its bid, as people set it, stands for, and nothing else; or they follow it by some power and
differ beside that (Gamma-Poisson, the power and the spread averaged over a grid). Both were held equally likely before.
"""

from __future__ import annotations

import numpy as np

from bidder.response.rates import SHAPE_PRIOR, SHAPES
from bidder.response.special import log_gamma
from bidder.snapshot import FloatArray

__all__ = ["FARTHEST", "trusted"]

PRIOR = 0.5
"""How likely it is, before any order, that people's bids are right beside one another."""

POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)

FARTHEST = 3.0
"""What a bid says is believed up to this, as the log beside the others' mean."""


def trusted(bought: FloatArray, tried: FloatArray, guess: FloatArray) -> tuple[float, FloatArray]:
    """How likely it is that bids as people set them are right beside one another, and the orders a click if they are.

    `guess` is the log of the orders a click that each lever's bid stands for, up to a constant; NaN where there is no
    bid: nothing is said of it, its rate is NaN. 0 where there is nothing to tell from.
    """
    rate = np.full(len(guess), np.nan)
    known = np.isfinite(guess)
    use = known & (tried > 0)
    if use.sum() < 2 or not bought[use].sum() > 0:
        return 0.0, rate
    said = np.clip(guess - guess[use].mean(), -FARTHEST, FARTHEST)
    orders, clicks, power = bought[use], tried[use], np.array(POWERS)
    expected = clicks[:, None] * np.exp(said[use][:, None] * power)
    expected *= orders.sum() / expected.sum(axis=0)
    k, odds = orders[:, None, None], expected[:, :, None] / SHAPES
    each = log_gamma(k + SHAPES) - log_gamma(SHAPES) + k * np.log(odds) - (k + SHAPES) * np.log1p(odds)
    other = each.sum(axis=0) + SHAPE_PRIOR - np.log(np.exp(SHAPE_PRIOR).sum() * len(POWERS))
    most = float(other.max())
    differ = most + float(np.log(np.exp(other - most).sum()))
    exact = expected[:, -1]  # the last power is 1
    same = float((orders * np.log(exact) - exact).sum())
    odds_against = (1 - PRIOR) / PRIOR * np.exp(np.clip(differ - same, -50.0, 50.0))
    rate[known] = orders.sum() / float((clicks * np.exp(said[use])).sum()) * np.exp(said[known])
    return float(1 / (1 + odds_against)), rate
