"""`bidder journal`, `status`, `halt`, `reduce`, `resume`, `hold`, `confirm`: what happened, what holds, the stop."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bidder.cli.bids_status import bids_status, show_bids_status
from bidder.errors import ConfigError, Fault, Source, StoreError, UnsafePlan
from bidder.plan import State
from bidder.written import did_you_mean

if TYPE_CHECKING:
    from bidder.config.load import Config
    from bidder.store.protocol import JournalLine, StoreReader
    from bidder.watch.hold import Hold

__all__ = ["register"]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
]
StoreOption = Annotated[str | None, typer.Option(help="Where the saved state is, e.g. sqlite:///bidder.db.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs, on stdout.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("journal")(journal)
    app.command("status")(status)
    app.command("halt")(halt)
    app.command("reduce")(reduce)
    app.command("resume")(resume)
    app.command("hold")(hold)
    app.command("confirm")(confirm)


def journal(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many lines, newest last.")] = 30,
    kind: Annotated[str | None, typer.Option(help="Only this kind: decided, intent, outcome, imported, …")] = None,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="CSV: what was set, read back and spent, when; for a refund claim.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(help="With --evidence: the first day (YYYY-MM-DD); 35 days back without it.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="With --evidence: only this account.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check the hash chain; exit 1 when it is broken.")] = False,
    config: ConfigOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """What was read, decided, written, by whom and when."""
    from bidder.config.load import load
    from bidder.store import open_reader

    saved = open_reader(store or load(config).store_url)
    try:
        if verify:
            broken = saved.verify_journal()
            if broken is not None:
                raise StoreError(f"the journal was changed: {broken}")
            typer.echo("the chain holds")
            return
        if evidence:
            from bidder.explain.evidence import write_evidence

            write_evidence(saved, since, account, sys.stdout)
            return
        lines = list(reversed(saved.journal(limit, kind)))
    finally:
        saved.close()
    if as_json:
        typer.echo(json.dumps([_line(one) for one in lines], ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("", "at", "kind", "facts", box=None)
    for one in lines:
        facts = ", ".join(f"{name}={_short(value)}" for name, value in one.facts.items())
        table.add_row(str(one.number), one.at.isoformat(timespec="seconds"), one.kind, facts)
    Console().print(table)


def status(config: ConfigOption = None, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """The state, the newest plan, and everything that holds a budget."""
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.store import open_reader

    loaded = None if store else load(config)
    saved = open_reader(store or (loaded.store_url if loaded is not None else ""))
    try:
        newest = saved.plan()
        sales = None if loaded is None else _sales(loaded, saved)
        state, since, why = saved.state_since()
        shown: dict[str, Any] = {
            "state": state.value,
            "since": None if since is None else since.isoformat(),
            "reason": why,
            "plan": None if newest is None else newest.id,
            "plan_day": None if newest is None else newest.day,
            "plan_status": None if newest is None else newest.status,
            "sales": sales,
            "holds": [] if newest is None else newest.document["holds"],
            "held": [_hold(one) for one in saved.holds(utc_now())],
            "unresolved": [
                {
                    "budget": str(one.budget),
                    "before": str(one.before),
                    "after": str(one.after),
                    "at": one.at.isoformat(),
                }
                for one in saved.open_intents()
            ],
            "bids": bids_status(saved, newest, {} if loaded is None else loaded.bids),
        }
    finally:
        saved.close()
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    begun = f" since {shown['since']} ({shown['reason']})" if shown["since"] else ""
    typer.echo(f"state  {shown['state']}{begun}")
    typer.echo(f"plan   {shown['plan'] or 'none yet'} {shown['plan_day'] or ''} {shown['plan_status'] or ''}".rstrip())
    if sales is not None:
        ahead = f"plan until yesterday {sales['due']}, today {sales['today']}"
        typer.echo(f"sales  {sales['sold']} of {sales['month']} this month; {ahead}")
    for one in shown["holds"]:
        typer.echo(f"hold   {one['check']}: {one['reason']}")
    for one in shown["held"]:
        may = "stays" if one["effect"] == "stays" else "may only fall"
        until = f", until {one['until']}" if one["until"] else ""
        typer.echo(f"held   {one['item']} {may} since {one['since']}{until}  {one['check']}: {one['reason']}")
    for one in shown["unresolved"]:
        typer.echo(f"unresolved  {one['budget']} {one['before']} → {one['after']} since {one['at']}")
    show_bids_status(shown["bids"])


def _sales(loaded: Config, saved: StoreReader) -> dict[str, str] | None:
    """The month's sales against its plan; None where no plan is written or nothing is known yet."""
    from bidder.cycle import snapshot_of, utc_now
    from bidder.explain.sales import sales_plan

    if loaded.sales is None:
        return None
    try:
        snapshot = snapshot_of(loaded, saved, utc_now())
    except ConfigError:
        return None  # nothing has been read yet
    month = loaded.sales_of_month(snapshot.day)
    assert month is not None
    seen = sales_plan(snapshot, month.to_float())
    figures = {"month": seen.month, "sold": seen.sold, "due": seen.due, "today": seen.today}
    return {name: f"{amount:.2f}" for name, amount in figures.items()}


def halt(reason: str = "by hand", config: ConfigOption = None, store: StoreOption = None) -> None:
    """Stops every write at once; ads go on with the budgets they have. Works when the daemon is dead."""
    _set(State.HALTED, reason, config, store)


def reduce(reason: str = "by hand", config: ConfigOption = None, store: StoreOption = None) -> None:
    """Lets budgets only fall from now on."""
    _set(State.REDUCING, reason, config, store)


def confirm(config: ConfigOption = None, store: StoreOption = None) -> None:
    """Lets a change of configuration take effect that would move the total of budgets by more than 30 %."""
    from collections.abc import Mapping

    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.daemon.reload import CONFIRMED, WAITING
    from bidder.store import open_store

    loaded = load(config)
    saved = open_store(store or loaded.store_url)
    try:
        waiting = saved.value(WAITING)
        if not isinstance(waiting, Mapping):
            typer.echo("nothing waits for confirmation")
            return
        if waiting["digest"] != loaded.digest:
            what = "the files have changed since; let the daemon look at them first, then confirm what it asks"
            raise ConfigError([Fault(None, what)])
        saved.set_value(CONFIRMED, loaded.digest)
        saved.append("note", utc_now(), what="configuration confirmed by hand", policy=loaded.digest)
    finally:
        saved.close()
    typer.echo(f"confirmed {loaded.digest}: the day's total goes from {waiting['before']} to {waiting['after']}")


def resume(
    item: Annotated[
        str | None, typer.Argument(metavar="[ITEM]", help="End the holds of this budget, account or shop alone.")
    ] = None,
    reason: str = "by hand",
    config: ConfigOption = None,
    store: StoreOption = None,
) -> None:
    """Lets bidder write again; with ITEM, ends what holds that one: the same finding does not come back for a day."""
    if item is None:
        _set(State.ACTIVE, reason, config, store)
        return
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.store import open_store

    saved = open_store(store or load(config).store_url)
    try:
        ended = saved.end_holds(item, utc_now(), reason)
        there = sorted({one.item for one in saved.holds(utc_now())})
    finally:
        saved.close()
    if not ended:
        names = f"held are {', '.join(there)}" if there else "nothing is held"
        raise ConfigError([Fault(Source("ITEM"), f"nothing holds {item}; {names}")])
    for one in ended:
        typer.echo(f"ended  {one.item}  {one.check}: {one.reason}")


def hold(
    item: Annotated[str, typer.Argument(help="A budget (account/budget), an account, or shop.")],
    reason: str = "by hand",
    stay: Annotated[bool, typer.Option("--stay", help="It may not fall either.")] = False,
    config: ConfigOption = None,
    store: StoreOption = None,
) -> None:
    """Lets something only fall until `bidder resume ITEM`: a quality alarm, a fault of the platform, a doubt."""
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.store import open_store
    from bidder.watch.hold import SHOP, Effect, Hold

    loaded = load(config)
    saved = open_store(store or loaded.store_url)
    try:
        known = {SHOP, *(one.id for one, _ in loaded.accounts), *(str(one.budget.id) for one in saved.budgets())}
        if item not in known:
            raise ConfigError([Fault(Source("ITEM"), f"no account or budget {item!r}{did_you_mean(item, known)}")])
        one = Hold(item, "alarm", reason, utc_now(), Effect.STAYS if stay else Effect.LOWERS)
        saved.see_holds([one], utc_now(), ())
    finally:
        saved.close()
    typer.echo(f"held   {item}  {reason}")


def _set(state: State, reason: str, config: Path | None, store: str | None) -> None:
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.halting import halt_file, halt_files
    from bidder.store import open_store

    # with --store the stop works whatever is wrong with the configuration
    loaded = None if store is not None and state is State.HALTED else load(config)
    found = None if loaded is None or state is State.HALTED else halt_file(halt_files(loaded))
    if found is not None:
        raise UnsafePlan([f"the file {found} halts it: remove that first"])
    saved = open_store(store or loaded.store_url if loaded is not None else store or "")
    try:
        saved.set_state(state, utc_now(), reason)
    finally:
        saved.close()
    typer.echo(f"state  {state.value}")


def _hold(one: Hold) -> dict[str, Any]:
    return {
        "item": one.item,
        "check": one.check,
        "reason": one.reason,
        "effect": one.effect.value,
        "since": one.since.isoformat(),
        "until": None if one.until is None else one.until.isoformat(),
    }


def _line(one: JournalLine) -> dict[str, Any]:
    return {
        "number": one.number,
        "at": one.at.isoformat(),
        "kind": one.kind,
        "facts": dict(one.facts),
        "hash": one.hash,
    }


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"
