"""Rows of reports chosen and summed: one account's, later ones, one level of them, a month's spend. Pure.

Used by whoever reads reports from the store: `gather`, `poll`, the daemon, pages and commands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bidder.money import NO_CURRENCY, Currency, Money
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import IntArray, day_number

__all__ = ["finest", "last_day", "only_account", "rows_of", "rows_since", "spent_month"]


def last_day(reports: Reports) -> int:
    """The newest reported day (days since 1970-01-01)."""
    return int(reports.day.max())


def only_account(reports: Reports, account: str) -> Reports:
    """The rows of one account."""
    return rows_of(reports, reports.account == account)


def rows_since(reports: Reports, day: int) -> Reports:
    """The rows of that day (since 1970-01-01) and later ones."""
    return rows_of(reports, reports.day >= day)


def finest(reports: Reports) -> Reports:
    """Product rows where a budget has any on a day, else the campaign's own: nothing read at two levels, or within two
    windows of attribution, counts twice.

    The campaign's row may be the only one that names the daily budget: that amount is handed to the product rows.
    """
    if not len(reports):
        return reports
    reports = _one_window(reports)
    key = _codes(reports.account, reports.budget, reports.day)
    named = reports.product != ""
    has_product = np.zeros(key.max() + 1, dtype=bool)
    np.logical_or.at(has_product, key, named.astype(bool))
    amount = np.full(key.max() + 1, UNKNOWN_MICROS, dtype=np.int64)
    np.maximum.at(amount, key, reports.amount)
    keep = named | ~has_product[key]
    return rows_of(replace(reports, amount=amount[key]), keep.astype(bool))


def _one_window(reports: Reports) -> Reports:
    """One attribution window an account, the one with most rows: two windows of one report are never added up."""
    keep = np.ones(len(reports), dtype=bool)
    for account in set(reports.account.tolist()):
        rows = reports.account == account
        windows = Counter(reports.window[rows].tolist())
        if len(windows) > 1:
            chosen = max(windows, key=lambda window: (windows[window], window))
            keep &= ~rows | (reports.window == chosen)
    return rows_of(reports, keep)


def spent_month(reports: Reports, decided: date, currency: Currency, exchange: Mapping[Currency, float]) -> Money:
    """What the calendar month has cost before the decided day, in the shop's currency."""
    first = day_number(decided.replace(day=1))
    rows = (reports.day >= first) & (reports.spend != UNKNOWN_MICROS)
    micros = 0
    for code in sorted(set(reports.currency[rows].tolist())):
        part = sum(int(value) for value in reports.spend[rows & (reports.currency == code)])
        micros += part if code in (currency, NO_CURRENCY) else round(part * exchange[Currency(code)])
    return Money(micros, currency)


def rows_of(reports: Reports, rows: NDArray[np.bool_]) -> Reports:
    """These rows alone."""
    return Reports(**{one.name: getattr(reports, one.name)[rows] for one in fields(Reports)})


def _codes(*columns: NDArray[np.generic]) -> IntArray:
    """The same number for the same combination of values."""
    result = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, codes = np.unique(column.astype(str) if column.dtype == object else column, return_inverse=True)
        result = result * (int(codes.max()) + 1) + codes
    _, result = np.unique(result, return_inverse=True)
    return np.asarray(result, dtype=np.int64)
