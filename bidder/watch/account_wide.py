"""What befalls a whole account at once: tracking that broke, conversions that mean something else, money that runs."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

import numpy as np

from bidder.account_day import AccountDay
from bidder.snapshot import FloatArray
from bidder.watch.days import Days
from bidder.watch.hold import Effect, Hold
from bidder.watch.tails import lower_tail, upper_tail

__all__ = ["definition_change", "overspend", "tracking_break"]

CHANCE = 1e-4
"""A count less likely than this is no bad day."""

DAY_CHANCE = 1e-3
"""Likewise of a day whose items and clicks speak too: three signs need less of each."""

SHIFT = 1.3
"""By this factor all items have to sell more, or less, on one day, for a definition to have changed."""

TWICE = 2.0


def tracking_break(days: Days) -> Iterator[Hold]:
    """Clicks as ever, and not one order on any item: no shop's bad day looks like that (SCIENCE 11).

    Looks at today so far, at yesterday, and at both together, each with the orders that could be in by now.
    """
    for account, mine in days.accounts():
        rate = _usual_rate(days.clicks[mine, :-1], days.orders[mine, :-1])
        if rate <= 0:
            continue
        day0 = float(np.nansum(days.today_clicks[mine])) * rate * days.share(account.id, 0)
        day1 = float(np.nansum(days.clicks[mine, -1])) * rate * days.share(account.id, 1)
        sold0, sold1 = float(np.nansum(days.today_orders[mine])), float(np.nansum(days.orders[mine, -1]))
        if np.isnan(days.orders[mine, -1]).all():
            day1 = 0.0
        for expected, sold, when in (
            (day1, sold1, "yesterday"),
            (day0, sold0, "today"),
            (day0 + day1, sold0 + sold1, "since yesterday"),
        ):
            if sold == 0 and lower_tail(0, expected) < CHANCE:
                reason = f"orders: 0 on all {len(mine)} budgets {when}, {expected:.0f} expected by the clicks"
                yield Hold(account.id, "tracking_break", reason, days.now, Effect.STAYS)
                break


def definition_change(days: Days) -> Iterator[Hold]:
    """Nearly all items sell by one factor more, or less, from one day on while clicks stay: what counts has changed."""
    for account, mine in days.accounts():
        clicks, orders = days.clicks[mine], days.orders[mine]
        ratio, expected, same, tail = _day(days, account.id, clicks, orders, -1)
        if expected < 30 or ratio <= 0 or abs(log(ratio)) < log(SHIFT) or same < 0.75 or tail >= DAY_CHANCE:
            continue
        if ratio < 1 and not days.learnt(account.id, 1):
            continue  # yesterday's orders may still be on their way: nobody has seen yet how late they come
        before = _day(days, account.id, clicks, orders, -2)[0]
        usual = float(np.nanmedian(np.nansum(clicks[:, -8:-1], axis=0)))
        traffic = float(np.nansum(clicks[:, -1])) / usual if usual > 0 else 0.0
        if before <= 0 or abs(log(before)) > 0.7 * log(SHIFT) or not 0.7 < traffic < 1.3:
            continue
        reason = f"orders per click: ×{ratio:.2f} on {same:.0%} of the budgets since yesterday, clicks ×{traffic:.2f}"
        until = AccountDay.of(days.now, account.timezone).next(1).start_at
        yield Hold(account.id, "definition_change", reason, days.now, Effect.STAYS, until)


def overspend(days: Days) -> Iterator[Hold]:
    """The platform spends twice what the amounts in force allow at this time of day: it may be lowered only.

    A tenth of the day is granted beforehand; with the whole day's amount times its overdelivery spent, and a third
    over, nothing is asked of the time.
    """
    for account, mine in days.accounts():
        budgets = [days.snapshot.budgets[place] for place in mine.tolist()]
        amounts = np.array([0.0 if one.now is None else one.now.to_float() for one in budgets])
        over = np.array([max(1.0, one.overdelivery) for one in budgets])
        spent = float(np.nansum(days.today_spend[mine]))
        allowed, passed = float(amounts.sum()), days.passed(account)
        most = min(TWICE * allowed * max(passed, 0.1), 4 / 3 * float((amounts * over).sum()))
        if allowed > 0 and spent > most:
            reason = f"spend: {spent:.2f} of {allowed:.2f} {account.currency} a day after {passed:.0%} of the day"
            until = AccountDay.of(days.now, account.timezone).end_at
            yield Hold(account.id, "overspend", reason, days.now, Effect.LOWERS, until)


def _usual_rate(clicks: FloatArray, orders: FloatArray) -> float:
    """The median of a day's orders per click over the last four weeks that had any clicks."""
    sold, clicked = np.nansum(orders[:, -28:], axis=0), np.nansum(clicks[:, -28:], axis=0)
    known = clicked > 0
    return float(np.median(sold[known] / clicked[known])) if known.any() else 0.0


def _day(
    days: Days, account: str, clicks: FloatArray, orders: FloatArray, at: int
) -> tuple[float, float, float, float]:
    """Of one day: orders over what was expected, that, the share of items on the same side, the chance of the total."""
    past = slice(at - 28, at)
    clicked, sold = np.nansum(clicks[:, past], axis=1), np.nansum(orders[:, past], axis=1)
    rate = np.where(clicked > 0, sold / np.maximum(clicked, 1.0), 0.0)
    each = np.nan_to_num(clicks[:, at]) * rate * days.share(account, -at)
    seen = np.nan_to_num(orders[:, at])
    expected, total = float(each.sum()), float(seen.sum())
    if expected <= 0:
        return 0.0, 0.0, 0.0, 1.0
    ratio = total / expected
    big = each >= 2
    same = float(np.mean((seen[big] > each[big]) == (ratio > 1))) if big.sum() >= 3 else 0.0
    noise = 1 + expected * 0.1**2  # days as such differ by a tenth
    tail = upper_tail(total, expected, noise) if ratio > 1 else lower_tail(total, expected, noise)
    return ratio, expected, same, tail
