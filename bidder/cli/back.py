"""`bidder rollback` and `bidder release`: budgets as they were, through the brake and the only door to a platform."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidder.bidding import LeverId, shown
from bidder.cli.back_bids import bids_before, bids_first, bids_on, bids_to_move, set_bids
from bidder.cli.outcomes import show_outcomes
from bidder.errors import ConfigError, Fault, Source, UnsafePlan
from bidder.ids import BudgetId, PlanId
from bidder.money import Money

if TYPE_CHECKING:
    from bidder.apply import OutcomeRow
    from bidder.config.load import Config
    from bidder.store.protocol import Store, StoreReader

__all__ = ["register"]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs, on stdout.")]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

HARD = frozenset(
    {
        "all_budgets_planned",
        "amounts_sound",
        "left_alone",
        "limits_present",
        "platform_takes_it",
        "units_plausible",
        "within_absolute_caps",
    }
)
"""What of the brake counts: a person goes back on purpose, so steps, moved money and stale figures do not."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("rollback")(rollback)
    app.command("release")(release)


def rollback(
    plan_id: Annotated[
        str | None, typer.Argument(metavar="[PLAN]", help="Back to before this plan (default: the newest written).")
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="Back to the amounts in force when this day began (YYYY-MM-DD).")
    ] = None,
    yes: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sets budgets and bids back to what they were before a plan, or on a day. The caps hold: raises are scaled into
    them.

    What somebody else has moved since is left as it is. Exit code 1 when one could not be set.
    """
    from bidder.config.load import load
    from bidder.store import open_store

    loaded = load(config)
    saved = open_store(loaded.store_url)
    try:
        if to is not None:
            wanted, bids = _on(saved, loaded, to), bids_on(saved, _begins(loaded, to))
        else:
            plan = _written_plan(saved, plan_id)
            wanted, bids = _before(saved, plan), bids_before(saved, plan)
        _go(loaded, saved, wanted, bids, "rollback", yes=yes, as_json=as_json)
    finally:
        saved.close()


def release(
    restore: Annotated[
        bool, typer.Option("--restore/--keep", help="Back to the amounts before bidder's first write, or stay.")
    ] = False,
    yes: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Leaves the accounts to their owner: keeps today's budgets or restores those of before bidder, then halts.

    Nothing is paused, nothing is deleted. `bidder resume` takes up again.
    """
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.plan import State
    from bidder.store import open_store

    loaded = load(config)
    saved = open_store(loaded.store_url)
    try:
        failed = False
        if restore:
            wanted, bids = _first(saved), bids_first(saved)
            failed = _go(loaded, saved, wanted, bids, "release", yes=yes, as_json=as_json, ends=False)
        elif not as_json:
            for one in saved.budgets():
                typer.echo(f"kept       {one.budget.id}  {one.budget.now or '?'}")
            for lever in bids_first(saved):
                typer.echo(f"kept       {lever}")
        saved.set_state(State.HALTED, utc_now(), "released")
    finally:
        saved.close()
    if failed:
        raise typer.Exit(1)


def _written_plan(saved: StoreReader, plan_id: str | None) -> PlanId:
    """The plan that is gone back to before: the newest that wrote a budget or a bid, or the one that is named."""
    landed = [(one.number, one.plan) for one in saved.writes(BEGINNING) if one.status != "refused"]
    landed += [(one.number, one.plan) for one in saved.lever_moves(BEGINNING) if one.status != "refused"]
    if not landed:
        raise ConfigError([Fault(Source("PLAN"), "bidder has written nothing yet: there is nothing to go back to")])
    plans = list(dict.fromkeys(plan for _, plan in sorted(landed)))
    named = [one for one in plans if plan_id is None or one.startswith(plan_id)]
    if not named or (plan_id is not None and len(named) > 1):
        what = "several plans begin with" if named else "no written plan begins with"
        raise ConfigError([Fault(Source("PLAN"), f"{what} {plan_id}; written were {', '.join(plans[-10:])}")])
    return named[-1]


def _before(saved: StoreReader, plan: PlanId) -> dict[BudgetId, Money]:
    """What a plan's budgets had before it wrote them."""
    found: dict[BudgetId, Money] = {}
    for one in saved.writes(BEGINNING):
        if one.plan == plan and one.status != "refused":
            found.setdefault(one.budget, one.before)
    return found


def _first(saved: StoreReader) -> dict[BudgetId, Money]:
    """What each budget had before bidder's first write."""
    found: dict[BudgetId, Money] = {}
    for one in saved.writes(BEGINNING):
        if one.status != "refused":
            found.setdefault(one.budget, one.before)
    return found


def _begins(loaded: Config, to: str) -> datetime:
    """When a day of the shop began."""
    from bidder.account_day import AccountDay

    try:
        return AccountDay(loaded.shop.timezone, date.fromisoformat(to)).start_at
    except ValueError as e:
        raise ConfigError([Fault(Source("--to"), f"expected YYYY-MM-DD, was {to!r}")]) from e


def _on(saved: StoreReader, loaded: Config, to: str) -> dict[BudgetId, Money]:
    """The amounts in force when a day of the shop began."""
    at = _begins(loaded, to)
    found = {budget: amount for budget, seen, amount in saved.budget_history(BEGINNING) if seen <= at}
    if not found:
        raise ConfigError([Fault(Source("--to"), f"no amount was read before {to}")])
    return found


def _go(
    loaded: Config,
    saved: Store,
    wanted: Mapping[BudgetId, Money],
    bids: Mapping[LeverId, int],
    what: str,
    *,
    yes: bool,
    as_json: bool,
    ends: bool = True,
) -> bool:
    """Fits, brakes, asks, writes, shows; whether something could not be set."""
    from bidder.cli.setting import set_budgets
    from bidder.cycle import utc_now
    from bidder.halting import obey

    obey(loaded, saved, utc_now())
    now = {one.budget.id: one.budget.now for one in saved.budgets()}
    fitted, held = _braked(loaded, saved, {one: amount for one, amount in wanted.items() if now.get(one) != amount})
    rows: list[OutcomeRow] = [
        {"budget": one, "requested": str(wanted[BudgetId.parse(one)]), "outcome": "Held", "actual": None, "reason": why}
        for one, why in held.items()
    ]
    back = bids_to_move(loaded, saved, bids)
    if (fitted or back) and not yes:
        for one, amount in fitted.items():
            typer.echo(f"{one}  {now.get(one) or '?'} → {amount}")
        for line in back:
            typer.echo(f"{line.lever}  {'?' if line.before is None else shown(line.before)} → {shown(line.after)}")
        lines = f"{len(fitted)} budgets" + (f" and {len(back)} bids" if back else "")
        typer.confirm(f"{what}: write these {lines}?", abort=True)
    rows += [one.row() for one in asyncio.run(set_budgets(loaded, saved, fitted))] if fitted else []
    rows += [one.row() for one in asyncio.run(set_bids(loaded, saved, back))] if back else []
    failed = not show_outcomes(rows, as_json=as_json, nothing="nothing to write: every budget is as it was")
    if failed and ends:
        raise typer.Exit(1)
    return failed


def _braked(
    loaded: Config, saved: Store, wanted: Mapping[BudgetId, Money]
) -> tuple[dict[BudgetId, Money], dict[str, str]]:
    """The amounts within the caps, and which lines the brake holds. Raises UnsafePlan when it holds all."""
    from bidder.cli.setting import cap_of
    from bidder.cycle import snapshot_of, utc_now
    from bidder.guard import guard
    from bidder.plan import Plan
    from bidder.response.estimate import estimate
    from bidder.rules.evaluate import evaluate

    if not wanted:
        return {}, {}
    snapshot = snapshot_of(loaded, saved, utc_now())
    budgets = {one.id: one for one in snapshot.budgets if one.now is not None}
    fitted = _within(cap_of(loaded, saved, utc_now()), {one: budget.now for one, budget in budgets.items()}, wanted)
    amounts = [fitted.get(one.id, one.now or Money.zero(one.currency)) for one in snapshot.budgets]
    plan = Plan.between(snapshot.budgets, amounts, snapshot.currency, "back")
    limits = evaluate(loaded.policy.rules, snapshot, estimate(snapshot, loaded.policy.response))
    held = [one for one in guard(plan, limits, snapshot, loaded.policy.guard) if one.check in HARD]
    whole = [f"{one.check}: {one.reason}" for one in held if one.budget is None]
    if whole:
        raise UnsafePlan(whole)
    lines = {str(one.budget): f"{one.check}: {one.reason}" for one in held if one.budget in fitted}
    return {one: amount for one, amount in fitted.items() if str(one) not in lines}, lines


def _within(
    cap: Money | None, now: Mapping[BudgetId, Money | None], wanted: Mapping[BudgetId, Money]
) -> dict[BudgetId, Money]:
    """The wanted amounts; where they pass the cap, all raises scaled by one factor, on whole minor units."""
    from bidder.money import minor_unit

    known = {one: amount for one, amount in now.items() if amount is not None}
    raises = {
        one: wanted[one].micros - known[one].micros for one in wanted if one in known and wanted[one] > known[one]
    }
    if cap is None or not raises:
        return dict(wanted)
    low = sum(min(amount.micros, wanted.get(one, amount).micros) for one, amount in known.items())
    room, needed = max(0, cap.micros - low), sum(raises.values())
    if needed <= room:
        return dict(wanted)
    fitted = dict(wanted)
    for one, raised in raises.items():
        unit = minor_unit(wanted[one].currency)
        fitted[one] = Money(known[one].micros + raised * room // needed // unit * unit, wanted[one].currency)
    return fitted
