"""`bidder poll`, `plan`, `apply`, `set`, `check --online` as typed, against Meta over a socket."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bidder.connectors.meta import kind
from bidder.testing import ReadFault, WriteFault
from tests.connectors.http.commands import only_look, plan_and_apply, poll_gives_what_was_planted, set_goes_out_once
from tests.connectors.http.server import page
from tests.connectors.http.shops import bidder, history, served, shop
from tests.connectors.meta.fake import KEYS, NUMBER, FakeMeta, failure

ZONE = "America/New_York"


@pytest.fixture
def fake() -> Iterator[FakeMeta]:
    made = FakeMeta()
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
        monkeypatch.setenv(f"META_{name.upper()}", value)
    return tmp_path


def meta(folder: Path, fake: FakeMeta, mode: str = "propose", **more: Any) -> None:
    """bidder.yaml with the one account."""
    own: dict[str, Any] = {"name": "meta", "platform": "meta", "mode": mode, "timezone": ZONE}
    own |= {"ad_account_id": f"act_{NUMBER}", "base_url": fake.server.url, "backoff": 0.01}
    own |= {"requests_per_second": 1000}
    own |= {"credentials": {name: {"env": f"META_{name.upper()}"} for name in KEYS}}
    shop(folder, [{**own, **more}], zone=ZONE)


def test_poll_gives_the_platforms_totals_a_day(fake: FakeMeta, folder: Path) -> None:
    meta(folder, fake, mode="observe")
    poll_gives_what_was_planted(fake, 28)


def test_poll_plan_apply_and_what_is_in_force(fake: FakeMeta, folder: Path) -> None:
    before = {str(budget): str(fake.in_force(budget)) for budget in fake.budgets}
    meta(folder, fake)
    plan_and_apply(fake, before)


def test_what_only_looks_sends_nothing_that_changes(fake: FakeMeta, folder: Path) -> None:
    meta(folder, fake, mode="observe")
    only_look(fake)


@pytest.mark.parametrize(
    ("fault", "outcome", "landed"),
    [
        (WriteFault.LOST_REPLY, "Applied", True),
        (WriteFault.LOST_REQUEST, "Unresolved", False),
        (WriteFault.ERROR_APPLIED, "Applied", True),
        (WriteFault.ERROR_UNAPPLIED, "Unresolved", False),
        (WriteFault.UNREADABLE_REPLY, "Applied", True),
        (WriteFault.SILENT_NOOP, "Unresolved", False),
        (WriteFault.RAISED, "Unresolved", True),
    ],
)
def test_a_write_goes_out_once_and_the_read_back_says_what_is_in_force(
    fake: FakeMeta, folder: Path, fault: WriteFault, outcome: str, landed: bool
) -> None:
    meta(folder, fake, mode="apply")
    set_goes_out_once(fake, fake.budgets[0], fault, outcome, landed)


def test_a_write_that_is_throttled_is_not_done_and_nobody_calls_on(fake: FakeMeta, folder: Path) -> None:
    meta(folder, fake, mode="apply")
    budget = fake.budgets[0]
    before = fake.in_force(budget)
    fake.fail_next_write(WriteFault.THROTTLED)
    said = bidder("set", str(budget), "90.00", "--json", code=1).json[0]
    assert said["outcome"] == "Refused"
    assert "80004" in said["reason"]
    assert (fake.mutations, fake.in_force(budget)) == (1, before)
    assert fake.server.got[-1].method == "POST", "not even a read-back while blocked"


def test_a_fifth_change_within_the_hour_is_not_sent_by_another_run_either(fake: FakeMeta, folder: Path) -> None:
    meta(folder, fake, mode="apply")
    first, second = (str(one) for one in fake.budgets[:2])
    fake.fail_next_write(WriteFault.THROTTLED)
    fake.usage = {"X-Business-Use-Case-Usage": "{}"}
    for amount in ("90", "91", "92", "93", "94", "95"):
        kind._edits.clear()  # as in another process
        bidder("set", first, amount, code=0 if amount in ("91", "92", "93", "94") else 1)
    said = bidder("set", first, "96", "--json", code=1).json[0]
    assert said["outcome"] == "Refused"
    assert "within the hour" in said["reason"]
    assert fake.mutations == 5, "the one that was refused is not counted"
    assert bidder("set", second, "41", "--json").json[0]["outcome"] == "Applied"


def test_a_token_that_is_dead_is_said_once(fake: FakeMeta, folder: Path) -> None:
    meta(folder, fake)
    fake.fail_next_read(ReadFault.REFUSED)
    polled = bidder("poll", "--json", code=1)
    assert polled.json == []
    assert "190/463" in polled.stderr
    assert len(fake.server.got) == 1, "a person is needed: nobody asks on"


def test_no_secret_is_in_what_is_said_or_kept(fake: FakeMeta, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every error of the platform echoes what it was sent, as some do."""
    caplog.set_level(logging.DEBUG)
    meta(folder, fake, mode="apply", attempts=1)
    inner, budget = fake.server._handle, str(fake.budgets[0])
    said = [bidder("poll", "--json"), bidder("check", "--online", "--json"), bidder("set", budget, "81")]
    proof = fake.server.got[0].query["appsecret_proof"]
    fake.server._handle = lambda got: failure(100, f"{got.headers} {dict(got.query)} {json.dumps(KEYS)}")
    for words in (["poll"], ["check", "--online"], ["set", budget, "82"]):
        said.append(bidder(*words, code=1))
    fake.server._handle = lambda got: page(503)
    said += [bidder("poll", code=1), bidder("journal", "--json"), bidder("status")]
    fake.server._handle = inner
    kept = [one.read_bytes() for one in folder.iterdir() if one.is_file()]
    everything = "\n".join([one.stdout + one.stderr for one in said] + [caplog.text])
    assert "***" in everything
    for secret in (*KEYS.values(), proof):
        assert secret not in everything
        assert not [content for content in kept if secret.encode() in content]
