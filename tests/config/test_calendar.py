"""calendar.yaml: strict, every fault with its place; instants in the shop's zone; caps and plans by month."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bidder.config.load import Config, load
from bidder.errors import ConfigError
from bidder.money import Money
from bidder.promotion import Phase
from bidder.written import Monthly, read_amount
from tests.builders import CNY

BASE = "shop: {timezone: Asia/Shanghai}\nbudget: {month: 60000, day: {max: 3000}}\ncalendar: calendar.yaml\n"
GOOD = """- name: 618
  goods: {tag: hero}
  discount: 15%
  fee: 0
  purse: 30000
  phases:
    - {phase: presale, from: 2026-05-06, to: 2026-05-15, balance_from: "2026-05-15 20:00"}
    - {phase: burst, from: "2026-05-16 20:00", to: "2026-05-17 24:00"}
"""


def read(folder: Path, calendar: str, base: str = BASE, rules: str = "") -> Config:
    (folder / "calendar.yaml").write_text(calendar, "utf-8")
    (folder / "rules.yaml").write_text(rules, "utf-8")
    path = folder / "bidder.yaml"
    path.write_text(base + ("rules: [rules.yaml]\n" if rules else ""), "utf-8")
    return load(path, env={})


def test_an_event_is_read_in_the_shops_zone(tmp_path: Path) -> None:
    (event,) = read(tmp_path, GOOD).calendar.events
    burst = next(one for one in event.spans if one.phase is Phase.BURST)
    assert burst.opens == datetime(2026, 5, 16, 12, tzinfo=UTC)
    assert burst.closes == datetime(2026, 5, 17, 16, tzinfo=UTC)
    balance = next(one for one in event.spans if one.phase is Phase.BALANCE)
    assert (balance.opens, balance.closes) == (datetime(2026, 5, 15, 12, tzinfo=UTC), burst.opens)
    assert (event.name, event.discount, event.purse) == ("618", 0.15, Money.parse("30000", CNY))
    assert event.goods == "('hero' in product.tags)"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("phase: burst", "phase: brust", "calendar.yaml:8:15  phases.phase: expected"),
        ("phase: burst", "phas: burst", "calendar.yaml:8:8  phases.phas: no such key; did you mean phase?"),
        ('from: "2026-05-16 20:00"', 'from: "2026-05-19"', "expected from before to"),
        ('"2026-05-16 20:00"', '"2026-02-30"', "calendar.yaml:8:28  phases.from: expected a day that there is"),
        ('"2026-05-17 24:00"', '"2026-05-17 24:30"', "expected an hour up to 24:00, was 24:30"),
        ("from: 2026-05-06", "from: tomorrow", "expected a day such as 2026-11-11"),
        ('"2026-05-15 20:00"', '"2026-05-01"', "balance_from: expected after from"),
        ("phase: presale", "phase: preheat", "balance_from: belongs to presale, not to preheat"),
        ("discount: 15%", "discount: 15", "calendar.yaml:3:13  discount: expected a percentage such as 40%"),
        ("discount: 15%", "discount: 95%", "expected at most 90%"),
        ("fee: 0", "fee: -5", "fee: expected 0 or more"),
        ("fee: 0", "fee: 5 USD", "no rate to the shop's CNY is known"),
        ("purse: 30000", "purse: 0", "purse: expected more than 0"),
        ("purse: 30000", "lift: 0.5", "lift: expected 1 to 10"),
        ("purse: 30000", "lift: much", "lift: expected a number such as 3"),
        ("purse: 30000", "approved: {burst: 900 USD}", "approved.burst: 900 USD: no rate"),
        (
            "goods: {tag: hero}",
            "goods: product.stock > 3",
            "2:10  goods: product.stock: goods are picked",
        ),
        ("goods: {tag: hero}", "goods: {tga: hero}", "goods: tga: no such pattern; did you mean tag?"),
        ("name: 618", "name: true", "name: expected a name such as"),
        ("name: 618", f"name: {'x' * 41}", "expected 1 to 40 characters"),
    ],
)
def test_each_fault_has_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert told in str(caught.value)


def test_what_is_no_list_of_events_is_refused(tmp_path: Path) -> None:
    for text, told in (("name: 618\n", "expected a list of events"), ("- 618\n", "expected an event such as")):
        with pytest.raises(ConfigError, match=told):
            read(tmp_path, text)
    with pytest.raises(ConfigError, match="618 of 2026 stands at"):
        read(tmp_path, GOOD + GOOD)
    assert "no events in this file" in str(read(tmp_path, "\n").warnings[0])
    (tmp_path / "bidder.yaml").write_text("calendar: nowhere.yaml\n", "utf-8")
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        load(tmp_path / "bidder.yaml", env={})


def test_a_rule_that_draws_on_a_purse_needs_one(tmp_path: Path) -> None:
    rule = "- {name: burst, when: event.phase == 'burst', budget: {multiply: 3, from: purse}}\n"
    assert read(tmp_path, GOOD, rules=rule).warnings == ()
    with pytest.raises(ConfigError, match="no event has a purse"):
        read(tmp_path, GOOD.replace("  purse: 30000\n", ""), rules=rule)


def test_money_that_no_month_has_is_warned_about(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD.replace("purse: 30000", "purse: 300000"))
    assert "618: purse 300000 is more than a month may cost, 60000" in str(found.warnings[0])


def test_months_may_have_caps_and_sales_of_their_own(tmp_path: Path) -> None:
    months = "{usual: 60000, 2026-11: 80000}"
    sales = "plan: {sales: {month: {usual: 90000, 2026-11: 99000}}}\n"
    base = BASE.replace("month: 60000", f"month: {months}") + sales
    config = read(tmp_path, GOOD, base)
    assert config.caps().month == config.caps(date(2026, 10, 1)).month == Money.parse("60000", CNY)
    assert config.caps(date(2026, 11, 1)).month == Money.parse("80000", CNY)
    assert config.sales_of_month(date(2026, 11, 3)) == Money.parse("99000", CNY)
    assert read(tmp_path, GOOD).sales_of_month(date(2026, 11, 3)) is None
    assert str(Monthly(read_amount(5))) == "5"
    for wrong, told in (
        ("{2026-11: 5}", "expected usual"),
        ("{usual: 5, 2026-13: 5}", "expected usual or a month"),
        ("{usual: 0}", "usual: expected more than 0"),
        ("{usual: 5 USD}", "no rate to the shop's CNY"),
    ):
        with pytest.raises(ConfigError, match=told):
            read(tmp_path, GOOD, BASE.replace("month: 60000", f"month: {wrong}"))
    with pytest.raises(ConfigError, match="no rate"):
        read(tmp_path, GOOD, BASE + "plan: {sales: {month: 5 USD}}\n")
    with pytest.raises(ConfigError, match="event: expected at least max"):
        read(tmp_path, GOOD, BASE.replace("max: 3000", "max: 3000, event: 20"))


def test_figures_that_make_no_sense_together_are_warned_about(tmp_path: Path) -> None:
    base = BASE.replace("month: 60000", "month: {usual: 60000, 2026-11: 999999}").replace(
        "3000", "3000, event: 9999999"
    )
    told = [str(one) for one in read(tmp_path, GOOD, base + "plan: {sales: {month: 500}}\n").warnings]
    assert any("is less than the month's budget" in one for one in told)
    assert any("a day is more than any month's cap" in one for one in told)
    more = (
        BASE.replace("month: 60000", "month: {usual: 60000, 2026-11: 999999}") + "plan: {sales: {month: 999999999}}\n"
    )
    told = [str(one) for one in read(tmp_path, GOOD, more).warnings]
    assert any("2026-11: 999999 cannot be spent at 3000 a day" in one for one in told)
    assert any("is more than 500 times the month's budget" in one for one in told)
