"""What happened shows in the families that say so, and in no other."""

from __future__ import annotations

import gzip
import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bidder.catalog import Account, BudgetStatus, Mode
from bidder.explain.costs import printed_costs
from bidder.explain.plan import document as plan_document
from bidder.ids import AccountId
from bidder.instrumentation import Metrics
from bidder.instrumentation.decisions import hold_reason
from bidder.money import currency_of
from bidder.plan import Applied, Held, Outcome, Refused, State, Unresolved
from bidder.reports import Reports
from tests.builders import TODAY, a_budget, a_shop, an_observation, yuan
from tests.instrumentation.worlds import (
    ADS,
    NOON,
    a_decision,
    a_report,
    a_snapshot,
    budget,
    facts,
    metrics,
    read,
    value,
)


class TestPerformance:
    def test_the_days_total_is_a_gauge_and_its_growth_a_counter(self) -> None:
        m = metrics()
        m.reported(ADS, a_report(("P1", "40")), at=NOON)
        m.reported(ADS, a_report(("P1", "55")), at=NOON)
        assert value(m, "bidder_day_spend") == 55
        assert value(m, "bidder_spend_total") == 15
        assert value(m, "bidder_day_start_timestamp_seconds") == NOON.replace(hour=0).timestamp()

    def test_a_remembered_day_goes_on_after_a_restart(self) -> None:
        m = metrics()
        m.remembered(ADS, a_report(("P1", "40")))
        m.reported(ADS, a_report(("P1", "55")), at=NOON)
        assert value(m, "bidder_spend_total") == 15

    def test_a_restatement_counts_once_and_moves_no_counter(self) -> None:
        m = metrics()
        for spend in ("40", "30"):
            m.reported(ADS, a_report(("P1", spend)), at=NOON)
        assert value(m, "bidder_restatements_total") == 1
        assert value(m, "bidder_spend_total") == 0
        assert value(m, "bidder_day_spend") == 30

    def test_rows_of_other_accounts_are_not_counted(self) -> None:
        m = metrics(accounts=("ads", "more"))
        both = Reports.of([an_observation("ads/c1", spend="7"), an_observation("more/c1", spend="9")])
        m.reported(ADS, both, at=NOON)
        assert value(m, "bidder_day_spend", account="ads") == 7
        assert value(m, "bidder_day_spend", account="more") is None

    def test_money_is_shown_in_the_shops_currency_or_not_at_all(self) -> None:
        usd = currency_of("USD")
        account = Account(ADS, "sandbox", usd, "UTC", Mode.APPLY)
        dollars = Reports.of([an_observation(spend="10", revenue=None, currency=usd)])
        without = Metrics(replace(facts(), accounts=(account,)), NOON)
        rated = Metrics(replace(facts(), accounts=(account,), exchange={usd: 7.25}), NOON)
        for m in (without, rated):
            m.reported(ADS, dollars, at=NOON)
        assert value(without, "bidder_day_spend") is None
        assert value(rated, "bidder_day_spend") == 72.5

    def test_pace_is_spend_over_what_the_plan_expects_by_now(self) -> None:
        m = metrics()
        m.planned(a_decision(), at=NOON)  # 170 a day
        m.reported(ADS, a_report(("P1", "17")), at=NOON, share_of_day=0.2)
        assert value(m, "bidder_expected_day_spend") == pytest.approx(34)
        assert value(m, "bidder_pacing_ratio") == pytest.approx(0.5)
        m.reported(ADS, a_report(("P1", "17")), at=NOON)
        assert value(m, "bidder_expected_day_spend") == pytest.approx(85)  # at noon, by the clock

    def test_early_in_the_day_the_pace_is_noise_and_absent(self) -> None:
        m = metrics()
        m.planned(a_decision(), at=NOON)
        m.reported(ADS, a_report(("P1", "17")), at=NOON, share_of_day=0.5)
        m.reported(ADS, a_report(("P1", "17")), at=NOON, share_of_day=0.001)
        assert value(m, "bidder_pacing_ratio") is None

    def test_a_day_is_paced_by_its_own_plan_and_not_by_tomorrows(self) -> None:
        m = metrics()
        tomorrow = TODAY + timedelta(days=1)
        m.planned(a_decision(), at=NOON)
        shop = a_shop(a_budget("ads/one", now=100), a_budget("ads/two", now=50), today=tomorrow)
        m.planned(a_decision(snapshot=shop, one="500"), at=NOON)
        m.reported(ADS, a_report(("P1", "17")), at=NOON, share_of_day=1.0)
        assert value(m, "bidder_budget_planned") == 550
        assert value(m, "bidder_expected_day_spend") == 170

    def test_a_scrape_never_sees_half_of_a_swap(self) -> None:
        m = metrics()
        days = [date(2026, 3, 1 + i) for i in range(20)]
        stop = threading.Event()
        torn: list[tuple[float | None, float | None]] = []

        def scrape() -> None:
            while not stop.is_set():
                samples = read(m)
                spend = next(iter(samples.get("bidder_day_spend", {}).values()), None)
                start = next(iter(samples.get("bidder_day_start_timestamp_seconds", {}).values()), None)
                if spend is not None and start is not None:
                    day = (start - NOON.timestamp()) // 86400 + 3
                    if spend != day:
                        torn.append((spend, day))

        reader = threading.Thread(target=scrape)
        reader.start()
        for number, day in enumerate(days, start=1):
            m.reported(ADS, a_report(("P1", str(number)), day=day), at=NOON)
        stop.set()
        reader.join()
        assert not torn


class TestProducts:
    def test_products_beyond_the_top_are_folded_and_the_sums_agree(self) -> None:
        m = metrics(top=2)
        read(m)
        m.reported(ADS, a_report(("P1", "30"), ("P2", "20"), ("P3", "5"), ("P4", "1")), at=NOON)
        read(m)
        m.reported(ADS, a_report(("P1", "33"), ("P2", "24"), ("P3", "10"), ("P4", "7")), at=NOON)
        spend = {dict(key)["product"]: v for key, v in read(m)["bidder_product_spend_total"].items()}
        assert spend == {"P1": 3, "P2": 4, "other": 11}
        assert sum(spend.values()) == value(m, "bidder_spend_total")
        assert value(m, "bidder_metrics_folded_products") == 2

    def test_a_product_that_enters_is_seen_at_zero_before_it_moves(self) -> None:
        m = metrics(top=1)
        m.reported(ADS, a_report(("P1", "30"), ("P2", "1")), at=NOON)
        read(m)
        m.reported(ADS, a_report(("P1", "30"), ("P2", "50")), at=NOON + timedelta(hours=2))
        assert value(m, "bidder_product_spend_total", product="P2") == 0
        assert value(m, "bidder_product_spend_total", product="other") == 49
        m.reported(ADS, a_report(("P1", "30"), ("P2", "53")), at=NOON + timedelta(hours=2))
        assert value(m, "bidder_product_spend_total", product="P2") == 3
        assert value(m, "bidder_product_spend_total", product="other") == 49

    def test_a_product_that_leaves_takes_its_series_along(self) -> None:
        m = metrics(top=1)
        m.reported(ADS, a_report(("P1", "30"), ("P2", "1")), at=NOON)
        later = a_report(("P1", "30"), ("P2", "80"), ("P3", "70"))
        for hours in (2, 27):
            m.reported(ADS, later, at=NOON + timedelta(hours=hours))
        samples = read(m)
        for family in ("bidder_product_spend_total", "bidder_product_info"):
            assert "P1" not in {dict(key)["product"] for key in samples[family]}
        assert value(m, "bidder_product_spend_total", product="P2") is not None

    def test_a_budget_counts_for_its_products_in_equal_parts(self) -> None:
        m = metrics()
        m.reported(ADS, a_report(("P1", "30"), ("P2", "20")), at=NOON)
        m.budgets_read(ADS, a_snapshot().budgets)
        assert value(m, "bidder_budget_current") == 150
        assert value(m, "bidder_product_budget_current", product="P1") == 125
        assert value(m, "bidder_product_budget_current", product="P2") == 25

    def test_ten_thousand_products_stay_within_the_series_that_are_allowed(self) -> None:
        m = metrics()
        rows = [(f"SKU-{number:05}", f"{number % 97 + 1}") for number in range(10_000)]
        m.reported(ADS, a_report(*rows), at=NOON)
        m.reported(ADS, a_report(*rows), at=NOON)
        series = value(m, "bidder_metrics_series")
        assert series is not None
        assert series <= 5_000
        assert series == sum(len(of) for of in read(m).values())
        assert value(m, "bidder_metrics_folded_products") == 9_950


class TestDeciding:
    def test_a_plan_shows_what_it_moves_and_what_its_rules_cost(self) -> None:
        m = metrics(day_limit=yuan(200))
        m.planned(a_decision(), at=NOON)
        assert value(m, "bidder_plans_total", trigger="schedule", result="accepted") == 1
        assert value(m, "bidder_plan_timestamp_seconds") == NOON.timestamp()
        assert value(m, "bidder_plan_changes") == 1
        assert value(m, "bidder_plan_moved_budget") == 10
        assert value(m, "bidder_plan_objective") == 90
        assert value(m, "bidder_plan_objective_baseline") == 84
        assert value(m, "bidder_unallocated_budget") == 30
        assert value(m, "bidder_rule_shadow_price", rule="gentle") == 1.5
        assert value(m, "bidder_rule_shadow_price", rule="asleep") == 0
        assert value(m, "bidder_rule_binding", rule="platform minimum") == 1
        assert value(m, "bidder_solver_variables") == 16
        assert value(m, "bidder_solver_duration_seconds_count", stage="solve") == 1
        assert value(m, "bidder_solver_runs_total", status="optimal") == 1

    def test_a_plan_held_as_a_whole_leaves_the_one_before_in_force(self) -> None:
        m = metrics()
        m.planned(a_decision(), at=NOON)
        m.planned(a_decision(Held("figures_fresh", "30 h old"), one="130"), at=NOON + timedelta(days=1))
        assert value(m, "bidder_plans_total", result="vetoed", trigger="schedule") == 1
        assert value(m, "bidder_plan_timestamp_seconds") == NOON.timestamp()
        assert value(m, "bidder_budget_planned") == 170
        assert value(m, "bidder_guard_vetoes_total", guard="figures_fresh") == 1
        assert value(m, "bidder_holds", reason="stale") == 1

    def test_a_held_line_does_not_hold_the_plan(self) -> None:
        m = metrics()
        m.planned(a_decision(Held("within_step", "40 % up", budget("one"))), at=NOON, unallocated=yuan(4))
        assert value(m, "bidder_plans_total", result="accepted", trigger="schedule") == 1
        assert value(m, "bidder_holds", reason="guard") == 1
        assert value(m, "bidder_unallocated_budget") == 4

    def test_a_plan_that_changes_nothing_is_a_plan(self) -> None:
        m = metrics()
        m.planned(a_decision(one="100"), at=NOON)
        assert value(m, "bidder_plans_total", result="unchanged", trigger="schedule") == 1
        assert value(m, "bidder_budget_applied") == 150  # read back as they should be
        assert value(m, "bidder_unallocated_budget") is None

    @pytest.mark.parametrize(
        ("status", "run", "result"),
        [("infeasible", "infeasible", "infeasible"), ("time_limit", "time_limit", "error"), ("?", "error", "error")],
    )
    def test_a_pass_without_a_plan_says_why(self, status: str, run: str, result: str) -> None:
        m = metrics()
        m.plan_failed(status, trigger="manual")
        assert value(m, "bidder_solver_runs_total", status=run) == 1
        assert value(m, "bidder_plans_total", trigger="manual", result=result) == 1

    def test_a_fallback_counts_as_feasible(self) -> None:
        m = metrics()
        m.planned(a_decision(status="fallback"), at=NOON)
        assert value(m, "bidder_solver_runs_total", status="feasible") == 1

    def test_the_month_is_held_against_the_time_that_has_passed(self) -> None:
        m = metrics(month=yuan(3100))
        m.month_spent(yuan(300), NOON)  # 1.5 of 31 days: 150 expected
        assert value(m, "bidder_month_budget_remaining") == 2800
        assert value(m, "bidder_month_pacing_ratio") == pytest.approx(2)
        assert value(m, "bidder_month_start_timestamp_seconds") == NOON.replace(day=1, hour=0).timestamp()
        m.month_spent(yuan(4000), NOON.replace(day=1, hour=0))
        assert value(m, "bidder_month_budget_remaining") == 0

    def test_without_a_months_budget_the_month_is_not_shown(self) -> None:
        m = metrics()
        m.month_spent(yuan(300), NOON)
        assert value(m, "bidder_month_spend") is None

    @pytest.mark.parametrize(
        ("check", "reason"),
        [("figures_fresh", "stale"), ("within_step", "guard"), ("tracking_break", "tracking"), ("clock_jump", "clock")],
    )
    def test_every_check_counts_under_a_reason(self, check: str, reason: str) -> None:
        assert hold_reason(check) == reason


class TestWriting:
    def test_every_outcome_has_its_counter(self) -> None:
        m = metrics()
        outcomes: list[Outcome | str] = [Applied(yuan(120)), Refused("no"), Unresolved("no answer"), "dry_run"]
        for outcome in outcomes:
            m.wrote(budget("one"), outcome, timedelta(seconds=0.2))
        for result in ("applied", "refused", "unresolved", "dry_run"):
            assert value(m, "bidder_writes_total", result=result) == 1
        assert value(m, "bidder_write_duration_seconds_count") == 4
        assert value(m, "bidder_budget_applied") == 120

    def test_nothing_sent_takes_no_time(self) -> None:
        m = metrics()
        m.wrote(budget("one"), "superseded")
        assert value(m, "bidder_write_duration_seconds_count") == 0

    def test_open_writes_show_how_many_and_since_when(self) -> None:
        m = metrics()
        m.unresolved(ADS, [NOON, NOON - timedelta(hours=1)])
        assert value(m, "bidder_writes_unresolved") == 2
        assert value(m, "bidder_write_unresolved_oldest_timestamp_seconds") == NOON.timestamp() - 3600
        m.unresolved(ADS, [])
        assert value(m, "bidder_write_unresolved_oldest_timestamp_seconds") == 0

    def test_paused_budgets_count_for_nothing(self) -> None:
        m = metrics()
        shop = a_shop(a_budget("ads/one", now=100), a_budget("ads/two", now=50, status=BudgetStatus.PAUSED))
        m.budgets_read(ADS, shop.budgets)
        assert value(m, "bidder_budget_current") == 100


class TestDaemon:
    def test_a_poll_shows_when_how_long_and_what_went_wrong(self) -> None:
        m = metrics()
        m.polled("ads", "performance", "ok", at=NOON, took=timedelta(seconds=2), data_at=NOON, quarantined=3)
        late = NOON + timedelta(hours=1)
        m.polled("ads", "performance", "error", at=late, took=timedelta(seconds=9), errors=["timeout", "weather"])
        m.polled("ads", "performance", "skipped", at=late, took=timedelta(), throttled=timedelta(seconds=4))
        of = {"source": "ads", "kind": "performance"}
        assert value(m, "bidder_poll_last_success_timestamp_seconds", **of) == NOON.timestamp()
        assert value(m, "bidder_poll_data_timestamp_seconds", **of) == NOON.timestamp()
        assert value(m, "bidder_poll_duration_seconds_count", **of) == 2
        assert value(m, "bidder_quarantined_rows_total", **of) == 3
        assert value(m, "bidder_poll_throttled_seconds_total") == 4
        for error in ("timeout", "other"):
            assert value(m, "bidder_poll_errors_total", error=error, **of) == 1
        for result in ("ok", "error", "skipped"):
            assert value(m, "bidder_polls_total", result=result, **of) == 1

    def test_one_state_at_a_time(self) -> None:
        m = metrics()
        m.state_changed(State.HALTED, NOON + timedelta(hours=1))
        states = {dict(key)["state"]: v for key, v in read(m)["bidder_state"].items()}
        assert states == {"ACTIVE": 0, "REDUCING": 0, "HALTED": 1}
        assert value(m, "bidder_state_changed_timestamp_seconds") == NOON.timestamp() + 3600

    def test_a_refused_reload_leaves_the_old_in_force(self) -> None:
        m = metrics()
        m.config_refused()
        assert value(m, "bidder_config_last_reload_successful") == 0
        assert value(m, "bidder_config_last_reload_success_timestamp_seconds") == NOON.timestamp()
        m.config_loaded(facts(), NOON + timedelta(hours=1))
        assert value(m, "bidder_config_last_reload_successful") == 1
        assert {dict(k)["result"]: v for k, v in read(m)["bidder_config_reloads_total"].items()} == {
            "ok": 1,
            "error": 1,
        }

    def test_a_reload_takes_away_what_is_no_longer_configured_and_keeps_the_counters(self) -> None:
        m = metrics(accounts=("ads", "more"))
        m.wrote(budget("one"), Refused("no"))
        m.planned(a_decision(), at=NOON)
        m.config_loaded(replace(facts(), rules=()), NOON)
        assert '="more"' not in m.exposition()[0].decode()
        assert value(m, "bidder_rule_shadow_price", rule="asleep") is None
        assert value(m, "bidder_writes_total", account="ads", result="refused") == 1

    def test_what_happens_to_an_account_that_was_taken_out_is_not_shown(self) -> None:
        m = metrics(accounts=("more",))
        m.remembered(ADS, a_report(("P1", "40")))
        m.reported(ADS, a_report(("P1", "55")), at=NOON)
        m.budgets_read(ADS, a_snapshot().budgets)
        m.planned(a_decision(), at=NOON)
        m.wrote(budget("one"), Applied(yuan(120)))
        m.unresolved(ADS, [NOON])
        assert 'account="ads"' not in m.exposition()[0].decode()

    def test_observing_everywhere_is_a_dry_run(self) -> None:
        assert value(metrics(mode=Mode.OBSERVE), "bidder_dry_run") == 1
        assert value(metrics(mode=Mode.APPLY), "bidder_dry_run") == 0

    def test_a_failing_store_is_counted(self) -> None:
        m = metrics()
        m.store_failed("write")
        assert value(m, "bidder_store_errors_total", operation="write") == 1
        assert value(m, "bidder_store_errors_total", operation="read") == 0

    def test_two_daemons_in_one_process_do_not_share_figures(self) -> None:
        one, two = metrics(), metrics()
        one.store_failed("read")
        assert value(two, "bidder_store_errors_total", operation="read") == 0

    def test_a_limit_of_an_account_is_its_own_or_the_shops(self) -> None:
        own = facts(day_limit=yuan(200), accounts=("ads", "more"))
        limited = replace(own, account_limits={AccountId("ads"): yuan(80)})
        m = Metrics(limited, NOON)
        assert value(m, "bidder_budget_day_limit", account="ads") == 80
        assert value(m, "bidder_budget_day_limit", account="more") == 200
        assert value(metrics(), "bidder_shop_budget_day_limit") == float("inf")


def test_the_scrape_answers_in_the_format_that_was_asked_for() -> None:
    m = metrics()
    plain, plain_type = m.exposition()
    assert plain_type.startswith("text/plain; version=0.0.4")
    open_metrics, open_type = m.exposition("application/openmetrics-text; version=1.0.0, text/plain;q=0.5")
    assert open_type.startswith("application/openmetrics-text; version=1.0.0")
    assert open_metrics.endswith(b"# EOF\n")
    assert len(gzip.compress(plain)) < len(plain) / 4


def test_messages_are_counted_by_receiver_and_only_those_that_there_are() -> None:
    m = metrics(channels=("json-1",))
    assert read(m)["bidder_notifications_total"] == {
        (("channel", "json-1"), ("result", result)): 0.0 for result in ("ok", "error", "suppressed")
    }
    m.notified("json-1", "ok")
    m.notified("json-9", "ok")
    assert sum(read(m)["bidder_notifications_total"].values()) == 1.0
    m.config_loaded(facts(), NOON)
    assert "bidder_notifications_total" not in read(m)


class TestRulesCost:
    def test_what_binding_rules_cost_is_shown_and_the_others_cost_nothing(self) -> None:
        m = metrics()
        m.rules_cost({"gentle": 12.5})
        assert value(m, "bidder_rule_cost", rule="gentle") == 12.5
        assert value(m, "bidder_rule_cost", rule="asleep") == 0
        m.rules_cost({})
        assert value(m, "bidder_rule_cost", rule="gentle") == 0

    def test_the_figures_are_those_of_the_plan(self) -> None:
        decision = a_decision()
        document = plan_document(decision).model_dump(mode="json")
        costs = printed_costs(document)
        for line in document["limits"]:
            if line["binding"] and line["cost_per_day"] not in (None, "0"):
                assert costs[line["rule"]] >= float(line["cost_per_day"])
        assert set(costs) <= {line["rule"] for line in document["limits"]}
