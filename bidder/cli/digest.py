"""`bidder digest`: the morning report on the screen, as a page, as JSON, or sent; `bidder alert test`: a trial."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidder.errors import BidderError, ConfigError, Fault, Source

if TYPE_CHECKING:
    from bidder.alerts import Receiver
    from bidder.config.load import Config
    from bidder.explain.digest_document import DigestDocument
    from bidder.explain.digest_text import Language

__all__ = ["language_of", "register"]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("digest")(digest)
    alert = typer.Typer(help="Messages to receivers under `alerts`.", no_args_is_help=True)
    alert.command("test")(alert_test)
    alert.callback()(_messages)
    app.add_typer(alert, name="alert")


def _messages() -> None:
    """Messages to receivers under `alerts`."""


def digest(
    day: Annotated[
        str | None, typer.Option("--date", help="The day it is about, YYYY-MM-DD (default: yesterday).")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="zh or en (default: zh where the shop's currency is CNY).")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one HTML file with its pictures.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, on stdout.")] = False,
    send: Annotated[bool, typer.Option("--send", help="Send it to the receivers under `alerts`.")] = False,
    config: ConfigOption = None,
    store: Annotated[str | None, typer.Option(help="Where the saved state is, e.g. sqlite:///bidder.db.")] = None,
) -> None:
    """Yesterday and the month against plan, why, what you should do, and what bidder does today.

    [bold]bidder digest --lang zh[/bold]  ·  [bold]bidder digest --html morning.html[/bold]
    """
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.daemon.digesting import digest_now
    from bidder.explain.digest_page import digest_page
    from bidder.explain.digest_text import digest_text
    from bidder.store import open_reader

    loaded = load(config)
    language = language_of(lang, loaded)
    about = _day(day)
    saved = open_reader(store or loaded.store_url)
    try:
        newest = saved.plan()
        now = utc_now()
        if newest is not None and any(account.platform == "sandbox" for account, _ in loaded.accounts):
            now = max((line.at for line in saved.journal(limit=1)), default=now)  # a simulated shop has its own time
        shown = digest_now(loaded, saved, now, about)
    finally:
        saved.close()
    if html is not None:
        html.write_text(digest_page(shown, language), "utf-8")
        typer.echo(f"wrote {html}", err=True)
    if send:
        _send(shown, loaded)
    if as_json:
        typer.echo(shown.model_dump_json(indent=2))
    elif html is None and not send:
        typer.echo(digest_text(shown, language))


def alert_test(config: ConfigOption = None) -> None:
    """Sends a trial message to each receiver and says what became of it; exit 1 when one did not take it."""
    from bidder.alerts import send
    from bidder.alerts.words import trial
    from bidder.config.load import load

    loaded = load(config)
    failed = 0
    for one in _receivers(loaded):
        title, text = trial(one.language, loaded.shop.title or loaded.shop.name)
        failed += _told(one, send(one, title, text))
    if failed:
        raise BidderError(f"{failed} of {len(loaded.receivers)} receivers did not take it")


def _send(shown: DigestDocument, loaded: Config) -> None:
    import tempfile

    from bidder.alerts import send
    from bidder.daemon.digesting import letters

    receivers = {one.name: one for one in _receivers(loaded)}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="bidder-digest-") as folder:
        for letter in letters(shown, list(receivers.values()), Path(folder)):
            one = receivers[letter.to]
            why = send(one, letter.title, letter.text, html=letter.html, attachments=letter.attachments)
            failed += _told(one, why)
    if failed:
        raise BidderError(f"{failed} receivers did not take it")


def _receivers(loaded: Config) -> tuple[Receiver, ...]:
    if not loaded.receivers:
        where = Source(str(loaded.path or "bidder.yaml"))
        raise ConfigError([Fault(where, "no receivers: write alerts: [{to: {env: ALERT_URL}}]")])
    return loaded.receivers


def _told(one: Receiver, why: str | None) -> bool:
    typer.echo(f"{one.name}  {'sent' if why is None else f'NOT sent: {why}'}")
    return why is not None


def language_of(asked: str | None, loaded: Config) -> Language:
    """The one asked for, else that of the shop's currency. Raises ConfigError for another."""
    match asked:
        case "zh" | "en":
            return asked
        case None:
            return "zh" if loaded.shop.currency == "CNY" else "en"
    raise ConfigError([Fault(Source("--lang"), f"expected zh or en, was {asked!r}")])


def _day(asked: str | None) -> date | None:
    if asked is None:
        return None
    try:
        return date.fromisoformat(asked)
    except ValueError as e:
        raise ConfigError([Fault(Source("--date"), f"expected YYYY-MM-DD, was {asked!r}")]) from e
