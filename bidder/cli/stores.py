"""`bidder store copy`, `archive`, `totals`: the saved state moved, and its figures kept for years over many shops."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from bidder.errors import ConfigError, Fault, Source

__all__ = ["address_of_store", "register"]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
]
ADDRESS = "sqlite:///PATH, postgresql://…, or env:NAME or file:PATH of what holds one (an address with a password)."


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    family = typer.Typer(help="The saved state.", no_args_is_help=True, rich_markup_mode="rich")
    family.command("copy")(copy)
    family.command("archive")(archive)
    family.command("totals")(totals)
    family.callback()(_family)
    app.add_typer(family, name="store")


def _family() -> None:
    """The saved state."""


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help=ADDRESS)],
    target: Annotated[str, typer.Argument(metavar="TO", help="An empty store, made where there is none.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs, on stdout.")] = False,
) -> None:
    """Moves a shop from one store to another, all of it or nothing; rows and the journal's chain are compared.

    Stop the daemon first. Afterwards name the new store in bidder.yaml and keep the old one aside: whoever writes to
    both parts the shop in two.
    """
    from bidder.cycle import utc_now
    from bidder.store.moving import copy as move
    from bidder.turn import gone

    moved = move(address_of_store("FROM", source), address_of_store("TO", target), utc_now(), gone)
    if as_json:
        tables = {one.table: {"rows": one.rows, "digest": one.digest} for one in moved}
        typer.echo(json.dumps({"tables": tables, "chain": "holds"}))
        return
    for one in moved:
        typer.echo(f"{one.table:<16} {one.rows:>9}  {one.digest}")
    typer.echo("the same rows in both, and the journal's chain holds")


def archive(
    file: Annotated[Path, typer.Argument(help="A DuckDB file, made when it is not there; many shops may share it.")],
    keep: Annotated[int | None, typer.Option(min=121, help="Let go of days older than so many.")] = None,
    config: ConfigOption = None,
) -> None:
    """Puts the shop's figures by day into an archive over years and shops; renews those that may still change."""
    from bidder.account_day import AccountDay
    from bidder.config.load import load
    from bidder.cycle import HISTORY_DAYS, utc_now
    from bidder.snapshot import day_number
    from bidder.store import open_reader
    from bidder.store.history import History

    loaded = load(config)
    today = day_number(AccountDay.of(utc_now(), loaded.shop.timezone).date)
    history = History(file)
    try:
        known = loaded.shop.name in history.shops()
        since = today - HISTORY_DAYS if known else 0
        store = open_reader(loaded.store_url)
        try:
            reports = store.reports(since_day=since)
        finally:
            store.close()
        rows = history.keep(loaded.shop.name, reports, since)
        gone = 0 if keep is None else history.forget(today - keep)
    finally:
        history.close()
    typer.echo(f"{loaded.shop.name}: {rows} rows archived, {gone} old ones let go")


def totals(
    file: Annotated[Path, typer.Argument(help="The archive.")],
    days: Annotated[int, typer.Option(min=1, help="So many days back, today included.")] = 90,
    shop: Annotated[str | None, typer.Option(help="Only this shop.")] = None,
    by: Annotated[str, typer.Option(help="shop, account, product or budget.")] = "product",
    as_json: Annotated[bool, typer.Option("--json", help="For programs, on stdout.")] = False,
) -> None:
    """Clicks, orders, spend and revenue of an archive, the most spent first."""
    from bidder.cycle import utc_now
    from bidder.money import Money, currency_of
    from bidder.snapshot import day_number
    from bidder.store.history import BY, History

    if by not in BY:
        raise ConfigError([Fault(Source("--by"), f"expected {', '.join(BY)}, was {by!r}")])
    today = day_number(utc_now().date())
    history = History(file, read_only=True)
    try:
        found = history.totals(today - days + 1, today + 1, shop=shop, by=by)
    finally:
        history.close()

    def money(micros: int | None, currency: str) -> str | None:
        return None if micros is None else str(Money(micros, currency_of(currency)))

    lines = [
        {
            "name": one.name,
            "currency": one.currency,
            "days": one.days,
            "clicks": one.clicks,
            "orders": one.orders,
            "spend": money(one.spend, one.currency),
            "revenue": money(one.revenue, one.currency),
        }
        for one in found
    ]
    if as_json:
        typer.echo(json.dumps(lines, ensure_ascii=False))
        return
    for line in lines:
        shown = ["–" if value is None else str(value) for value in line.values()]
        typer.echo("  ".join(f"{text:>14}" if place else f"{text:<24}" for place, text in enumerate(shown)))


def address_of_store(name: str, said: str) -> str:
    """The address that was given at `name`, or that is in the variable named there. Raises ConfigError."""
    if said.startswith("env:"):
        variable = said.removeprefix("env:")
        found = os.environ.get(variable, "").strip()
        if not found:
            raise ConfigError([Fault(Source(name), f"the environment variable {variable} is not set")])
        return found
    if said.startswith("file:"):
        path = Path(said.removeprefix("file:"))
        try:
            return path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as e:
            raise ConfigError([Fault(Source(name), f"{path}: cannot be read")]) from e
    return said if "://" in said else f"sqlite:///{said}"
