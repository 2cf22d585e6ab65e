"""`rates` in bidder.yaml: dated, into the shop's currency, inline or from a file; each fault with its place."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from bidder.config.load import Config, load
from bidder.config.rates import Rates
from bidder.errors import ConfigError
from bidder.money import currency_of

USD, EUR = currency_of("USD"), currency_of("EUR")
NOVEMBER = date(2026, 11, 1)
THREE_DAYS = timedelta(days=3)


def loaded(tmp_path: Path, text: str, **files: str) -> Config:
    for name, content in files.items():
        (tmp_path / name.replace("_", ".")).write_text(content, "utf-8")
    path = tmp_path / "bidder.yaml"
    path.write_text(f"shop: {{currency: CNY}}\nbudget: {{day: {{max: 5000}}}}\n{text}", "utf-8")
    return load(path, env={})


def faults(tmp_path: Path, text: str, **files: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, **files)
    return [str(fault) for fault in caught.value.faults]


def test_a_rate_holds_from_its_day_until_the_next_one(tmp_path: Path) -> None:
    text = "rates:\n  USD:\n    - {CNY: 7.2, date: 2026-11-10}\n    - {CNY: 7.1, date: 2026-11-01}\n"
    rates = loaded(tmp_path, text).rates
    assert rates.at(date(2026, 10, 31), THREE_DAYS).rates == {}
    assert rates.at(date(2026, 11, 4), THREE_DAYS).rates == {USD: 7.1}
    assert rates.at(date(2026, 11, 12), THREE_DAYS).rates == {USD: 7.2}
    assert rates.at(date(2026, 11, 12), THREE_DAYS).days == {USD: date(2026, 11, 10)}


def test_a_rate_that_is_too_old_counts_but_is_said_to_be_stale(tmp_path: Path) -> None:
    config = loaded(tmp_path, "rates: {USD: {CNY: 7.1, date: 2026-11-01}}\n")
    assert config.exchange(date(2026, 11, 4)).stale == {}
    stale = config.exchange(date(2026, 11, 5))
    assert stale.rates == {USD: 7.1}
    assert stale.stale == {USD: "the rate of USD is of 2026-11-01, 4 days old, at most 3 days"}
    patient = loaded(tmp_path, "rates: {USD: {CNY: 7.1, date: 2026-11-01}}\nguard: {stale_after: {rates: 30d}}\n")
    assert patient.exchange(date(2026, 11, 30)).stale == {}


def test_rates_from_a_file(tmp_path: Path) -> None:
    sheet = "date,currency,rate\n2026-11-01,USD,7.1\n2026-11-02,usd,7.15\n\n2026-11-01,EUR,7.8\n"
    config = loaded(tmp_path, "rates: rates.csv\n", rates_csv=sheet)
    assert config.exchange(date(2026, 11, 2)).rates == {USD: 7.15, EUR: 7.8}
    assert tmp_path / "rates.csv" in config.files  # so that a changed file is noticed


def test_a_new_rate_is_another_configuration(tmp_path: Path) -> None:
    before = loaded(tmp_path, "rates: rates.csv\n", rates_csv="date,currency,rate\n2026-11-01,USD,7.1\n")
    after = loaded(tmp_path, "rates: rates.csv\n", rates_csv="date,currency,rate\n2026-11-01,USD,7.2\n")
    assert before.digest != after.digest


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{USD: 7.1}", "expected a rate with its date"),
        ("{USD: {CNY: 7.1}}", "expected a rate with its date"),
        ("{USD: {CNY: -7.1, date: 2026-11-01}}", "expected a rate above 0"),
        ("{USD: {CNY: .nan, date: 2026-11-01}}", ".nan is no number"),
        ("{USD: {CNY: true, date: 2026-11-01}}", "expected a rate above 0"),
        ("{USD: {CNY: 7.1, date: yesterday}}", "expected a day such as 2026-11-01"),
        ("{USD: {EUR: 0.9, date: 2026-11-01}}", "expected CNY for one unit of another currency, was EUR"),
        ("{CNY: {CNY: 1, date: 2026-11-01}}", "rates.CNY: expected CNY for one unit of another"),
        ("{USX: {CNY: 7.1, date: 2026-11-01}}", "expected an ISO 4217 currency"),
        ("{USD: [{CNY: 7.1, date: 2026-11-01}, {CNY: 7.2, date: 2026-11-01}]}", "two rates of 2026-11-01"),
        ("nowhere.csv", "cannot be read"),
    ],
)
def test_faults_of_rates_are_told_with_their_place(tmp_path: Path, written: str, told: str) -> None:
    found = faults(tmp_path, f"rates: {written}\n")
    assert any(told in one and "bidder.yaml:3:" in one for one in found), found


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        ("", "rates.csv:1:1"),
        ("day,currency,rate\n", "date is missing"),
        ("date,currency,rate\n2026-11-01,USD\n", "rates.csv:2:1"),
        ("date,currency,rate\n2026-11-01,USD,seven\n", "expected a rate above 0 such as 7.1, was seven"),
        ("date,currency,rate\n1 Nov,USD,7.1\n", "expected a day such as 2026-11-01"),
        ("date,currency,rate\n2026-11-01,USD,7.1\n2026-11-01,USD,7.2\n", "rates.csv:3:1"),
    ],
)
def test_faults_of_a_file_of_rates_name_its_line(tmp_path: Path, sheet: str, told: str) -> None:
    found = faults(tmp_path, "rates: rates.csv\n", rates_csv=sheet)
    assert any(told in one for one in found), found


def test_money_of_another_currency_needs_a_rate_and_caps_are_the_shops_own(tmp_path: Path) -> None:
    rates = "rates: {USD: {CNY: 7.1, date: 2026-11-01}}\n"
    rule = "- {name: america, total: {max: 500 USD}}\n"
    config = loaded(tmp_path, rates + "rules: [rules.yaml]\n", rules_yaml=rule)
    assert [one.name for one in config.policy.rules] == ["day max", "america"]
    assert any("no rate to the shop's CNY" in one for one in faults(tmp_path, "rules: [rules.yaml]\n", rules_yaml=rule))
    (tmp_path / "bidder.yaml").write_text(
        f"shop: {{currency: CNY}}\nbudget: {{day: {{max: 500 USD}}}}\n{rates}", "utf-8"
    )
    with pytest.raises(ConfigError, match="write it in CNY"):
        load(tmp_path / "bidder.yaml", env={})


def test_an_account_without_a_rate_is_warned_about(tmp_path: Path) -> None:
    account = "accounts: [{name: us, platform: sandbox, currency: USD}]\n"
    (told,) = loaded(tmp_path, account).warnings
    assert "no rate from USD to the shop's CNY is written" in told.message
    rates = "rates: {USD: {CNY: 7.1, date: 2026-11-01}}\n"
    assert not loaded(tmp_path, account + rates).warnings


def test_what_a_policy_stood_on_is_read_again_with_its_rates(tmp_path: Path) -> None:
    sheet = "date,currency,rate\n2026-11-01,USD,7.1\n"
    rule = "- {name: america, total: {max: 500 USD}}\n"
    config = loaded(tmp_path, "rates: rates.csv\nrules: [rules.yaml]\n", rates_csv=sheet, rules_yaml=rule)
    again = tmp_path / "again"
    again.mkdir()
    for name, text in config.policy.written:
        (again / name).write_text(text, "utf-8")
    assert load(again / "bidder.yaml", env={}).exchange(NOVEMBER).rates == {USD: 7.1}


def test_no_rates_are_no_rates() -> None:
    assert Rates().at(NOVEMBER, THREE_DAYS).rates == {}
