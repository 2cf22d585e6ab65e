"""`bidder import`: exports that a person downloaded, into the store. Every file is read before anything is stored."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bidder.errors import ConfigError, Fault, Source

if TYPE_CHECKING:
    from rich.console import Console

    from bidder.connectors.files import FileReport, ReadOptions
    from bidder.connectors.files.report import Progress
    from bidder.store.protocol import Store

__all__ = ["register"]

BAR_FROM = 2_000_000
"""Bytes of all files together from which a progress bar is worth its line."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("import")(import_)


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Exports: CSV, XLSX or XLS.")],
    account: Annotated[str | None, typer.Option(help="Store the rows under this account.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code, for files that name none.")] = None,
    year: Annotated[int | None, typer.Option(help="For files whose days have no year.")] = None,
    dates: Annotated[
        Literal["dmy", "mdy", "ymd"] | None, typer.Option(help="Order of day and month, where two orders fit.")
    ] = None,
    window: Annotated[int | None, typer.Option(help="Attribution window in days, for files that do not say.")] = None,
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
    from bidder.store import open_store
    from bidder.store.protocol import FileContent

    seen_at = _instant(observed_at)
    configured_store, configured_zone = _configured(config, account)
    options = ReadOptions(account, currency, year, dates, window, timezone or configured_zone, seen_at)
    reports = _read_all(files, options)
    saved = open_store(store or configured_store)
    try:
        reports = [_with_answers(one, saved.value(_answers_key(one))) for one in reports]
        facts = [_facts(one) for one in reports]
        contents = [FileContent(fact, one.reports) for one, fact in zip(reports, facts, strict=True)]
        new_rows = saved.import_files(contents, seen_at)
        _remember(saved, reports, options)
    finally:
        saved.close()
    if as_json:
        found = [_document(one, new) for one, new in zip(reports, new_rows, strict=True)]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=160)
    for one, new in zip(reports, new_rows, strict=True):
        _show(console, one, new)


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


def _read_all(files: Sequence[Path], options: ReadOptions) -> list[FileReport]:
    """Every file, or ImportRefused with the faults of every file that cannot be used."""
    from bidder.connectors.files import read
    from bidder.errors import ImportRefused

    reports: list[FileReport] = []
    faults: list[Fault] = []
    with _bar(files) as progress_of:
        for place, path in enumerate(files):
            try:
                reports.append(read(path, options, progress_of(place)))
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


def _facts(report: FileReport) -> dict[str, Any]:
    """What the journal keeps of a file: enough to say later which file a figure came from."""
    return {
        "file": Path(report.file).name,
        "sha256": report.sha256,
        "kind": report.kind,
        "accounts": sorted(set(report.reports.account.tolist())),
        "rows": report.summary["rows"],
        "first_date": report.summary["first_date"],
        "last_date": report.summary["last_date"],
    }


def _answers_key(report: FileReport) -> str:
    return f"import:{report.kind}:{','.join(sorted(set(report.reports.account.tolist())))}"


def _with_answers(report: FileReport, answers: Mapping[str, Any] | None) -> FileReport:
    """Fills what the file does not say with what was answered before for this kind and account.

    A file that is imported again without `--window` would otherwise be another series beside the first one.
    """
    from bidder.money import NO_CURRENCY

    if not answers:
        return report
    rows, summary, notes = report.reports, dict(report.summary), list(report.notes)
    if answers.get("window") is not None and (rows.window == -1).all():
        rows = replace(rows, window=rows.window * 0 + int(answers["window"]))
        notes = [note for note in notes if "--window" not in note]
        notes.append(f"attribution window: {answers['window']} days, as answered before")
    if answers.get("currency") is not None and (rows.currency == NO_CURRENCY).all():
        codes = rows.currency.copy()
        codes[:] = answers["currency"]
        rows, summary["currency"] = replace(rows, currency=codes), answers["currency"]
        notes = [note for note in notes if "--currency" not in note]
        notes.append(f"currency: {answers['currency']}, as answered before")
    return replace(report, reports=rows, summary=summary, notes=tuple(notes))


def _remember(store: Store, reports: Sequence[FileReport], options: ReadOptions) -> None:
    """Keeps what a person answered, for the next file of the same kind and account."""
    answers = {"window": options.window, "currency": options.currency}
    given = {name: value for name, value in answers.items() if value is not None}
    for key in dict.fromkeys(_answers_key(one) for one in reports):
        known = store.value(key) or {}
        if given and known != {**known, **given}:
            store.set_value(key, {**known, **given})


def _document(report: FileReport, new_rows: int) -> dict[str, Any]:
    return {"file": report.file, "kind": report.kind, "new_rows": new_rows, **report.summary}


def _show(console: Console, report: FileReport, new_rows: int) -> None:
    """What was understood of a file: kind, columns, totals."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    summary = report.summary
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
            money = name in {"spend", "revenue"}
            totals.add_row(f"{name} ({currency})" if money else name, f"{value:,.2f}" if money else f"{value:,.10g}")
    console.print(totals)
    console.print(
        f"{summary['rows']:,} rows, {summary['entities']} campaigns or products, "
        f"{summary['first_date']} to {summary['last_date']} ({summary['days_with_rows']} days), "
        f"{summary['missing_cells']} empty cells; {new_rows:,} new rows stored",
        highlight=False,
        soft_wrap=True,
    )
    for note in report.notes:
        console.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)
    console.print()
