"""Budgets and products as JSON documents. Fields are taken from the dataclasses, so a new field needs nothing here.

A field that a document lacks (written by an older bidder) gets the default of its dataclass; one that the dataclass no
longer has is left out.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from bidder.catalog import Budget, BudgetStatus, Product
from bidder.economics import UnitEconomics
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.store.database import instant, micros_of
from bidder.store.journal import canonical

__all__ = ["budget_of", "document_of", "product_of"]


def document_of(value: Budget | Product) -> str:
    """All fields as canonical JSON."""
    return canonical({one.name: _packed(getattr(value, one.name)) for one in fields(value)})


def budget_of(document: str) -> Budget:
    """The way back."""
    values = _fields(Budget, document)
    return Budget(**{**values, "status": BudgetStatus(values.get("status", BudgetStatus.ACTIVE))})


def product_of(document: str) -> Product:
    """The way back."""
    return Product(**_fields(Product, document))


def _fields(kind: type[Budget] | type[Product], document: str) -> dict[str, Any]:
    known = {one.name for one in fields(kind)}
    return {name: _unpacked(value) for name, value in json.loads(document).items() if name in known}


def _packed(value: Any) -> Any:
    match value:
        case Money():
            return {"money": value.micros, "currency": value.currency}
        case BudgetId():
            return {"budget": value.native, "account": value.account}
        case datetime():
            return {"instant": micros_of(value)}
        case date():
            return {"date": value.isoformat()}
        case frozenset():
            return {"set": sorted(value)}
        case UnitEconomics():
            return {"economics": {one.name: _packed(getattr(value, one.name)) for one in fields(value)}}
        case tuple():
            return [_packed(one) for one in value]
        case _:
            return value


def _unpacked(value: Any) -> Any:
    match value:
        case {"money": micros, "currency": currency}:
            return Money(micros, Currency(currency))
        case {"budget": native, "account": account}:
            return BudgetId(AccountId(account), native)
        case {"instant": micros}:
            return instant(micros)
        case {"date": text}:
            return date.fromisoformat(text)
        case {"set": members}:
            return frozenset(members)
        case {"economics": lines}:
            known = {one.name for one in fields(UnitEconomics)}
            return UnitEconomics(**{name: _unpacked(line) for name, line in lines.items() if name in known})
        case list():
            return tuple(_unpacked(one) for one in value)
        case _:
            return value
