"""Messages arrive at a real mail server and a real web server; nothing of an address is ever shown."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from bidder.alerts import KINDS, Desk, Level, Receiver, Trouble, send, text_of
from bidder.alerts.send import known
from tests.alerts.receivers import a_mail_server, a_web_server
from tests.alerts.test_desk import FACTS, NOON


def to(url: str) -> Receiver:
    return Receiver("one", SecretStr(url))


def test_a_webhook_gets_the_words_as_they_are() -> None:
    with a_web_server() as (port, posts, _):
        assert (
            send(to(f"json://127.0.0.1:{port}/hook"), "【超支】万相台", "请看防停投开关", level=Level.CRITICAL) is None
        )
    assert (posts[0]["title"], posts[0]["message"], posts[0]["type"]) == ("【超支】万相台", "请看防停投开关", "failure")


def test_a_mail_arrives_with_its_subject_its_page_and_its_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "digest.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    with a_mail_server() as (port, mails):
        url = f"mailto://127.0.0.1:{port}?from=bidder@shop.example&to=boss@shop.example"
        assert send(to(url), "晨报", "昨日 支付 15,240", html="<h1>晨报</h1>", attachments=[picture]) is None
        assert send(to(url), "【超支】", "请看 <开关>") is None
    first, second = mails
    assert first["subject"] == "晨报"
    assert first["to"] == "boss@shop.example"
    page = first.get_body(("html",))
    assert page is not None
    assert "<h1>晨报</h1>" in page.get_content()
    assert [one.get_filename() for one in first.iter_attachments()] == ["digest.png"]
    body = second.get_body(("plain", "html"))
    assert body is not None
    assert "开关" in body.get_content()


@pytest.mark.parametrize("url", ["json://127.0.0.1:1/secret-path", "nonsense://secret-path", "secret-path"])
def test_what_cannot_be_sent_is_told_without_the_address(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    why = send(to(url), "a", "b")
    assert why
    assert "secret-path" not in why + caplog.text + repr(to(url))


def test_a_service_that_throws_is_only_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> bool:
        raise RuntimeError("json://secret")

    monkeypatch.setattr("apprise.Apprise.notify", broken)
    assert send(to("json://127.0.0.1:1/x"), "a", "b") == "the service failed: RuntimeError"


@pytest.mark.parametrize(
    "url",
    [
        "json://host/path",
        "mailtos://user:pass@example.com",
        "dingtalk://token1234/",
        "wecombot://0a1b2c3d-0000-0000-0000-0123456789ab",
        "feishu://token1234",
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
    ],
)
def test_the_services_of_the_readme_are_known(url: str) -> None:
    assert known(SecretStr(url))


def test_each_kind_of_trouble_arrives_by_webhook_and_by_mail_as_one_message_though_forty_products_have_it() -> None:
    with a_web_server() as (port, posts, _), a_mail_server() as (post_office, mails):
        for kind, rules in KINDS.items():
            troubles = [Trouble(kind, f"P{n}", NOON, FACTS) for n in range(40)]
            later = Desk().look(troubles, NOON + rules.wait, "Asia/Shanghai")
            assert len(later) == 1, kind
            title, text = text_of(later[0], "zh", "Asia/Shanghai")
            assert send(to(f"json://127.0.0.1:{port}/hook"), title, text, level=later[0].level) is None
            mail = f"mailto://127.0.0.1:{post_office}?from=bidder@shop.example&to=boss@shop.example"
            assert send(to(mail), title, text, level=later[0].level) is None
    assert [mail["subject"] for mail in mails] == [post["title"] for post in posts]
    assert len(posts) == len(KINDS)
    assert len({post["title"].partition("】")[0] for post in posts}) == len(KINDS)
