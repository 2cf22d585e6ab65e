"""Which campaign carries which product, how long stock lasts, what runs, and what floor the rules set."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from bidder.instrumentation import Metrics
from bidder.instrumentation.goods import LONGEST
from tests.builders import TODAY, a_budget, a_shop
from tests.instrumentation.worlds import (
    ADS,
    NOON,
    a_decision,
    a_floor,
    a_report,
    a_snapshot,
    facts,
    metrics,
    read,
    value,
)


def carried(m: Metrics) -> set[tuple[str, str]]:
    return {(dict(key)["campaign"], dict(key)["product"]) for key in read(m).get("bidder_campaign_info", {})}


def test_a_campaign_is_named_with_the_products_it_carries() -> None:
    m = metrics()
    m.budgets_read(ADS, a_snapshot().budgets)
    assert carried(m) == set(), "no product has series of its own yet"
    m.reported(ADS, a_report(("P1", "30"), ("P2", "20")), at=NOON)
    assert carried(m) == {("one", "P1"), ("two", "P1"), ("two", "P2")}


def test_a_product_behind_other_has_neither_campaign_nor_stock() -> None:
    m = metrics(top=1)
    m.reported(ADS, a_report(("P1", "30"), ("P2", "20")), at=NOON)
    m.budgets_read(ADS, a_snapshot().budgets)
    m.stock_covered({"P1": 3600.0, "P2": 7200.0})
    assert carried(m) == {("one", "P1"), ("two", "P1")}
    assert value(m, "bidder_product_stock_cover_seconds") == 3600


def test_a_product_of_very_many_campaigns_does_not_fill_the_exposition() -> None:
    m = metrics(top=2)
    m.reported(ADS, a_report(("P1", "30")), at=NOON)
    many = a_shop(*(a_budget(f"ads/{n:03}", now=float(n + 1), products=("P1",)) for n in range(90)), today=TODAY)
    m.budgets_read(ADS, many.budgets)
    assert carried(m) == {("089", "P1"), ("088", "P1"), ("087", "P1"), ("086", "P1")}


def test_stock_that_is_never_sold_lasts_a_year_and_one_that_is_not_known_is_not_shown() -> None:
    m = metrics()
    m.reported(ADS, a_report(("P1", "30"), ("P2", "20"), ("P3", "5")), at=NOON)
    m.stock_covered({"P1": float("inf"), "P2": 0.0})
    shown = {dict(key)["product"]: v for key, v in read(m)["bidder_product_stock_cover_seconds"].items()}
    assert shown == {"P1": LONGEST, "P2": 0}
    m.stock_covered({})
    assert value(m, "bidder_product_stock_cover_seconds") is None


def test_the_floor_of_an_account_is_the_lowest_that_its_budgets_have() -> None:
    m = metrics()
    m.planned(a_decision(), at=NOON)
    assert value(m, "bidder_roas_floor_ratio") is None
    m.planned(a_decision(rules=(a_floor(2.5), a_floor(1.5, "lower"))), at=NOON)
    assert value(m, "bidder_roas_floor_ratio", account="ads") == 2.5
    m.planned(a_decision(rules=(replace(a_floor(2.5), enabled=False),)), at=NOON)
    assert value(m, "bidder_roas_floor_ratio") is None


def test_an_activity_runs_from_its_first_hour_to_its_last() -> None:
    m = metrics(promotions=("双11", "国庆"))
    assert value(m, "bidder_promotion_active", promotion="双11") == 0
    m.promotions(["双11"])
    assert value(m, "bidder_promotion_active", promotion="双11") == 1
    assert value(m, "bidder_promotion_active", promotion="国庆") == 0
    m.config_loaded(replace(facts(), promotions=("国庆",)), NOON)
    assert value(m, "bidder_promotion_active", promotion="双11") is None


def test_an_account_that_was_taken_out_carries_nothing() -> None:
    m = metrics(accounts=("ads", "more"))
    m.reported(ADS, a_report(("P1", "30"), ("P2", "20")), at=NOON)
    m.budgets_read(ADS, a_snapshot().budgets)
    m.config_loaded(facts(accounts=("more",)), NOON + timedelta(hours=1))
    assert carried(m) == set()


def test_whoever_asks_for_openmetrics_sees_by_which_plan_a_counter_moved() -> None:
    m, decision = metrics(), a_decision()
    m.planned(decision, at=NOON)
    text = m.exposition("application/openmetrics-text; version=1.0.0")[0].decode()
    seen = {
        family.name: {sample.exemplar.labels["plan"] for sample in family.samples if sample.exemplar}
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # the client has no annotation here
    }
    plan = {str(decision.plan.id)}
    assert {name for name, plans in seen.items() if plans} == {"bidder_plans", "bidder_solver_duration_seconds"}
    assert seen["bidder_plans"] == seen["bidder_solver_duration_seconds"] == plan
    assert str(decision.plan.id) not in m.exposition()[0].decode()
