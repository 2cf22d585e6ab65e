"""The whole of the pure core's face: Policy, Decision and decide().

No network, disk, clock or log here or below (the solver's process apart). `bidder plan`, the daemon, the page's
what-if and the backtest call this one function.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bidder.errors import SolveError
from bidder.guard import GuardSettings, guard
from bidder.limits import Bounds, Limits, Priority
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.conflict import smallest
from bidder.optimizer.least import not_below_minimums
from bidder.optimizer.objective import Objective
from bidder.optimizer.rounding import round_amounts
from bidder.plan import Allocation, Held, Plan
from bidder.response.curve import Curves
from bidder.response.estimate import ResponseSettings, estimate
from bidder.response.event_days import without_event_days
from bidder.response.event_prices import at_event, at_event_margins, at_event_prices
from bidder.response.on_sale import at_stock
from bidder.response.own_sales import within_own_sales
from bidder.response.trust import doubted
from bidder.rules.base import Rule
from bidder.rules.evaluate import evaluate
from bidder.rules.exclude import without_excluded
from bidder.rules.stock import orders_allowed
from bidder.snapshot import FloatArray, Snapshot
from bidder.watch.stock_feed import feed_broken, fresh_stock

__all__ = ["LEFT_ALONE", "Decision", "Policy", "decide"]

LEFT_ALONE = "changes too small to be worth a write"
"""The name of the bounds that pin such budgets: nobody's rule."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What people wrote that a decision stands on. `digest` names it in the plan, the journal and the log."""

    rules: tuple[Rule, ...]
    objective: Objective = Objective.PROFIT
    response: ResponseSettings = field(default_factory=ResponseSettings)
    allocate: AllocateSettings = field(default_factory=AllocateSettings)
    guard: GuardSettings = field(default_factory=GuardSettings)
    digest: str = ""
    written: tuple[tuple[str, str], ...] = ()
    """The files that it was read from, name and text, so that it can be read again; empty when code made it."""


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """A plan with all its reasons."""

    snapshot: Snapshot
    policy: Policy
    curves: Curves
    limits: Limits
    allocation: Allocation
    plan: Plan
    held: tuple[Held, ...]
    doubt: str | None = None
    """Why it is cautious: forecasts of the last days were far off. None: they were not."""
    free: Allocation | None = None
    """The allocation before changes too small to be worth a write were left alone."""


def decide(snapshot: Snapshot, policy: Policy) -> Decision:
    """What to do with today's budgets, and why. Raises SolveError when nothing safe is left."""
    learnt = without_event_days(without_excluded(policy.rules, at_event_margins(within_own_sales(snapshot))))
    curves = at_event(estimate(learnt, policy.response), snapshot)
    snapshot = at_event_prices(snapshot)
    doubt = doubted(learnt, policy.response)
    limits = evaluate(policy.rules, snapshot, curves, cautious=doubt is not None)
    curves = _in_stock(curves, snapshot)
    free = allocation = _allocated(curves, limits, policy, snapshot.now)
    small = limits.small_moves(snapshot.now, allocation.amounts)
    if small.any():
        unpinned, limits = limits, _left_alone(limits, small, snapshot.now)
        allocation = _allocated(curves, limits, policy, snapshot.now)
        payers = _payers(snapshot.now, free.amounts, allocation.amounts, small)
        if payers.any():
            limits = _left_alone(unpinned, small & ~payers, snapshot.now)
            allocation = _allocated(curves, limits, policy, snapshot.now)
    amounts = not_below_minimums(round_amounts(allocation, limits, snapshot), snapshot.budgets)
    salt = f"{snapshot.as_of.isoformat()} {snapshot.day} {policy.digest}"
    plan = Plan.between(snapshot.budgets, amounts, snapshot.currency, salt)
    held = guard(plan, limits, snapshot, policy.guard)
    return Decision(snapshot, policy, curves, limits, allocation, plan, held, doubt, free)


def _in_stock(curves: Curves, snapshot: Snapshot) -> Curves:
    """The curves within what is on sale today; stock that is stale or not believed bounds nothing (FAILURES 34)."""
    stock = {} if feed_broken(snapshot) else fresh_stock(snapshot)
    return at_stock(curves, orders_allowed(snapshot, curves, stock, 1.0)) if stock else curves


def _allocated(curves: Curves, limits: Limits, policy: Policy, now: FloatArray) -> Allocation:
    """The allocation; where the absolute limits leave none, the smallest set that clashes is named."""
    try:
        return allocate(curves, limits, policy.objective, now, policy.allocate)
    except SolveError as e:
        absolute = replace(
            limits,
            bounds=tuple(one for one in limits.bounds if one.priority >= Priority.ABSOLUTE),
            limits=tuple(one for one in limits.limits if one.priority >= Priority.ABSOLUTE),
        )
        named = smallest(curves, absolute, policy.objective, now, policy.allocate)
        raise SolveError(e.reason, [n if at is None else f"{n} ({at})" for n, at in named] or e.clashing) from e


def _payers(now: FloatArray, wished: FloatArray, pinned: FloatArray, small: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Who pays for a raise worth its write where all cuts for it are too small to be: those with the most money.

    Without it the plan would rest for good where one small budget earns more than several large ones.
    """
    raised = (wished > now) & ~small
    cut = (wished < now) & small
    if not raised.any() or not cut.any() or (np.abs(pinned - now) > 1e-9 * np.maximum(now, 1.0)).any():
        return np.zeros(len(now), dtype=np.bool_)
    return np.asarray(cut & (now == now[cut].max()))


def _left_alone(limits: Limits, small: NDArray[np.bool_], now: FloatArray) -> Limits:
    """The same limits, and changes too small to be worth a write pinned at today's amount (SCIENCE 7, min change).

    A wish: where a cap asks for many small cuts, they are made.
    """
    lower, upper = np.where(small, now, -np.inf), np.where(small, now, np.inf)
    pinned = Bounds(LEFT_ALONE, lower, upper, Priority.WISH)
    return replace(limits, bounds=(*limits.bounds, pinned))
