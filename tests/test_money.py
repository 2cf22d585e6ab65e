"""Money is exact, keeps its currency, and leaves itself only by name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidder.money import NO_CURRENCY, Currency, Money, currency_of, exponent_of, minor_unit, total

CNY, JPY, KWD = (currency_of(code) for code in ("cny", "JPY", " KWD "))
amounts = st.integers(-(10**15), 10**15)


@given(amounts, amounts)
def test_sums_and_differences_are_exact(a: int, b: int) -> None:
    assert (Money(a, CNY) + Money(b, CNY)) - Money(b, CNY) == Money(a, CNY)
    assert -Money(a, CNY) == Money.zero(CNY) - Money(a, CNY)
    assert abs(Money(a, CNY)).micros == abs(a)


@given(amounts)
def test_the_printed_form_reads_back(micros: int) -> None:
    assert Money.parse(str(Money(micros, CNY)), CNY) == Money(micros, CNY)
    assert Money(micros, CNY).to_decimal() * 10**6 == micros


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_currencies_do_not_mix(operation: str) -> None:
    with pytest.raises(ValueError, match="cannot mix"):
        getattr(Money(1, CNY), operation)(Money(1, JPY))


@pytest.mark.parametrize(("currency", "unit", "text"), [(CNY, 10**4, "2.00"), (JPY, 10**6, "2"), (KWD, 10**3, "2.000")])
def test_minor_units_follow_iso_4217(currency: Currency, unit: int, text: str) -> None:
    assert minor_unit(currency) == unit == 10 ** (6 - exponent_of(currency))
    assert str(Money.parse(2, currency)) == text


@pytest.mark.parametrize("junk", ["NaN", "Infinity", "-inf", "", "12,5", "1.2345678", "yuan"])
def test_what_is_no_amount_is_refused(junk: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Money.parse(junk, CNY)


@pytest.mark.parametrize("junk", ["NaN", "inf", "", "abc"])
def test_a_report_that_prints_no_amount_is_refused(junk: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Money.reported(junk, CNY)


def test_a_report_may_print_more_digits_than_money_has() -> None:
    assert Money.reported("15.51384620001", CNY).micros == 15_513_846
    assert Money.reported(0.1 + 0.2, CNY).micros == 300_000


def test_unknown_codes_are_refused() -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        currency_of("RMB")
    assert currency_of("xxx") == NO_CURRENCY


@given(st.floats(0, 1e9, allow_nan=False), st.sampled_from([CNY, JPY, KWD]))
def test_a_float_never_rounds_up(amount: float, currency: Currency) -> None:
    result = Money.from_float_down(amount, currency)
    unit = minor_unit(currency)
    assert result.micros % unit == 0
    assert result.to_decimal() <= Decimal(repr(amount)) + Decimal("1e-8") * unit
    assert Decimal(repr(amount)) - result.to_decimal() < Decimal(unit) / 10**6


def test_float_noise_does_not_lose_a_cent() -> None:
    assert str(Money.from_float_down(0.1 + 0.2, CNY)) == "0.30"
    assert str(Money.from_float_down(0.29, CNY)) == "0.29"
    assert str(Money.from_float_down(99.0, CNY, step=10**7)) == "90.00"


def test_order_and_truth() -> None:
    low, high = Money(1, CNY), Money(2, CNY)
    assert low < high
    assert high > low
    assert low <= low <= high >= high
    assert not Money.zero(CNY)
    assert low
    assert total([low, high], CNY).micros == 3
    assert total([], CNY) == Money.zero(CNY)
    assert Money(1_500_000, CNY).to_float() == 1.5
