"""The target of a campaign that steers itself: looser while the last unit of money still earns, else tighter.

Such a campaign spends what its target lets it, so its average return follows the target. With results ∝ spend^a the
last unit of money brings a times the average (SCIENCE 3.1), and the best average is where a·contribution/spend is
1 + λ. The target moves by as much as the average has to; ROAS against, cost per order with it. Formulas: docs/bids.md.
"""

from __future__ import annotations

from datetime import date, timedelta
from math import exp, isfinite, log, sqrt

import numpy as np

from bidder.bidding import Lever, LeverKind
from bidder.bids.case import BudgetFacts, Case, Proposal, Why
from bidder.bids.figures import Figures
from bidder.bids.settings import BidSettings
from bidder.bids.steps import Room, stepped
from bidder.bids.value import completeness
from bidder.ids import BudgetId
from bidder.money import minor_unit

__all__ = ["has_room", "idle_budgets", "target"]

BINDING_DAYS = 3
"""A budget that was used up on none of so many days is not what holds a campaign back."""

BOUND = 0.95
"""A budget used to this part was used up."""

WINDOW = 14
"""Days of figures that a target is judged on: what it did before its last moves says little."""

LEAST_ORDERS = 5.0
"""Orders without which the return of a campaign is not known."""

DOUBT = 0.5
"""So many standard deviations of the return are left out of a move."""

RATIO_GRAIN = 10_000
"""A target ROAS is written in hundredths where the platform does not say."""


def target(lever: Lever, figures: Figures, row: int, case: Case, *, stale: bool) -> Proposal:
    """One target's proposal: what holds it, else a step of at most 10 % and then a rest of at least 5 days."""
    settings = case.of(lever.id.account)
    facts = None if lever.budget is None else case.budgets.get(lever.budget)
    worth = case.worth.get(lever.id, float("nan"))
    last = slice(max(0, figures.days - WINDOW), None)
    clicks, orders = figures.clicks[row, last], figures.orders[row, last]
    seen = {"clicks": float(np.nansum(clicks)), "orders": float(np.nansum(orders))}
    held = _held(lever, facts, worth, seen, settings, case.day, stale)
    if held is not None or facts is None or lever.now is None:
        return Proposal(lever, lever.now, held or Why.NO_BUDGET, **seen)
    part = completeness(figures, case.late)[last]
    spend = figures.spend[row, last]
    both = np.isfinite(orders) & np.isfinite(spend)
    cost = float((np.where(both, spend, 0.0) * part).sum())
    bought = float(np.where(both, orders, 0.0).sum())
    if bought < LEAST_ORDERS or cost <= 0:
        return Proposal(lever, lever.now, Why.FEW_CLICKS, **seen)
    earned = facts.elasticity * bought * worth / cost
    price = 1.0 + max(facts.price, 0.0)
    if earned <= 0:
        apart = -1.0
    else:
        raw = log(earned / price)
        apart = max(abs(raw) - DOUBT / sqrt(bought), 0.0) * (1 if raw > 0 else -1)
    factor = exp(-apart if lever.id.kind is LeverKind.TARGET_ROAS else apart)
    room = _room(lever, settings)
    wish = lever.now * factor
    after, stays = stepped(lever.now, wish, room, case.day, case.moves.get(lever.id, ()))
    why = stays if stays is not None else Why.TARGET_LOOSER if apart > 0 else Why.TARGET_TIGHTER
    return Proposal(lever, after, why, price=price, wish=wish, **seen)


def idle_budgets(case: Case) -> tuple[BudgetId, ...]:
    """Budgets of targets that were used up on none of the last three days, by id: to change them does nothing."""
    owners = {lever.budget for lever in case.levers if lever.budget is not None and not lever.id.kind.bid}
    return tuple(sorted(one for one in owners if one in case.budgets and has_room(case.budgets[one], case.day)))


def has_room(facts: BudgetFacts, day: date) -> bool:
    """Whether a budget was used up on none of the last three days; False where one of them is not known."""
    days = [day - timedelta(days=back) for back in range(1, BINDING_DAYS + 1)]
    known = [one for one in days if one in facts.spent]
    if facts.now is None or len(known) < BINDING_DAYS:
        return False
    return all(facts.spent[one] < BOUND * facts.amounts.get(one, facts.now) for one in known)


def _held(
    lever: Lever,
    facts: BudgetFacts | None,
    worth: float,
    seen: dict[str, float],
    settings: BidSettings,
    day: date,
    stale: bool,
) -> Why | None:
    if not lever.active:
        return Why.PAUSED
    if lever.now is None or lever.now <= 0 or lever.inherited:
        return Why.UNKNOWN
    if stale:
        return Why.STALE
    if not isfinite(worth):
        return Why.NO_MARGIN
    if facts is None or facts.now is None or not isfinite(facts.price):
        return Why.NO_BUDGET
    if facts.moves:
        return Why.BUDGET_MOVES
    if not has_room(facts, day):
        return Why.BUDGET_BINDS
    return Why.FEW_CLICKS if seen["clicks"] < settings.min_clicks else None


def _room(lever: Lever, settings: BidSettings) -> Room:
    usual = RATIO_GRAIN if lever.id.kind is LeverKind.TARGET_ROAS else minor_unit(lever.currency)
    grain = lever.step or usual
    low = max(lever.minimum or 0, grain)
    return Room(low, lever.maximum, settings.target.step, settings.target.rest, grain, whole=False)
