"""`bidder import`: exports that a person downloaded, into the store. Every file is read before anything is stored."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from datetime import date as Date  # noqa: N812 - `date` is an option
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bidder.errors import ConfigError, Fault, Source

if TYPE_CHECKING:
    from rich.console import Console

    from bidder.connectors.files import FileReport, ReadOptions
    from bidder.connectors.files.report import Progress
    from bidder.intake.importing import Imported
    from bidder.store.protocol import StoreReader

__all__ = ["register"]

BAR_FROM = 2_000_000
"""Bytes of all files together from which a progress bar is worth its line."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("import")(import_)


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Exports: CSV, XLSX, XLS, or a zip of them.")],
    account: Annotated[str | None, typer.Option(help="Store the rows under this account.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code, for files that name none.")] = None,
    year: Annotated[int | None, typer.Option(help="For files whose days have no year.")] = None,
    dates: Annotated[
        Literal["dmy", "mdy", "ymd"] | None, typer.Option(help="Order of day and month, where two orders fit.")
    ] = None,
    window: Annotated[int | None, typer.Option(help="Attribution window in days, for files that do not say.")] = None,
    date: Annotated[str | None, typer.Option(help="The day of a file that has no days, YYYY-MM-DD.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="The account's zone, such as Asia/Shanghai (default: the configuration's).")
    ] = None,
    observed_at: Annotated[str | None, typer.Option(help="When the files were seen, ISO 8601 (default: now).")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
    ] = None,
    store: Annotated[str | None, typer.Option(help="Where the saved state is, e.g. sqlite:///bidder.db.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, on stdout.")] = False,
) -> None:
    """Reads exports by their content, shows what was understood, and stores all of them or nothing."""
    from bidder.connectors.files import ReadOptions
    from bidder.intake.importing import import_reports
    from bidder.store import open_store

    seen_at = _instant(observed_at)
    configured_store, configured_zone = _configured(config, account)
    zone = timezone or configured_zone
    options = ReadOptions(account, currency, year, dates, window, zone, seen_at, _day(date))
    url = store or configured_store
    with _known_answers(url) as known:
        reports = _read_all(files, options, known)
    saved = open_store(url)
    try:
        imported = import_reports(saved, reports, options, seen_at, files)
    finally:
        saved.close()
    if as_json:
        typer.echo(json.dumps([_document(one) for one in imported], ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=160)
    for one in imported:
        _show(console, one)


def _configured(config: Path | None, account: str | None) -> tuple[str, str]:
    """The configuration's store, and the zone of the account, else of the shop; UTC where nothing is configured."""
    from bidder.config.load import load

    loaded = load(config)
    zones = {one.id: one.timezone for one, _ in loaded.accounts}
    shop = "UTC" if loaded.path is None else loaded.shop.timezone
    return loaded.store_url, next((zone for name, zone in zones.items() if name == account), shop)


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        message = f"expected an instant with its zone such as 2026-03-01T09:30:00+08:00, was {text!r}"
        raise ConfigError([Fault(Source("--observed-at"), message)])
    return at


def _day(text: str | None) -> Date | None:
    if text is None:
        return None
    try:
        return Date.fromisoformat(text)
    except ValueError:
        raise ConfigError([Fault(Source("--date"), f"expected YYYY-MM-DD, was {text!r}")]) from None


@contextmanager
def _known_answers(url: str) -> Iterator[StoreReader | None]:
    """The store to look up earlier answers in; None where there is none yet."""
    from bidder.errors import StoreError
    from bidder.store import open_reader

    try:
        known = open_reader(url)
    except StoreError:  # made, brought up to date or told of when the rows are stored
        yield None
        return
    try:
        yield known
    finally:
        known.close()


def _read_all(files: Sequence[Path], options: ReadOptions, known: StoreReader | None) -> list[FileReport]:
    """Every file, or ImportRefused with the faults of every file that cannot be used."""
    from bidder.errors import ImportRefused
    from bidder.intake.importing import read_answered

    reports: list[FileReport] = []
    faults: list[Fault] = []
    with _bar(files) as progress_of:
        for place, path in enumerate(files):
            try:
                reports.extend(read_answered(path, options, known, progress_of(place)))
            except ImportRefused as e:
                faults.extend(e.faults)
    if faults:
        raise ImportRefused(faults)
    return reports


@contextmanager
def _bar(files: Sequence[Path]) -> Iterator[Any]:
    """Gives for each file what its progress is told to: a bar on a terminal, nobody elsewhere."""
    size = sum(path.stat().st_size for path in files if path.is_file())
    if not sys.stderr.isatty() or size < BAR_FROM:
        yield lambda _place: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        tasks = [bar.add_task(path.name, total=1.0) for path in files]

        def progress_of(place: int) -> Progress:
            return lambda part: bar.update(tasks[place], completed=part)

        yield progress_of


def _document(one: Imported) -> dict[str, Any]:
    found = {"file": one.report.file, "kind": one.report.kind, "new_rows": one.new_rows, **one.report.summary}
    if one.verdicts:
        found["typed"] = [
            {"budget": str(v.budget), "typed": str(v.typed), "result": v.result, "evidence": v.evidence}
            for v in one.verdicts
        ]
    return found


def _show(console: Console, one: Imported) -> None:
    """What was understood of a file: kind, columns, totals."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    report, new_rows, summary = one.report, one.new_rows, one.report.summary
    shape = box.SIMPLE if console.is_terminal else None
    console.print(f"[bold]{escape(report.file)}[/bold]  {report.kind}", highlight=False, soft_wrap=True)
    columns = Table(box=shape, pad_edge=False)
    columns.add_column("bidder's name")
    columns.add_column("column in the file")
    for name, header in report.mapping.items():
        columns.add_row(escape(name), escape(header))
    console.print(columns)
    if report.ignored:
        console.print("left out: " + escape(", ".join(report.ignored)), highlight=False, soft_wrap=True)
    currency = summary["currency"] or "no currency"
    totals = Table(box=shape, pad_edge=False)
    totals.add_column("total")
    totals.add_column("figure", justify="right")
    for name, value in summary["sums"].items():
        if value is not None:
            money = name in {"spend", "revenue", "refunds"}
            totals.add_row(f"{name} ({currency})" if money else name, f"{value:,.2f}" if money else f"{value:,.10g}")
    console.print(totals)
    console.print(
        f"{summary['rows']:,} rows, {summary['entities']} campaigns or products, "
        f"{summary['first_date']} to {summary['last_date']} ({summary['days_with_rows']} days), "
        f"{summary['missing_cells']} empty cells; {new_rows:,} new rows stored",
        highlight=False,
        soft_wrap=True,
    )
    for verdict in one.verdicts:
        console.print(
            f"typed in: {escape(str(verdict.budget))} {verdict.typed}: {verdict.result}, {escape(verdict.evidence)}",
            highlight=False,
            soft_wrap=True,
        )
    for note in report.notes:
        console.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)
    console.print()
