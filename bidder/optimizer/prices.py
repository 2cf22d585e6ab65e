"""What each limit costs in the objective as expected, without the doubt and the price of moves that hold budgets.

The program's own prices answer "where would the solver put one unit more"; the curve there answers what it would earn.
Positive is what loosening a limit by one unit would earn a day (SCIENCE 4.2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidder.limits import Bounds, Limit, Priority, Quantity, Sense
from bidder.optimizer.box import Box
from bidder.optimizer.formulate import Pieces
from bidder.optimizer.objective import Objective, value
from bidder.optimizer.program import Solution
from bidder.plan import Price
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray

__all__ = ["Slopes", "bound_prices", "bound_relaxed", "expected_prices", "limit_prices", "value_of_total"]

NUDGE = 0.005
"""The part of a budget's scale over which a slope is measured: what a person would call one step."""

BINDS = 1e-6
"""Relative slack below which a limit counts as binding."""


class Slopes:
    """Slopes of the objective at the amounts, to the right and to the left, (n,) each; and of what the limits bound."""

    def __init__(self, curves: Curves, objective: Objective, amounts: FloatArray) -> None:
        self._curves = curves
        self._step = NUDGE * curves.scale
        self._amounts = amounts
        right = amounts + self._step
        left = np.maximum(amounts - self._step, 0.0)
        points = np.stack([left, amounts, right], axis=1)
        self._points = points
        gains = np.diff(value(objective, curves, points), axis=1)
        widths = np.maximum(np.diff(points, axis=1), 1e-300)
        self.right: FloatArray = gains[:, 1] / widths[:, 1]
        self.left: FloatArray = np.where(amounts > 0.0, gains[:, 0] / widths[:, 0], self.right)

    def rows(self, limits: Sequence[Limit]) -> FloatArray:
        """What one unit more of each budget adds to each limit, (m, n)."""
        width = np.maximum(self._points[:, 2] - self._points[:, 0], 1e-300)
        slope: dict[Quantity, FloatArray] = {Quantity.AMOUNT: np.ones(len(width))}
        for limit in limits:
            if limit.quantity not in slope:
                table = self._curves.expected(limit.quantity, self._points)
                slope[limit.quantity] = (table[:, 2] - table[:, 0]) / width
        rows = [limit.weights * slope[limit.quantity] for limit in limits]
        return np.array(rows, dtype=np.float64).reshape(len(limits), len(width))


def expected_prices(pieces: Pieces, solution: Solution, slopes: Slopes, limits: Sequence[Limit]) -> FloatArray:
    """Row prices (m,) such that the budgets the solver would move next earn just what they pay, by their own curves.

    Where no budget stands between two points, the solver's prices are all that is known.
    """
    prices = solution.prices.copy()
    width = pieces.program.width
    inside = (solution.amounts > 1e-7 * width) & (solution.amounts < (1.0 - 1e-7) * width)
    budgets = np.unique(pieces.owner[inside])
    rows = np.flatnonzero(prices)
    if not len(budgets) or not len(rows):
        return prices
    matrix = slopes.rows([limits[row] for row in rows.tolist()])[:, budgets].T
    size = np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    short = slopes.right[budgets] - matrix @ prices[rows]
    step = np.linalg.lstsq(matrix / size, short, rcond=1e-9)[0] / size
    sharper = prices[rows] + step
    prices[rows] = np.where(np.sign(sharper) == np.sign(prices[rows]), sharper, 0.0)
    return prices


def limit_prices(curves: Curves, limits: Sequence[Limit], amounts: FloatArray, prices: FloatArray) -> tuple[Price, ...]:
    """The Price of each limit at these amounts: judged by the curves, not by the pieces."""
    result = []
    expected = {kind: curves.expected(kind, amounts) for kind in {limit.quantity for limit in limits}}
    for limit, price in zip(limits, prices.tolist(), strict=True):
        quantities = expected[limit.quantity]
        slack = limit.slack(quantities)
        size = max(abs(limit.bound), float((np.abs(limit.weights) * np.abs(quantities)).sum()), 1e-12)
        exact = 1e-9 if limit.quantity is Quantity.AMOUNT else 1e-4
        result.append(
            Price(
                limit.rule,
                abs(price),
                abs(slack) <= BINDS * size or price != 0.0,
                -slack if -slack > exact * size else 0.0,
            )
        )
    return tuple(result)


def bound_prices(
    bounds: Sequence[Bounds], box: Box, amounts: FloatArray, slopes: Slopes, limits: Sequence[Limit], prices: FloatArray
) -> tuple[FloatArray, ...]:
    """For each Bounds, (n,): what one unit more room at the bound that holds a budget would earn; 0 where none does."""
    pays = prices @ slopes.rows(limits) if len(limits) else np.zeros(len(amounts))
    more, less = np.maximum(slopes.right - pays, 0.0), np.maximum(pays - slopes.left, 0.0)
    size = 1e-7 * np.maximum(np.abs(amounts), 1e-12)
    up = np.where(amounts >= box.upper - size, more, 0.0)
    down = np.where(amounts <= box.lower + size, less, 0.0)
    return tuple(
        np.where(np.abs(one.upper - amounts) <= size, up, 0.0)
        + np.where(np.abs(one.lower - amounts) <= size, down, 0.0)
        for one in bounds
    )


def bound_relaxed(bounds: Sequence[Bounds], amounts: FloatArray) -> tuple[FloatArray, ...]:
    """For each Bounds, (n,): by how much a budget had to leave it; 0 where kept."""
    result = []
    for one in bounds:
        beyond = np.maximum(np.maximum(one.lower - amounts, amounts - one.upper), 0.0)
        result.append(np.where(beyond > 1e-9 * np.maximum(np.abs(amounts), 1e-12), beyond, 0.0))
    return tuple(result)


def value_of_total(limits: Sequence[Limit], prices: FloatArray) -> float:
    """What one more unit of the day's total earns: the prices of the caps on all amounts alike, the absolute ones."""
    totals = [
        (limit.priority, float(prices[place]) * float(limit.weights.max()))
        for place, limit in enumerate(limits)
        if limit.quantity is Quantity.AMOUNT
        and limit.sense is Sense.AT_MOST
        and limit.weights.max(initial=0.0) > 0.0
        and (limit.weights == limit.weights.max(initial=0.0)).all()
    ]
    absolute = [price for priority, price in totals if priority >= Priority.ABSOLUTE]
    return sum(absolute) if absolute else sum(price for _, price in totals)
