"""Pushes over HTTP: the token, the answer line by line, back-pressure, and that nothing sent can stop the daemon."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from aiohttp import ClientSession, web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bidder.config.schema import SCHEMAS
from bidder.connectors.observations import Feed, Junk, decoded, understood
from bidder.intake.queue import REFUSED, Queue
from bidder.money import Currency
from bidder.store import open_store
from bidder.store.protocol import Store
from bidder.web import observations
from bidder.web.observations import Pushing
from bidder.web.scope import VIEW

NOW = datetime(2026, 10, 1, 10, tzinfo=UTC)
FEED = Feed("till", "tea", "Asia/Shanghai", Currency("CNY"))
TOKEN = "canary-token-4711"
GOOD: dict[str, Any] = {
    "product_id": "P01", "ts": "2026-10-01T12:00:00+08:00", "metrics": {"visitors": 120, "revenue": "99.50"},
}  # fmt: skip

KEYS = ["source", "shop", "product_id", "ts", "date", "metrics", "seq", "visitors", "revenue"]


class Shop:
    """A daemon of which only the pushes are real."""

    def __init__(self, store: Store, token: str | None, capacity: int, feeds: tuple[Feed, ...]) -> None:
        self.counts: Counter[str] = Counter()
        self.store = store
        self.queue = Queue(store, lambda: NOW, self._counted, capacity=capacity)
        secret = None if token is None else SecretStr(token)
        self._pushing = Pushing(self.queue, {one.name: one for one in feeds}, secret, lambda: NOW)
        self.url = ""

    def _counted(self, _source: str, result: str, _at: datetime | None) -> None:
        self.counts[result] += 1

    @property
    def pushing(self) -> Pushing | None:
        return self._pushing

    async def post(
        self,
        body: Any,
        *,
        token: str | None = TOKEN,
        kind: str = "application/json",
        more: dict[str, str] | None = None,
    ) -> tuple[int, Any, Any]:
        """Status, answer and headers."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": kind, **(more or {})} | (
            {} if token is None else {"Authorization": f"Bearer {token}"}
        )
        async with ClientSession() as session, session.post(self.url, data=io.BytesIO(data), headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if "json" in answer.content_type else text, answer.headers

    def visitors(self) -> dict[str, float]:
        found = self.store.activity()
        return {str(p): float(v) for p, v, h in zip(found.product, found.visitors, found.hour, strict=True) if h == -1}


@asynccontextmanager
async def shop(
    folder: Path,
    *,
    token: str | None = TOKEN,
    capacity: int = 20_000,
    saving: bool = True,
    feeds: tuple[Feed, ...] = (FEED,),
) -> AsyncIterator[Shop]:
    store = open_store(f"sqlite:///{folder / 'bidder.db'}")
    one, stop = Shop(store, token, capacity, feeds), asyncio.Event()
    app = web.Application(client_max_size=64 * 1024)
    app[VIEW] = cast(Any, one)  # of a shop's pages this address asks for its pushes alone
    observations.add(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v1/observations"
    task = asyncio.create_task(one.queue.run(stop)) if saving else None
    try:
        yield one
    finally:
        stop.set()
        if task is not None:
            await task
        await runner.cleanup()
        store.close()


async def test_an_observation_is_on_disk_when_it_is_answered_and_counts_once(tmp_path: Path) -> None:
    async with shop(tmp_path) as one:
        status, answer, _ = await one.post(GOOD)
        assert (status, answer["accepted"], answer["lines"]) == (200, 1, [{"line": 1, "result": "accepted"}])
        assert one.visitors() == {"P01": 120.0}
        assert (await one.post(GOOD))[1]["duplicate"] == 1
        older = {**GOOD, "ts": "2026-10-01T11:00:00+08:00", "metrics": {"visitors": 80}}
        assert (await one.post(older))[1]["stale"] == 1
        assert one.visitors() == {"P01": 120.0}
        assert one.counts == {"accepted": 1, "duplicate": 1, "stale": 1}


async def test_lines_are_answered_one_by_one(tmp_path: Path) -> None:
    lines = [json.dumps(GOOD), "no json", json.dumps({**GOOD, "metrics": {"visitors": -1}}),
             json.dumps({**GOOD, "product_id": 55, "metrics": {"visitors": 7, "weather": 1}}), "",
             json.dumps({**GOOD, "shop": "other"})]  # fmt: skip
    async with shop(tmp_path) as one:
        status, answer, _ = await one.post("\n".join(lines).encode(), kind="application/x-ndjson")
        assert status == 200
        assert [line["result"] for line in answer["lines"]] == ["accepted", "invalid", "invalid", "accepted", "invalid"]
        assert answer["lines"][3]["unknown_metrics"] == 1
        assert "not this one" in answer["lines"][4]["reason"]
        assert one.visitors() == {"P01": 120.0, "55": 7.0}
        assert (await one.post([GOOD, {**GOOD, "seq": 3, "metrics": {"visitors": 130}}]))[1]["accepted"] == 1
        assert one.visitors()["P01"] == 130


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"null", b"3", b'"x"', b'{"metrics": {"visitors": NaN}}', b"[" * 200_000, b"\xff\x00",
     b'{"ts": "2026-10-01T12:00:00", "metrics": {"visitors": 1}}',
     b'{"ts": "0001-01-01T00:00:00+08:00", "metrics": {"visitors": 1}}',
     b'{"ts": "9999-12-31T23:59:59-08:00", "metrics": {"visitors": 1}}',
     b'{"date": "2026-10-01", "metrics": {"revenue": 1, "sales": 2}}',
     b'{"date": "2026-10-01", "metrics": {"orders": 1}, "metrics": {"orders": 2}}',
     b'{"date": "0001-01-01", "metrics": {"visitors": 1}}',
     b'{"date": "2026-10-05", "metrics": {"visitors": 1}}', b'{"metrics": {"visitors": 1}}',
     b'{"ts": "2026-10-01T12:00:00Z", "date": "2026-10-01", "metrics": {"visitors": 1}}',
     b'{"date": "2026-10-01", "metrics": {}}', b'{"date": "2026-10-01", "metrics": {"visitors": 1.0000001}}',
     b'{"date": "2026-10-01", "metrics": {"visitors": 1}, "source": "unknown"}',
     b'{"date": "2026-10-01", "metrics": {"visitors": 1}, "product_id": "a b"}',
     b'{"date": "2026-10-01", "metrics": {"visitors": 1}, "colour": "red"}'],
)  # fmt: skip
async def test_junk_is_refused_with_a_reason_counted_and_nothing_is_stored(body: bytes, tmp_path: Path) -> None:
    async with shop(tmp_path) as one:
        status, answer, _ = await one.post(body)
        assert status == 422
        assert answer["accepted"] == 0
        assert all(line["reason"] for line in answer["lines"])
        assert one.visitors() == {}
        assert one.counts["invalid"] == len(answer["lines"])
        assert (await one.post(GOOD))[0] == 200


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "ünïcode"])
async def test_a_wrong_token_is_kept_out_and_counted(token: str | None, tmp_path: Path) -> None:
    async with shop(tmp_path) as one:
        status, answer, headers = await one.post(GOOD, token=token)
        assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
        assert TOKEN not in json.dumps(answer)
        assert one.visitors() == {}
        assert one.counts == {"invalid": 1}


async def test_without_a_token_or_a_feed_nothing_is_taken(tmp_path: Path) -> None:
    async with shop(tmp_path, token=None) as one:
        assert (await one.post(GOOD))[0] == 403
    async with shop(tmp_path, feeds=()) as one:
        assert (await one.post(GOOD))[0] == 404


async def test_too_much_at_once_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with shop(tmp_path) as one:
        assert (await one.post(b" " * 10_000_000))[0] == 413
        lines = b"\n".join([b"{}"] * 5_001)
        assert (await one.post(lines, kind="application/x-ndjson"))[0] == 413
        assert one.counts == {"oversize": 2}
        await one.post(GOOD)
        assert {line["result"] for line in one.store.value(REFUSED)} == {"oversize"}


async def test_lines_that_are_called_json_are_lines_all_the_same(tmp_path: Path) -> None:
    body = "\n".join(json.dumps({**GOOD, "product_id": name}) for name in ("P01", "P02")).encode()
    async with shop(tmp_path) as one:
        assert (await one.post(body + b"\nno json\n"))[1]["accepted"] == 2
        assert one.visitors() == {"P01": 120.0, "P02": 120.0}


async def test_a_packed_body_is_unpacked_and_never_beyond_the_most(tmp_path: Path) -> None:
    packed = {"Content-Encoding": "gzip"}
    async with shop(tmp_path) as one:
        assert (await one.post(gzip.compress(json.dumps(GOOD).encode()), more=packed))[0] == 200
        assert one.visitors() == {"P01": 120.0}
        bomb = gzip.compress(b"[" + b" " * (50 * 1024 * 1024) + b"]")
        assert (await one.post(bomb, more=packed))[0] == 413
        assert (await one.post(gzip.compress(json.dumps(GOOD).encode())[:-12], more=packed))[0] in (400, 422)
        assert (await one.post(b"not packed at all", more=packed))[0] in (400, 422)
        assert (await one.post(GOOD))[1]["duplicate"] == 1


async def test_a_full_queue_asks_to_wait(tmp_path: Path) -> None:
    async with shop(tmp_path, capacity=3, saving=False) as one:
        status, answer, headers = await one.post([GOOD] * 4)
        assert (status, headers["Retry-After"]) == (503, "2")
        assert "send it again" in answer["error"]
        assert len(one.queue) == 0


async def test_a_body_larger_than_a_page_form_is_taken(tmp_path: Path) -> None:
    many = [{**GOOD, "product_id": f"P{number}"} for number in range(2_000)]
    async with shop(tmp_path) as one:
        status, answer, _ = await one.post(many)
        assert (status, answer["accepted"]) == (200, 2_000)
        assert len(one.visitors()) == 2_000


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
        max_leaves=12,
    )
)  # fmt: skip
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_sent_is_understood_or_junk_and_the_schema_agrees_on_what_is_taken(value: Any) -> None:
    schema = SCHEMAS["observations"][0]()
    try:
        found = understood(decoded(json.dumps(value).encode()), {"till": FEED}, NOW)
    except Junk:
        return
    jsonschema.validate(value, schema)
    assert all(amount >= 0 for amount in found.pushed.values.values())


def test_the_schema_takes_what_is_taken_and_refuses_what_is_refused() -> None:
    schema = SCHEMAS["observations"][0]()
    jsonschema.validate(GOOD, schema)
    jsonschema.validate([GOOD, {"date": "2026-10-01", "metrics": {"orders": 3}}], schema)
    for wrong in ({}, {"metrics": {"visitors": 1}}, {**GOOD, "colour": 1}, {**GOOD, "metrics": {"visitors": -1}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
