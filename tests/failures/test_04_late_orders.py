"""4: orders that come in days later: a budget that sells as ever is not cut, and what was known when can be asked."""

from __future__ import annotations

from datetime import timedelta

from tests.failures.shop import Shop


def test_04_young_days_are_not_taken_for_bad_ones(live: Shop) -> None:
    market = live.markets["meta"]
    market.late = (0.4, 0.6, 0.8)  # of a day's orders in on the day itself, the next, the one after
    first = live.amounts("meta")
    lowest = {name: float(amount) for name, amount in first.items()}
    for _ in range(5):
        live.live(hours=24)
        for name, amount in live.amounts("meta").items():
            lowest[name] = min(lowest[name], float(amount))
    assert lowest == {name: float(amount) for name, amount in first.items()}, "nothing was cut"
    assert live.holds() == []
    then = live.clock.at - timedelta(days=2)
    day = max(live.store.reports(then).day.tolist())
    sums = []
    for known in (live.store.reports(then), live.store.reports()):
        rows = known.day == day
        sums.append(float(known.orders[rows].sum()))
    assert sums[0] < sums[1], "of the same day less was known then"
