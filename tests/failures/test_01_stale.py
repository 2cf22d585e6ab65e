"""1: reports stop for one account: it is held and said to be old, the other is managed on."""

from __future__ import annotations

from tests.failures.conftest import SCHEDULE
from tests.failures.shop import Shop


def test_01_old_figures_hold_their_account_alone(two: Shop) -> None:
    two.configure(schedule=SCHEDULE, budget={"day": {"max": "5000"}})
    two.markets["meta"].frozen = True  # budgets can still be read, figures stay where they are
    two.live(hours=48)
    at = two.metric("bidder_poll_data_timestamp_seconds", source="meta", kind="performance")
    before = two.amounts("meta"), two.amounts("gads")
    two.live(hours=37)  # a day that is not complete is decided at eleven
    assert two.metric("bidder_poll_data_timestamp_seconds", source="meta", kind="performance") <= at + 1, "it grows old"
    assert two.metric("bidder_poll_data_timestamp_seconds", source="gads", kind="performance") > at
    held = two.lines("decided")[-1]["held"]
    assert any("figures_fresh: meta" in str(one) and "h old" in str(one) for one in held)
    assert two.amounts("meta") == before[0]
    assert two.amounts("gads") != before[1]
    assert two.metric("bidder_holds", reason="stale") >= 1
