"""What every platform's commands keep, as typed: the same steps and the same assertions for each."""

from __future__ import annotations

from collections.abc import Mapping

from bidder.ids import BudgetId
from bidder.money import MICROS
from bidder.testing import WriteFault
from tests.connectors.http.fake import FakeHttp
from tests.connectors.http.shops import bidder

__all__ = ["only_look", "plan_and_apply", "poll_gives_what_was_planted", "set_goes_out_once"]


def poll_gives_what_was_planted(fake: FakeHttp, days: int) -> None:
    """Totals a day, for so many days."""
    rows = bidder("poll", "--json").json
    assert len(rows) == days, "as far back as sales may still come"
    for row in rows:
        planted = [one.performance for one in fake.planted if one.day.isoformat() == row["day"]]
        assert (row["account"], row["currency"]) == (fake.account.id, fake.account.currency)
        assert row["impressions"] == sum(one.impressions or 0 for one in planted)
        assert row["clicks"] == sum(one.clicks or 0 for one in planted)
        assert row["orders"] == sum(one.orders or 0 for one in planted)
        assert row["spend"] == f"{sum(one.spend.micros for one in planted if one.spend) / MICROS:.2f}"
        assert row["revenue"] == f"{sum(one.revenue.micros for one in planted if one.revenue) / MICROS:.2f}"
    assert fake.mutations == 0


def plan_and_apply(fake: FakeHttp, before: Mapping[str, str]) -> Mapping[str, str]:
    """From the first poll to what is in force; the amounts that moved. `before` is what was in force."""
    bidder("poll")
    bidder("check", "--online")
    lines = {line["id"]: line for line in bidder("plan", "--json").json["budgets"]}
    assert {name: line["now"] for name, line in lines.items()} == before
    assert fake.mutations == 0
    moved = {name: line["planned"] for name, line in lines.items() if line["now"] != line["planned"]}
    assert moved, "the first budget sells three times as well"
    done = bidder("apply", "--yes", "--json").json
    assert {one["budget"]: one["actual"] for one in done} == moved
    assert {one["outcome"] for one in done} == {"Applied"}
    assert fake.mutations == len(moved)
    assert {str(budget): str(fake.in_force(budget)) for budget in fake.budgets if str(budget) in moved} == moved
    assert bidder("journal", "--verify").stdout == "the chain holds\n"
    return moved


def only_look(fake: FakeHttp) -> None:
    """Of an account in observe nothing is changed, whatever is typed."""
    for words in (["check", "--online"], ["poll"], ["plan"]):
        bidder(*words)
    assert {one["outcome"] for one in bidder("apply", "--yes", "--json", code=1).json} == {"Refused"}
    bidder("set", str(fake.budgets[0]), "90", "--json", code=1)
    assert fake.mutations == 0


def set_goes_out_once(fake: FakeHttp, budget: BudgetId, fault: WriteFault, outcome: str, landed: bool) -> None:
    """One write in spite of the fault, what is in force said as it is, and the next one taken."""
    before = fake.in_force(budget)
    fake.fail_next_write(fault)
    told = bidder("set", str(budget), "90.00", "--json", code=0 if outcome == "Applied" else 1).json[0]
    assert told["outcome"] == outcome, told
    assert told["actual"] == str(fake.in_force(budget))
    assert fake.mutations == 1
    assert (fake.in_force(budget) != before) == landed
    assert bidder("set", str(budget), "90.00", "--json").json[0]["outcome"] == "Applied"
    assert str(fake.in_force(budget)) == "90.00"
