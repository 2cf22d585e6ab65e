"""Checks of single lines: each Held names its budget, which then stays at what it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.catalog import Budget, BudgetStatus
from bidder.guard.case import Case, Check, exact, least, shown, unit
from bidder.money import MICROS
from bidder.plan import Held

__all__ = ["LINE_CHECKS"]

JUMP = 3
"""A change by more than this factor, up or down, is taken for a mistaken unit, whatever the configuration says."""

FOREIGN_REST = timedelta(hours=24)
"""For so long a budget that somebody else moved is left alone."""


def left_alone(case: Case) -> Iterator[Held]:
    """Budgets that are paused, removed, held, lately moved by others, or with an open write are not written."""
    changes = {change.budget: change for change in case.plan.changes}
    for budget in case.snapshot.budgets:
        change = changes.get(budget.id)
        if change is None or change.before is None or not change.moves:
            continue
        if budget.status is not BudgetStatus.ACTIVE:
            yield Held("left_alone", f"it is {budget.status.value}, and would be written", budget.id)
        elif budget.id in case.snapshot.unresolved:
            yield Held("left_alone", "its last write has no known outcome, and it would be written again", budget.id)
        elif (at := case.snapshot.foreign.get(budget.id)) is not None and case.snapshot.as_of - at < FOREIGN_REST:
            yield Held("left_alone", "somebody else moved it within 24 h, and it would be written", budget.id)
        elif budget.id in case.snapshot.held:
            yield Held("left_alone", f"{case.snapshot.held[budget.id]}, and it would be written", budget.id)
        elif budget.id in case.snapshot.lowers and change.after > change.before:
            yield Held("left_alone", f"{case.snapshot.lowers[budget.id]}, and it would rise", budget.id)


def platform_takes_it(case: Case) -> Iterator[Held]:
    """Amounts that move lie between the platform's minimum and maximum, and on its step."""
    for _, budget, change in case.lines:
        after = change.after
        if not change.moves:
            continue
        if budget.minimum is not None and after < budget.minimum:
            yield Held("platform_takes_it", f"{after} is below the platform's minimum {budget.minimum}", budget.id)
        elif budget.maximum is not None and after > budget.maximum:
            yield Held("platform_takes_it", f"{after} is above the platform's maximum {budget.maximum}", budget.id)
        elif after.micros % unit(budget):
            yield Held("platform_takes_it", f"{after} is off the platform's step", budget.id)


def units_plausible(case: Case) -> Iterator[Held]:
    """No amount is more than three times or less than a third of the one in force: that is how a wrong unit looks.

    Down to the platform's minimum, to where stock stops a budget, or where today's amounts pass a cap, it may fall.
    """
    for index, budget, change in case.lines:
        if change.before is None or change.before.micros <= 0:
            continue
        before, after = change.before.micros, change.after.micros
        if after > JUMP * before and Fraction(after, MICROS) > least(budget):
            reason = f"{change.before} → {change.after} is more than {JUMP} times as much: a wrong unit?"
            yield Held("units_plausible", reason, budget.id)
        elif after * JUMP < before and not case.passes_caps_today:
            stop = float(case.stops[index])
            if not isfinite(stop) or case.in_shop(change.after) < exact(stop) - case.unit(budget):
                reason = f"{change.before} → {change.after} is less than a third: a wrong unit?"
                yield Held("units_plausible", reason, budget.id)


def within_step(case: Case) -> Iterator[Held]:
    """No budget moves by more than its step: that of its rule, else of `guard`. What has to stop may fall further."""
    for index, budget, change in case.some(_beyond_step(case)):
        assert change.before is not None
        up, down = _own_step(case, budget)
        low, high = (float(side[index]) for side in case.step_windows)
        now, after = case.in_shop(change.before), case.in_shop(change.after)
        smallest = least(budget) * case.rate(budget.currency)
        highest = exact(high) if isfinite(high) else now + exact(up) * max(now, smallest)
        lowest = exact(low) if isfinite(low) else now * (1 - exact(down))
        if after > max(_grain(highest), smallest):
            reason = f"{change.before} → {change.after} is beyond its step, at most {shown(highest)}"
            yield Held("within_step", reason, budget.id)
        elif after < min(lowest, now) - case.unit(budget) and not case.forced_down[index]:
            reason = f"{change.before} → {change.after} is beyond its step, at least {shown(lowest)}"
            yield Held("within_step", reason, budget.id)


def _own_step(case: Case, budget: Budget) -> tuple[float, float]:
    """The step of the settings, up and down, where no rule has one."""
    driven = case.settings.target_driven.step
    return (driven, driven) if budget.target_driven else (case.settings.raise_, case.settings.cut)


def _beyond_step(case: Case) -> NDArray[np.bool_]:
    """Lines that floats find beyond their step: these get the exact look."""
    low, high = (side[case.positions] for side in case.step_windows)
    own = np.array([_own_step(case, line.budget) for line in case.lines]).reshape(-1, 2)
    high = np.where(np.isfinite(high), high, case.before * (1 + own[:, 0]))
    low = np.where(np.isfinite(low), low, case.before * (1 - own[:, 1]))
    beyond = (case.after > high) | (case.after < np.minimum(low, case.before))
    return np.asarray(beyond & (case.after != case.before) & ~np.isnan(case.before))


def within_bounds(case: Case) -> Iterator[Held]:
    """What rises, or was never read, lies within its bounds after rounding."""
    lowest, highest = case.lowest[case.positions], case.windows[1][case.positions]
    falls = case.after <= case.before  # false where the amount in force was never read
    for index, budget, change in case.some(~falls & ((case.after > highest) | (case.after < lowest))):
        lower, upper = float(case.lowest[index]), float(case.windows[1][index])
        after = case.in_shop(change.after)
        if isfinite(upper) and after > _grain(exact(upper)):
            yield Held("within_bounds", f"{shown(after)} is above {upper:.2f}", budget.id)
        elif isfinite(lower) and after < exact(lower) - case.unit(budget):
            yield Held("within_bounds", f"{shown(after)} is below {lower:.2f}", budget.id)


def figures_fresh(case: Case) -> Iterator[Held]:
    """The newest day of each account that would be written is not older than `stale_after`."""
    if not case.settings.check_history:
        return
    for account, moved in case.moved_accounts:
        limit = case.settings.stale_after.of(account.platform)
        newest = case.newest_day(account)
        if newest is None:
            reason = f"{account.id}: no figures at all"
        else:
            age = case.snapshot.as_of - AccountDay(account.timezone, newest).end_at
            if age <= limit:
                continue
            reason = f"{account.id}: newest figures are of {newest}, {_hours(age)} old, at most {_hours(limit)}"
        for budget in moved:
            yield Held("figures_fresh", reason, budget)


def history_sufficient(case: Case) -> Iterator[Held]:
    """Each account that would be written has been watched for `min_history`."""
    if not case.settings.check_history:
        return
    history, needed = case.snapshot.history, case.settings.min_history
    for account, moved in case.moved_accounts:
        mine = case.rows_of(account)
        days = len(np.unique(history.day[mine]))
        clicks = float(np.nansum(history.clicks[mine]))
        if days < needed.days and clicks < needed.or_clicks:
            seen = f"{account.id}: {days} days and {clicks:.0f} clicks seen"
            for budget in moved:
                yield Held("history_sufficient", f"{seen}, {needed.days} or {needed.or_clicks} needed", budget)


LINE_CHECKS: tuple[Check, ...] = (
    left_alone,
    platform_takes_it,
    units_plausible,
    within_step,
    within_bounds,
    figures_fresh,
    history_sufficient,
)


def _grain(bound: Fraction) -> Fraction:
    """A bound came as a float: a billionth more than it says is still it."""
    return bound + abs(bound) / 10**9


def _hours(age: timedelta) -> str:
    return f"{age.total_seconds() / 3600:.0f} h"
