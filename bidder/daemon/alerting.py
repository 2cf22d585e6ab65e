"""Alerts of the daemon itself: looks each turn at what is wrong, journals what is worth saying, and has it brought.

Nothing here may stop or slow the loop: whatever fails is logged, and letters travel in the background. Without
receivers nothing is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from bidder.account_day import AccountDay
from bidder.alerts import Desk, Message, text_of
from bidder.config.load import Config
from bidder.daemon.postman import Letter, Postman, written
from bidder.daemon.shop_figures import ShopFigures, shop_figures
from bidder.daemon.troubles import Burn, Seen, troubles_of
from bidder.errors import StoreError
from bidder.instrumentation import Metrics
from bidder.money import Money
from bidder.plan import State
from bidder.poll import PollResult
from bidder.store.protocol import JournalLine, Store

__all__ = ["Alerts", "Glance"]

log = structlog.get_logger("bidder.daemon.alerts")

DESK, OUTBOX, GOOD = "alerts_desk", "alerts_outbox", "alerts_good"
"""What the store remembers under which key."""
EDITS = timedelta(hours=24)
LINES = 100
"""Journal lines looked through for the newest decision."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What only the daemon's memory knows at a turn."""

    now: datetime
    state: State
    document: Mapping[str, Any] | None
    spent_today: Money | None
    spent_month: Money


@dataclass(slots=True)
class _Polled:
    """What the last polls left."""

    good: dict[tuple[str, str], datetime] = field(default_factory=dict)
    read: set[tuple[str, str]] = field(default_factory=set)
    """What was read since the start."""
    most: dict[str, tuple[date, float]] = field(default_factory=dict)
    """The highest sum of budgets of the day: who cuts at ten has not overspent by what was spent at nine."""
    figures: ShopFigures | None = None
    burns: dict[str, Burn] = field(default_factory=dict)
    spent: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    fresh: bool = False
    at: datetime | None = None
    """The last poll."""


class Alerts:
    """`config` gives the configuration in force."""

    def __init__(self, config: Callable[[], Config], store: Store, metrics: Metrics) -> None:
        self._config = config
        self._store = store
        self._metrics = metrics
        self._polled = _Polled()
        self._desk: Desk | None = None
        self._memory: Any = None
        self._refused: tuple[datetime, str] | None = None
        self.postman = Postman(lambda: config().receivers, metrics.notified, self._keep)

    def polled(self, results: Sequence[PollResult], now: datetime) -> None:
        """A poll ended: who was read, and that figures are to be summed anew."""
        for one in results:
            key = (one.account, one.kind)
            self._polled.good[key] = now if one.ok else self._polled.good.get(key, now)
            if one.ok:
                self._polled.read.add(key)
        self._polled.fresh, self._polled.at = True, now

    def configured(self, now: datetime, refused: str | None) -> None:
        """A reload was taken, or `refused` with what was wrong."""
        self._refused = None if refused is None else (now if self._refused is None else self._refused[0], refused)

    async def look(self, glance: Glance) -> None:
        """What is wrong now, said where it is worth it. Never raises but when it is cancelled."""
        config = self._config()
        if not config.receivers:
            return
        try:
            letters = await asyncio.to_thread(self._letters, config, glance, self.postman.kept())
            for letter in letters:
                self.postman.post(letter)
        except Exception as e:  # an alert that cannot be made must not stop the loop that keeps the caps
            log.error("alerts_failed", error=str(e), exc_info=not isinstance(e, StoreError))

    async def close(self) -> None:
        """Brings what can still be brought."""
        await self.postman.close()

    def _letters(self, config: Config, glance: Glance, under_way: Sequence[Mapping[str, Any]]) -> list[Letter]:
        """In a thread: reads, decides, journals, and keeps what is to be brought beside what is under way.

        Letters are kept before the desk remembers that it spoke: who is killed between says it twice, never not at all.
        """
        if self._desk is None:
            self._recall(glance.now)
        assert self._desk is not None
        if self._polled.fresh:
            self._sum(config, glance.now)
        seen = self._seen(config, glance)
        messages = self._desk.look(troubles_of(seen), glance.now, config.shop.timezone, event=seen.event)
        for one in messages:
            to = [r.name for r in config.receivers if one.level in r.levels]
            title, _ = text_of(one, "zh" if config.shop.currency == "CNY" else "en", config.shop.timezone)
            self._store.append(
                "alert",
                glance.now,
                alert=one.kind,
                status=one.status,
                level=one.level.value,
                subjects=list(one.subjects),
                title=title,
                to=to,
            )
            log.info("alert", alert=one.kind, status=one.status, level=one.level.value, title=title, to=to)
        if self._desk.held_back:
            for receiver in config.receivers:
                self._metrics.notified(receiver.name, "suppressed")
        letters = list(_written_out(config, messages))
        if letters:
            self._keep([*under_way, *written(letters)])
        memory = self._desk.memory()
        if memory != self._memory:
            self._store.set_value(DESK, memory)
            self._memory = memory
        return letters

    def _recall(self, now: datetime) -> None:
        """What an earlier run knew: what is open, who was read when, which letters are still to be brought."""
        self._desk = Desk(self._store.value(DESK))
        good = self._store.value(GOOD)
        for source, kind, at in good if isinstance(good, list) else ():
            key = (source, kind)
            if key not in self._polled.read:
                self._polled.good[key] = min(datetime.fromisoformat(at), now)

    def _sum(self, config: Config, now: datetime) -> None:
        self._polled.fresh = False
        figures = shop_figures(config, self._store, now)
        for account, amount in figures.budgets.items():
            day, most = self._polled.most.get(account, (figures.today[account], amount))
            same = day == figures.today[account]
            self._polled.most[account] = (figures.today[account], max(most, amount) if same else amount)
        figures = replace(figures, budgets={account: most for account, (_, most) in self._polled.most.items()})
        self._polled.figures = figures
        burns: dict[str, Burn] = {}
        zones = {str(account.id): account.timezone for account, _ in config.accounts}
        for account, spent in figures.spent_today.items():
            if self._polled.good.get((account, "performance")) != self._polled.at:
                continue  # not read this time: what comes after a silence was not spent in its last half hour
            before = self._polled.spent.get(account)
            opened = AccountDay.of(now, zones[account]).start_at
            if before is not None and before[0] > opened:
                minutes = (now - before[0]) / timedelta(minutes=1)
                if minutes > 0:
                    hours = (before[0] - opened) / timedelta(hours=1)
                    burns[account] = Burn(spent - before[1], minutes, before[1], hours)
            self._polled.spent[account] = (now, spent)
        self._polled.burns = burns
        listed = [[source, kind, at.isoformat()] for (source, kind), at in self._polled.good.items()]
        self._store.set_value(GOOD, listed)

    def _seen(self, config: Config, glance: Glance) -> Seen:
        edits = [one for one in self._store.journal(limit=LINES, kind="foreign_edit") if glance.now - one.at < EDITS]
        bids = self._store.journal(kind="bid_foreign_edit", since=glance.now - EDITS) if config.bids else ()
        state_line = self._store.journal(limit=1, kind="state") if glance.state is State.HALTED else ()
        sources = {str(account.id) for account, _ in config.accounts} | {one.name for one in config.incoming.watched}
        return Seen(
            config=config,
            now=glance.now,
            state=glance.state,
            last_good={key: at for key, at in self._polled.good.items() if key[0] in sources},
            spent_today=glance.spent_today,
            spent_month=glance.spent_month,
            document=glance.document,
            figures=self._polled.figures,
            state_at=state_line[0].at if state_line else None,
            no_plan=_no_plan(self._store.journal(limit=LINES)),
            refused=self._refused,
            intents=self._store.open_intents(),
            edits=edits,
            bid_moves=self._store.open_lever_moves(),
            bid_edits=bids,
            burns=self._polled.burns,
            event=_event(config, glance.now),
        )

    def _keep(self, letters: Sequence[Mapping[str, Any]]) -> None:
        try:
            self._store.set_value(OUTBOX, list(letters))
        except StoreError as e:
            log.error("letters_not_kept", error=str(e))

    def resume(self) -> None:
        """Takes up the letters of an earlier run; from the loop's own thread."""
        try:
            kept = self._store.value(OUTBOX)
        except StoreError as e:
            log.error("letters_not_read", error=str(e))
            return
        self.postman.resume(kept)
        if kept:
            self._keep(self.postman.kept())


def _written_out(config: Config, messages: Sequence[Message]) -> Iterator[Letter]:
    """A letter for each receiver that wants such a message."""
    for message in messages:
        for receiver in config.receivers:
            if message.level in receiver.levels:
                title, text = text_of(message, receiver.language, config.shop.timezone)
                yield Letter(receiver.name, title, text, message.level)


def _no_plan(newest: Sequence[JournalLine]) -> tuple[datetime, str] | None:
    """Since when there is no plan and why, from the journal, newest first; None where the last decision was one."""
    for line in newest:
        if line.kind == "decided":
            return None
        if line.kind == "note" and str(line.facts.get("what", "")).startswith("no plan today"):
            return line.at, str(line.facts.get("reason", ""))
    return None


def _event(config: Config, now: datetime) -> bool:
    """Whether it is an event's day: nights are not quiet then, and conversions say nothing."""
    return any(
        span.opens <= now < span.closes and (span.phase.priced or span.phase.waits)
        for event in config.calendar.events
        for span in event.lasting
    )
