"""Rules cost what their price says, and only ever cost: what is tighter earns no more, what is looser no less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.errors import Source
from bidder.limits import Bounds, Limit, Limits
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.objective import Objective
from bidder.plan import Allocation
from bidder.response.curve import Curves
from bidder.rules.base import Rule
from bidder.rules.conditions import Condition
from bidder.rules.evaluate import evaluate
from bidder.rules.words import WORDS
from bidder.snapshot import Snapshot
from tests.builders import a_budget, a_shop
from tests.rules.curves import some_curves

FREE = AllocateSettings(doubt=0.0, calm=0.0, passes=4, branches=0)
WIDE = {"raise": "900%", "cut": "100%"}


def a_rule(word: str, written: Mapping[str, Any], where: object = None) -> Rule:
    place = Source("rules.yaml", len(word), 3)
    condition = None if where is None else Condition.read(where, place)
    return Rule(f"the {word}", WORDS[word].model_validate(written), place, condition)


def shop(seed: int) -> tuple[Snapshot, Curves]:
    rng = np.random.default_rng(seed)
    channels = ("search", "feed", "site")
    budgets = [
        a_budget(f"ads/{n}", now=100.0, channel=channels[n % 3], minimum=10.0, cvr=0.02 + n / 500, days=2)
        for n in range(6)
    ]
    seen = a_shop(*budgets)
    curves = some_curves(seen)
    worth = curves.margin_per_order * rng.uniform(0.7, 1.8, 6)
    return seen, replace(curves, margin_per_order=worth, revenue_per_order=worth * rng.uniform(1.8, 3.2, 6))


def solved(seen: Snapshot, curves: Curves, *rules: Rule) -> tuple[Limits, Allocation]:
    limits = evaluate((*rules, a_rule("step", WIDE)), seen, curves)
    return limits, allocate(curves, limits, Objective.PROFIT, seen.now, FREE)


KINDS: list[tuple[str, Any, object, tuple[float, float]]] = [
    ("total", lambda x: {"max": round(x, 2)}, None, (200.0, 900.0)),
    ("total", lambda x: {"max": round(x, 2)}, {"channel": "search"}, (40.0, 400.0)),
    ("total", lambda x: {"max": round(x, 2), "by": "channel"}, None, (60.0, 400.0)),
    ("share", lambda x: {"max": f"{x:.4f}%"}, {"channel": "feed"}, (15.0, 60.0)),
    ("budget", lambda x: {"max": round(x, 2)}, {"channel": "site"}, (15.0, 300.0)),
    ("roas", lambda x: {"min": round(-x, 4)}, None, (-9.0, -1.0)),
    ("marginal_roas", lambda x: {"min": round(-x, 4)}, {"channel": "feed"}, (-6.0, -0.5)),
    ("cpa", lambda x: {"max": round(x, 2)}, None, (5.0, 40.0)),
    ("step", lambda x: {"raise": f"{x:.4f}%", "cut": "100%"}, None, (1.0, 200.0)),
    ("pin", None, None, (0.0, 0.0)),
]
"""word, its fields at a looseness x (larger is looser), where, the range of x."""


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 10**6),
    st.sampled_from([one for one in KINDS if one[1] is not None]),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_tightening_a_rule_never_raises_the_optimum(seed: int, kind: Any, one: float, other: float) -> None:
    word, written, where, (low, high) = kind
    seen, curves = shop(seed)
    tight, loose = (low + part * (high - low) for part in sorted((one, other)))
    cap = a_rule("total", {"max": 700})
    results = []
    for x in (tight, loose):
        limits = evaluate((a_rule(word, written(x), where), cap), seen, curves)
        if word != "step":  # its own steps are the rule; elsewhere steps are not what is looked at
            wide = evaluate((a_rule(word, written(x), where), cap, a_rule("step", WIDE)), seen, curves)
            limits = wide
        results.append(allocate(curves, limits, Objective.PROFIT, seen.now, FREE).objective)
    assert results[0] <= results[1] + 1e-4 * abs(results[1]) + 1e-6


def moved(limits: Limits, place: int, by: float, *, bound: bool) -> Limits:
    """The same limits, one of them looser by so much."""
    if bound:
        bounds = list(limits.bounds)
        one: Bounds = bounds[place]
        bounds[place] = replace(one, upper=one.upper + by)
        return replace(limits, bounds=tuple(bounds))
    rows = list(limits.limits)
    row: Limit = rows[place]
    rows[place] = replace(row, bound=row.bound + by)
    return replace(limits, limits=tuple(rows))


CAP = a_rule("total", {"max": 600})
PRICED: list[tuple[str, list[Rule], int, bool]] = [
    ("the day's total", [a_rule("total", {"max": 420})], 0, False),
    ("a total of some", [CAP, a_rule("total", {"max": 110}, {"channel": "search"})], 1, False),
    ("a share", [CAP, a_rule("share", {"max": "20%"}, {"channel": "feed"})], 1, False),
    ("a maximum", [CAP, a_rule("budget", {"max": 45}, {"budget": "ads/2"})], 0, True),
    ("a cost of an order", [CAP, a_rule("cpa", {"max": 12}, {"budget": "ads/2"})], 0, True),
]


def off_by_more_than_2_percent(seed: int, rules: list[Rule], place: int, *, bound: bool) -> tuple[float, bool]:
    """The printed price, and whether it lies outside what one unit more and one unit less are worth, give or take 2 %.

    At a kink the two differ and every price between them is one.
    """
    seen, curves = shop(seed)
    limits, answer = solved(seen, curves, *rules)
    printed = float(np.abs(answer.bound_prices[place]).max()) if bound else answer.prices[place].price
    more, less = (
        allocate(curves, moved(limits, place, by, bound=bound), Objective.PROFIT, seen.now, FREE).objective
        for by in (1.0, -1.0)
    )
    sides = sorted((more - answer.objective, answer.objective - less))
    return printed, not 0.98 * sides[0] - 1e-3 <= printed <= 1.02 * sides[1] + 1e-3


@pytest.mark.parametrize(("rules", "place", "bound"), [one[1:] for one in PRICED], ids=[one[0] for one in PRICED])
def test_a_printed_price_is_what_one_unit_more_earns(rules: list[Rule], place: int, bound: bool) -> None:
    prices = [off_by_more_than_2_percent(seed, rules, place, bound=bound) for seed in range(5)]
    assert not any(off for _, off in prices)
    assert sum(printed > 0.05 for printed, _ in prices) >= 2


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(4))
def test_two_hundred_printed_prices_are_what_one_unit_more_earns(part: int) -> None:
    for seed in range(100 + part * 10, 110 + part * 10):
        for what, rules, place, bound in PRICED:
            printed, off = off_by_more_than_2_percent(seed, rules, place, bound=bound)
            assert not off, (seed, what, printed)
