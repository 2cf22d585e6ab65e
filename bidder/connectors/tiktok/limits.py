"""Least and most daily budgets of TikTok, and its smallest step, by currency. Facts of the platform; pure.

Its own rule: base amounts in dollars times a ratio of the currency (Marketing API, "Budget verification ratio").
"""

from __future__ import annotations

from bidder.money import MICROS, Currency, Money, minor_unit

__all__ = ["AD_GROUP", "CAMPAIGN", "STORE", "least", "most", "step_of"]

CAMPAIGN, AD_GROUP, STORE = 50, 20, 10
"""Base of the least daily budget: of a campaign, an ad group, and of either where it sells what TikTok Shop sells."""

_MOST = 10_000_000
_RATIOS = {
    **dict.fromkeys(
        "USD EUR GBP MYR AED SAR HUF AUD CAD NZD SGD CHF ARS BRL ILS PEN QAR RON".split(),
        1,
    ),
    "PLN": 4,
    **dict.fromkeys(
        "HKD ZAR DKK SEK NOK TRY MXN THB CNY BOB CZK EGP GTQ HNL MOP TWD NIO UAH UYU".split(),
        10,
    ),
    "PHP": 50,
    **dict.fromkeys("JPY RUB DZD BDT ISK INR KES NGN PKR".split(), 100),
    **dict.fromkeys("KRW CLP COP CRC".split(), 1_000),
    **dict.fromkeys("IDR PYG VND".split(), 10_000),
}
_WHOLE = frozenset("JPY KRW HUF CLP ISK IDR TWD PYG VND".split())
"""Currencies that the platform takes in whole units, whatever ISO 4217 says of them."""


def step_of(currency: Currency) -> Money:
    """The smallest difference between two budgets."""
    return Money(MICROS if currency in _WHOLE else max(10_000, minor_unit(currency)), currency)


def least(currency: Currency, base: int) -> Money | None:
    """The least daily budget; None where the currency's ratio is not known."""
    ratio = _RATIOS.get(currency)
    return None if ratio is None else Money(base * ratio * MICROS, currency)


def most(currency: Currency) -> Money | None:
    """The most that a daily budget may be; None where the currency's ratio is not known."""
    ratio = _RATIOS.get(currency)
    return None if ratio is None else Money(_MOST * ratio * MICROS, currency) - step_of(currency)
