"""What the store says of today, yesterday and the weeks before: the figures behind alerts, read once a poll."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from bidder import cycle
from bidder.account_day import AccountDay
from bidder.activity import UNKNOWN, WHOLE_DAY, Activity
from bidder.catalog import BudgetStatus
from bidder.config.load import Config
from bidder.gather import Known
from bidder.money import MICROS, Currency
from bidder.promotion import Promotion
from bidder.report_rows import finest
from bidder.reports import UNKNOWN_MICROS, Reports, TextArray, in_currency
from bidder.response.own_sales import DAYS as OVERLAP_DAYS
from bidder.response.own_sales import claimed_by_day, claimed_over_sold, own_sales
from bidder.snapshot import FloatArray, day_number
from bidder.store.protocol import StoreReader
from bidder.watch.refunds import expected_refunds, sold_at_event
from bidder.watch.stock_feed import broken_feed

__all__ = ["Rates", "ShopFigures", "refund_rates", "shop_figures"]

BACK_DAYS = 36
USUAL = (3, 30)
"""Days ago, from and before: old enough that late orders are in."""
WEEK = 7
REFUND_DAYS = 60
"""So far back sales may be of an event whose refunds still come in, and the ordinary weeks before it."""
BURNING = 0.05
"""So much of its budget is spent today on goods that are not there: a few clicks after the last piece are no fire."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Clicks and orders of yesterday and today; the usual ones of a mean day (accounts) or of all days (products)."""

    clicks: float
    orders: float
    orders_today: float
    clicks_usual: float
    orders_usual: float


@dataclass(frozen=True, slots=True)
class ShopFigures:
    """Money in the shop's currency. `sold_out` is what is spent today on goods that are not there.

    `refunds` holds of each product the rate of the last week, the usual one, and the week's paid orders.
    """

    today: Mapping[str, date] = field(default_factory=dict)
    spent_today: Mapping[str, float] = field(default_factory=dict)
    budgets: Mapping[str, float] = field(default_factory=dict)
    overdelivery: float = 1.0
    names: Mapping[str, str] = field(default_factory=dict)
    sold_out: Mapping[str, float] = field(default_factory=dict)
    stock_feed: tuple[int, int] | None = None
    """Where the stock feed is taken for broken: how many advertised products show none, of how many."""
    overlap: float | None = None
    """What platforms claim over what the shop sold, over the last weeks; None where the shop's sales are not known."""
    accounts: Mapping[str, Rates] = field(default_factory=dict)
    products: Mapping[str, Rates] = field(default_factory=dict)
    refunds: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)


def shop_figures(config: Config, store: StoreReader, now: datetime) -> ShopFigures:
    """Reads and sums. Raises StoreError."""
    known = cycle.known_of(config, store, now)
    day = day_number(AccountDay.of(now, config.shop.timezone).date)
    shop, rates = config.shop.currency, known.exchange
    reports = in_currency(finest(store.reports(since_day=day - BACK_DAYS)), shop, rates)
    spend = np.where(reports.spend == UNKNOWN_MICROS, 0, reports.spend) / 1e6
    today, spent_today = {}, {}
    for account in known.accounts:
        own = AccountDay.of(now, account.timezone).date
        today[str(account.id)] = own
        if account.currency == shop or account.currency in rates:
            rows = (reports.account == account.id) & (reports.day == day_number(own))
            spent_today[str(account.id)] = float(spend[rows].sum())
    budgets: dict[str, float] = {}
    active = [one for one in known.budgets if one.status is BudgetStatus.ACTIVE]
    for one in active:
        if one.now is not None and (one.currency == shop or one.currency in rates):
            amount = one.now.to_float() * (1.0 if one.currency == shop else rates[one.currency])
            budgets[str(one.id.account)] = budgets.get(str(one.id.account), 0.0) + amount
    activity = store.activity(since_day=day - REFUND_DAYS)
    feed = broken_feed(known.products, known.budgets, now)
    return ShopFigures(
        today=today,
        spent_today=spent_today,
        budgets=budgets,
        overdelivery=max((one.overdelivery for one in active), default=1.0),
        names={
            **{str(one.id): one.name for one in known.products if one.name},
            **{str(one.id): one.name for one in known.budgets if one.name},
        },
        sold_out=_sold_out(known, reports, spend, day) if feed is None else {},
        stock_feed=feed,
        overlap=_overlap(reports, activity, {shop: 1.0, **rates}, day),
        accounts=_rates(reports, reports.account, day, mean=True),
        products=_rates(reports, reports.product, day, mean=False),
        refunds=refund_rates(activity, day, known.calendar, config.shop.timezone),
    )


def _overlap(reports: Reports, activity: Activity, rates: Mapping[Currency, float], day: int) -> float | None:
    """Attributed sales over the shop's own (`response.own_sales`); `reports` are in the shop's currency."""
    first = day - OVERLAP_DAYS
    revenue = np.where(reports.revenue == UNKNOWN_MICROS, np.nan, reports.revenue / MICROS)
    return claimed_over_sold(claimed_by_day(reports.day, revenue, first, day), own_sales(activity, first, day, rates))


def _sold_out(known: Known, reports: Reports, spend: FloatArray, day: int) -> dict[str, float]:
    """Product → what is spent today on a stock of none, where nothing else is sold by the same budget.

    One that was spent on yesterday stays: at midnight every budget has spent nothing.
    """
    gone = {one.id for one in known.products if one.stock is not None and one.stock <= 0}
    found: dict[str, float] = {}
    for budget in known.budgets:
        if budget.status is not BudgetStatus.ACTIVE or not budget.products or not set(budget.products) <= gone:
            continue
        rows = (reports.account == budget.id.account) & (reports.budget == budget.id.native)
        spent, yesterday = (float(spend[rows & (reports.day == one)].sum()) for one in (day, day - 1))
        rate = known.exchange.get(budget.currency, 1.0)
        if max(spent, yesterday) > BURNING * (budget.now.to_float() * rate if budget.now is not None else 0.0):
            for product in budget.products:
                found[str(product)] = found.get(str(product), 0.0) + spent / len(budget.products)
    return found


def _rates(reports: Reports, of: TextArray, day: int, *, mean: bool) -> dict[str, Rates]:
    """By the names in a column, in one pass over the rows; rows without a name are left out."""
    names, places = np.unique(of.astype(str), return_inverse=True)
    clicks, orders = np.nan_to_num(reports.clicks), np.nan_to_num(reports.orders)

    def summed(values: FloatArray, rows: NDArray[np.bool_]) -> FloatArray:
        return np.bincount(places[rows], weights=values[rows], minlength=len(names)).astype(np.float64)

    yesterday, today = reports.day == day - 1, reports.day == day
    usual = (reports.day <= day - USUAL[0]) & (reports.day > day - USUAL[1])
    days = max(1, len(np.unique(reports.day[usual]))) if mean else 1
    columns = (
        summed(clicks, yesterday),
        summed(orders, yesterday),
        summed(orders, today),
        summed(clicks, usual) / days,
        summed(orders, usual) / days,
    )
    return {str(name): Rates(*(float(one[i]) for one in columns)) for i, name in enumerate(names) if name}


def refund_rates(
    activity: Activity, day: int, calendar: Sequence[Promotion], zone: str
) -> dict[str, tuple[float, float, float]]:
    """Product → refund rate of the last week, the usual one, and the week's paid orders.

    The usual rate is that of the weeks before; where an event was, what its sales let expect of the last week.
    """
    whole = (activity.traffic == "") & (activity.hour == WHOLE_DAY) & (activity.product != "")
    whole &= (activity.refunds != UNKNOWN) & (activity.revenue != UNKNOWN) & (activity.day < day)
    found = {}
    for product in sorted(set(activity.product[whole].tolist())):
        rows = whole & (activity.product == product)
        first = int(activity.day[rows].min())
        paid, back, orders = (
            np.asarray(
                np.bincount(activity.day[rows] - first, np.nan_to_num(values[rows]), day - first), dtype=np.float64
            )
            for values in (activity.revenue, activity.refunds, activity.orders)
        )
        week, before = float(paid[-WEEK:].sum()), float(paid[-BACK_DAYS:-WEEK].sum())
        if week <= 0 or before <= 0:
            continue
        times = sold_at_event(calendar, product, zone, first, len(paid))
        expected = expected_refunds(paid, back, times, WEEK)
        usual = float(back[-BACK_DAYS:-WEEK].sum()) / before if expected is None else expected / week
        found[product] = (float(back[-WEEK:].sum()) / week, usual, float(orders[-WEEK:].sum()))
    return found
