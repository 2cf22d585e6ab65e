"""What a poll brought and what the store holds now, into the metrics; what the page says of it beside the plan.

Called by :class:`bidder.daemon.loop.Daemon` after each poll, in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bidder import cycle
from bidder.config.load import Config
from bidder.daemon.due import today
from bidder.daemon.stock_cover import stock_cover
from bidder.instrumentation import Metrics
from bidder.money import Money
from bidder.poll import PollResult
from bidder.report_rows import only_account, spent_month
from bidder.reports import in_currency
from bidder.snapshot import day_number
from bidder.store.protocol import Store

__all__ = ["Standing", "measured"]


class Standing(NamedTuple):
    """What was spent today (None: not known) and this month, and writes without a known outcome."""

    spent_today: Money | None
    spent_month: Money
    unresolved: int


def measured(config: Config, store: Store, metrics: Metrics, results: Sequence[PollResult], now: datetime) -> Standing:
    """Tells the metrics; `now` is the shop's, which may be simulated."""
    wall = cycle.utc_now()  # ages are told against the wall's clock, also where a shop's time is simulated
    for one in results:
        metrics.polled(
            one.account,
            one.kind,
            "ok" if one.ok else "error",
            at=wall,
            took=timedelta(seconds=one.seconds),
            data_at=None if one.data_at is None else one.data_at + (wall - now),
            errors=[one.error] if one.error else (),
            throttled=timedelta(seconds=one.throttled),
            quarantined=one.quarantined,
        )
    day, currency = today(config, now), config.shop.currency
    with store.as_one():
        reports = store.reports(since_day=min(day_number(day.replace(day=1)), day_number(day) - 7))
        budgets = [one.budget for one in store.budgets()]
        unsettled = store.open_intents()
        activity = store.activity(since_day=day_number(day) - 8)
        products = cycle.products_of(config, store)
    for account, _ in config.accounts:
        metrics.reported(account.id, only_account(reports, account.id), at=now)
        metrics.budgets_read(account.id, [one for one in budgets if one.id.account == account.id])
        sent = [one.at + (wall - now) for one in unsettled if one.budget.account == account.id]
        metrics.unresolved(account.id, sent)
    reports = in_currency(reports, currency, config.exchange(day).rates)
    before = spent_month(reports, day, currency, {})
    spent = spent_month(reports, day + timedelta(days=1), currency, {})
    metrics.month_spent(spent, now)
    metrics.shop_reported(activity)
    metrics.stock_covered(stock_cover(products, reports, activity, day_number(day), now))
    metrics.promotions([one.name for one in config.calendar.events if one.at(now) is not None])
    return Standing(spent - before if spent >= before else None, spent, len(unsettled))
