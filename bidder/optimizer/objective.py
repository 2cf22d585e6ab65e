"""What a day's expected result is worth to the shop: the only place where an objective is defined."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from bidder.limits import Quantity
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray

__all__ = ["Objective", "value", "worth_and_cost"]


class Objective(StrEnum):
    """What the shop wants more of (bidder.yaml: `objective`)."""

    PROFIT = "profit"
    """Contribution margin of the orders, less what the ads cost."""
    REVENUE = "revenue"
    """Sales before returns; the whole total is spent as long as sales still grow."""
    ORDERS = "orders"
    """The number of orders, whatever they are worth."""


def value(objective: Objective, curves: Curves, amounts: FloatArray) -> FloatArray:
    """The expected objective of each budget at amounts (n,) or (n, k), same shape, a day."""
    return curves.expected(Quantity(objective.value), amounts)


def worth_and_cost(objective: Objective, curves: Curves, amounts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The objective in two parts, both (n, k): what is earned, which is uncertain, less what is paid, which is not."""
    if objective is not Objective.PROFIT:
        gain = value(objective, curves, amounts)
        return gain, np.zeros_like(gain)
    gain, cost = curves.profit_and_spend(amounts)
    return gain + cost, cost
