"""The learner of a shop whose budgets move: clicks and orders per click followed from day to day.

Called by :mod:`bidder.response.estimate` where budgets were moved much (as bidder does) or are new. Then the level of
today matters more than the mean of a quarter, and the moves themselves show the shapes. Where budgets stood still for
months, :mod:`bidder.response.learn` knows more: it reads shapes from orders too. Both give the same `Fit`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.response.conversion import follow_orders
from bidder.response.delivery import Reach
from bidder.response.flow import Flow, bends, follow_clicks
from bidder.response.learn import Fit
from bidder.response.panel import MOST, Panel
from bidder.response.season import lift, unusual
from bidder.response.shapes import KNOTS, Shapes, bins
from bidder.response.traffic import Traffic
from bidder.response.witness import Witness
from bidder.response.worth import Worth
from bidder.snapshot import FloatArray, IntArray, Snapshot

__all__ = ["Moving", "follow", "moves"]

AT_MOST = 2000
"""Budgets; more are not followed one by one (the filters keep every day of every shape)."""

STILL = 0.22
"""Standard deviation of a budget's log spend below which budgets stood still."""

SHORT_HISTORY = 14
"""Days with spend below which there is nothing to average over yet."""

CLICKED = 0.9
"""Share of days with spend on which clicks have to be known."""

HABIT_DAYS = 7
"""First days of the window that say what a budget usually spends: the scale of its shapes."""

SOLD_OUT = 0.85
"""Share of the pieces in stock from which a day counts as sold out."""

FAR_BELOW = 0.78
"""Spend below this part of the amount in force shows what demand allows."""


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """What `estimate` needs to make curves."""

    fit: Fit
    shapes: Shapes
    scale: FloatArray
    reach: Reach


def moves(table: Panel) -> bool:
    """Whether this is a shop for this learner: clicks are known, and budgets moved much or are new."""
    live = table.live
    if not 0 < len(live) <= AT_MOST or not live.any():
        return False
    if (live & (np.nan_to_num(table.clicks) > 0)).sum() < CLICKED * live.sum():
        return False
    count = live.sum(axis=1)
    if count.max() < HABIT_DAYS:
        return False
    if count.max() < SHORT_HISTORY:
        return True
    logs = np.where(live, np.log(np.where(live, table.spend, 1.0)), 0.0)
    mean = logs.sum(axis=1) / np.maximum(count, 1)
    square = np.where(live, (logs - mean[:, None]) ** 2, 0.0).sum()
    return bool(square / max(int((count - 1).clip(0).sum()), 1) > STILL**2)


def follow(
    snapshot: Snapshot,
    table: Panel,
    value: Worth,
    witness: Witness,
    exposure: FloatArray,
    orders: FloatArray,
    fallback: FloatArray,
) -> Moving:
    """The posterior at the end of the panel.

    `exposure` (n, T): completeness of the day's orders, 0 where they do not count; `orders` (n, T) without NaN;
    `fallback` (n,) the scale of budgets that never spent.
    """
    n, length = table.shape
    days = table.first + np.arange(length)
    event, factor = unusual(snapshot.events, days), lift(snapshot.events, days)
    scale = _habit(table, fallback)
    spend = np.where(table.live, table.spend, 1.0)
    left, share = bins(spend / scale[:, None])
    shapes = bends()
    log_value = np.log(np.maximum(shapes.value, 1e-12)).T
    log_shape = log_value[left] + (log_value[left + 1] - log_value[left]) * share[:, :, None]
    log_clicks = np.where(witness.known, witness.cost + np.log(spend), 0.0)
    flow = follow_clicks(
        log_clicks, witness.counting, witness.known, log_shape, shapes, scale, _channels(snapshot), table.weekday, event
    )
    stock = _stock(snapshot, table)
    clicks = np.nan_to_num(table.clicks)
    counts = exposure * clicks * factor * (np.nan_to_num(stock, nan=1.0) > 0)
    pieces = orders * _pieces(snapshot)[:, None]
    short = pieces >= np.maximum(SOLD_OUT * np.nan_to_num(stock, nan=np.inf) * np.minimum(exposure + 0.15, 1.0), 1.0)
    spent, clicked = np.where(table.live, table.spend, 0.0).sum(axis=1), clicks.sum(axis=1)
    cost = (spent + spent.sum() / max(clicked.sum(), 1.0)) / (clicked + 1)
    worth_each = value.margin if (value.margin > 0).all() else value.revenue
    worth = np.log(np.maximum(worth_each, 1e-12) / cost)
    conversion = follow_orders(counts, orders, short, worth, table.weekday, event)
    level = np.exp(np.minimum(_levels(flow, witness, scale) + np.minimum(flow.variance, 0.25)[:, None] / 2, 700.0))
    at_scale = (flow.weight * level).sum(axis=1)
    fit = Fit(
        weight=flow.weight,
        level=level * conversion.rate[:, None],
        level_cv=conversion.cv,
        theta=np.ones(n),
        dispersion=np.ones(n),
        traffic=Traffic(
            np.zeros((n, length)),
            np.log(np.maximum(at_scale, 1e-300) / scale),
            flow.variance,
            np.asarray(witness.known.any(axis=1), dtype=np.bool_),
        ),
        day_factor=factor,
        week=conversion.week,
        shape_prior=flow.prior,
        theta_prior=np.array([0.0, 0.0, 0.0, 0.0, 1.0]),
        day_weight=np.ones(length),
    )
    return Moving(fit, shapes, scale, _reach(table, scale))


def _channels(snapshot: Snapshot) -> IntArray:
    """Each budget's platform and channel as a number, however few it has: the filter pulls those to the shop's."""
    platform = {account.id: account.platform for account in snapshot.accounts}
    number: dict[tuple[str, str], int] = {}
    labels = [(platform.get(one.id.account, ""), one.channel) for one in snapshot.budgets]
    return np.array([number.setdefault(label, len(number)) for label in labels], dtype=np.int64)


def _levels(flow: Flow, witness: Witness, scale: FloatArray) -> FloatArray:
    """Log clicks at the scale (n, J); who was never clicked pays the shop's usual cost of a click."""
    seen = np.asarray(witness.known.any(axis=1), dtype=np.bool_)
    per_unit = (flow.weight * flow.level).sum(axis=1) - np.log(scale)
    usual = np.log(scale) + (np.median(per_unit[seen]) if seen.any() else 0.0)
    return np.asarray(np.where(seen[:, None], flow.level, usual[:, None]))


def _habit(table: Panel, fallback: FloatArray) -> FloatArray:
    """Geometric mean of a budget's first days with spend."""
    early = table.live & (np.cumsum(table.live, axis=1) <= HABIT_DAYS)
    count = early.sum(axis=1)
    logs = np.where(early, np.log(np.where(early, table.spend, 1.0)), 0.0).sum(axis=1)
    return np.asarray(np.where(count > 0, np.exp(logs / np.maximum(count, 1)), fallback))


def _stock(snapshot: Snapshot, table: Panel) -> FloatArray:
    """Pieces that could be sold, (n, T); NaN where unknown."""
    n, length = table.shape
    history = snapshot.history
    out = np.full((n, length), np.nan)
    rows = (
        (history.stock >= 0)
        & (history.stock < MOST)
        & (history.day >= table.first)
        & (history.day < table.first + length)
    )
    out[history.budget[rows], history.day[rows] - table.first] = history.stock[rows]
    return out


def _pieces(snapshot: Snapshot) -> FloatArray:
    """Pieces per order of each budget, pulled to the shop's with ten orders; 1 where nothing is known."""
    n, history = len(snapshot.budgets), snapshot.history
    both = (history.units >= 0) & (history.units < MOST) & (history.orders >= 0) & (history.orders < MOST)
    both &= history.day < snapshot.today  # NaN is neither
    units = np.bincount(history.budget[both], history.units[both], n)
    orders = np.bincount(history.budget[both], history.orders[both], n)
    shop = (units.sum() + 1) / (orders.sum() + 1)
    return np.asarray(np.maximum((units + 10 * shop) / (orders + 10), 1.0))


def _reach(table: Panel, scale: FloatArray) -> Reach:
    """What demand allows: days far below their amount show it, later ones that spent more lift it."""
    n, length = table.shape
    known = table.live & (np.nan_to_num(table.amount) > 0)
    far = known & (np.nan_to_num(table.spend) < FAR_BELOW * np.nan_to_num(table.amount))
    top = np.full(n, np.inf)
    for t in range(length):
        spend = np.nan_to_num(table.spend[:, t])
        with np.errstate(invalid="ignore"):
            lower = np.where(np.isfinite(top), top + 0.4 * (spend - top), spend)
            higher = np.where(np.isfinite(top) & (spend > top), top + 0.6 * (spend - top), top)
        top = np.where(far[:, t], lower, np.where(known[:, t], higher, top))
    relative = np.asarray(np.maximum(top / scale, KNOTS[0]))
    survival = np.clip(0.5 + (np.log(relative)[:, None] - np.log(KNOTS)) / 0.1, 0.0, 1.0)
    return Reach(survival, relative, far)
