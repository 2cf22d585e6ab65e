"""The dry call of a description: each request as it would be sent, secrets hidden, and the first row as understood.

For `bidder check --online`. Nothing is set: the request of `set` is shown for the amount in force, and not sent. A
field whose expression finds nothing in any row, or no figure, is named with its expression and what the row has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel

from bidder.account_day import AccountDay
from bidder.catalog import Budget
from bidder.connectors.http import Ask, Payload
from bidder.connectors.rest import parse
from bidder.connectors.rest.calls import ActivityCall, BudgetsCall, Call, ListCall, ReportCall
from bidder.connectors.rest.client import Client, asked
from bidder.connectors.rest.fields import DayField, MoneyField, StatusField, ValueField
from bidder.connectors.rest.reader import Reading, read_call
from bidder.connectors.rest.row import Row, rows_of
from bidder.connectors.rest.settings import RestSettings, RestShopSettings
from bidder.connectors.rest.template import Number, Values
from bidder.errors import ConnectorError
from bidder.money import Money

__all__ = ["DAYS", "Shown", "dry_calls"]

DAYS = 7
"""So many days up to yesterday are asked for, so that there are rows to look at."""

LOOKED_AT = 200
"""Rows in which a field may be found."""

HIDDEN = "***"

C = TypeVar("C", bound=ListCall)


@dataclass(slots=True)
class Shown:
    """One call: its request, how many rows came, the first as understood, what is wrong with which field."""

    call: str
    request: str
    rows: int | None = None
    first: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


async def dry_calls(reading: Reading, now: datetime) -> list[Shown]:
    """Every described call, tried once. Raises nothing for what a platform answers."""
    settings, found = reading.client.settings, []
    try:
        await reading.believe()
    except ConnectorError as e:
        assert settings.account is not None
        return [Shown("account", _request(reading.client, "account", settings.account, {}), wrong=[e.reason])]
    today = AccountDay.of(now, reading.account.timezone)
    days = reading.days(today.next(-DAYS).date, today.next(-1).date)
    if isinstance(settings, RestSettings):
        one = None
        for name, call in _numbered("budgets", settings.budgets):
            understood = partial(_budgets, reading, call)
            shown, first = await _listed(reading, name, call, {}, call.fields, understood)
            found.append(shown)
            one = one or first
        for name, report in _numbered("report", settings.report):
            shown, _ = await _listed(reading, name, report, days, report.fields, partial(_reports, reading, report))
            found.append(shown)
        found += await _of_one(reading, settings, one)
    found += await _shop(reading, settings, days, today)
    return found


async def _of_one(reading: Reading, settings: RestSettings, budget: Budget | None) -> list[Shown]:
    """The calls that are about one budget: it is read, and what would set it is shown."""
    found = []
    if budget is None or budget.now is None:
        return []
    if settings.read is not None:
        values: Values = {"budget": budget.id.native}
        call, fields = read_call(settings, settings.read)
        shown, _ = await _listed(reading, "read", call, values, fields, _nothing)
        if shown.rows == 0:
            shown.wrong.append(f"rows ({settings.read.rows}): finds nothing for budget {budget.id.native}")
        found.append(shown)
    if settings.set is not None:
        unit = settings.set.unit or settings.money
        amount = Number(Decimal(budget.now.micros) / unit.micros(budget.now.currency))
        values = {"budget": budget.id.native, "amount": amount}
        request = f"{_request(reading.client, 'set', settings.set, values)}  (not sent)"
        found.append(Shown("set", request))
    return found


async def _shop(
    reading: Reading, settings: RestSettings | RestShopSettings, days: Values, today: AccountDay
) -> list[Shown]:
    found = []
    if settings.products is not None:
        call = settings.products
        shown, _ = await _listed(
            reading,
            "products",
            call,
            {},
            call.fields,
            lambda pages: parse.products(pages, call, reading.style("products")),
        )
        found.append(shown)
    for name, one in _numbered("activity", settings.activity):
        understood = partial(_activity, reading, one, today)
        shown, _ = await _listed(reading, name, one, days, one.fields, understood)
        found.append(shown)
    return found


def _numbered(name: str, calls: Sequence[C]) -> list[tuple[str, C]]:
    """Each call with its name, numbered where there are several."""
    if len(calls) == 1:
        return [(name, calls[0])]
    return [(f"{name} {number}", one) for number, one in enumerate(calls, start=1)]


def _budgets(reading: Reading, call: BudgetsCall, pages: list[Payload]) -> Budget | None:
    return next(iter(parse.budgets(pages, call, call.fields, reading.style("budgets"))), None)


def _reports(reading: Reading, call: ReportCall, pages: list[Payload]) -> None:
    parse.reports(pages, call, reading.style("report"))


def _activity(reading: Reading, call: ActivityCall, today: AccountDay, pages: list[Payload]) -> None:
    first, last = today.next(-DAYS).date, today.next(-1).date
    parse.activity(pages, call, reading.style("activity"), first, last, reading.client.http.timing.now())


def _nothing(_pages: list[Payload]) -> None:
    """Its rows are those of another list, which is understood."""


async def _listed(
    reading: Reading,
    name: str,
    call: ListCall,
    values: Values,
    fields: BaseModel,
    understood: Callable[[list[Payload]], Any],
) -> tuple[Shown, Any]:
    """A list asked for, its fields looked up in each row, then understood as the daemon does."""
    first = call.job if isinstance(call, ReportCall) and call.job is not None else call
    shown, result = Shown(name, _request(reading.client, name, first, values)), None
    try:
        pages = await reading.pages(name, call, values)
        rows = list(rows_of(call, pages, reading.style(name)))
        shown.rows = len(rows)
        _look(rows[:LOOKED_AT], fields, shown)
        result = understood(pages)
    except ConnectorError as e:
        if not any(_field(one) == _field(e.reason) for one in shown.wrong):
            shown.wrong.append(e.reason)
    return shown, result


def _look(rows: Sequence[Row], fields: BaseModel, shown: Shown) -> None:
    """Each described field: its value in the first row that has one, and what is wrong with it."""
    for name in type(fields).model_fields:
        of = getattr(fields, name)
        if not isinstance(of, ValueField) or not rows:
            continue
        fault, value = None, None
        for row in rows:
            try:
                value = _value(row, name, of)
            except ConnectorError as e:
                fault = e.reason
                break
            if value is not None:
                break
        if fault is not None:
            shown.wrong.append(fault)
        elif value is None:
            missing = rows[0].error(name, of.path, f"finds nothing in any of {len(rows)} rows; {rows[0].has()}")
            shown.wrong.append(missing.reason)
        else:
            shown.first[name] = value


def _value(row: Row, name: str, of: ValueField) -> str | None:
    found: Any
    match of:
        case MoneyField():
            found = row.money(name, of)
            return None if found is None else f"{found} {found.currency}"
        case DayField():
            return None if row.find(name, of) is None else row.day(name, of).date.isoformat()
        case StatusField():
            return None if row.find(name, of) is None else row.status(name, of).value
    found = row.find(name, of)
    return None if found is None else _short(found)


def _short(found: Any) -> str:
    if isinstance(found, Money | str | Decimal | int | float | bool):
        return str(found)[:60]
    return json.dumps(found, ensure_ascii=False, default=str)[:60]


def _field(reason: str) -> str:
    """The part of a reason that names the field, so that one fault is said once."""
    return reason.partition(" of row ")[0]


def _request(client: Client, operation: str, call: Call, values: Values) -> str:
    """The request as it would be sent, on one line; what `auth` puts on it is hidden."""
    plain = asked(operation, call, values, client.settings.headers)
    signed = client.http.manners.prepare(plain, HIDDEN if client.http.manners.tokens is not None else "")
    query = _hidden(plain.query, signed.query)
    address = f"{client.settings.base_url}{plain.path}" + (f"?{urlencode(query, safe='*:,/{}')}" if query else "")
    headers = ", ".join(f"{name}: {value}" for name, value in _hidden(plain.headers, signed.headers).items())
    parts = [f"{plain.method} {address}", headers, _body(plain)]
    return client.http.redact("  ".join(part for part in parts if part), longest=600)


def _hidden(plain: Any, signed: Any) -> dict[str, str]:
    shown = {name: value for name, value in plain.items() if name != "Accept"}
    return shown | dict.fromkeys(_added(plain, signed), HIDDEN)


def _added(plain: Any, signed: Any) -> Iterable[str]:
    return [name for name, value in signed.items() if plain.get(name) != value and name != "Content-Type"]


def _body(ask: Ask) -> str:
    if ask.json is not None:
        return json.dumps(ask.json, ensure_ascii=False)
    return "" if ask.form is None else urlencode(ask.form)
