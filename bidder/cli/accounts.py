"""`bidder poll` and `bidder set`: the accounts read now, and budgets set by hand through the same door as a plan's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bidder.cli.outcomes import show_outcomes
from bidder.errors import ConfigError, Fault, Source

if TYPE_CHECKING:
    from bidder.config.load import Config

__all__ = ["register"]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
]
StoreOption = Annotated[str | None, typer.Option(help="Where the saved state is, e.g. sqlite:///bidder.db.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs, on stdout.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("poll")(poll)
    app.command("set")(set_)


def poll(
    account: Annotated[list[str] | None, typer.Option(help="Only this account; may be repeated.")] = None,
    config: ConfigOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reads every account now, and shows totals per account and day. Nothing is written to a platform.

    Exit code 1 when an account could not be read; the others are shown all the same.
    """
    from bidder.cli.polling import poll_accounts
    from bidder.config.load import load
    from bidder.store import open_store

    loaded = _only(load(config), account or [])
    saved = open_store(store or loaded.store_url)
    try:
        results, days = asyncio.run(poll_accounts(loaded, saved))
    finally:
        saved.close()
    if as_json:
        typer.echo(json.dumps([one.row() for one in days], ensure_ascii=False, indent=2))
    else:
        _table(days)
    failed = [one for one in results if not one.ok]
    for one in failed:
        typer.echo(f"bidder: {one.account}: {one.kind}: {one.reason} ({one.error})", err=True)
    for one in results:
        if one.quarantined:
            typer.echo(f"bidder: {one.account}: {one.quarantined} rows cannot be true and were left out", err=True)
    if failed:
        raise typer.Exit(1)


def set_(
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="[BUDGET AMOUNT]…", help="account/budget and its new daily amount.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help='JSON: {"account/budget": "230.00"}.')] = None,
    config: ConfigOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sets budgets by hand: intent first, compare, set, read back, never above the cap. Accounts in propose or apply.

    Says Applied, Refused or Unresolved for each; exit code 1 when one is not Applied.
    """
    from bidder.cli.setting import read_wanted, set_budgets
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.halting import obey
    from bidder.store import open_store

    loaded = load(config)
    wanted = read_wanted(loaded, pairs or [], None if file is None else _read(file), file)
    saved = open_store(store or loaded.store_url)
    try:
        obey(loaded, saved, utc_now())
        written = asyncio.run(set_budgets(loaded, saved, wanted))
    finally:
        saved.close()
    if not show_outcomes([one.row() for one in written], as_json=as_json):
        raise typer.Exit(1)


def _only(loaded: Config, names: list[str]) -> Config:
    from dataclasses import replace

    known = [account.id for account, _ in loaded.accounts]
    unknown = [name for name in names if name not in known]
    if unknown:
        there = f"there are {', '.join(known)}" if known else "none is configured"
        raise ConfigError([Fault(Source("--account"), f"no account {name!r}; {there}") for name in unknown])
    if not known:
        where = Source(str(loaded.path or "bidder.yaml"))
        raise ConfigError([Fault(where, "no accounts: there is nobody to ask")])
    chosen = [pair for pair in loaded.accounts if not names or pair[0].id in names]
    return replace(loaded, accounts=tuple(chosen))


def _read(path: Path) -> Mapping[str, Any]:
    """The file's object; a name that stands twice is a fault, for nobody knows which amount is meant."""
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(pairs)

    try:
        found = json.loads(path.read_bytes(), object_pairs_hook=once, parse_float=Decimal)
    except OSError as e:
        raise ConfigError([Fault(Source(str(path)), f"cannot be read: {e.strerror or e}")]) from e
    except (ValueError, RecursionError) as e:
        line, column = getattr(e, "lineno", 0), getattr(e, "colno", 0)
        raise ConfigError([Fault(Source(str(path), line, column), "expected JSON")]) from e
    if not isinstance(found, dict):
        raise ConfigError([Fault(Source(str(path)), 'expected an object such as {"account/budget": "230.00"}')])
    if twice:
        raise ConfigError([Fault(Source(str(path)), f"{name} stands there twice") for name in twice])
    return found


def _table(days: list[Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("account", "day", "impressions", "clicks", "spend", "orders", "revenue", ""):
        table.add_column(name, justify="left" if name in ("account", "day", "") else "right")
    for one in days:
        row = one.row()
        cells = [row["impressions"], row["clicks"], row["spend"], row["orders"], row["revenue"], row["currency"]]
        table.add_row(row["account"], row["day"], *("" if cell is None else str(cell) for cell in cells))
    Console(soft_wrap=True).print(table)
