"""Checks of the plan as a whole: a Held of these holds all of it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from bidder.guard.case import Case, Check, exact, shown
from bidder.ids import BudgetId
from bidder.limits import Priority, Quantity, Sense
from bidder.money import Money
from bidder.plan import Held
from bidder.written import show_percent

__all__ = ["PLAN_CHECKS"]


def all_budgets_planned(case: Case) -> Iterator[Held]:
    """The plan names each budget of the snapshot once, and no other, with the amount in force that was read."""
    budgets = {budget.id: budget for budget in case.snapshot.budgets}
    seen: dict[BudgetId, int] = {}
    for change in case.plan.changes:
        seen[change.budget] = seen.get(change.budget, 0) + 1
        if change.budget in budgets and change.before != budgets[change.budget].now:
            yield Held("all_budgets_planned", f"{change.budget}: planned from another amount than the one in force")
    for budget in budgets:
        if seen.get(budget, 0) != 1:
            yield Held("all_budgets_planned", f"{budget}: named {seen.get(budget, 0)} times in the plan")
    for budget in seen:
        if budget not in budgets:
            yield Held("all_budgets_planned", f"{budget}: in the plan, but no such budget is known")


def amounts_sound(case: Case) -> Iterator[Held]:
    """Every amount is a whole number of micros above zero, in its budget's own currency."""
    for _, budget, change in case.lines():
        after: object = change.after
        if not isinstance(after, Money) or type(after.micros) is not int:
            yield Held("amounts_sound", f"{budget.id}: expected a whole amount of money, was {after!r}")
        elif after.micros <= 0:
            yield Held("amounts_sound", f"{budget.id}: {after} {after.currency} is not above zero")
        elif after.currency != budget.currency:
            yield Held("amounts_sound", f"{budget.id}: planned in {after.currency}, the budget is in {budget.currency}")


def limits_present(case: Case) -> Iterator[Held]:
    """An absolute cap holds every budget in force: a cap that is missing must not mean no limit."""
    covered = np.zeros(len(case.snapshot.budgets), dtype=np.bool_)
    for limit in case.caps:
        covered |= np.asarray(limit.weights > 0)
    for index, budget, _ in case.lines():
        if not covered[index]:
            yield Held("limits_present", f"{budget.id}: no absolute cap holds it; set budget.day.max or --total")
            return


def within_absolute_caps(case: Case) -> Iterator[Held]:
    """No absolute cap is passed by the plan, nor by what of it can be written. What only lowers may go on."""
    lines = list(case.lines())
    for stays, what in ((frozenset[BudgetId](), "planned"), (case.stays, "in force with the lines that stay")):
        written = [change for _, _, change in lines if change.budget not in stays]
        if all(change.before is not None and change.after.micros <= change.before.micros for change in written):
            continue
        amounts: list[Money | None] = [c.before if c.budget in stays else c.after for _, _, c in lines]
        for limit in case.caps:
            left = case.left(limit, amounts)
            if left < -case.slop(limit):
                bound = exact(limit.bound)
                reason = f"{limit.rule}: {shown(bound - left)} {what}, at most {shown(bound)}"
                yield Held("within_absolute_caps", reason)


def within_owner_limits(case: Case) -> Iterator[Held]:
    """Caps that an owner wrote on some budgets hold, unless minimums pass them or the plan only comes nearer."""
    lines = list(case.lines())
    for limit in case.limits.limits:
        asked = Priority.OWNER_CAP <= limit.priority < Priority.ABSOLUTE
        if not asked or limit.quantity is not Quantity.AMOUNT or limit.sense is not Sense.AT_MOST:
            continue
        left = case.left(limit, [change.after for _, _, change in lines])
        before = case.left(limit, [change.before for _, _, change in lines])
        floors = [(case.window(index)[0] or Fraction(0)) * exact(limit.weights[index]) for index, _, _ in lines]
        room = exact(limit.bound) - sum(floors, Fraction(0))
        if left < min(before, room, Fraction(0)) - case.slop(limit):
            reason = f"{limit.rule}: {shown(exact(limit.bound) - left)} planned, at most {shown(exact(limit.bound))}"
            yield Held("within_owner_limits", reason)


def not_too_much_moved(case: Case) -> Iterator[Held]:
    """Half of Σ|change| over today's total stays under `max_moved_share`; what caps and stock stop is left out."""
    before = moved = Fraction(0)
    capped = case.passes_caps_today
    for index, _, change in case.lines():
        if change.before is None:
            continue
        old, new = case.in_shop(change.before), case.in_shop(change.after)
        stop = case.stop(index)
        stopped = new < old and (capped or (stop is not None and stop < old))
        before += old
        moved += Fraction(0) if stopped else abs(new - old) / 2
    share = moved / before if before else Fraction(0)
    if share > exact(case.settings.max_moved_share):
        limit = show_percent(case.settings.max_moved_share)
        yield Held("not_too_much_moved", f"{float(share):.1%} of the money would move, at most {limit}")


PLAN_CHECKS: tuple[Check, ...] = (
    all_budgets_planned,
    amounts_sound,
    limits_present,
    within_absolute_caps,
    within_owner_limits,
    not_too_much_moved,
)
