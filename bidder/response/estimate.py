"""Snapshot → Curves: what every budget is expected to bring at any amount, and how sure that is.

Called by :func:`bidder.decide.decide`. The order of work: the panel of daily figures, what an order is worth, how much
a budget can spend at all, the level and shape of response, the tables. Pure; money in the shop's currency a day.
Only figures before the decided day are used.
"""

from __future__ import annotations

import numpy as np

from bidder.catalog import BudgetStatus
from bidder.response import delivery
from bidder.response.curve import Curves, Posterior
from bidder.response.delay import chain_ladder, complete_by_age, default_curve
from bidder.response.learn import Days, Fit, learn
from bidder.response.luck import luck_facts
from bidder.response.moving import follow, moves
from bidder.response.panel import Panel, day_age, panel
from bidder.response.rates import click_cost, fits_binomial, groups_of, per_exposure, per_trial, raw_rate
from bidder.response.settings import ResponseSettings
from bidder.response.shapes import KNOTS, Shapes, bins, candidates
from bidder.response.table import COMPACT_FROM, TableResponse, tabled
from bidder.response.witness import click_witness
from bidder.response.worth import Worth, worth
from bidder.snapshot import FloatArray, IntArray, Snapshot

__all__ = ["ResponseSettings", "estimate"]

ANCHOR_DAYS = 28
"""The plain window whose raw figures are always shown beside the estimates (SCIENCE 1.1)."""

LATE_DAYS = 60
"""Days whose earlier readings teach how late orders come (SCIENCE 2.1)."""

GROUP_SHARE = 0.15
"""A group's own return weighs its share of spend against this share of the shop's spend."""

USUAL_CTR, USUAL_CVR = 0.01, 0.025
"""Where nobody has been shown or clicked: middling rates of performance ads."""


def estimate(snapshot: Snapshot, settings: ResponseSettings) -> Curves:
    """The curves of all budgets, in Snapshot order. Raises KeyError when a currency has no rate."""
    table = panel(snapshot, settings.window)
    group = _groups(snapshot)
    value = worth(snapshot, table)
    scale = _scale(snapshot, table)
    orders = _orders(table, value)
    late = _completion(snapshot, settings, group)
    counted = np.where(table.live & np.isfinite(orders), complete_by_age(table.age, late), 0.0)
    seen = np.where(counted > 0, np.nan_to_num(orders), 0.0)
    witness = click_witness(table)
    if settings.follow == "always" or (settings.follow == "auto" and moves(table)):
        moving = follow(snapshot, table, value, witness, counted, seen, scale)
        return _curves(
            snapshot,
            settings,
            table,
            group,
            value,
            moving.scale,
            moving.reach,
            moving.shapes,
            moving.fit,
            orders,
            counted,
        )
    left, share = bins(np.where(table.live, table.spend, 1.0) / scale[:, None])
    reach = delivery.reachable(table, left, share, np.ones(table.shape))
    shapes = candidates(settings.elasticity, settings.elasticity_sd, settings.start_up)
    days = Days(
        left=left,
        share=share,
        exposure=counted,
        orders=seen,
        weekday=table.weekday,
        expected=_expected(table, orders, counted, value, scale, group, shapes),
    )
    fitted = learn(days, witness, shapes, settings.half_life)
    return _curves(snapshot, settings, table, group, value, scale, reach, shapes, fitted, orders, counted)


def _completion(snapshot: Snapshot, settings: ResponseSettings, group: IntArray) -> FloatArray:
    """How complete each budget's orders are by age, (n, 15): from earlier readings that were kept, as known by now."""
    versions = snapshot.versions
    seen = np.nan_to_num(versions.observed, nan=np.inf) <= snapshot.as_of.timestamp()
    versions = versions.select(seen & (versions.day < snapshot.today) & (versions.day >= snapshot.today - LATE_DAYS))
    age, now_age = day_age(snapshot, versions), snapshot.today - versions.day
    return chain_ladder(versions, age, now_age.astype(np.float64), group, default_curve(settings.late))


def _groups(snapshot: Snapshot) -> IntArray:
    """Platform and channel of each budget as a number, 0 for groups too small to have a prior of their own."""
    platform = {account.id: account.platform for account in snapshot.accounts}
    return groups_of([(platform.get(b.id.account, ""), b.channel) for b in snapshot.budgets])


def _scale(snapshot: Snapshot, table: Panel) -> FloatArray:
    """Each budget's natural amount: geometric mean of daily spend; unspent: its amount, or the shop's middle."""
    n = len(snapshot.budgets)
    days = table.live.sum(axis=1)
    logs = np.where(table.live, np.log(np.where(table.live, table.spend, 1.0)), 0.0)
    scale = np.where(days > 0, np.exp(logs.sum(axis=1) / np.maximum(days, 1)), np.nan)
    now = snapshot.now if n else np.zeros(0)
    now = np.where(np.isfinite(now) & (now > 0), now, np.nan)
    for known in (scale, now):
        if np.isfinite(known).any():
            middle = float(np.exp(np.nanmedian(np.log(known))))
            break
    else:
        middle = 1.0
    return np.where(np.isfinite(scale), scale, np.where(np.isfinite(now), now, middle))


def _orders(table: Panel, value: Worth) -> FloatArray:
    """Orders a day; where only revenue is reported, revenue over the order's value; only clicks: at the usual rate."""
    orders = np.where(np.isfinite(table.orders), table.orders, table.revenue / value.revenue[:, None])
    if np.isfinite(orders[table.live]).any():
        return orders
    return table.clicks * USUAL_CVR


def _expected(
    table: Panel,
    orders: FloatArray,
    counted: FloatArray,
    value: Worth,
    scale: FloatArray,
    group: IntArray,
    shapes: Shapes,
) -> FloatArray:
    """Orders a day expected at each budget's scale before its own data: its group's return on spend (SCIENCE 1.2).

    Return is in margin where every margin is positive, else in revenue. With no spend or no orders at all the present
    amounts are taken to be right: the last unit of money earns itself back.
    """
    worth_each = value.margin if (value.margin > 0).all() else value.revenue
    known = table.live & np.isfinite(orders)
    earned = worth_each * np.where(known, counted * np.nan_to_num(orders), 0.0).sum(axis=1)
    spent = np.where(known, counted * np.nan_to_num(table.spend), 0.0)
    # the exposure of a day is its completeness: a young day's spend has not earned all it will
    spent_by = spent.sum(axis=1)
    shop_spent, shop_earned = float(spent_by.sum()), float(earned.sum())
    if shop_spent > 0 and shop_earned > 0:
        shop = shop_earned / shop_spent
        pseudo = GROUP_SHARE * shop_spent
        size = int(group.max()) + 1
        of_group = (np.bincount(group, earned, size) + shop * pseudo) / (np.bincount(group, spent_by, size) + pseudo)
        return_on_spend = of_group[group]
    else:
        return_on_spend = np.full(len(scale), 1 / float(shapes.prior @ shapes.elasticity))
    return np.maximum(return_on_spend * scale / worth_each, 1e-12)


def _curves(
    snapshot: Snapshot,
    settings: ResponseSettings,
    table: Panel,
    group: IntArray,
    value: Worth,
    scale: FloatArray,
    reach: delivery.Reach,
    shapes: Shapes,
    fitted: Fit,
    orders: FloatArray,
    counted: FloatArray,
) -> Curves:
    """The posterior as tables, with what explain shows beside them."""
    mean = (fitted.weight * fitted.level) @ shapes.value
    gain = np.diff(mean, axis=1, prepend=0.0)
    both = (reach.survival + np.concatenate([np.ones((len(mean), 1)), reach.survival[:, :-1]], axis=1)) / 2
    facts = _facts(table, group, value, scale, fitted, shapes, orders)
    facts |= luck_facts(snapshot.events, table, value, scale, mean, orders, counted)
    at_scale = np.maximum(fitted.weight * fitted.level, 0.0).sum(axis=1)
    clicks = facts["clicks_at_scale"][:, None] * KNOTS ** (1 - fitted.theta[:, None])
    clicks = clicks * (mean / at_scale[:, None]) ** fitted.theta[:, None]
    response = TableResponse(
        scale=scale,
        order_table=tabled(np.cumsum(gain * both, axis=1)),
        spend_table=tabled(np.cumsum(np.diff(KNOTS, prepend=0.0) * both, axis=1)),
        click_table=tabled(np.cumsum(np.diff(clicks, axis=1, prepend=0.0) * both, axis=1)),
    )
    log_level = np.log(np.maximum(fitted.level, 1e-300))
    log_slope = log_level + np.log(shapes.elasticity)
    level_var = _variance(fitted.weight, log_level) + fitted.level_cv**2 + value.log_sd**2
    slope_var = _variance(fitted.weight, log_slope) + fitted.level_cv**2 + value.log_sd**2
    return Curves(
        response=response,
        revenue_per_order=value.revenue,
        margin_per_order=value.margin,
        scale=scale,
        reach=np.where(np.isfinite(reach.top), 1.5 * reach.top * scale, np.inf),
        log_sd=np.sqrt(level_var),
        slope_sd=np.sqrt(np.maximum(slope_var, level_var)),
        state=_states(snapshot, settings, table, reach, facts["clicks"]),
        facts=facts,
        posterior=_posterior(reach, shapes, fitted),
    )


def _posterior(reach: delivery.Reach, shapes: Shapes, fitted: Fit) -> Posterior | None:
    """What worlds are drawn from; let go where it would be heavy and nobody draws."""
    if len(fitted.level) >= COMPACT_FROM:
        return None
    return Posterior(fitted.weight, fitted.level, fitted.level_cv, shapes.value, reach.survival)


def _variance(weight: FloatArray, column: FloatArray) -> FloatArray:
    mean = (weight * column).sum(axis=1, keepdims=True)
    return np.asarray((weight * (column - mean) ** 2).sum(axis=1))


def _facts(
    table: Panel,
    group: IntArray,
    value: Worth,
    scale: FloatArray,
    fitted: Fit,
    shapes: Shapes,
    orders: FloatArray,
) -> dict[str, FloatArray]:
    """Figures of the window, their raw and shrunk rates, and the plain 28-day figures. No NaN: unknown sums are 0."""
    last = slice(max(0, table.shape[1] - ANCHOR_DAYS), None)

    def total(column: FloatArray, where: slice = slice(None)) -> FloatArray:
        return np.asarray(np.nan_to_num(column[:, where]).sum(axis=1))

    impressions, clicks, seen = total(table.impressions), total(table.clicks), total(orders)
    spend, revenue = total(table.spend), total(table.revenue)
    both = np.isfinite(table.impressions) & np.isfinite(table.clicks)
    shown, on_shown = total(np.where(both, table.impressions, 0.0)), total(np.where(both, table.clicks, 0.0))
    ctr = per_trial(on_shown, shown, group, USUAL_CTR)
    counted = np.isfinite(table.clicks) & np.isfinite(orders)
    tried, bought = total(np.where(counted, table.clicks, 0.0)), total(np.where(counted, orders, 0.0))
    cvr = (per_trial if fits_binomial(bought, tried) else per_exposure)(bought, tried, group, USUAL_CVR)
    priced = np.isfinite(table.clicks) & table.live
    cpc = click_cost(total(np.where(priced, table.spend, 0.0)), total(np.where(priced, table.clicks, 0.0)), group)
    at_scale = (fitted.weight * fitted.level).sum(axis=1)
    expected_clicks = np.where(np.isfinite(cpc), scale / np.where(cpc > 0, cpc, 1.0), at_scale / cvr.mean)
    expected_clicks = np.where(fitted.traffic.seen, scale * np.exp(fitted.traffic.now), expected_clicks)
    return {
        "days": table.live.sum(axis=1).astype(np.float64),
        "impressions": impressions,
        "clicks": clicks,
        "spend": spend,
        "orders": seen,
        "revenue": revenue,
        "spend_28": total(table.spend, last),
        "clicks_28": total(table.clicks, last),
        "orders_28": total(orders, last),
        "revenue_28": total(table.revenue, last),
        "ctr_raw": raw_rate(on_shown, shown),
        "ctr": ctr.mean,
        "cpc_raw": raw_rate(spend, clicks),
        "cpc": np.where(np.isfinite(cpc), cpc, 0.0),
        "cvr_raw": raw_rate(bought, tried),
        "cvr": cvr.mean,
        "cvr_low": cvr.low,
        "cvr_high": cvr.high,
        "aov": value.revenue,
        "roas_raw": raw_rate(revenue, spend),
        "orders_at_scale": at_scale,
        "clicks_at_scale": expected_clicks,
        "elasticity": (fitted.weight * fitted.level) @ shapes.elasticity / at_scale,
        "dispersion": fitted.dispersion,
        "level_cv": fitted.level_cv,
        "margin_known": value.margin_known,
        "value_source": value.source,
    }


def _states(
    snapshot: Snapshot, settings: ResponseSettings, table: Panel, reach: delivery.Reach, clicks: FloatArray
) -> tuple[str, ...]:
    """A word a budget, from its last seven days with spend."""
    recent = table.live & (np.cumsum(table.live[:, ::-1], axis=1)[:, ::-1] <= 7)
    days = np.maximum(recent.sum(axis=1), 1)
    short = (recent & reach.short).sum(axis=1) / days
    with np.errstate(invalid="ignore", divide="ignore"):
        used = np.nan_to_num(table.spend / table.amount) >= 0.95
    limited = (recent & used).sum(axis=1) / days
    live = table.live.sum(axis=1)
    words = []
    for index, budget in enumerate(snapshot.budgets):
        if budget.status is not BudgetStatus.ACTIVE:
            words.append("paused")
        elif live[index] < settings.learning_days or clicks[index] < settings.learning_clicks:
            words.append("learning")
        elif short[index] > 0.5:
            words.append("saturated")
        elif limited[index] > 0.5:
            words.append("budget-limited")
        else:
            words.append("active")
    return tuple(words)
