"""Shops with known effects of bidder: products that sell by chance, half of the days before an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from bidder.catalog import Product
from bidder.ids import ProductId
from bidder.response.delay import MATURE, default_curve
from bidder.response.settings import ResponseSettings
from bidder.snapshot import Snapshot
from bidder.trial import Trial
from tests.builders import a_budget, a_shop

__all__ = ["BEGUN", "LATE", "a_world", "moved_by"]

BEGUN = date(2026, 3, 2)
LATE = ResponseSettings().late


def a_world(
    seed: int,
    *,
    n: int = 30,
    days: int = 28,
    after: int = 0,
    gain: float | np.ndarray = 0.0,
    moved: Sequence[bool] | None = None,
    late: bool = False,
    growth: float = 0.0,
    heroes: Sequence[int] = (),
    margin: float = 0.4,
    wild: float = 1.0,
) -> Snapshot:
    """`n` products, `days` before BEGUN and `after` since; `gain` is what the moved ones sell more since, `growth` all.

    With `late` the youngest days show only what is known of them by the default curve.
    """
    rng = np.random.default_rng(seed)
    base = np.exp(rng.normal(1.5, 0.8, n))
    length = days + after
    level = np.tile(base[:, None], (1, length))
    level[:, days:] *= 1 + growth
    chosen = np.ones(n, dtype=bool) if moved is None else np.array(moved)
    level[chosen, days:] *= 1 + (gain if isinstance(gain, float) else gain[None, :])
    orders = rng.poisson(level * wild) / wild if wild else level
    if late:
        curve = default_curve(LATE)
        orders = orders * curve[np.clip(np.arange(length, 0, -1), 0, MATURE)]
    spend = np.round(base * 20, 2)
    budgets = [
        a_budget(
            f"ads/{i}", now=float(spend[i]), products=(f"P{i:02d}",), orders=tuple(orders[i].tolist()), days=length
        )
        for i in range(n)
    ]
    products = tuple(
        Product(ProductId(f"P{i:02d}"), margin=margin, tags=frozenset({"hero"} if i in heroes else ()))
        for i in range(n)
    )
    return a_shop(*budgets, today=BEGUN + timedelta(days=after), products=products)


def moved_by(trial: Trial, n: int) -> list[bool]:
    """Of each product whether bidder moves it."""
    out = {str(budget) for unit in trial.units if unit.out for budget in unit.budgets}
    return [f"ads/{i}" not in out for i in range(n)]
