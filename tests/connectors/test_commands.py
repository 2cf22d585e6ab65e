"""`bidder poll`, `plan`, `apply`, `set`, `check --online` as typed, against platforms over sockets."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bidder.account_day import AccountDay
from bidder.catalog import BudgetStatus
from bidder.config.load import load
from bidder.cycle import known_of
from bidder.money import MICROS, Currency
from bidder.store import open_store
from bidder.testing import ReadFault, WriteFault
from tests.connectors.amazon_ads.fake import PROFILE as AMAZON_PROFILE
from tests.connectors.amazon_ads.fake import SIGNATURE, FakeAmazonAds
from tests.connectors.google_ads.fake import FakeGoogleAds
from tests.connectors.http.fake import ACCESS, CANARIES, FakeHttp
from tests.connectors.http.server import answer, page
from tests.connectors.http.shops import bidder, history, served, shop

ZONE = "America/Los_Angeles"
KEYS = {name: {"env": f"KEY_{name.upper()}"} for name in CANARIES}


def account_of(fake: FakeHttp, mode: str = "propose", **more: Any) -> dict[str, Any]:
    """The account's section in bidder.yaml."""
    own: dict[str, Any] = {"name": fake.account.id, "platform": fake.account.platform, "mode": mode, "timezone": ZONE}
    own |= {"base_url": fake.server.url, "token_url": f"{fake.server.url}/token", "backoff": 0.01, "credentials": KEYS}
    if isinstance(fake, FakeGoogleAds):
        own |= {"customer_id": "444-555-6666", "login_customer_id": "111-222-3333"}
    else:
        names = ("client_id", "client_secret", "refresh_token")
        own |= {"profile_id": AMAZON_PROFILE, "report_wait": 0.01, "credentials": {name: KEYS[name] for name in names}}
    return {**own, **more}


@pytest.fixture(params=[FakeGoogleAds, FakeAmazonAds], ids=["google_ads", "amazon_ads"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeHttp]:
    made: FakeHttp = request.param()
    with served(made):
        history(made)
        yield made


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIDDER_CONFIG", raising=False)
    monkeypatch.delenv("BIDDER_STORE", raising=False)
    return tmp_path


def test_poll_gives_the_platforms_totals_a_day(fake: FakeHttp, folder: Path) -> None:
    shop(folder, [account_of(fake)], zone=ZONE)
    rows = bidder("poll", "--json").json
    assert len(rows) == 30
    for row in rows:
        planted = [one.performance for one in fake.planted if one.day.isoformat() == row["day"]]
        assert row["account"] == fake.account.id
        assert row["currency"] == "USD"
        assert row["impressions"] == sum(one.impressions or 0 for one in planted)
        assert row["clicks"] == sum(one.clicks or 0 for one in planted)
        assert row["orders"] == sum(one.orders or 0 for one in planted)
        assert row["spend"] == f"{sum(one.spend.micros for one in planted if one.spend) / MICROS:.2f}"
        assert row["revenue"] == f"{sum(one.revenue.micros for one in planted if one.revenue) / MICROS:.2f}"
        assert abs((datetime.now(UTC) - datetime.fromisoformat(row["observed_at"])).total_seconds()) < 60
    assert [row["day"] for row in rows] == sorted(row["day"] for row in rows)
    assert "clicks" in bidder("poll", "--account", fake.account.id).stdout


def test_poll_plan_apply_and_what_is_in_force(fake: FakeHttp, folder: Path) -> None:
    before = {budget: fake.in_force(budget) for budget in fake.budgets}
    shop(folder, [account_of(fake)], zone=ZONE)
    bidder("poll")
    shown = bidder("plan", "--json").json
    lines = {line["id"]: line for line in shown["budgets"]}
    assert {budget: lines[str(budget)]["now"] for budget in before} == {b: str(now) for b, now in before.items()}
    assert fake.mutations == 0
    assert {budget: fake.in_force(budget) for budget in fake.budgets} == before
    moved = {line["id"]: line["planned"] for line in lines.values() if line["now"] != line["planned"]}
    assert moved, "the first budget sells three times as well"
    written = bidder("apply", "--yes", "--json").json
    assert {one["budget"]: one["actual"] for one in written} == moved
    assert {one["outcome"] for one in written} == {"Applied"}
    assert fake.mutations == len(moved)
    assert {str(budget): str(fake.in_force(budget)) for budget in fake.budgets if str(budget) in moved} == moved
    assert sum(fake.in_force(budget).micros for budget in fake.budgets) <= 400 * MICROS
    assert bidder("journal", "--verify").stdout == "the chain holds\n"


def test_what_only_looks_sends_nothing_that_changes(fake: FakeHttp, folder: Path) -> None:
    shop(folder, [account_of(fake, mode="observe")], zone=ZONE)
    bidder("check", "--online")
    bidder("poll")
    bidder("plan")
    written = bidder("apply", "--yes", "--json", code=1).json
    assert {one["outcome"] for one in written} == {"Refused"}
    budget = str(fake.budgets[0])
    one = bidder("set", budget, "90", "--json", code=1).json[0]
    assert one["outcome"] == "Refused"
    assert "observe" in one["reason"]
    assert fake.mutations == 0


def test_set_writes_a_file_of_budgets_and_says_what_became_of_each(fake: FakeHttp, folder: Path) -> None:
    shop(folder, [account_of(fake, mode="apply")], zone=ZONE)
    first, second, third = fake.budgets[:3]
    same = fake.in_force(third)
    wanted = {str(first): "90.00", str(second): "41.55", str(third): str(same)}
    (folder / "budgets.json").write_text(json.dumps(wanted), "utf-8")
    said = bidder("set", "--file", "budgets.json", "--json").json
    assert [one["budget"] for one in said] == list(wanted)
    assert [one["requested"] for one in said] == list(wanted.values())
    assert [one["outcome"] for one in said] == ["Applied"] * 3
    assert [one["actual"] for one in said] == list(wanted.values())
    assert said[2]["reason"] == "was in force already"
    assert [str(fake.in_force(one)) for one in fake.budgets[:3]] == list(wanted.values())
    assert fake.mutations == 2
    kinds = [line["kind"] for line in bidder("journal", "--json").json]
    assert kinds == ["approved", "intent", "outcome", "intent", "outcome"]


def test_set_keeps_the_cap_of_the_day_with_the_budgets_that_were_never_polled(fake: FakeHttp, folder: Path) -> None:
    total = sum(fake.in_force(budget).micros for budget in fake.budgets) // MICROS
    shop(folder, [account_of(fake, mode="apply")], zone=ZONE, cap=str(total + 10))
    budget = fake.budgets[0]
    now = fake.in_force(budget).micros // MICROS
    refused = bidder("set", str(budget), str(now + 12), "--json", code=1).json[0]
    assert refused["outcome"] == "Refused"
    assert "cap" in refused["reason"] or "at most" in refused["reason"]
    assert fake.mutations == 0
    bidder("set", str(budget), str(now + 9))
    jump = bidder("set", str(budget), "5", "--json", code=1).json[0]
    assert "unit suspect" in jump["reason"]
    assert fake.mutations == 1


@pytest.mark.parametrize(
    ("fault", "outcome", "landed"),
    [
        (WriteFault.LOST_REPLY, "Applied", True),
        (WriteFault.LOST_REQUEST, "Unresolved", False),
        (WriteFault.ERROR_APPLIED, "Applied", True),
        (WriteFault.UNREADABLE_REPLY, "Applied", True),
        (WriteFault.SILENT_NOOP, "Unresolved", False),
        (WriteFault.PARTIAL, "Refused", False),
        (WriteFault.THROTTLED, "Refused", False),
        (WriteFault.RAISED, "Unresolved", True),
    ],
)
def test_a_write_goes_out_once_and_the_read_back_says_what_is_in_force(
    fake: FakeHttp, folder: Path, fault: WriteFault, outcome: str, landed: bool
) -> None:
    shop(folder, [account_of(fake, mode="apply")], zone=ZONE)
    budget = fake.budgets[0]
    before = fake.in_force(budget)
    fake.fail_next_write(fault)
    started = time.monotonic()
    said = bidder("set", str(budget), "90.00", "--json", code=0 if outcome == "Applied" else 1).json[0]
    assert said["outcome"] == outcome, said
    assert said["actual"] == str(fake.in_force(budget))
    assert fake.mutations == 1
    assert (fake.in_force(budget) != before) == landed
    assert time.monotonic() - started < 20
    again = bidder("set", str(budget), "90.00", "--json").json[0]  # an open intent is settled by reading, then written
    assert again["outcome"] == "Applied"
    assert str(fake.in_force(budget)) == "90.00"


def test_an_edit_by_somebody_else_between_plan_and_apply_is_respected(fake: FakeHttp, folder: Path) -> None:
    shop(folder, [account_of(fake)], zone=ZONE)
    bidder("poll")
    moved = [line["id"] for line in bidder("plan", "--json").json["budgets"] if line["now"] != line["planned"]]
    budget = next(one for one in fake.budgets if str(one) == moved[0])
    fake.states[budget.native].micros = 77_770_000
    said = {one["budget"]: one for one in bidder("apply", "--yes", "--json", code=1).json}
    assert said[str(budget)]["outcome"] == "Refused"
    assert "moved since" in said[str(budget)]["reason"]
    assert str(fake.in_force(budget)) == "77.77"


def test_a_paused_or_removed_budget_is_not_raised(fake: FakeHttp, folder: Path) -> None:
    shop(folder, [account_of(fake, mode="apply")], zone=ZONE)
    paused, removed = fake.budgets[:2]
    fake.set_status(paused, BudgetStatus.PAUSED)
    fake.set_status(removed, BudgetStatus.REMOVED)
    said = bidder("set", str(paused), "99", str(removed), "99", "--json", code=1).json
    assert [one["outcome"] for one in said] == ["Refused", "Refused"]
    assert fake.mutations == 0


def test_an_account_in_another_currency_is_not_managed(fake: FakeHttp, folder: Path) -> None:
    shop(folder, [account_of(fake, mode="apply")], zone=ZONE)
    fake.becomes(Currency("CNY"))
    polled = bidder("poll", "--json", code=1)
    assert polled.json == []
    assert "write currency: CNY" in polled.stderr
    checked = bidder("check", "--online", code=1)
    assert "write currency: CNY" in checked.stdout
    bidder("set", str(fake.budgets[0]), "90", code=1)
    assert fake.mutations == 0


def test_an_account_without_a_zone_lives_in_its_platforms(fake: FakeHttp, folder: Path) -> None:
    own = account_of(fake, mode="apply")
    del own["timezone"]
    shop(folder, [own], zone="Asia/Shanghai")
    assert f"USD, {ZONE};" in bidder("check", "--online").stdout
    rows = bidder("poll", "--json").json
    planted = {day.isoformat() for day in {one.day for one in fake.planted}}
    assert {row["day"] for row in rows} == planted
    env = {f"KEY_{name.upper()}": value for name, value in CANARIES.items()}
    with closing(open_store("sqlite:///bidder.db")) as saved:
        (account,) = known_of(load(env=env), saved, datetime.now(UTC)).accounts
        assert account.timezone == ZONE
        assert set(saved.reports().zone.tolist()) == {ZONE}
    assert {line["id"] for line in bidder("plan", "--json").json["budgets"]} == {str(one) for one in fake.budgets}
    assert bidder("set", str(fake.budgets[0]), "90.00", "--json").json[0]["outcome"] == "Applied"


def test_check_online_says_what_each_account_can_do(fake: FakeHttp, folder: Path) -> None:
    shop(folder, [account_of(fake)], zone=ZONE)
    text = bidder("check", "--online").stdout
    assert f"{fake.account.id} ({fake.account.platform}): USD, {ZONE}; bidder writes what a person approves" in text
    assert "3 active" in text
    told = bidder("check", "--online", "--json").json
    assert told["ok"] is True
    one = told["accounts"][0]
    yesterday = AccountDay.of(datetime.now(UTC), ZONE).next(-1).date
    clicks = sum(row.performance.clicks or 0 for row in fake.planted if row.day == yesterday)
    assert (one["ok"], one["active"], one["clicks"]) == (True, 3, clicks)
    assert one["limited"] == (1 if isinstance(fake, FakeGoogleAds) else None)
    fake.refused = True
    fake.expired = {f"{ACCESS}{k}" for k in range(20)}
    told = bidder("check", "--online", "--json", code=1).json
    assert (told["ok"], told["accounts"][0]["error"]) == (False, "auth")
    assert fake.mutations == 0


def test_one_account_that_fails_stops_no_other(folder: Path) -> None:
    good, bad = FakeGoogleAds(), FakeAmazonAds()
    with served(good, bad):
        history(good)
        bad.refused = True
        shop(folder, [account_of(good), account_of(bad)], zone=ZONE, cap="1000")
        polled = bidder("poll", "--json", code=1)
        assert {row["account"] for row in polled.json} == {"gads"}
        assert "amz: budgets: the token was refused" in polled.stderr
        asked = sum(got.path == "/token" for got in bad.server.got)
        assert asked == 1, "a refused token is not tried again and again"


def test_a_long_throttle_is_kept_across_restarts(fake: FakeHttp, folder: Path) -> None:
    shop(folder, [account_of(fake)], zone=ZONE)
    fake.fail_next_read(ReadFault.THROTTLED_LONG)
    assert "throttled" in bidder("poll", code=1).stderr
    asked = len(fake.server.got)
    again = bidder("poll", code=1)
    assert "asked for rest until" in again.stderr
    assert len(fake.server.got) == asked


def test_faults_that_pass_are_not_seen_by_who_polls(fake: FakeHttp, folder: Path) -> None:
    shop(folder, [account_of(fake)], zone=ZONE)
    for fault in (ReadFault.ERROR, ReadFault.CUT, ReadFault.EXPIRED):
        fake.fail_next_read(fault)
    assert len(bidder("poll", "--json").json) == 30


def test_no_secret_is_in_what_is_said_or_kept(fake: FakeHttp, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every platform error echoes the token back, as some do."""
    caplog.set_level(logging.DEBUG)
    shop(folder, [account_of(fake, mode="apply", attempts=1)], zone=ZONE)
    inner, given = fake.server._handle, account_of(fake)["credentials"]
    echoed = [secret for name, secret in CANARIES.items() if name in given]
    said = [bidder("poll", "--json"), bidder("check", "--online", "--json"), bidder("set", str(fake.budgets[0]), "81")]
    fake.server._handle = lambda got: (
        inner(got)
        if got.path == "/token"
        else answer({"error": {"code": 400, "message": f"{got.headers} {echoed}"}}, 400)
    )
    for words in (["poll"], ["check", "--online"], ["set", str(fake.budgets[0]), "82"], ["poll", "--json"]):
        said.append(bidder(*words, code=1))
    fake.server._handle = lambda got: inner(got) if got.path == "/token" else page(503)
    said.append(bidder("poll", code=1))
    said += [bidder("journal", "--json"), bidder("status")]
    kept = [one.read_bytes() for one in folder.iterdir() if one.is_file()]
    everything = "\n".join([one.stdout + one.stderr for one in said] + [caplog.text])
    assert "***" in everything
    for secret in (*CANARIES.values(), ACCESS, SIGNATURE):
        assert secret not in everything
        assert not [content for content in kept if secret.encode() in content]


def test_what_cannot_be_used_is_said_with_its_place(folder: Path) -> None:
    made = FakeGoogleAds()
    with served(made):
        shop(folder, [account_of(made, mode="apply")], zone=ZONE)
        for words, says in (
            (["set"], "nothing to set"),
            (["set", "gads/9001"], "has none"),
            (["set", "gads/9001", "ten"], "expected an amount"),
            (["set", "gads/9001", "0"], "more than 0"),
            (["set", "gads/9001", "-5"], "more than 0"),
            (["set", "gads/9001", "NaN"], "finite"),
            (["set", "ztc/9001", "5"], "no account ztc; there are gads"),
            (["set", "9001", "5"], "expected account/budget"),
            (["set", "gads/9001", "5", "gads/9001", "6"], "twice"),
            (["poll", "--account", "ztc"], "no account 'ztc'; there are gads"),
        ):
            words = [words[0], "--", *words[1:]] if "-5" in words else words
            assert says in bidder(*words, code=2).stderr
        for text, says in (
            ("[]", "expected an object"),
            ('{"gads/9001": 1e999}', "expected"),
            ('{"gads/9001": true}', "expected an amount"),
            ('{"gads/9001": "5", "gads/9001": "6"}', "stands there twice"),
            ('{"gads/9001": ', "expected JSON"),
        ):
            (folder / "budgets.json").write_text(text, "utf-8")
            assert says in bidder("set", "--file", "budgets.json", code=2).stderr, text
        assert "cannot be read" in bidder("set", "--file", "absent.json", code=2).stderr
    assert not made.server.got


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"customer_id": "abc"}, "customer_id"),
        ({"base_url": "http://api.example.com"}, "expected https"),
        ({"credentials": {**KEYS, "client_secret": "plain-text-secret"}}, "a secret is not written here"),
        ({"credentials": {"client_id": KEYS["client_id"]}}, "refresh_token"),
        ({"customr_id": "1"}, "customer_id"),
        ({"api_version": "26"}, "api_version"),
    ],
)
def test_a_wrong_key_of_an_account_is_a_fault_at_its_place(folder: Path, more: dict[str, Any], says: str) -> None:
    made = FakeGoogleAds()
    made.server.url = "http://127.0.0.1:9"
    shop(folder, [account_of(made, **more)], zone=ZONE)
    said = bidder("check", code=2).stdout
    assert says in said
    assert "bidder.yaml:1:" in said
    assert "plain-text-secret" not in said


def test_a_set_counts_what_is_left_of_the_month(folder: Path) -> None:
    made = FakeGoogleAds()
    with served(made):
        history(made, days=20)
        path = shop(folder, [account_of(made, mode="apply")], zone=ZONE)
        config = json.loads(path.read_text("utf-8"))
        bidder("poll")
        today = AccountDay.of(datetime.now(UTC), ZONE).date
        spent = sum(
            row.performance.spend.micros
            for row in made.planted
            if row.performance.spend and row.day >= today.replace(day=1)
        )
        total = sum(made.in_force(budget).micros for budget in made.budgets)
        config["budget"] = {"month": f"{(spent + total) / MICROS + 5:.2f}"}
        path.write_text(json.dumps(config), "utf-8")
        budget, now = made.budgets[0], made.in_force(made.budgets[0]).micros / MICROS
        assert bidder("set", str(budget), f"{now + 6:.2f}", "--json", code=1).json[0]["outcome"] == "Refused"
        assert bidder("set", str(budget), f"{now + 4:.2f}", "--json").json[0]["outcome"] == "Applied"


def test_nothing_is_set_while_it_is_unknown_what_another_account_may_spend(folder: Path) -> None:
    good, away = FakeGoogleAds(), FakeAmazonAds()
    with served(good, away):
        shop(folder, [account_of(good, mode="apply"), account_of(away, attempts=1)], zone=ZONE, cap="1000")
        handle = away.server._handle
        away.server._handle = lambda got: page(503)
        assert "amz: " in bidder("set", str(good.budgets[0]), "81", code=1).stderr
        assert good.mutations == 0
        away.server._handle = handle
        bidder("poll")
        away.server._handle = lambda got: page(503)
        bidder("set", str(good.budgets[0]), "81")  # what it may spend is remembered


def test_check_online_waits_for_no_report_and_names_a_version_that_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, old = FakeAmazonAds(), FakeGoogleAds()
    slow.pending_asks = 10**6
    with served(slow, old):
        accounts = [account_of(slow, report_patience=0.05), account_of(old, api_version="v23")]
        old.server._handle = lambda got: answer({"access_token": "x"}) if got.path == "/token" else old.ended(got)
        shop(folder, accounts, zone=ZONE)
        monkeypatch.setattr("bidder.cycle.utc_now", lambda: datetime(2026, 12, 20, tzinfo=UTC))
        text = bidder("check", "--online", code=1).stdout
        assert "yesterday's figures: not ready yet" in text
        assert "gads (google_ads): cannot be read" in text
        assert "set api_version" in text
        told = {one["account"]: one for one in bidder("check", "--online", "--json", code=1).json["accounts"]}
        assert (told["gads"]["sunset"], told["amz"]["sunset"]) == ("2027-02-01", None)


def test_poll_names_rows_that_cannot_be_true_and_sums_the_others(folder: Path) -> None:
    made = FakeGoogleAds()
    with served(made):
        history(made, days=5)
        bad = made.planted[3].performance
        wrong = type(bad)(bad.impressions, -5, bad.spend, bad.orders, None, bad.revenue)
        made.planted[3] = type(made.planted[3])(made.planted[3].day, made.planted[3].budget, None, wrong)
        shop(folder, [account_of(made)], zone=ZONE)
        polled = bidder("poll", "--json")
        assert "1 rows cannot be true" in polled.stderr
        assert len(polled.json) == 5
        assert all(row["clicks"] >= 0 for row in polled.json)
