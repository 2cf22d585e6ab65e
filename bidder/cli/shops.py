"""`bidder shops`: how all shops of an agency stand; `shops check`: every fault of every file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidder.errors import BidderError, ConfigError, Fault, Source

if TYPE_CHECKING:
    from bidder.agency.standing import ShopStanding
    from bidder.config.agency import Agency
    from bidder.explain.agency_document import AgencyDigest
    from bidder.explain.agency_words import Language

__all__ = ["AgencyOption", "register"]

AgencyOption = Annotated[
    Path | None,
    typer.Option("--agency", "-a", help="agency.yaml or its folder (default: $BIDDER_AGENCY, else this folder)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs, on stdout.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    family = typer.Typer(help="Many shops looked at together.", rich_markup_mode="rich")
    family.callback(invoke_without_command=True)(shops)
    family.command("check")(check)
    family.command("digest")(digest)
    family.command("serve")(serve)
    app.add_typer(family, name="shops")


def shops(
    context: typer.Context,
    agency: AgencyOption = None,
    needing: Annotated[bool, typer.Option("--needing", help="Only those that need somebody.")] = False,
    as_json: JsonOption = False,
) -> None:
    """State, holds and pacing of all shops, those that need somebody first, most money at risk first.

    Exit code 1 when a shop's files or store cannot be read; the others are listed all the same.
    """
    context.obj = agency
    if context.invoked_subcommand is not None:
        return
    from bidder.agency.overview import ahead, look, shops_document
    from bidder.config.agency import load_agency
    from bidder.cycle import utc_now

    found, now = load_agency(agency), utc_now()
    all_shops = list(look(found, now))
    first = ahead(all_shops, found, now.date())
    listed = [*first, *([] if needing else [one for one in all_shops if not one.needs])]
    if as_json:
        document = shops_document(all_shops, found, now)
        if needing:
            document = document.model_copy(update={"shops": document.shops[: document.needing]})
        typer.echo(document.model_dump_json(indent=2))
    else:
        _table(listed, found, len(all_shops), len(first))
    if any(one.state == "BROKEN" or (one.state == "UNREAD" and one.reason != NOTHING) for one in all_shops):
        raise typer.Exit(1)


NOTHING = "nothing was read yet"


def check(context: typer.Context, agency: AgencyOption = None, as_json: JsonOption = False) -> None:
    """Every fault of agency.yaml, the template and every shop's file; a fault that many shops share is told once."""
    from bidder.config.agency import load_agency
    from bidder.config.shops import read_shops

    found = load_agency(agency or context.obj)
    faults: dict[Fault, list[str]] = {}
    warnings: dict[Fault, list[str]] = {one: [] for one in found.warnings}
    broken = count = 0
    for shop in read_shops(found):
        count += 1
        broken += shop.config is None
        for one in shop.faults:
            faults.setdefault(one, []).append(shop.name)
        for one in () if shop.config is None else shop.config.warnings:
            warnings.setdefault(one, []).append(shop.name)
    if as_json:
        document = {
            "ok": not broken,
            "shops": count,
            "broken": broken,
            "faults": [_told(one, names) for one, names in faults.items()],
            "warnings": [_told(one, names) for one, names in warnings.items()],
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for one, names in faults.items():
            typer.echo(f"{one}{_shared(names)}")
        for one, names in warnings.items():
            typer.echo(f"{one}  (warning){_shared(names)}")
        typer.echo(f"{count} shops, {broken} cannot be used, {len(faults)} faults, {len(warnings)} warnings", err=True)
    if broken:
        raise typer.Exit(2)
    if not count:
        raise BidderError(f"{found.folder}: no shops: none of {', '.join(found.shops)} is there")


def digest(
    context: typer.Context,
    agency: AgencyOption = None,
    lang: Annotated[str | None, typer.Option(help="zh or en (default: zh where the agency counts in CNY).")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one HTML file with all shops that need somebody.")] = None,
    send: Annotated[bool, typer.Option("--send", help="Send it to the receivers in agency.yaml.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The agency's morning: the money of all shops, and those that need somebody, most money at risk first."""
    from bidder.agency.digest import agency_digest
    from bidder.agency.overview import look
    from bidder.config.agency import load_agency
    from bidder.cycle import utc_now
    from bidder.explain.agency_digest import agency_page, agency_text

    found, now = load_agency(agency or context.obj), utc_now()
    if lang not in (None, "zh", "en"):
        raise ConfigError([Fault(Source("--lang"), f"expected zh or en, was {lang!r}")])
    language: Language = "zh" if lang == "zh" or (lang is None and found.currency == "CNY") else "en"
    shown = agency_digest(list(look(found, now)), found, now)
    if html is not None:
        html.write_text(agency_page(shown, language), "utf-8")
        typer.echo(f"wrote {html}", err=True)
    if send:
        _send(shown, found)
    if as_json:
        typer.echo(shown.model_dump_json(indent=2))
    elif html is None and not send:
        typer.echo("\n".join(agency_text(shown, language)))


def _send(shown: AgencyDigest, agency: Agency) -> None:
    from bidder.alerts import send
    from bidder.explain.agency_digest import agency_page, agency_text

    receivers = [one for one in agency.receivers if one.digest]
    if not receivers:
        raise ConfigError([Fault(Source(str(agency.path)), "no receivers: write alerts: [{to: {env: ALERT_URL}}]")])
    failed = 0
    for one in receivers:
        language: Language = "zh" if one.language == "zh" else "en"
        title, *rest = agency_text(shown, language)
        why = send(one, title, "\n".join(rest), html=agency_page(shown, language))
        typer.echo(f"{one.name}  {'sent' if why is None else f'NOT sent: {why}'}")
        failed += why is not None
    if failed:
        raise BidderError(f"{failed} of {len(receivers)} receivers did not take it")


def serve(
    context: typer.Context,
    agency: AgencyOption = None,
    listen: Annotated[str | None, typer.Option(help="HOST:PORT of the page.")] = None,
    log_format: Annotated[str, typer.Option("--log", help="json or text, on stderr.")] = "json",
) -> None:
    """The page of all shops, and each shop's pages, for whoever has a token (`bidder token create`).

    It polls nothing and decides nothing: `bidder worker`, or a daemon a shop, does.
    """
    import asyncio

    from bidder.agency.serving import serve as serve_shops
    from bidder.cli.serving import address_of
    from bidder.config.agency import load_agency
    from bidder.instrumentation import configure_logging

    found = load_agency(agency or context.obj)
    try:
        host, port = address_of(listen or found.listen)
    except ValueError as e:
        raise ConfigError([Fault(Source("--listen"), str(e))]) from e
    configure_logging(json=log_format != "text")
    asyncio.run(serve_shops(found, host, port, ready=lambda url: typer.echo(f"page {url}", err=True)))


def _shared(names: list[str]) -> str:
    return f"  (in {len(names)} shops)" if len(names) > 1 else ""


def _told(fault: Fault, names: list[str]) -> dict[str, object]:
    source = fault.source
    return {
        "file": None if source is None else source.file,
        "line": None if source is None or not source.line else source.line,
        "column": None if source is None or not source.column else source.column,
        "message": fault.message,
        "shops": names,
    }


def _table(listed: list[ShopStanding], agency: Agency, count: int, needing: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from bidder.explain.agency_words import need_text

    language: Language = "zh" if agency.currency == "CNY" else "en"
    table = Table("shop", "state", "plan", "waits", "holds", "yesterday", "month", "pace", "needs somebody", box=None)
    for one in listed:
        holds = ", ".join(f"{check} {n}" if n > 1 else check for check, n in one.holds.items())
        month = "" if one.spent_month is None else f"{one.spent_month:,.0f}"
        if one.month_budget:
            month += f" / {one.month_budget:,.0f}"
        first = one.first
        what = "" if first is None else need_text(first.kind, first.detail, first.at_risk, one.currency, language)
        more = f" +{len(one.needs) - 1}" if len(one.needs) > 1 else ""
        table.add_row(
            one.name, one.state, one.plan_day, str(one.waits or ""), holds,
            "" if one.spent_yesterday is None else f"{one.spent_yesterday:,.0f}",
            month, "" if one.pace is None else f"{one.pace:.0%}", what + more,
        )  # fmt: skip
    Console().print(table)
    typer.echo(f"{count} shops, {needing} need somebody", err=True)
