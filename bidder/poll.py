"""Asks every connector what it knows now and appends it to the store. It never holds a writer.

Called by `cycle` and `bidder poll`. Accounts are asked side by side, and one that fails stops no other. Rows that
cannot be true are left out and counted; an account that suddenly shows less than half of what it had is not believed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import numpy as np

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.protocol import ActivityReader, AdsReader, BidReader, ShopReader
from bidder.errors import ConnectorError, StoreError
from bidder.foreign_edits import OF_BUDGETS, Read, tell_all
from bidder.ids import AccountId, BudgetId
from bidder.poll_bids import poll_bids
from bidder.poll_rows import cannot_be, data_at_of, keys_of, missing_of, quarantined
from bidder.report_rows import rows_of
from bidder.reports import Reports
from bidder.snapshot import day_number
from bidder.store.protocol import Store, StoreReader

__all__ = ["ERRORS", "PollResult", "error_of", "in_told_zones", "poll", "zone_key"]

ERRORS = ("timeout", "connect", "auth", "throttled", "http_4xx", "http_5xx", "decode", "schema", "other")
"""The classes of failures that the metrics know."""

FEW = 4
"""Below so many known rows or budgets a drop says nothing."""

LONG = 60.0
"""A platform that asks not to come for more seconds than this is left alone across restarts too."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """One kind of data of one account: `performance`, `budgets`, `bids`, `stock`, `orders` or `activity`.

    `rows` were received, `new` of them said something new, `quarantined` were not believed. `data_at` is the newest
    instant that the data describes, None when there is none. `error` is one of ERRORS, "" when ok. `throttled` are the
    seconds that were spent waiting because of rates; `clock_off` those by which this computer's clock is ahead of the
    platform's, None where the platform does not say.
    """

    account: str
    kind: str
    ok: bool
    seconds: float
    rows: int = 0
    new: int = 0
    quarantined: int = 0
    data_at: datetime | None = None
    error: str = ""
    reason: str = ""
    throttled: float = 0.0
    clock_off: float | None = None


def zone_key(account: Account) -> str:
    """Under this name the store keeps the zone that the platform told."""
    return f"zone:{account.id}"


def in_told_zones(accounts: Sequence[Account], store: StoreReader) -> tuple[Account, ...]:
    """The accounts, each in the zone that its platform told where nobody wrote one."""
    told = [None if one.zone_written else store.value(zone_key(one)) for one in accounts]
    return tuple(replace(one, timezone=zone) if zone else one for one, zone in zip(accounts, told, strict=True))


async def poll(
    readers: Sequence[AdsReader],
    shops: Sequence[ShopReader],
    store: Store,
    *,
    clock: Callable[[], datetime],
    days: int,
    patience: timedelta = timedelta(minutes=5),
    bids: Collection[AccountId] = (),
) -> list[PollResult]:
    """Reads budgets and the last `days` account days (and today) of every account, and the products of every shop.

    A reader whose platform restates days for longer says so in an attribute `restated_days`.

    `bids` are the accounts whose bids and targets are read too, where their platform offers them.
    `patience` bounds each question. Ends with one journal line `polled`, and one
    `foreign_edit` for each budget that somebody else has moved. Raises StoreError when nothing can be saved.
    """
    desk = _Desk(store, clock, days, patience, asyncio.Lock(), frozenset(bids))
    asked = [desk.account(reader) for reader in readers]
    asked += [desk.shop(reader) for reader in shops]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer  # the store's; what platforms throw has become a result
    results = [result for answer in answers if not isinstance(answer, BaseException) for result in answer]
    await asyncio.to_thread(lambda: store.append("polled", clock(), results=[_facts(result) for result in results]))
    return results


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the questions of one poll share. `lock`: SQLite takes one writer at a time."""

    store: Store
    clock: Callable[[], datetime]
    days: int
    patience: timedelta
    lock: asyncio.Lock
    bids: frozenset[AccountId]

    async def account(self, reader: AdsReader) -> list[PollResult]:
        """Budgets, then performance: one request at a time to a platform."""
        name = str(reader.account.id)
        until = await asyncio.to_thread(self.store.value, _until_key(name))
        if until is not None and self.clock() < datetime.fromisoformat(until):
            reason = f"not asked: the platform asked for rest until {until}"
            kinds = ("budgets", "performance", *(["bids"] if self._has_bids(reader) else []))
            return [PollResult(name, kind, False, 0.0, error="throttled", reason=reason) for kind in kinds]
        budgets = await self._asked(reader, "budgets", lambda: self._budgets(reader))
        await self._remember_zone(reader.account)
        results = [budgets, await self._asked(reader, "performance", lambda: self._performance(reader))]
        if self._has_bids(reader):
            results.append(await self._asked(reader, "bids", lambda: self._bids(reader)))
        return results

    def _has_bids(self, reader: AdsReader) -> bool:
        return reader.account.id in self.bids and isinstance(reader, BidReader)

    async def _remember_zone(self, account: Account) -> None:
        """Whoever decides and writes goes by the zone that the platform told where nobody wrote one."""
        if (
            not account.zone_written
            and await asyncio.to_thread(self.store.value, zone_key(account)) != account.timezone
        ):
            async with self.lock:
                await asyncio.to_thread(self.store.set_value, zone_key(account), account.timezone)

    async def shop(self, reader: ShopReader) -> list[PollResult]:
        """Products with their stock, and what was sold where the shop says it."""
        results = [await self._asked(reader, "stock", lambda: self._products(reader))]
        if isinstance(reader, ActivityReader):
            results.append(await self._asked(reader, "orders", lambda: self._activity(reader)))
        return results

    async def _asked(
        self, reader: AdsReader | ShopReader, kind: str, ask: Callable[[], Awaitable[PollResult]]
    ) -> PollResult:
        account, started, waited = str(reader.account.id), monotonic(), _waited(reader)
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                result = await ask()
        except StoreError:
            raise
        except Exception as e:  # one source never stops another, whatever its connector throws
            reason = e.reason if isinstance(e, ConnectorError) else type(e).__name__
            result = PollResult(account, kind, False, 0.0, error=error_of(e), reason=reason)
            if isinstance(e, ConnectorError) and (e.wait or 0.0) > LONG:
                until = (self.clock() + timedelta(seconds=min(e.wait or 0.0, 86_400.0))).isoformat(timespec="seconds")
                async with self.lock:
                    await asyncio.to_thread(self.store.set_value, _until_key(account), until)
        took, throttled = monotonic() - started, max(0.0, _waited(reader) - waited)
        return replace(result, seconds=took, throttled=throttled, clock_off=getattr(reader, "clock_off", None))

    async def _budgets(self, reader: AdsReader) -> PollResult:
        account, read_at = reader.account, self.clock()
        budgets = [one for one in await reader.budgets() if one.id.account == account.id]
        currencies = {str(one.currency) for one in budgets} | {str(one.now.currency) for one in budgets if one.now}
        wrong = currencies - {str(account.currency)}
        if wrong:
            return _failed(account, "budgets", f"is in {', '.join(sorted(wrong))}, expected {account.currency}")
        async with self.lock:
            every = await asyncio.to_thread(self.store.budgets)
            readings = [one for one in every if one.budget.id.account == account.id]
            known = {one.budget.id: one.budget for one in readings}
            # what was written since this list was asked for
            newer = {one.budget.id for one in readings if one.read_at > read_at}
            listed = {one.id for one in budgets}
            gone = [b for b in known.values() if b.id not in listed and b.status is not BudgetStatus.REMOVED]
            before = len(gone) + len(known.keys() & listed)
            if before >= FEW and len(gone) * 2 > before:
                return _failed(account, "budgets", f"{len(gone)} of {before} budgets are missing from the answer")
            mine = [one for one in budgets if one.id not in newer]
            await asyncio.to_thread(self._foreign_edits, mine, known, read_at)
            removed = [replace(budget, status=BudgetStatus.REMOVED) for budget in gone]
            await asyncio.to_thread(self.store.add_budgets, [*budgets, *removed], read_at)
        return PollResult(account.id, "budgets", True, 0.0, rows=len(budgets), data_at=read_at)

    def _foreign_edits(self, budgets: Sequence[Budget], known: Mapping[BudgetId, Budget], at: datetime) -> None:
        read = [Read(one.id, one.now, one.currency) for one in budgets]
        last = {budget.id: budget.now for budget in known.values()}
        intents = self.store.open_intents()
        ours = {(intent.budget, amount) for intent in intents for amount in (intent.before, intent.after)}
        tell_all(self.store, OF_BUDGETS, read, last, ours, at)

    async def _performance(self, reader: AdsReader) -> PollResult:
        account, asked_at = reader.account, self.clock()
        today = AccountDay.of(asked_at, account.timezone)
        # some platforms restate days for longer than anybody would think of writing down
        days = max(self.days, int(getattr(reader, "restated_days", 0)))
        reports = await reader.performance(today.next(-days).date, today.date)
        account = reader.account  # as the platform has told it by now
        bad = quarantined(reports, account, self.clock())
        good = rows_of(reports, ~bad)
        result = PollResult(account.id, "performance", True, 0.0, rows=len(reports), quarantined=int(bad.sum()))
        async with self.lock:
            await self._remember_bad(account, reports, bad)
            known = await asyncio.to_thread(self.store.reports, None, day_number(today.date) - days)
            # files may have brought other rows of the account: only what polls have given is expected again
            memory, now = f"poll:{account.id}:series", sorted(set(keys_of(good, "campaign", "product")))
            before = {tuple(one) for one in await asyncio.to_thread(self.store.value, memory) or ()}
            missing, expected = missing_of(known, good, account, day_number(today.date), before)
            if expected >= FEW and missing * 2 > expected:
                reason = f"{missing} of {expected} rows of earlier days are missing from the answer"
                return replace(result, ok=False, error="schema", reason=reason)
            new = await asyncio.to_thread(self.store.add_reports, good)
            if set(now) != before:
                await asyncio.to_thread(self.store.set_value, memory, now)
        return replace(result, new=new, data_at=data_at_of(good, account))

    async def _bids(self, reader: AdsReader) -> PollResult:
        assert isinstance(reader, BidReader)
        days = max(self.days, int(getattr(reader, "restated_days", 0)))
        read = await poll_bids(reader, self.store, self.clock, days, self.lock)
        found = PollResult(reader.account.id, "bids", not read.fault, 0.0, read.rows, read.new, read.quarantined)
        return replace(found, data_at=read.data_at, error="schema" if read.fault else "", reason=read.fault)

    async def _activity(self, reader: ActivityReader) -> PollResult:
        account, asked_at = reader.account, self.clock()
        today = AccountDay.of(asked_at, account.timezone)
        found = await reader.activity(today.next(-self.days).date, today.date)
        bad = cannot_be(found, account, day_number(today.date))
        good = found.select(~bad)
        async with self.lock:
            new = await asyncio.to_thread(self.store.add_activity, good)
        data_at = asked_at if len(good) else None
        return PollResult(
            account.id, "orders", True, 0.0, rows=len(found), new=new, quarantined=int(bad.sum()), data_at=data_at
        )

    async def _remember_bad(self, account: Account, reports: Reports, bad: np.ndarray[Any, Any]) -> None:
        """How many rows of each budget were not believed within the last week: the watch holds what has too many."""
        week = reports.day > day_number(AccountDay.of(self.clock(), account.timezone).date) - 7
        counted: dict[str, list[int]] = {}
        for native, wrong in zip(reports.budget[week].tolist(), bad[week].tolist(), strict=True):
            one = counted.setdefault(str(native), [0, 0])
            one[0] += bool(wrong)
            one[1] += 1
        found = {native: one for native, one in sorted(counted.items()) if one[0]}
        memory = f"poll:{account.id}:bad"
        if found != (await asyncio.to_thread(self.store.value, memory) or {}):
            await asyncio.to_thread(self.store.set_value, memory, found)

    async def _products(self, reader: ShopReader) -> PollResult:
        read_at = self.clock()
        products = await reader.products()
        bad = [one for one in products if one.stock is not None and one.stock < 0]
        good = [one for one in products if one not in bad]
        async with self.lock:
            await asyncio.to_thread(self.store.add_products, good, read_at)
        at = max((one.stock_at for one in good if one.stock_at is not None), default=read_at)
        return PollResult(reader.account.id, "stock", True, 0.0, rows=len(products), quarantined=len(bad), data_at=at)


def error_of(e: BaseException) -> str:
    """The class of a failure, as the metrics name it."""
    match e:
        case ConnectorError() if e.error in ERRORS and e.error != "other":
            return e.error
        case ConnectorError() if e.__cause__ is not None:
            return error_of(e.__cause__)
        case TimeoutError():
            return "timeout"
        case OSError():
            return "connect"
        case ValueError():
            return "decode"
        case LookupError() | TypeError() | AttributeError():
            return "schema"
    return "other"


def _waited(reader: object) -> float:
    """Seconds that a reader has waited because of rates, where it says so."""
    return float(getattr(reader, "waited", 0.0))


def _until_key(account: str) -> str:
    return f"poll:{account}:not_before"


def _failed(account: Account, kind: str, reason: str) -> PollResult:
    return PollResult(account.id, kind, False, 0.0, error="schema", reason=reason)


def _facts(result: PollResult) -> dict[str, Any]:
    facts: dict[str, Any] = {"account": str(result.account), "kind": result.kind, "ok": result.ok}
    facts |= {"rows": result.rows, "new": result.new, "quarantined": result.quarantined}
    if not result.ok:
        facts |= {"error": result.error, "reason": result.reason}
    return facts
