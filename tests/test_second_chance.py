"""A little money for finding out (SCIENCE 5.2): what was written off comes back when it has become the best.

The shop of :mod:`tests.test_calm`. One product sold next to nothing for four weeks and then spent nothing for thirty
days; after that it sells better than every other, which only money that is spent on it can show.
"""

from __future__ import annotations

import numpy as np
import pytest

from bidder.decide import Policy, decide
from bidder.errors import Source
from bidder.rules.base import Rule
from bidder.rules.explore import Explore
from bidder.rules.total import Total
from bidder.snapshot import FloatArray
from tests.test_calm import HABIT, SIZE, WARM_UP, Shop

AWAY, BACK_WITHIN = 30, 21
MINIMUM = 10.0


def written_off(seed: int) -> tuple[Shop, int]:
    """The shop on the day on which the product becomes the best, and which product it is."""
    shop = Shop.of(seed)
    levels, habits = shop.level.copy(), shop.spend
    product = int(np.argsort(levels)[SIZE // 2])
    shop.spend, shop.clicks, shop.orders, shop.amounts = [], [], [], []
    shop.level[product] = 0.05 * np.median(levels)
    for day in range(WARM_UP + AWAY):
        amounts = habits[day % WARM_UP].copy()
        if day >= WARM_UP:
            amounts[product] = MINIMUM
        shop.pass_day(amounts)
        if day >= WARM_UP:
            shop.spend[-1][product] = shop.clicks[-1][product] = 0.0
            shop.orders[-1][product] = 0.0
    shop.level[product] = 2 * levels.max()
    return shop, product


def place_after(shop: Shop, product: int, days: int) -> int:
    """The product's place by money after so many days with an explore rule: 1 is the most."""
    rules = (
        Rule("total", Total.model_validate({"max": str(SIZE * HABIT)}), Source("--total")),
        Rule("find out", Explore.model_validate({}), Source("a test")),
    )
    now: FloatArray = np.full(SIZE, HABIT)
    now[product] = MINIMUM
    for _ in range(days):
        plan = decide(shop.snapshot(now), Policy(rules)).plan
        after = {one.budget.native: one.after.to_float() for one in plan.changes}
        now = np.array([after[f"b{n}"] for n in range(SIZE)])
        shop.pass_day(now)
    return int((now > now[product]).sum()) + 1


@pytest.mark.parametrize("seed", [0, 1])
def test_what_was_written_off_is_among_the_top_three_three_weeks_after_it_became_the_best(seed: int) -> None:
    assert place_after(*written_off(seed), BACK_WITHIN) <= 3


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(2, 18))
def test_it_is_so_in_every_shop(seed: int) -> None:
    assert place_after(*written_off(seed), BACK_WITHIN) <= 3
