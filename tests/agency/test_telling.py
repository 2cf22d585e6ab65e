"""What the agency reads and is told: the list, the digest, one message for many shops, and nothing twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bidder.agency.digest import agency_digest
from bidder.agency.messages import Messages
from bidder.agency.needs import Need
from bidder.agency.standing import ShopStanding
from bidder.cli.main import app
from bidder.config.agency import Agency, load_agency
from bidder.explain.agency_digest import LISTED, agency_page, agency_text
from bidder.explain.agency_document import AgencyDigest, ShopsDocument
from bidder.plan import State
from bidder.store import open_store
from bidder.store.people import AgencyStore
from tests.agency.conftest import NOW

RECEIVER = 'digest: "11:15"\nalerts: [{to: {env: URL}}]\n'


def a_shop(name: str, kind: str = "", at_risk: float = 0.0, currency: str = "CNY", **more: Any) -> ShopStanding:
    needs = (Need(kind, "why", at_risk),) if kind else ()
    figures = {"spent_yesterday": 100.0, "revenue_yesterday": 300.0, "spent_month": 2_000.0, "month_budget": 3_000.0}
    return ShopStanding(name, name.title(), currency, "ACTIVE", needs=needs, at_risk=at_risk, **{**figures, **more})


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    (tmp_path / "shops").mkdir()
    (tmp_path / "agency.yaml").write_text(f"title: Half Moon\n{RECEIVER}", "utf-8")
    return load_agency(tmp_path, {"URL": "json://hook.example/x"})


def test_the_digest_sums_by_currency_and_names_the_dearest_first(agency: Agency) -> None:
    shops = [
        a_shop("tea", "halted", 500.0),
        a_shop("silk", "approve", 900.0),
        a_shop("well"),
        a_shop("oslo", "approve", 5.0, currency="NOK", over_cap=True),
    ]
    shown = agency_digest(shops, agency, NOW)
    assert [(one.currency, one.shops, one.spend, one.month_budget) for one in shown.money] == [
        ("CNY", 3, "300.00", "9000.00"),
        ("NOK", 1, "100.00", "3000.00"),
    ]
    assert [one.shop for one in shown.first] == ["oslo", "silk", "tea"]
    assert (shown.without_rate, shown.over_cap) == (["NOK"], ["oslo"])
    text = "\n".join(agency_text(shown, "en"))
    assert "Half Moon 11-24: 3 of 4 shops need somebody" in text
    assert "2. Silk (silk): 1" not in text
    assert "2. Silk (silk): why changes wait for a yes; 900 CNY a day" in text
    assert "no rate to CNY is known for NOK" in text
    assert "4 家店里 3 家要人看" in "\n".join(agency_text(shown, "zh"))


def test_a_long_digest_is_short_in_a_message_and_whole_on_its_page(agency: Agency) -> None:
    shops = [a_shop(f"s{number:03d}", "halted", float(number)) for number in range(LISTED + 30)]
    shown = agency_digest(shops, agency, NOW)
    lines = agency_text(shown, "en")
    assert lines[-1] == "… and 30 more: bidder shops --needing"
    assert len(lines) < LISTED + 10
    page = agency_page(shown, "en")
    assert all(one.name in page for one in shops)


def test_what_a_shop_is_called_is_no_html(agency: Agency) -> None:
    shown = agency_digest([replace(a_shop("x", "held"), title="<script>alert(1)</script>")], agency, NOW)
    assert "<script>" not in agency_page(shown, "zh")


class Post:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def __call__(self, _: Any, title: str, text: str, **more: Any) -> str | None:
        self.sent.append((title, text))
        return None


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def messages(agency: Agency, post: Post) -> Any:
    people = AgencyStore(agency.store_url)
    yield Messages(replace(agency, digest_at=None), people, post)
    people.close()


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_many_shops_in_one_message_each_named_once(messages: Messages, post: Post) -> None:
    two = replace(a_shop("tea", "halted", 5.0), needs=(Need("halted", "by hand", 5.0), Need("stale", "ads", 4.0)))
    messages.after_round([two, a_shop("silk", "stale", 9.0), a_shop("tin", "approve", 99.0)], at(0))
    ((title, text),) = post.sent
    assert title == "Half Moon：2 家店现在要人看"
    assert text.splitlines()[0].startswith("Silk（silk）：数据断了")
    assert text.count("（tea）") == 1
    assert "tin" not in text, "what can wait for the morning waits"


def test_what_was_told_is_not_told_again_until_it_comes_back(agency: Agency, messages: Messages, post: Post) -> None:
    halted, well = a_shop("tea", "halted", 5.0), a_shop("tea")
    for minutes in (0, 20, 40):
        messages.after_round([halted], at(minutes))
    assert len(post.sent) == 1
    people = AgencyStore(agency.store_url)
    Messages(replace(agency, digest_at=None), people, post).after_round([halted], at(60))
    people.close()
    assert len(post.sent) == 1, "nor after a restart"
    messages.after_round([well], at(80))
    messages.after_round([halted], at(100))
    assert len(post.sent) == 2


def test_what_comes_soon_after_is_told_together_later(messages: Messages, post: Post) -> None:
    shops = [a_shop("a", "halted"), a_shop("b", "halted"), a_shop("c", "halted")]
    for number, minutes in ((1, 0), (2, 5), (3, 10), (3, 16)):
        messages.after_round(shops[:number], at(minutes))
    assert [title for title, _ in post.sent] == ["Half Moon：A 现在要人看", "Half Moon：2 家店现在要人看"]


def test_the_digest_comes_once_a_morning(agency: Agency, post: Post) -> None:
    people = AgencyStore(agency.store_url)
    told = Messages(agency, people, post)
    for hours in (0, 1, 8, 22, 24, 30):
        told.after_round([a_shop("tea", "approve", 9.0)], NOW.replace(hour=3) + timedelta(hours=hours))
    people.close()
    assert [title[:15] for title, _ in post.sent] == ["Half Moon 11-24", "Half Moon 11-25"]


# ---- the commands


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


def test_the_list_is_read_by_people_and_programs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIDDER_AGENCY", str(folder))
    store = open_store(f"sqlite:///{folder}/stores/tea.db")
    store.set_state(State.HALTED, NOW, "by hand")
    store.close()
    shown = ShopsDocument.model_validate_json(run("shops", "--json"))
    assert (shown.agency, shown.count, shown.shops[0].shop) == ("half-moon", 3, "tea")
    assert {one.shop: one.state for one in shown.shops} == {"tea": "HALTED", "silk": "ACTIVE", "tin": "ACTIVE"}
    assert "已停手" in run("shops")
    digest = AgencyDigest.model_validate_json(run("shops", "digest", "--json"))
    assert digest.states == {"ACTIVE": 2, "HALTED": 1}
    assert "3 of 3 shops need somebody" in run("shops", "digest", "--lang", "en")
    run("shops", "digest", "--html", str(folder / "morning.html"))
    assert "茶铺" in (folder / "morning.html").read_text("utf-8")


def test_a_broken_shop_is_listed_and_told_by_the_exit_code(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIDDER_AGENCY", str(folder))
    (folder / "shops/tea.yaml").write_text("budgt: 1\n", "utf-8")
    shown = json.loads(run("shops", "--needing", "--json", code=1))
    assert (shown["shops"][0]["shop"], shown["shops"][0]["state"]) == ("tea", "BROKEN")
    checked = json.loads(run("shops", "check", "--json", code=2))
    assert (checked["shops"], checked["broken"]) == (3, 1)
    (fault,) = checked["faults"]
    assert (fault["line"], fault["column"], fault["shops"]) == (1, 1, ["tea"])
    assert fault["file"].endswith("shops/tea.yaml")


def test_a_fault_of_the_template_is_told_once_for_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIDDER_AGENCY", str(folder))
    (folder / "rules/base.yaml").write_text("- name: gentle\n  step: {max: 3000%}\n", "utf-8")
    checked = json.loads(run("shops", "check", "--json", code=2))
    (fault,) = checked["faults"]
    assert (fault["line"], fault["shops"]) == (2, ["silk", "tea", "tin"])
    assert fault["file"].endswith("rules/base.yaml")


def test_tokens_are_given_listed_and_taken_back_by_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIDDER_AGENCY", str(folder))
    given = json.loads(run("token", "create", "Mei", "--role", "operator", "--shop", "tea", "--json"))
    listed = json.loads(run("token", "list", "--json"))["tokens"]
    assert [(one["id"], one["name"], one["role"], one["shops"]) for one in listed] == [
        (given["id"], "Mei", "operator", ["tea"])
    ]
    assert given["token"] not in run("token", "list", "--json")
    new = json.loads(run("token", "rotate", given["id"], "--json"))
    run("token", "change", new["id"], "--role", "viewer", "--shop", "*")
    run("token", "revoke", new["id"])
    ended = {one["id"]: one["ended"] for one in json.loads(run("token", "list", "--json"))["tokens"]}
    assert ended == {given["id"]: "expired", new["id"]: "revoked"}
    assert CliRunner().invoke(app, ["token", "create", "Mei", "--role", "boss", "--shop", "tea"]).exit_code != 0
