"""53: forty items of an account that is away for a day are one trouble: two messages at most, and none at night."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.alerts.receivers import a_web_server
from tests.connectors.http.fake import State
from tests.connectors.meta.fake import FakeMeta
from tests.failures.conftest import MIDNIGHT
from tests.failures.shop import a_shop
from tests.failures.weather import Mood, Spell, Weather


def test_53_a_total_outage_of_forty_items_is_two_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeMeta()
    for n in range(37):
        native = f"2320{n:02}"
        fake.adsets[native] = "230002"
        fake.states[native] = State(10_000_000)
    with a_web_server() as (port, posts, _), a_shop(tmp_path, monkeypatch, MIDNIGHT, fake, days=14) as shop:
        (tmp_path / "hook").write_text(f"json://127.0.0.1:{port}/")
        (tmp_path / "hook").chmod(0o600)
        shop.configure(
            schedule={"poll": "2h", "decide": {"from": "00:30", "until": "11:00"}},
            budget={"day": {"max": "2000"}},
            alerts=[{"to": {"file": "hook"}, "language": "en"}],
        )
        shop.live(hours=8)
        weather = Weather(fake, shop.now, 1)
        weather.spells.append(Spell(shop.clock.at, shop.clock.at + timedelta(hours=12), Mood.DOWN))
        shop.live(hours=31)  # over the night: that it is over is told in the morning
        told = [(line["alert"], line["status"]) for line in shop.lines("alert") if "alert" in line]
        assert told == [("stale", "firing"), ("stale", "resolved")]
        for _ in range(20):  # what a daemon that ends could not bring any more, the next one brings
            if len(posts) == 2:
                break
            shop.live(minutes=30)
        assert [one["title"][:10] for one in posts] == ["[Stale] me", "[Resolved]"]
