"""A row of a reply and the fields that a description finds in it; what is missing or wrong is an error that names it.

An error says the field as the description has it, its expression, which row, and what was there instead:
``budgets: fields.amount (cost.budget) of row 3: expected an amount, was nothing; the row has id, name``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from bidder.account_day import AccountDay
from bidder.catalog import Account, BudgetStatus
from bidder.connectors.http import Payload
from bidder.connectors.rest.calls import ListCall
from bidder.connectors.rest.fields import DayField, MoneyField, StatusField, ValueField
from bidder.connectors.rest.meaning import is_true
from bidder.connectors.rest.path import CannotLook, found_at
from bidder.connectors.rest.words import Unit
from bidder.errors import ConnectorError
from bidder.money import Money

__all__ = ["Beside", "Row", "Style", "raw_rows", "rows_of"]

MOST = 10**18
"""A larger figure is none, in any unit, and columns of 64 bits could not hold it."""


@dataclass(frozen=True, slots=True)
class Style:
    """What holds for all fields of a description: whose they are, and how money and days are written."""

    account: Account
    operation: str
    money: Unit
    dates: str


@dataclass(frozen=True, slots=True)
class Row:
    """What expressions look at, and which row of which page it is."""

    style: Style
    looked_at: Any = field(repr=False)
    number: int
    received_at: datetime

    def error(self, name: str, path: str, reason: str) -> ConnectorError:
        """The error that this field is not what it should be."""
        where = f"fields.{name} ({path}) of row {self.number}"
        return ConnectorError(self.style.account.id, self.style.operation, f"{where}: {reason}", error="schema")

    def find(self, name: str, of: ValueField | None) -> Any:
        """What the field's expression finds, None where it is not described or finds nothing."""
        if of is None:
            return None
        try:
            return found_at(of.path, self.looked_at)
        except CannotLook as e:
            raise self.error(name, of.path, f"{e}; {self.has()}") from None

    def needed(self, name: str, of: ValueField, expected: str) -> Any:
        """Likewise; nothing there is an error."""
        found = self.find(name, of)
        if found is None:
            raise self.error(name, of.path, f"expected {expected}, found nothing; {self.has()}")
        return found

    def text(self, name: str, of: ValueField | None) -> str | None:
        """Text; a whole number counts as its digits."""
        found = self.find(name, of)
        if found is None or of is None:
            return None
        if isinstance(found, bool) or not isinstance(found, str | int) or not str(found).strip():
            raise self.error(name, of.path, f"expected text, was {_shown(found)}")
        return str(found).strip()

    def id(self, name: str, of: ValueField) -> str:
        """An id, which has to be there."""
        self.needed(name, of, "an id")
        found = self.text(name, of)
        assert found is not None
        if len(found) > 200 or any(ord(one) < 0x20 for one in found):
            raise self.error(name, of.path, f"expected an id, was {_shown(found)}")
        return found

    def texts(self, name: str, of: ValueField | None) -> tuple[str, ...]:
        """A list of ids, or one."""
        found = self.find(name, of)
        if found is None or of is None:
            return ()
        listed = found if isinstance(found, list) else [found]
        for one in listed:
            if isinstance(one, bool) or not isinstance(one, str | int) or not str(one).strip():
                raise self.error(name, of.path, f"expected ids, was {_shown(one)}")
        return tuple(dict.fromkeys(str(one).strip() for one in listed))

    def number_of(self, name: str, of: ValueField | None) -> Decimal | None:
        """A finite number, given as a number or as text. One below zero comes through: the poll counts such rows."""
        found = self.find(name, of)
        return None if found is None or of is None else self._number(name, of, found, "a number")

    def figure(self, name: str, of: ValueField | None) -> Decimal | None:
        """A number that has to be there where it is described: nothing is not zero, and may be a renamed field."""
        if of is not None:
            self.needed(name, of, "a number")
        return self.number_of(name, of)

    def whole(self, name: str, of: ValueField | None) -> int | None:
        """Likewise, a whole number."""
        if of is not None:
            self.needed(name, of, "a number")
        return self.count(name, of)

    def count(self, name: str, of: ValueField | None) -> int | None:
        """A whole number; nothing there is unknown."""
        value = self.number_of(name, of)
        if value is not None and of is not None and value != value.to_integral_value():
            raise self.error(name, of.path, f"expected a whole number, was {value}")
        return None if value is None else int(value)

    def share(self, name: str, of: ValueField | None, least: float, most: float) -> float | None:
        """A number between two."""
        value = self.number_of(name, of)
        if value is not None and of is not None and not least <= value <= most:
            raise self.error(name, of.path, f"expected a number from {least:g} to {most:g}, was {value}")
        return None if value is None else float(value)

    def flag(self, name: str, of: ValueField | None) -> bool | None:
        """True or false."""
        found = self.find(name, of)
        if found is None or of is None:
            return None
        if not isinstance(found, bool):
            raise self.error(name, of.path, f"expected true or false, was {_shown(found)}")
        return found

    def money(self, name: str, of: MoneyField | None) -> Money | None:
        """An amount in the unit of the field or of the description, to the nearest micro."""
        found = self.find(name, of)
        if found is None or of is None:
            return None
        unit, currency = of.unit or self.style.money, self.style.account.currency
        value = self._number(name, of, found, "an amount") * unit.micros(currency)
        micros = int(value.to_integral_value(ROUND_HALF_EVEN))
        if abs(micros) >= MOST:
            raise self.error(name, of.path, f"expected an amount, was {_shown(found)}")
        return Money(micros, currency)

    def paid(self, name: str, of: MoneyField) -> Money:
        """An amount that has to be there."""
        self.needed(name, of, "an amount")
        found = self.money(name, of)
        assert found is not None
        return found

    def paid_if(self, name: str, of: MoneyField | None) -> Money | None:
        """An amount that has to be there where it is described."""
        return None if of is None else self.paid(name, of)

    def day(self, name: str, of: DayField) -> AccountDay:
        """The account day, as the field or the description writes days."""
        found = self.needed(name, of, "a day")
        zone, style = self.style.account.timezone, of.format or self.style.dates
        try:
            return AccountDay(zone, _date(found, style, zone))
        except (ValueError, OverflowError, OSError, TypeError):
            raise self.error(name, of.path, f"expected a day as {style}, was {_shown(found)}") from None

    def status(self, name: str, of: StatusField | None) -> BudgetStatus:
        """Whether it is spent, in our words; a word that nobody described is an error."""
        if of is None:
            return BudgetStatus.ACTIVE
        word = str(self.needed(name, of, "a status")) if not isinstance(self.find(name, of), bool) else ""
        word = word or str(self.find(name, of)).lower()
        for status, words in (("active", of.active), ("paused", of.paused), ("removed", of.removed)):
            if word in words:
                return BudgetStatus(status)
        if of.other is None:
            reason = f"{word!r} stands under none of active, paused, removed; say what it means, or `other`"
            raise self.error(name, of.path, reason)
        return BudgetStatus(of.other)

    def in_currency(self, of: ValueField | None) -> None:
        """Raises ConnectorError where the row says another currency than the account's."""
        told = self.text("currency", of)
        if told is not None and told.upper() != self.style.account.currency:
            reason = f"is in {told}, the account in {self.style.account.currency}"
            raise self.error("currency", "" if of is None else of.path, reason)

    def _number(self, name: str, of: ValueField, found: Any, expected: str) -> Decimal:
        try:
            value = Decimal(str(found).strip()) if isinstance(found, str | int | float | Decimal) else None
        except InvalidOperation:
            value = None
        if value is None or isinstance(found, bool) or not value.is_finite() or abs(value) >= MOST:
            raise self.error(name, of.path, f"expected {expected}, was {_shown(found)}")
        return value

    def has(self) -> str:
        """What is in the row, for whoever looks for a field that is not."""
        if not isinstance(self.looked_at, Mapping):
            return f"the row is {_shown(self.looked_at)}"
        names = [str(name)[:40] for name in self.looked_at if not str(name).startswith("_")]
        return f"the row has {', '.join(names[:20])}{' …' if len(names) > 20 else ''}" if names else "the row is empty"


@dataclass(frozen=True, slots=True)
class Beside(Payload):
    """A page with the rows of other lists, by the list's name and the row's key: `_lists` in expressions."""

    lists: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)


def raw_rows(call: ListCall, page: Payload, account: str, operation: str) -> list[Any]:
    """The rows as they come, before any is left out. Raises ConnectorError where there is no list."""
    try:
        found = found_at(call.rows, page.body)
    except CannotLook as e:
        raise ConnectorError(account, operation, f"rows ({call.rows}): {e}", error="schema") from None
    if isinstance(found, list):
        return found
    if isinstance(found, dict):
        return [found]
    has = ", ".join(list(page.body)[:20]) if isinstance(page.body, dict) and page.body else _shown(page.body)
    reason = f"rows ({call.rows}): expected a list, was {_shown(found)}; the reply has {has}"
    raise ConnectorError(account, operation, reason, error="schema")


def rows_of(call: ListCall, pages: list[Payload], style: Style) -> Iterator[Row]:
    """Every row that counts, over all pages. Raises ConnectorError, also when fewer came than the reply says."""
    number, came, said = 0, 0, None
    found: list[Row] = []
    for page in pages:
        listed = raw_rows(call, page, style.account.id, style.operation)
        came += len(listed)
        if call.total is not None:
            said = _total(call.total, page, style)
        for outer in listed:
            number += 1
            for inner in _parts(call, outer, number, page, style):
                if call.where is None or is_true(call.where, inner):
                    found.append(Row(style, inner, number, page.received_at))
    if said is not None and said != came:
        reason = f"total ({call.total}): said {said} rows, {came} came"
        raise ConnectorError(style.account.id, style.operation, reason, waiting_helps=True, error="schema")
    return iter(found)


def _total(path: str, page: Payload, style: Style) -> int:
    try:
        found = found_at(f"to_number({path})", page.body)
    except CannotLook as e:
        found, reason = None, str(e)
    else:
        reason = "found no number"
    if not isinstance(found, int | Decimal) or found != int(found):
        raise ConnectorError(style.account.id, style.operation, f"total ({path}): {reason}", error="schema")
    return int(found)


def _parts(call: ListCall, outer: Any, number: int, page: Payload, style: Style) -> Iterator[Any]:
    """A row as expressions see it, or each of the parts that it is taken apart into."""
    if call.each is None:
        yield _seen(outer, page, None)
        return
    try:
        found = found_at(call.each, outer)
    except CannotLook as e:
        found, reason = None, str(e)
    else:
        reason = f"expected a list, was {_shown(found)}"
    if not isinstance(found, list):
        where = f"each ({call.each}) of row {number}: {reason}"
        raise ConnectorError(style.account.id, style.operation, where, error="schema")
    for inner in found:
        yield _seen(inner, page, outer)


def _seen(row: Any, page: Payload, outer: Any) -> Any:
    beside = {"_body": page.body} | ({} if outer is None else {"_row": outer})
    if isinstance(page, Beside):
        beside["_lists"] = page.lists
    return {**row, **beside} if isinstance(row, dict) else {"_value": row, **beside}


def _date(found: Any, style: str, zone: str) -> date:
    if isinstance(found, bool):
        raise TypeError("true or false is no day")
    match style:
        case "seconds" | "millis":
            seconds = Decimal(str(found)) / (1000 if style == "millis" else 1)
            at = datetime.fromtimestamp(float(seconds), UTC)
        case "iso":
            at = datetime.fromisoformat(found)
            at = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))
        case _:
            return datetime.strptime(str(found), style).date()  # noqa: DTZ007 - a calendar day has no zone
    return AccountDay.of(at, zone).date


def _shown(value: Any) -> str:
    """A value short enough for one line; what is no scalar is named only."""
    if isinstance(value, Decimal):
        return str(value)[:60]
    names = {dict: "an object", list: "a list", type(None): "nothing"}
    return names.get(type(value)) or repr(value)[:60]
