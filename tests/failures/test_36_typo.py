"""36: a cap of a hundredth, typed by mistake, asks before it takes effect: no budget moves meanwhile, none by 99 %."""

from __future__ import annotations

from tests.failures.conftest import SCHEDULE
from tests.failures.shop import Shop


def test_36_a_cap_of_a_hundredth_waits_for_a_person(live: Shop) -> None:
    live.configure(schedule=SCHEDULE, budget={"day": {"max": "5000"}})
    live.live(hours=3)
    before = live.amounts("meta")
    live.configure(schedule=SCHEDULE, budget={"day": {"max": "50"}})
    daemon = live.live(hours=30)  # a restart with it, and the next day's decision
    assert live.amounts("meta") == before
    assert any("bidder confirm" in one for one in daemon.status()["problems"])


def test_36_the_same_while_it_runs(live: Shop) -> None:
    live.configure(schedule=SCHEDULE, budget={"day": {"max": "5000"}})
    turns = []

    def between() -> None:
        turns.append(True)
        if len(turns) == 2:
            live.configure(schedule=SCHEDULE, budget={"day": {"max": "50"}})

    live.between = between
    daemon = live.live(hours=30)
    assert str(daemon.config.caps().day) == "5000.00", "the old one stays in force"
    assert live.metric("bidder_config_last_reload_successful") == 0
    assert min(float(amount) for amount in live.amounts("meta").values()) >= 45
