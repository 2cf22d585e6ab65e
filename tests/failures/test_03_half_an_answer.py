"""3: an empty or half answer is not believed: no item counts as one that sold nothing, nothing is moved on it."""

from __future__ import annotations

from datetime import timedelta

from tests.failures.shop import Shop
from tests.failures.weather import Mood, Spell, Weather


def test_03_a_page_that_is_lost_is_no_zero(live: Shop) -> None:
    live.live(hours=3)
    before = live.amounts("meta")
    known = len(live.store.reports())
    weather = Weather(live.markets["meta"].fake, live.now, 3)
    weather.spells.append(Spell(live.clock.at, live.clock.at + timedelta(hours=24), Mood.LOSES))
    live.live(hours=24)
    bad = [one for line in live.lines("polled")[-2:] for one in line["results"]]
    assert all(not one["ok"] and one["error"] == "schema" for one in bad), bad
    assert len(live.store.reports()) == known, "what was known stays"
    assert live.amounts("meta") == before
    assert not live.daemon.ready()  # type: ignore[union-attr]  # it has lived
