"""The plan for a fleet follows from what a shop costs: twice the shops are twice the machines, and nothing is free."""

from __future__ import annotations

import pytest

from bench.fleet_day import Costs, plan_for

COSTS = Costs(poll=0.1, decision=0.36, kilobytes=65.0, writes=12.0)


def test_a_plan_adds_up() -> None:
    plan = plan_for(86_400, COSTS, polls_a_day=10, at_once=0.5, within=4_320.0)
    assert plan.polls == pytest.approx(1.0 * 10 * 0.1)
    assert plan.decisions == pytest.approx(3.6)
    assert plan.cores == 7
    assert plan.requests == pytest.approx(10 * 4 + 12 * 3)
    assert plan.disk == pytest.approx(65.0 * 86_400 * 365 / 1e6)


def test_more_shops_need_more_and_a_shop_needs_a_core() -> None:
    small, large = plan_for(10_000, COSTS), plan_for(100_000, COSTS)
    assert large.polls == pytest.approx(10 * small.polls)
    assert large.requests == pytest.approx(10 * small.requests)
    assert plan_for(1, COSTS).cores == 1
