"""Files as read → the store, all of them or nothing; shared by `bidder import` and the watched inbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from bidder.connectors.files.reading import read_all
from bidder.connectors.files.report import FileReport, Progress, ReadOptions
from bidder.errors import Fault, ImportRefused, Source
from bidder.intake.by_hand import Verdict, prove
from bidder.money import NO_CURRENCY, Currency
from bidder.store.protocol import FileContent, Store, StoreReader

__all__ = ["Imported", "import_reports", "read_answered"]

FEW = 3
"""Products that a file must name before their being strangers says that it is another shop's."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that was stored: how many of its rows said something new, and what it says of amounts typed by hand."""

    report: FileReport
    new_rows: int
    verdicts: tuple[Verdict, ...] = ()


def read_answered(
    path: Path, options: ReadOptions, store: StoreReader | None, progress: Progress | None = None
) -> list[FileReport]:
    """Reads a file; where it has no day, with the one that was answered for this very file before."""
    if options.date is None and store is not None:
        known = store.value(_date_key(path))
        if isinstance(known, str):
            options = replace(options, date=date.fromisoformat(known))
    return read_all(path, options, progress)


def import_reports(
    store: Store, reports: Sequence[FileReport], options: ReadOptions, at: datetime, paths: Sequence[Path] = ()
) -> list[Imported]:
    """Stores whole files in one transaction, with their journal lines, and remembers what a person answered.

    Raises ImportRefused for a file of another shop, StoreError when nothing can be stored.
    """
    answered = [_with_answers(one, store.value(_answers_key(one))) for one in reports]
    _refuse_foreign(answered, store)
    contents = [FileContent(_facts(one), one.reports, one.activity, one.products) for one in answered]
    added = store.import_files(contents, at)
    _remember(store, answered, options)
    if options.date is not None:
        for path in paths:
            store.set_value(_date_key(path), options.date.isoformat())
    verdicts = [prove(store, one.reports, at) if len(one.reports) else () for one in answered]
    return [Imported(*one) for one in zip(answered, added, verdicts, strict=True)]


def _date_key(path: Path) -> str:
    try:
        return f"import:date:{sha256(path.read_bytes()).hexdigest()[:32]}"
    except OSError:
        return "import:date:unreadable"  # reading it says so


def _facts(report: FileReport) -> dict[str, Any]:
    """What the journal keeps of a file: enough to say later which file a figure came from."""
    return {
        "file": Path(report.file).name,
        "sha256": report.sha256,
        "kind": report.kind,
        "accounts": _sources(report),
        "rows": report.summary["rows"],
        "first_date": report.summary["first_date"],
        "last_date": report.summary["last_date"],
    }


def _sources(report: FileReport) -> list[str]:
    return sorted({*report.reports.account.tolist(), *report.activity.source.tolist()})


def _answers_key(report: FileReport) -> str:
    return f"import:{report.kind}:{','.join(_sources(report))}"


def _with_answers(report: FileReport, answers: Mapping[str, Any] | None) -> FileReport:
    """Fills what the file does not say with what was answered before for this kind and account.

    A file that is imported again without `--window` would otherwise be another series beside the first one.
    """
    if not answers:
        return report
    rows, shop, summary, notes = report.reports, report.activity, dict(report.summary), list(report.notes)
    if answers.get("window") is not None and len(rows) and (rows.window == -1).all():
        rows = replace(rows, window=rows.window * 0 + int(answers["window"]))
        notes = [note for note in notes if "--window" not in note]
        notes.append(f"attribution window: {answers['window']} days, as answered before")
    if answers.get("currency") is not None and report.summary["currency"] is None:
        code = Currency(answers["currency"])
        rows = replace(rows, currency=_all(rows.currency, code)) if (rows.currency == NO_CURRENCY).all() else rows
        shop = replace(shop, currency=_all(shop.currency, code)) if (shop.currency == NO_CURRENCY).all() else shop
        summary["currency"] = code
        notes = [note for note in notes if "--currency" not in note]
        notes.append(f"currency: {code}, as answered before")
    return replace(report, reports=rows, activity=shop, summary=summary, notes=tuple(notes))


def _all(column: Any, value: str) -> Any:
    result = column.copy()
    result[:] = value
    return result


def _remember(store: Store, reports: Sequence[FileReport], options: ReadOptions) -> None:
    """Keeps what a person answered, for the next file of the same kind and account."""
    answers = {"window": options.window, "currency": options.currency}
    given = {name: value for name, value in answers.items() if value is not None}
    for key in dict.fromkeys(_answers_key(one) for one in reports):
        known = store.value(key) or {}
        if given and known != {**known, **given}:
            store.set_value(key, {**known, **given})


def _refuse_foreign(reports: Sequence[FileReport], store: StoreReader) -> None:
    """A file that names none of the products that its source has always named is another shop's."""
    faults: list[Fault] = []
    known: dict[str, set[str]] = {}
    for report in reports:
        named = {str(one) for one in report.activity.product.tolist()} - {""}
        if len(named) < FEW:
            continue
        if not known:
            past = store.activity()
            for source, product in zip(past.source.tolist(), past.product.tolist(), strict=True):
                if product:
                    known.setdefault(str(source), set()).add(str(product))
        before = known.get(_sources(report)[0], set())
        if len(before) >= FEW and not named & before:
            message = f"none of its {len(named)} products was ever in {_sources(report)[0]}: is it another shop's file?"
            faults.append(Fault(Source(report.file), f"{message} Import it under another --account if it is meant"))
    if faults:
        raise ImportRefused(faults)
