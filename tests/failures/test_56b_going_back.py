"""56 and 56b, 52, 58: back to what was, within the caps; leaving without a trace; a proof of what was set and spent."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bidder.cli.back import _within
from bidder.ids import AccountId, BudgetId
from bidder.money import Money
from bidder.store import open_reader, open_store
from tests.connectors.http.shops import bidder
from tests.failures.processes import make_shop
from tests.fakes import yuan


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(make_shop(tmp_path))
    for name in ("BIDDER_STORE", "BIDDER_LISTEN", "BIDDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    bidder("poll")
    return tmp_path


def in_force() -> dict[str, str]:
    bidder("poll")
    store = open_reader("sqlite:///bidder.db")
    try:
        return {str(one.budget.id): str(one.budget.now) for one in store.budgets()}
    finally:
        store.close()


def cut(before: dict[str, str], names: list[str], by: int = 10) -> None:
    pairs = [
        word for name in names for word in (name, str(Money(yuan(before[name]).micros - by * 10**6, yuan(1).currency)))
    ]
    bidder("set", *pairs)


def test_rollback_restores_what_was_before_the_newest_plan_and_before_an_older_one() -> None:
    before = in_force()
    first, second = list(before)[:2]
    cut(before, [first])
    cut(before, [second])
    assert {one["budget"] for one in bidder("rollback", "--yes", "--json").json} == {second}
    assert in_force()[second] == before[second]
    assert in_force()[first] != before[first]
    store = open_reader("sqlite:///bidder.db")
    oldest = store.writes(datetime(1970, 1, 1, tzinfo=UTC))[0].plan
    store.close()
    assert bidder("rollback", oldest[:8], "--yes", "--json").json[0]["outcome"] == "Applied"
    assert in_force() == before
    assert "as it was" in bidder("rollback", oldest, "--yes").stdout
    assert "no written plan" in bidder("rollback", "zz", code=2).stderr


def test_rollback_to_a_day_and_what_cannot_be() -> None:
    before = in_force()
    assert "YYYY-MM-DD" in bidder("rollback", "--to", "yesterday", code=2).stderr
    assert "no amount" in bidder("rollback", "--to", "2020-01-01", code=2).stderr
    assert "nothing yet" in bidder("rollback", code=2).stderr
    cut(before, list(before)[:2])
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    assert "as it was" in bidder("rollback", "--to", tomorrow, "--yes").stdout


def test_rollback_is_halted_like_everything_else() -> None:
    before = in_force()
    cut(before, list(before)[:1])
    bidder("halt")
    assert "HALTED" in bidder("rollback", "--yes", code=1).stdout


def test_release_restores_the_amounts_before_bidder_pauses_nothing_and_halts() -> None:
    before = in_force()
    cut(before, list(before)[:3])
    cut(in_force(), list(before)[:1])
    written = bidder("release", "--restore", "--yes", "--json").json
    assert {one["outcome"] for one in written} == {"Applied"}
    assert in_force() == before
    store = open_reader("sqlite:///bidder.db")
    assert all(one.budget.status.value == "active" for one in store.budgets())
    assert store.state_since()[0::2] == ("HALTED", "released")
    store.close()


def test_release_keeps_budgets_as_they_are() -> None:
    before = in_force()
    cut(before, list(before)[:1])
    now = in_force()
    assert next(iter(now)) in bidder("release", "--keep").stdout
    assert in_force() == now


def test_raises_are_scaled_into_the_cap() -> None:
    one, two = BudgetId(AccountId("a"), "1"), BudgetId(AccountId("a"), "2")
    now: dict[BudgetId, Money | None] = {one: yuan(100), two: yuan(100)}
    assert _within(yuan(250), now, {one: yuan(200), two: yuan(100)}) == {one: yuan(150), two: yuan(100)}
    assert _within(yuan(250), now, {one: yuan(180), two: yuan(50)}) == {one: yuan(180), two: yuan(50)}
    assert _within(yuan(150), now, {one: yuan(180)}) == {one: yuan(100)}
    assert _within(None, now, {one: yuan(180)}) == {one: yuan(180)}


def test_evidence_says_what_was_set_read_back_and_spent() -> None:
    before = in_force()
    name = next(iter(before))
    cut(before, [name])
    store = open_store("sqlite:///bidder.db")
    store.append("foreign_edit", datetime.now(UTC), budget=name, expected="1", found="2", currency="CNY", seen="poll")
    store.close()
    rows = list(csv.DictReader(io.StringIO(bidder("journal", "--evidence").stdout)))
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    kinds = {row["event"] for row in rows}
    assert kinds == {"set", "read", "spent", "foreign"}
    (put,) = [row for row in rows if row["event"] == "set"]
    assert put["budget"] == name
    assert "applied" in put["detail"]
    assert put["journal_line"].isdigit()
    assert all(row["currency"] == "CNY" for row in rows)
    assert bidder("journal", "--evidence", "--account", "nobody").stdout.count("\n") == 1
    assert "YYYY-MM-DD" in bidder("journal", "--evidence", "--since", "soon", code=2).stderr
