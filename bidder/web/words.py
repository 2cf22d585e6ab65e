"""The words of the page in English and Chinese, and how figures are written in each.

The terms are those of the operator: 调整方案 is a plan, since 计划 means a campaign. A key that a language lacks is a
fault that the tests find, not something to show.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["LANGUAGES", "Words", "choose_language", "words"]

LANGUAGES = ("en", "zh")
_MINUS = "\N{MINUS SIGN}"
_WEEKDAYS_ZH = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `say` fills a sentence; the rest writes amounts, days and instants."""

    language: str
    table: Mapping[str, str]

    def say(self, key: str, **facts: Any) -> str:
        """The sentence of a key. With a count `n` of one, the key's `_one` form where the language has it."""
        if facts.get("n") == 1 and f"{key}_one" in self.table:
            key = f"{key}_one"
        return self.table[key].format(**facts)

    def term(self, family: str, value: str) -> str:
        """The word for a value of a closed set (`state.learning`); the value itself when there is none."""
        return self.table.get(f"{family}.{value}", value.replace("_", " "))

    def rule(self, name: str) -> str:
        """A rule as people call it: its own name; a word for what bidder adds by itself."""
        return self.table.get(f"builtin.{name}", name)

    def number(self, amount: str | float | Decimal | None, *, sign: bool = False) -> str:
        """An amount without its currency: thousands apart, two decimals or none; a dash when unknown."""
        if amount is None:
            return "–"
        value = Decimal(str(amount)).quantize(Decimal("0.01"))
        digits = 0 if value == value.to_integral_value() else 2
        plus = "+" if sign and value > 0 else ""
        return f"{plus}{_MINUS if value < 0 else ''}{abs(value):,.{digits}f}"

    def rounded(self, amount: str | float | Decimal) -> Decimal:
        """An amount to look at: no decimals from 100 on."""
        value = Decimal(str(amount))
        return Decimal(round(value)) if abs(value) >= 100 else value

    def rough(self, amount: str | float | Decimal) -> str:
        """Such an amount, written."""
        return self.number(self.rounded(amount))

    def money(self, amount: str | float | Decimal | None, currency: str | None, *, sign: bool = False) -> str:
        """An amount with its currency: `CNY 1,987`, in Chinese `1,987 元`."""
        text = self.number(amount, sign=sign)
        if amount is None or not currency or currency == "XXX":
            return text
        if self.language == "zh":
            return f"{text} {self.table.get(f'currency.{currency}', currency)}"
        return f"{currency} {text}"

    def unit(self, currency: str | None) -> str:
        """The currency as it stands beside a figure: `CNY`, in Chinese 元; nothing when there is none."""
        if not currency or currency == "XXX":
            return ""
        return self.table.get(f"currency.{currency}", currency)

    def month(self, day: date) -> str:
        """`November`, in Chinese `11月`, of any day in it."""
        return f"{day.month}月" if self.language == "zh" else f"{day:%B}"

    def percent(self, part: float) -> str:
        """A part of one, to whole percents."""
        return f"{part:.0%}"

    def day(self, day: str | date) -> str:
        """`Tue 24 Nov`, in Chinese `11月24日 周二`."""
        value = date.fromisoformat(day) if isinstance(day, str) else day
        if self.language == "zh":
            return f"{value.month}月{value.day}日 周{_WEEKDAYS_ZH[value.weekday()]}"
        return f"{value:%a} {value.day} {value:%b}"

    def instant(self, at: str | datetime | None, zone: str) -> str:
        """The time of day with the day, in the shop's zone."""
        if at is None:
            return "–"
        value = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(ZoneInfo(zone))
        return f"{self.day(value.date())} {value:%H:%M}"


@cache
def words(language: str) -> Words:
    """The words of a language of LANGUAGES."""
    text = files("bidder.web").joinpath("locales", f"{language}.json").read_text(encoding="utf-8")
    return Words(language, json.loads(text))


def choose_language(asked: str | None, accept: str) -> str:
    """The language that `?lang=` asks for, else the first of Accept-Language that there is, else English."""
    if asked in LANGUAGES:
        return asked
    weighed = []
    for place, part in enumerate(accept.split(",")):
        tag, _, parameters = part.strip().partition(";")
        quality = parameters.strip().removeprefix("q=") or "1"
        try:
            weighed.append((-float(quality), place, tag.strip().lower()[:2]))
        except ValueError:
            continue
    return next((tag for weight, _, tag in sorted(weighed) if tag in LANGUAGES and weight < 0), "en")
