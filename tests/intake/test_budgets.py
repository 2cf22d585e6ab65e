"""budgets.csv: what a person reads off the platform, each fault with its line."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bidder.catalog import Account, Budget, Mode
from bidder.ids import AccountId, BudgetId
from bidder.intake.budgets import as_written, read_budgets
from bidder.money import Currency, Money
from bidder.store.protocol import BudgetReading

ACCOUNTS = [Account(AccountId("jzt"), "files", Currency("CNY"), "Asia/Shanghai", Mode.MANUAL)]


def faults(text: str | bytes) -> list[str]:
    content = text.encode() if isinstance(text, str) else text
    return [str(one) for one in read_budgets(content, "budgets.csv", ACCOUNTS).faults]


def test_account_and_campaign_may_stand_apart_in_chinese() -> None:
    text = 'account,计划ID,日预算,计划名称,minimum\njzt,7,"1,300",快车,30\n'
    (one,) = read_budgets(text.encode("gb18030"), "budgets.csv", ACCOUNTS).budgets
    assert (str(one.id), str(one.now), one.name, str(one.minimum)) == ("jzt/7", "1300.00", "快车", "30.00")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "budgets.csv:1:1  expected the columns budget,amount"),
        ("budget\njzt/7\n", "expected the columns budget,amount"),
        ("budget,amount,colour\n", "no such column: colour"),
        ("budget,amount\njzt/7\n", "budgets.csv:2  expected 2 cells as in the header, was 1"),
        ("budget,amount\nseven,5\n", "budgets.csv:2  budget: expected account/budget, was 'seven'"),
        ("budget,amount\nother/7,5\n", "no account other is configured"),
        ("budget,amount\njzt/7,\n", "amount: expected the daily budget in force, was an empty cell"),
        ("budget,amount\njzt/7,0\n", "amount: expected an amount above 0 such as 300, was '0'"),
        ("budget,amount\njzt/7,NaN\n", "expected an amount above 0"),
        ("budget,amount\njzt/7,1e30\n", "expected an amount above 0"),
        ("budget,amount\njzt/7,5\njzt/7,6\n", "budgets.csv:3  jzt/7: stands in line 2 already"),
        (b"\x00\x01", "expected a CSV file in UTF-8"),
        ('budget,amount\n"jzt/7,5\n', "the cells cannot be told apart"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str | bytes, fault: str) -> None:
    assert any(fault in one for one in faults(text)), faults(text)


def test_what_was_saved_after_a_reading_holds_and_what_was_saved_before_does_not(tmp_path: Path) -> None:
    saved_at = datetime(2026, 10, 2, tzinfo=UTC)
    path = tmp_path / "budgets.csv"
    path.write_text("budget,amount\njzt/7,300\njzt/8,80\n", "utf-8")
    os.utime(path, (saved_at.timestamp(), saved_at.timestamp()))

    def now_of(read_at: datetime, now: datetime = saved_at + timedelta(days=1)) -> dict[str, str]:
        seven = Budget(BudgetId(AccountId("jzt"), "7"), "7", Currency("CNY"), now=Money.parse("360", Currency("CNY")))
        found = as_written([BudgetReading(seven, read_at)], path, ACCOUNTS, now)
        return {one.budget.id.native: str(one.budget.now) for one in found}

    assert now_of(saved_at - timedelta(hours=1)) == {"7": "300.00", "8": "80.00"}
    assert now_of(saved_at + timedelta(hours=1)) == {"7": "360.00", "8": "80.00"}
    assert now_of(saved_at - timedelta(hours=1), saved_at - timedelta(minutes=1)) == {"7": "360.00"}
    path.write_text("budget,amount\njzt/7,0\n", "utf-8")
    assert now_of(saved_at - timedelta(hours=1)) == {"7": "360.00"}
    path.unlink()
    assert now_of(saved_at - timedelta(hours=1)) == {"7": "360.00"}
