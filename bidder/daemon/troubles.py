"""What is wrong now, out of what the daemon knows: one `Trouble` for each thing. Whether it is said, the Desk decides.

Called by :mod:`bidder.daemon.alerting` at each turn. Values in, values out; figures come from the last poll.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bidder.account_day import AccountDay
from bidder.alerts import Trouble
from bidder.catalog import Mode
from bidder.config.load import Config
from bidder.connectors.registry import has_ads
from bidder.daemon.bid_troubles import bid_troubles, bids_waiting
from bidder.daemon.shop_figures import ShopFigures
from bidder.money import Money
from bidder.plan import State
from bidder.store.lever_protocol import LeverMove
from bidder.store.protocol import Intent, JournalLine
from bidder.watch.diagnose import poisson_at_most

__all__ = ["Burn", "Seen", "troubles_of"]

OVER_PLAN = 1.3
"""A platform spends 80 to 120 % of a budget on normal days."""
PACE = (0.85, 1.10)
"""Parts of the month's even pace below and above which it is said."""
STALE_POLLS = 3
"""Polls that may fail in a row."""
SPIKE = 3.0
"""Times the day's own rate."""
BURN = 0.25
"""And so much of the day's budgets an hour."""
ORDERS_A_DAY = 10.0
"""From so many a day on none at all is a broken count."""
OVERLAP = 1.05
"""Times the shop's own sales that platforms may claim unsaid: days and refunds are counted otherwise on each side."""
CLICKS = 200.0
ALONE = 0.5
"""What is taken to have come in where there is no other product to see it by."""
CHANCE = 1e-5
"""Products are many and days as well."""


@dataclass(frozen=True, slots=True)
class Burn:
    """What an account spent between two polls, and by then today."""

    spent: float
    minutes: float
    before: float
    """Spent today before them."""
    hours: float
    """Of the day, until then."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the daemon knows at `now`. `last_good`: when each (source, kind) was last read; `figures`: the last poll."""

    config: Config
    now: datetime
    state: State
    last_good: Mapping[tuple[str, str], datetime]
    spent_today: Money | None
    spent_month: Money
    document: Mapping[str, Any] | None = None
    figures: ShopFigures | None = None
    state_at: datetime | None = None
    no_plan: tuple[datetime, str] | None = None
    refused: tuple[datetime, str] | None = None
    intents: Sequence[Intent] = ()
    edits: Sequence[JournalLine] = ()
    bid_moves: Sequence[LeverMove] = ()
    bid_edits: Sequence[JournalLine] = ()
    burns: Mapping[str, Burn] = field(default_factory=dict)
    event: bool = False


def troubles_of(seen: Seen) -> list[Trouble]:
    """Everything that is wrong. What another trouble of the same cause says already is muted."""
    stale = list(_stale(seen))
    ads = {str(account.id) for account, _ in seen.config.accounts if has_ads(account.platform)}
    blind = {one.subject for one in stale}
    outage = bool(ads) and ads <= blind
    halted = seen.state is State.HALTED
    found = [*stale, *_halted(seen), *_config(seen), *_overspend(seen), *_foreign(seen)]
    found += [_muted(one, outage or halted) for one in _no_plan(seen)]
    found += [_muted(one, halted) for one in _approval(seen)]
    found += [_muted(one, outage or halted) for one in _month(seen)]
    found += [_muted(one, one.facts["account"] in blind) for one in _unresolved(seen)]
    found += bid_troubles(seen.config, seen.document or {}, seen.bid_moves, seen.bid_edits, blind)
    if seen.figures is not None:
        over = any(one.kind == "overspend" for one in found)
        found += [_muted(one, over) for one in (*_over_plan(seen, seen.figures), *_spikes(seen, seen.figures))]
        found += [*_sold_out(seen.figures, seen.now), *_stock_feed(seen.figures, seen.now)]
        found += _overlap(seen.figures, seen.now)
        tracking = list(_tracking(seen, seen.figures))
        found += [_muted(one, outage) for one in tracking]
        if not seen.event:
            found += [_muted(one, outage or bool(tracking)) for one in _conversion(seen.figures, seen.now)]
            found += _refunds(seen.figures, seen.now)
    return found


def _muted(one: Trouble, muted: bool) -> Trouble:
    return Trouble(one.kind, one.subject, one.since, one.facts, one.level, muted)


def _stale(seen: Seen) -> Iterator[Trouble]:
    """Sources of which some kind of data was not read for longer than three polls, one trouble a source."""
    oldest: dict[str, datetime] = {}
    for (source, _), at in seen.last_good.items():
        oldest[source] = min(at, oldest.get(source, at))
    for source, at in oldest.items():
        age = seen.now - at
        if age > STALE_POLLS * seen.config.schedule.poll:
            facts = {"who": source, "hours": age / timedelta(hours=1), "weight": age.total_seconds()}
            yield Trouble("stale", source, at, facts)


def _halted(seen: Seen) -> Iterator[Trouble]:
    if seen.state is State.HALTED:
        yield Trouble("halted", "shop", seen.state_at or seen.now)


def _no_plan(seen: Seen) -> Iterator[Trouble]:
    if seen.no_plan is not None:
        yield Trouble("no_plan", "shop", seen.no_plan[0], {"reason": seen.no_plan[1][:300]})


def _config(seen: Seen) -> Iterator[Trouble]:
    if seen.refused is not None:
        place, _, what = seen.refused[1].splitlines()[0].partition("  ")
        where = f"{place.rpartition('/')[2]} {what}".strip()[:120]  # the folder is known; the file and line are not
        yield Trouble("config", "shop", seen.refused[0], {"where": where})


def _overspend(seen: Seen) -> Iterator[Trouble]:
    """More spent today than the day's cap, beyond what the platforms say they may overdeliver."""
    limit = seen.config.caps().day
    if limit is None or seen.spent_today is None:
        return
    allowed = 1.0 if seen.figures is None else seen.figures.overdelivery
    if seen.spent_today.to_float() > limit.to_float() * allowed:
        day = AccountDay.of(seen.now, seen.config.shop.timezone).date
        who = seen.config.shop.title or seen.config.shop.name
        facts = {"who": who, "spent": seen.spent_today.to_float(), "limit": limit.to_float()}
        yield Trouble("overspend", day.isoformat(), seen.now, facts)


def _over_plan(seen: Seen, figures: ShopFigures) -> Iterator[Trouble]:
    for account, spent in figures.spent_today.items():
        planned = figures.budgets.get(account, 0.0)
        if planned > 0 and spent > OVER_PLAN * planned:
            day = figures.today[account]
            facts = {"who": account, "spent": spent, "planned": planned, "weight": spent}
            yield Trouble("over_plan", f"{account}@{day}", seen.now, facts)


def _spikes(seen: Seen, figures: ShopFigures) -> Iterator[Trouble]:
    for account, burn in seen.burns.items():
        planned = figures.budgets.get(account, 0.0)
        if burn.hours < 2 or not 5 <= burn.minutes <= 120 or planned <= 0:
            continue
        an_hour, usual = burn.spent / burn.minutes * 60, burn.before / burn.hours
        if an_hour > SPIKE * usual and an_hour > BURN * planned:
            left = max(0.0, planned - burn.before - burn.spent)
            gone = (seen.now + timedelta(hours=left / an_hour)).astimezone(ZoneInfo(seen.config.shop.timezone))
            facts = {"minutes": burn.minutes, "spent": burn.spent, "usual": usual * burn.minutes / 60}
            yield Trouble("spike", account, seen.now, {**facts, "at": f"{gone:%H:%M}", "weight": burn.spent})


def _unresolved(seen: Seen) -> Iterator[Trouble]:
    for intent in seen.intents:
        name = seen.figures.names.get(str(intent.budget)) if seen.figures else None
        facts = {
            "name": name or str(intent.budget),
            "amount": intent.after.to_float(),
            "account": str(intent.budget.account),
            "weight": abs(intent.after.to_float() - intent.before.to_float()),
        }
        yield Trouble("unresolved", f"{intent.budget}#{intent.number}", intent.at, facts)


def _foreign(seen: Seen) -> Iterator[Trouble]:
    """Amounts that somebody else set, where bidder writes or proposes, and not to what it had planned."""
    ours = {str(account.id) for account, _ in seen.config.accounts if account.mode in (Mode.APPLY, Mode.PROPOSE)}
    planned = {line["id"]: line["planned"] for line in (seen.document or {}).get("budgets", ())}
    for line in seen.edits:
        budget = str(line.facts["budget"])
        if budget.partition("/")[0] not in ours or str(line.facts["found"]) == planned.get(budget):
            continue
        name = seen.figures.names.get(budget) if seen.figures else None
        before, after = float(line.facts["expected"]), float(line.facts["found"])
        facts = {"name": name or budget, "before": before, "after": after, "weight": abs(after - before)}
        yield Trouble("foreign", f"{budget}#{line.number}", line.at, facts)


def _approval(seen: Seen) -> Iterator[Trouble]:
    """Changes of today's plan that wait for a person, until the plan is old."""
    document = seen.document
    zone = seen.config.shop.timezone
    today = AccountDay.of(seen.now, zone)
    until = seen.config.schedule.decide.until
    if (
        document is None
        or document["day"] != today.date.isoformat()
        or seen.now.astimezone(ZoneInfo(zone)).time() > until
    ):
        return
    asking = {str(account.id) for account, _ in seen.config.accounts if account.mode is Mode.PROPOSE}
    waiting = [
        one for one in document["budgets"] if one["id"].partition("/")[0] in asking and float(one["difference"]) != 0
    ]
    n = len(waiting) + bids_waiting(seen.config, document)
    if n and not any(hold["budget"] is None for hold in document["holds"]):
        facts = {"n": n, "until": f"{until:%H:%M}"}
        yield Trouble("approval", str(document["plan"]), seen.now, facts)


def _month(seen: Seen) -> Iterator[Trouble]:
    """The month's money goes faster or slower than the month, from its fourth day on."""
    cap = seen.config.caps().month
    day = AccountDay.of(seen.now, seen.config.shop.timezone).date
    if cap is None or day.day < 4 or not cap:
        return
    length = monthrange(day.year, day.month)[1]
    passed = (day.day - 1) / length  # whole days: today's spend is compared with less than today
    part = seen.spent_month.to_float() / cap.to_float()
    today = 0.0 if seen.spent_today is None else seen.spent_today.to_float() / cap.to_float()
    pace = (part - today) / passed
    if PACE[0] <= pace <= PACE[1]:
        return
    word = "month" if pace > 1 else "month_slow"
    yield Trouble(word, f"{day:%Y-%m}", seen.now, {"part": part - today, "passed": passed})


def _sold_out(figures: ShopFigures, now: datetime) -> Iterator[Trouble]:
    for product, spent in figures.sold_out.items():
        facts = {"product": figures.names.get(product, product), "spent": spent, "weight": spent}
        yield Trouble("sold_out", product, now, facts)


def _stock_feed(figures: ShopFigures, now: datetime) -> Iterator[Trouble]:
    """No shop sells most of its goods out at once: the feed is broken, and what it says is not acted on."""
    if figures.stock_feed is not None:
        none, all_ = figures.stock_feed
        yield Trouble("stock_feed", "shop", now, {"none": none, "all": all_})


def _overlap(figures: ShopFigures, now: datetime) -> Iterator[Trouble]:
    """Platforms claim more sales than the shop had."""
    if figures.overlap is not None and figures.overlap > OVERLAP:
        yield Trouble("overlap", "shop", now, {"over": figures.overlap, "weight": figures.overlap})


def _tracking(seen: Seen, figures: ShopFigures) -> Iterator[Trouble]:
    """Clicks as ever and not one order on all products of an account: the count is broken, not the goods."""
    for account, one in figures.accounts.items():
        usual = one.orders_usual
        if usual >= ORDERS_A_DAY and one.orders == 0 and one.orders_today == 0 and one.clicks >= 0.5 * one.clicks_usual:
            yield Trouble("tracking", account, seen.now, {"who": account, "usual": usual, "weight": usual})


def _conversion(figures: ShopFigures, now: datetime) -> Iterator[Trouble]:
    """Products whose clicks of yesterday bring half the orders that they used to, as far as they can have come in."""
    columns = ("clicks", "orders", "clicks_usual", "orders_usual")
    whole = [sum(getattr(one, name) for one in figures.products.values()) for name in columns]
    for product, one in figures.products.items():
        if one.clicks < CLICKS or not one.clicks_usual:
            continue
        in_by_now = _in_by_now(*(total - getattr(one, name) for total, name in zip(whole, columns, strict=True)))
        usual = one.orders_usual / one.clicks_usual * in_by_now
        expected = one.clicks * usual
        if one.orders <= 0.5 * expected and poisson_at_most(one.orders, expected) < CHANCE:
            facts = {"product": figures.names.get(product, product), "usual": usual, "rate": one.orders / one.clicks}
            facts |= {"clicks": one.clicks, "orders": one.orders, "weight": expected - one.orders}
            yield Trouble("conversion", product, now, facts)


def _in_by_now(clicks: float, orders: float, usual_clicks: float, usual_orders: float) -> float:
    """The part of yesterday's orders that has come in, as the other products show it; orders come late."""
    if clicks <= 0 or usual_clicks <= 0 or usual_orders <= 0:
        return ALONE
    return min(1.0, max(0.3, (orders / clicks) / (usual_orders / usual_clicks)))


def _refunds(figures: ShopFigures, now: datetime) -> Iterator[Trouble]:
    for product, (rate, usual, orders) in figures.refunds.items():
        many = 1 - poisson_at_most(int(rate * orders) - 1, usual * orders)
        if orders >= 30 and rate >= 1.5 * usual and rate - usual >= 0.05 and many < 1e-3:
            facts = {"product": figures.names.get(product, product), "rate": rate, "usual": usual, "orders": orders}
            yield Trouble("refund", product, now, {**facts, "weight": rate * orders})
