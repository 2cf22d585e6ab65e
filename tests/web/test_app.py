"""Every address answers, only answers, and keeps its faults to itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import structlog
from aiohttp.test_utils import TestClient, TestServer

from bidder.errors import StoreError
from bidder.reports import Reports
from bidder.store.protocol import JournalLine
from bidder.web.app import create_app
from tests.web.fake_shop import PLAN, FakeStore, FakeView


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
async def client(view: FakeView) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(create_app(view))) as client:
        yield client


async def test_the_first_screen_shows_light_plan_charts_and_journal(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/", headers={"Accept-Language": "zh-CN"})
    text = await answer.text()
    assert answer.status == 200
    for shown in ("一切正常，今天改 9 条预算", "茉莉花茶 · 关键词", "预算走势", "bidder halt", "写入结果"):
        assert shown in text
    assert text.count("<svg") >= 13 + 4  # a sparkline a budget, two charts in two widths


@pytest.mark.parametrize("path", ["/", "/journal", f"/plan/{PLAN}", "/plan/7f3c", "/?lang=zh", "/nowhere"])
async def test_no_page_needs_another_host_or_an_inline_style(client: TestClient[Any, Any], path: str) -> None:
    answer = await client.get(path)
    text = await answer.text()
    assert "style=" not in text
    assert "<style" not in text
    assert "onclick" not in text
    assert "http" not in text.replace("http://www.w3.org/", "").replace("http-equiv", "")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"  # with no-referrer a form has no Origin to check
    assert "aiohttp" not in answer.headers["Server"]


async def test_what_a_platform_calls_a_budget_is_text_and_never_markup(
    client: TestClient[Any, Any], view: FakeView
) -> None:
    assert view.document is not None
    view.document["budgets"][0] |= {"name": "<script>alert(1)</script>", "reason": "<img src=x>"}
    view.store.lines.insert(0, JournalLine(99, view.store.lines[0].at, "note", {"text": "<b>bold</b>"}, "", ""))
    text = await (await client.get("/?lang=en")).text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert "<img src=x>" not in text
    assert "<b>bold" not in text


async def test_an_unchanged_page_is_not_sent_twice(client: TestClient[Any, Any], view: FakeView) -> None:
    first = await client.get("/")
    again = await client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    view.now["state"] = "HALTED"
    changed = await client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status == 200


async def test_before_the_first_plan_the_page_says_so(client: TestClient[Any, Any], view: FakeView) -> None:
    view.document, view.is_ready = None, False
    text = await (await client.get("/?lang=en")).text()
    assert "No plan yet" in text
    answer = await client.get("/api/v1/plan")
    assert answer.status == 404
    assert await answer.json() == {"error": "no plan has been made yet"}


async def test_a_new_shop_without_history_has_a_page(
    client: TestClient[Any, Any], view: FakeView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeStore, "budget_history", lambda *_: [])
    monkeypatch.setattr(FakeStore, "plans", lambda *_: [])
    monkeypatch.setattr(FakeStore, "reports", lambda *_, **__: Reports.of([]))
    view.store.lines.clear()
    text = await (await client.get("/?lang=en")).text()
    assert text.count("Appears after the first days.") == 2
    assert "Nothing has happened yet." in text


async def test_a_long_plan_shows_every_move_and_forty_lines_at_least(
    client: TestClient[Any, Any], view: FakeView
) -> None:
    assert view.document is not None
    moved, still = view.document["budgets"][0], view.document["budgets"][2]
    many = [{**still, "id": f"wxt/s{i}"} for i in range(100)] + [{**moved, "id": f"wxt/m{i}"} for i in range(30)]
    view.document["budgets"] = many
    text = await (await client.get("/?lang=en")).text()
    assert text.count('<tr class="up">') == 30
    assert text.count('<tr class="still">') == 10
    assert "90 more budgets are left as they are." in text


async def test_lately_is_what_happened_and_not_every_look(client: TestClient[Any, Any], view: FakeView) -> None:
    at = view.store.lines[0].at
    good = {"account": "wxt", "kind": "budgets", "ok": True, "new": 0}
    failed = {**good, "ok": False, "error": "auth", "reason": "the key has expired"}
    for number in range(50):
        view.store.lines.insert(0, JournalLine(100 + number, at, "polled", {"results": [good]}, "", ""))
    view.store.lines.insert(0, JournalLine(150, at, "polled", {"results": [good, failed]}, "", ""))
    text = await (await client.get("/?lang=en")).text()
    assert "wxt budgets: the key has expired" in text
    assert text.count("wxt budgets: 0 new") == 1
    assert "Changed by somebody else" in text
    assert "Writing" not in text


async def test_the_json_is_the_document_itself(client: TestClient[Any, Any], view: FakeView) -> None:
    assert await (await client.get("/api/v1/plan")).json() == view.document
    status = await client.get("/api/v1/status")
    assert await status.json() == json.loads(json.dumps(view.now))
    assert status.headers["Cache-Control"] == "no-store"


async def test_health_is_the_loop_and_ready_is_started(client: TestClient[Any, Any], view: FakeView) -> None:
    assert (await client.get("/-/healthy")).status == 200
    assert (await client.get("/-/ready")).status == 200
    view.is_healthy = view.is_ready = False
    assert (await client.get("/-/healthy")).status == 503
    assert (await client.get("/-/ready")).status == 503


async def test_metrics_are_negotiated_and_packed_when_asked(client: TestClient[Any, Any]) -> None:
    plain = await client.get("/metrics", headers={"Accept-Encoding": "identity"})
    assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "Content-Encoding" not in plain.headers
    asked = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip, deflate"}
    packed = await client.get("/metrics", headers=asked)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert (await packed.text()).endswith("# EOF\n")


async def test_one_plan_shows_everything_it_says(client: TestClient[Any, Any]) -> None:
    text = await (await client.get(f"/plan/{PLAN}?lang=en")).text()
    for shown in ("rules/base.yaml:11:5", "11.50", "gap 3.1e-10", "orders of the last 3 days", "Earlier plans"):
        assert shown in text
    assert "heroes carry the shop" not in text  # does not bind


async def test_the_journal_shows_every_line(client: TestClient[Any, Any], view: FakeView) -> None:
    text = await (await client.get("/journal?lang=en")).text()
    assert text.count("<time>") == len(view.store.lines)
    assert "bidder journal --verify" in text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/plan/ffff", 404),
        ("GET", "/plan/..%2f..%2fetc", 404),
        ("GET", "/static/app.py", 404),
        ("GET", "/static/..%2fapp.py", 404),
        ("POST", "/", 405),
        ("DELETE", "/plan/7f3c", 405),
        ("PUT", "/metrics", 405),
    ],
)
async def test_a_refused_request_is_a_plain_page(
    client: TestClient[Any, Any], method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    text = await answer.text()
    assert answer.status == status
    assert "Traceback" not in text
    assert str(status) in text
    assert ("Allow" in answer.headers) == (status == 405)
    assert answer.headers["Content-Security-Policy"]


async def test_below_api_an_error_is_json(client: TestClient[Any, Any]) -> None:
    answer = await client.post("/api/v1/plan")
    assert answer.status == 405
    assert "error" in await answer.json()
    assert (await client.get("/api/v1/nothing")).content_type == "application/json"


@pytest.mark.parametrize(("error", "status"), [(StoreError("disk I/O error"), 503), (RuntimeError("secret"), 500)])
async def test_a_fault_inside_goes_to_the_log_and_not_to_the_page(
    client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def broken(*_: object) -> Sequence[JournalLine]:
        raise error

    monkeypatch.setattr(FakeStore, "journal", broken)
    with structlog.testing.capture_logs() as logged:
        answer = await client.get("/?lang=en")
    text = await answer.text()
    assert answer.status == status
    assert str(error) not in text
    assert "Budgets stay as they are" in text or "budgets stay as they are" in text
    assert [line["event"] for line in logged] == ["page_failed"]


async def test_static_files_are_checked_by_tag(client: TestClient[Any, Any]) -> None:
    for name, kind in (("bidder.css", "text/css"), ("live.js", "text/javascript"), ("icon.svg", "image/svg+xml")):
        first = await client.get(f"/static/{name}")
        assert first.content_type == kind
        again = await client.get(f"/static/{name}", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status == 304
    moved = await client.get("/favicon.ico", allow_redirects=False)
    assert (moved.status, moved.headers["Location"]) == (301, "/static/icon.svg")
