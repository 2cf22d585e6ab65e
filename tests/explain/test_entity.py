"""`bidder explain`: the chain from counts to price adds up, in JSON and in words."""

from __future__ import annotations

import json

import pytest

from bidder.catalog import Product
from bidder.decide import Decision, Policy, decide
from bidder.errors import ConfigError, Source
from bidder.explain.entity import entity_document
from bidder.explain.entity_text import entity_text
from bidder.guard import GuardSettings
from bidder.ids import ProductId
from bidder.rules.base import Rule
from bidder.rules.total import Total
from tests.builders import a_budget, a_shop


@pytest.fixture(scope="module")
def decision() -> Decision:
    shop = a_shop(
        a_budget("ads/tea", now=100, cvr=0.06, products=("P1",)),
        a_budget("feed/tea", now=80, cvr=0.02, products=("P1",)),
        a_budget("ads/pot", now=60, cvr=0.03, products=("P2",)),
        products=(
            Product(ProductId("P1"), "Green tea"),
            Product(ProductId("P2"), "Pot"),
            Product(ProductId("P3"), "Cup"),
        ),
    )
    rule = Rule("cap", Total.model_validate({"max": "250"}), Source("--total"))
    return decide(shop, Policy((rule,), guard=GuardSettings(check_history=False)))


def test_counts_lead_to_rates_and_the_curve_to_the_forecast(decision: Decision) -> None:
    one = entity_document(decision, "ads/tea")["budgets"][0]
    counts, rates = one["counts"], {rate["rate"]: rate for rate in one["rates"]}
    assert counts["days_reported"] == 28
    assert rates["cvr"]["raw_28"] == pytest.approx(counts["orders"] / counts["clicks"], rel=1e-4)
    assert rates["roas"]["raw_28"] == pytest.approx(counts["revenue"] / counts["spend"], rel=1e-4)
    assert rates["cvr"]["low"] < rates["cvr"]["believed"] < rates["cvr"]["high"]
    planned = next(point for point in one["curve"] if point["at"] in ("planned", "now, planned"))
    assert planned["amount"] == pytest.approx(float(one["planned"]))
    assert planned["orders"] == pytest.approx(one["expected"]["orders"], rel=1e-6)
    assert planned["profit"] == pytest.approx(one["expected"]["profit"], rel=1e-6)
    amounts = [point["amount"] for point in one["curve"]]
    assert amounts == sorted(amounts)
    json.dumps(one, allow_nan=False)


@pytest.mark.parametrize("name", ["P1", "Green tea"])
def test_a_product_is_all_its_budgets(decision: Decision, name: str) -> None:
    assert [one["id"] for one in entity_document(decision, name)["budgets"]] == ["ads/tea", "feed/tea"]


def test_a_native_id_may_mean_budgets_of_several_accounts(decision: Decision) -> None:
    assert len(entity_document(decision, "tea")["budgets"]) == 2


@pytest.mark.parametrize(("typed", "says"), [("ads/te", "ads/tea"), ("Geen tea", "Green tea"), ("Cup", "no budget")])
def test_what_is_not_there_is_said_with_the_nearest_name(decision: Decision, typed: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        entity_document(decision, typed)


def test_the_text_shows_every_link_of_the_chain(decision: Decision) -> None:
    text = entity_text(entity_document(decision, "ads/tea"), ["a note"])
    for word in (
        "a note",
        "counts",
        "rates",
        "believed",
        "value",
        "expects",
        "curve",
        "← now",
        "planned",
        "rules",
        "price",
    ):
        assert word in text
    bars = [line.count("█") for line in text.splitlines() if "█" in line]
    assert max(bars) == 28


def test_a_budget_without_a_past_is_explained_too() -> None:
    shop = a_shop(a_budget("ads/old", now=100), a_budget("ads/new", now=50, days=0))
    shown = entity_document(decide(shop, Policy(())), "ads/new")
    assert shown["budgets"][0]["counts"]["spend"] is None
    assert "nothing" in entity_text(shown)
    json.dumps(shown, allow_nan=False)
