"""The daemon tells by itself: a quiet month hardly a word, an outage two messages, and never a held-up loop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bidder.catalog import Mode
from bidder.config.load import load
from bidder.connectors.sandbox import kind
from bidder.daemon import Daemon, alerting, digesting, metrics_for, postman
from bidder.errors import StoreError
from bidder.plan import State
from bidder.store import open_store
from tests.alerts.receivers import a_web_server

SHOP = """
shop: {name: tea-house, title: 半日闲茶铺, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 60000, day: {max: 3000}}
accounts:
  - name: wxt
    platform: sandbox
    mode: MODE
    timezone: Asia/Shanghai
    seed: 5
    path: platform.json
    start: 2026-09-01
    speed: 0
store: sqlite:///bidder.db
alerts: [{to: {env: HOOK}, LEVELS language: en}]
schedule: {poll: 6h, decide: {from: "00:30", until: "11:00"}}
"""


class World:
    """A daemon on a sandbox, its clock jumping from one due thing to the next, and what came to a webhook."""

    def __init__(self, folder: Path, posts: list[dict[str, Any]], codes: list[int], mode: Mode = Mode.APPLY) -> None:
        self.path = folder / "bidder.yaml"
        text = SHOP.replace("MODE", mode.value)
        if mode is Mode.APPLY:
            text = text.replace("LEVELS", "")
        else:  # in the morning, when somebody is there to approve
            text = text.replace("LEVELS", "levels: [info],").replace("00:30", "09:30")
        self.path.write_text(text, "utf-8")
        self.posts, self.codes = posts, codes
        self.config = load(self.path)
        self.sandbox = kind.sandbox(*self.config.accounts[0])
        self.store = open_store(self.config.store_url)
        self.end: datetime | None = None
        self.between: Callable[[], None] = lambda: None
        self.start()

    def start(self) -> None:
        self.daemon = Daemon(self.config, self.store, self, metrics_for(self.config, self.now()))

    def now(self) -> datetime:
        return self.sandbox.clock()

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        await self.daemon.alerts.postman.settled()
        self.between()
        assert self.end is not None
        at = min(at, self.now() + timedelta(hours=6))
        if at >= self.end:
            stop.set()
        else:
            self.sandbox.advance(max(at, self.now() + timedelta(minutes=5)))

    async def live(self, hours: float) -> None:
        self.end = self.now() + timedelta(hours=hours)
        await self.daemon.run(asyncio.Event())

    def titles(self) -> list[str]:
        return [str(one["title"]) for one in self.posts]

    def alerts(self) -> list[dict[str, Any]]:
        return [dict(line.facts) for line in reversed(self.store.journal(kind="alert"))]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_STORE", "BIDDER_LISTEN", "BIDDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(postman, "TRIES", (0.0, 0.01, 0.01))
    with a_web_server() as (port, posts, codes):
        monkeypatch.setenv("HOOK", f"json://127.0.0.1:{port}/secret-path")
        yield lambda mode=Mode.APPLY: World(tmp_path, posts, codes, mode)


async def test_a_quiet_month_is_at_most_four_messages(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every day is polled; to be short, a plan is made every third day alone."""
    due = Daemon._due

    def seldom(self: Daemon, now: datetime) -> bool:
        return self._today(now).day % 3 == 1 and due(self, now)

    monkeypatch.setattr(Daemon, "_due", seldom)
    monkeypatch.setattr(sys.modules[__name__], "SHOP", SHOP.replace("poll: 6h", "poll: 12h"))
    world = make()
    await world.live(30 * 24)
    assert world.sandbox.today().date >= date(2026, 9, 30)
    assert len(world.posts) <= 4, world.titles()


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [6, 7, 8])
async def test_a_quiet_month_of_daily_plans_is_at_most_four_messages_in_other_shops(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SHOP", SHOP.replace("seed: 5", f"seed: {seed}"))
    world = make()
    await world.live(30 * 24)
    assert world.sandbox.today().date >= date(2026, 9, 30)
    assert len(world.posts) <= 4, world.titles()


async def test_a_total_outage_is_two_messages_and_a_restart_adds_none(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make()
    await world.live(30)
    world.posts.clear()
    server = type(world.sandbox.server)

    def silent(*_: Any, **__: Any) -> Any:
        raise TimeoutError

    with monkeypatch.context() as broken:
        broken.setattr(server, "request", silent)
        await world.live(26)
        world.start()
        await world.live(20)
    await world.live(26)
    assert [title.partition(":")[0] for title in world.titles()] == ["[Stale] wxt", "[Resolved] Stale"]
    assert [one["status"] for one in world.alerts() if one["alert"] == "stale"] == ["firing", "resolved"]
    assert "secret-path" not in str([line.facts for line in world.store.journal()])


async def test_a_halt_is_said_once_and_its_end(make: Callable[..., World]) -> None:
    world = make()
    world.store.set_state(State.HALTED, world.now(), "by hand")
    await world.live(20)
    world.store.set_state(State.ACTIVE, world.now(), "by hand")
    await world.live(20)
    halted = [title for title in world.titles() if "Halted" in title]
    assert halted == [
        "[Halted] no budget is changed; ads run on",
        "[Resolved] Halted: no budget is changed; ads run on",
    ]


async def test_an_amount_that_somebody_else_set_is_told_once(make: Callable[..., World]) -> None:
    world = make()
    await world.live(30)
    server = world.sandbox.server
    campaign = str(world.store.budgets()[0].budget.id.native)
    server.edit(campaign, amount=7700)
    await world.live(36)
    assert len([title for title in world.titles() if title.startswith("[Foreign edit]")]) == 1


async def test_refused_rules_are_told_and_that_they_are_right_again(make: Callable[..., World]) -> None:
    world = make()
    good, turns = world.path.read_text("utf-8"), 0

    def between() -> None:
        nonlocal turns
        turns += 1
        if turns == 8:
            world.path.write_text(good + "nonsense: 1\n", "utf-8")
            world.daemon.ask_reload()
        elif turns == 12:
            world.path.write_text(good, "utf-8")
            world.daemon.ask_reload()

    world.between = between
    await world.live(5 * 24)
    told = [title for title in world.titles() if "Rules" in title]
    assert len(told) == 2
    assert told[0].startswith("[Rules refused] ")
    assert "nonsense" in told[0]
    assert told[1].startswith("[Resolved] Rules refused: ")


async def test_a_plan_that_waits_for_a_person_is_told_with_its_hour(make: Callable[..., World]) -> None:
    world = make(Mode.PROPOSE)
    await world.live(20)
    told = [title for title in world.titles() if title.startswith("[To approve]")]
    assert len(told) == 1
    assert "until 11:00" in told[0]


async def test_days_without_a_plan_are_told_once(make: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("bidder.cycle.decide_now", broken)
    world = make()
    await world.live(30)
    told = [one for one in world.posts if one["title"].startswith("[No plan]")]
    assert len(told) == 1
    assert "ZeroDivisionError: a bug" in told[0]["message"]


async def test_what_a_receiver_does_not_take_is_brought_again(make: Callable[..., World]) -> None:
    world = make()
    world.codes += [500, 500]
    world.store.set_state(State.HALTED, world.now(), "by hand")
    await world.live(20)
    assert len(world.posts) == 3
    text = world.daemon.metrics.exposition()[0].decode()
    assert 'bidder_notifications_total{channel="json-1",result="error"} 2.0' in text
    assert 'bidder_notifications_total{channel="json-1",result="ok"} 1.0' in text


async def test_what_could_not_be_brought_is_brought_after_a_restart(make: Callable[..., World]) -> None:
    world = make()
    kept = {"to": "json-1", "title": "late", "text": "but here", "level": "warning"}
    world.store.set_value(alerting.OUTBOX, [kept, {**kept, "to": "gone-9"}, 3])
    await world.live(1)
    assert world.titles() == ["late"]
    assert world.store.value(alerting.OUTBOX) == []


async def test_what_is_to_be_brought_is_kept_before_it_is_taken_for_said(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon killed between deciding to speak and speaking: the next one brings it."""
    world = make()
    kept: list[Any] = []

    def post(self: postman.Postman, letter: postman.Letter) -> None:
        kept.append(world.store.value(alerting.OUTBOX))

    with monkeypatch.context() as killed:
        killed.setattr(postman.Postman, "post", post)
        world.store.set_state(State.HALTED, world.now(), "by hand")
        await world.live(20)
    assert [one["to"] for one in kept[0]] == ["json-1"], "on disk before it goes"
    assert world.posts == []
    world.store.set_value(alerting.OUTBOX, kept[0])
    world.start()
    await world.live(3)
    assert len(world.posts) == 1
    assert world.store.value(alerting.OUTBOX) == [], "once"


async def test_whatever_fails_in_telling_the_loop_goes_on(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise StoreError("disk full")

    monkeypatch.setattr(alerting, "troubles_of", full)
    world = make()
    await world.live(30)
    assert [line.kind for line in world.store.journal()].count("decided") >= 1
    assert world.posts == []


async def test_the_digest_goes_out_once_a_day_after_the_plan(make: Callable[..., World]) -> None:
    world = make()
    world.config = load_with_digest(world)
    world.start()
    await world.live(30)
    mornings = [title for title in world.titles() if "data until" in title]
    assert len(mornings) == 2
    assert mornings[0].startswith("[半日闲茶铺] Tue 09-01")
    world.start()
    await world.live(1)
    assert len([title for title in world.titles() if "data until" in title]) == 2


def load_with_digest(world: World) -> Any:
    """The same shop with a digest in its schedule."""
    text = world.path.read_text("utf-8").replace("poll: 6h", "digest: after_decide, poll: 6h")
    world.path.write_text(text, "utf-8")
    return load(world.path)


async def test_a_digest_that_cannot_be_made_stops_nothing(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(digesting, "digest_now", broken)
    world = make()
    world.config = load_with_digest(world)
    world.start()
    await world.live(6)
    assert [line.kind for line in world.store.journal()].count("decided") == 1
    assert world.posts == []
