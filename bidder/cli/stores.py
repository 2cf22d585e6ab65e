"""`bidder store copy`: a shop's saved state from one store into another."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from bidder.errors import ConfigError, Fault, Source

__all__ = ["register"]

ADDRESS = "sqlite:///PATH, postgresql://…, or env:NAME for a variable that holds one (an address with a password)."


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    family = typer.Typer(help="The saved state.", no_args_is_help=True, rich_markup_mode="rich")
    family.command("copy")(copy)
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

    moved = move(_address("FROM", source), _address("TO", target), utc_now(), gone)
    if as_json:
        tables = {one.table: {"rows": one.rows, "digest": one.digest} for one in moved}
        typer.echo(json.dumps({"tables": tables, "chain": "holds"}))
        return
    for one in moved:
        typer.echo(f"{one.table:<16} {one.rows:>9}  {one.digest}")
    typer.echo("the same rows in both, and the journal's chain holds")


def _address(name: str, said: str) -> str:
    if said.startswith("env:"):
        variable = said.removeprefix("env:")
        found = os.environ.get(variable, "").strip()
        if not found:
            raise ConfigError([Fault(Source(name), f"the environment variable {variable} is not set")])
        return found
    return said if "://" in said else f"sqlite:///{said}"
