"""The names in the JSON of `bidder poll` and `bidder set`: others' programs read them, so none may vanish unseen."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from bidder.apply import WriteResult
from bidder.cli.polling import DayTotal
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved

CNY, JPY = Currency("CNY"), Currency("JPY")
AT = datetime(2026, 11, 23, 6, tzinfo=UTC)


def test_a_day_of_an_account_as_poll_tells_it() -> None:
    known = DayTotal("ztc", date(2026, 11, 22), CNY, 10, 2, Money(12_340_000, CNY), 1.5, Money(99_000_000, CNY), AT)
    assert json.loads(json.dumps(known.row())) == {
        "account": "ztc", "day": "2026-11-22", "currency": "CNY", "impressions": 10, "clicks": 2, "spend": "12.34",
        "orders": 1.5, "revenue": "99.00", "observed_at": "2026-11-23T06:00:00+00:00",
    }  # fmt: skip
    unknown = DayTotal("meta", date(2026, 11, 22), JPY, None, None, Money(1_234_000_000, JPY), None, None, AT)
    row = json.loads(json.dumps(unknown.row()))
    assert list(row) == list(known.row())
    assert {name for name, value in row.items() if value is None} == {"impressions", "clicks", "orders", "revenue"}
    assert row["spend"] == "1234", "in the currency's own unit, which has no cents"


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Applied(Money(230_000_000, CNY)), "Applied"),
        (Refused("below the platform's minimum"), "Refused"),
        (Unresolved("no reply"), "Unresolved"),
    ],
)
def test_a_budget_as_set_tells_it(outcome: Outcome, said: str) -> None:
    budget = BudgetId(AccountId("ztc"), "12345")
    actual = Money(230_000_000, CNY) if said == "Applied" else None
    row = WriteResult(budget, Money(230_000_000, CNY), outcome, actual, "why").row()
    assert json.loads(json.dumps(row)) == {
        "budget": "ztc/12345", "requested": "230.00", "outcome": said,
        "actual": "230.00" if actual is not None else None, "reason": "why",
    }  # fmt: skip
