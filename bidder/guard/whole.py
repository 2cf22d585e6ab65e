"""Checks of the plan as a whole: a Held of these holds all of it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from bidder.guard.case import Case, Check, exact, shown
from bidder.ids import BudgetId
from bidder.limits import Priority
from bidder.money import Currency, Money
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
    for _, budget, change in case.lines:
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
    for index, budget, _ in case.lines:
        if not covered[index]:
            yield Held("limits_present", f"{budget.id}: no absolute cap holds it; set budget.day.max or --total")
            return


def rates_known(case: Case) -> Iterator[Held]:
    """No account is left out for want of an exchange rate: what it has in force could not count towards the caps."""
    for reason in case.snapshot.unpriced.values():
        yield Held("rates_known", f"{reason}; write it under rates, as what is in force there counts towards the caps")


def within_absolute_caps(case: Case) -> Iterator[Held]:
    """No absolute cap is passed by the plan, nor by what of it can be written. What only lowers may go on."""
    lines = case.lines
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
    after = [change.after for _, _, change in case.lines]
    before = [change.before for _, _, change in case.lines]
    for limit in case.at_most:
        left = case.left(limit, after)
        if limit.priority >= Priority.ABSOLUTE or left >= -case.slop(limit):
            continue
        floors = np.maximum(case.windows[0], 0.0) * limit.weights
        room = exact(limit.bound) - exact(float(floors[case.positions].sum()))
        if left < min(case.left(limit, before), room, Fraction(0)) - case.slop(limit):
            reason = f"{limit.rule}: {shown(exact(limit.bound) - left)} planned, at most {shown(exact(limit.bound))}"
            yield Held("within_owner_limits", reason)


def not_too_much_moved(case: Case) -> Iterator[Held]:
    """Half of Σ|change| over today's total stays under `max_moved_share`; what caps and stock stop is left out.

    Changes are measured from what an event makes of the amounts in force.
    """
    total: dict[Currency, Fraction | int] = {}
    moved: dict[Currency, Fraction | int] = {}
    stops = case.stops[case.positions] < case.before
    ordinary, passes_caps = case.limits.reference is None, case.passes_caps_today
    for (at, _, change), stops_here in zip(case.lines, stops.tolist(), strict=True):
        if change.before is None:
            continue
        currency, new = change.before.currency, change.after.micros
        old: Fraction | int = change.before.micros
        if not ordinary:
            old = old * case.multiple(at)
        total[currency] = total.get(currency, 0) + old
        if new > old or not (stops_here or passes_caps):
            moved[currency] = moved.get(currency, 0) + (new - old if new > old else old - new)
    before = sum((case.rate(c) * micros for c, micros in total.items()), Fraction(0))
    share = (
        sum((case.rate(c) * micros for c, micros in moved.items()), Fraction(0)) / 2 / before if before else Fraction(0)
    )
    if share > exact(case.settings.max_moved_share):
        limit = show_percent(case.settings.max_moved_share)
        yield Held("not_too_much_moved", f"{float(share):.1%} of the money would move, at most {limit}")


PLAN_CHECKS: tuple[Check, ...] = (
    all_budgets_planned,
    amounts_sound,
    limits_present,
    rates_known,
    within_absolute_caps,
    within_owner_limits,
    not_too_much_moved,
)
