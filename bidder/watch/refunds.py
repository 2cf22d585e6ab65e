"""How much is expected to be paid back: the usual part of what was paid, in the weeks after, and more after an event.

Used by the alerts and the digest (OPERATOR 3, 退款潮). Refunds of a week are of orders of the weeks before it. After a
burst few orders stand beside the refunds of many, and of these more come back than usual; held against the week's own
sales that looks like a product that broke. So refunds are held against a curve instead:

    expected(d) = rate · Σ_age  k(age) · paid(d − age) · (times, where that day sold at an event's price)

with k the part of all refunds that come in after so many days. Only what goes beyond it is a trouble of the product.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.ids import ProductId
from bidder.promotion import Promotion
from bidder.snapshot import FloatArray, day_number

__all__ = ["LONGEST", "USUAL_TIMES", "expected_refunds", "sold_at_event"]

LONGEST = 25
"""Days after which hardly anything comes back any more."""

USUAL_TIMES = 2.0
"""By how many times more is paid back of an event's sales, where the calendar does not say: 1.3 to 3 (OPERATOR 3)."""

_MEAN_AGE = 7.0


def _kernel() -> FloatArray:
    """The part of refunds that come in after 0, 1, … days: few at once, most within the second week."""
    ages = np.arange(LONGEST + 1, dtype=np.float64)
    shape = ages * np.exp(-2 * ages / _MEAN_AGE)  # a gamma of shape 2 and this mean
    return np.asarray(shape / shape.sum())


def sold_at_event(calendar: Iterable[Promotion], product: str, zone: str, first: int, size: int) -> FloatArray:
    """(size,) how many times the usual part of each day's sales is paid back, from day number `first` on."""
    times = np.ones(size)
    for event in calendar:
        if not event.covers((ProductId(product),)):
            continue
        more = event.refunds or USUAL_TIMES
        for span in event.spans:
            if not span.phase.priced:
                continue
            begins = day_number(AccountDay.of(span.opens, zone).date) - first
            ends = day_number(AccountDay.of(span.closes - timedelta(microseconds=1), zone).date) - first
            times[max(begins, 0) : max(ends + 1, 0)] = more
    return times


def expected_refunds(
    paid: Sequence[float] | FloatArray, refunded: Sequence[float] | FloatArray, times: FloatArray, days: int
) -> float | None:
    """What is expected to be paid back on the last `days` days; None where no event's sales can be among it.

    `paid`, `refunded` and `times` (:func:`sold_at_event`) are by day, the last one yesterday. The rate is that of the
    days before those, held against the same curve; days before the first are taken to have sold like an ordinary one.
    """
    money, back = np.asarray(paid, dtype=np.float64), np.asarray(refunded, dtype=np.float64)
    event: NDArray[np.bool_] = times != 1.0
    if not event[max(len(money) - days - LONGEST, 0) :].any() or event.all() or len(money) <= days:
        return None
    usual = float(money[~event].mean())
    weighed = np.concatenate([np.full(LONGEST, usual), money * times])
    curve = np.convolve(weighed, _kernel())[LONGEST : LONGEST + len(money)]
    before = float(curve[:-days].sum())
    if before <= 0:
        return None
    rate = float(back[:-days].sum()) / before
    return rate * float(curve[-days:].sum())
