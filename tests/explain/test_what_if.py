"""What-if, the worth of the total, the cost of rules: a question is answered beside the plan without it."""

from __future__ import annotations

import json

import pytest

from bidder.catalog import BudgetStatus
from bidder.decide import LEFT_ALONE, Decision, Policy, decide
from bidder.errors import ConfigError, Source
from bidder.explain.costs import costs_of, rule_of
from bidder.explain.document import PlanDocument
from bidder.explain.plan import document
from bidder.explain.reason import total_limit
from bidder.explain.what_if import beside, changed_policy
from bidder.guard import GuardSettings
from bidder.limits import Bounds
from bidder.optimizer.objective import Objective
from bidder.rules.base import Rule
from bidder.rules.words import WORDS
from tests.builders import a_budget, a_shop


def a_rule(name: str, word: str, line: int, **facts: object) -> Rule:
    return Rule(name, WORDS[word].model_validate(facts), Source("rules.yaml", line, 3))


SHOP = a_shop(
    a_budget("ads/good", now=100, cvr=0.06, aov=80),
    a_budget("ads/fair", now=100, cvr=0.03, aov=80),
    a_budget("ads/poor", now=100, cvr=0.015, aov=80),
)
POLICY = Policy(
    (a_rule("cap", "total", 1, max="300"), a_rule("gentle", "step", 4, max="10%", cooldown="1d")),
    guard=GuardSettings(check_history=False),
)


@pytest.fixture(scope="module")
def base() -> Decision:
    return decide(SHOP, POLICY)


def asked(base: Decision, *questions: str) -> Decision:
    return decide(SHOP, changed_policy(base, questions))


def amounts(decision: Decision) -> dict[str, float]:
    return {str(one.budget): one.after.to_float() for one in decision.plan.changes}


@pytest.mark.parametrize(
    ("question", "total"), [("total=+20%", 360), ("total=-10%", 270), ("total=1500", 1500), ("total=+25", 325)]
)
def test_another_total_takes_the_place_of_the_cap(base: Decision, question: str, total: float) -> None:
    cap = total_limit(asked(base, question))
    assert cap is not None
    assert cap.bound == pytest.approx(total)


def test_a_rule_that_is_off_holds_nothing(base: Decision) -> None:
    free = asked(base, "rule gentle=off")
    assert amounts(base)["ads/good"] == pytest.approx(110)
    assert amounts(free)["ads/good"] == pytest.approx(130)  # the default step stands where no rule does
    both = asked(base, "rule gentle=off", "rule default step=off")
    assert amounts(both)["ads/good"] > 131
    again = decide(SHOP, changed_policy(both, ["rule gentle=on", "rule default step=on"]))
    assert amounts(again)["ads/good"] == pytest.approx(110)


def test_a_pin_stands_whatever_the_steps_say(base: Decision) -> None:
    pinned = asked(base, "pin ads/poor=55", "total=+10%")
    assert amounts(pinned)["ads/poor"] == 55
    assert amounts(asked(base, "pin good=+50%"))["ads/good"] == 150


def test_another_objective(base: Decision) -> None:
    assert changed_policy(base, ["objective=orders"]).objective is Objective.ORDERS


def test_every_question_has_its_own_plan_id(base: Decision) -> None:
    """Two policies that lead to the same amounts are still two plans."""
    ids = {asked(base, question).plan.id for question in ("total=300", "total=300.00", "objective=profit")}
    assert len(ids | {base.plan.id}) == 4


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("weather=good", "total=+20%"),
        ("total", "total=+20%"),
        ("total=much", "an amount such as 1500"),
        ("total=-100%", "more than 0"),
        ("objective=fame", "profit, revenue, orders"),
        ("rule gentel=off", "did you mean gentle"),
        ("rule gentle=maybe", "on or off"),
        ("pin ads/god=10", "ads/good"),
        ("pin =10", "total=+20%"),
    ],
)
def test_what_cannot_be_asked_is_said(base: Decision, question: str, says: str) -> None:
    with pytest.raises(ConfigError, match="--what-if") as caught:
        changed_policy(base, [question])
    assert says in str(caught.value)


def test_all_faults_of_a_question_at_once(base: Decision) -> None:
    with pytest.raises(ConfigError) as caught:
        changed_policy(base, ["total=x", "rule y=off", "pin z=1"])
    assert len(caught.value.faults) == 3


def test_beside_says_what_changes_and_only_that(base: Decision) -> None:
    richer = asked(base, "total=+20%", "rule gentle=off")
    found = beside(richer, base, ["total=+20%", "rule gentle=off"])
    assert found.asked == ["total=+20%", "rule gentle=off"]
    assert found.without == base.plan.id
    assert found.total == "300.00"
    assert float(found.profit) > 0
    difference = sum(float(line.difference) for line in found.budgets)
    assert float(found.planned) == pytest.approx(difference, abs=0.02)
    assert beside(base, base, ["objective=profit"]).budgets == []
    sizes = [abs(float(line.difference)) for line in found.budgets]
    assert sizes == sorted(sizes, reverse=True)


def test_the_document_carries_it_and_stays_the_same_bytes(base: Decision) -> None:
    richer = asked(base, "total=+20%")
    texts = {document(richer, without=base, asked=["total=+20%"]).model_dump_json() for _ in range(2)}
    assert len(texts) == 1
    shown = json.loads(texts.pop())
    assert shown["what_if"]["asked"] == ["total=+20%"]
    assert PlanDocument.model_validate(shown).what_if is not None
    assert document(base).what_if is None


def test_the_worth_of_the_total_is_measured_on_both_sides() -> None:
    """A total that holds, and no step that does: the slope lies between what less costs and what more earns."""
    wide = Policy(
        (a_rule("cap", "total", 1, max="250"), a_rule("free", "step", 2, max="100%")),
        guard=GuardSettings(check_history=False),
    )
    calm_free = decide(
        SHOP,
        Policy(wide.rules, guard=wide.guard, allocate=wide.allocate.model_copy(update={"calm": 0.0, "doubt": 0.0})),
    )
    sharp = costs_of(calm_free)
    assert sharp.up is not None
    assert sharp.down is not None
    slope = calm_free.allocation.value_of_total
    assert sharp.up * 0.98 <= slope <= sharp.down * 1.02


def test_a_total_that_does_not_hold_earns_nothing() -> None:
    loose = Policy((a_rule("cap", "total", 1, max="3000"), a_rule("gentle", "step", 4, max="10%")))
    found = costs_of(decide(SHOP, loose))
    assert found.up == 0.0
    assert found.down == 0.0


def test_without_a_total_there_is_no_worth_of_it() -> None:
    found = costs_of(decide(SHOP, Policy((a_rule("gentle", "step", 4, max="10%"),))))
    assert found.up is None
    assert found.down is None


def test_a_rule_costs_what_the_plan_gains_without_all_that_came_from_it(base: Decision) -> None:
    cost = costs_of(base).rules["gentle", "rules.yaml:4:3"]
    assert cost > 0
    lines = [line for line in document(base).limits if line.rule == "gentle"]
    assert [line.cost_per_day for line in lines if line.binding] == [f"{cost:.2f}"]
    cooled = a_shop(a_budget("ads/good", now=100, cvr=0.06, aov=80), a_budget("ads/poor", now=100, cvr=0.015, aov=80))
    cooled.changed[cooled.budgets[0].id] = cooled.today  # type: ignore[index]  # a dict, as build makes it
    decision = decide(cooled, POLICY)
    rules = {rule_of(one) for one in decision.limits.bounds if one.rule.startswith("gentle")}
    assert rules == {("gentle", "rules.yaml:4:3")}  # step and cooldown are one rule
    assert ("gentle", "rules.yaml:4:3") in costs_of(decision).rules


def test_the_default_step_is_a_rule_with_a_cost_of_its_own() -> None:
    decision = decide(SHOP, Policy((a_rule("cap", "total", 1, max="300"),)))
    assert costs_of(decision).rules["default step", None] > 0


def test_what_nobody_wrote_and_the_caps_are_not_priced_as_rules(base: Decision) -> None:
    names = {name for name, _ in costs_of(base).rules}
    assert not names & {LEFT_ALONE, "cap", "platform"}


def test_a_paused_budget_does_not_hide_the_total() -> None:
    shop = a_shop(
        a_budget("ads/a", now=100), a_budget("ads/b", now=100), a_budget("ads/off", status=BudgetStatus.PAUSED)
    )
    decision = decide(shop, Policy((a_rule("cap", "total", 1, max="210"),)))
    assert document(decision).total == "210.00"


def test_rules_are_told_apart_by_name_and_place() -> None:
    one = Bounds.open("gentle (steered by a target)", 1, 30, None)
    other = Bounds.open("gentle", 1, 30, Source("rules.yaml", 9, 1))
    assert rule_of(one) == ("gentle", None)
    assert rule_of(other) == ("gentle", "rules.yaml:9:1")


@pytest.mark.parametrize(
    "question",
    ["total=1e400", "total=99999999999999999999", "total=+1e20%", "pin ads/good=1e300", "pin ads/good=+1e20%"],
)
def test_an_amount_that_nobody_spends_is_a_slip_and_said(base: Decision, question: str) -> None:
    with pytest.raises(ConfigError, match="expected at most"):
        asked(base, question)
