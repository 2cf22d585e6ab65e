"""A whole daemon on a fake Amazon, from its configuration to keyword bids in force, one reply lost on the way."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bidder import cycle
from bidder.approval import APPROVING, approve, reject
from bidder.cli.back_bids import bids_before, bids_first, bids_to_move, set_bids
from bidder.cli.bids_status import bids_status
from bidder.config.load import load
from bidder.daemon import Daemon, metrics_for
from bidder.errors import ConfigError
from bidder.explain.evidence import write_evidence
from bidder.money import MICROS, Money
from bidder.performance import Performance
from bidder.plan import State
from bidder.store import open_store
from bidder.testing import Row, WriteFault
from bidder.testing.lever_platform import LeverRow
from tests.connectors.amazon_ads.fake import PROFILE
from tests.connectors.amazon_ads.fake_levers import KINDS, FakeAmazonBids
from tests.connectors.http.fake import CANARIES
from tests.connectors.http.server import Answer, Got

CONFIG = """
shop: {{name: tea-house, currency: USD, timezone: UTC}}
budget: {{day: {{max: 300}}}}
accounts:
  - name: amz
    platform: amazon_ads
    mode: {mode}
    profile_id: "{profile}"
    credentials: {{client_id: {{env: AMZ_ID}}, client_secret: {{env: AMZ_SECRET}}, refresh_token: {{env: AMZ_TOKEN}}}}
    base_url: {url}
    token_url: {url}/token
    report_every: 0
    requests_per_second: 1000
products: products.csv
rules: [rules.yaml]
store: sqlite:///bidder.db
schedule: {{poll: 6h, decide: {{from: "00:30", until: "11:00"}}}}
bids: {{mode: {bids}, step: 20%}}
"""

DAYS = 20


class Amazon(FakeAmazonBids):
    """Thirty days of keywords of which two convert well and two do not; `lost` replies to writes of bids never come."""

    def __init__(self) -> None:
        super().__init__(zone="UTC")
        self.lost = 0
        del self.bids[self.lever("7003")]
        today = datetime.now(UTC).date()
        rows, levers = [], []
        for age in range(1, DAYS + 3):
            day = today - timedelta(days=age - 1)
            spent = {"7001": (20, 8), "7002": (20, 6), "8001": (30, 0), "8002": (30, 0)}
            for native, (clicks, orders) in spent.items():
                lever = self.lever(native)
                micros = self.bids[lever].micros or 0
                figures = Performance(
                    clicks * 30,
                    clicks,
                    self.money(clicks * micros * 9 // 10),
                    float(orders),
                    None,
                    self.money(orders * 20 * MICROS),
                )
                levers.append(LeverRow(day, lever, figures, top_share=0.2))
            for budget, names in ((self.budgets[0], ("7001", "7002")), (self.budgets[1], ("8001", "8002"))):
                mine = [one.performance for one in levers if one.day == day and one.lever.native in names]
                rows.append(Row(day, budget, self.product(budget), self.sum(mine)))
        self.report(rows)
        self.report_levers(levers)

    def lever(self, native: str) -> Any:
        return next(one for one in self.bids if one.native == native)

    def money(self, micros: int) -> Money:
        return Money(micros // 10_000 * 10_000, self.currency)

    def sum(self, rows: list[Performance]) -> Performance:
        return Performance(
            sum(one.impressions or 0 for one in rows),
            sum(one.clicks or 0 for one in rows),
            Money(sum(one.spend.micros for one in rows if one.spend is not None), self.currency),
            sum(one.orders or 0 for one in rows),
            None,
            Money(sum(one.revenue.micros for one in rows if one.revenue is not None), self.currency),
        )

    def product(self, budget: Any) -> Any:
        return {"218293333782001": "sku-001", "218293333782002": "sku-002"}.get(budget.native, "sku-006")

    def _write(self, got: Got) -> Answer:
        if got.path in KINDS and self.lost:
            self.lost -= 1
            self.writing.insert(0, WriteFault.LOST_REPLY)
        return super()._write(got)

    @property
    def bid_requests(self) -> list[tuple[str, float]]:
        """Every bid that was asked to be set."""
        asked = [(got, *KINDS[got.path][1:4]) for got in self.server.got if got.method == "PUT" and got.path in KINDS]
        return [(row[native], row[field]) for got, name, native, field in asked for row in got.json[name]]


class Life:
    """A daemon on it, on a clock that starts tomorrow morning and jumps from one due thing to the next."""

    def __init__(self, folder: Path, amazon: Amazon, *, mode: str = "apply", bids: str = "apply") -> None:
        text = CONFIG.format(mode=mode, bids=bids, profile=PROFILE, url=amazon.server.url)
        (folder / "bidder.yaml").write_text(text, "utf-8")
        (folder / "rules.yaml").write_text("- name: budgets-stay\n  pin: {at: now}\n", "utf-8")
        products = "id,price,cost\nsku-001,20,8\nsku-002,20,8\nsku-006,20,8\n"
        (folder / "products.csv").write_text(products, "utf-8")
        self.config = load(folder / "bidder.yaml")
        self.store = open_store(self.config.store_url)
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        self._now = datetime(tomorrow.year, tomorrow.month, tomorrow.day, 9, tzinfo=UTC)
        self.daemon = Daemon(self.config, self.store, self, metrics_for(self.config, self._now))
        self.until = self._now
        self.between: Callable[[], Awaitable[None]] | None = None

    def now(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        if at >= self.until:
            stop.set()
        else:
            self._now = max(at, self._now)

    async def live(self, hours: int = 3) -> None:
        self.until = self._now + timedelta(hours=hours)
        await self.daemon.run(asyncio.Event())

    def metric(self, name: str) -> float:
        lines = self.daemon.metrics.exposition()[0].decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + "{"))


@pytest.fixture
async def amazon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)
    for name, key in (("AMZ_ID", "client_id"), ("AMZ_SECRET", "client_secret"), ("AMZ_TOKEN", "refresh_token")):
        monkeypatch.setenv(name, CANARIES[key])
    for name in ("BIDDER_STORE", "BIDDER_LISTEN", "BIDDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    fake = Amazon()
    await fake.start()
    yield fake
    await fake.close()


async def test_bids_are_read_proposed_written_and_settled_though_a_reply_is_lost(
    amazon: Amazon, tmp_path: Path
) -> None:
    before = {one: bid.micros for one, bid in amazon.bids.items()}
    budgets = {one: amazon.in_force(one) for one in amazon.budgets}
    amazon.lost = 1
    life = Life(tmp_path, amazon)
    await life.live()
    stored = life.store.plan()
    assert stored is not None
    planned = {row["id"]: float(row["planned"]) for row in stored.document["bids"]}
    assert planned, "keywords that earn ten times what they cost, and targets that never sold"
    now = {one: bid.micros for one, bid in amazon.bids.items()}
    moved = {str(one): (now[one] or 0) / MICROS for one in now if now[one] != before[one]}
    assert moved == planned, "exactly what was proposed is in force"
    assert sorted(amazon.bid_requests) == sorted((one.rpartition(":")[2], bid) for one, bid in planned.items()), "once"
    assert {one: amazon.in_force(one) for one in amazon.budgets} == budgets
    for one, value in now.items():
        assert abs((value or 0) - (before[one] or 0)) <= 0.2 * (before[one] or 0) + 10_000, "within its step"
    moves = life.store.lever_moves(datetime(2026, 1, 1, tzinfo=UTC))
    assert {one.status for one in moves} == {"applied"}
    assert life.store.open_lever_moves() == []
    assert {one.id: one.now for one in life.store.levers()} == now
    assert life.store.verify_journal() is None
    assert life.metric("bidder_bids") == len(amazon.bids)
    assert life.metric("bidder_bid_writes_total") == len(planned) == life.metric("bidder_bid_changes")


async def test_in_propose_they_wait_with_the_plan_are_approved_by_name_and_gone_back_from(
    amazon: Amazon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {str(one): bid.micros for one, bid in amazon.bids.items()}
    life = Life(tmp_path, amazon, bids="propose")
    await life.live()
    stored = life.store.plan()
    assert stored is not None
    planned = {row["id"]: row["planned"] for row in stored.document["bids"]}
    assert planned
    assert amazon.bid_requests == []
    assert life.metric("bidder_bid_changes") == len(planned)
    chosen, *others = planned
    writers = cycle.open_writers(life.config, modes=APPROVING)
    approving: dict[str, Any] = {"by": "hand", "config": life.config, "store": life.store, "writers": writers}
    approving |= {"clock": life.now, "today": None}
    reject(stored, others[:1], by="hand", reason="no", store=life.store, clock=life.now)
    with pytest.raises(ConfigError, match="has no budget amz/keyword:404"):
        await approve(stored, ["amz/keyword:404"], **approving)
    (written,) = await approve(stored, [chosen], **approving)
    assert written.row() == {
        "budget": chosen,
        "requested": planned[chosen],
        "outcome": "Applied",
        "actual": planned[chosen],
        "reason": "read back",
    }
    rest = [one.row() for one in await approve(stored, [], **approving)]
    assert {one["budget"] for one in rest if one["outcome"] == "Applied"} == set(others[1:])
    assert not others[:1] or others[0] not in {one["budget"] for one in rest}, "it was rejected"
    shown = bids_status(life.store, stored, life.config.bids)
    assert (shown["accounts"][0]["mode"], shown["changes"], shown["unresolved"]) == ("propose", len(planned), [])
    told = io.StringIO()
    write_evidence(life.store, "2026-01-01", None, told)
    assert f",amz,{chosen},set,{planned[chosen]},USD," in told.getvalue()
    monkeypatch.setattr(cycle, "utc_now", life.now)
    back = bids_to_move(life.config, life.store, bids_before(life.store, stored.id))
    assert {one.row()["outcome"] for one in await set_bids(life.config, life.store, back)} == {"Applied"}
    assert {str(one): bid.micros for one, bid in amazon.bids.items()} == before
    assert bids_to_move(life.config, life.store, bids_first(life.store)) == []
    await asyncio.gather(*(one.close() for one in writers.values()))


async def test_off_nothing_is_asked_and_halted_nothing_is_written(amazon: Amazon, tmp_path: Path) -> None:
    life = Life(tmp_path, amazon)
    life.store.set_state(State.HALTED, life.now(), "a test")
    await life.live()
    assert amazon.bid_requests == []
    assert life.store.levers() != []
    text = (tmp_path / "bidder.yaml").read_text("utf-8")
    (tmp_path / "bidder.yaml").write_text(text[: text.index("bids:")], "utf-8")
    assert json.dumps(sorted(load(tmp_path / "bidder.yaml").bids)) == "[]"
