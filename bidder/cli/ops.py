"""`bidder journal`, `status`, `halt`, `reduce`, `resume`: what happened, what holds, and the stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bidder.errors import StoreError
from bidder.plan import State

if TYPE_CHECKING:
    from bidder.store.protocol import JournalLine

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


def journal(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many lines, newest last.")] = 30,
    kind: Annotated[str | None, typer.Option(help="Only this kind: decided, intent, outcome, imported, …")] = None,
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
    from bidder.store import open_reader

    saved = open_reader(store or load(config).store_url)
    try:
        newest = saved.plan()
        shown: dict[str, Any] = {
            "state": saved.state().value,
            "plan": None if newest is None else newest.id,
            "plan_day": None if newest is None else newest.day,
            "plan_status": None if newest is None else newest.status,
            "holds": [] if newest is None else newest.document["holds"],
            "unresolved": [
                {
                    "budget": str(one.budget),
                    "before": str(one.before),
                    "after": str(one.after),
                    "at": one.at.isoformat(),
                }
                for one in saved.open_intents()
            ],
        }
    finally:
        saved.close()
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    typer.echo(f"state  {shown['state']}")
    typer.echo(f"plan   {shown['plan'] or 'none yet'} {shown['plan_day'] or ''} {shown['plan_status'] or ''}".rstrip())
    for hold in shown["holds"]:
        typer.echo(f"hold   {hold['check']}: {hold['reason']}")
    for one in shown["unresolved"]:
        typer.echo(f"unresolved  {one['budget']} {one['before']} → {one['after']} since {one['at']}")


def halt(reason: str = "by hand", config: ConfigOption = None, store: StoreOption = None) -> None:
    """Stops every write at once; ads go on with the budgets they have. Works when the daemon is dead."""
    _set(State.HALTED, reason, config, store)


def reduce(reason: str = "by hand", config: ConfigOption = None, store: StoreOption = None) -> None:
    """Lets budgets only fall from now on."""
    _set(State.REDUCING, reason, config, store)


def resume(reason: str = "by hand", config: ConfigOption = None, store: StoreOption = None) -> None:
    """Lets bidder write again."""
    _set(State.ACTIVE, reason, config, store)


def _set(state: State, reason: str, config: Path | None, store: str | None) -> None:
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.store import open_store

    saved = open_store(store or load(config).store_url)
    try:
        saved.set_state(state, utc_now(), reason)
    finally:
        saved.close()
    typer.echo(f"state  {state.value}")


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
