"""What the morning digest is made of, out of configuration and store; and the letters that carry it.

Called by the daemon once the day's plan is made, and by `bidder digest`.
"""

from __future__ import annotations

import asyncio
import atexit
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import structlog

from bidder import cycle
from bidder.account_day import AccountDay
from bidder.alerts import Level, Receiver
from bidder.catalog import BudgetStatus, Mode
from bidder.config.load import Config
from bidder.connectors.registry import has_ads
from bidder.daemon.postman import Letter, Postman
from bidder.daemon.proof import effect_shown
from bidder.errors import ConfigError, StoreError
from bidder.explain.digest import Known, digest_of
from bidder.explain.digest_document import DigestDocument
from bidder.explain.digest_page import digest_page, pictures
from bidder.explain.digest_text import first_screen
from bidder.explain.sales import sales_plan
from bidder.money import Currency
from bidder.report_rows import finest
from bidder.reports import in_currency
from bidder.snapshot import day_number
from bidder.store.protocol import JournalLine, Store, StoreReader

__all__ = ["digest_now", "letters", "post_digest"]

log = structlog.get_logger("bidder.daemon.digest")


BACK_DAYS = 45
PLANS = 120
SENT = "digest_day"
"""What the store remembers the day of the last digest under."""


async def post_digest(config: Config, store: Store, now: datetime, postman: Postman) -> None:
    """Sends the digest of yesterday to whoever wants it, once a day. Whatever fails in it is logged and no more."""
    wanted = [one for one in config.receivers if one.digest]
    day = AccountDay.of(now, config.shop.timezone).date
    if config.schedule.digest is None or not wanted:
        return
    try:
        if await asyncio.to_thread(store.value, SENT) == day.isoformat():
            return
        made = await asyncio.to_thread(lambda: letters(digest_now(config, store, now), wanted, _folder()))
        await asyncio.to_thread(store.set_value, SENT, day.isoformat())
        for one in made:
            postman.post(one)
        log.info("digest_sent", day=day.isoformat(), to=[one.to for one in made])
    except Exception as e:  # a report that cannot be made must not stop the loop that keeps the caps
        log.error("digest_failed", error=str(e), exc_info=not isinstance(e, StoreError))


@cache
def _folder() -> Path:
    """Where pictures lie while they are sent; gone when the program ends."""
    folder = tempfile.TemporaryDirectory(prefix="bidder-digest-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def digest_now(config: Config, store: StoreReader, now: datetime, day: date | None = None) -> DigestDocument:
    """The digest of `day` (default: yesterday in the shop's zone), on what is known at `now`. Raises StoreError."""
    zone = config.shop.timezone
    day = day or AccountDay.of(now, zone).date - timedelta(days=1)
    since = day_number(day) - BACK_DAYS
    known = cycle.known_of(config, store, now)
    shop = config.shop.currency
    reports = in_currency(finest(store.reports(now, since)), shop, known.exchange)
    week = AccountDay(zone, day - timedelta(days=8)).start_at
    lines = list(store.journal(kind="outcome", since=week))
    reported = {str(name) for name, on in zip(reports.account, reports.day, strict=True) if on == day_number(day)}
    sources = [str(account.id) for account, _ in config.accounts if has_ads(account.platform)]
    caps = config.caps()
    goals = _goals(config, store, now, day)
    active = [one for one in known.budgets if one.status is BudgetStatus.ACTIVE and one.now is not None]
    return digest_of(
        Known(
            title=config.shop.title or config.shop.name,
            currency=config.shop.currency,
            zone=zone,
            day=day,
            as_of=now,
            reports=reports,
            reports_then=in_currency(finest(store.reports(now - timedelta(days=7), since)), shop, known.exchange),
            activity=store.activity(now, since),
            products=known.products,
            plans=store.plans(PLANS),
            budgets={
                str(one.id): one.now.to_float() * (1.0 if one.currency == shop else known.exchange[one.currency])
                for one in active
                if one.now is not None and (one.currency == shop or one.currency in known.exchange)
            },
            names={
                **{str(one.id): one.name for one in known.products if one.name},
                **{str(one.id): one.name for one in known.budgets if one.name},
            },
            carries={str(one.id): tuple(str(p) for p in one.products) for one in known.budgets},
            moves=_moves(lines, zone, {shop: 1.0, **known.exchange}),
            writes=_writes(lines, zone, day),
            missing=[one for one in sources if one not in reported],
            sources=sources,
            day_cap=None if caps.day is None else caps.day.to_float(),
            month_cap=None if caps.month is None else caps.month.to_float(),
            sales_goal=goals[0],
            month_goal=goals[1],
            month_due=goals[2],
            waits=_waits(config),
            until=f"{config.schedule.decide.until:%H:%M}",
            calendar=known.calendar,
            experiment=effect_shown(config, store, now, day),
            keywords=_keywords(config, store, now, day),
            activities=[
                (one.event.name, f"{one.deadline:%m-%d}")
                for one in config.calendar.candidates
                if one.deadline is not None and one.deadline > day
            ],
        )
    )


def _keywords(config: Config, store: StoreReader, now: datetime, day: date) -> list[dict[str, object]]:
    """Keywords worth a look; none where bids are not read."""
    if not config.bids:
        return []
    from bidder.explain.bids import finding_line
    from bidder.offers import findings

    snapshot = cycle.snapshot_of(config, store, now, day + timedelta(days=1))
    return [finding_line(one) for one in findings(snapshot, store, config.bids)]


def letters(shown: DigestDocument, receivers: Sequence[Receiver], folder: Path) -> list[Letter]:
    """One for each receiver that wants the digest: the first screen, and for mail the page with its pictures."""
    attached = []
    for name, png in pictures(shown).items():
        path = folder / f"digest-{shown.day}-{name}.png"
        path.write_bytes(png)
        attached.append(path)
    made = []
    for one in receivers:
        if one.digest:
            title, *rest = first_screen(shown, one.language)
            page = digest_page(shown, one.language)
            made.append(Letter(one.name, title, "\n".join(rest), Level.INFO, page, tuple(attached)))
    return made


def _goals(config: Config, store: StoreReader, now: datetime, day: date) -> tuple[float | None, ...]:
    """The sales plan's part of `day`, its month, and its part until that day; None where no plan is written."""
    month = config.sales_of_month(day)
    if month is None:
        return None, None, None
    try:
        seen = sales_plan(cycle.snapshot_of(config, store, now, day), month.to_float())
    except ConfigError:
        return None, None, None  # nothing was read yet
    return dict(seen.days)[day], seen.month, sum(amount for one, amount in seen.days if one <= day)


def _moves(lines: Sequence[JournalLine], zone: str, rates: dict[Currency, float]) -> list[tuple[date, str, float]]:
    """(account day, budget, by how much in the shop's currency) of what bidder changed."""
    return [
        (
            AccountDay.of(one.at, zone).date,
            str(one.facts["budget"]),
            (float(one.facts["after"]) - float(one.facts["before"]))
            * rates.get(Currency(str(one.facts.get("currency"))), 1.0),
        )
        for one in lines
        if one.facts.get("result") == "applied"
    ]


def _writes(lines: Sequence[JournalLine], zone: str, day: date) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in lines:
        if AccountDay.of(one.at, zone).date == day:
            counts[str(one.facts["result"])] = counts.get(str(one.facts["result"]), 0) + 1
    return counts


def _waits(config: Config) -> Literal["approve", "apply", "hand", "look"]:
    """What becomes of a plan: what asks most of a person comes first."""
    modes = {account.mode for account, _ in config.accounts}
    if Mode.PROPOSE in modes:
        return "approve"
    if Mode.MANUAL in modes:
        return "hand"
    return "apply" if Mode.APPLY in modes else "look"
