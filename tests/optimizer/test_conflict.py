"""Rules that clash are named: truly, and no more of them than it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bidder.decide import Policy, decide
from bidder.errors import SolveError, Source
from bidder.limits import Limit, Limits, Quantity, Sense
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.conflict import RuleKey, conflicts, rule_of, smallest
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

QUICK = AllocateSettings(passes=1, doubt=0.0, calm=0.0, branches=0)
CHANNELS = ("search", "feed", "site")


def a_rule(number: int, word: str, written: Mapping[str, Any], where: object = None) -> Rule:
    place = Source("rules.yaml", number + 1, 3)
    condition = None if where is None else Condition.read(where, place)
    return Rule(f"r{number} {word}", WORDS[word].model_validate(written), place, condition)


def shop(rng: np.random.Generator) -> tuple[Snapshot, Curves]:
    budgets = [
        a_budget(f"ads/{n}", now=100.0, channel=CHANNELS[n % 3], minimum=5.0, cvr=0.02 + 0.002 * n) for n in range(6)
    ]
    seen = a_shop(*budgets)
    curves = some_curves(seen)
    return seen, replace(curves, margin_per_order=curves.margin_per_order * rng.uniform(0.7, 1.6, 6))


def contradiction(kind: int, rng: np.random.Generator) -> list[Rule]:
    """Rules that cannot all be kept: one clash, of one of ten kinds."""
    one, two, three = (CHANNELS[place] for place in rng.permutation(3))
    low = int(rng.integers(90, 120))
    match kind:
        case 0:
            return [a_rule(0, "total", {"max": 3 * low}), a_rule(1, "budget", {"min": low})]
        case 1:
            a, b = (
                a_rule(0, "share", {"min": "60%"}, {"channel": one}),
                a_rule(1, "share", {"min": "55%"}, {"channel": two}),
            )
            return [a, b]
        case 2:
            a = a_rule(0, "budget", {"min": low}, {"channel": one})
            return [a, a_rule(1, "budget", {"max": low - 20}, {"channel": [one, two]})]
        case 3:
            a = a_rule(0, "pin", {"at": low + 40}, {"channel": one})
            return [a, a_rule(1, "total", {"max": 2 * low}, {"channel": one})]
        case 4:
            a = a_rule(0, "share", {"min": "50%"}, {"channel": one})
            return [a, a_rule(1, "share", {"max": "40%"}, {"channel": [one, two]})]
        case 5:
            a = a_rule(0, "budget", {"min": low}, {"channel": one})
            return [a, a_rule(1, "total", {"max": low + 20}, {"channel": [one, two]})]
        case 6:
            a, b = (
                a_rule(0, "share", {"max": "30%"}, {"channel": one}),
                a_rule(1, "share", {"max": "30%"}, {"channel": two}),
            )
            return [a, b, a_rule(2, "share", {"max": "30%"}, {"channel": three})]
        case 7:
            a = a_rule(0, "cash", {"max": 3 * low, "days": "1d"})
            return [a, a_rule(1, "budget", {"min": low})]
        case 8:
            a, b = (
                a_rule(0, "share", {"min": "70%"}, {"channel": one}),
                a_rule(1, "budget", {"min": low}, {"channel": two}),
            )
            return [
                a,
                b,
                a_rule(2, "total", {"max": 5 * low}),
            ]
        case _:
            a = a_rule(0, "step", {"cut": "5%", "raise": "100%"}, {"channel": one})
            return [a, a_rule(1, "total", {"max": 60}, {"channel": one})]


def solved(seen: Snapshot, curves: Curves, rules: Sequence[Rule]) -> tuple[Limits, Allocation | None]:
    wide = a_rule(90, "step", {"raise": "900%", "cut": "100%"})
    stepped = any(one.kind.word == "step" for one in rules)
    limits = evaluate((*rules, *(() if stepped else (wide,))), seen, curves)
    try:
        return limits, allocate(curves, limits, Objective.PROFIT, seen.now, QUICK)
    except SolveError:
        return limits, None


def relaxed(limits: Limits, answer: Allocation | None) -> bool:
    """Whether anything gave way, by a solve of its own."""
    if answer is None:
        return True
    beyond = max(float(one.max(initial=0.0)) for one in answer.bound_relaxed)
    return beyond > 1e-3 or any(one.relaxed > 1e-3 for one in answer.prices)


def clash_of(seen: Snapshot, curves: Curves, limits: Limits, answer: Allocation | None) -> set[RuleKey]:
    if answer is None:
        return set(smallest(curves, limits, Objective.PROFIT, seen.now, QUICK))
    found = conflicts(curves, limits, Objective.PROFIT, seen.now, QUICK, answer)
    return set(found[0].rules) if found else set()


@pytest.mark.parametrize("seed", range(50))
def test_a_contradiction_names_a_true_conflict(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen, curves = shop(rng)
    harmless = [
        a_rule(20, "budget", {"max": 400}),
        a_rule(21, "share", {"max": "95%"}, {"channel": CHANNELS[seed % 3]}),
        a_rule(22, "roas", {"min": 0.1}),
    ]
    rules = [*contradiction(seed % 10, rng), *harmless]
    limits, answer = solved(seen, curves, rules)
    named = clash_of(seen, curves, limits, answer)
    written = {(rule.name, str(rule.source)) for rule in rules}
    assert len(named & written) >= 1
    assert len(named) >= 2
    assert not named & {(rule.name, str(rule.source)) for rule in harmless}
    # by a solve of its own: the named ones alone clash, and without any rule of them all the others can be kept
    alone = [rule for rule in rules if (rule.name, str(rule.source)) in named]
    assert relaxed(*solved(seen, curves, alone))
    for rule in alone:
        assert not relaxed(*solved(seen, curves, [one for one in rules if one is not rule])), rule.name


def test_rules_that_fit_together_clash_with_nothing() -> None:
    seen, curves = shop(np.random.default_rng(1))
    limits, answer = solved(seen, curves, [a_rule(0, "total", {"max": 500}), a_rule(1, "budget", {"min": 20})])
    assert answer is not None
    assert conflicts(curves, limits, Objective.PROFIT, seen.now, QUICK, answer) == ()
    assert smallest(curves, limits, Objective.PROFIT, seen.now, QUICK) == ()


def test_what_only_a_step_slows_is_told_from_a_clash() -> None:
    seen, curves = shop(np.random.default_rng(1))
    limits = evaluate((a_rule(0, "roas", {"min": 900}), a_rule(1, "total", {"max": 900})), seen, curves)
    answer = allocate(curves, limits, Objective.PROFIT, seen.now, QUICK)
    (found,) = conflicts(curves, limits, Objective.PROFIT, seen.now, QUICK, answer)
    assert found.slowed
    assert found.gave[0] == "r0 roas"
    assert {rule[0] for rule in found.rules} == {"r0 roas", "default step"}
    assert found.by == pytest.approx(55.0)


def test_a_decision_that_cannot_be_made_names_the_smallest_set() -> None:
    seen, _ = shop(np.random.default_rng(1))
    pinned = replace(seen, foreign={seen.budgets[0].id: seen.as_of, seen.budgets[1].id: seen.as_of})
    rules = (
        a_rule(0, "total", {"max": 150}),
        a_rule(1, "budget", {"max": 300}),
        a_rule(2, "cash", {"max": 9000, "days": "9d"}),
    )
    with pytest.raises(SolveError) as refused:
        decide(pinned, Policy(rules))
    assert len(refused.value.clashing) == 2
    assert "r0 total (rules.yaml:1:3)" in refused.value.clashing
    assert "changed by somebody else within 24 h" in refused.value.clashing


def test_parts_of_a_rule_are_that_rule() -> None:
    seen, curves = shop(np.random.default_rng(1))
    limits = evaluate((a_rule(0, "total", {"max": 150, "by": "channel"}),), seen, curves)
    assert {rule_of(one) for one in limits.limits} == {("r0 total", "rules.yaml:1:3")}


def test_limits_on_what_curves_bring_clash_too() -> None:
    seen, curves = shop(np.random.default_rng(1))
    base = evaluate(
        (a_rule(0, "budget", {"max": 60}), a_rule(1, "step", {"raise": "900%", "cut": "100%"})), seen, curves
    )
    ones = np.ones(6)
    reached = Limit("orders", Quantity.ORDERS, ones, Sense.AT_LEAST, 90.0, 20, Source("x.yaml", 7, 1))
    limits = replace(base, limits=(reached,))
    answer = allocate(curves, limits, Objective.PROFIT, seen.now, QUICK)
    found = conflicts(curves, limits, Objective.PROFIT, seen.now, QUICK, answer)
    assert [one.gave[0] for one in found] == ["orders"]
    assert {rule[0] for rule in found[0].rules} == {"orders", "r0 budget"}
    assert not found[0].slowed


def test_what_clashes_above_a_rule_is_not_laid_to_it() -> None:
    seen, curves = shop(np.random.default_rng(1))
    rules = (
        a_rule(0, "total", {"max": 100}),
        a_rule(1, "budget", {"min": 50}),
        a_rule(2, "share", {"min": "90%"}, {"channel": "feed"}),
    )
    limits = evaluate((*rules, a_rule(9, "step", {"raise": "900%", "cut": "100%"})), seen, curves)
    named = smallest(curves, limits, Objective.PROFIT, seen.now, QUICK, ("r2 share", "rules.yaml:3:3"))
    assert {rule[0] for rule in named} == {"r0 total", "r1 budget"}
