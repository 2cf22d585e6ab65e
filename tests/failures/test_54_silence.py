"""54: a loop that stands still is unhealthy on the page, and the instants that the alerts watch stand still with it."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer

from bidder.daemon import loop
from bidder.web.app import create_app
from tests.failures.shop import Shop

ALERTS = Path(__file__).parents[2] / "dashboards" / "alerts.yml"


async def test_54_a_loop_that_no_longer_turns_is_seen(live: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = live.make()
    await daemon.turn()
    async with TestClient(TestServer(create_app(daemon))) as client:
        assert (await client.get("/-/healthy")).status == 200
        stands = monotonic() + loop.STUCK_SECONDS + 1  # as long as that nothing has turned
        monkeypatch.setattr("bidder.daemon.loop.monotonic", lambda: stands)
        assert (await client.get("/-/healthy")).status == 503
        assert "bidder_poll_last_success_timestamp_seconds" in await (await client.get("/metrics")).text()
    await daemon._close()


def test_54_alerts_watch_the_age_of_the_last_success_and_the_scrape() -> None:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    rules = {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"] if "alert" in rule}
    assert "bidder_poll_last_success_timestamp_seconds" in rules["BidderPollStale"]
    assert "bidder_plan_timestamp_seconds" in rules["BidderPlanNotMade"]
    assert "absent" in rules["BidderDown"]
