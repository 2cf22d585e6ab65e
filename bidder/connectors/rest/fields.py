"""Where the figures of a row are: an expression each, or with what is special about it, `{path: cost, unit: minor}`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from bidder.connectors.rest.words import DayStyle, Expression, Section, Unit, as_path

__all__ = [
    "AccountFields",
    "ActivityFields",
    "BudgetFields",
    "DayField",
    "MoneyField",
    "ProductFields",
    "ReportFields",
    "StatusField",
    "ValueField",
]


class ValueField(Section):
    """A text, a number, a list."""

    path: Expression
    """JMESPath to it inside the row."""


class MoneyField(ValueField):
    """An amount."""

    unit: Unit | None = None
    """units, minor (分, cents), hundredths or micros; what `money` says when left out."""


class DayField(ValueField):
    """A day."""

    format: DayStyle | None = None
    """How it is written; what `dates` says when left out."""


class StatusField(ValueField):
    """Whether a budget is spent, in the platform's words."""

    active: tuple[str, ...] = ("active",)
    """Words for one that is spent."""
    paused: tuple[str, ...] = ("paused",)
    """Words for one that somebody stopped."""
    removed: tuple[str, ...] = ("removed",)
    """Words for one that is gone."""
    other: Literal["active", "paused", "removed"] | None = None
    """What any other word means; an error when left out."""

    @model_validator(mode="after")
    def _once(self) -> StatusField:
        words = [word for group in (self.active, self.paused, self.removed) for word in set(group)]
        twice = sorted({word for word in words if words.count(word) > 1})
        if twice:
            raise ValueError(f"{twice[0]!r} stands under two of active, paused, removed")
        return self


# the inner annotation is for the schema alone: what a person may write beside the mapping
Value = Annotated[ValueField, BeforeValidator(as_path, json_schema_input_type=str | ValueField)]
MoneyValue = Annotated[MoneyField, BeforeValidator(as_path, json_schema_input_type=str | MoneyField)]
DayValue = Annotated[DayField, BeforeValidator(as_path, json_schema_input_type=str | DayField)]
StatusValue = Annotated[StatusField, BeforeValidator(as_path, json_schema_input_type=str | StatusField)]


class AccountFields(Section):
    """What the platform says of the account; compared with bidder.yaml before anything else."""

    currency: Value | None = None
    """Its currency (ISO 4217)."""
    timezone: Value | None = None
    """Its zone (IANA)."""


class BudgetFields(Section):
    """A budget of `budgets` and of `read`."""

    id: Value
    """The platform's own id of the budget."""
    amount: MoneyValue
    """The amount in force now."""
    name: Value | None = None
    """How people call it; its id when left out."""
    status: StatusValue | None = None
    """Whether it is spent; active when left out."""
    currency: Value | None = None
    """Its currency, where rows say it: another than the account's is an error."""
    minimum: MoneyValue | None = None
    """The least that the platform takes."""
    maximum: MoneyValue | None = None
    """The most that the platform takes."""
    step: MoneyValue | None = None
    """The smallest difference that it takes; the currency's smallest unit when left out."""
    channel: Value | None = None
    """search, feed, site, item_ops, content, live, activity, or a word of your own."""
    group: Value | None = None
    """A group of budgets."""
    campaigns: Value | None = None
    """Ids of its campaigns, a list or one; the budget's own id when left out."""
    products: Value | None = None
    """Ids of the products that it advertises, a list or one."""
    overdelivery: Value | None = None
    """How many times a day's amount the platform may spend, such as `2`."""
    target_driven: Value | None = None
    """Whether a target (ROAS, cost an order) steers it."""
    limited: Value | None = None
    """Whether the platform says it would spend more."""


class ReportFields(Section):
    """A row of `report`."""

    day: DayValue
    """The account day that it is of."""
    spend: MoneyValue
    """What it cost."""
    budget: Value | None = None
    """The budget that paid; the campaign's id when left out."""
    campaign: Value | None = None
    """The campaign; the budget's id when left out."""
    product: Value | None = None
    """The product, where rows are of products."""
    impressions: Value | None = None
    """How often ads were shown."""
    clicks: Value | None = None
    """Clicks that were paid for."""
    orders: Value | None = None
    """Orders that the platform ascribes to it."""
    units: Value | None = None
    """Pieces in them."""
    revenue: MoneyValue | None = None
    """What they were paid."""
    amount: MoneyValue | None = None
    """The daily budget that was in force on that day."""
    name: Value | None = None
    """The campaign's name."""
    channel: Value | None = None
    """As under `budgets`."""
    group: Value | None = None
    """As under `budgets`."""
    currency: Value | None = None
    """The row's currency, where it says it: another than the account's is an error."""
    window: Value | None = None
    """The days of attribution."""


class ProductFields(Section):
    """A row of `products`."""

    id: Value
    """The shop's own id, as ads and products.csv name it."""
    name: Value | None = None
    """How it is called."""
    price: MoneyValue | None = None
    """What a piece costs the buyer."""
    cost: MoneyValue | None = None
    """What it costs the shop."""
    margin: Value | None = None
    """The contribution per order over its price, 0.42 for 42 %."""
    return_rate: Value | None = None
    """The part that comes back, 0 to 1."""
    stock: Value | None = None
    """Pieces that can be sold now."""
    lead_days: Value | None = None
    """Days until ordered goods are there."""
    category: Value | None = None
    """A group of products."""


class ActivityFields(Section):
    """A row of `activity`: what the shop, or one product of it, did on a day."""

    day: DayValue
    """The day."""
    product: Value | None = None
    """The product; rows are of the whole shop when left out."""
    traffic: Value | None = None
    """Where the visitors came from."""
    visitors: Value | None = None
    """People who came."""
    views: Value | None = None
    """Pages or products seen."""
    carts: Value | None = None
    """Pieces put into the cart."""
    favourites: Value | None = None
    """Marked as favourites."""
    orders: Value | None = None
    """Paid orders."""
    buyers: Value | None = None
    """People who paid."""
    units: Value | None = None
    """Pieces sold."""
    new_buyers: Value | None = None
    """Who bought for the first time."""
    old_buyers: Value | None = None
    """Who bought before."""
    revenue: MoneyValue | None = None
    """What was paid, before refunds."""
    refunds: MoneyValue | None = None
    """What was paid back."""

    @model_validator(mode="after")
    def _something(self) -> ActivityFields:
        if not self.model_fields_set - {"day", "product", "traffic"}:
            raise ValueError("no figure: expected one such as visitors, orders or revenue")
        return self
