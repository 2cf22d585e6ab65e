"""What one simulated account looks like at one instant: budgets in force, report rows, products. Pure.

Everything follows from the seed's world, the changes made so far and the instant; rows are as the wire has them
(fen, ISO dates).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from bidder.account_day import AccountDay
from bidder.catalog import BudgetStatus
from bidder.connectors.sandbox.shop import (
    CAMPAIGN_INDEX,
    CAMPAIGNS,
    MINIMUM_FEN,
    OVERDELIVERY,
    PRODUCT_INDEX,
    PRODUCTS,
    STEP_FEN,
)
from bidder.connectors.sandbox.state import Edit, State
from bidder.connectors.sandbox.stock import item
from bidder.connectors.sandbox.truth import WARM_UP
from bidder.connectors.sandbox.world import DayRun, Step, World

__all__ = ["Runs", "View"]

Runs = dict[tuple[int, int], tuple[tuple[Step, ...], DayRun]]
"""Days that have been run, by day and campaign, with the budgets they were run under."""


class View:
    """The account at `now`. `runs` may be shared between views of one world: a changed day is run again."""

    def __init__(self, world: World, state: State, now: datetime, runs: Runs) -> None:
        self._world = world
        self._state = state
        self._now = now
        self._runs = runs
        self._bounds: dict[int, tuple[datetime, datetime]] = {}
        self._today = world.day_of(AccountDay.of(now, state.zone).date)

    def in_force(self, campaign: str) -> tuple[int, BudgetStatus]:
        """Fen a day and status now. Raises KeyError."""
        amount, status = self._world.habits(0)[CAMPAIGN_INDEX[campaign]] * 100, BudgetStatus.ACTIVE
        for edit in self._edits.get(campaign, ()):
            amount = amount if edit.amount is None else edit.amount
            status = edit.status or status
        return amount, status

    def campaign(self, campaign: str) -> dict[str, Any]:
        """One campaign's settings. Raises KeyError."""
        facts, (amount, status) = CAMPAIGNS[CAMPAIGN_INDEX[campaign]], self.in_force(campaign)
        return {
            "campaign_id": campaign,
            "name": facts.name,
            "scene": facts.channel,
            "item_id": facts.product,
            "category": _category(facts.product),
            "status": status.value,
            "budget_type": "daily",
            "day_budget": amount,
            "min_day_budget": MINIMUM_FEN,
            "day_budget_step": STEP_FEN,
            "overdelivery": OVERDELIVERY,
        }

    def rows(self, first: date, last: date) -> list[dict[str, Any]]:
        """The report's rows of the days from the warm-up to the running one."""
        begin = max(self._world.day_of(first), -WARM_UP)
        end = min(self._world.day_of(last), self._today)
        return [
            self._row(day, i) for day in range(begin, end + 1) for i in range(len(CAMPAIGNS)) if self._shown(day, i)
        ]

    def items(self) -> list[dict[str, Any]]:
        """The shop's products as its back end shows them."""
        return [item(self._world, self._today, index, self._units_since) for index in range(len(PRODUCTS))]

    def steps(self, day: int, campaign: int) -> tuple[Step, ...]:
        """The budgets in force over one day, in yuan."""
        amount, on = self._world.habits(day)[campaign] * 100, True
        edits = self._edits.get(CAMPAIGNS[campaign].id)
        if not edits:
            return (Step(0.0, amount / 100, on),)
        begin, end = self._begin_end(day)
        steps: list[Step] = []
        for edit in edits:
            at = (edit.at - begin) / (end - begin)
            if at >= 1:
                break
            if at > 0 and not steps:
                steps.append(Step(0.0, amount / 100, on))
            amount = amount if edit.amount is None else edit.amount
            on = on if edit.status is None else edit.status is BudgetStatus.ACTIVE
            if at > 0:
                steps.append(Step(at, amount / 100, on))
        return tuple(steps) or (Step(0.0, amount / 100, on),)

    @cached_property
    def _edits(self) -> Mapping[str, list[Edit]]:
        by_campaign = defaultdict(list)
        for edit in self._state.edits:
            by_campaign[edit.campaign].append(edit)
        return dict(by_campaign)

    @cached_property
    def _removed_at(self) -> Mapping[str, datetime]:
        return {edit.campaign: edit.at for edit in self._state.edits if edit.status is BudgetStatus.REMOVED}

    def _begin_end(self, day: int) -> tuple[datetime, datetime]:
        if day not in self._bounds:
            account_day = AccountDay(self._state.zone, self._world.date_of(day))
            self._bounds[day] = (account_day.start_at, account_day.end_at)
        return self._bounds[day]

    def _run(self, day: int, campaign: int) -> tuple[tuple[Step, ...], DayRun]:
        steps, key = self.steps(day, campaign), (day, campaign)
        known = self._runs.get(key)
        if known is None or known[0] != steps:
            known = self._runs[key] = (steps, self._world.run(day, campaign, steps))
        return known

    def _row(self, day: int, i: int) -> dict[str, Any]:
        steps, run = self._run(day, i)
        figures = run.figures(self._age(day))
        return {
            "date": self._world.date_of(day).isoformat(),
            "campaign_id": CAMPAIGNS[i].id,
            "name": CAMPAIGNS[i].name,
            "scene": CAMPAIGNS[i].channel,
            "item_id": CAMPAIGNS[i].product,
            "category": _category(CAMPAIGNS[i].product),
            "impressions": figures.impressions,
            "clicks": figures.clicks,
            "cost": figures.spend,
            "orders": figures.orders,
            "items_sold": figures.units,
            "paid": figures.revenue,
            "day_budget": round(steps[-1].amount * 100),
            "final": figures.final,
        }

    def _shown(self, day: int, i: int) -> bool:
        """A removed campaign leaves the reports of later days; a paused one stays, with nothing in it."""
        removed_at = self._removed_at.get(CAMPAIGNS[i].id)
        return removed_at is None or removed_at > self._begin_end(day)[0]

    def _age(self, day: int) -> float:
        """Days since a day began; a day of 23 or 25 hours counts as one."""
        begin, end = self._begin_end(day)
        if self._now < end:
            return (self._now - begin) / (end - begin)
        return 1.0 + (self._now - end) / timedelta(days=1)

    def _units_since(self, day: int, campaign: int) -> int:
        days = range(max(day, -WARM_UP), self._today + 1)
        return sum(self._run(one, campaign)[1].figures(self._age(one)).units for one in days)


def _category(product: str) -> str:
    return "ware" if "ware" in PRODUCTS[PRODUCT_INDEX[product]].tags else "tea"
