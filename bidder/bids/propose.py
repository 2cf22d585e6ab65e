"""Case → Proposals: the bid that a click is worth, beside the price of its budget's money. Pure; docs/bids.md says why.

bid = orders a click × contribution an order × keep-share / (1 + λ). The parts stand in `value`, `landscape`, `pace`,
`aims` and `steps`; targets in `targets`. Whatever is not known holds: a lever that stays says why.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import timedelta
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from bidder.bidding import Lever, LeverKind
from bidder.bids import pace
from bidder.bids.aims import Bids, aims
from bidder.bids.case import BudgetFacts, Case, Proposal, Proposals, Why
from bidder.bids.figures import Figures
from bidder.bids.landscape import landscape
from bidder.bids.settings import BidSettings
from bidder.bids.steps import Room, stepped
from bidder.bids.targets import idle_budgets, target
from bidder.bids.value import conversion
from bidder.ids import BudgetId
from bidder.money import minor_unit
from bidder.response.rates import Z_80
from bidder.snapshot import FloatArray, IntArray

__all__ = ["propose"]

LEARNING_SHARE = 0.5
"""Part of the step of a bid whose own clicks are few, and whose product's are not."""

RANK_DAYS = 7
EASY = 0.8
"""A mean position ahead of this part of the goal lets the bid fall."""


def propose(case: Case) -> Proposals:
    """What each lever should be today and why, in the order of `case.levers`. Names and that order decide nothing."""
    figures = case.figures.aligned(case.levers)
    order = figures.order(case.levers, case.worth)
    levers = [case.levers[i] for i in order]
    figures = figures.aligned(levers)
    stale = _stale(levers, figures, case)
    bids = np.array([lever.id.kind.bid for lever in levers], dtype=np.bool_)
    lines: list[Proposal | None] = [None] * len(levers)
    for row in np.flatnonzero(~bids):
        lines[row] = target(levers[row], figures, int(row), case, stale=bool(stale[row]))
    if bids.any():
        rows = np.flatnonzero(bids)
        for row, one in zip(rows, _bids([levers[i] for i in rows], figures, stale[rows], case), strict=True):
            lines[row] = one
    back: list[Proposal | None] = [None] * len(levers)
    for place, line in zip(order, lines, strict=True):
        back[place] = line
    return Proposals(tuple(line for line in back if line is not None), idle_budgets(case))


def _stale(levers: Sequence[Lever], figures: Figures, case: Case) -> NDArray[np.bool_]:
    stale = np.zeros(len(levers), dtype=np.bool_)
    accounts = [lever.id.account for lever in levers]
    for account in set(accounts):
        rows = np.array([one == account for one in accounts])
        age = figures.fresh(rows)
        stale[rows] = age is None or timedelta(days=age) > case.of(account).stale_after
    return stale


def _bids(levers: Sequence[Lever], every: Figures, stale: NDArray[np.bool_], case: Case) -> list[Proposal]:
    figures = every.aligned(levers).gathered(levers)
    product = _numbers([(lever.id.account, lever.product or lever.campaign or lever.budget) for lever in levers])
    group = _numbers([(int(p), lever.campaign, lever.ad_group) for p, lever in zip(product, levers, strict=True)])
    worth = np.array([case.worth.get(lever.id, np.nan) for lever in levers], dtype=np.float64)
    rates = conversion(figures, product, group, case.late, _guess(levers, worth, case))
    keep = np.array([case.of(lever.id.account).keep_share for lever in levers])
    now = np.array([np.nan if lever.now is None or lever.now <= 0 else float(lever.now) for lever in levers])
    value = figures.in_force(levers, case.moves, case.day)
    figures = replace(figures, value=value)
    budget = _numbers([lever.budget if lever.budget is not None else ("none", i) for i, lever in enumerate(levers)])
    members = [np.flatnonzero(budget == number) for number in range(int(budget.max()) + 1)]
    ended = np.zeros(figures.clicks.shape, dtype=np.bool_)
    for rows in members:
        ended[rows] = _ended(figures, rows, _facts(case, levers[int(rows[0])].budget), case)[0]
    shape = landscape(figures, ended)
    columns = Bids(now, rates.rate * worth * keep, worth, product, rates, shape, figures.spend, figures.clicks, value)
    lines: list[Proposal | None] = [None] * len(levers)
    for rows in members:
        facts = _facts(case, levers[int(rows[0])].budget)
        days, amount = _ended(figures, rows, facts, case)
        price, wish = aims(columns, rows, facts, days, amount)
        for row, aim in zip(rows, wish, strict=True):
            lines[row] = _line(levers[int(row)], int(row), aim, price, columns, facts, figures, bool(stale[row]), case)
    return [line for line in lines if line is not None]


def _guess(levers: Sequence[Lever], worth: FloatArray, case: Case) -> FloatArray:
    """The log of orders a click that bids stand for as people set them, before bidder moved any; NaN unknown."""
    first = [case.moves[one.id][0].before if case.moves.get(one.id) else one.now for one in levers]
    bids = np.array([np.nan if one is None or one <= 0 else float(one) for one in first])
    sound = np.where(worth > 0, worth, np.nan)
    return np.asarray(np.log(bids) - np.log(sound))


def _facts(case: Case, budget: BudgetId | None) -> BudgetFacts | None:
    return None if budget is None else case.budgets.get(budget)


def _ended(figures: Figures, rows: IntArray, facts: BudgetFacts | None, case: Case) -> tuple[NDArray[np.bool_], float]:
    """Days on which the budget ended early, and its amount for these levers: less what others spend of it."""
    none = np.zeros(figures.days, dtype=np.bool_)
    if facts is None or facts.now is None or facts.now <= 0:
        return none, float("nan")
    days = [case.day - timedelta(days=back) for back in range(figures.days, 0, -1)]
    amounts = np.array([facts.amounts.get(day, facts.now) for day in days], dtype=np.float64)
    mine = np.nan_to_num(figures.spend[rows]).sum(axis=0)
    spent = np.array([facts.spent.get(day, np.nan) for day in days], dtype=np.float64)
    spent = np.where(np.isfinite(spent), spent, mine)
    others = np.maximum(spent - mine, 0.0)[-7:].mean()
    return spent >= pace.BOUND * amounts, max(facts.now - float(others), 0.1 * facts.now)


def _line(
    lever: Lever,
    row: int,
    wish: float,
    price: float,
    all_: Bids,
    facts: BudgetFacts | None,
    figures: Figures,
    stale: bool,
    case: Case,
) -> Proposal:
    """One bid's proposal: what holds it, else its step."""
    settings, rates = case.of(lever.id.account), all_.rates
    click = float(all_.click[row])
    spread = Z_80 * float(np.hypot(rates.own_sd[row], rates.shared_sd[row]))
    seen = {
        "click": click,
        "low": click * float(np.exp(-spread)),
        "high": click * float(np.exp(spread)),
        "price": price,
        "cvr": float(rates.rate[row]),
        "clicks": float(rates.clicks[row]),
        "orders": float(rates.orders[row]),
    }
    held = _held(lever, row, all_, facts, settings, stale)
    if held is not None:
        return Proposal(lever, lever.now, held, **seen)
    now = float(all_.now[row])
    room = _room(lever, settings)
    asked = _goal(lever, row, now, click, figures, settings)
    aim = max(wish, asked)
    share = 1.0 if rates.clicks[row] >= settings.min_clicks else LEARNING_SHARE
    after, stays = stepped(int(now), aim, room, case.day, case.moves.get(lever.id, ()), share)
    why = stays if stays is not None else _why(click, wish, asked, now, price)
    return Proposal(lever, after, why, wish=float(aim), **seen)


def _held(
    lever: Lever, row: int, all_: Bids, facts: BudgetFacts | None, settings: BidSettings, stale: bool
) -> Why | None:
    if not lever.active:
        return Why.PAUSED
    if not isfinite(all_.now[row]) or lever.inherited:
        return Why.UNKNOWN
    if stale:
        return Why.STALE
    if not isfinite(all_.worth[row]):
        return Why.NO_MARGIN
    if facts is None or facts.now is None or facts.now <= 0 or not isfinite(facts.price):
        return Why.NO_BUDGET
    if facts.moves:
        return Why.BUDGET_MOVES
    unused = lever.id.kind is LeverKind.AD_GROUP and all_.rates.clicks[row] == 0  # every word has a bid of its own
    if unused or max(all_.rates.clicks[row], all_.rates.around[row]) < settings.min_clicks:
        return Why.FEW_CLICKS
    return None


def _why(click: float, wish: float, asked: float, now: float, price: float) -> Why:
    if click <= 0:
        return Why.NO_WORTH
    if asked > wish:
        return Why.GOAL
    if wish > now:
        return Why.WORTH_MORE
    return Why.MONEY_DEAR if click > now and price > 1 else Why.WORTH_LESS


def _goal(lever: Lever, row: int, now: float, click: float, figures: Figures, settings: BidSettings) -> float:
    """The bid that the asked position needs, at most what a click is worth; 0 without a goal."""
    need = 0.0
    if settings.first_page and lever.first_page is not None:
        need = float(lever.first_page)
    if settings.rank is not None:
        shown = np.nan_to_num(figures.impressions[row, -RANK_DAYS:])
        rank = np.nan_to_num(figures.rank[row, -RANK_DAYS:])
        known = np.where(rank > 0, shown, 0.0)
        if known.sum() > 0:
            mean = float((known * rank).sum() / known.sum())
            behind, easy = mean > settings.rank, mean < EASY * settings.rank
            need = now * (1 + settings.step) if behind else 0.0 if easy else now
    return min(need, max(click, 0.0))


def _room(lever: Lever, settings: BidSettings) -> Room:
    floor, cap = settings.bounds(lever.currency)
    grain = lever.step or minor_unit(lever.currency)
    low = max(floor or 0, lever.minimum or 0, grain)
    highs = [one for one in (cap, lever.maximum) if one is not None]
    return Room(low, min(highs) if highs else None, settings.step, settings.rest, grain)


def _numbers(labels: Sequence[Hashable]) -> IntArray:
    """A number a label, by first appearance."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(label, len(known)) for label in labels], dtype=np.int64)
