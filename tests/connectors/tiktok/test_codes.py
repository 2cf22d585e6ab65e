"""What codes mean that come with HTTP 200, and how long an account is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bidder.connectors.http import Meaning, Reply
from bidder.connectors.tiktok.codes import Judge, proves_refusal
from bidder.testing.case import day_of, error_of
from tests.connectors.tiktok.fake import FakeTikTok, said

AT = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)


def reply(data: Any, status: int = 200, at: datetime = AT) -> Reply:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Reply("x", status, {}, body, at)


def coded(code: Any, message: str = "No.", status: int = 200, at: datetime = AT) -> Reply:
    return reply({"code": code, "message": message, "data": {}}, status, at)


@pytest.mark.parametrize(
    ("known", "meaning", "wait", "error"),
    [
        (coded(0), "ok", None, "other"),
        (coded("0"), "ok", None, "other"),
        (coded(40100, "Too many requests. Please retry in some time."), "throttled", 1, "throttled"),
        (coded(40100, "QPS limit"), "throttled", 1, "throttled"),
        (coded(40100, "You have reached the QPM limit"), "throttled", 300, "throttled"),
        (coded(40100, "Too many requests per minute"), "throttled", 300, "throttled"),
        (coded(40100, "The daily quota is used up"), "throttled", 4 * 3600, "throttled"),
        (coded(40100, "QPD limit", at=AT.replace(hour=23, minute=59)), "throttled", 60, "throttled"),
        (coded(40102), "expired", None, "auth"),
        (coded(40104), "expired", None, "auth"),
        (coded(40105), "expired", None, "auth"),
        (coded(40001), "failed", None, "auth"),
        (coded(40002), "failed", None, "http_4xx"),
        (coded(41000), "failed", None, "http_4xx"),
        (coded(40700), "passing", None, "http_5xx"),
        (coded(20001), "passing", None, "http_5xx"),
        (coded(50000), "passing", None, "http_5xx"),
        (coded(51021), "passing", None, "http_5xx"),
        (coded(0, status=502), "passing", None, "http_5xx"),
        (reply(b"<html>"), "passing", None, "decode"),
        (reply({"message": "OK"}), "passing", None, "decode"),
        (reply({"code": None}), "passing", None, "decode"),
        (reply(b"<html>", 502), "passing", None, "http_5xx"),
        (reply(b"404 page not found", 404), "failed", None, "http_4xx"),
        (reply({"message": "slow down"}, 429), "throttled", None, "throttled"),
    ],
)
def test_what_a_reply_means(known: Reply, meaning: str, wait: float | None, error: str) -> None:
    found = Judge()(known)
    assert (found.meaning, found.wait, found.error) == (Meaning(meaning), wait, error)


def test_called_too_often_twice_within_a_minute_is_the_minutes_quota() -> None:
    judge = Judge()
    waits = [judge(coded(40100, at=AT + timedelta(seconds=seconds))).wait for seconds in (0, 5, 6, 200)]
    assert waits == [1, 300, 300, 1]


@pytest.mark.parametrize(
    ("code", "proves"),
    [
        *((code, True) for code in (40001, 40002, 40100, 40102, 40104, 40105)),
        *((code, False) for code in (0, 20001, 40700, 41000, 50000, 51021)),
    ],
)
def test_documented_codes_alone_prove_that_nothing_was_done(code: int, proves: bool) -> None:
    assert proves_refusal(code) is proves


async def test_an_account_whose_quota_of_the_day_is_gone_is_left_alone_until_midnight_in_utc(
    served: Callable[..., Any],
) -> None:
    made = await served(FakeTikTok)
    made.server._handle = lambda got: said(40100, "Too many requests: daily limit (QPD).")
    reader = made.reader()
    await error_of(reader.budgets())
    asked = len(made.server.got)
    error = await error_of(reader.performance(day_of(made, 1), day_of(made, 1)))
    assert (error.error, error.waiting_helps) == ("throttled", True)
    assert error.wait == pytest.approx(4 * 3600, abs=5)
    assert len(made.server.got) == asked, "nobody asks on"


async def test_a_full_second_is_waited_out(served: Callable[..., Any]) -> None:
    made = await served(FakeTikTok)
    inner, full = made.server._handle, [said(40100, "Too many requests. Please retry in some time.")]
    made.server._handle = lambda got: full.pop() if full else inner(got)
    reader = made.reader(attempts=3)
    assert len(await reader.budgets()) == 6
    assert 1.0 <= reader.waited < 3.0
