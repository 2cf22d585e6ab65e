"""Signing, and what the codes of the open platform mean."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bidder.connectors.http import Meaning, Reply
from bidder.connectors.taobao.settings import SignMethod, TaobaoSettings
from bidder.connectors.taobao.top import proves_refusal, sign, unwrapped, verdict

AT = datetime(2026, 10, 15, 14, 30, tzinfo=UTC)  # 22:30 in Beijing


def reply(data: Any, status: int = 200) -> Reply:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Reply("x", status, {}, body, AT)


def failed(code: int, sub_code: str = "", sub_msg: str = "") -> Reply:
    return reply({"error_response": {"code": code, "msg": "No", "sub_code": sub_code, "sub_msg": sub_msg}})


def test_the_signature_is_that_of_the_documents() -> None:
    form = {"method": "taobao.simba.campaigns.get", "v": "2.0", "app_key": "12", "empty": "", "名": "壶"}
    text = "app_key12methodtaobao.simba.campaigns.getv2.0名壶"
    expected = hashlib.md5(f"helloworld{text}helloworld".encode()).hexdigest().upper()
    assert sign(form, "helloworld", SignMethod.MD5) == expected
    assert sign(form, "helloworld", SignMethod.MD5) == sign(dict(reversed(form.items())), "helloworld", SignMethod.MD5)
    assert len(sign(form, "helloworld", SignMethod.HMAC)) == 32
    assert len(sign(form, "helloworld", SignMethod.HMAC_SHA256)) == 64


@pytest.mark.parametrize(
    ("said", "meaning", "wait", "error", "refused"),
    [
        (
            failed(7, "accesscontrol.limited-by-api-access-count", "This ban will last for 8 more seconds"),
            "throttled",
            9,
            "throttled",
            True,
        ),
        (failed(7), "throttled", 1.5, "throttled", True),
        (failed(7, "accesscontrol.limited-by-app-access-count"), "throttled", 5400, "throttled", True),
        (failed(4), "throttled", 1.5, "throttled", True),
        (failed(27, "session-expired"), "expired", None, "auth", True),
        (failed(26), "expired", None, "auth", True),
        (failed(15, "isp.remote-service-timeout"), "passing", None, "http_5xx", False),
        (failed(50, "isp.top-remote-connection-timeout"), "passing", None, "http_5xx", False),
        (failed(10), "passing", None, "http_5xx", False),
        (failed(15), "passing", None, "http_5xx", False),
        (failed(15, "isv.campaign-not-exist"), "failed", None, "http_4xx", True),
        (failed(15, "isv.update-timeout"), "failed", None, "http_4xx", False),
        (failed(25), "failed", None, "auth", True),
        (failed(11, "isv.permission-api-package-limit"), "failed", None, "auth", True),
        (failed(41), "failed", None, "http_4xx", True),
        (failed(777), "failed", None, "http_4xx", False),
        (reply(b"<html>"), "passing", None, "decode", False),
        (reply(b"<html>", 502), "passing", None, "http_5xx", False),
        (reply([]), "passing", None, "decode", False),
        (reply({"x_response": {"top_result": {"info": {"ok": True}}}}), "ok", None, "other", False),
        (
            reply({"x_response": {"result": {"info": {"ok": False, "error_code": "isv.no"}}}}),
            "failed",
            None,
            "http_4xx",
            False,
        ),
        (
            reply({"top_result": {"info": {"ok": "false", "error_code": "isp.busy"}}}),
            "passing",
            None,
            "http_5xx",
            False,
        ),
        (reply({"top_result": {"info": {"ok": False}}}), "passing", None, "http_5xx", False),
    ],
)
def test_what_a_reply_means(said: Reply, meaning: str, wait: float | None, error: str, refused: bool) -> None:
    found = verdict(said)
    assert (found.meaning, found.wait, found.error) == (Meaning(meaning), wait, error)
    assert proves_refusal(said) is refused
    assert found.reason or found.meaning is Meaning.OK


def test_a_quota_of_the_day_ends_at_midnight_in_beijing() -> None:
    assert verdict(failed(7, "accesscontrol.limited-by-app-access-count")).wait == 90 * 60


def test_a_signature_that_an_error_repeats_is_not_said() -> None:
    for long in ("AB12" * 8, "AB12" * 16):
        assert long not in verdict(failed(40, "isv.missing-parameter", f"sign={long}&v=2.0")).reason


def test_a_reply_is_taken_with_its_root_and_without() -> None:
    inner = {"top_result": {"info": {"ok": True}}}
    assert unwrapped({"universalbp_new_campaign_findpage_response": inner}) == inner
    assert unwrapped(inner) == inner
    assert unwrapped(None) is None


@pytest.mark.parametrize(
    ("base", "router"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/router/rest"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/router/rest"),
        ("https://gw.api.taobao.com/router/rest", "https://gw.api.taobao.com/router/rest"),
    ],
)
def test_the_routers_path_may_be_left_out(base: str, router: str) -> None:
    keys = {"app_key": "1", "app_secret": "s", "session": "t"}
    assert TaobaoSettings.model_validate({"base_url": base, "credentials": keys}).router == router


def test_settings_name_what_cannot_be() -> None:
    keys = {"app_key": "1", "app_secret": "s", "session": "t"}
    for wrong in ({"scenes": ["onebpSearch", "onebpSearch"]}, {"attribution_days": 5}, {"api": "other"}):
        with pytest.raises(ValueError, match=r"scenes|attribution_days|api"):
            TaobaoSettings.model_validate({**wrong, "credentials": keys})
