"""The list for a person, and what the next report says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.account_day import AccountDay
from bidder.catalog import Budget
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.intake.by_hand import MOST_LINES, TodoLine, open_typed, prove, record, todo
from bidder.money import Currency, Money
from bidder.performance import Observation, Performance
from bidder.reports import Reports, joined
from bidder.store import open_store
from bidder.store.protocol import Store

CNY = Currency("CNY")
JZT = AccountId("jzt")
SEVEN = BudgetId(JZT, "7")
TYPED_AT = datetime(2026, 10, 1, 3, tzinfo=UTC)
LATER = TYPED_AT + timedelta(days=2)


def yuan(amount: str) -> Money:
    return Money.parse(amount, CNY)


def document(lines: Sequence[tuple[str, str | None, str]], total: str = "100000", holds: Any = ()) -> dict[str, Any]:
    budgets = [
        {"id": name, "name": name, "now": now, "planned": planned, "currency": "CNY", "reason": "why"}
        for name, now, planned in lines
    ]
    return {"budgets": budgets, "holds": list(holds), "total": total}


def test_most_money_first_whole_units_and_only_manual_accounts() -> None:
    plan = document([("jzt/a", "300.00", "360.90"), ("jzt/b", "80.00", "30.50"), ("wxt/c", "10.00", "500.00"),
                     ("jzt/d", "50.00", "50.40"), ("jzt/e", None, "70.00"), ("jzt/f", "9.00", "0.90")])  # fmt: skip
    lines, left = todo(plan, [JZT])
    assert [(one.number, str(one.budget), str(one.before), str(one.after)) for one in lines] == [
        (1, "jzt/a", "300.00", "360.00"), (2, "jzt/b", "80.00", "30.00"),
    ]  # fmt: skip
    assert left == 0
    held = document([("jzt/a", "300.00", "360.00")], holds=[{"budget": "jzt/a", "check": "x", "reason": "y"}])
    assert todo(held, [JZT]) == ([], 0)
    assert todo(document([("jzt/a", "300.00", "360.00")], holds=[{"budget": None}]), [JZT]) == ([], 0)


@given(st.lists(st.tuples(st.integers(1, 500), st.decimals("1", "900", places=2)), max_size=25))
@settings(deadline=None, max_examples=80)
def test_typing_the_list_alone_never_raises_the_sum_more_than_the_plan_does(pairs: list[tuple[int, Decimal]]) -> None:
    plan = document([(f"jzt/{n}", f"{now}.00", f"{planned}") for n, (now, planned) in enumerate(pairs)])
    lines, left = todo(plan, [JZT])
    net = sum((one.difference.to_decimal() for one in lines), Decimal(0))
    planned_net = sum((planned - now for now, planned in pairs), Decimal(0))
    assert net <= max(Decimal(0), planned_net)
    assert len(lines) <= MOST_LINES
    sizes = [abs(one.difference.micros) for one in lines]
    assert sizes == sorted(sizes, reverse=True)
    assert [one.number for one in lines] == list(range(1, len(lines) + 1))
    assert left >= 0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'bidder.db'}")
    opened.add_budgets([Budget(SEVEN, "seven", CNY, now=yuan("300"))], TYPED_AT - timedelta(days=1))
    yield opened
    opened.close()


def typed(store: Store, before: str, after: str) -> None:
    line = TodoLine(1, SEVEN, "seven", yuan(before), yuan(after), "why")
    record(store, PlanId("p1"), [(line, yuan(after))], TYPED_AT, {JZT: "Asia/Shanghai"})


def report(spend: str, *, amount: str | None = None, day: date = date(2026, 10, 2)) -> Reports:
    one = Observation(JZT, SEVEN, "7", None, AccountDay("Asia/Shanghai", day), LATER, Performance(spend=yuan(spend)))
    return Reports.of([replace(one, amount=None if amount is None else yuan(amount))])


def test_what_was_typed_counts_at_once_and_waits_for_its_proof(store: Store) -> None:
    typed(store, "300", "360")
    assert str(store.budgets()[0].budget.now) == "360.00"
    assert [(one["budget"], one["after"], one["day"]) for one in open_typed(store)] == [
        ("jzt/7", "360.00", "2026-10-01")
    ]
    assert set(store.last_changes()) == {SEVEN}
    assert [line.kind for line in reversed(store.journal())] == ["intent", "outcome", "typed"]
    assert store.open_intents() == []


@pytest.mark.parametrize(
    ("before", "after", "spend", "amount", "result", "in_force"),
    [
        ("300", "360", "340", "360", "confirmed", "360.00"),
        ("300", "360", "290", "300", "contradicted", "300.00"),
        ("300", "360", "340", None, "confirmed", "360.00"),
        ("300", "360", "290", None, "open", "360.00"),
        ("300", "200", "290", None, "contradicted", "300.00"),
        ("300", "200", "195", None, "confirmed", "200.00"),
        ("300", "200", "90", None, "open", "200.00"),
        ("300", "360", "400", None, "contradicted", "360.00"),
    ],
)
def test_the_next_report_confirms_or_contradicts(
    store: Store, before: str, after: str, spend: str, amount: str | None, result: str, in_force: str
) -> None:
    typed(store, before, after)
    (verdict,) = prove(store, report(spend, amount=amount), LATER)
    assert verdict.result == result
    assert spend in verdict.evidence or str(amount) in verdict.evidence
    assert str(store.budgets()[0].budget.now) == in_force
    assert len(open_typed(store)) == (result == "open")
    said = [line for line in store.journal(kind="typed") if "verdict" in line.facts]
    assert [line.facts["verdict"] for line in said] == ([] if result == "open" else [result])
    assert len(store.journal(kind="foreign_edit")) == (result == "contradicted")


@pytest.mark.parametrize(
    ("before", "after", "spend", "amount", "result"),
    [
        ("300", "360", "340", None, "confirmed"),
        ("300", "360", "290", None, "open"),
        ("300", "360", "400", None, "contradicted"),
        ("300", "200", "290", None, "open"),  # most of it may have been spent before it was typed
        ("300", "200", "195", None, "open"),
        ("300", "360", "290", "360", "confirmed"),
        ("300", "360", "290", "300", "open"),  # the report may name the amount of the morning
        ("300", "360", "290", "330", "contradicted"),
    ],
)
def test_on_the_day_of_the_typing_both_amounts_held(
    store: Store, before: str, after: str, spend: str, amount: str | None, result: str
) -> None:
    typed(store, before, after)
    (verdict,) = prove(store, report(spend, amount=amount, day=date(2026, 10, 1)), LATER)
    assert verdict.result == result


def test_a_later_day_decides_what_the_first_left_open(store: Store) -> None:
    typed(store, "300", "200")
    assert prove(store, report("290", day=date(2026, 10, 1)), LATER)[0].result == "open"
    (verdict,) = prove(store, joined([report("290", day=date(2026, 10, 1)), report("195")]), LATER)
    assert (verdict.result, verdict.day) == ("confirmed", date(2026, 10, 2))


def test_a_day_that_is_not_over_proves_nothing(store: Store) -> None:
    typed(store, "300", "360")
    assert prove(store, report("340", day=date(2026, 9, 30)), LATER) == ()
    assert prove(store, report("340"), datetime(2026, 10, 2, 3, tzinfo=UTC)) == ()
    assert prove(store, Reports.of([]), LATER) == ()
    assert len(open_typed(store)) == 1
