"""Sums behind the digest: the ads by product, channel and budget; the shop by product; each product's funnel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from bidder.activity import UNKNOWN, WHOLE_DAY, Activity
from bidder.catalog import Product
from bidder.promotion import Promotion
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, IntArray
from bidder.watch.diagnose import Funnel
from bidder.watch.refunds import LONGEST, expected_refunds, sold_at_event

__all__ = ["Ads", "Shop", "ads_of", "funnels_of", "shop_of", "with_events"]

Key = tuple[str, str, str]
"""Product (or ""), channel, budget."""

FUNNEL_DAYS = 14


@dataclass(frozen=True, slots=True, eq=False)
class Ads:
    """The ads' figures by day and key; money in major units."""

    days: Mapping[int, Mapping[Key, Mapping[str, float]]]
    products: Mapping[int, Mapping[str, Mapping[str, float]]]
    """The same by product alone."""
    margins: Mapping[str, float]

    @property
    def first_day(self) -> int:
        """The first day of which anything is known."""
        return min(self.days, default=10**9)

    def has(self, day: int) -> bool:
        """Whether anything is known of a day."""
        return day in self.days

    def keys(self, day: int) -> Sequence[Key]:
        """What was advertised on a day."""
        return list(self.days.get(day, ()))

    def of(self, day: int, key: Key, names: Sequence[str]) -> tuple[float, ...] | None:
        """Counts of a day and key; None where there is no row."""
        row = self.days.get(day, {}).get(key)
        return None if row is None else tuple(row[name] for name in names)

    def sum(self, name: str, first: int, last: int) -> float:
        """The sum over days and everything advertised."""
        return math.fsum(row[name] for day in range(first, last + 1) for row in self.days.get(day, {}).values())

    def product_sum(self, name: str, day: int, product: str) -> float:
        """The sum of a day and product; of everything where `product` is ""."""
        return self.products.get(day, {}).get(product, {}).get(name, 0.0) if product else self.sum(name, day, day)

    def profit(self, first: int, last: int) -> float | None:
        """Contribution less spend; None where no margin at all is known."""
        earned = self._earned(first, last)
        return None if earned is None else earned - self.sum("spend", first, last)

    def margin(self, first: int, last: int) -> float | None:
        """Contribution over revenue."""
        earned, revenue = self._earned(first, last), self.sum("revenue", first, last)
        return earned / revenue if earned is not None and revenue else None

    def _earned(self, first: int, last: int) -> float | None:
        if not self.margins:
            return None
        usual = math.fsum(self.margins.values()) / len(self.margins)
        return math.fsum(
            row["revenue"] * self.margins.get(key[0], usual)
            for day in range(first, last + 1)
            for key, row in self.days.get(day, {}).items()
        )


def ads_of(reports: Reports, products: Sequence[Product]) -> Ads:
    """Sums the rows (of one level: see `report_rows.finest`)."""
    columns: dict[str, FloatArray] = {
        "spend": np.where(reports.spend == UNKNOWN_MICROS, 0, reports.spend) / 1e6,
        "impressions": np.nan_to_num(reports.impressions),
        "clicks": np.nan_to_num(reports.clicks),
        "orders": np.nan_to_num(reports.orders),
        "revenue": np.where(reports.revenue == UNKNOWN_MICROS, 0, reports.revenue) / 1e6,
    }
    days: dict[int, dict[Key, dict[str, float]]] = {}
    for row in range(len(reports)):
        key = (str(reports.product[row]), str(reports.channel[row]), f"{reports.account[row]}/{reports.budget[row]}")
        sums = days.setdefault(int(reports.day[row]), {}).setdefault(key, dict.fromkeys(columns, 0.0))
        for name, column in columns.items():
            sums[name] += float(column[row])
    products_by_day: dict[int, dict[str, dict[str, float]]] = {}
    for day, rows in days.items():
        for key, sums in rows.items():
            of = products_by_day.setdefault(day, {}).setdefault(key[0], dict.fromkeys(columns, 0.0))
            for name, value in sums.items():
                of[name] += value
    return Ads(days, products_by_day, {str(one.id): one.margin for one in products if one.margin is not None})


@dataclass(frozen=True, slots=True, eq=False)
class Shop:
    """The shop's own figures by day and product ("": the whole shop), of the source that says most."""

    days: Mapping[int, Mapping[str, Mapping[str, float | None]]]

    def has(self, day: int) -> bool:
        """Whether sales of that day are known."""
        return self.sum("revenue", day, day) is not None

    def products(self, day: int) -> Sequence[str]:
        """Products with figures of their own on a day."""
        return [one for one in self.days.get(day, {}) if one]

    def sum(self, name: str, first: int, last: int) -> float | None:
        """Of the whole shop; summed over products on days where nobody says the whole. None where nothing is known."""
        found = []
        for day in range(first, last + 1):
            rows = self.days.get(day, {})
            whole = rows.get("", {}).get(name)
            parts = [value for product, row in rows.items() if product and (value := row[name]) is not None]
            found += [whole] if whole is not None else parts
        return math.fsum(found) if found else None

    def counts(self, day: int, product: str) -> tuple[float, float, float] | None:
        """Visitors, buyers (orders where nobody counts buyers), revenue; None where nothing is known."""
        row = self.days.get(day, {}).get(product)
        if row is None:
            return None
        buyers = row["buyers"] if row["buyers"] is not None else row["orders"]
        return row["visitors"] or 0.0, buyers or 0.0, row["revenue"] or 0.0


def shop_of(activity: Activity) -> Shop:
    """Whole days without regard to where visitors came from; several sources are not added up."""
    rows = (activity.traffic == "") & (activity.hour == WHOLE_DAY)
    by_source: dict[tuple[int, str], list[int]] = {}
    for place in np.flatnonzero(rows):
        by_source.setdefault((int(activity.day[place]), str(activity.product[place])), []).append(int(place))
    days: dict[int, dict[str, dict[str, float | None]]] = {}
    for (day, product), places in by_source.items():
        told = [_figures(activity, place) for place in places]
        days.setdefault(day, {})[product] = max(told, key=lambda one: sum(value is not None for value in one.values()))
    return Shop(days)


def _figures(activity: Activity, place: int) -> dict[str, float | None]:
    counts = ("visitors", "orders", "buyers", "units", "new_buyers", "old_buyers")
    found: dict[str, float | None] = {}
    for name in counts:
        value = float(getattr(activity, name)[place])
        found[name] = None if math.isnan(value) else value
    for name in ("revenue", "refunds"):
        micros = int(getattr(activity, name)[place])
        found[name] = None if micros == UNKNOWN else micros / 1e6
    return found


def funnels_of(
    reports: Reports,
    activity: Activity,
    products: Sequence[Product],
    budgets: Mapping[str, float],
    carries: Mapping[str, Sequence[str]],
    last: int,
) -> list[Funnel]:
    """Each advertised or sold product's fortnight up to the day `last`."""
    window = np.flatnonzero((reports.day > last - FUNNEL_DAYS) & (reports.day <= last))
    rows_of: dict[str, dict[str, list[int]]] = {}
    for row in window:
        rows_of.setdefault(str(reports.product[row]), {}).setdefault(str(reports.channel[row]), []).append(int(row))
    own_of: dict[str, list[float]] = {}
    for budget, amount in budgets.items():
        carried = carries.get(budget, ())
        for one in carried:
            own_of.setdefault(str(one), []).append(amount / len(carried))
    shop = shop_of(activity)
    found = []
    for product in products:
        name = str(product.id)
        of = {channel: np.array(rows) for channel, rows in sorted(rows_of.get(name, {}).items())}
        channels = list(of)
        days = range(last - FUNNEL_DAYS + 1, last + 1)
        sold = {
            figure: _known_sum([shop.days.get(day, {}).get(name, {}).get(figure) for day in days])
            for figure in ("units", "refunds", "revenue", "orders")
        }
        own = math.fsum(own_of.get(name, ()))
        restock = product.restock_date
        found.append(
            Funnel(
                product=name,
                name=product.name or name,
                days=FUNNEL_DAYS,
                impressions={c: float(np.nansum(reports.impressions[of[c]])) for c in channels},
                clicks={c: float(np.nansum(reports.clicks[of[c]])) for c in channels},
                spend={c: _money(reports.spend[of[c]]) for c in channels},
                orders={c: float(np.nansum(reports.orders[of[c]])) for c in channels},
                revenue={c: _money(reports.revenue[of[c]]) for c in channels},
                budget=own,
                stock=product.stock,
                lead_days=product.lead_days,
                restock_days=None
                if restock is None
                else max(0, (restock - date.fromordinal(last + EPOCH_ORDINAL)).days),
                units=sold["units"],
                cost=None if product.cost is None else product.cost.to_float(),
                margin=product.margin,
                refunded=sold["refunds"],
                paid=sold["revenue"],
                paid_orders=sold["orders"],
            )
        )
    return found


def with_events(
    funnels: Sequence[Funnel], shop: Shop, calendar: Sequence[Promotion], zone: str, last: int
) -> list[Funnel]:
    """The same funnels; what an event lets expect of refunds is no fault of the product."""
    if not calendar:
        return list(funnels)
    first = last - FUNNEL_DAYS - 2 * LONGEST + 1
    found = []
    for one in funnels:
        of_day = [shop.days.get(day, {}).get(one.product, {}) for day in range(first, last + 1)]
        paid, back = ([row.get(name) or 0.0 for row in of_day] for name in ("revenue", "refunds"))
        begins = next((place for place, row in enumerate(of_day) if row.get("revenue") is not None), len(of_day))
        times = sold_at_event(calendar, one.product, zone, first + begins, len(of_day) - begins)
        expected = expected_refunds(paid[begins:], back[begins:], times, FUNNEL_DAYS)
        found.append(one if expected is None else replace(one, expected_refunds=expected))
    return found


def _known_sum(values: Sequence[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return math.fsum(known) if known else None


def _money(micros: IntArray) -> float:
    return float(micros[micros != UNKNOWN_MICROS].sum()) / 1e6
