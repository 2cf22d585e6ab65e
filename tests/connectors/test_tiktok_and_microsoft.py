"""`bidder poll`, `plan`, `apply`, `set`, `check --online` as typed, against TikTok and Microsoft over sockets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bidder.testing import ReadFault, WriteFault
from tests.connectors.http.commands import only_look, plan_and_apply, poll_gives_what_was_planted, set_goes_out_once
from tests.connectors.http.fake import ACCESS, CANARIES, FakeHttp
from tests.connectors.http.server import page
from tests.connectors.http.shops import bidder, history, served, shop
from tests.connectors.microsoft.fake import CUSTOMER, NUMBER, FakeMicrosoft
from tests.connectors.microsoft.fake import fault as failed
from tests.connectors.tiktok.fake import ADVERTISER, KEYS, RENEWABLE, FakeTikTok, FakeTikTokApp, said

TIKTOK = {**KEYS, **RENEWABLE}
ZONES = ("America/New_York", "America/Los_Angeles")


def zone() -> str:
    """A zone whose day does not end just now: TikTok then lets nothing be changed."""
    return ZONES[datetime.now(UTC).hour in (3, 4)]


@pytest.fixture(params=[FakeTikTokApp, FakeMicrosoft], ids=["tiktok", "microsoft"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeHttp]:
    made: FakeHttp = request.param(zone())
    made.advance(datetime.now(UTC))
    with served(made):
        history(made)
        yield made


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_CONFIG", "BIDDER_STORE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in TIKTOK.items():
        monkeypatch.setenv(f"TIKTOK_{name.upper()}", value)
    return tmp_path


def written(folder: Path, fake: FakeHttp, mode: str = "propose", **more: Any) -> None:
    """bidder.yaml with the one account."""
    own: dict[str, Any] = {"name": str(fake.account.id), "platform": fake.account.platform, "mode": mode}
    own |= {"timezone": fake.account.timezone, "base_url": fake.server.url, "backoff": 0.01, "token_file": "kept.token"}
    own["requests_per_second"] = 1000
    if isinstance(fake, FakeTikTok):
        own |= {"advertiser_id": ADVERTISER}
        own["credentials"] = {name: {"env": f"TIKTOK_{name.upper()}"} for name in TIKTOK}
    else:
        own |= {"account_id": NUMBER, "customer_id": CUSTOMER, "token_url": f"{fake.server.url}/token"}
        own |= {"report_wait": 0.01, "credentials": {name: {"env": f"KEY_{name.upper()}"} for name in CANARIES}}
    shop(folder, [{**own, **more}], zone=fake.account.timezone, cap="1000")


def test_poll_gives_the_platforms_totals_a_day(fake: FakeHttp, folder: Path) -> None:
    written(folder, fake, mode="observe")
    poll_gives_what_was_planted(fake, 28 if isinstance(fake, FakeTikTok) else 30)


def test_poll_plan_apply_and_what_is_in_force(fake: FakeHttp, folder: Path) -> None:
    before = {str(budget): str(fake.in_force(budget)) for budget in fake.budgets}
    written(folder, fake)
    plan_and_apply(fake, before)


def test_what_only_looks_sends_nothing_that_changes(fake: FakeHttp, folder: Path) -> None:
    written(folder, fake, mode="observe")
    only_look(fake)


@pytest.mark.parametrize(
    ("fault", "outcome", "landed"),
    [
        (WriteFault.LOST_REPLY, "Applied", True),
        (WriteFault.LOST_REQUEST, "Unresolved", False),
        (WriteFault.ERROR_UNAPPLIED, "Unresolved", False),
        (WriteFault.SILENT_NOOP, "Unresolved", False),
        (WriteFault.RAISED, "Unresolved", True),
        (WriteFault.PARTIAL, "Refused", False),
    ],
)
def test_a_write_goes_out_once_and_the_read_back_says_what_is_in_force(
    fake: FakeHttp, folder: Path, fault: WriteFault, outcome: str, landed: bool
) -> None:
    written(folder, fake, mode="apply")
    set_goes_out_once(fake, fake.budgets[1], fault, outcome, landed)


def test_a_token_that_is_dead_is_said_once(fake: FakeHttp, folder: Path) -> None:
    written(folder, fake)
    fake.fail_next_read(ReadFault.REFUSED)
    polled = bidder("poll", "--json", code=1)
    assert polled.json == []
    assert "the token was refused" in polled.stderr or "authorise the app again" in polled.stderr
    assert "***" in polled.stderr
    assert len(fake.server.got) <= 3, "a person is needed: nobody asks on"


def test_no_secret_is_in_what_is_said_or_kept(fake: FakeHttp, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every error of the platform echoes what it was sent, as some do."""
    caplog.set_level(logging.DEBUG)
    written(folder, fake, mode="apply", attempts=1)
    inner, budget = fake.server._handle, str(fake.budgets[0])
    told = [bidder("poll", "--json"), bidder("check", "--online", "--json"), bidder("set", budget, "81")]
    secrets = list(TIKTOK.values()) if isinstance(fake, FakeTikTok) else list(CANARIES.values())
    newest: list[str] = fake.kept if isinstance(fake, FakeMicrosoft) else []

    def echo(got: Any) -> Any:
        if got.path.endswith(("/token", "refresh_token/")):
            return inner(got)
        words = f"{' '.join((*secrets, *newest[-1:]))} {got.headers} {dict(got.query)} {got.body.decode()}"
        return said(40002, words) if isinstance(fake, FakeTikTok) else failed(1030, "X", words)

    fake.server._handle = echo
    for words in (["poll"], ["check", "--online"], ["set", budget, "82"]):
        told.append(bidder(*words, code=1))
    fake.server._handle = lambda got: page(503)
    told += [bidder("poll", code=1), bidder("journal", "--json"), bidder("status")]
    kept = [one.read_bytes() for one in folder.iterdir() if one.is_file() and one.name != "kept.token"]
    everything = "\n".join([one.stdout + one.stderr for one in told] + [caplog.text])
    assert "***" in everything
    for secret in (*secrets, *newest, ACCESS):
        assert secret not in everything, secret
        assert not [content for content in kept if secret.encode() in content]
