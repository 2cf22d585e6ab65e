"""Values as a person writes them in YAML: `30%`, `26h`, `200` or `200 USD`, and the nearest known word of a typo.

Stands below rules, guard and response, which all have settings that people write. What is read here is strict: a
percentage carries its sign, a duration its unit, so that 40 for 40 % or 3 for 3 days is a fault and not a loss.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import partial
from math import isfinite
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from bidder.money import Currency, Money, currency_of

__all__ = [
    "MINIMUM",
    "NOW",
    "Amount",
    "AmountOrMinimum",
    "AmountOrNow",
    "Duration",
    "Fraction",
    "Monthly",
    "MonthlyAmount",
    "Overdelivery",
    "PercentAbove",
    "PercentOrAmount",
    "PositiveAmount",
    "SignedPercent",
    "did_you_mean",
    "read_amount",
    "read_duration",
    "read_percent",
    "show_percent",
]

MINIMUM = "minimum"
"""The word for the platform's own smallest budget."""

NOW = "now"
"""The word for the amount in force."""

_PERCENT = re.compile(r"([+-]?\d{1,7}(?:\.\d{1,6})?)\s*%\Z")
_DURATION = re.compile(r"(\d{1,6})\s*([mhd])\Z")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\Z")
_AMOUNT = re.compile(r"(?:([A-Za-z]{3})\s*)?([+-]?\d{1,15}(?:\.\d{1,6})?)(?:\s*([A-Za-z]{3}))?\Z")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Amount:
    """Money as written: without a currency it is in the shop's."""

    value: Decimal
    currency: Currency | None = None

    def money(self, shop: Currency) -> Money:
        """The amount in its own currency, or in `shop`'s when it names none."""
        return Money.parse(self.value, self.currency or shop)

    def __str__(self) -> str:
        number = format(self.value, "f")
        return number if self.currency is None else f"{number} {self.currency}"


@dataclass(frozen=True, slots=True)
class Monthly:
    """Money a calendar month: the usual amount, and other ones of single months (`2026-11`)."""

    usual: Amount
    months: tuple[tuple[str, Amount], ...] = ()

    def of(self, day: date) -> Amount:
        """The amount of a day's month."""
        return dict(self.months).get(f"{day:%Y-%m}", self.usual)

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """Every amount, the usual one first."""
        return (self.usual, *(amount for _, amount in self.months))

    @property
    def currency(self) -> Currency | None:
        """The currency that any of them names."""
        return next((one.currency for one in self.amounts if one.currency is not None), None)

    def __str__(self) -> str:
        return str(self.usual)


def read_percent(value: Any, *, low: float | None = None, high: float | None = None) -> float:
    """`40%` → 0.4. Raises ValueError for a number without the sign, or outside low … high (fractions).

    A float is what code passes and is a fraction already; the reader of files gives decimals, which are refused.
    """
    if isinstance(value, float):
        fraction = value
    else:
        match = _PERCENT.match(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError(f"expected a percentage such as 40%, was {_shown(value)}{_percent_hint(value)}")
        fraction = float(Decimal(match[1]) / 100)
    if not isfinite(fraction):
        raise ValueError(f"expected a percentage such as 40%, was {value}")
    if low is not None and fraction < low:
        raise ValueError(f"expected at least {show_percent(low)}, was {show_percent(fraction)}")
    if high is not None and fraction > high:
        raise ValueError(f"expected at most {show_percent(high)}, was {show_percent(fraction)}")
    return fraction


def read_duration(value: Any) -> timedelta:
    """`30m`, `26h`, `3d` → that long. Raises ValueError for a number without its unit, zero or a sign."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"expected a duration such as 26h, 3d or 30m, was {_shown(value)}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def read_amount(value: Any) -> Amount:
    """`200`, `200.50`, `200 USD` → an amount of money. Raises ValueError for NaN, signs, separators, other text."""
    if isinstance(value, Amount):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"expected an amount of money such as 200 or 200 CNY, was {_shown(value)}")
    text = str(value).strip()
    if isinstance(value, float):
        text = format(Decimal(text), "f") if value == value and abs(value) < 1e15 else "nan"
    match = _AMOUNT.match(text)
    if match is None or (match[1] and match[3]):
        hint = "; write thousands without separators" if "," in text else ""
        hint = "; a percentage does not fit here" if text.endswith("%") else hint
        raise ValueError(f"expected an amount of money such as 200 or 200 CNY, was {_shown(value)}{hint}")
    code = match[1] or match[3]
    return Amount(Decimal(match[2]), currency_of(code) if code else None)


def _positive_amount(value: Any) -> Amount:
    amount = read_amount(value)
    if amount.value <= 0:
        raise ValueError(f"expected more than 0, was {amount}")
    return amount


def _monthly(value: Any) -> Monthly:
    if isinstance(value, Monthly):
        return value
    if not isinstance(value, Mapping):
        return Monthly(_positive_amount(value))
    usual: Amount | None = None
    months: list[tuple[str, Amount]] = []
    for key, one in value.items():
        try:
            amount = _positive_amount(one)
        except ValueError as e:
            raise ValueError(f"{key}: {e}") from e
        if key == "usual":
            usual = amount
        elif isinstance(key, str) and _MONTH.match(key):
            months.append((key, amount))
        else:
            raise ValueError(f"{key}: expected usual or a month such as 2026-11")
    if usual is None:
        raise ValueError("expected usual: the amount of every month that is not named")
    return Monthly(usual, tuple(sorted(months)))


def _amount_or_minimum(value: Any) -> Amount | str:
    if isinstance(value, str) and value.strip().lower() == MINIMUM:
        return MINIMUM
    amount = read_amount(value)
    if amount.value == 0:
        raise ValueError(
            f"expected more than 0, was 0: on some platforms that lifts the limit; "
            f"write {MINIMUM} for the least a platform takes, and pause the campaign there to stop it"
        )
    return _positive_amount(amount)


def _amount_or_now(value: Any) -> Amount | str:
    if isinstance(value, str) and value.strip().lower() == NOW:
        return NOW
    try:
        return _amount_or_minimum(value)
    except ValueError as e:
        raise ValueError(f"{e}; write {NOW} for the amount in force") from e


def _percent_or_amount(value: Any) -> float | Amount:
    if isinstance(value, float) or (isinstance(value, str) and "%" in value):
        return read_percent(value, low=0.0, high=1.0)
    return _positive_amount(value)


def _overdelivery(value: Any) -> float | None:
    if value is None or (isinstance(value, str) and value.strip().lower() == "platform"):
        return None
    try:
        return read_percent(value, low=1.0, high=10.0)
    except ValueError as e:
        raise ValueError(f"{e}; or write platform for each platform's own figure") from e


def show_percent(fraction: float) -> str:
    """0.4 → `40%`."""
    return f"{fraction * 100:.10g}%"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean share?` when a known word is near, else nothing."""
    choices = sorted(known)
    lower = {choice.lower(): choice for choice in choices}
    near = get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {lower[near[0]]}?"
    tails = [choice for choice in choices if word and (word in choice or choice in word)]
    return f"; did you mean {tails[0]}?" if len(tails) == 1 else ""


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str) else str(value)


def _percent_hint(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return ""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return ""
    if not number.is_finite():
        return ""
    as_percent = number * 100 if abs(number) <= 1 else number
    return f"; write {as_percent.normalize():f}%"


_PERCENT_SCHEMA = {"type": "string", "pattern": r"^\s*[+-]?\d+(\.\d+)?\s*%\s*$", "examples": ["40%"]}
_AMOUNT_SCHEMA = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": r"^\s*([A-Za-z]{3}\s*)?\d+(\.\d+)?(\s*[A-Za-z]{3})?\s*$"},
    ],
    "examples": [200, "200 CNY"],
}

Fraction = Annotated[float, BeforeValidator(partial(read_percent, low=0.0, high=1.0)), WithJsonSchema(_PERCENT_SCHEMA)]
"""A part of a whole, `0%` to `100%`."""

PercentAbove = Annotated[
    float, BeforeValidator(partial(read_percent, low=0.0, high=10.0)), WithJsonSchema(_PERCENT_SCHEMA)
]
"""A percentage that may pass 100 %, such as a raise."""

SignedPercent = Annotated[
    float, BeforeValidator(partial(read_percent, low=-1.0, high=10.0)), WithJsonSchema(_PERCENT_SCHEMA)
]
"""A percentage with a meaning below zero, down to `-100%`."""

PositiveAmount = Annotated[Amount, BeforeValidator(_positive_amount), WithJsonSchema(_AMOUNT_SCHEMA)]
"""Money above zero; in the shop's currency when it names none."""

MonthlyAmount = Annotated[
    Monthly,
    BeforeValidator(_monthly),
    WithJsonSchema(
        {
            "anyOf": [
                *_AMOUNT_SCHEMA["anyOf"],
                {
                    "type": "object",
                    "properties": {"usual": _AMOUNT_SCHEMA},
                    "patternProperties": {r"^\d{4}-(0[1-9]|1[0-2])$": _AMOUNT_SCHEMA},
                    "additionalProperties": False,
                    "required": ["usual"],
                },
            ],
            "examples": [60000, {"usual": 60000, "2026-11": 135000}],
        }
    ),
]
"""Money above zero a calendar month, `60000`, or with months of their own: `{usual: 60000, 2026-11: 135000}`."""

AmountOrMinimum = Annotated[
    Amount | str,
    BeforeValidator(_amount_or_minimum),
    WithJsonSchema({"anyOf": [{"const": MINIMUM}, *_AMOUNT_SCHEMA["anyOf"]], "examples": [200, MINIMUM]}),
]
"""Money above zero, or the word for the platform's own smallest budget."""

AmountOrNow = Annotated[
    Amount | str,
    BeforeValidator(_amount_or_now),
    WithJsonSchema({"anyOf": [{"enum": [NOW, MINIMUM]}, *_AMOUNT_SCHEMA["anyOf"]], "examples": [NOW, 200]}),
]
"""Money above zero, or the word for the amount in force, or that for the platform's own smallest budget."""

PercentOrAmount = Annotated[
    float | Amount,
    BeforeValidator(_percent_or_amount),
    WithJsonSchema({"anyOf": [_PERCENT_SCHEMA, *_AMOUNT_SCHEMA["anyOf"]], "examples": ["5%", 10]}),
]
"""A percentage, or money above zero."""

Overdelivery = Annotated[
    float | None,
    BeforeValidator(_overdelivery),
    WithJsonSchema({"anyOf": [{"const": "platform"}, _PERCENT_SCHEMA], "examples": ["platform", "120%"]}),
]
"""What a platform may spend of a daily budget: its own figure (None), or at least this part, `120%`."""

Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+\s*[mhd]\s*$", "examples": ["26h", "3d"]}),
]
"""A length of time with its unit: m, h or d."""
