"""The rules of the brake written down a second time, line by line and without any cleverness: what test 35 compares.

It shares nothing with `bidder.guard` but the objects of the domain. Everything is a fraction in the shop's currency.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import inf, isfinite

from bidder.catalog import Budget, BudgetStatus, Mode
from bidder.guard import GuardSettings
from bidder.limits import Limit, Limits, Priority, Quantity, Sense
from bidder.money import MICROS, Money, minor_unit
from bidder.plan import Change, Plan
from bidder.snapshot import Snapshot

__all__ = ["verdict"]

Named = tuple[str, str]
"""(check, budget); the budget is empty where the whole plan is held."""


def number(value: float) -> Fraction:
    return Fraction(Decimal(repr(float(value))))


class Plain:
    """One plan, looked at."""

    def __init__(self, plan: Plan, limits: Limits, shop: Snapshot, settings: GuardSettings) -> None:
        self.limits, self.shop, self.settings = limits, shop, settings
        changes = {change.budget: change for change in plan.changes}
        self.lines = [
            (place, budget, changes[budget.id])
            for place, budget in enumerate(shop.budgets)
            if budget.status is BudgetStatus.ACTIVE
        ]
        self.changes = [(budget, changes[budget.id]) for budget in shop.budgets]
        owned = [
            one
            for one in limits.limits
            if one.quantity is Quantity.AMOUNT and one.sense is Sense.AT_MOST and one.priority >= Priority.OWNER_CAP
        ]
        self.absolute = [one for one in owned if one.priority >= Priority.ABSOLUTE]
        self.owners = [one for one in owned if one.priority < Priority.ABSOLUTE]
        now = {budget.id: budget.now for budget in shop.budgets}
        self.passed = [one for one in owned if self.sum(one, now) > number(one.bound)]
        self.money_must_stop = any(one.priority >= Priority.ABSOLUTE for one in self.passed)

    def worth(self, amount: Money) -> Fraction:
        rate = Fraction(1) if amount.currency == self.shop.currency else number(self.shop.exchange[amount.currency])
        return Fraction(amount.micros, MICROS) * rate

    def unit(self, budget: Budget) -> int:
        return budget.step.micros if budget.step is not None else minor_unit(budget.currency)

    def unit_worth(self, budget: Budget) -> Fraction:
        return self.worth(Money(self.unit(budget), budget.currency))

    def least(self, budget: Budget) -> Fraction:
        unit, minimum = self.unit(budget), 0 if budget.minimum is None else budget.minimum.micros
        steps = minimum // unit + (1 if minimum % unit else 0)
        return self.worth(Money((steps or 1) * unit, budget.currency))

    def sum(self, limit: Limit, amounts: object) -> Fraction:
        total = Fraction(0)
        for place, budget, _ in self.lines:
            amount = amounts[budget.id]  # type: ignore[index]  # a mapping by budget
            if amount is not None:
                total += number(limit.weights[place]) * self.worth(amount)
        return total

    def slack(self, limit: Limit) -> Fraction:
        plain = all(weight in (0.0, 1.0) for weight in limit.weights)
        one = all(budget.currency == self.shop.currency for budget in self.shop.budgets)
        return Fraction(0) if plain and one else abs(number(limit.bound)) / 1_000_000_000

    def window(self, place: int) -> tuple[float, float]:
        low, high = -inf, inf
        for bounds in sorted(self.limits.bounds, key=lambda one: -one.priority):
            high = max(min(high, float(bounds.upper[place])), low)
            low = min(max(low, float(bounds.lower[place])), high)
        return low, high

    def a_little_more(self, value: Fraction) -> Fraction:
        return value + abs(value) / 1_000_000_000

    # ---- single lines

    def left_alone(self, budget: Budget, change: Change) -> bool:
        if change.before is None or change.after == change.before:
            return False
        shop, name = self.shop, budget.id
        moved = shop.foreign.get(name)
        rises = change.after.micros > change.before.micros
        return (
            budget.status is not BudgetStatus.ACTIVE
            or name in shop.unresolved
            or (moved is not None and moved > shop.as_of - timedelta(hours=24))
            or name in shop.held
            or (name in shop.lowers and rises)
        )

    def not_taken(self, budget: Budget, change: Change) -> bool:
        if change.after == change.before:
            return False
        low = budget.minimum is not None and change.after.micros < budget.minimum.micros
        high = budget.maximum is not None and change.after.micros > budget.maximum.micros
        return low or high or change.after.micros % self.unit(budget) != 0

    def wrong_unit(self, place: int, budget: Budget, change: Change) -> bool:
        if change.before is None or change.before.micros == 0:
            return False
        before, after = Fraction(change.before.micros), Fraction(change.after.micros)
        if after > 3 * before:
            return self.worth(change.after) > self.least(budget)
        if after < before / 3 and not self.money_must_stop:
            stops = [float(one.upper[place]) for one in self.limits.bounds if one.priority >= Priority.STOCK]
            stop = min(stops, default=inf)
            return stop == inf or self.worth(change.after) < number(stop) - self.unit_worth(budget)
        return False

    def beyond_step(self, place: int, budget: Budget, change: Change) -> bool:
        if change.before is None or change.after == change.before:
            return False
        now, after, least = self.worth(change.before), self.worth(change.after), self.least(budget)
        s = self.settings
        up, down = (s.target_driven.step,) * 2 if budget.target_driven else (s.raise_, s.cut)
        steps = [one for one in self.limits.bounds if Priority.STEP <= one.priority < Priority.OWNER_CAP]
        high = min((float(one.upper[place]) for one in steps), default=inf)
        low = max((float(one.lower[place]) for one in steps), default=-inf)
        most = number(high) if isfinite(high) else now + number(up) * max(now, least)
        fewest = number(low) if isfinite(low) else now * (1 - number(down))
        if after > self.a_little_more(most) and after > least:
            return True
        return after < min(fewest, now) - self.unit_worth(budget) and not self.pushed(place)

    def pushed(self, place: int) -> bool:
        """Whether something above steps pushes the budget down."""
        now = self.shop.now
        above = [one for one in self.limits.bounds if one.priority > Priority.STEP]
        own = any(one.upper[place] < now[place] for one in above)
        floors = any((one.lower > now).any() for one in above if one.priority >= Priority.OWNER_CAP)
        return own or floors or any(one.weights[place] > 0 for one in self.passed)

    def out_of_bounds(self, place: int, budget: Budget, change: Change) -> bool:
        if change.before is not None and change.after.micros <= change.before.micros:
            return False
        low, high = self.window(place)
        firm = [float(one.lower[place]) for one in self.limits.bounds if one.priority > Priority.WISH]
        low = min(low, max(firm, default=-inf))
        after = self.worth(change.after)
        if high < inf and after > self.a_little_more(number(high)):
            return True
        return low > -inf and after < number(low) - self.unit_worth(budget)

    def held_lines(self) -> set[Named]:
        found = {("left_alone", str(budget.id)) for budget, change in self.changes if self.left_alone(budget, change)}
        for place, budget, change in self.lines:
            name = str(budget.id)
            seen = {
                "platform_takes_it": self.not_taken(budget, change),
                "units_plausible": self.wrong_unit(place, budget, change),
                "within_step": self.beyond_step(place, budget, change),
                "within_bounds": self.out_of_bounds(place, budget, change),
            }
            found |= {(check, name) for check, held in seen.items() if held}
        return found

    # ---- the whole plan

    def held_whole(self, lines: set[Named]) -> set[Named]:
        found = set()
        modes = {account.id: account.mode for account in self.shop.accounts}
        stays = {name for _, name in lines}
        if any(mode is not Mode.OBSERVE for mode in modes.values()):
            stays |= {str(b.id) for b in self.shop.budgets if modes[b.id.account] is Mode.OBSERVE}
        before = {budget.id: change.before for budget, change in self.changes}
        after = {budget.id: change.after for budget, change in self.changes}
        if any(change.after.micros <= 0 for _, _, change in self.lines):
            found.add(("amounts_sound", ""))
        if any(not any(one.weights[place] > 0 for one in self.absolute) for place, _, _ in self.lines):
            found.add(("limits_present", ""))
        for staying in (set(), stays):
            written = [change for _, budget, change in self.lines if str(budget.id) not in staying]
            if all(one.before is not None and one.after.micros <= one.before.micros for one in written):
                continue
            there = {b.id: before[b.id] if str(b.id) in staying else after[b.id] for b in self.shop.budgets}
            if any(self.sum(one, there) > number(one.bound) + self.slack(one) for one in self.absolute):
                found.add(("within_absolute_caps", ""))
        for one in self.owners:
            floors = sum(
                (number(max(self.window(place)[0], 0.0) * one.weights[place]) for place, _, _ in self.lines),
                Fraction(0),
            )
            most = max(number(one.bound), self.sum(one, before), floors)
            if self.sum(one, after) > most + self.slack(one):
                found.add(("within_owner_limits", ""))
        if self.moved_share() > number(self.settings.max_moved_share):
            found.add(("not_too_much_moved", ""))
        return found

    def moved_share(self) -> Fraction:
        total, moved = Fraction(0), Fraction(0)
        for place, _, change in self.lines:
            if change.before is None:
                continue
            old, new = self.worth(change.before), self.worth(change.after)
            if self.limits.reference is not None:
                old *= number(self.limits.reference[place]) / number(self.shop.now[place])
            stops = [float(one.upper[place]) for one in self.limits.bounds if one.priority >= Priority.STOCK]
            stopped = min(stops, default=inf) < self.worth(change.before) or self.money_must_stop
            total += old
            moved += Fraction(0) if stopped and new <= old else abs(new - old)
        return moved / 2 / total if total else Fraction(0)


def verdict(plan: Plan, limits: Limits, shop: Snapshot, settings: GuardSettings) -> set[Named]:
    """(check, budget) of everything that holds the plan, but for how fresh and how long its history is."""
    plain = Plain(plan, limits, shop, settings)
    lines = plain.held_lines()
    return plain.held_whole(lines) | lines
