"""How one shop stands, out of its configuration and its store: state, plan, holds, pacing, and what it needs of people.

Nothing is asked of a platform and nothing is decided: what the daemon or the workers last saved is put together.
Amounts are numbers in the shop's currency.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from bidder.account_day import AccountDay
from bidder.agency.needs import Need, needs_of
from bidder.catalog import BudgetStatus
from bidder.config.load import Config
from bidder.daemon.status import AccountNews, status_of
from bidder.errors import Fault
from bidder.gather import finest, spent_month
from bidder.money import MICROS
from bidder.reports import Reports, in_currency
from bidder.snapshot import day_number
from bidder.store.protocol import StoredPlan, StoreReader
from bidder.watch.hold import Hold
from bidder.web.standing import standing_of
from bidder.web.view import Status

__all__ = ["Seen", "ShopStanding", "broken", "seen_of", "standing", "unread"]

POLLS_BACK = 40
"""Lines of polls that are looked through for the last good one of each account."""
NOTES_BACK = 20
NO_PLAN = "no plan today: budgets stay as they are"
"""What the journal says when a day's decision failed."""


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


@dataclass(frozen=True, slots=True)
class ShopStanding:
    """A line of `bidder shops`. Amounts in `currency`; None is unknown."""

    name: str
    title: str
    currency: str = ""
    state: str = "BROKEN"
    """ACTIVE, REDUCING, HALTED; BROKEN: its files cannot be used; UNREAD: its store cannot be read, or is not there."""
    reason: str = ""
    modes: tuple[str, ...] = ()
    day: str = ""
    """The account day that it is in."""
    plan: str = ""
    plan_day: str = ""
    plan_status: str = ""
    planned: float | None = None
    waits: int = 0
    """Changes that wait for a person."""
    holds: Mapping[str, int] = field(default_factory=dict)
    """By check, what is held: of the plan and of the store together."""
    unresolved: int = 0
    in_force: float | None = None
    spent_yesterday: float | None = None
    revenue_yesterday: float | None = None
    spent_month: float | None = None
    month_budget: float | None = None
    pace: float | None = None
    """The month's spend over what its part of the month allows; 1 comes out even. None without a month's budget."""
    polled_at: str | None = None
    """The oldest of the accounts' last good polls."""
    needs: tuple[Need, ...] = ()
    """What a person has to look at, most money first."""
    at_risk: float = 0.0
    """Money a day of the gravest need, in the shop's currency."""
    faults: tuple[Fault, ...] = ()

    @property
    def first(self) -> Need | None:
        """The gravest need."""
        return self.needs[0] if self.needs else None


def broken(name: str, faults: Sequence[Fault], title: str = "") -> ShopStanding:
    """A shop whose files cannot be used."""
    said = str(faults[0]) if faults else ""
    more = f" (+{len(faults) - 1})" if len(faults) > 1 else ""
    need = Need("broken", said + more)
    return ShopStanding(name, title or name, reason=said, needs=(need,), faults=tuple(faults))


def unread(config: Config, reason: str) -> ShopStanding:
    """A shop whose store is not there yet, or cannot be read."""
    return ShopStanding(
        config.shop.name,
        config.shop.title or config.shop.name,
        config.shop.currency,
        state="UNREAD",
        reason=reason,
        modes=_modes(config),
        needs=(Need("unread", reason),),
    )


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
        next_at=_opens(config, day),
        unresolved=len(intents),
        no_plan=no_plan,
    )
    if state[0].value != "ACTIVE" and state[2]:
        status = {**status, "reason": state[2]}
    rates = {config.shop.currency: 1.0, **exchange}
    policy = config.digest
    found = standing_of(stored, store, status, policy)
    return Seen(
        config=config,
        now=now,
        status=status,
        stored=stored,
        held=store.holds(now),
        in_force=sum(
            one.budget.now.to_float() * rates.get(one.budget.currency, 0.0)
            for one in store.budgets()
            if one.budget.status is BudgetStatus.ACTIVE and one.budget.now is not None
        ),
        unsettled=sum(
            max(one.before, one.after, key=lambda amount: amount.micros).to_float() * rates.get(one.after.currency, 1.0)
            for one in intents
        ),
        spent_yesterday=_of_day(reports, "spend", day.date - timedelta(days=1)),
        revenue_yesterday=_of_day(reports, "revenue", day.date - timedelta(days=1)),
        waits=() if found is None else found.waits,
    )


def standing(seen: Seen) -> ShopStanding:
    """The line of a shop."""
    status, config, stored = seen.status, seen.config, seen.stored
    month = status["month"]
    spent, budget = float(month["spent"]), float(month["budget"] or 0)
    polled = [one["polled_at"] for one in status["accounts"]]
    holds = Counter(one.check for one in seen.held)
    if stored is not None and stored.day == status["day"]:
        holds.update(one["check"] for one in stored.document["holds"])
    needs = needs_of(seen)
    return ShopStanding(
        name=config.shop.name,
        title=status["title"],
        currency=config.shop.currency,
        state=status["state"],
        reason=status["reason"],
        modes=_modes(config),
        day=status["day"],
        plan="" if stored is None else stored.id,
        plan_day="" if stored is None else stored.day,
        plan_status="" if stored is None else stored.status,
        planned=None if stored is None else float(stored.document["planned"]),
        waits=len(seen.waits),
        holds=dict(sorted(holds.items())),
        unresolved=status.get("unresolved", 0),
        in_force=seen.in_force,
        spent_yesterday=seen.spent_yesterday,
        revenue_yesterday=seen.revenue_yesterday,
        spent_month=spent,
        month_budget=budget or None,
        pace=spent / (budget * month["passed"]) if budget and month["passed"] > 0 else None,
        polled_at=min((one for one in polled if one is not None), default=None) if all(polled) else None,
        needs=needs,
        at_risk=max((one.at_risk for one in needs), default=0.0),
    )


def _modes(config: Config) -> tuple[str, ...]:
    return tuple(sorted({account.mode.value for account, _ in config.accounts}))


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


def _opens(config: Config, day: AccountDay) -> datetime:
    """When the day's decision may be made."""
    at = config.schedule.decide.from_
    return (day.start_at + timedelta(hours=at.hour, minutes=at.minute)).astimezone(UTC)
