"""A decision that takes longer than its lease: another worker may decide meanwhile, and the day is decided once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bidder import cycle
from bidder.decide import Decision, Policy, decide
from bidder.snapshot import Snapshot
from bidder.worker import deciding
from bidder.worker.deciding import Answer, decide_shop, polled_key
from bidder.worker.fleet import Fleet
from tests.postgres import PostgresServer

pytestmark = pytest.mark.service

NOW = datetime(2026, 3, 3, 4, tzinfo=UTC)  # noon in Shanghai
SHOP = """
shop: {name: tea, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 90000, day: {max: 3000}}
accounts: [{name: wxt, platform: sandbox, mode: observe, timezone: Asia/Shanghai, start: 2026-03-03, speed: 0}]
"""


async def read(fleet: Fleet) -> None:
    """What a poll leaves in the store."""
    config, store = fleet.config("tea"), fleet.store("tea")
    readers = cycle.open_readers(config)
    try:
        await cycle.poll_now(readers, store, lambda: NOW, 14)
    finally:
        await readers.close()
    store.set_value(polled_key("wxt"), NOW.isoformat())


def test_the_one_whose_lease_has_ended_saves_nothing(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.bare_database()
    (tmp_path / "shops").mkdir()
    (tmp_path / "shops" / "tea.yaml").write_text(SHOP, "utf-8")
    slow, fast = Fleet(tmp_path, url), Fleet(tmp_path, url)
    asyncio.run(read(slow))
    others: list[Answer] = []

    def slowly(snapshot: Snapshot, policy: Policy) -> Decision:
        monkeypatch.setattr(deciding, "decide", decide)
        others.append(decide_shop(fast, "tea", NOW, timedelta(minutes=1)))
        return decide(snapshot, policy)

    monkeypatch.setattr(deciding, "decide", slowly)
    late = decide_shop(slow, "tea", NOW, timedelta(0))  # over as soon as it is taken
    assert [one.result for one in others] == ["decided"]
    assert late.result == "taken"
    assert late.parts == ()
    store = fast.store("tea")
    assert [line.facts["plan"] for line in store.journal(kind="decided")] == [others[0].plan]
    assert store.verify_journal() is None
    assert decide_shop(slow, "tea", NOW, timedelta(minutes=1)).result == "already"
    for one in (slow, fast):
        asyncio.run(one.close())
