"""Columns of days and figures → Reports, one row per account, campaign, product and day; and the file's summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from bidder.connectors.files.export import COUNTS, FIGURES, Export, Part
from bidder.connectors.files.figures import LARGEST
from bidder.connectors.files.report import Faults, ReadOptions
from bidder.connectors.files.table import Table
from bidder.ids import ALIAS, alias_of
from bidder.money import MICROS, Currency
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, IntArray

__all__ = ["Entities", "Figures", "observed", "summary", "texts"]

SUMMED = ("impressions", "clicks", "spend", "orders", "units", "revenue")
LONGEST_NAME = 500
_MOST_MICROS = 2**63 - 1


@dataclass(slots=True)
class Figures:
    """For each of our names the figures of all rows in millionths; None is unknown."""

    columns: dict[str, list[int | None]]

    @classmethod
    def empty(cls) -> Figures:
        """No rows."""
        return cls({name: [] for name in FIGURES})

    def extend(self, columns: Mapping[str, Sequence[int | None]], size: int) -> None:
        """Adds rows; columns left out are unknown."""
        for name, values in self.columns.items():
            values.extend(columns.get(name, [None] * size))


Key = tuple[str, str, str, str, int]
"""Account, budget, campaign, product, day."""


@dataclass(slots=True)
class Entities:
    """What each row is about, and the words that split a campaign-day into rows."""

    keys: list[Key]
    names: list[str]
    channels: list[str]
    groups: list[str]
    splits: list[tuple[str, ...]]

    @classmethod
    def empty(cls) -> Entities:
        """No rows."""
        return cls([], [], [], [], [])

    def extend(self, other: Entities) -> None:
        """Adds rows."""
        self.keys += other.keys
        self.names += other.names
        self.channels += other.channels
        self.groups += other.groups
        self.splits += other.splits


def texts(
    table: Table, part: Part, places: Mapping[str, int], days: Sequence[int], account: str | None, faults: Faults
) -> Entities:
    """Ids and names of each row. Adds a fault for a row without an id, and for ids that a spreadsheet has shortened."""
    export = table.found.export
    size = len(table.lines)

    def column(name: str) -> list[str]:
        return _words(table, places[name], faults) if name in places else [""] * size

    campaigns, products = column("campaign"), column("product")
    for name, ids in (("campaign", campaigns), ("product", products)):
        for text in {one for one in ids if _shortened(one)}:
            message = f"{name}: expected an id, was {text!r}, shortened by a spreadsheet; export it again, unopened"
            faults.add(table.lines[ids.index(text)], places[name] + 1, message)
    if part.budget:
        budgets = [part.budget] * size
        campaigns = budgets
    else:
        budgets = [campaign or product for campaign, product in zip(campaigns, products, strict=True)]
        for row, budget in enumerate(budgets):
            if not budget:
                wanted = " or ".join(name for name in ("campaign", "product") if name in places)
                place = places["campaign" if "campaign" in places else "product"]
                faults.add(table.lines[row], place + 1, f"expected a {wanted}, was an empty cell")
    accounts = _accounts(table, places, part, account, faults)
    groups = ["" if one.casefold() in export.no_group else one for one in column("group")]
    return Entities(
        keys=list(zip(accounts, budgets, campaigns, products, days, strict=True)),
        names=[name or budget for name, budget in zip(column("name"), budgets, strict=True)],
        channels=_channels(export, column("channel"), groups),
        groups=groups,
        splits=list(zip(*(table.columns[place] for place in table.found.segments), strict=True))
        if table.found.segments
        else [()] * size,
    )


def _words(table: Table, place: int, faults: Faults) -> list[str]:
    """A column of names without the space around them."""
    clean: dict[str, str] = {}
    for text in set(table.columns[place]):
        clean[text] = " ".join(text.split("\n")).replace("\r", "").strip()
        if len(clean[text]) > LONGEST_NAME:
            row = table.columns[place].index(text)
            message = f"expected a name of at most {LONGEST_NAME} characters, was one of {len(text)}"
            faults.add(table.lines[row], place + 1, message)
    return [clean[text] for text in table.columns[place]]


def _shortened(text: str) -> bool:
    """Whether an id looks like 8.252E+10: its last digits are lost."""
    mantissa, e, exponent = text.casefold().partition("e+")
    return bool(e) and exponent.isdigit() and mantissa.replace(".", "", 1).isdigit()


def _accounts(table: Table, places: Mapping[str, int], part: Part, account: str | None, faults: Faults) -> list[str]:
    size = len(table.lines)
    if account is not None or "account" not in places:
        return [part.account if account is None else account] * size
    named = _words(table, places["account"], faults)
    for text in {one for one in named if one and not ALIAS.match(one)}:
        message = f"account: expected a name like {alias_of(text)!r}, was {text[:40]!r}; or give one with --account"
        faults.add(table.lines[named.index(text)], places["account"] + 1, message)
    return [one or part.account for one in named]


def _channels(export: Export, named: Sequence[str], groups: Sequence[str]) -> list[str]:
    if any(named):
        return list(named)
    return [export.scenes.get(group, export.channel) for group in groups]


def observed(
    table: Table,
    entities: Entities,
    figures: Figures,
    currency: Currency,
    window: int | None,
    options: ReadOptions,
    faults: Faults,
) -> Reports:
    """The rows as Reports, sorted by key. Rows of one key that differ in their segments are summed.

    Adds a fault where the very same row is there twice, and for sums that cannot be. A sum with an unknown part is
    unknown.
    """
    export = table.found.export
    lines, size = table.lines, len(table.lines)
    groups: dict[Key, list[int]] = {}
    seen: dict[tuple[Key, tuple[str, ...]], int] = {}
    for row, key in enumerate(entities.keys):
        if not export.repeats:
            first = seen.setdefault((key, entities.splits[row]), row)
            if first != row:
                day = date.fromordinal(key[4] + EPOCH_ORDINAL)
                message = f"{key[1]!r} on {day} is already on line {lines[first % size]}; keep one of the two"
                faults.add(lines[row % size], 0, message)
        groups.setdefault(key, []).append(row)
    keys = sorted(groups)
    members = [groups[key] for key in keys]
    columns = {name: [_sum(values, rows) for rows in members] for name, values in figures.columns.items()}
    amounts = figures.columns["amount"]
    columns["amount"] = [_same(amounts, rows) for rows in members]
    for name, sums in columns.items():
        for value, rows in zip(sums, members, strict=True):
            if value is not None and value > (LARGEST * MICROS if name in COUNTS else _MOST_MICROS):
                faults.add(lines[rows[0] % size], 0, f"{name}: the rows of this day add up to more than can be")
    if export.repeats:
        for shown, clicked, rows in zip(columns["impressions"], columns["clicks"], members, strict=True):
            if shown is not None and clicked is not None and clicked > shown:
                message = f"clicks: this campaign's day has {clicked // MICROS} of {shown // MICROS} impressions"
                faults.add(lines[rows[0] % size], 0, message)
    faults.check()
    count = len(keys)
    return Reports(
        account=_objects([key[0] for key in keys]),
        budget=_objects([key[1] for key in keys]),
        campaign=_objects([key[2] for key in keys]),
        product=_objects([key[3] for key in keys]),
        name=_objects([min(entities.names[row] for row in rows) for rows in members]),
        channel=_objects([min(entities.channels[row] for row in rows) for rows in members]),
        group=_objects([min(entities.groups[row] for row in rows) for rows in members]),
        zone=_objects([options.timezone] * count),
        currency=_objects([str(currency)] * count),
        day=np.array([key[4] for key in keys], dtype=np.int64),
        observed=np.full(count, options.observed_at.timestamp()),
        impressions=_counts(columns["impressions"]),
        clicks=_counts(columns["clicks"]),
        spend=_micros(columns["spend"]),
        orders=_counts(columns["orders"]),
        units=_counts(columns["units"]),
        revenue=_micros(columns["revenue"]),
        amount=_micros(columns["amount"]),
        window=np.full(count, -1 if window is None else window, dtype=np.int64),
    )


def _sum(values: Sequence[int | None], rows: Sequence[int]) -> int | None:
    if len(rows) == 1:
        return values[rows[0]]
    total = 0
    for row in rows:
        value = values[row]
        if value is None:
            return None
        total += value
    return total


def _same(values: Sequence[int | None], rows: Sequence[int]) -> int | None:
    """The daily budget that all rows of a day agree on."""
    first = values[rows[0]]
    return first if all(values[row] == first for row in rows) else None


def _objects(values: list[str]) -> np.ndarray[Any, np.dtype[np.object_]]:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def _counts(values: Sequence[int | None]) -> FloatArray:
    return np.array([np.nan if value is None else value / MICROS for value in values], dtype=np.float64)


def _micros(values: Sequence[int | None]) -> IntArray:
    return np.array([UNKNOWN_MICROS if value is None else value for value in values], dtype=np.int64)


def summary(entities: Entities, figures: Figures, currency: str | None) -> dict[str, Any]:
    """What the file holds in figures, with the keys of an `expected.json`; over its rows as they stand.

    An entity is a campaign, or a product of a campaign. A missing cell is one of a column that has figures elsewhere.
    """
    orders = figures.columns["orders"]
    by_day: dict[Key, int] = {}
    for key, ordered in zip(entities.keys, orders, strict=True):
        by_day[key] = by_day.get(key, 0) + (ordered or 0)
    days = sorted({key[4] for key in by_day})
    has = {name: any(value is not None for value in figures.columns[name]) for name in SUMMED}
    missing = sum(values.count(None) for name, values in figures.columns.items() if has.get(name))
    without = sum(1 for ordered in by_day.values() if ordered == 0)
    return {
        "rows": len(entities.keys),
        "entity_days": len(by_day),
        "entities": len({key[:4] for key in by_day}),
        "first_date": date.fromordinal(days[0] + EPOCH_ORDINAL).isoformat(),
        "last_date": date.fromordinal(days[-1] + EPOCH_ORDINAL).isoformat(),
        "days_with_rows": len(days),
        "currency": currency,
        "missing_cells": missing,
        "zero_order_entity_day_pct": round(100.0 * without / len(by_day), 1),
        "sums": {
            name: round(sum(value or 0 for value in figures.columns[name]) / MICROS, 2) if has[name] else None
            for name in SUMMED
        },
    }
