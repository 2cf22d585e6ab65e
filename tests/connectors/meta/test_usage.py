"""What codes and usage headers of the Graph API mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bidder.connectors.http import Meaning, Reply
from bidder.connectors.meta.usage import TOO_MUCH, proves_refusal, verdict

AT = datetime(2026, 10, 15, tzinfo=UTC)


def reply(data: Any, status: int = 200, **headers: Any) -> Reply:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    named = {
        name.replace("_", "-"): value if isinstance(value, str) else json.dumps(value)
        for name, value in headers.items()
    }
    return Reply("x", status, named, body, AT)


def failed(code: int, status: int = 400, headers: dict[str, Any] | None = None, **more: Any) -> Reply:
    return reply({"error": {"code": code, "message": "No.", **more}}, status, **(headers or {}))


def by_use(**entry: Any) -> dict[str, Any]:
    whole = {"type": "ads_management", "call_count": 10, "total_cputime": 0, "total_time": 0}
    return {"X_Business_Use_Case_Usage": {"1": [{**whole, "estimated_time_to_regain_access": 0, **entry}]}}


@pytest.mark.parametrize(
    ("said", "meaning", "wait", "error", "refused"),
    [
        (
            failed(80004, headers=by_use(call_count=100, estimated_time_to_regain_access=19)),
            "throttled",
            1140,
            "throttled",
            True,
        ),
        (failed(80000), "throttled", 120, "throttled", True),
        (failed(17, error_subcode=2446079), "throttled", 120, "throttled", True),
        (failed(4, is_transient=True), "throttled", 120, "throttled", False),
        (failed(613, error_subcode=1487632), "throttled", None, "throttled", True),
        (failed(613, error_subcode=5044001), "throttled", 2, "throttled", True),
        (failed(190, 401, error_subcode=463), "expired", None, "auth", True),
        (failed(190), "expired", None, "auth", True),
        (failed(102), "expired", None, "auth", True),
        (failed(10, 403), "failed", None, "auth", True),
        (failed(200), "failed", None, "auth", True),
        (failed(3), "failed", None, "auth", True),
        (failed(2635), "failed", None, "http_4xx", True),
        (failed(100, error_subcode=33), "failed", None, "http_4xx", True),
        (failed(100, is_transient=True), "passing", None, "http_5xx", False),
        (failed(1, 500), "passing", None, "http_5xx", False),
        (failed(2, 500, is_transient=True), "passing", None, "http_5xx", False),
        (failed(2), "passing", None, "http_5xx", False),
        (failed(368), "failed", None, "http_4xx", False),
        (reply(b"<html>", 502), "passing", None, "http_5xx", False),
        (reply(b"<html>"), "passing", None, "decode", False),
        (reply({"data": []}), "ok", None, "other", False),
    ],
)
def test_what_a_reply_means(said: Reply, meaning: str, wait: float | None, error: str, refused: bool) -> None:
    found = verdict(said)
    assert (found.meaning, found.wait, found.error) == (Meaning(meaning), wait, error)
    assert proves_refusal(said) is refused


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        (by_use(call_count=74), None),
        (by_use(call_count=75), 1.0),
        (by_use(total_cputime=91), 5.0),
        (by_use(call_count=100, estimated_time_to_regain_access=3), 180.0),
        (by_use(total_time=100), 120.0),
        ({"X_App_Usage": {"call_count": 80, "total_time": 1, "total_cputime": 1}}, 1.0),
        ({"X_Ad_Account_Usage": {"acc_id_util_pct": 100.0, "reset_time_duration": 90}}, 90.0),
        ({"X_FB_Ads_Insights_Throttle": {"app_id_util_pct": 1, "acc_id_util_pct": 95.5}}, 5.0),
        ({"X_App_Usage": "{broken"}, None),
        ({"X_App_Usage": "[1]"}, None),
        ({"X_Business_Use_Case_Usage": {"1": "none", "2": [7], "3": [{"call_count": "99"}]}}, None),
        ({}, None),
    ],
)
def test_who_nearly_used_up_the_quota_slows_down(headers: dict[str, Any], wait: float | None) -> None:
    found = verdict(reply({"data": []}, **headers))
    assert (found.meaning, found.wait) == (Meaning.OK, wait)


def test_too_much_data_is_another_question_and_not_a_fault() -> None:
    for said in (
        reply({"error": {"code": 1, "message": "Please reduce the amount of data you're asking for"}}, 500),
        failed(100, error_subcode=1487534),
        failed(2, 500, error_subcode=99),
    ):
        found = verdict(said)
        assert (found.meaning, found.error) == (Meaning.FAILED, "http_4xx")
        assert found.reason.startswith(TOO_MUCH)


def test_what_is_said_to_people_is_said() -> None:
    said = failed(100, error_subcode=1885272, error_user_msg="Your budget is too low.")
    assert verdict(said).reason == "400 100/1885272: Your budget is too low."
    assert "api_version" in verdict(failed(2635)).reason
