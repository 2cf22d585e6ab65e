"""The gauges of many shops on one page, out of what was last looked at: the same names as a single daemon's.

A dashboard or a rule that reads a daemon reads an agency's page as well. What only a daemon can count (since its start)
is not here. Two families are this page's own: what a shop needs of people, and the money on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily

from bidder.instrumentation.metrics import Collected

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

__all__ = ["FAMILIES", "Sample", "many_exposition"]

_SHOP = ("shop",)
_ACCOUNT = ("shop", "platform", "account")

FAMILIES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "state": (("shop", "state"), "1 for the state the shop is in."),
    "dry_run": (_SHOP, "1 when no account of the shop is in mode apply."),
    "holds": (("shop", "reason"), "Budgets held now."),
    "plan_timestamp_seconds": (_SHOP, "When the newest accepted plan was made; 0 never."),
    "plan_interval_seconds": (_SHOP, "Configured time between plans."),
    "plan_objective": (_SHOP, "Objective of the newest plan, expected a day."),
    "plan_objective_baseline": (_SHOP, "The same objective at the budgets before the plan."),
    "plan_changes": (_SHOP, "Budgets that the newest plan changes."),
    "shop_budget_day_limit": (_SHOP, "Daily limit of the shop by the rules."),
    "month_budget": (_SHOP, "Budget of the current month."),
    "month_spend": (_SHOP, "Spend of the current month."),
    "month_pacing_ratio": (_SHOP, "Month spend over month spend expected by now."),
    "day_spend": (_ACCOUNT, "Ad spend in the reporting currency, as reported for the account's local day."),
    "budget_current": (_ACCOUNT, "Sum of daily budgets that the platform reports now."),
    "budget_planned": (_ACCOUNT, "Sum of daily budgets in the newest accepted plan."),
    "writes_unresolved": (_ACCOUNT, "Writes whose outcome is not known now."),
    "reporting_currency_info": (("currency",), "Currency of every amount here."),
    "shop_needs": (("shop", "kind"), "1 for what the shop needs of people now."),
    "shop_at_risk": (_SHOP, "Money a day that hangs on the gravest need of the shop."),
    "shops": (("state",), "Shops by state; BROKEN: its files cannot be used; UNREAD: its store cannot be read."),
}
"""Name without `bidder_` → labels and meaning (docs/metrics.md)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one family."""

    family: str
    labels: tuple[str, ...] = field(default=())
    value: float = 0.0


def many_exposition(samples: Iterable[Sample], accept: str = "") -> tuple[bytes, str]:
    """The text that answers an Accept header, and its content type. Every family is named, also one without a value."""
    families = {
        name: GaugeMetricFamily(f"bidder_{name}", meaning, labels=labels)
        for name, (labels, meaning) in FAMILIES.items()
    }
    for one in samples:
        families[one.family].add_metric(one.labels, one.value)
    encode, content_type = choose_encoder(accept)
    made: Sequence[GaugeMetricFamily] = tuple(families.values())
    return encode(cast("Collector", Collected(made))), content_type
