"""`bidder todo` and `bidder done`: accounts that a person types into, and what was typed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bidder.errors import ConfigError, Fault, Source, UnsafePlan

if TYPE_CHECKING:
    from bidder.config.load import Config
    from bidder.ids import AccountId
    from bidder.intake.by_hand import TodoLine
    from bidder.money import Money
    from bidder.store.protocol import StoredPlan, StoreReader

__all__ = ["register"]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
]
StoreOption = Annotated[str | None, typer.Option(help="Where the saved state is, e.g. sqlite:///bidder.db.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs, on stdout.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("todo")(todo)
    app.command("done")(done)


def todo(config: ConfigOption = None, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Today's changes to type into manual accounts: most money first, at most 8, whole units."""
    from bidder.config.load import load
    from bidder.intake.by_hand import open_typed
    from bidder.intake.missing import missing
    from bidder.store import open_reader

    loaded = load(config)
    saved = open_reader(store or loaded.store_url)
    try:
        stored = _plan_of_today(saved, loaded)
        lines, left = _lines(stored, loaded)
        waiting = open_typed(saved)
        absent = missing(saved, loaded.incoming.watched, date.fromisoformat(stored.day))
        newest: dict[str, dict[str, Any]] = {}
        for line in saved.journal(limit=100, kind="typed"):
            if "verdict" in line.facts:
                newest.setdefault(str(line.facts["budget"]), dict(line.facts))
    finally:
        saved.close()
    typed_today = {one["budget"] for one in waiting if one["day"] == stored.day}
    if as_json:
        shown = {
            "plan": stored.id,
            "day": stored.day,
            "lines": [{**_row(one), "done": str(one.budget) in typed_today} for one in lines],
            "left_out": left,
            "unproven": list(waiting),
            "proven": list(newest.values()),
            "missing": [
                {"source": one.source, "file": one.title, "last": None if one.last is None else one.last.isoformat()}
                for one in absent
            ],
        }
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for one in lines:
        tick = "✓" if str(one.budget) in typed_today else " "
        amounts = f"{_whole(one.before)} → {_whole(one.after)} {one.after.currency}"
        sign = "+" if one.difference.micros > 0 else "−"
        typer.echo(f"{tick}{one.number:>2}  {sign}{_whole(abs(one.difference))}  {one.budget}  {one.name}  {amounts}")
    if not lines:
        typer.echo("nothing to type in today")
    elif any(one.difference.micros < 0 for one in lines):
        typer.echo("type the cuts first; then say so: bidder done 1 2 … (another amount: 2=350)")
    else:
        typer.echo("then say so: bidder done 1 2 … (another amount: 2=350)")
    if left:
        typer.echo(f"{left} smaller changes are left out: not worth typing today")
    for file in absent:
        up_to = "" if file.last is None else f", has figures up to {file.last}"
        typer.echo(f"missing: {file.source}: {file.title}{up_to}")
    for typed in waiting:
        typer.echo(f"not proven yet: {typed['budget']} {typed['before']} → {typed['after']}, typed {typed['day']}")
    for proof in newest.values():
        typer.echo(f"{proof['verdict']}: {proof['budget']} {proof['after']}; {proof['evidence']}")


def done(
    lines: Annotated[
        list[str], typer.Argument(metavar="LINE…", help="Numbers of `todo`, or account/budget; or `all`.")
    ],
    config: ConfigOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Records what was typed in. `2` as planned, `2=350` another amount. The next import proves it."""
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.intake.by_hand import take
    from bidder.store import open_store

    loaded = load(config)
    saved = open_store(store or loaded.store_url)
    try:
        stored = _plan_of_today(saved, loaded)
        zones = {account.id: account.timezone for account, _ in loaded.accounts}
        chosen = take(saved, stored, lines, _manual(loaded), utc_now(), zones)
    finally:
        saved.close()
    if as_json:
        rows = [{**_row(line), "typed": str(amount)} for line, amount in chosen]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for line, amount in chosen:
        typer.echo(f"recorded  {line.budget}  {_whole(line.before)} → {_whole(amount)} {amount.currency}")
    typer.echo("the next report that is imported proves it")


def _plan_of_today(saved: StoreReader, loaded: Config) -> StoredPlan:
    from bidder.account_day import AccountDay
    from bidder.cycle import utc_now

    stored = saved.plan()
    if stored is None:
        raise ConfigError([Fault(None, "no plan is saved: make one with bidder plan or bidder run")])
    today = AccountDay.of(utc_now(), loaded.shop.timezone).date.isoformat()
    if stored.day != today:
        raise UnsafePlan([f"the newest plan is of {stored.day}, today is {today}: make a new one with bidder plan"])
    held = [hold for hold in stored.document["holds"] if hold["budget"] is None]
    if held:
        raise UnsafePlan(f"{hold['check']}: {hold['reason']}" for hold in held)
    return stored


def _lines(stored: StoredPlan, loaded: Config) -> tuple[list[TodoLine], int]:
    from bidder.intake.by_hand import todo as todo_of

    return todo_of(stored.document, _manual(loaded))


def _manual(loaded: Config) -> list[AccountId]:
    """The accounts that a person types into. Raises ConfigError when there is none."""
    from bidder.catalog import Mode

    manual = [account.id for account, _ in loaded.accounts if account.mode is Mode.MANUAL]
    if not manual:
        raise ConfigError([Fault(Source(str(loaded.path or "bidder.yaml")), "no account has mode: manual")])
    return manual


def _row(line: TodoLine) -> dict[str, Any]:
    return {
        "number": line.number,
        "budget": str(line.budget),
        "name": line.name,
        "before": str(line.before),
        "after": str(line.after),
        "difference": str(line.difference),
        "currency": str(line.after.currency),
        "reason": line.reason,
    }


def _whole(amount: Money) -> str:
    value = amount.to_decimal()
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"
