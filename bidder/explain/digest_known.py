"""What a digest is made of: values that the caller has read from configuration and store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from bidder.activity import Activity
from bidder.catalog import Product
from bidder.explain.experiment import EffectDocument
from bidder.promotion import Promotion
from bidder.reports import Reports
from bidder.store.protocol import StoredPlan

__all__ = ["Known"]


@dataclass(frozen=True, slots=True)
class Known:
    """What a digest is made of. `day` is yesterday in the shop's zone, `moves` are bidder's own applied changes.

    `reports` are the newest known of each day (the finest level), `reports_then` those known a week ago at this hour,
    so that days are compared at the same age. `moves` and `writes`: (day, budget, money) and (result, count) of `day`.
    """

    title: str
    currency: str
    zone: str
    day: date
    as_of: datetime
    reports: Reports
    reports_then: Reports
    activity: Activity
    products: Sequence[Product]
    plans: Sequence[StoredPlan]
    budgets: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    carries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    moves: Sequence[tuple[date, str, float]] = ()
    writes: Mapping[str, int] = field(default_factory=dict)
    missing: Sequence[str] = ()
    sources: Sequence[str] = ()
    day_cap: float | None = None
    month_cap: float | None = None
    sales_goal: float | None = None
    month_goal: float | None = None
    month_due: float | None = None
    """What the sales plan has until `day`, that day included."""
    waits: Literal["approve", "apply", "hand", "look"] = "look"
    until: str = ""
    calendar: Sequence[Promotion] = ()
    """Platform activities that the shop takes part in, past ones too."""
    experiment: EffectDocument | None = None
    keywords: Sequence[Mapping[str, Any]] = ()
    """Keywords worth a look, as :func:`bidder.explain.bids.finding_line` gives them."""
    activities: Sequence[tuple[str, str]] = ()
    """Platform activities that can be joined: (name, until)."""
