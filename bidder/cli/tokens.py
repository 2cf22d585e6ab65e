"""`bidder token create`, `list`, `change`, `rotate`, `revoke`: who may look at which shops, and act on them."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bidder.cli.shops import AgencyOption
from bidder.errors import ConfigError, Fault, Source

if TYPE_CHECKING:
    from bidder.store.people import AgencyStore, Role, Token

__all__ = ["register"]

JsonOption = Annotated[bool, typer.Option("--json", help="For programs, on stdout.")]
RoleOption = Annotated[str, typer.Option("--role", "-r", help="viewer, operator or admin.")]
ShopsOption = Annotated[
    list[str], typer.Option("--shop", "-s", help="A shop it is bound to; again for more; * for all.")
]
TokenArgument = Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, as `bidder token list` names it.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    family = typer.Typer(help="Who may look at which shops, and act.", no_args_is_help=True, rich_markup_mode="rich")
    for command in (create, listed, change, rotate, revoke):
        family.command(command.__name__.replace("listed", "list"))(command)
    family.callback()(_family)
    app.add_typer(family, name="token")


def _family() -> None:
    """Who may look at which shops, and act."""


def create(
    name: Annotated[str, typer.Argument(help="Whose: a person or a program, as the journal is to call it.")],
    role: RoleOption = "viewer",
    shop: ShopsOption = [],  # noqa: B006 - typer wants a list; nobody changes it
    days: Annotated[int, typer.Option(min=1, max=3650, help="It counts for so many days.")] = 365,
    agency: AgencyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Gives a token. It is shown this once: the store keeps a hash of it alone."""
    from bidder.cycle import utc_now

    asked = _role(role)
    with _store(agency) as store:
        now = utc_now()
        token, text = store.give(name, asked, shop, now, _by(), now + timedelta(days=days))
    _given(token, text, as_json=as_json)


def listed(agency: AgencyOption = None, as_json: JsonOption = False) -> None:
    """Every token that was given: whose, for what, until when, last used. Never the token itself."""
    from bidder.cycle import utc_now

    with _store(agency) as store:
        found, now = store.tokens(), utc_now()
    if as_json:
        typer.echo(json.dumps({"tokens": [_row(one, now) for one in found]}, ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "name", "role", "shops", "until", "last used", "", box=None)
    for one in found:
        ended = one.ended(now)
        until, used = (f"{at:%Y-%m-%d}" if at is not None else "" for at in (one.expires_at, one.used_at))
        table.add_row(one.id, one.name, one.role, " ".join(one.shops), until, used, "" if ended is None else ended)
    Console().print(table)


def change(
    token: TokenArgument, role: RoleOption, shop: ShopsOption, agency: AgencyOption = None, as_json: JsonOption = False
) -> None:
    """Another role, or other shops, for the same token."""
    from bidder.cycle import utc_now

    with _store(agency) as store:
        changed = store.change(token, _role(role), shop, utc_now(), _by())
        now = utc_now()
    typer.echo(json.dumps(_row(changed, now), ensure_ascii=False) if as_json else f"changed  {_line(changed)}")


def rotate(
    token: TokenArgument,
    overlap: Annotated[int, typer.Option(min=0, max=720, help="Hours that the old one counts on.")] = 0,
    agency: AgencyOption = None,
    as_json: JsonOption = False,
) -> None:
    """A new token with the same rights; the old one ends, at once or after some hours."""
    from bidder.cycle import utc_now

    with _store(agency) as store:
        new, text = store.rotate(token, utc_now(), _by(), timedelta(hours=overlap))
    _given(new, text, as_json=as_json)


def revoke(token: TokenArgument, agency: AgencyOption = None) -> None:
    """Takes a token back: it counts no more, and every session that was opened with it ends."""
    from bidder.cycle import utc_now

    with _store(agency) as store:
        old = store.revoke(token, utc_now(), _by())
    typer.echo(f"revoked  {_line(old)}")


@contextmanager
def _store(agency: Any) -> Iterator[AgencyStore]:
    from bidder.config.agency import load_agency
    from bidder.store.people import AgencyStore

    store = AgencyStore(load_agency(agency).store_url)
    try:
        yield store
    finally:
        store.close()


def _role(asked: str) -> Role:
    from bidder.store.people import Role

    try:
        return Role(asked)
    except ValueError:
        raise ConfigError([Fault(Source("--role"), f"expected {', '.join(Role)}, was {asked!r}")]) from None


def _by() -> str:
    """Who types: the user of the machine, where there is one of that number."""
    try:
        return f"by hand: {getpass.getuser()}"
    except (KeyError, OSError):
        return "by hand"


def _given(token: Token, text: str, *, as_json: bool) -> None:
    if as_json:
        row = {"id": token.id, "name": token.name, "role": token.role, "shops": list(token.shops), "token": text}
        typer.echo(json.dumps(row, ensure_ascii=False))
        return
    typer.echo(f"given  {_line(token)}", err=True)
    typer.echo("it is shown this once:", err=True)
    typer.echo(text)


def _line(token: Token) -> str:
    until = "" if token.expires_at is None else f", until {token.expires_at:%Y-%m-%d}"
    return f"{token.id}  {token.name}, {token.role} of {', '.join(token.shops)}{until}"


def _row(token: Token, now: datetime) -> dict[str, Any]:
    def shown(at: datetime | None) -> str | None:
        return None if at is None else at.isoformat()

    ended = token.ended(now)
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "shops": list(token.shops),
        "created_at": shown(token.created_at),
        "created_by": token.created_by,
        "expires_at": shown(token.expires_at),
        "revoked_at": shown(token.revoked_at),
        "used_at": shown(token.used_at),
        "ended": None if ended is None else ended.value,
    }
