"""Money that nobody can spend is left over and said (SCIENCE 4.5); a shared budget is one thing (SCIENCE 4.6)."""

from __future__ import annotations

import numpy as np
import pytest

from bidder.catalog import Product
from bidder.decide import Decision, Policy, decide
from bidder.errors import Source
from bidder.explain.plan import document
from bidder.ids import ProductId
from bidder.limits import Quantity
from bidder.money import Money
from bidder.optimizer.objective import Objective
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.rules.conditions import Condition
from bidder.rules.step import Step
from bidder.rules.total import Total
from bidder.snapshot import Snapshot
from tests.response.shop import USD, a_budget, a_shop, daily, products

DAYS = 28
PLACE = Source("a test")


def money(amount: float) -> Money:
    return Money.parse(f"{amount:.2f}", USD)


def decided(snapshot: Snapshot, total: float) -> Decision:
    """The plan that seeks sales, so that no last unit is too dear, under a total and hardly any step."""
    rules = (
        Rule("total", Total.model_validate({"max": f"{total:.2f}"}), Source("--total")),
        Rule("step", Step.model_validate({"raise": "1000%", "cut": "90%"}), PLACE),
    )
    return decide(snapshot, Policy(rules, objective=Objective.REVENUE))


def short_of_demand(n: int = 4, amount: float = 100.0, demand: float = 60.0) -> Snapshot:
    """Budgets that spent all of 40 a day, and since they got 100 no more than demand allows: about 60."""
    random = np.random.default_rng(0)
    amounts = np.where(np.arange(DAYS) < DAYS // 2, 0.4 * amount, amount) * np.ones((n, 1))
    spend = np.minimum(0.98 * amounts, demand * np.exp(random.normal(0.0, 0.05, (n, DAYS))))
    orders = random.poisson(0.1 * spend).astype(float)
    columns = daily(
        spend,
        amount=amounts,
        clicks=spend,
        impressions=spend * 50,
        orders=orders,
        revenue=orders * 40,
    )
    held = [a_budget(f"b{i}", f"p{i}", now=money(amount), minimum=money(1.0)) for i in range(n)]
    return a_shop(held, columns, products(n))


@pytest.mark.parametrize("times", [2.0, 10.0])
def test_with_every_budget_at_its_reach_the_rest_is_left_over_and_said(times: float) -> None:
    snapshot = short_of_demand()
    total = times * float(snapshot.now.sum())
    decision = decided(snapshot, total)
    planned = np.array([one.after.to_float() for one in decision.plan.changes])
    reach = decision.curves.reach
    assert np.isfinite(reach).all()
    assert (reach <= 1.6 * 60.0 * 1.1).all()  # 1.5 times what demand exceeds on a fifth of the days
    assert planned.sum() <= reach.sum() + 0.05
    said = document(decision)
    assert float(said.unallocated) == pytest.approx(total - planned.sum(), abs=0.01)
    assert float(said.unallocated) >= total - reach.sum() - 0.05
    assert said.value_of_total == 0.0


def pooled() -> tuple[Snapshot, Snapshot]:
    """A shop where two campaigns' products share one budget, and the same shop with their figures summed by hand."""
    random = np.random.default_rng(1)
    spend = np.array([[40.0], [30.0], [70.0]]) * random.uniform(0.7, 1.3, (3, DAYS))
    orders = random.poisson(np.array([[6.0], [3.0], [5.0]]) * (spend / spend.mean(axis=1, keepdims=True)) ** 0.7)
    figures = {
        "spend": spend,
        "amount": spend,
        "clicks": np.round(spend * 2),
        "impressions": spend * 90,
        "orders": orders.astype(float),
        "revenue": orders * 40.0,
        "units": orders.astype(float),
    }
    goods = [Product(ProductId(f"p{i}"), margin=0.5, price=money(40)) for i in range(3)]
    apart = daily(**figures) | {"product": np.repeat(np.arange(3), DAYS), "budget": np.repeat([0, 0, 1], DAYS)}
    joined = {name: np.stack([table[0] + table[1], table[2]]) for name, table in figures.items()}
    one = daily(**joined) | {"product": np.repeat([0, 2], DAYS)}
    budgets = [
        a_budget("pool", "p0", "p1", now=money(70), minimum=money(5), campaigns=("c0", "c1")),
        a_budget("other", "p2", now=money(70), minimum=money(5)),
    ]
    # an amount is of the budget and stands on each of its rows
    apart["amount"] = np.concatenate([(spend[0] + spend[1]), (spend[0] + spend[1]), spend[2]])
    return a_shop(budgets, apart, goods), a_shop(budgets, one, goods)


def test_a_pool_is_one_amount_and_is_worth_what_its_members_brought_together() -> None:
    apart, one = (decided(shop, 140.0) for shop in pooled())
    assert len(apart.plan.changes) == 2
    now = apart.snapshot.now
    for quantity in (Quantity.ORDERS, Quantity.SPEND, Quantity.PROFIT):
        np.testing.assert_allclose(apart.curves.expected(quantity, now), one.curves.expected(quantity, now), rtol=1e-9)
    assert [c.after for c in apart.plan.changes] == [c.after for c in one.plan.changes]


def test_no_rule_can_give_a_member_of_a_pool_money_of_its_own() -> None:
    """Least amounts are of budgets: one asked for a product of a pool holds for the pool, once."""
    snapshot = pooled()[0]
    rules = (
        Rule("total", Total.model_validate({"max": "140"}), Source("--total")),
        Rule("p1", BudgetRange.model_validate({"min": "90"}), PLACE, Condition.read({"product": "p1"}, PLACE)),
    )
    decision = decide(snapshot, Policy(rules))
    after = {one.budget.native: one.after.to_float() for one in decision.plan.changes}
    assert set(after) == {"pool", "other"}
    assert after["pool"] >= 90.0
