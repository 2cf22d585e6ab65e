"""The platform's Date against this computer's clock; what was waited for rates; versions that end are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from bidder.config.load import load
from bidder.connectors.google_ads import GoogleAdsReader
from bidder.connectors.http import Ask, Http, Manners, NotSent, Reply, Timing
from bidder.connectors.http.message import ahead_of
from bidder.daemon import metrics_for
from bidder.daemon.watching import clock_hold, clock_off
from bidder.money import Money
from bidder.plan import Applied, Refused
from bidder.poll import PollResult, poll
from bidder.testing import ReadFault
from tests.connectors.google_ads.fake import FakeGoogleAds
from tests.connectors.http.server import Clock, Got, Server, answer
from tests.fakes import new_store

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def dated(at: datetime | str, **headers: str) -> Reply:
    text = at if isinstance(at, str) else format_datetime(at, usegmt=True)
    return Reply("x", 200, {"date": text, **headers}, b"{}", NOON)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (dated(NOON - timedelta(hours=2)), 7200.0),
        (dated(NOON + timedelta(minutes=9)), -540.0),
        (dated(NOON), 0.0),
        (dated(NOON - timedelta(days=3), Age="259200"), None),  # out of a cache
        (dated("yesterday"), None),
        (dated("Mon, 23 Nov 2026 12:00:00"), None),  # of no zone
        (dated(""), None),
    ],
)
def test_how_far_a_clock_is_ahead_of_a_reply(reply: Reply, expected: float | None) -> None:
    assert ahead_of(reply, NOON) == expected


@pytest.mark.parametrize("off", [timedelta(days=1), timedelta(days=-1), timedelta(minutes=6), timedelta(minutes=-6)])
async def test_nothing_is_written_while_the_clock_is_wrong_and_reading_goes_on(off: timedelta) -> None:
    def handle(got: Got) -> object:
        return answer({})

    async with Server(handle) as server:  # type: ignore[arg-type]  # a function without a fault
        wrong = [off]
        http = Http("a", Manners(server.url), timing=Timing(wall=lambda: datetime.now(UTC) + wrong[0]))
        try:
            assert (await http.read(Ask("read", "GET", "/x"))).status == 200
            refused = await http.write(Ask("set", "PUT", "/x", json={}))
            assert isinstance(refused, NotSent)
            assert "clock is" in refused.reason
            assert [got.method for got in server.got] == ["GET"]
            wrong[0] = timedelta(seconds=100)  # put right, as far as clocks are
            await http.read(Ask("read", "GET", "/x"))
            assert isinstance(await http.write(Ask("set", "PUT", "/x", json={})), Reply)
        finally:
            await http.close()


async def test_a_platform_that_lives_in_another_time_gets_no_budget_set() -> None:
    fake = FakeGoogleAds()
    await fake.start()
    try:
        writer, budget = fake.writer(), fake.budgets[0]
        http = writer._client.http
        http.timing = replace(http.timing, wall=lambda: datetime.now(UTC) + timedelta(hours=25))
        amount = (await writer.read(budget)).now
        assert amount is not None
        more = amount + Money(1_000_000, amount.currency)
        outcome = await writer.set(budget, more)
        assert isinstance(outcome, Refused)
        assert "ahead of the platform's" in outcome.reason
        assert fake.mutations == 0
        http.timing = replace(http.timing, wall=lambda: datetime.now(UTC))
        await writer.read(budget)
        assert await writer.set(budget, more) == Applied(more)
    finally:
        await fake.close()


def result(account: str, off: float | None) -> PollResult:
    return PollResult(account, "budgets", True, 0.1, clock_off=off)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), None),
        ((None,), None),
        ((7200.0,), timedelta(hours=2)),
        ((7200.0, 7201.0, None), timedelta(hours=2)),
        ((7200.0, 3.0), None),  # one platform's own clock is wrong
        ((-299.0,), None),
    ],
)
def test_the_host_is_wrong_where_all_platforms_say_so(
    tmp_path: Path, told: tuple[float | None, ...], expected: timedelta | None
) -> None:
    off = clock_off([result("a", one) for one in told])
    assert off == expected
    store = new_store(tmp_path)
    clock_hold(store, None, NOON, off)
    assert [one.check for one in store.holds()] == ([] if expected is None else ["clock"])
    clock_hold(store, None, NOON, None)
    assert store.holds() == []
    store.close()


async def test_what_was_waited_for_rates_is_counted_and_what_was_waited_for_faults_is_not(tmp_path: Path) -> None:
    fake, store = FakeGoogleAds(), new_store(tmp_path)
    await fake.start()
    try:
        for faults, least, most in (((), 0.0, 0.0), ((ReadFault.ERROR,), 0.0, 0.0), ((ReadFault.THROTTLED,), 0.5, 3.0)):
            reader = GoogleAdsReader(fake.client(attempts=3, requests_per_second=1000), fake.account)
            for fault in faults:
                fake.fail_next_read(fault)
            results = await poll([reader], [], store, clock=fake.now, days=3)
            assert all(one.ok for one in results), results
            assert least <= sum(one.throttled for one in results) <= most
            assert all(one.clock_off is not None and abs(one.clock_off) < 60 for one in results)
    finally:
        await fake.close()
        store.close()


async def test_a_waiting_write_is_counted_too() -> None:
    clock = Clock()
    async with Server(lambda got: answer({})) as server:
        timing = Timing(monotonic=clock.monotonic, sleep=clock.sleep)
        http = Http("a", Manners(server.url, rate=1.0, burst=1), timing=timing)
        try:
            for _ in range(3):
                await http.write(Ask("set", "PUT", "/x", json={}))
            assert http.waited == pytest.approx(2.0)
        finally:
            await http.close()


def test_the_end_of_a_version_is_a_metric_of_the_accounts_that_use_it(tmp_path: Path) -> None:
    (tmp_path / "bidder.yaml").write_text(
        """
shop: {name: tea, currency: USD, timezone: UTC}
budget: {day: {max: 100}}
accounts:
  - {name: gads, platform: google_ads, api_version: v24, customer_id: 1234567890,
     credentials: {client_id: {env: GADS_ID}, client_secret: {env: GADS_ID}, refresh_token: {env: GADS_ID}}}
  - {name: box, platform: sandbox}
""",
        "utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GADS_ID", "canary-gads-id")
        config = load(tmp_path / "bidder.yaml")
    metrics = metrics_for(config, NOON)
    metrics.polled("gads", "budgets", "ok", at=NOON, took=timedelta(1), throttled=timedelta(seconds=7))
    shown = metrics.exposition()[0].decode()
    ends = datetime(2027, 5, 1, tzinfo=UTC).timestamp()
    lines = [line for line in shown.splitlines() if line.startswith("bidder_api_sunset")]
    assert [line.partition(" ")[0] for line in lines] == [
        'bidder_api_sunset_timestamp_seconds{account="gads",platform="google_ads"}'
    ]
    assert float(lines[0].rpartition(" ")[2]) == ends
    assert 'bidder_poll_throttled_seconds_total{source="gads"} 7.0' in shown
