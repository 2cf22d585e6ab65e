"""One pass: settle → poll → snapshot → decide → save → apply; and the opening and closing of what a pass needs.

Called by :mod:`bidder.daemon` on a schedule and by the commands once each. A command that only plans calls
`open_readers` and never constructs a writer, so it cannot write. The clock is handed in: there is one now a pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bidder.account_day import AccountDay
from bidder.apply import WriteResult, apply_changes, settle
from bidder.apply_bids import BidResult, settle_bids
from bidder.bid_plans import bid_rows, write_bids
from bidder.catalog import Account, Mode, Product
from bidder.config.load import Config
from bidder.connectors.protocol import AdsReader, BudgetWriter, ShopReader
from bidder.connectors.registry import has_ads, kind
from bidder.decide import Decision, decide
from bidder.explain.plan import document
from bidder.gather import Known, gather
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.intake.budgets import as_written
from bidder.money import NO_CURRENCY, Money, currency_of
from bidder.past_events import past_bursts
from bidder.plan import Change
from bidder.poll import PollResult, in_told_zones, poll
from bidder.report_rows import rows_since
from bidder.reports import Reports
from bidder.rules.goods import resolved
from bidder.snapshot import Hot, Snapshot, day_number
from bidder.store.protocol import Store, StoredPlan, StoreReader, rejected_key
from bidder.trials import keep, trials_now
from bidder.turn import writing_turn
from bidder.watch.hold import Effect

if TYPE_CHECKING:  # imported where a folder is watched
    from bidder.intake.inbox import Inbox, InboxResult

__all__ = [
    "Clock",
    "Readers",
    "apply_offers",
    "apply_plan",
    "decide_now",
    "known_of",
    "offered",
    "open_inbox",
    "open_readers",
    "open_writers",
    "poll_now",
    "products_of",
    "save",
    "save_once",
    "settle_now",
    "snapshot_of",
    "stored_plan",
    "utc_now",
    "watched",
]

Clock = Callable[[], datetime]

HISTORY_DAYS = 120
"""How far back a decision looks."""

LATE_DAYS = 60
"""How far back every reading of a day is looked at, to learn how late orders come in (SCIENCE 2.1)."""

FOREIGN_EDIT_REST = timedelta(hours=24)
"""A budget that somebody else moved is left alone this long (FAILURES 22)."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Open connections for reading, closed by `close`."""

    ads: tuple[AdsReader, ...] = ()
    shops: tuple[ShopReader, ...] = ()

    async def close(self) -> None:
        """Releases every connection."""
        closing = [one.close() for one in self.ads] + [one.close() for one in self.shops]
        await asyncio.gather(*closing, return_exceptions=True)


def open_readers(config: Config) -> Readers:
    """Opens every configured account for reading, and the shop behind it where there is one."""
    ads: list[AdsReader] = []
    shops: list[ShopReader] = []
    for account, settings in config.accounts:
        connector = kind(account.platform)
        reader = connector.reader(account, settings)
        if reader is not None:
            ads.append(reader)
        shop = connector.shop(account, settings)
        if shop is not None:
            shops.append(shop)
    return Readers(tuple(ads), tuple(shops))


def open_writers(config: Config, *, modes: Sequence[Mode] = (Mode.APPLY,)) -> dict[AccountId, BudgetWriter]:
    """Opens for writing the accounts whose mode allows it; nobody else constructs a writer."""
    return {
        account.id: kind(account.platform).writer(account, settings)
        for account, settings in config.accounts
        if account.mode in modes
    }


async def poll_now(
    readers: Readers,
    store: Store,
    clock: Clock,
    days: int,
    inbox: Inbox | None = None,
    bids: Collection[AccountId] = (),
) -> Sequence[PollResult]:
    """Asks every account and shop once, for the last `days` account days, and looks into the watched folders.

    `bids` are the accounts whose bids are read too: `Config.bids` names them.
    """
    found = [] if inbox is None else [_polled(one) for one in await inbox.look()]
    return [*found, *await poll(readers.ads, readers.shops, store, clock=clock, days=days, bids=bids)]


def open_inbox(config: Config, store: Store, clock: Clock) -> Inbox | None:
    """The watched folders of the configuration; None where there are none."""
    incoming = config.incoming
    if not incoming.watched and incoming.budgets is None:
        return None
    from bidder.intake.inbox import Inbox

    return Inbox(incoming.watched, store, clock, incoming.budgets, tuple(account for account, _ in config.accounts))


def _polled(one: InboxResult) -> PollResult:
    """A look into a folder, as a poll of its source."""
    return PollResult(
        one.name,
        "performance" if one.ads else "activity",
        one.ok,
        one.seconds,
        rows=one.rows,
        new=one.new,
        quarantined=one.quarantined,
        data_at=one.data_at,
        error=one.error,
        reason=one.reason,
    )


def products_of(config: Config, store: StoreReader) -> Sequence[Product]:
    """What is sold, as the configuration and the store have it. Raises StoreError."""
    return _merged(config.products, store.products())


def known_of(config: Config, store: StoreReader, now: datetime, day: date | None = None) -> Known:
    """What the store and the configuration know beside the reports, with the exchange rates of `day` (default: now)."""
    accounts = in_told_zones([account for account, _ in config.accounts if has_ads(account.platform)], store)
    configured = {account.id for account in accounts}
    readings = store.budgets()
    if config.incoming.budgets is not None:
        readings = as_written(readings, config.incoming.budgets, accounts, now)
    budgets = [one.budget for one in readings if not configured or one.budget.id.account in configured]
    foreign: dict[BudgetId, datetime] = {}
    for line in store.journal(limit=200, kind="foreign_edit"):
        if now - line.at < FOREIGN_EDIT_REST:
            foreign.setdefault(BudgetId.parse(str(line.facts["budget"])), line.at)
    unresolved: dict[BudgetId, Money] = {}
    for intent in store.open_intents():
        unresolved[intent.budget] = max(intent.before, intent.after, key=lambda amount: amount.micros)
    products = products_of(config, store)
    exchange = config.exchange(day or AccountDay.of(now, config.shop.timezone).date)
    return Known(
        accounts=accounts,
        budgets=budgets,
        products=products,
        exchange=exchange.rates,
        exchange_days=exchange.days,
        stale_rates=exchange.stale,
        changed=store.last_changes(),
        changed_at=store.changed_at(),
        calendar=resolved(config.calendar.events, products),
        unresolved=unresolved,
        foreign=foreign,
    )


def _merged(written: Sequence[Product], read: Sequence[Product]) -> list[Product]:
    """Products as written in products.csv, their stock as the shop says now; and those that only the shop knows."""
    live = {product.id: product for product in read}
    merged = [
        replace(product, stock=live[product.id].stock, stock_at=live[product.id].stock_at)
        if product.id in live and live[product.id].stock is not None
        else product
        for product in written
    ]
    names = {product.id for product in written}
    return [*merged, *(product for product in read if product.id not in names)]


def snapshot_of(config: Config, store: StoreReader, now: datetime, day: date | None = None) -> Snapshot:
    """Everything known at `now`, for the shop's account day of that instant (or `day`)."""
    decided = day or AccountDay.of(now, config.shop.timezone).date
    since = day_number(decided) - HISTORY_DAYS
    snapshot = gather(
        store.reports(now, since),
        replace(
            known_of(config, store, now, decided),
            activity=store.activity(now, since),
            amounts=store.budget_history(now - timedelta(days=HISTORY_DAYS), standing=True),
            hot=hot_before(store, decided),
            versions=store.report_versions(day_number(decided) - LATE_DAYS),
        ),
        currency=config.shop.currency,
        day=decided,
        as_of=now,
    )
    bursts = past_bursts(
        store,
        snapshot.calendar,
        snapshot.products,
        config.shop.currency,
        snapshot.exchange,
        config.shop.timezone,
        now,
        decided,
        resolved([one.event for one in config.calendar.candidates], snapshot.products),
    )
    held: dict[Effect, dict[BudgetId, str]] = {effect: {} for effect in Effect}
    for hold in store.holds(now):
        for budget in snapshot.budgets:
            if hold.covers(budget.id):
                held[hold.effect].setdefault(budget.id, hold.said)
    stays = {**snapshot.held, **held[Effect.STAYS]}
    snapshot = replace(snapshot, held=stays, lowers=held[Effect.LOWERS], past_bursts=bursts)
    return replace(snapshot, trials=trials_now(config.policy, snapshot, store))


def watched(config: Config, store: StoreReader, now: datetime) -> tuple[Snapshot, Reports]:
    """Budgets, products and days as the watch looks at them, without what only a decision asks for.

    Beside them the rows since yesterday: accounts of other zones have begun other days than the shop.
    """
    day = AccountDay.of(now, config.shop.timezone).date
    reports = store.reports(now, day_number(day) - HISTORY_DAYS)
    known = known_of(config, store, now, day)
    snapshot = gather(reports, known, currency=config.shop.currency, day=day, as_of=now)
    return snapshot, rows_since(reports, day_number(day) - 1)


def hot_before(store: StoreReader, day: date) -> Mapping[str, Mapping[ProductId, Hot]]:
    """The hot lists of the newest plan of a day before this one, by rule; nothing where there is none."""
    for stored in store.plans(1, before=day):
        listed: dict[str, dict[ProductId, Hot]] = {}
        for line in stored.document.get("hot", ()):
            listed.setdefault(line["rule"], {})[ProductId(line["product"])] = Hot(line["role"], line["away"])
        return listed
    return {}


def decide_now(config: Config, store: StoreReader, now: datetime, day: date | None = None) -> Decision:
    """Snapshot and decision; takes seconds, so the daemon calls it in a thread."""
    return decide(snapshot_of(config, store, now, day), config.policy)


def stored_plan(decision: Decision, shown: Mapping[str, Any], now: datetime) -> StoredPlan:
    """A decision as it is saved; held when a brake holds it as a whole."""
    held = any(held.budget is None for held in decision.held)
    return StoredPlan(decision.plan.id, now, decision.snapshot.day.isoformat(), shown, "held" if held else "proposed")


def offered(decision: Decision, config: Config, store: StoreReader) -> Sequence[Mapping[str, Any]]:
    """The bids and targets that go with a decision, as lines of its plan; none where bids are off. Raises StoreError.

    Takes as long as a decision may: the daemon calls it in a thread.
    """
    if not config.bids:
        return ()
    from bidder.offers import offers  # only where bids are on

    found = offers(decision, store, config.bids)
    return () if found is None else bid_rows(found.proposals.lines)


def save(decision: Decision, store: Store, now: datetime, bids: Sequence[Mapping[str, Any]] = ()) -> Mapping[str, Any]:
    """Saves and journals a decided plan, with the `bids` that go with it; returns its document."""
    shown = document(decision).model_dump(mode="json")
    if bids:
        shown["bids"] = [dict(one) for one in bids]
    keep(store, decision.policy, decision.snapshot, now)
    store.save_plan(stored_plan(decision, shown, now))
    values = _read_by(decision, store)
    for key, value in values.items():
        store.set_value(key, value)
    store.set_plan_status(("proposed",), "superseded", but=decision.plan.id)
    store.append("decided", now, **_decided_facts(decision, shown))
    return shown


def save_once(
    decision: Decision,
    shown: Mapping[str, Any],
    store: Store,
    now: datetime,
    key: str,
    said: Any,
    values: Mapping[str, Any],
) -> bool:
    """The same in one transaction, unless `key` says `said` already: then nothing is saved, and False.

    `shown` is the plan's document. Raises LeaseTaken when another has taken a lease that this store took.
    """
    keep(store, decision.policy, decision.snapshot, now)
    plan, facts = stored_plan(decision, shown, now), _decided_facts(decision, shown)
    return store.decide_once(key, said, plan, now, facts, {**_read_by(decision, store), **values})


def _read_by(decision: Decision, store: StoreReader) -> Mapping[str, Any]:
    """The files of the policy, where the store does not have them yet: whoever replays reads them again."""
    policy = decision.policy
    if not policy.written or (store.value("policy") or {}).get("digest") == policy.digest:
        return {}
    return {"policy": {"digest": policy.digest, "files": [list(one) for one in policy.written]}}


def _decided_facts(decision: Decision, shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "plan": decision.plan.id,
        "day": shown["day"],
        "total": shown["total"],
        "planned": shown["planned"],
        "changes": len(decision.plan.moved),
        "held": [f"{held.check}: {held.reason}" for held in decision.held],
        "policy": decision.policy.digest,
        **({"rates": shown["rates"]} if shown["rates"] else {}),
        **({"bids": len(shown["bids"])} if shown.get("bids") else {}),
    }


async def settle_now(store: Store, writers: Mapping[AccountId, BudgetWriter], clock: Clock) -> Sequence[WriteResult]:
    """Closes every write without a known outcome, when no other process is writing."""
    async with writing_turn(store):
        await settle_bids(store, writers, clock=clock)
        return await settle(store, writers, clock=clock)


async def apply_offers(
    stored: StoredPlan,
    config: Config,
    store: Store,
    writers: Mapping[AccountId, BudgetWriter],
    clock: Clock,
    *,
    approved: bool,
    only: Sequence[str] = (),
) -> Sequence[BidResult]:
    """Writes that very plan's bids, or those named by `only`: after its budgets, which come first."""
    if not stored.document.get("bids"):
        return ()
    accounts = in_told_zones([account for account, _ in config.accounts], store)
    async with writing_turn(store):
        await settle_bids(store, writers, clock=clock)
        return await write_bids(stored, config.bids, accounts, store, writers, clock, approved=approved, only=only)


async def apply_plan(
    stored: StoredPlan,
    config: Config,
    store: Store,
    writers: Mapping[AccountId, BudgetWriter],
    clock: Clock,
    *,
    approved: bool,
    only: Sequence[str] = (),
    raise_once: bool = False,
) -> Sequence[WriteResult]:
    """Writes that very plan: its changes, or those named by `only`."""
    accounts: Mapping[AccountId, Account] = {
        one.id: one for one in in_told_zones([account for account, _ in config.accounts], store)
    }
    held = {hold["budget"] for hold in stored.document["holds"]} | set(store.value(rejected_key(stored.id)) or ())
    changes = [
        change
        for change in changes_of(stored)
        if change.moves and (not only or str(change.budget) in only) and str(change.budget) not in held
    ]
    rates = {currency_of(one["currency"]): float(one["rate"]) for one in stored.document.get("rates", ())}
    async with writing_turn(store):
        await settle(store, writers, clock=clock)
        await asyncio.to_thread(_note_rates, stored, [str(one.budget) for one in changes], store, clock())
        written = await apply_changes(
            stored.id,
            changes,
            store=store,
            writers=writers,
            accounts=accounts,
            clock=clock,
            cap=Money.parse(stored.document["total"], config.shop.currency),
            exchange=rates,
            approved=approved,
            raise_once=raise_once,
        )
    store.save_plan(StoredPlan(stored.id, stored.decided_at, stored.day, stored.document, "applied"))
    return written


def _note_rates(stored: StoredPlan, budgets: Sequence[str], store: Store, now: datetime) -> None:
    """Journals what amounts in other currencies are in the shop's, and by which rate, before they are written."""
    lines = [one for one in stored.document["budgets"] if one.get("shop") and one["id"] in budgets]
    if lines:
        said = {
            one["id"]: f"{one['planned']} {one['currency']} = {one['shop']['planned']} {stored.document['currency']}"
            for one in lines
        }
        rates = stored.document["rates"]
        store.append("note", now, what="amounts in other currencies", plan=stored.id, rates=rates, budgets=said)


def changes_of(stored: StoredPlan) -> list[Change]:
    """The changes of a saved plan, from its document."""
    result = []
    for line in stored.document["budgets"]:
        currency = currency_of(line["currency"]) if line["currency"] else NO_CURRENCY
        before = None if line["now"] is None else Money.parse(line["now"], currency)
        result.append(Change(BudgetId.parse(line["id"]), before, Money.parse(line["planned"], currency)))
    return result


def utc_now() -> datetime:
    """The wall clock: the only place in a pass that reads one."""
    return datetime.now(UTC)
