"""Each word, written in YAML, is seen in a plan: the plan without it does otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache

import pytest

from bidder.catalog import Mode, Product
from bidder.config.marks import read_yaml
from bidder.config.rules import rules_of
from bidder.decide import Policy, decide
from bidder.errors import Fault
from bidder.ids import ProductId
from bidder.rules.base import Rule
from bidder.rules.words import WORDS
from bidder.snapshot import Snapshot
from tests.builders import a_budget, a_shop, yuan
from tests.rules.test_more_words import activity, with_sales

NORMATIVE = (
    *("total", "tacos", "share", "budget", "step", "roas", "marginal_roas", "cpa", "margin", "stock", "cash"),
    *("hot_list", "learning", "launch", "pin", "exclude", "explore", "holdout"),
)
NOW = {"ads/a": 100.0, "ads/b": 200.0, "ads/c": 50.0, "ads/d": 150.0, "ads/new": 40.0}
Amounts = Mapping[str, float]


@cache
def shop() -> Snapshot:
    """Search a (a hero that sells well) and b, feed c and d (which earn little), and a budget of three days."""
    goods = [("P1", 0.6, 4000, "hero"), ("P2", 0.5, 4000, ""), ("P3", 0.4, 60, ""), ("P4", 0.12, 4000, "")]
    products = [
        Product(ProductId(name), price=yuan(100), margin=margin, stock=stock, tags=frozenset(tag.split()))
        for name, margin, stock, tag in (*goods, ("P9", 0.6, 4000, "new"))
    ]
    seen = a_shop(
        a_budget("ads/a", now=100.0, channel="search", products=("P1",), cvr=0.09, minimum=10.0),
        a_budget("ads/b", now=200.0, channel="search", products=("P2",), cvr=0.05, minimum=10.0),
        a_budget("ads/c", now=50.0, channel="feed", products=("P3",), cvr=0.06, minimum=10.0),
        a_budget("ads/d", now=150.0, channel="feed", products=("P4",), cvr=0.04, minimum=10.0),
        a_budget("ads/new", now=40.0, channel="site", products=("P9",), cvr=0.05, days=3, minimum=10.0),
        today=date(2026, 3, 12),
        products=tuple(products),
    )
    seen = replace(seen, accounts=tuple(replace(one, mode=Mode.APPLY) for one in seen.accounts))
    return with_sales(seen, activity(seen, 3_000.0))


def written(text: str) -> tuple[Rule, ...]:
    faults: list[Fault] = []
    rules = rules_of(read_yaml(text, "rules.yaml"), faults)
    assert faults == []
    return tuple(rules)


@cache
def planned(text: str) -> Amounts:
    policy = Policy(written(f"- {{name: day, total: {{max: 700}}}}\n{text}"))
    plan = decide(shop(), policy).plan
    return {str(change.budget): change.after.to_float() for change in plan.changes}


def part(amounts: Amounts, *names: str) -> float:
    return sum(amounts[f"ads/{name}"] for name in names) / sum(amounts.values())


def moves(amounts: Amounts) -> list[float]:
    return [abs(amounts[name] / now - 1) for name, now in NOW.items()]


@dataclass(frozen=True)
class Effect:
    """What holds in a plan with the rule, and not in the one without it."""

    rule: str
    holds: Callable[[Amounts], bool]
    unlike: Callable[[Amounts, Amounts], bool] = field(default=lambda _, __: True)


EFFECTS: dict[str, Effect] = {
    "total": Effect("total: {max: 240}, where: {channel: search}", lambda x: x["ads/a"] + x["ads/b"] <= 240),
    "tacos": Effect("tacos: {max: 15%}", lambda x: sum(x.values()) <= 450),
    "share": Effect("share: {max: 22%}, where: {channel: feed}", lambda x: part(x, "c", "d") <= 0.2201),
    "budget": Effect("budget: {max: 90}, where: {tag: hero}", lambda x: x["ads/a"] <= 90),
    "step": Effect("step: {raise: 4%, cut: 4%}", lambda x: max(moves(x)) <= 0.0401),
    "roas": Effect("roas: {min: 6}, where: {channel: feed}", lambda x: x["ads/c"] < 60),
    "marginal_roas": Effect("marginal_roas: {min: 3}, where: {channel: search}", lambda x: x["ads/b"] < 250),
    "cpa": Effect("cpa: {max: 15}, where: {channel: search}", lambda x: x["ads/b"] < 190),
    "margin": Effect("margin: {min: 15%}", lambda x: x["ads/d"] <= 20),
    "stock": Effect("stock: {cover: 30d}", lambda x: x["ads/c"] <= 0.71 * 50),
    "cash": Effect("cash: {max: 6000, days: 15d}", lambda x: sum(x.values()) <= 430),
    "hot_list": Effect("hot_list: {size: 1, heroes: 1, others: minimum}", lambda x: x["ads/b"] <= 0.61 * 200),
    "learning": Effect("learning: {raise: 3%, cut: 0%}", lambda x: 40 <= x["ads/new"] <= 41.2),
    "launch": Effect("launch: {max: 900, day: 80}, where: {tag: new}", lambda x: x["ads/new"] >= 80),
    "pin": Effect("pin: {at: now}, where: {tag: hero}", lambda x: x["ads/a"] == 100),
    "exclude": Effect(
        "exclude: {from: 2026-03-05, to: 2026-03-11}, where: {budget: ads/new}",
        lambda _: True,
        unlike=lambda x, y: x["ads/new"] != y["ads/new"],
    ),
    "explore": Effect(
        "explore: {part: 10%, budgets: 1, min: 160}, where: {budget: ads/d}", lambda x: x["ads/d"] >= 160
    ),
    "holdout": Effect("holdout: {share: 50%}", lambda x: sum(move == 0 for move in moves(x)) >= 2),
}


def test_the_words_are_those_that_were_promised() -> None:
    assert set(WORDS) == set(NORMATIVE) == set(EFFECTS)


@pytest.mark.parametrize("word", NORMATIVE)
def test_a_word_is_seen_in_the_plan(word: str) -> None:
    effect = EFFECTS[word]
    with_it = planned(f"- {{name: the rule, {effect.rule}}}\n")
    without = planned("")
    assert effect.holds(with_it)
    assert effect.unlike(with_it, without)
    if word != "exclude":
        assert not effect.holds(without)


@pytest.mark.parametrize("word", NORMATIVE)
def test_a_word_that_is_switched_off_or_has_no_such_day_does_nothing(word: str) -> None:
    effect = EFFECTS[word]
    off = planned(f"- {{name: the rule, {effect.rule}, enabled: false}}\n")
    assert off == planned("")
