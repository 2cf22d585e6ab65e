"""What a shop's store says at an instant: the ground on which its standing and its needs are told.

Nothing is asked of a platform and nothing is decided: what the daemon or the workers last saved is put together.
Amounts are numbers in the shop's currency.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta

from bidder.account_day import AccountDay
from bidder.catalog import BudgetStatus
from bidder.config.load import Config
from bidder.connectors.registry import has_ads
from bidder.daemon.status import AccountNews, status_of
from bidder.money import MICROS
from bidder.report_rows import finest, spent_month
from bidder.reports import Reports, in_currency
from bidder.snapshot import day_number
from bidder.store.protocol import Intent, StoredPlan, StoreReader
from bidder.watch.hold import Hold
from bidder.web.standing import standing_of
from bidder.web.view import Status

__all__ = ["AccountStanding", "Seen", "seen_of"]

POLLS_BACK = 40
"""Lines of polls that are looked through for the last good one of each account."""
NOTES_BACK = 20
NO_PLAN = "no plan today: budgets stay as they are"
"""What the journal says when a day's decision failed."""


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """One advertiser account of a shop; amounts in the shop's currency."""

    name: str
    platform: str
    in_force: float
    planned: float
    spent_today: float | None
    unresolved: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a shop's store says at an instant, before anything is made of it."""

    config: Config
    now: datetime
    """The shop's own instant: that of its newest journal line where the shop is simulated."""
    status: Status
    stored: StoredPlan | None
    held: Sequence[Hold]
    in_force: float
    """The sum of the daily budgets that are running, as last read."""
    unsettled: float
    """The larger amounts of the writes whose outcome nobody knows."""
    spent_yesterday: float
    revenue_yesterday: float
    waits: Sequence[str]
    """Budgets whose change waits for a person."""
    accounts: Sequence[AccountStanding] = ()


def seen_of(config: Config, store: StoreReader, now: datetime) -> Seen:
    """What the store says of the shop at `now`. Raises StoreError."""
    if any(account.platform == "sandbox" for account, _ in config.accounts):
        newest = store.journal(limit=1)
        now = newest[0].at if newest else now
    stored, state = store.plan(), store.state_since()
    day = AccountDay.of(now, config.shop.timezone)
    news, no_plan = _news(store), _no_plan(store, day)
    intents = store.open_intents()
    exchange = config.exchange(day.date).rates
    first = min(day_number(day.date.replace(day=1)), day_number(day.date) - 1)
    reports = in_currency(finest(store.reports(since_day=first)), config.shop.currency, exchange)
    before = spent_month(reports, day.date, config.shop.currency, {})
    spent = spent_month(reports, day.date + timedelta(days=1), config.shop.currency, {})
    status = status_of(
        config,
        now=now,
        state=state[0],
        document=None if stored is None else stored.document,
        news=news,
        spent_today=spent - before if spent >= before else None,
        spent_month=spent,
        next_at=_opens(config, day, now),
        unresolved=len(intents),
        no_plan=no_plan,
    )
    if state[0].value != "ACTIVE" and state[2]:
        status = {**status, "reason": state[2]}
    rates = {config.shop.currency: 1.0, **exchange}
    found = standing_of(stored, store, status, config.digest)
    running = [one.budget for one in store.budgets() if one.budget.status is BudgetStatus.ACTIVE]
    in_force = {
        str(one.id): one.now.to_float() * rates.get(one.currency, 0.0) for one in running if one.now is not None
    }
    return Seen(
        config=config,
        now=now,
        status=status,
        stored=stored,
        held=store.holds(now),
        in_force=math.fsum(in_force.values()),
        unsettled=sum(
            max(one.before, one.after, key=lambda amount: amount.micros).to_float() * rates.get(one.after.currency, 1.0)
            for one in intents
        ),
        spent_yesterday=_of_day(reports, "spend", day.date - timedelta(days=1)),
        revenue_yesterday=_of_day(reports, "revenue", day.date - timedelta(days=1)),
        waits=() if found is None else found.waits,
        accounts=_accounts(config, in_force, stored, _only_day(reports, day_number(day.date)), intents),
    )


def _accounts(
    config: Config,
    in_force: Mapping[str, float],
    stored: StoredPlan | None,
    today: Reports,
    intents: Sequence[Intent],
) -> list[AccountStanding]:
    """Each account that has ads: its budgets, what the newest plan gives it, what it has spent of its day."""
    lines = [] if stored is None else stored.document["budgets"]
    found = []
    for account, _ in config.accounts:
        if not has_ads(account.platform):
            continue
        spent = today.spend[(today.account == str(account.id)) & (today.spend >= 0)]
        mine = [one for one in lines if one["id"].partition("/")[0] == account.id]
        found.append(
            AccountStanding(
                name=str(account.id),
                platform=account.platform,
                in_force=math.fsum(v for name, v in in_force.items() if name.partition("/")[0] == account.id),
                planned=math.fsum(float((one.get("shop") or one)["planned"]) for one in mine),
                spent_today=sum(int(one) for one in spent) / MICROS if len(spent) else None,
                unresolved=sum(one.budget.account == account.id for one in intents),
            )
        )
    return found


def _only_day(reports: Reports, day: int) -> Reports:
    """The rows of one day."""
    rows = reports.day == day
    return Reports(**{one.name: getattr(reports, one.name)[rows] for one in fields(Reports)})


def _of_day(reports: Reports, column: str, day: date) -> float:
    micros = getattr(reports, column)
    rows = (reports.day == day_number(day)) & (micros >= 0)
    return sum(int(one) for one in micros[rows]) / MICROS


def _news(store: StoreReader) -> dict[str, AccountNews]:
    """How each account's last polls went, by the journal."""
    news: dict[str, AccountNews] = {}
    for line in reversed(store.journal(POLLS_BACK, "polled")):
        for one in line.facts.get("results", ()):
            known = news.get(one["account"], AccountNews())
            errors = tuple(pair for pair in known.errors if pair[0] != one["kind"])
            if one["ok"]:
                news[one["account"]] = AccountNews(line.at, line.at, errors)
            else:
                said = (one["kind"], str(one.get("reason") or one.get("error") or ""))
                news[one["account"]] = AccountNews(known.polled_at, known.data_at, (*errors, said))
    return news


def _no_plan(store: StoreReader, day: AccountDay) -> str | None:
    """Why today has no plan; None where it has one, or nobody has tried yet."""
    decided = store.journal(1, "decided")
    for line in store.journal(NOTES_BACK, "note", since=day.start_at):
        if line.facts.get("what") == NO_PLAN and (not decided or decided[0].number < line.number):
            return f"no plan for {day.date}, budgets stay as they are: {line.facts.get('reason', '')}"
    return None


def _opens(config: Config, day: AccountDay, now: datetime) -> datetime:
    """When the next day's decision may be made."""
    at = config.schedule.decide.from_
    opens = day.start_at + timedelta(hours=at.hour, minutes=at.minute)
    return (opens if opens > now else opens + timedelta(days=1)).astimezone(UTC)
