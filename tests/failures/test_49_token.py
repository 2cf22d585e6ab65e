"""49, 50, 51: a token that is revoked, a platform that is away, a version that ended: that account alone is held."""

from __future__ import annotations

from datetime import timedelta

from bidder.testing import ReadFault
from tests.failures.shop import Shop
from tests.failures.weather import Mood, Spell, Weather


def held_alone(two: Shop, mood: Mood, most_a_minute: float) -> str:
    """The platform of Google fails for a day; the reason that is told."""
    two.live(hours=3)
    weather = Weather(two.markets["gads"].fake, two.now, 1, silences=0)
    spell = Spell(two.clock.at, two.clock.at + timedelta(hours=26), mood)
    weather.spells.append(spell)
    before = two.amounts("gads"), two.amounts("meta")
    two.live(hours=26)
    assert weather.calls_in(spell) <= spell.minutes * most_a_minute
    assert two.amounts("gads") == before[0]
    assert two.markets["meta"].fake.mutations > 0
    assert two.daemon is not None
    (account,) = [one for one in two.daemon.status()["accounts"] if one["account"] == "gads"]
    assert account["error"] is not None
    (other,) = [one for one in two.daemon.status()["accounts"] if one["account"] == "meta"]
    assert other["error"] is None
    return account["error"]


def test_49_a_revoked_token_degrades_one_account_without_a_storm(two: Shop) -> None:
    said = held_alone(two, Mood.REVOKED, 1 / 5)
    assert "token was refused" in said or "401" in said
    assert two.metric("bidder_poll_errors_total", source="gads", error="auth") > 0


def test_50_an_outage_is_called_once_a_minute_at_most(two: Shop) -> None:
    held_alone(two, Mood.DOWN, 1)
    assert two.metric("bidder_poll_errors_total", source="gads", error="http_5xx") > 0


def test_51_a_version_that_ended_is_a_state_of_its_own(two: Shop) -> None:
    two.live(hours=3)
    fake = two.markets["gads"].fake
    before = two.amounts("gads")
    fake.reading += [ReadFault.ENDED] * 50
    two.live(hours=23)
    failed = [one for one in two.lines("polled")[-1]["results"] if not one["ok"]]
    assert {one["account"] for one in failed} == {"gads"}
    assert any("version" in one["reason"].lower() for one in failed)
    assert two.amounts("gads") == before
