"""`bidder poll`, `plan`, `apply`, `set`, `check --online` as typed, against Taobao over a socket."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bidder.money import MICROS, Money
from bidder.testing import ReadFault, WriteFault
from tests.connectors.http.commands import only_look, plan_and_apply, poll_gives_what_was_planted
from tests.connectors.http.server import page
from tests.connectors.http.shops import bidder, history, served, shop
from tests.connectors.taobao.fake import KEYS, NEW, FakeSimba, FakeTaobao, error

ZONE = "Asia/Shanghai"


@pytest.fixture(params=[FakeTaobao, FakeSimba], ids=["universalbp", "simba"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeTaobao]:
    made: FakeTaobao = request.param()
    made.advance(datetime.now(UTC))
    with served(made):
        history(made)
        yield made


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_CONFIG", "BIDDER_STORE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in KEYS.items():
        monkeypatch.setenv(f"TOP_{name.upper()}", value)
    return tmp_path


def taobao(folder: Path, fake: FakeTaobao, mode: str = "propose", cap: str = "600", **more: Any) -> None:
    """bidder.yaml with the one account."""
    own: dict[str, Any] = {"name": "wxt", "platform": "taobao", "mode": mode, "api": fake.api, "timezone": ZONE}
    own |= {"base_url": fake.server.url, "backoff": 0.01, "requests_per_second": 1000}
    own |= {"credentials": {name: {"env": f"TOP_{name.upper()}"} for name in KEYS}}
    shop(folder, [{**own, **more}], cap=cap, zone=ZONE, currency="CNY")


def test_poll_gives_the_platforms_totals_a_day(fake: FakeTaobao, folder: Path) -> None:
    taobao(folder, fake, mode="observe")
    poll_gives_what_was_planted(fake, 15)


def test_poll_plan_apply_and_what_is_in_force(fake: FakeTaobao, folder: Path) -> None:
    before = {str(budget): str(fake.in_force(budget)) for budget in fake.budgets}
    taobao(folder, fake)
    moved = plan_and_apply(fake, before)
    assert all(Money.parse(amount, fake.account.currency).micros % MICROS == 0 for amount in moved.values())


def test_what_only_looks_sends_nothing_that_changes(fake: FakeTaobao, folder: Path) -> None:
    taobao(folder, fake, mode="observe")
    only_look(fake)


def test_no_amount_but_whole_yuan_of_at_least_thirty_ever_leaves(fake: FakeTaobao, folder: Path) -> None:
    taobao(folder, fake, mode="apply")
    budget = fake.budgets[0]
    for amount, says in (("90.50", "whole yuan"), ("29", "at least 30"), ("29.99", "at least 30")):
        fake.edit(budget, Money.parse("60", fake.account.currency))
        said = bidder("set", str(budget), amount, "--json", code=1).json[0]
        assert said["outcome"] == "Refused"
        assert says in said["reason"], said
    assert fake.mutations == 0
    assert str(fake.in_force(budget)) == "60.00"


@pytest.mark.parametrize(
    ("fault", "outcome", "landed"),
    [
        (WriteFault.LOST_REPLY, "Applied", True),
        (WriteFault.LOST_REQUEST, "Unresolved", False),
        (WriteFault.ERROR_APPLIED, "Applied", True),
        (WriteFault.ERROR_UNAPPLIED, "Unresolved", False),
        (WriteFault.UNREADABLE_REPLY, "Applied", True),
        (WriteFault.SILENT_NOOP, "Unresolved", False),
        (WriteFault.PARTIAL, "Refused", False),
        (WriteFault.THROTTLED, "Refused", False),
        (WriteFault.RAISED, "Unresolved", True),
        (WriteFault.EXPIRED, "Applied", True),
    ],
)
def test_a_write_goes_out_once_and_the_read_back_says_what_is_in_force(
    folder: Path, fault: WriteFault, outcome: str, landed: bool
) -> None:
    fake = FakeTaobao()
    fake.advance(datetime.now(UTC))
    with served(fake):
        fake.ban = 0
        taobao(folder, fake, mode="apply")
        budget = fake.budgets[0]
        before = fake.in_force(budget)
        fake.fail_next_write(fault)
        said = bidder("set", str(budget), "90", "--json", code=0 if outcome == "Applied" else 1).json[0]
        assert said["outcome"] == outcome, said
        assert said["actual"] == str(fake.in_force(budget))
        assert fake.mutations == (2 if fault is WriteFault.EXPIRED else 1)
        assert (fake.in_force(budget) != before) == landed
        assert bidder("set", str(budget), "90", "--json").json[0]["outcome"] == "Applied"
        assert str(fake.in_force(budget)) == "90.00"


def test_an_account_that_is_configured_in_another_currency_is_not_managed(fake: FakeTaobao, folder: Path) -> None:
    taobao(folder, fake, mode="apply", currency="USD")
    polled = bidder("poll", "--json", code=1)
    assert "write currency: CNY" in polled.stderr
    bidder("set", str(fake.budgets[0]), "90", code=1)
    assert fake.mutations == 0


def test_a_session_that_has_ended_is_renewed_for_who_polls_and_said_when_it_cannot_be(
    fake: FakeTaobao, folder: Path
) -> None:
    taobao(folder, fake)
    fake.fail_next_read(ReadFault.EXPIRED)
    assert len(bidder("poll", "--json").json) == 15
    assert fake.tokens == 1
    fake.expired.add(f"{NEW}1")
    fake.refused = True
    said = bidder("poll", code=1).stderr
    assert "authorise the app again" in said
    renewals = [one for one in fake.forms if one["method"].endswith("token.refresh")]
    assert len(renewals) == 2, "refused once, and not asked again and again"


def test_no_secret_is_in_what_is_said_or_kept(fake: FakeTaobao, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every error of the platform echoes what it was sent, as some do."""
    caplog.set_level(logging.DEBUG)
    taobao(folder, fake, mode="apply", attempts=1)
    inner, budget = fake.server._handle, str(fake.budgets[0])
    said = [bidder("poll", "--json"), bidder("check", "--online", "--json"), bidder("set", budget, "81")]
    signatures = [one["sign"] for one in fake.forms]
    fake.server._handle = lambda got: error(40, "isv.missing-parameter", got.body.decode() + json.dumps(KEYS))
    for words in (["poll"], ["check", "--online"], ["set", budget, "82"]):
        said.append(bidder(*words, code=1))
    fake.server._handle = lambda got: page(503)
    said += [bidder("poll", code=1), bidder("journal", "--json"), bidder("status")]
    fake.server._handle = inner
    kept = [one.read_bytes() for one in folder.iterdir() if one.is_file()]
    everything = "\n".join([one.stdout + one.stderr for one in said] + [caplog.text])
    assert "***" in everything
    for secret in (*KEYS.values(), NEW, *signatures):
        assert secret not in everything
        assert not [content for content in kept if secret.encode() in content]
