"""From what a shop's decision stands on to a Case: what orders leave, what budgets did, the price of their money.

Snapshot, curves and plan come as they are; nothing is estimated twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

import numpy as np

from bidder.bidding import Lever, LeverId, LeverReport
from bidder.bids.case import BudgetFacts, Case, Moved
from bidder.bids.figures import Figures
from bidder.bids.settings import BidSettings
from bidder.bids.targets import has_room
from bidder.catalog import BudgetStatus, Product
from bidder.ids import AccountId, BudgetId
from bidder.money import MICROS
from bidder.plan import Allocation, Plan
from bidder.response.curve import Curves
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, Snapshot

__all__ = ["WINDOW", "budget_facts", "case_of", "not_used_up", "worth_of"]

WINDOW = 56
"""Days of reports that bids are decided on."""


def case_of(
    snapshot: Snapshot,
    curves: Curves,
    allocation: Allocation,
    plan: Plan,
    levers: Sequence[Lever],
    reports: Iterable[LeverReport],
    moves: Mapping[LeverId, Sequence[Moved]],
    settings: Mapping[AccountId, BidSettings],
    *,
    written: Collection[BudgetId] = (),
    profit: bool = True,
    as_of: datetime | None = None,
) -> Case:
    """The case of a decided day. `written` are budgets that were written on it beside those that `plan` moves.

    `profit`: whether the plan's objective is profit; of another one the price of a yuan is not money, and what
    binds a budget is then all that its bids are divided by.
    """
    price = max(float(allocation.value_of_total), 0.0) if profit else 0.0
    moving = {change.budget for change in plan.moved} | set(written)
    return Case(
        day=snapshot.day,
        levers=levers,
        figures=Figures.of(levers, reports, snapshot.day, WINDOW, as_of or snapshot.as_of),
        worth=worth_of(levers, snapshot),
        budgets=budget_facts(snapshot, price, moving, curves.facts.get("elasticity")),
        moves=moves,
        settings=settings,
    )


def worth_of(levers: Sequence[Lever], snapshot: Snapshot) -> dict[LeverId, float]:
    """What an order of each lever leaves before ad spend, in millionths of its currency; left out where unknown.

    A lever that names no product has the mean of its budget's, where every one of them is known.
    """
    products = {one.id: _contribution(one, snapshot) for one in snapshot.products}
    carried = {one.id: one.products for one in snapshot.budgets}
    found = {}
    for lever in levers:
        named = (lever.product,) if lever.product is not None else carried.get(lever.budget, ()) if lever.budget else ()
        each = [products.get(one) for one in named]
        known = [one for one in each if one is not None]
        rate = _rate(lever, snapshot)
        if known and len(known) == len(each) and rate is not None:
            found[lever.id] = sum(known) / len(known) / rate * MICROS
    return found


def _contribution(product: Product, snapshot: Snapshot) -> float | None:
    """Contribution of an order, in the shop's currency."""
    if product.price is None or product.margin is None or not np.isfinite(product.margin):
        return None
    try:
        return product.price.to_float() * snapshot.rate(product.price.currency) * product.margin
    except KeyError:
        return None


def _rate(lever: Lever, snapshot: Snapshot) -> float | None:
    try:
        return snapshot.rate(lever.currency)
    except KeyError:
        return None


def budget_facts(
    snapshot: Snapshot,
    price: float = 0.0,
    moving: Collection[BudgetId] = (),
    elasticity: FloatArray | None = None,
) -> dict[BudgetId, BudgetFacts]:
    """What each budget was, spent and is worth, by account day. Budgets that are held or unresolved count as moving."""
    spent, amounts = _by_day(snapshot)
    days = [date.fromordinal(snapshot.today - back + EPOCH_ORDINAL) for back in range(WINDOW, 0, -1)]
    usual = BudgetFacts(None).elasticity
    power = np.full(len(snapshot.budgets), usual) if elasticity is None else elasticity
    return {
        budget.id: BudgetFacts(
            now=None if budget.now is None else budget.now.micros,
            price=price,
            amounts=_known(days, amounts[index]),
            spent=_known(days, spent[index]),
            moves=budget.id in moving or budget.id in snapshot.unresolved or budget.id in snapshot.held,
            elasticity=float(power[index]) if 0 < power[index] < 1 else usual,
        )
        for index, budget in enumerate(snapshot.budgets)
    }


def not_used_up(snapshot: Snapshot) -> tuple[BudgetId, ...]:
    """Active budgets steered by a target that were used up on none of the last three days, by id.

    To change such a budget does nothing (OPERATOR 2). One whose days are not all known is not among them.
    """
    if not any(one.target_driven for one in snapshot.budgets):
        return ()
    facts = budget_facts(snapshot)
    steered = [one for one in snapshot.budgets if one.target_driven and one.status is BudgetStatus.ACTIVE]
    return tuple(sorted(one.id for one in steered if has_room(facts[one.id], snapshot.day)))


def _by_day(snapshot: Snapshot) -> tuple[FloatArray, FloatArray]:
    """Spend and daily budget of each budget (n, WINDOW) in micros of its currency; NaN where no report says it."""
    history, size = snapshot.history, len(snapshot.budgets)
    rows = (history.day >= snapshot.today - WINDOW) & (history.day < snapshot.today)
    cell = history.budget[rows] * WINDOW + (history.day[rows] - snapshot.today + WINDOW)
    spend, amount = history.spend[rows], history.amount[rows]
    told = np.bincount(cell, np.isfinite(spend), size * WINDOW) > 0
    spent = np.where(told, np.bincount(cell, np.nan_to_num(spend), size * WINDOW), np.nan)
    most = np.full(size * WINDOW, -np.inf)
    np.maximum.at(most, cell, np.where(np.isfinite(amount), amount, -np.inf))
    shape = (size, WINDOW)
    return spent.reshape(shape) * MICROS, np.where(np.isfinite(most), most, np.nan).reshape(shape) * MICROS


def _known(days: Sequence[date], column: FloatArray) -> dict[date, int]:
    return {day: round(float(one)) for day, one in zip(days, column, strict=True) if np.isfinite(one)}
