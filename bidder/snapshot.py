"""All that was known at one instant: the only input of a decision, besides the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from bidder.activity import Activity
from bidder.catalog import Account, Budget, Event, Product
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Currency, Money
from bidder.promotion import Promotion
from bidder.trial import Trial

__all__ = ["EPOCH_ORDINAL", "FloatArray", "History", "Hot", "IntArray", "Snapshot", "day_number"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """Days since 1970-01-01: how History holds account days."""
    return day.toordinal() - EPOCH_ORDINAL


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Reported figures as columns, one row per (budget, day, product), sorted by those three.

    `budget` and `product` are positions in the Snapshot's `budgets` and `products` (product -1: the report names none).
    `day` counts account days since 1970-01-01. Money is in major units of the budget's own currency: these columns
    feed estimation alone; the store keeps the exact amounts. NaN is unknown. `amount` is the daily budget in force.
    `observed` is when the figure was seen, in seconds since 1970-01-01 UTC.
    `stock` is how many pieces of the row's product could be sold on that day.
    For one budget and day the finest level is kept: product rows where there are any, else the campaign's own row.
    """

    budget: IntArray
    product: IntArray
    day: IntArray
    impressions: FloatArray
    clicks: FloatArray
    spend: FloatArray
    orders: FloatArray
    units: FloatArray
    revenue: FloatArray
    amount: FloatArray
    observed: FloatArray
    stock: FloatArray

    def __len__(self) -> int:
        return len(self.budget)

    @classmethod
    def empty(cls) -> History:
        """No rows."""
        return cls.of({})

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[float] | NDArray[np.generic]]) -> History:
        """From columns by name; those left out are unknown (product: none). Sorts the rows."""
        size = max((len(column) for column in columns.values()), default=0)
        integer = {"budget", "product", "day"}
        ready: dict[str, NDArray[np.generic]] = {}
        for one in fields(cls):
            if one.name in columns:
                ready[one.name] = np.asarray(columns[one.name], dtype=np.int64 if one.name in integer else np.float64)
            elif one.name in integer:
                ready[one.name] = np.full(size, -1 if one.name == "product" else 0, dtype=np.int64)
            else:
                ready[one.name] = np.full(size, np.nan)
        order = np.lexsort((ready["product"], ready["day"], ready["budget"]))
        return cls(**{name: column[order] for name, column in ready.items()})  # type: ignore[arg-type]

    def select(self, rows: NDArray[np.bool_]) -> History:
        """The rows where the mask holds."""
        return History(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


@dataclass(frozen=True, slots=True)
class Hot:
    """A product on a hot list: its role (hero, auxiliary), and for how many days in a row it has ranked too low."""

    role: str
    away: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything known at `as_of`; the same Snapshot and Policy always give the same Decision.

    `budgets` and `products` stand in an order made of their figures alone (`Snapshot.build`), so that neither names
    nor the order of input rows can change an amount. `currency` is the shop's; `day` is the account day that is decided
    (the last complete one is the day before it). `spent_month` is what this calendar month has already cost in the
    shop's currency, before `day`. `exchange` gives shop currency per unit of another. `changed` is the day
    (days since 1970) of the last change that bidder itself made to a budget. `unresolved` holds, for a budget whose
    last write has no known outcome, the larger of its possible amounts. `foreign` is when somebody else was seen to
    have moved a budget. `activity` is what the shop itself did before `day`. `versions` holds every reading of the
    rows of the last weeks, older ones too (empty: only the newest are known): how late orders come is learnt from it.
    `hot` is the hot list of the day decided before this one, by the name of its rule. `events` are the days known to
    be unlike others, past ones too. `calendar` are the platform activities, past ones too. `changed_at` is the
    instant of what `changed` says.
    """

    as_of: datetime
    day: date
    currency: Currency
    accounts: tuple[Account, ...]
    budgets: tuple[Budget, ...]
    products: tuple[Product, ...]
    history: History
    spent_month: Money
    exchange: Mapping[Currency, float] = field(default_factory=dict)
    changed: Mapping[BudgetId, int] = field(default_factory=dict)
    unresolved: Mapping[BudgetId, Money] = field(default_factory=dict)
    foreign: Mapping[BudgetId, datetime] = field(default_factory=dict)
    activity: Activity = field(default_factory=Activity.empty)
    versions: History = field(default_factory=History.empty)
    hot: Mapping[str, Mapping[ProductId, Hot]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    calendar: tuple[Promotion, ...] = ()
    changed_at: Mapping[BudgetId, datetime] = field(default_factory=dict)
    held: Mapping[BudgetId, str] = field(default_factory=dict)
    """Budgets that are held by what the watch has seen, or by hand: why, in a line. They stay as they are."""
    lowers: Mapping[BudgetId, str] = field(default_factory=dict)
    """Likewise those that may only fall."""
    past_bursts: Mapping[str, Sequence[tuple[tuple[float, ...], float]]] = field(default_factory=dict)
    """Of events that are near: what bursts before the history brought their goods (:mod:`bidder.response.lift`)."""
    exchange_days: Mapping[Currency, date] = field(default_factory=dict)
    """The day that each rate of `exchange` is of."""
    unpriced: Mapping[AccountId, str] = field(default_factory=dict)
    """Accounts that are left out for want of an exchange rate: why, in a line."""
    trials: Mapping[str, Trial] = field(default_factory=dict)
    """Experiments of bidder on itself as they were drawn, by the name of their rule."""
    _columns: dict[str, FloatArray] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def build(
        cls,
        *,
        as_of: datetime,
        day: date,
        currency: Currency,
        accounts: Iterable[Account],
        budgets: Sequence[Budget],
        products: Sequence[Product],
        history: History,
        spent_month: Money | None = None,
        exchange: Mapping[Currency, float] | None = None,
        changed: Mapping[BudgetId, int] | None = None,
        unresolved: Mapping[BudgetId, Money] | None = None,
        foreign: Mapping[BudgetId, datetime] | None = None,
        events: Iterable[Event] = (),
        activity: Activity | None = None,
        versions: History | None = None,
        hot: Mapping[str, Mapping[ProductId, Hot]] | None = None,
        calendar: Iterable[Promotion] = (),
        changed_at: Mapping[BudgetId, datetime] | None = None,
    ) -> Snapshot:
        """Puts budgets and products into the order of their figures and re-points the history at it."""
        product_rank = _order([_product_key(product) for product in products], [str(p.id) for p in products])
        history = _repoint(history, "product", product_rank)
        budget_rank = _order(_budget_keys(budgets, history, products, product_rank), [str(b.id) for b in budgets])
        history = _repoint(history, "budget", budget_rank)
        if versions is not None:
            versions = _repoint(_repoint(versions, "product", product_rank), "budget", budget_rank)
        return cls(
            as_of=as_of,
            day=day,
            currency=currency,
            accounts=tuple(sorted(accounts, key=lambda account: account.id)),
            budgets=tuple(budgets[i] for i in budget_rank),
            products=tuple(products[i] for i in product_rank),
            history=history,
            spent_month=spent_month or Money.zero(currency),
            exchange=dict(exchange or {}),
            changed=dict(changed or {}),
            unresolved=dict(unresolved or {}),
            foreign=dict(foreign or {}),
            events=tuple(sorted(events, key=lambda event: (event.day, event.name))),
            activity=Activity.empty() if activity is None else activity,
            versions=History.empty() if versions is None else versions,
            hot=dict(hot or {}),
            calendar=tuple(sorted(calendar, key=lambda one: (one.opens, one.name))),
            changed_at=dict(changed_at or {}),
        )

    @property
    def today(self) -> int:
        """The decided day as a day number."""
        return day_number(self.day)

    @property
    def now(self) -> FloatArray:
        """The amounts in force, in the shop's currency; NaN where never read."""
        return self.column("now", self._now)

    def _now(self) -> FloatArray:
        return np.array(
            [self.rate(b.currency) * b.now.to_float() if b.now is not None else np.nan for b in self.budgets],
            dtype=np.float64,
        )

    def column(self, name: str, make: Callable[[], FloatArray]) -> FloatArray:
        """A column of figures that `make` computes, once for this Snapshot and name; the caller's own copy."""
        if name not in self._columns:
            self._columns[name] = make()
        return self._columns[name].copy()

    def rate(self, currency: Currency) -> float:
        """Shop currency per unit of `currency`. Raises KeyError when there is no rate."""
        return 1.0 if currency == self.currency else self.exchange[currency]

    def account(self, account: AccountId) -> Account:
        """The account with this alias. Raises KeyError."""
        for one in self.accounts:
            if one.id == account:
                return one
        raise KeyError(account)

    def position(self, budget: BudgetId) -> int:
        """Where a budget stands in the columns. Raises KeyError."""
        for index, one in enumerate(self.budgets):
            if one.id == budget:
                return index
        raise KeyError(str(budget))

    def product(self, product: ProductId) -> Product | None:
        """The product with this id, None when nothing is known of it."""
        return next((one for one in self.products if one.id == product), None)


def _order(keys: Sequence[bytes], names: Sequence[str]) -> IntArray:
    """Positions sorted by figures; names only break exact ties, where the figures cannot tell the two apart."""
    return np.array(sorted(range(len(keys)), key=lambda i: (keys[i], names[i])), dtype=np.int64)


def _repoint(history: History, column: str, rank: IntArray) -> History:
    """The same rows with positions in the new order."""
    place = np.empty(len(rank) + 1, dtype=np.int64)
    place[rank] = np.arange(len(rank))
    place[len(rank)] = -1  # position -1 means none and stays so
    columns = {one.name: getattr(history, one.name) for one in fields(history)}
    columns[column] = place[columns[column]]
    return History.of(columns)


def _product_key(product: Product) -> bytes:
    facts = (product.price, product.cost, product.margin, product.return_rate, product.stock, product.lead_days)
    return repr((facts, sorted(product.tags))).encode()


def _budget_keys(
    budgets: Sequence[Budget], history: History, products: Sequence[Product], product_rank: IntArray
) -> list[bytes]:
    """A digest of each budget's figures: settings, history rows, and what its products are (never their names)."""
    place = {products[i].id: rank for rank, i in enumerate(product_rank)}
    keys = {products[i].id: _product_key(products[i]) for i in product_rank}
    starts = np.searchsorted(history.budget, np.arange(len(budgets)), side="left")
    ends = np.searchsorted(history.budget, np.arange(len(budgets)), side="right")
    figures = ("day", "impressions", "clicks", "spend", "orders", "units", "revenue", "amount")
    known = np.column_stack([np.nan_to_num(getattr(history, name), nan=-1.0) for name in figures])
    result = []
    for index, budget in enumerate(budgets):
        digest = blake2b(digest_size=16)
        facts = (budget.now, budget.minimum, budget.maximum, budget.step, budget.channel, budget.status.value)
        digest.update(repr((facts, budget.target_driven, budget.overdelivery, len(budget.products))).encode())
        for product in sorted(budget.products, key=lambda one: place.get(one, -1)):
            digest.update(keys.get(product, b"?"))
        table = known[int(starts[index]) : int(ends[index])]
        digest.update(np.ascontiguousarray(table[np.lexsort(table.T)]).tobytes())
        result.append(digest.digest())
    return result
