"""Watches folders: what a person drops there is imported once; a half-written file waits, a broken one is set aside.

A file is known by its content, so that the same figures never count twice under another name. Files stay where they
are; one that cannot be used is moved into `refused/` beside it, with a note of what is wrong. Nothing here is fatal.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from time import monotonic, time

import numpy as np
import structlog

from bidder.account_day import AccountDay
from bidder.catalog import Account
from bidder.connectors.files.report import FileReport, ReadOptions
from bidder.errors import Fault, ImportRefused, Source, StoreError
from bidder.intake.budgets import read_budgets
from bidder.intake.importing import Imported, import_reports, read_answered
from bidder.money import NO_CURRENCY
from bidder.snapshot import EPOCH_ORDINAL
from bidder.store.protocol import Store

__all__ = ["REFUSED", "Inbox", "InboxResult", "Watched"]

log = structlog.get_logger("bidder.inbox")

REFUSED = "refused"
"""The folder for files that cannot be used, beside those that can."""

QUIET = 2.0
"""Seconds that a file must have been left alone before it is read."""

PATIENCE = 60.0
"""Seconds after its last change during which a file that cannot be read is taken as half-written."""

TRUSTED = timedelta(days=30)
"""A file older than this was not downloaded when it says: archives unpack files with the day they were made."""

KEPT = 2_000
"""Contents that are remembered of each folder."""

_UNFINISHED = (".part", ".crdownload", ".tmp", ".download", ".partial", ".filepart")


@dataclass(frozen=True, slots=True)
class Watched:
    """A folder's files and whose they are. `account`: reports of ads go under it; None where only the shop's come.

    `patterns` are paths with * in them; `ads` the account for reports of ads that turn up in a folder of the shop's.
    """

    name: str
    patterns: tuple[Path, ...]
    timezone: str
    account: Account | None = None
    ads: Account | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class InboxResult:
    """One look into one folder: files imported, rows in them, rows that said something new, files set aside.

    `data_at` is the end of the newest day that came; `error` is decode, schema, connect or other, "" when all is well.
    """

    name: str
    ads: bool
    ok: bool = True
    files: int = 0
    rows: int = 0
    new: int = 0
    quarantined: int = 0
    waiting: int = 0
    data_at: datetime | None = None
    error: str = ""
    reason: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Inbox:
    """The watched folders of one shop. `clock` says when a file is seen."""

    watched: Sequence[Watched]
    store: Store
    clock: Callable[[], datetime]
    budgets: Path | None = None
    accounts: Sequence[Account] = ()
    quiet: float = QUIET
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _budgets_seen: tuple[int, int] | None = None

    async def look(self) -> list[InboxResult]:
        """Looks into every folder once. Raises StoreError when nothing can be saved."""
        await asyncio.to_thread(self.read_budgets)
        results = []
        for one in self.watched:
            fresh = await asyncio.to_thread(self._young, one)
            if fresh:
                await asyncio.sleep(self.quiet)  # a file that is being written is given a moment, not half an hour
            results.append(await asyncio.to_thread(self.look_into, one))
        return results

    def look_into(self, one: Watched) -> InboxResult:
        """Looks into one folder."""
        started, result = monotonic(), InboxResult(one.name, one.account is not None)
        key = f"inbox:{one.name}"
        known: list[str] = list(self.store.value(key) or [])
        before = len(known)
        try:
            for path in self._files(one):
                result = self._file(one, path, known, result)
        except OSError as e:
            result = replace(result, ok=False, error="connect", reason=f"{e.strerror or e}")
        if len(known) != before:
            self.store.set_value(key, known[-KEPT:])
        return replace(result, seconds=monotonic() - started)

    def read_budgets(self) -> None:
        """Takes budgets.csv again when it has changed: what it says was in force when it was saved."""
        if self.budgets is None:
            return
        try:
            found = self.budgets.stat()
            stamp = (found.st_size, found.st_mtime_ns)
            if stamp == self._budgets_seen:
                return
            sheet = read_budgets(self.budgets.read_bytes(), str(self.budgets), self.accounts)
        except OSError as e:
            log.warning("budgets_unreadable", file=str(self.budgets), error=e.strerror or str(e))
            return
        self._budgets_seen = stamp
        if sheet.faults:  # half a file would lose budgets: the old ones stay
            log.warning("budgets_refused", error="; ".join(str(fault) for fault in sheet.faults[:5]))
            return
        self.store.add_budgets(sheet.budgets, min(datetime.fromtimestamp(found.st_mtime, UTC), self.clock()))

    def _file(self, one: Watched, path: Path, known: list[str], result: InboxResult) -> InboxResult:
        stamp = self._stamp(path)
        if stamp is None or self._seen.get(path) == stamp:
            return result
        if self._age(stamp) < self.quiet:
            return replace(result, waiting=result.waiting + 1)
        try:
            digest = sha256(path.read_bytes()).hexdigest()
        except OSError:
            return replace(result, waiting=result.waiting + 1)  # locked by a spreadsheet: the next look
        if digest in known:
            self._seen[path] = stamp
            return result
        try:
            imported = self._import(one, path, stamp)
        except ImportRefused as e:
            if self._age(stamp) < PATIENCE:
                return replace(result, waiting=result.waiting + 1)
            return self._set_aside(one, path, str(e), known, digest, result)
        except StoreError:
            raise
        except Exception as e:  # whatever a file does to its reader, the next file is read
            log.exception("file_failed", source=one.name, file=path.name)
            return self._set_aside(one, path, f"{type(e).__name__}: {e}", known, digest, result)
        if self._stamp(path) != stamp:
            return replace(result, waiting=result.waiting + 1)  # it grew meanwhile; what was read stays until the next
        self._seen[path] = stamp
        known.append(digest)
        return self._count(result, imported)

    def _import(self, one: Watched, path: Path, stamp: tuple[int, int]) -> list[Imported]:
        seen_at = self._seen_at(stamp)
        options = ReadOptions(
            account=one.name if one.account is None else str(one.account.id),
            currency=None,
            year=None,
            dates=None,
            window=None,
            timezone=one.timezone if one.account is None else one.account.timezone,
            observed_at=seen_at,
        )
        reports = read_answered(path, options, self.store)
        if any(len(report.reports) for report in reports):
            reports = [*self._of_ads(one, path, options, reports)]
        if self._stamp(path) != stamp:
            return []
        return import_reports(self.store, reports, options, self.clock(), [path])

    def _of_ads(
        self, one: Watched, path: Path, options: ReadOptions, reports: Sequence[FileReport]
    ) -> Iterator[FileReport]:
        """Reports of ads under the account that they are of, in its currency and window."""
        account = one.account or one.ads
        if account is None:
            what = "a report of ads in the shop's folder, and no account for it: add one with `platform: files`"
            raise ImportRefused([Fault(Source(str(path)), what)])
        again = replace(options, account=str(account.id), timezone=account.timezone)
        for report in reports if one.account else read_answered(path, again, self.store):
            yield _in_account(report, account, one.window)

    def _count(self, result: InboxResult, imported: Sequence[Imported]) -> InboxResult:
        if not imported:
            return replace(result, waiting=result.waiting + 1)
        data_at = result.data_at
        for one in imported:
            log.info("imported", source=result.name, file=one.report.file, kind=one.report.kind, new=one.new_rows)
            for verdict in one.verdicts:
                log.info("typed", budget=str(verdict.budget), result=verdict.result, evidence=verdict.evidence)
            newest = _data_at(one.report)
            data_at = newest if data_at is None or (newest is not None and newest > data_at) else data_at
        return replace(
            result,
            files=result.files + 1,
            rows=result.rows + sum(int(one.report.summary["rows"]) for one in imported),
            new=result.new + sum(one.new_rows for one in imported),
            data_at=data_at,
        )

    def _set_aside(
        self, one: Watched, path: Path, reason: str, known: list[str], digest: str, result: InboxResult
    ) -> InboxResult:
        """Moves a file that cannot be used out of the way, with a note; where that fails it is remembered."""
        reason = reason.replace(f"{path.parent}{os.sep}", "")
        folder = path.parent / REFUSED
        try:
            folder.mkdir(exist_ok=True)
            target = _free(folder / path.name)
            os.replace(path, target)
            target.with_name(f"{target.name}.why.txt").write_text(f"{reason}\n", encoding="utf-8")
            where = f"moved to {REFUSED}/{target.name}"
        except OSError as e:
            known.append(digest)
            where = f"could not be moved ({e.strerror or e})"
        self.store.append(
            "refused_file", self.clock(), source=one.name, file=path.name, reason=reason[:2000], where=where
        )
        log.warning("file_refused", source=one.name, file=path.name, reason=reason.splitlines()[0] if reason else "")
        first = reason.splitlines()[0] if reason else "cannot be read"
        return replace(result, ok=False, quarantined=result.quarantined + 1, error="decode", reason=first[:300])

    def _files(self, one: Watched) -> list[Path]:
        """The folder's files that are no leftovers of a download, oldest first: a later download restates a former."""
        found: dict[Path, int] = {}
        for pattern in one.patterns:
            folder = _fixed_part(pattern)
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob(str(pattern.relative_to(folder))):
                name = path.name.casefold()
                if name.startswith((".", "~$")) or name.endswith((*_UNFINISHED, ".why.txt")) or REFUSED in path.parts:
                    continue
                stamp = self._stamp(path)
                if stamp is not None:
                    found[path] = stamp[1]
        return sorted(found, key=lambda path: (found[path], str(path)))

    def _young(self, one: Watched) -> bool:
        try:
            return any(
                self._seen.get(path) != stamp and self._age(stamp) < self.quiet
                for path in self._files(one)
                if (stamp := self._stamp(path)) is not None
            )
        except OSError:
            return False

    def _stamp(self, path: Path) -> tuple[int, int] | None:
        """Size and time of change; None for what is no file."""
        try:
            found = path.stat()
        except OSError:
            return None
        return (found.st_size, found.st_mtime_ns) if path.is_file() else None

    def _age(self, stamp: tuple[int, int]) -> float:
        """Seconds since the last change by the host's clock; a change in the future is just now."""
        return max(0.0, time() - stamp[1] / 1e9)

    def _seen_at(self, stamp: tuple[int, int]) -> datetime:
        """When the file was downloaded, as far as its time can be believed: never later than now."""
        now, changed = self.clock(), datetime.fromtimestamp(stamp[1] / 1e9, UTC)
        return changed if now - TRUSTED < changed <= now else now


def _fixed_part(pattern: Path) -> Path:
    """The folder above the first * of a pattern."""
    fixed = []
    for part in pattern.parent.parts:
        if any(sign in part for sign in "*?["):
            break
        fixed.append(part)
    return Path(*fixed)


def _free(path: Path) -> Path:
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found


def _in_account(report: FileReport, account: Account, window: int | None) -> FileReport:
    """What the file does not say, from the account. Raises ImportRefused when it is in another currency."""
    rows = report.reports
    if not len(rows):
        return report
    codes = set(rows.currency.tolist())
    if codes == {NO_CURRENCY}:
        currency = rows.currency.copy()
        currency[:] = account.currency
        rows = replace(rows, currency=currency)
    elif codes != {str(account.currency)}:
        what = f"is in {', '.join(sorted(codes))}, account {account.id} in {account.currency}"
        raise ImportRefused([Fault(Source(report.file), what)])
    if window is not None and (rows.window == -1).all():
        rows = replace(rows, window=np.full(len(rows), window, dtype=np.int64))
    return replace(report, reports=rows)


def _data_at(report: FileReport) -> datetime | None:
    """The end of the newest day in the file."""
    for days, zones in ((report.reports.day, report.reports.zone), (report.activity.day, report.activity.zone)):
        if len(days):
            day = date.fromordinal(int(days.max()) + EPOCH_ORDINAL)
            return AccountDay(str(zones[0]), day).end_at
    return max((one.stock_at for one in report.products if one.stock_at is not None), default=None)
