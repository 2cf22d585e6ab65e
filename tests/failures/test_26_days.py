"""26 (and 29, 30): one decision an account day, in every zone, over changes of the clock, leap days, month ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bidder.account_day import AccountDay
from tests.connectors.meta.fake import FakeMeta
from tests.failures.shop import a_shop

DAYS = [
    pytest.param("Europe/Berlin", date(2026, 3, 28), id="a day of 23 hours"),
    pytest.param("Europe/Berlin", date(2026, 10, 24), id="a day of 25 hours"),
    pytest.param("America/New_York", date(2026, 10, 31), id="25 hours and a month's end"),
    pytest.param("Pacific/Kiritimati", date(2026, 12, 30), id="+14, a year's end"),
    pytest.param("Pacific/Pago_Pago", date(2026, 1, 30), id="-11, a month's end"),
    pytest.param("Asia/Shanghai", date(2028, 2, 27), id="a leap day"),
    pytest.param("America/Santiago", date(2026, 9, 5), id="a midnight that is skipped"),
]


@pytest.mark.parametrize(("zone", "first"), DAYS)
def test_one_decision_an_account_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str, first: date) -> None:
    begins = AccountDay(zone, first).start_at
    with a_shop(tmp_path, monkeypatch, begins, FakeMeta(zone), days=10) as shop:
        shop.configure(
            schedule={"poll": "5h", "decide": {"from": "00:00", "until": "03:00"}},
            guard={"stale_after": {"api": "26h"}},
        )
        ends = AccountDay(zone, first + timedelta(days=4)).start_at
        half = begins + (ends - begins) / 2
        shop.live(hours=(half - begins) / timedelta(hours=1))
        shop.live(hours=(ends - half) / timedelta(hours=1) - 0.01)  # a restart in the middle decides nothing again
        decided = [str(line["day"]) for line in shop.lines("decided")]
        assert decided == [(first + timedelta(days=n)).isoformat() for n in range(4)]
        for line in shop.store.journal(limit=1000, kind="decided"):
            assert line.at.astimezone(ZoneInfo(zone)).date().isoformat() == line.facts["day"]


def test_the_parts_of_every_day_sum_to_one_whatever_its_length() -> None:
    for zone, hours in (
        ("Europe/Berlin", {23, 24, 25}),
        ("Asia/Shanghai", {24}),
        ("Australia/Lord_Howe", {23.5, 24, 24.5}),
    ):
        lengths = set()
        day = AccountDay.of(datetime(2026, 1, 1, 12, tzinfo=UTC), zone)
        for n in range(365):
            one = day.next(n)
            lengths.add((one.end_at - one.start_at) / timedelta(hours=1))
            assert one.end_at == one.next(1).start_at, "no gap and no overlap"
            cuts = [one.start_at + (one.end_at - one.start_at) * part / 24 for part in range(25)]
            parts = [(b - a) / (one.end_at - one.start_at) for a, b in pairwise(cuts)]
            assert sum(parts) == pytest.approx(1.0)
        assert lengths == hours
