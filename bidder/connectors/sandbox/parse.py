"""Bodies of the sandbox platform → budgets, products, reports. Pure; a shape it does not know is a ConnectorError.

The only place where fen become Money. Every field that is read is checked: a missing, negative or non-integer figure
is an error that names it (`data.rows[3].cost`), never a zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus, Product
from bidder.connectors.sandbox.client import Payload
from bidder.economics import UnitEconomics
from bidder.errors import ConnectorError
from bidder.ids import BudgetId, ProductId
from bidder.money import Currency, Money, minor_unit
from bidder.performance import Observation, Performance
from bidder.reports import Reports

__all__ = ["budgets", "products", "reports"]


def budgets(payload: Payload, account: Account) -> list[Budget]:
    """The campaigns' budgets with the amounts in force. Raises ConnectorError."""
    return [
        _budget(row, account, payload)
        for row in _Node(account.id, "campaigns", payload.body).rows("campaigns", account)
    ]


def products(payload: Payload, account: Account) -> list[Product]:
    """The shop's products with their margin. Raises ConnectorError."""
    return [
        _product(row, account.currency, payload)
        for row in _Node(account.id, "items", payload.body).rows("items", account)
    ]


def reports(pages: Sequence[Payload], account: Account) -> Reports:
    """One row a campaign, product and day. Raises ConnectorError, also when rows are missing or come twice."""
    observations: list[Observation] = []
    said: set[int] = set()
    for page in pages:
        body = _Node(account.id, "report", page.body)
        data = body["data"]
        zone = data.text("timezone")
        if zone != account.timezone:
            raise data.error("timezone", f"expected {account.timezone}, was {zone}")
        said.add(data.whole("total"))
        window = data.whole("attribution_days")
        observations += [_observation(row, account, page, window) for row in body.rows("rows", account)]
    if said != {len(observations)}:
        raise ConnectorError(account.id, "report", f"data.total: said {max(said)} rows, {len(observations)} came")
    keys = {(o.campaign, o.product, o.day.date) for o in observations}
    if len(keys) != len(observations):
        raise ConnectorError(account.id, "report", "data.rows: a campaign and day came twice")
    return Reports.of(observations)


def _budget(row: _Node, account: Account, payload: Payload) -> Budget:
    kind = row.text("budget_type")
    if kind != "daily":
        raise row.error("budget_type", f"expected daily, was {kind}")
    campaign = row.text("campaign_id")
    return Budget(
        id=BudgetId(account.id, campaign),
        name=row.text("name"),
        currency=account.currency,
        now=row.fen("day_budget", account.currency),
        read_at=payload.received_at,
        products=(ProductId(row.text("item_id")),),
        campaigns=(campaign,),
        channel=row.text("scene"),
        group=row.text("category"),
        minimum=row.fen("min_day_budget", account.currency),
        step=row.fen("day_budget_step", account.currency),
        status=row.status("status"),
        overdelivery=row.share("overdelivery", most=10.0),
    )


def _product(row: _Node, currency: Currency, payload: Payload) -> Product:
    price, cost = row.fen("price", currency), row.fen("cost", currency)
    per_order = {name: row.fen(name, currency).to_float() for name in ("ship", "pack", "insurance")}
    shares = {name: row.share(name) for name in ("fee_rate", "return_rate", "resale")}
    if not price:
        raise row.error("price", "expected more than 0")
    lines: dict[str, Any] = {**per_order, **shares}
    economics = UnitEconomics(price=price.to_float(), cost=cost.to_float(), **lines)
    return Product(
        id=ProductId(row.text("item_id")),
        name=row.text("title"),
        price=price,
        cost=cost,
        margin=economics.margin,
        economics=economics,
        return_rate=shares["return_rate"],
        stock=row.whole("stock"),
        stock_at=payload.received_at,
        lead_days=row.whole("lead_days"),
        restock_date=row.day("restock_date") if row.get("restock_date") is not None else None,
        tags=frozenset(row.texts("tags")),
    )


def _observation(row: _Node, account: Account, page: Payload, window: int) -> Observation:
    campaign = row.text("campaign_id")
    impressions, clicks = row.whole("impressions"), row.whole("clicks")
    if clicks > impressions:
        raise row.error("clicks", f"expected at most the {impressions} impressions, was {clicks}")
    return Observation(
        account=account.id,
        budget=BudgetId(account.id, campaign),
        campaign=campaign,
        product=ProductId(row.text("item_id")),
        day=AccountDay(account.timezone, row.day("date")),
        observed_at=page.received_at,
        performance=Performance(
            impressions=impressions,
            clicks=clicks,
            spend=row.fen("cost", account.currency),
            orders=row.whole("orders"),
            units=row.whole("items_sold"),
            revenue=row.fen("paid", account.currency),
        ),
        name=row.text("name"),
        channel=row.text("scene"),
        group=row.text("category"),
        amount=row.fen("day_budget", account.currency),
        window=window,
    )


@dataclass(frozen=True, slots=True)
class _Node:
    """A part of a body that knows its path, so that an error can name the field."""

    account: str
    operation: str
    value: Any
    path: str = ""

    def error(self, name: str, reason: str) -> ConnectorError:
        where = f"{self.path}.{name}".strip(".")
        return ConnectorError(self.account, self.operation, f"{where}: {reason}", error="schema")

    def get(self, name: str) -> Any:
        if not isinstance(self.value, dict):
            reason = f"{self.path or 'the body'}: expected an object, was {type(self.value).__name__}"
            raise ConnectorError(self.account, self.operation, reason, error="schema" if self.path else "decode")
        if name not in self.value:
            raise self.error(name, "missing")
        return self.value[name]

    def __getitem__(self, name: str) -> _Node:
        return _Node(self.account, self.operation, self.get(name), f"{self.path}.{name}".strip("."))

    def rows(self, name: str, account: Account) -> list[_Node]:
        """The rows under `data`, after a look at the currency they are in."""
        data = self["data"]
        currency = data.text("currency")
        if currency != account.currency:
            raise data.error("currency", f"expected {account.currency}, was {currency}")
        found = data.get(name)
        if not isinstance(found, list):
            raise data.error(name, f"expected a list, was {type(found).__name__}")
        return [_Node(self.account, self.operation, row, f"data.{name}[{k}]") for k, row in enumerate(found)]

    def text(self, name: str) -> str:
        found = self.get(name)
        if not isinstance(found, str) or not found:
            raise self.error(name, f"expected text, was {found!r}")
        return found

    def texts(self, name: str) -> list[str]:
        found = self.get(name)
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise self.error(name, f"expected a list of texts, was {found!r}")
        return list(found)

    def whole(self, name: str) -> int:
        found = self.get(name)
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise self.error(name, f"expected a whole number of at least 0, was {found!r}")
        return found

    def share(self, name: str, most: float = 1.0) -> float:
        found = self.get(name)
        if not isinstance(found, int | float) or isinstance(found, bool) or not 0 <= found <= most:  # NaN is neither
            raise self.error(name, f"expected a number from 0 to {most:g}, was {found!r}")
        return float(found)

    def fen(self, name: str, currency: Currency) -> Money:
        return Money(self.whole(name) * minor_unit(currency), currency)

    def day(self, name: str) -> date:
        found = self.text(name)
        try:
            return date.fromisoformat(found)
        except ValueError as e:
            raise self.error(name, f"expected a date, was {found!r}") from e

    def status(self, name: str) -> BudgetStatus:
        found = self.text(name)
        try:
            return BudgetStatus(found)
        except ValueError as e:
            raise self.error(name, f"expected {', '.join(BudgetStatus)}, was {found!r}") from e
