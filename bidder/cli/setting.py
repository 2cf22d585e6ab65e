"""Budgets set by hand: what was typed → changes → the only door to a platform (:mod:`bidder.apply`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bidder.catalog import Account, Budget, BudgetStatus, Mode
from bidder.errors import ConfigError, ConnectorError, Fault, Source
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.money import Currency, Money
from bidder.plan import Applied, Change

if TYPE_CHECKING:
    from bidder.apply import WriteResult
    from bidder.config.load import Config
    from bidder.connectors.protocol import AdsReader
    from bidder.store.protocol import Store

__all__ = ["cap_of", "read_wanted", "set_budgets"]

CLI_PATIENCE = timedelta(seconds=15)
"""For so long a person waits for another bidder that is writing."""


def read_wanted(
    loaded: Config, pairs: Sequence[str], listed: Mapping[str, Any] | None, file: Path | None
) -> dict[BudgetId, Money]:
    """The amounts that were typed or stand in a file, each in its account's currency. Raises ConfigError."""
    accounts = {account.id: account for account, _ in loaded.accounts}
    faults: list[Fault] = []
    if len(pairs) % 2:
        faults.append(Fault(Source("BUDGET AMOUNT"), f"an amount belongs to each budget: {pairs[-1]} has none"))
    if pairs and listed is not None:
        faults.append(Fault(Source("--file"), "either a file, or budgets with their amounts"))
    said: list[tuple[Source, str, Any]] = [
        (Source("BUDGET AMOUNT"), pairs[k], pairs[k + 1]) for k in range(0, len(pairs) - 1, 2)
    ]
    said += [(Source(str(file)), name, value) for name, value in (listed or {}).items()]
    wanted: dict[BudgetId, Money] = {}
    for source, name, value in said:
        try:
            budget = BudgetId.parse(name)
            if budget in wanted:
                raise ValueError("stands there twice")
            wanted[budget] = _amount(value, accounts, budget)
        except ValueError as e:
            faults.append(Fault(source, f"{name}: {e}"))
    if not said and not faults:
        faults.append(Fault(Source("BUDGET AMOUNT"), "nothing to set: name a budget and its amount, or --file"))
    if faults:
        raise ConfigError(faults)
    return wanted


def _amount(value: Any, accounts: Mapping[AccountId, Account], budget: BudgetId) -> Money:
    account = accounts.get(budget.account)
    if account is None:
        raise ValueError(f"no account {budget.account}; there are {', '.join(accounts) or 'none'}")
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"expected an amount such as 230.00, was {value!r}")
    amount = Money.parse(value, account.currency)
    if amount.micros >= 10**18:
        raise ValueError("expected an amount of money that somebody has")
    if amount.micros <= 0:
        raise ValueError(f"expected more than 0, was {value}: on some platforms it means no limit")
    return amount


async def set_budgets(loaded: Config, store: Store, wanted: Mapping[BudgetId, Money]) -> list[WriteResult]:
    """Writes these amounts; a result for each, in their order. Raises ConnectorError where the cap cannot be known.

    Every account's budgets are read first: all of them count towards the cap. Raises StoreError.
    """
    from bidder.apply import WriteResult, apply_changes, settle
    from bidder.cycle import open_writers, utc_now
    from bidder.poll import in_told_zones
    from bidder.turn import writing_turn

    accounts = {one.id: one for one in in_told_zones([account for account, _ in loaded.accounts], store)}
    writers = open_writers(loaded, modes=(Mode.APPLY, Mode.PROPOSE))
    try:
        async with writing_turn(store, CLI_PATIENCE):
            await settle(store, writers, clock=utc_now)
            budgets = await _budgets_now(loaded, store)
            changes = [
                Change(one, budgets[one].now if one in budgets else None, amount) for one, amount in wanted.items()
            ]
            plan = _plan_id(changes, utc_now())
            lines = {str(change.budget): f"{change.before} -> {change.after}" for change in changes}
            await asyncio.to_thread(lambda: store.append("approved", utc_now(), plan=plan, by="hand", budgets=lines))
            written = await apply_changes(
                plan,
                changes,
                store=store,
                writers=writers,
                accounts=accounts,
                cap=cap_of(loaded, store, utc_now()),
                clock=utc_now,
                budgets_in_force=_counted(budgets),
                exchange=_rates_now(loaded, utc_now()),
                approved=True,
            )
    finally:
        await asyncio.gather(*(one.close() for one in writers.values()), return_exceptions=True)
    results = {one.budget: one for one in written}
    for change in changes:
        if not change.moves and change.before is not None:
            why = "was in force already"
            results[change.budget] = WriteResult(
                change.budget, change.after, Applied(change.before), change.before, why
            )
    return [results[one] for one in wanted]


async def _budgets_now(loaded: Config, store: Store) -> dict[BudgetId, Budget]:
    """Every budget of every account as its platform has it, or as last read where it does not answer."""
    from bidder.cycle import open_readers, utc_now

    readers = open_readers(loaded)
    try:
        answers = await asyncio.gather(*(_asked(one) for one in readers.ads))
    finally:
        await readers.close()
    known: dict[AccountId, list[Budget]] = {}
    for reading in await asyncio.to_thread(store.budgets):
        known.setdefault(reading.budget.id.account, []).append(reading.budget)
    found: list[Budget] = []
    for reader, answer in zip(readers.ads, answers, strict=True):
        if isinstance(answer, ConnectorError):
            if reader.account.id not in known:
                raise answer  # how much it may spend is unknown, so is what is left of the cap
            found += known[reader.account.id]
        else:
            await asyncio.to_thread(store.add_budgets, answer, utc_now())
            found += answer
    return {one.id: one for one in found}


async def _asked(reader: AdsReader) -> Sequence[Budget] | ConnectorError:
    try:
        async with asyncio.timeout(120):
            return list(await reader.budgets())
    except ConnectorError as e:
        return e
    except TimeoutError:
        return ConnectorError(reader.account.id, "budgets", "no answer in time", waiting_helps=True, error="timeout")


def _counted(budgets: Mapping[BudgetId, Budget]) -> dict[BudgetId, Money]:
    """The amounts that count towards the cap: of active budgets, in each one's own currency."""
    return {one.id: one.now for one in budgets.values() if one.status is BudgetStatus.ACTIVE and one.now is not None}


def _rates_now(loaded: Config, now: datetime) -> Mapping[Currency, float]:
    """The newest exchange rates of today: what has none cannot be counted, and then nothing may rise."""
    from bidder.account_day import AccountDay

    return loaded.exchange(AccountDay.of(now, loaded.shop.timezone).date).rates


def cap_of(loaded: Config, store: Store, now: datetime) -> Money | None:
    """The most that all budgets may sum to today: the day's cap, and what is left of the month's."""
    from bidder.account_day import AccountDay
    from bidder.report_rows import finest, spent_month
    from bidder.snapshot import day_number

    caps, currency = loaded.caps(), loaded.shop.currency
    found = [caps.day] if caps.day is not None else []
    if caps.month is not None:
        today = AccountDay.of(now, loaded.shop.timezone).date
        reports = finest(store.reports(since_day=day_number(today.replace(day=1))))
        unknown = dict.fromkeys(set(reports.currency.tolist()) - {currency}, 0.0)  # without a rate nothing rises anyway
        spent = spent_month(reports, today, currency, {**unknown, **loaded.exchange(today).rates})
        found.append(max(caps.month - spent, Money.zero(currency)))
    return min(found, default=None, key=lambda amount: amount.micros)


def _plan_id(changes: Sequence[Change], now: datetime) -> PlanId:
    content = "\n".join(f"{one.budget} {one.before} {one.after}" for one in changes)
    return PlanId(sha256(f"by hand {now.isoformat()}\n{content}".encode()).hexdigest()[:12])
