"""One shop on four platforms: a thousand campaigns polled in time. On any platform what only looks changes nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bidder.config.load import load
from bidder.connectors.registry import kind as registered
from bidder.daemon import Daemon, WallClock, metrics_for
from bidder.money import MICROS
from bidder.store import open_reader, open_store
from tests.connectors.amazon_ads.fake import PROFILE, FakeAmazonAds
from tests.connectors.google_ads.fake import FakeGoogleAds
from tests.connectors.http.fake import CANARIES, FakeHttp, State
from tests.connectors.http.shops import bidder, history, served, shop
from tests.connectors.meta.fake import KEYS as META
from tests.connectors.meta.fake import NUMBER, FakeMeta
from tests.connectors.microsoft.fake import CUSTOMER, FakeMicrosoft
from tests.connectors.microsoft.fake import NUMBER as MICROSOFT
from tests.connectors.taobao.fake import KEYS as TOP
from tests.connectors.taobao.fake import FakeSimba, FakeTaobao
from tests.connectors.tiktok.fake import ADVERTISER, FakeTikTok
from tests.connectors.tiktok.fake import KEYS as TIKTOK

ZONE = "America/Los_Angeles"


def keys(prefix: str, names: Any) -> dict[str, Any]:
    return {name: {"env": f"{prefix}_{name.upper()}"} for name in names}


def account_of(fake: FakeHttp, mode: str) -> dict[str, Any]:
    """The account's section in bidder.yaml, at the platform's own pace."""
    name = f"{fake.account.id}-simba" if isinstance(fake, FakeSimba) else str(fake.account.id)
    own: dict[str, Any] = {"name": name, "platform": fake.account.platform, "mode": mode}
    own |= {"base_url": fake.server.url, "timezone": fake.account.timezone, "currency": str(fake.account.currency)}
    token = {"token_url": f"{fake.server.url}/token"}
    match fake:
        case FakeGoogleAds():
            own |= token | {"customer_id": "444-555-6666", "login_customer_id": "111-222-3333"}
            return own | {"credentials": keys("KEY", CANARIES)}
        case FakeAmazonAds():
            names = ("client_id", "client_secret", "refresh_token")
            return own | token | {"profile_id": PROFILE, "credentials": keys("KEY", names)}
        case FakeMeta():
            return own | {"ad_account_id": NUMBER, "credentials": keys("META", META)}
        case FakeTikTok():
            return own | {"advertiser_id": ADVERTISER, "credentials": keys("TIKTOK", TIKTOK)}
        case FakeMicrosoft():
            own |= token | {"account_id": MICROSOFT, "customer_id": CUSTOMER, "report_wait": 0.01}
            return own | {"credentials": keys("KEY", CANARIES)}
        case FakeTaobao():
            return own | {"api": fake.api, "credentials": keys("TOP", TOP)}
    raise AssertionError(fake)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_CONFIG", "BIDDER_STORE"):
        monkeypatch.delenv(name, raising=False)
    for prefix, values in (("KEY", CANARIES), ("META", META), ("TOP", TOP), ("TIKTOK", TIKTOK)):
        for name, value in values.items():
            monkeypatch.setenv(f"{prefix}_{name.upper()}", value)
    return tmp_path


def large(fake: FakeHttp, count: int) -> FakeHttp:
    """The same with so many campaigns."""
    natives = [str(50_100_000 + k) for k in range(count)]
    fake.states = {native: State(40 * MICROS) for native in natives}
    match fake:
        case FakeGoogleAds():
            fake.campaigns = {f"7{native}": native for native in natives}
            fake.kinds = dict.fromkeys(fake.campaigns, "SEARCH")
            fake.rows_a_page = 10_000
        case FakeAmazonAds():
            fake.page = 100
        case FakeMeta():
            fake.campaigns = dict.fromkeys(natives, "daily")
            fake.adsets = {f"9{native}": native for native in natives}
            fake.rows_a_page = 500
        case FakeTaobao():
            fake.scenes = dict.fromkeys(natives, "onebpSearch")
            fake.kinds = {}
    return fake


def now_on(fake: FakeHttp) -> FakeHttp:
    fake.advance(datetime.now(UTC))
    return fake


def test_a_thousand_campaigns_on_four_platforms_are_polled_in_thirty_seconds(folder: Path) -> None:
    """Each reply takes 100 ms, each account keeps its platform's own pace, Amazon's report has to be waited for."""
    fakes = [large(now_on(one), 250) for one in (FakeGoogleAds(), FakeAmazonAds(), FakeTaobao(), FakeMeta())]
    for fake in fakes:
        fake.server.latency = 0.1
        history(fake, days=3)
    with served(*fakes):
        shop(folder, [account_of(fake, "observe") for fake in fakes], zone=ZONE, cap="100000")
        started = time.monotonic()
        rows = bidder("poll", "--json").json
        seconds = time.monotonic() - started
    assert len(rows) == 4 * 3
    for row in rows:
        (fake,) = [one for one in fakes if one.account.id == row["account"]]
        spent = [one.performance.spend for one in fake.planted if one.day.isoformat() == row["day"]]
        assert row["spend"] == f"{sum(one.micros for one in spent if one) / MICROS:.2f}"
    assert seconds < 30
    store = open_reader(f"sqlite:///{folder}/bidder.db")
    try:
        assert len(store.budgets()) == 1000
    finally:
        store.close()


PLATFORMS = (FakeGoogleAds, FakeAmazonAds, FakeTaobao, FakeSimba, FakeMeta, FakeTikTok, FakeMicrosoft)


@pytest.fixture(params=PLATFORMS, ids=lambda one: one.__name__.removeprefix("Fake").lower())
def fake(request: pytest.FixtureRequest) -> Iterator[FakeHttp]:
    made: FakeHttp = now_on(request.param())
    with served(made):
        history(made)
        yield made


async def test_nothing_that_only_looks_sends_what_changes(fake: FakeHttp, folder: Path) -> None:
    """`check --online`, `poll`, `plan` (also what-if and as a programme), `status`, and a daemon in observe mode that
    polls and decides: no request that would change anything.
    """
    own = account_of(fake, "observe")
    path = shop(folder, [own], zone=own["timezone"], currency=own["currency"], cap="1000")
    always = {"schedule": {"decide": {"from": "00:00", "until": "00:01"}}}
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | always), "utf-8")

    def looks() -> None:
        for words in (
            ["check", "--online"],
            ["poll"],
            ["plan"],
            ["plan", "--json"],
            ["plan", "--what-if", "total=+20%"],
            ["status"],
            ["journal"],
        ):
            bidder(*words)

    await asyncio.to_thread(looks)
    config = load(folder / "bidder.yaml")
    store = open_store(config.store_url)
    daemon = Daemon(config, store, WallClock(), metrics_for(config, datetime.now(UTC)))
    try:
        await daemon.turn()
        assert store.plan() is not None, "it has decided"
    finally:
        store.close()
    assert fake.mutations == 0
    assert not [got for got in fake.server.got if got.method in ("PUT", "DELETE", "PATCH")]


def test_what_only_looks_has_no_writer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even in apply mode is one constructed: it could not send by mistake."""
    for made in map(now_on, (kind() for kind in PLATFORMS)):
        with served(made):
            history(made, days=3)
            own = account_of(made, "apply")
            home = folder / own["name"]
            home.mkdir()
            monkeypatch.chdir(home)
            shop(home, [own], zone=own["timezone"], currency=own["currency"], cap="1000")

            def refuse(*_: Any) -> Any:
                raise AssertionError("a writer was opened")

            monkeypatch.setattr(type(registered(made.account.platform)), "writer", refuse)
            for words in (["check", "--online"], ["poll"], ["plan"]):
                bidder(*words)
            assert made.mutations == 0
