"""A decoded body that knows its paths, so that a shape that is not the known one is an error naming the field.

For every platform's parse.py: what is read is checked, and a missing, negative or non-finite figure is never a zero.
Amounts become Money here alone, by the unit that the platform documents for that field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from bidder.connectors.redact import hidden
from bidder.errors import ConnectorError
from bidder.money import MICROS, Currency, Money, minor_unit

__all__ = ["Node", "shown"]

MOST = 10**18
"""A larger figure is none, in any unit, and columns of 64 bits could not hold it."""

_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a body. `path` is its place from the root, as in `results[3].metrics`."""

    account: str
    operation: str
    value: Any = field(repr=False)
    path: str = ""

    def error(self, name: str, reason: str) -> ConnectorError:
        """The error that this field is not what it should be. `reason` shows a value by `shown`."""
        where = f"{self.path}.{name}".strip(".") or "the body"
        return ConnectorError(self.account, self.operation, f"{where}: {hidden(reason)}", error="schema")

    def get(self, name: str, default: Any = None) -> Any:
        """The value under a name, `default` where there is none. Raises ConnectorError when this is no object."""
        if not isinstance(self.value, dict):
            raise self.error("", f"expected an object, was {_kind(self.value)}")
        found = self.value.get(name)
        return default if found is None else found

    def needed(self, name: str) -> Any:
        """The value under a name that has to be there."""
        found = self.get(name)
        if found is None:
            raise self.error(name, "missing")
        return found

    def __getitem__(self, name: str) -> Node:
        return Node(self.account, self.operation, self.needed(name), f"{self.path}.{name}".strip("."))

    def items(self, name: str = "", *, optional: bool = False) -> Iterator[Node]:
        """The elements of the list under a name, or of this itself. `optional`: no such name is no element."""
        found = self.value if not name else self.get(name, [] if optional else None)
        if not isinstance(found, list):
            raise self.error(name, "missing" if found is None else f"expected a list, was {_kind(found)}")
        where = f"{self.path}.{name}".strip(".")
        for place, one in enumerate(found):
            yield Node(self.account, self.operation, one, f"{where}[{place}]")

    def text(self, name: str) -> str:
        """Text that is not empty."""
        found = self.needed(name)
        if not isinstance(found, str) or not found.strip():
            raise self.error(name, f"expected text, was {shown(found)}")
        return found

    def id(self, name: str) -> str:
        """An id of digits, which platforms give as text or as number."""
        found = self.needed(name)
        text = str(found) if isinstance(found, int) and not isinstance(found, bool) else found
        if not isinstance(text, str) or not text.isascii() or not text.isdigit():
            raise self.error(name, f"expected an id of digits, was {shown(found)}")
        return text

    def number(self, name: str, default: Decimal | None = None, *, signed: bool = False) -> Decimal:
        """A finite number, given as a number or as text. With a default, the name may be missing.

        `signed` lets one below 0 through: a row of a report that cannot be true is left out by the poll and counted,
        and does not take the rest of the report with it.
        """
        found = self.get(name)
        if found is None and default is not None:
            return default
        found = self.needed(name)
        value = None
        if isinstance(found, int | Decimal) and not isinstance(found, bool):
            value = Decimal(found)
        elif isinstance(found, str) and _NUMBER.fullmatch(found.strip()):
            value = Decimal(found.strip())
        if value is None or not value.is_finite() or abs(value) >= MOST or (value < 0 and not signed):
            raise self.error(name, f"expected a number{'' if signed else ' of at least 0'}, was {shown(found)}")
        return value

    def whole(self, name: str, default: int | None = None, *, signed: bool = False) -> int:
        """A whole number."""
        value = self.number(name, None if default is None else Decimal(default), signed=signed)
        if value != value.to_integral_value():
            raise self.error(name, f"expected a whole number, was {value}")
        return int(value)

    def micros(self, name: str, currency: Currency, default: int | None = None, *, signed: bool = False) -> Money:
        """An amount given in millionths of a unit."""
        return self._money(name, self.whole(name, default, signed=signed), currency)

    def minor(self, name: str, currency: Currency, default: int | None = None, *, signed: bool = False) -> Money:
        """An amount given in the currency's smallest unit."""
        return self._money(name, self.whole(name, default, signed=signed) * minor_unit(currency), currency)

    def units(self, name: str, currency: Currency, default: Decimal | None = None, *, signed: bool = False) -> Money:
        """An amount given in the currency's own unit, to the nearest micro."""
        return self._money(name, round(self.number(name, default, signed=signed) * MICROS), currency)

    def _money(self, name: str, micros: int, currency: Currency) -> Money:
        if abs(micros) >= MOST:
            raise self.error(name, f"expected an amount of money, was {self.get(name)}")
        return Money(micros, currency)

    def day(self, name: str) -> date:
        """A date as YYYY-MM-DD."""
        found = self.needed(name)
        try:
            return date.fromisoformat(found)
        except (TypeError, ValueError):
            raise self.error(name, f"expected a date, was {shown(found)}") from None


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")


def shown(value: Any) -> str:
    """A value of a reply without secrets, short enough for one line; what is no scalar is named only.

    Secrets go before it is cut: the first half of a token is no longer known as one.
    """
    if isinstance(value, str):
        return repr(hidden(value))[:60]
    return hidden(str(value))[:60] if isinstance(value, Decimal | int) else _kind(value)
