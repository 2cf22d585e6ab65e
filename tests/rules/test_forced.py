"""A cap that the steps cannot keep lifts the brake on cuts, and never that on raises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bidder.decide import Policy, decide
from bidder.errors import Source
from bidder.guard import GuardSettings
from bidder.rules.base import Rule
from bidder.rules.total import Total
from tests.builders import a_budget, a_shop


def a_policy(total: str) -> Policy:
    rule = Rule("total", Total.model_validate({"max": total}), Source("--total"))
    return Policy((rule,), guard=GuardSettings(check_history=False))


SHOP = a_shop(
    a_budget("x/best", now=100.0, cvr=0.08),
    a_budget("x/fair", now=100.0, cvr=0.03),
    a_budget("x/poor", now=100.0, cvr=0.004),
)


def test_a_forced_cut_falls_on_the_worst_and_spares_the_best() -> None:
    decision = decide(SHOP, a_policy("150"))
    after = {str(change.budget): change.after.to_float() for change in decision.plan.changes}
    assert sum(after.values()) <= 150
    assert after["x/poor"] < 60  # below what the step would keep
    assert after["x/best"] > after["x/poor"] * 1.5
    assert all(amount <= 130.0 for amount in after.values())
    assert min(after.values()) >= 33.33
    assert not decision.held
    assert decision.allocation.certificate.status == "optimal"


def test_forced_cuts_go_no_further_than_the_cap_asks() -> None:
    losing = a_shop(*(a_budget(f"x/{name}", now=100.0, cvr=0.001) for name in "abc"))
    decision = decide(losing, a_policy("150"))
    assert 149.9 <= sum(change.after.to_float() for change in decision.plan.changes) <= 150


def test_without_need_the_brake_on_cuts_holds() -> None:
    decision = decide(SHOP, a_policy("200"))
    assert all(change.after.to_float() >= 59.99 for change in decision.plan.changes)


def test_what_even_a_third_cannot_keep_is_scaled_evenly() -> None:
    decision = decide(SHOP, a_policy("60"))
    after = [change.after.to_float() for change in decision.plan.changes]
    assert sum(after) <= 60
    assert np.ptp(after) < 0.02


def test_a_shop_without_amounts_in_force_has_no_steps_to_lift() -> None:
    shop = replace(SHOP, budgets=tuple(replace(budget, now=None) for budget in SHOP.budgets))
    decision = decide(shop, a_policy("150"))
    assert sum(change.after.to_float() for change in decision.plan.changes) <= 150
