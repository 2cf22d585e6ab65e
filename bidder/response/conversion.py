"""Orders per click, followed from day to day on a grid: slow drift, rare jumps, few orders, sold-out days.

Called by :mod:`bidder.response.moving`. For budget i and day t

    orders_it ~ Poisson(clicks_it · F_t · w_t · e_t · cvr_it),    b_it = ρ·b_i,t−1 + walk, now and then a jump

b is how far log cvr lies from where it is expected before any of the budget's own data, and a lead or a lag fades.

F is how complete the day's orders are, w its weekday's factor, e an event's. Before its own data a budget's rate is
what would bring the shop's usual return: log cvr = a + c·log(margin per order / cost per click), c near −1 (SCIENCE
1.2: pooled return on spend). An exact filter on a grid of log rates (Kitagawa 1987).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidder.snapshot import FloatArray, IntArray

__all__ = ["Conversion", "follow_orders"]

GRID: FloatArray = np.linspace(-2.4, 2.4, 61)
"""Log rates beside the prior's centre."""

WALK, JUMP, JUMP_SIZE = 0.09, 0.01, 0.5
"""A log rate's step a day; the chance of a jump a day, and its size."""

STAYS = 0.99
"""ρ, the part of what sets a budget apart from its like that is still there a day later."""

RETURN_SLOPE, RETURN_SLOPE_SD = -0.8, 0.2
SPREAD, SPREAD_PSEUDO = 0.35, 6.0
"""How much log rates differ between budgets at the same return, and the budgets that this belief counts for."""

WEEKDAY = 0.04
ROUNDS, PASSES = 2, 6


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """`rate` (n,) orders per click now, `cv` (n,) its standard deviation over its mean, `week` (7,) mean 1."""

    rate: FloatArray
    cv: FloatArray
    week: FloatArray
    spread: float


def follow_orders(
    exposure: FloatArray,
    orders: FloatArray,
    short: NDArray[np.bool_],
    worth: FloatArray,
    weekday: IntArray,
    event: NDArray[np.bool_],
) -> Conversion:
    """The rates now. `exposure` (n, T): clicks × completeness × event factor, 0 where a day does not count.

    `short` (n, T): days on which stock ran out, so that at least these orders would have come; `worth` (n,): log of
    margin per order over cost per click; `event` (T,): days that say nothing about weekdays.
    """
    n, length = exposure.shape
    week = np.ones(7)
    rate, cv, spread = np.zeros(n), np.zeros(n), SPREAD
    for turn in range(ROUNDS):
        usual = exposure * week[weekday]
        seen = np.where(usual > 0, orders, 0.0)
        centre, spread = _centre(usual.sum(axis=1), seen.sum(axis=1), worth)
        chance = np.exp(-0.5 * (GRID / spread) ** 2) * np.ones((n, 1))
        chance /= chance.sum(axis=1, keepdims=True)
        rates = np.exp(centre[:, None] + GRID)
        forecast = np.zeros((n, length))
        move = _moves()
        for t in range(length):
            if t:
                chance = chance @ move
            forecast[:, t] = (chance * rates).sum(axis=1)
            mean, count = usual[:, t, None] * rates, seen[:, t, None]
            score = np.where(mean > 0, count * np.log(np.maximum(mean, 1e-300)) - mean, 0.0)
            # sold out: P(at least so many), normal
            standard = (mean - count + 0.5) / np.sqrt(mean + 1e-9)
            at_least = np.log(0.5 * (1 + np.tanh(0.8 * standard)) + 1e-12)
            score = np.where((short[:, t] & (usual[:, t] > 0))[:, None], at_least, score)
            chance = chance * np.exp(score - score.max(axis=1, keepdims=True))
            chance /= chance.sum(axis=1, keepdims=True)
        rate = (chance * rates).sum(axis=1)
        cv = np.sqrt(np.maximum((chance * rates**2).sum(axis=1) / rate**2 - 1, 0.0))
        if turn < ROUNDS - 1:
            use = (usual > 0) & ~short & ~event
            pseudo = 1 / WEEKDAY**2
            came = np.bincount(weekday, np.where(use, seen, 0.0).sum(axis=0), 7)
            due = np.bincount(weekday, np.where(use, usual * forecast, 0.0).sum(axis=0), 7)
            week = week * (came + pseudo) / (due + pseudo)
            week /= week.mean()
    return Conversion(rate, cv, week, spread)


def _moves() -> FloatArray:
    """(from, to): how a log rate wanders in a day."""
    left = GRID[:, None] - STAYS * GRID[None, :]
    jumped = GRID[:, None] - GRID[None, :]
    near, far = np.exp(-0.5 * (left / WALK) ** 2), np.exp(-0.5 * (jumped / JUMP_SIZE) ** 2)
    near /= near.sum(axis=0, keepdims=True)
    far /= far.sum(axis=0, keepdims=True)
    return np.asarray(((1 - JUMP) * near + JUMP * far).T)


def _centre(exposure: FloatArray, orders: FloatArray, worth: FloatArray) -> tuple[FloatArray, float]:
    """Each budget's log rate before its own data, and how far budgets lie from it (regression, spread by EM)."""
    n = len(exposure)
    usual = float(np.log((orders.sum() + 0.5) / (exposure.sum() + 1)))
    beside = worth - worth.mean() if n else worth
    columns = np.stack([np.ones(n), beside], axis=1)
    figures = np.log((orders + 0.5) / (exposure + 0.5 * np.exp(-usual)))
    luck = 1 / (orders + 0.7)
    ridge = np.diag([0.01, 1 / RETURN_SLOPE_SD**2])
    pull = np.array([0.01 * usual, RETURN_SLOPE / RETURN_SLOPE_SD**2])
    spread, centre = SPREAD, np.full(n, usual)
    for _ in range(PASSES):
        weight = 1 / (luck + spread**2)
        both = np.linalg.solve(columns.T @ (weight[:, None] * columns) + ridge, columns.T @ (weight * figures) + pull)
        centre = columns @ both
        part = spread**2 / (spread**2 + luck)
        square = (part**2 * (figures - centre) ** 2 + spread**2 * (1 - part)).sum()
        spread = float(np.sqrt((square + SPREAD_PSEUDO * SPREAD**2) / (n + SPREAD_PSEUDO)))
    return centre, spread
