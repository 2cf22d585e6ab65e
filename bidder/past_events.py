"""What an event's goods sold in bursts long before the history of a decision: last year's 618 says most of this year's.

Called by :mod:`bidder.cycle` when an event is near. Each old event of the calendar is seen as on the morning after its
bursts, with the budgets that there were then: campaigns of last year are gone, their products are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta

from bidder.account_day import AccountDay
from bidder.catalog import Product
from bidder.errors import ConfigError
from bidder.gather import Known, gather
from bidder.money import Currency
from bidder.promotion import Phase, Promotion
from bidder.reports import Reports
from bidder.response.lift import BACK, burst_logs, lift_key
from bidder.snapshot import day_number
from bidder.store.protocol import StoreReader

__all__ = ["past_bursts"]

NEAR = timedelta(days=60)
"""So long before an event its lift is asked for: `bidder activities` and what-if look ahead."""


def past_bursts(
    store: StoreReader,
    calendar: Sequence[Promotion],
    products: Sequence[Product],
    currency: Currency,
    exchange: Mapping[Currency, float],
    zone: str,
    now: datetime,
    day: date,
    near: Sequence[Promotion] = (),
) -> dict[str, list[tuple[tuple[float, ...], float]]]:
    """By event that is near (or named in `near`): logs and noise of each burst that the history of `day` misses."""
    wanted = [one for one in calendar if one.opens - NEAR <= now <= one.closes] + list(near)
    old: dict[date, None] = {}
    for one in calendar:
        ends = [AccountDay.of(span.closes, zone).date for span in one.spans if span.phase is Phase.BURST]
        if ends and day_number(max(ends)) < day_number(day) - 2 * BACK:
            old[max(ends) + timedelta(days=1)] = None
    if not wanted or not old:
        return {}
    first = min(day_number(one) for one in old) - 2 * BACK
    reports = store.reports(now, first)
    found: dict[str, list[tuple[tuple[float, ...], float]]] = {}
    for after in old:
        rows = (reports.day < day_number(after)) & (reports.day >= day_number(after) - 2 * BACK)
        if not rows.any():
            continue
        then = Reports(**{one.name: getattr(reports, one.name)[rows] for one in fields(Reports)})
        known = Known(products=products, calendar=calendar, exchange=exchange)
        try:
            snapshot = gather(then, known, currency=currency, day=after)
        except ConfigError:
            continue  # an account in a currency without a rate: nothing is learnt from it
        for one in wanted:
            logs, noise = burst_logs(snapshot, one)
            if logs:
                found.setdefault(lift_key(one), []).append((logs, noise))
    return found
