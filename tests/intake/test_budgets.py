"""budgets.csv: what a person reads off the platform, each fault with its line."""

from __future__ import annotations

import pytest

from bidder.catalog import Account, Mode
from bidder.ids import AccountId
from bidder.intake.budgets import read_budgets
from bidder.money import Currency

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
