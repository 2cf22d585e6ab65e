"""`bidder digest` and `bidder alert test` as typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bidder.cli.main import app
from bidder.errors import BidderError, ConfigError
from tests.alerts.receivers import a_mail_server, a_web_server

SHOP = """
shop: {name: tea-house, title: 半日闲茶铺, currency: CNY, timezone: Asia/Shanghai}
budget: {day: {max: 3000}}
accounts:
  - {name: wxt, platform: sandbox, mode: apply, timezone: Asia/Shanghai, seed: 3, path: platform.json}
store: sqlite:///bidder.db
alerts: [{to: {env: HOOK}}, {to: {env: MAIL}, language: en}]
"""


def bidder(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[Any], list[Any]]]:
    """A folder with a polled shop; what came to a webhook and to a mail server."""
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_STORE", "BIDDER_LISTEN", "BIDDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bidder.yaml").write_text(SHOP, "utf-8")
    with a_web_server() as (web, posts, _), a_mail_server() as (port, mails):
        monkeypatch.setenv("HOOK", f"json://127.0.0.1:{web}/x")
        monkeypatch.setenv("MAIL", f"mailto://127.0.0.1:{port}?from=bidder@shop.example&to=boss@shop.example")
        yield posts, mails


def test_the_digest_on_the_screen_as_a_page_as_json_and_sent(shop: tuple[list[Any], list[Any]], tmp_path: Path) -> None:
    posts, mails = shop
    assert bidder("poll").exit_code == 0
    assert bidder("plan").exit_code == 0
    text = bidder("digest")
    assert text.exit_code == 0, text.output
    assert text.stdout.startswith("【半日闲茶铺】")
    english = bidder("digest", "--lang", "en", "--html", "morning.html")
    assert (english.exit_code, english.stdout) == (0, "")
    assert "<!doctype html>" in (tmp_path / "morning.html").read_text("utf-8")
    shown = json.loads(bidder("digest", "--json").stdout)
    assert shown["yesterday"]["spend"] > 0
    assert bidder("digest", "--send").exit_code == 0
    assert posts[0]["title"].startswith("【半日闲茶铺】")
    assert "<html" not in posts[0]["message"]
    page = mails[0].get_body(("html",))
    assert page is not None
    assert "data:image/png" in page.get_content()
    assert len(list(mails[0].iter_attachments())) >= 1


def test_a_trial_message_goes_to_each_receiver(shop: tuple[list[Any], list[Any]]) -> None:
    posts, mails = shop
    told = bidder("alert", "test")
    assert told.exit_code == 0
    assert told.stdout.splitlines() == ["json-1  sent", "mailto-2  sent"]
    assert posts[0]["title"].startswith("【试发】半日闲茶铺")
    assert mails[0]["subject"].startswith("[Trial]")


def test_a_receiver_that_does_not_take_it_is_named_without_its_address(
    shop: tuple[list[Any], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "json://127.0.0.1:1/secret-path")
    told = bidder("alert", "test")
    assert isinstance(told.exception, BidderError)
    assert "json-1  NOT sent" in told.stdout
    assert "secret-path" not in told.output + str(told.exception)


@pytest.mark.parametrize(
    ("words", "what"),
    [(("--lang", "fr"), "expected zh or en"), (("--date", "yesterday"), "expected YYYY-MM-DD")],
)
def test_what_cannot_be_meant_is_said(shop: object, words: tuple[str, ...], what: str) -> None:
    told = bidder("digest", *words)
    assert isinstance(told.exception, ConfigError)
    assert what in str(told.exception)


def test_without_receivers_it_says_what_to_write(shop: object, tmp_path: Path) -> None:
    (tmp_path / "bidder.yaml").write_text(SHOP[: SHOP.index("alerts:")], "utf-8")
    assert "write alerts:" in str(bidder("alert", "test").exception)


def test_a_sales_plan_is_in_the_digest_where_the_shops_sales_are_known(shop: object, tmp_path: Path) -> None:
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.daemon.digesting import _goals
    from bidder.store import open_store

    (tmp_path / "bidder.yaml").write_text(SHOP + "plan: {sales: {month: 450000}}\n", "utf-8")
    assert bidder("poll").exit_code == 0
    loaded = load(tmp_path / "bidder.yaml")
    store = open_store(loaded.store_url)
    try:
        today = utc_now()
        goal, month, due = _goals(loaded, store, today, today.date())
    finally:
        store.close()
    assert month == 450_000
    assert goal is not None
    assert due is not None
    assert 0 < goal <= due <= month
