"""How many shops stand, for Prometheus: the families of docs/metrics.md, in the agency's currency.

Made anew for each scrape out of what was last looked at, for the shops that whoever asks may see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from bidder.agency.overview import worth_in
from bidder.agency.standing import ShopStanding
from bidder.config.agency import Agency
from bidder.instrumentation.decisions import hold_reason
from bidder.instrumentation.families import HOLD_REASONS
from bidder.instrumentation.many import Sample, many_exposition

__all__ = ["exposition"]

DAY_SECONDS = 86_400.0
STATES = ("ACTIVE", "REDUCING", "HALTED")


def exposition(shops: Sequence[ShopStanding], agency: Agency, now: datetime, accept: str) -> tuple[bytes, str]:
    """The text, and its content type. An amount whose currency has no rate is left out."""
    rates = worth_in(agency, now.date())
    samples = [Sample("reporting_currency_info", (agency.currency,), 1.0)]
    count = Counter(one.state for one in shops)
    samples += [Sample("shops", (state,), float(count[state])) for state in (*STATES, "BROKEN", "UNREAD")]
    for one in shops:
        samples.extend(_states(one))
        rate = rates.get(one.currency)
        if rate is not None:
            samples.extend(_money(one, rate))
    return many_exposition(samples, accept)


def _states(one: ShopStanding) -> Iterator[Sample]:
    """What has no currency."""
    shop = one.name
    for need in {need.kind for need in one.needs}:
        yield Sample("shop_needs", (shop, need), 1.0)
    if one.state not in STATES:
        return
    for state in STATES:
        yield Sample("state", (shop, state), float(one.state == state))
    held = Counter[str]()
    for check, number in one.holds.items():
        held[hold_reason(check)] += number
    for reason in HOLD_REASONS:
        yield Sample("holds", (shop, reason), float(held[reason]))
    yield Sample("dry_run", (shop,), float("apply" not in one.modes))
    yield Sample("plan_timestamp_seconds", (shop,), one.planned_at)
    yield Sample("plan_interval_seconds", (shop,), DAY_SECONDS)
    yield Sample("plan_changes", (shop,), float(one.changes))
    if one.pace is not None:
        yield Sample("month_pacing_ratio", (shop,), one.pace)
    for account in one.accounts:
        yield Sample("writes_unresolved", (shop, account.platform, account.name), float(account.unresolved))


def _money(one: ShopStanding, rate: float) -> Iterator[Sample]:
    """What is an amount."""
    amounts = {
        "month_spend": one.spent_month,
        "month_budget": one.month_budget,
        "plan_objective": one.objective,
        "plan_objective_baseline": one.objective_before,
        "shop_budget_day_limit": one.day_limit,
        "shop_at_risk": one.at_risk,
    }
    for name, amount in amounts.items():
        if amount is not None:
            yield Sample(name, (one.name,), amount * rate)
    for account in one.accounts:
        labels = (one.name, account.platform, account.name)
        yield Sample("budget_current", labels, account.in_force * rate)
        yield Sample("budget_planned", labels, account.planned * rate)
        if account.spent_today is not None:
            yield Sample("day_spend", labels, account.spent_today * rate)
