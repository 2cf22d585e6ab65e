"""guard(): runs every check on the final integers of a plan; self_test(): proves at start that it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np

from bidder.catalog import Account, Budget, Mode
from bidder.errors import UnsafePlan
from bidder.guard.case import Case, Check
from bidder.guard.lines import LINE_CHECKS
from bidder.guard.settings import GuardSettings
from bidder.guard.whole import PLAN_CHECKS
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.limits import Limit, Limits, Priority, Quantity, Sense
from bidder.money import MICROS, Currency, Money
from bidder.plan import Change, Held, Plan
from bidder.snapshot import History, Snapshot

__all__ = ["guard", "self_test"]


def guard(plan: Plan, limits: Limits, snapshot: Snapshot, settings: GuardSettings) -> tuple[Held, ...]:
    """All that holds this plan or lines of it; empty when it may be written. Never raises: a failing check holds."""
    case = Case(plan, limits, snapshot, settings)
    held = [one for check in LINE_CHECKS for one in _run(check, case)]
    lines = {one.budget for one in held if one.budget is not None}
    case = replace(case, stays=frozenset(lines | _only_observed(snapshot)))
    held = [one for check in PLAN_CHECKS for one in _run(check, case)] + held
    return tuple(dict.fromkeys(held))


def self_test(settings: GuardSettings) -> None:
    """Feeds the brake a plan that breaks a cap and a unit, and must see both refused. Raises UnsafePlan when not."""
    currency = Currency("CNY")
    account = Account(AccountId("self-test"), "sandbox", currency, "UTC", Mode.APPLY)
    budget = Budget(BudgetId(account.id, "1"), "self-test", currency, now=Money(100 * MICROS, currency))
    as_of = datetime(2026, 1, 2, 9, tzinfo=UTC)
    snapshot = Snapshot.build(
        as_of=as_of,
        day=date(2026, 1, 2),
        currency=currency,
        accounts=[account],
        budgets=[budget],
        products=[],
        history=History.empty(),
    )
    cap = Limit("self-test cap", Quantity.AMOUNT, np.ones(1), Sense.AT_MOST, 120.0, Priority.ABSOLUTE)
    limits = Limits(1, (), (cap,))
    breaching = Plan(PlanId("self-test"), currency, (Change(budget.id, budget.now, Money(10_000 * MICROS, currency)),))
    seen = {one.check for one in guard(breaching, limits, snapshot, settings)}
    missing = {"within_absolute_caps", "units_plausible"} - seen
    if missing:
        raise UnsafePlan([f"the brake let a breaching plan pass: {', '.join(sorted(missing))} did not hold it"])


def _run(check: Check, case: Case) -> list[Held]:
    try:
        return list(check(case))
    except Exception as e:  # fail closed: a brake that breaks is a brake that is on
        return [Held(check.__name__, f"the check itself failed: {type(e).__name__}: {e}")]


def _only_observed(snapshot: Snapshot) -> set[BudgetId]:
    """Budgets of accounts that are only observed, where others are not: a plan does not take effect there."""
    modes = {account.id: account.mode for account in snapshot.accounts}
    if all(mode is Mode.OBSERVE for mode in modes.values()):
        return set()
    return {budget.id for budget in snapshot.budgets if modes.get(budget.id.account) is Mode.OBSERVE}
