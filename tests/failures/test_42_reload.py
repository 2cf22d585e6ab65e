"""42: a broken file that is read again leaves the old rules in force, and says so."""

from __future__ import annotations

from tests.failures.shop import Shop


def test_42_a_broken_file_changes_nothing(live: Shop) -> None:
    good, turns = live.path.read_text("utf-8"), []

    def between() -> None:
        turns.append(True)
        assert live.daemon is not None
        if len(turns) == 1:
            live.path.write_text(good.replace('"max"', '"mix"'), "utf-8")
            live.daemon.ask_reload()

    live.between = between
    daemon = live.live(hours=30)
    assert str(daemon.config.caps().day) == "500.00"
    assert live.metric("bidder_config_last_reload_successful") == 0
    assert live.metric("bidder_config_reloads_total", result="error") >= 1
    assert len({line["policy"] for line in live.lines("decided")}) == 1
