"""50 (and 1, 3, 17, 49, 53): a day of random faults at four platforms. Nothing lost, nobody stormed, few words."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.receivers import a_web_server
from tests.connectors.amazon_ads.fake import FakeAmazonAds
from tests.connectors.google_ads.fake import FakeGoogleAds
from tests.connectors.http.fake import FakeHttp
from tests.connectors.meta.fake import FakeMeta
from tests.connectors.taobao.fake import FakeTaobao
from tests.failures.shop import Shop, a_shop, account_of
from tests.failures.weather import Mood, Spell, Weather

CAP = 1480
SHOP = {"name": "tea-house", "currency": "CNY", "timezone": "Asia/Shanghai"}
PATIENT: dict[str, Any] = {"attempts": 4, "timeout": 2}
MIDNIGHT = datetime(2026, 10, 15, 16, tzinfo=UTC)
"""In Shanghai, where the shop is."""


def platforms() -> list[FakeHttp]:
    return [
        FakeMeta(currency="CNY"),
        FakeGoogleAds(currency="CNY"),
        FakeAmazonAds(currency="CNY"),
        FakeTaobao(),
    ]


class Watched:
    """The total of all amounts in force, after every request that could have moved one."""

    def __init__(self, shop: Shop) -> None:
        self.most = shop.total()
        for market in shop.markets.values():
            apply = market.fake.apply

            def then(native: str, micros: int | None, fault: object, apply: object = apply) -> None:
                apply(native, micros, fault)  # type: ignore[operator]  # bound now
                self.most = max(self.most, shop.total())

            market.fake.apply = then  # type: ignore[method-assign]  # seen from outside


@contextmanager
def on_four_platforms(
    folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> Iterator[tuple[Shop, list[FakeHttp], list[dict[str, Any]]]]:
    """A shop that tells a webhook what a person must know: it, its platforms, and what was told."""
    fakes = platforms()
    with a_web_server() as (port, posts, _), a_shop(folder, monkeypatch, MIDNIGHT, *fakes) as shop:
        (folder / "hook").write_text(f"json://127.0.0.1:{port}/")
        (folder / "hook").chmod(0o600)
        shop.configure(
            shop=SHOP,
            accounts=[account_of(fake, **PATIENT) for fake in fakes],
            budget={"day": {"max": str(CAP)}},
            alerts=[{"to": {"file": "hook"}, "language": "en"}],
            **more,
        )
        yield shop, fakes, posts


def survives_a_day(folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int, poll: str) -> None:
    schedule = {"poll": poll, "decide": {"from": "00:30", "until": "11:00"}}
    with on_four_platforms(folder, monkeypatch, schedule=schedule) as (shop, fakes, posts):
        shop.live(hours=1)  # everything is read once
        weather = {one.account.id: Weather(one, shop.now, seed * 10 + n) for n, one in enumerate(fakes)}
        end = shop.clock.at + timedelta(hours=24)
        for one in weather.values():
            one.forecast(shop.clock.at, end)
        watched, draw = Watched(shop), random.Random(seed)
        while shop.clock.at < end:  # and now and then it is restarted in the middle of it
            shop.live(minutes=min((end - shop.clock.at) / timedelta(minutes=1), draw.choice((300, 600))))
        faulty = [one for line in shop.lines("polled") for one in line["results"] if not one["ok"]]
        assert len(faulty) > 20, "it was a bad day"
        before = {account: dict(shop.amounts(account)) for account in shop.markets}
        decided = len(shop.lines("decided"))
        daemon = shop.live(hours=26)

        # nothing is lost
        assert shop.store.open_intents() == []
        assert shop.store.verify_journal() is None
        for account, market in shop.markets.items():
            kept = [one.budget for one in shop.store.budgets() if one.budget.id.account == account]
            assert {one.id.native: str(one.now) for one in kept} == shop.amounts(account)
            reports = shop.store.reports()
            mine = reports.account == account
            read: Counter[int] = Counter()
            for day, spend in zip(reports.day[mine].tolist(), reports.spend[mine].tolist(), strict=True):
                read[day] += spend
            epoch = datetime(1970, 1, 1, tzinfo=UTC).date()
            told: Counter[int] = Counter()
            for (day, _), sold in market.kept.items():
                assert sold.spend is not None
                told[(day - epoch).days] += sold.spend.micros
            last = sorted(told)[-8:-1]  # whole days
            assert {day: read[day] for day in last} == {day: told[day] for day in last}, account
        # nobody is stormed
        for account, one in weather.items():
            for spell in one.spells:
                if spell.dead and spell.minutes >= 30:
                    assert one.calls_in(spell) <= spell.minutes, (account, spell)
        # never above the cap, and the first plan afterwards within every limit
        assert watched.most <= CAP
        document = daemon.plan_document()
        assert document is not None
        assert len(shop.lines("decided")) > decided
        assert document["holds"] == []
        total = 0.0
        for line in document["budgets"]:
            was = float(before[line["id"].partition("/")[0]][line["id"].partition("/")[2]])
            planned = float(line["planned"])
            total += planned
            assert was * 0.6 - 1 <= planned <= was * 1.3 + 1e-9, line["id"]
        assert total <= CAP
        # few words: one cause, its beginning and its end
        outages = {str(name): sum(spell.mood is not Mood.FINE for spell in one.spells) for name, one in weather.items()}
        said: Counter[tuple[str, str]] = Counter()
        for line in shop.lines("alert"):
            if "alert" in line:
                said.update((str(line["alert"]), subject.partition("/")[0]) for subject in line["subjects"])
        for (kind, subject), times in said.items():
            most = 2 * outages[subject] if subject in outages else 2
            assert times <= most, f"{kind} of {subject} was told {times} times"
        assert len(posts) <= 2 * sum(outages.values())


def test_a_day_of_faults_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    survives_a_day(tmp_path, monkeypatch, seed=1, poll="30m")


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(2, 8))
def test_a_day_of_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    survives_a_day(tmp_path, monkeypatch, seed, poll="5m")


def test_a_whole_night_without_any_platform_is_two_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with on_four_platforms(tmp_path, monkeypatch) as (shop, fakes, posts):
        shop.live(hours=9)  # the plan of the day, and the morning
        before = [str(one["title"]) for one in posts]
        amounts = {name: shop.amounts(name) for name in shop.markets}
        weather = [Weather(one, shop.now, n) for n, one in enumerate(fakes)]
        night = Spell(shop.clock.at, shop.clock.at + timedelta(hours=10), Mood.DOWN)
        for one in weather:
            one.spells.append(night)
        shop.live(hours=10)  # from the morning until the evening: at night nobody is told what can wait
        assert shop.lines("polled")[-1]["results"][0]["ok"] is False
        assert {name: shop.amounts(name) for name in shop.markets} == amounts
        assert [one.calls_in(night) for one in weather if one.calls_in(night) > night.minutes] == []
        shop.live(hours=3)
        told = [str(one["title"]) for one in posts][len(before) :]
        assert 1 <= len(told) <= 2, told
