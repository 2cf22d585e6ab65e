"""Whether the days came out as they were forecast: the share of days whose profit fell inside the 80 % interval.

What was forecast is remembered in the store under one key, a line a day: the interval at the budgets that were in force
once the day's plan was written (or was not), so that a plan that nobody carried out is not held against the forecast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import structlog

from bidder import cycle
from bidder.apply import WriteResult
from bidder.catalog import Product
from bidder.config.load import Config
from bidder.decide import Decision
from bidder.errors import LeaseTaken, StoreError
from bidder.plan import Applied
from bidder.report_rows import finest
from bidder.reports import UNKNOWN_MICROS, Reports, in_currency
from bidder.response.forecast import forecast
from bidder.snapshot import day_number
from bidder.store.protocol import Store

__all__ = ["AGE", "DAYS", "calibrated", "covered_share", "remember_forecast"]

log = structlog.get_logger("bidder.daemon.calibration")

KEY = "forecasts"
DAYS = 28
"""Over so many days the share is taken."""
AGE = 3
"""A day is looked at when it is so old: late orders have come in."""
LEAST = 5
"""Of fewer days nothing is said."""


def calibrated(config: Config, decision: Decision, written: Sequence[WriteResult], store: Store) -> float | None:
    """Remembers the forecast of the decided day, and says how the days before it came out.

    Raises StoreError and LeaseTaken; whatever else fails is logged and no more: the day's writes are done.
    """
    day, snapshot = day_number(decision.snapshot.day), decision.snapshot
    try:
        remember_forecast(decision, written, store)
        reports = in_currency(store.reports(since_day=day - DAYS - AGE), snapshot.currency, snapshot.exchange)
        return covered_share(store, finest(reports), cycle.products_of(config, store), day)
    except (StoreError, LeaseTaken):
        raise
    except Exception as e:  # a figure for a dashboard must not stop the loop that keeps the caps
        log.error("calibration_failed", error=f"{type(e).__name__}: {e}")
        return None


def remember_forecast(decision: Decision, written: Sequence[WriteResult], store: Store) -> None:
    """Keeps the interval of the decided day at the budgets in force. Raises StoreError."""
    snapshot = decision.snapshot
    applied = {one.budget: one.outcome.value for one in written if isinstance(one.outcome, Applied)}
    amounts = [
        np.nan if (amount := applied.get(one.id, one.now)) is None else amount.to_float() * snapshot.rate(one.currency)
        for one in snapshot.budgets
    ]
    _, low, high = forecast(decision.curves, np.nan_to_num(np.array(amounts, dtype=np.float64))).total
    day = day_number(snapshot.day)
    known = {number: both for number, both in _remembered(store).items() if number > day - DAYS - 2 * AGE}
    store.set_value(KEY, {str(number): both for number, both in {**known, day: (low, high)}.items()})


def covered_share(store: Store, reports: Reports, products: Sequence[Product], day: int) -> float | None:
    """The share of the days before `day` inside their intervals; None while too few are known. Raises StoreError.

    `reports` are those of the shop since DAYS + AGE days, in its currency and of one level (see `report_rows.finest`).
    """
    profit = _profit_by_day(reports, products)
    days = range(day - DAYS - AGE + 1, day - AGE + 1)
    told = [
        low <= profit[number] <= high
        for number, (low, high) in _remembered(store).items()
        if number in days and number in profit
    ]
    return sum(told) / len(told) if len(told) >= LEAST else None


def _remembered(store: Store) -> dict[int, tuple[float, float]]:
    saved: Any = store.value(KEY)
    if not isinstance(saved, Mapping):
        return {}
    return {int(number): (float(both[0]), float(both[1])) for number, both in saved.items()}


def _profit_by_day(reports: Reports, products: Sequence[Product]) -> dict[int, float]:
    """Contribution less spend; a product without a margin has the usual one. Nothing where no margin is known."""
    margins = {str(one.id): one.margin for one in products if one.margin is not None}
    if not margins or not len(reports):
        return {}
    usual = sum(margins.values()) / len(margins)
    names, places = np.unique(reports.product.astype(str), return_inverse=True)
    margin = np.array([margins.get(name, usual) for name in names.tolist()])[places]
    revenue, spend = (np.where(one == UNKNOWN_MICROS, 0, one) / 1e6 for one in (reports.revenue, reports.spend))
    days, rows = np.unique(reports.day, return_inverse=True)
    sums = np.bincount(rows, revenue * margin - spend, len(days))
    return dict(zip(days.tolist(), sums.tolist(), strict=True))
