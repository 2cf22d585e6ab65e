"""`bidder init DIR`: a commented configuration to start from, for named platforms or from a real export (PRODUCT 3)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidder.errors import ConfigError, Fault, Source

if TYPE_CHECKING:
    from bidder.connectors.files import FileReport

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("init")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made when it is not there.")],
    platform: Annotated[
        list[str] | None, typer.Option(help="An account of this platform; may be repeated (default: files).")
    ] = None,
    from_: Annotated[
        list[Path] | None, typer.Option("--from", metavar="EXPORT", help="Fill accounts and products from this export.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="The shop's currency (default: the export's, else CNY).")] = None,
    timezone: Annotated[str, typer.Option(help="The shop's zone.")] = "Asia/Shanghai",
) -> None:
    """Writes bidder.yaml, products.csv and a first rule, with comments. Never writes over a file that is there.

    Accounts start in observe, or manual where only files are known: nothing is written to any platform. Keys stay in
    the environment; docs/platforms says how to get each.
    """
    from bidder.config.starting import PLATFORMS, configuration

    unknown = [name for name in platform or [] if name not in PLATFORMS]
    if unknown:
        there = ", ".join(PLATFORMS)
        raise ConfigError([Fault(Source("--platform"), f"no platform {name!r}; there are {there}") for name in unknown])
    reports = _read(from_ or [], currency, timezone)
    shop = currency or next((one.summary["currency"] for one in reports if one.summary["currency"]), "CNY")
    named = sorted({str(name) for one in reports for name in one.reports.account.tolist()})
    files = configuration(
        _alias(folder), shop, timezone, list(dict.fromkeys(platform or [])), named, _products(reports), _says(reports)
    )
    taken = [folder / name for name in files if (folder / name).exists()]
    if taken:
        raise ConfigError([Fault(Source(str(one)), "is there already; choose another folder") for one in taken])
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as opened:
                opened.write(text)
    except OSError as e:
        raise ConfigError([Fault(Source(str(folder)), f"cannot be written: {e.strerror or e}")]) from e
    typer.echo(f"wrote {', '.join(str(folder / name) for name in files)}")
    typer.echo(f"next: set what the comments ask for, then cd {folder} && bidder check")
    if from_:
        typer.echo("and keep the figures: bidder import " + " ".join(str(one) for one in from_))


def _read(paths: list[Path], currency: str | None, zone: str) -> list[FileReport]:
    """The exports as they are understood. Raises ImportRefused."""
    if not paths:
        return []
    from datetime import UTC, datetime

    from bidder.connectors.files import ReadOptions, read_all

    options = ReadOptions(None, currency, None, None, None, zone, datetime.now(UTC))
    return [one for path in paths for one in read_all(path, options)]


def _alias(folder: Path) -> str:
    from bidder.ids import alias_of

    return alias_of(folder.resolve().name) or "my-shop"


def _says(reports: list[FileReport]) -> bool:
    """Whether some file says what the shop itself did."""
    return any(len(one.activity) for one in reports)


def _products(reports: list[FileReport]) -> dict[str, str]:
    """Products of the exports with their names, those on which most was spent first."""
    from bidder.reports import UNKNOWN_MICROS

    spent: dict[str, int] = {}
    for one in reports:
        rows = one.reports
        for product, micros in zip(rows.product.tolist(), rows.spend.tolist(), strict=True):
            if product:
                spent[product] = spent.get(product, 0) + (0 if micros == UNKNOWN_MICROS else int(micros))
        for product in one.activity.product.tolist():
            if product:
                spent.setdefault(str(product), 0)
    names = {str(product.id): product.name for one in reports for product in one.products}
    ordered = sorted({*spent, *names}, key=lambda name: (-spent.get(name, 0), name))
    return {name: names.get(name, "") for name in ordered}
