"""Events tell an open page that it has become old, carry no figures, are few, and end with the server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bidder.errors import StoreError
from bidder.store.protocol import JournalLine
from bidder.web import live
from bidder.web.app import create_app
from tests.web.fake_shop import NOW, FakeStore, FakeView


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK", 0.01)


async def next_event(answer: Any) -> str:
    """The next version that is told."""
    while True:
        line: str = (await asyncio.wait_for(answer.content.readline(), 30)).decode()
        if line.startswith("data: "):
            return line.removeprefix("data: ").strip()


async def test_a_change_is_told_and_nothing_else() -> None:
    view = FakeView()
    async with TestClient(TestServer(create_app(view))) as client:
        answer = await client.get("/events")
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        first = await next_event(answer)
        assert first == live.version(view)
        view.now["state"] = "HALTED"
        second = await next_event(answer)
        assert second != first
        view.store.lines.insert(0, JournalLine(99, NOW, "note", {}, "", ""))
        assert await next_event(answer) not in (first, second)
        answer.close()


def test_what_only_the_clock_moves_is_no_change() -> None:
    view = FakeView()
    before = live.version(view)
    view.now["next_cycle_at"] = "2026-11-24T03:00:00+00:00"
    view.now["at"] = "2026-11-24T02:40:00+00:00"
    view.now["month"] = {**view.now["month"], "passed": 0.8}
    assert live.version(view) == before
    view.now["spent_today"] = "480.00"
    assert live.version(view) != before


async def test_a_store_that_fails_ends_no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    view = FakeView()
    async with TestClient(TestServer(create_app(view))) as client:
        answer = await client.get("/events")
        await next_event(answer)

        def broken(*_: object) -> list[JournalLine]:
            raise StoreError("disk I/O error")

        with monkeypatch.context() as patched:
            patched.setattr(FakeStore, "journal", broken)
            view.now["state"] = "REDUCING"
            await asyncio.sleep(0.05)
        assert await next_event(answer) == live.version(view)
        answer.close()


async def test_streams_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_STREAMS", 1)
    async with TestClient(TestServer(create_app(FakeView()))) as client:
        first = await client.get("/events")
        await next_event(first)
        second = await client.get("/events")
        assert (second.status, second.headers["Retry-After"]) == (503, "30")
        first.close()


async def test_an_open_stream_keeps_no_server_from_ending() -> None:
    server = TestServer(create_app(FakeView()))
    async with TestClient(server) as client:
        answer = await client.get("/events")
        await next_event(answer)
        await asyncio.wait_for(server.close(), 10)
        assert server.closed
