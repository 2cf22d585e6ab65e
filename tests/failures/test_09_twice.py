"""9: the same rows read again and again are counted once."""

from __future__ import annotations

from datetime import date

from tests.failures.shop import Shop


def test_09_however_often_a_day_is_read_its_sums_are_the_platforms(live: Shop) -> None:
    live.live(hours=24)
    live.live(hours=24)
    reports, market = live.store.reports(), live.markets["meta"]
    epoch = date(1970, 1, 1)
    told: dict[int, int] = {}
    for (when, _), one in market.kept.items():
        assert one.clicks is not None
        told[(when - epoch).days] = told.get((when - epoch).days, 0) + one.clicks
    for day in sorted(told)[-14:-2]:
        assert reports.clicks[reports.day == day].sum() == told[day]
    keys = list(zip(reports.account, reports.campaign, reports.product, reports.day, strict=True))
    assert len(keys) == len(set(keys))
