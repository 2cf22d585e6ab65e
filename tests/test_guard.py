"""The brake: each check holds a plan that no other check would, and what may go on is let go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.catalog import BudgetStatus, Mode
from bidder.errors import UnsafePlan
from bidder.guard import CHECKS, GuardSettings, guard, self_test
from bidder.guard.case import exact
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.limits import Bounds, Limit, Limits, Priority, Quantity, Sense
from bidder.money import Money, currency_of
from bidder.plan import Change, Held, Plan
from bidder.snapshot import Snapshot
from tests.builders import CNY, TODAY, a_budget, a_shop, yuan

SETTINGS = GuardSettings()
USD = currency_of("USD")


@dataclass
class Case:
    """A safe plan for two budgets of 100 under a cap of 300; a test changes one thing."""

    shop: Snapshot = field(default_factory=lambda: _writes(a_shop(a_budget("ads/a"), a_budget("ads/b", cvr=0.05))))
    after: dict[str, Money] = field(default_factory=lambda: {"ads/a": yuan(110), "ads/b": yuan(100)})
    cap: float = 300.0
    bounds: list[Bounds] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    settings: GuardSettings = SETTINGS
    changes: list[Change] | None = None

    def at(self, budget: str) -> int:
        return self.shop.position(BudgetId.parse(budget))

    def alter(self, budget: str, **facts: object) -> None:
        at = self.at(budget)
        budgets = list(self.shop.budgets)
        budgets[at] = replace(budgets[at], **facts)  # type: ignore[arg-type]  # facts of a test
        self.shop = replace(self.shop, budgets=tuple(budgets))

    def column(self, open_: float, **amounts: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        result = np.full(len(self.shop.budgets), open_)
        for name, amount in amounts.items():
            result[self.at(f"ads/{name}")] = amount
        return result

    def capped(self, bound: float, priority: int = Priority.ABSOLUTE) -> Limit:
        weights = np.ones(len(self.shop.budgets))
        return Limit("cap", Quantity.AMOUNT, weights, Sense.AT_MOST, bound, priority)

    def held(self) -> tuple[Held, ...]:
        changes = self.changes or [Change(b.id, b.now, self.after[str(b.id)]) for b in self.shop.budgets]
        plan = Plan(PlanId("p"), CNY, tuple(changes))
        caps = [self.capped(self.cap)] if self.cap else []
        limits = Limits(len(self.shop.budgets), tuple(self.bounds), (*caps, *self.limits))
        return guard(plan, limits, self.shop, self.settings)

    def checks(self) -> set[str]:
        return {one.check for one in self.held()}


def _writes(shop: Snapshot, mode: Mode = Mode.APPLY) -> Snapshot:
    return replace(shop, accounts=tuple(replace(account, mode=mode) for account in shop.accounts))


def _breach_all_budgets_planned(case: Case) -> None:
    case.after["ads/a"] = yuan(100)
    case.changes = [Change(b.id, b.now, b.now or yuan(1)) for b in case.shop.budgets][:1]


def _breach_amounts_sound(case: Case) -> None:
    case.after["ads/a"] = yuan(0)
    case.settings = GuardSettings(cut=1.0, max_moved_share=1.0)
    case.bounds = [Bounds("stock", case.column(-np.inf), case.column(np.inf, a=0.0), Priority.STOCK)]


def _breach_limits_present(case: Case) -> None:
    case.cap = 0.0


def _breach_within_absolute_caps(case: Case) -> None:
    case.cap = 205.0


def _breach_within_owner_limits(case: Case) -> None:
    case.limits = [case.capped(205.0, Priority.OWNER_CAP)]


def _breach_not_too_much_moved(case: Case) -> None:
    case.after = {"ads/a": yuan(130), "ads/b": yuan(60)}
    case.settings = GuardSettings(max_moved_share=0.1)


def _breach_rates_known(case: Case) -> None:
    case.shop = replace(case.shop, unpriced={AccountId("us"): "account us is in USD, the plan in CNY: no rate"})


def _breach_left_alone(case: Case) -> None:
    case.alter("ads/a", status=BudgetStatus.PAUSED)


def _breach_platform_takes_it(case: Case) -> None:
    case.alter("ads/a", step=yuan(20))


def _breach_units_plausible(case: Case) -> None:
    case.after["ads/a"] = yuan(301)
    case.cap = 1000.0
    case.settings = GuardSettings(raise_=9.0, max_moved_share=1.0)


def _breach_within_step(case: Case) -> None:
    case.after["ads/a"] = yuan("130.01")


def _breach_within_bounds(case: Case) -> None:
    case.bounds = [Bounds("owner", case.column(-np.inf), case.column(np.inf, a=105.0), Priority.OWNER_CAP)]


def _breach_figures_fresh(case: Case) -> None:
    case.shop = replace(case.shop, as_of=case.shop.as_of + timedelta(hours=21))


def _breach_history_sufficient(case: Case) -> None:
    case.shop = _writes(a_shop(a_budget("ads/a", days=6, cpc=10.0), a_budget("ads/b", days=6, cpc=10.0, cvr=0.05)))


BREACHES: dict[str, Callable[[Case], None]] = {
    name.removeprefix("_breach_"): breach for name, breach in list(globals().items()) if name.startswith("_breach_")
}


def test_a_plan_within_everything_is_let_go() -> None:
    assert Case().held() == ()


@pytest.mark.parametrize("check", [check.__name__ for check in CHECKS])
def test_each_check_holds_what_no_other_check_holds(check: str) -> None:
    case = Case()
    BREACHES[check](case)
    assert case.checks() == {check}


@pytest.mark.parametrize("check", [check.__name__ for check in CHECKS])
def test_every_hold_says_what_and_a_figure(check: str) -> None:
    case = Case()
    BREACHES[check](case)
    assert all(len(one.reason) > 10 for one in case.held())


def test_the_cap_is_exact_to_the_micro() -> None:
    case = Case(after={"ads/a": yuan("110.00"), "ads/b": yuan("100.00")}, cap=210.0)
    assert case.held() == ()
    case.after["ads/b"] = Money(100_000_001, CNY)
    assert "within_absolute_caps" in case.checks()


@given(
    a=st.integers(6_000, 13_000),
    b=st.integers(6_000, 13_000),
    cap=st.integers(10_000, 30_000),
)
@settings(deadline=None, max_examples=150)
def test_no_plan_that_raises_anything_passes_the_cap(a: int, b: int, cap: int) -> None:
    case = Case(after={"ads/a": Money(a * 10_000, CNY), "ads/b": Money(b * 10_000, CNY)}, cap=cap / 100)
    rises = a > 10_000 or b > 10_000
    assert ("within_absolute_caps" in case.checks()) == (rises and a + b > cap)


def test_a_plan_that_only_lowers_may_go_on_above_the_cap() -> None:
    case = Case(after={"ads/a": yuan(60), "ads/b": yuan(70)}, cap=100.0)
    assert case.held() == ()


def test_a_held_line_must_not_leave_the_rest_above_the_cap() -> None:
    """The raise of b is paid by a cut of a that is held: writing b alone would pass the cap."""
    case = Case(after={"ads/a": yuan(70), "ads/b": yuan(130)}, cap=200.0)
    case.shop = replace(case.shop, unresolved={BudgetId.parse("ads/a"): yuan(100)})
    assert case.checks() == {"left_alone", "within_absolute_caps"}


def test_lines_that_stay_and_lines_that_fall_need_no_room() -> None:
    case = Case(after={"ads/a": yuan(130), "ads/b": yuan(65)}, cap=195.0)
    case.alter("ads/a", step=yuan(40))  # the raise is held, the cut goes on: 165 of 195
    assert case.checks() == {"platform_takes_it"}
    case.after["ads/b"] = yuan("65.001")
    case.cap = 195.001
    assert case.checks() == {"platform_takes_it"}  # both stay: nothing is written, nothing rises


def test_an_account_that_is_only_observed_counts_with_what_stands_there() -> None:
    shop = a_shop(a_budget("ads/a"), a_budget("see/b", cvr=0.05))
    modes = {"ads": Mode.APPLY, "see": Mode.OBSERVE}
    shop = replace(shop, accounts=tuple(replace(a, mode=modes[a.id]) for a in shop.accounts))
    case = Case(shop=shop, after={"ads/a": yuan(130), "see/b": yuan(70)}, cap=200.0)
    assert case.checks() == {"within_absolute_caps"}
    case.shop = _writes(shop, Mode.OBSERVE)
    assert case.held() == ()


@pytest.mark.parametrize("factor", ["300.01", "1000", "10000"])
def test_a_jump_upward_is_a_unit_whatever_the_configuration_says(factor: str) -> None:
    case = Case(cap=1e6, settings=GuardSettings(raise_=10.0, max_moved_share=1.0))
    case.after["ads/a"] = yuan(factor)
    assert "units_plausible" in case.checks()


def test_a_fall_below_a_third_is_a_unit_unless_something_stops_the_budget() -> None:
    case = Case(settings=GuardSettings(cut=1.0))
    case.after = {"ads/a": yuan(33), "ads/b": yuan(100)}
    assert case.checks() == {"units_plausible"}
    case.bounds = [Bounds("stock", case.column(-np.inf), case.column(np.inf, a=33.0), Priority.STOCK)]
    assert case.held() == ()
    case.bounds = []
    case.cap = 150.0  # today's amounts pass it: money has to stop
    assert case.held() == ()


def test_the_platform_minimum_is_never_a_jump() -> None:
    case = Case(cap=1e4)
    case.alter("ads/a", now=yuan(5), minimum=yuan(30))
    case.after["ads/a"] = yuan(30)
    assert case.held() == ()


def test_the_step_of_a_rule_replaces_that_of_the_settings() -> None:
    case = Case(after={"ads/a": yuan(180), "ads/b": yuan(100)}, cap=1000.0)
    assert case.checks() == {"within_step"}
    case.bounds = [Bounds("wide", case.column(-np.inf, a=10.0), case.column(np.inf, a=200.0), Priority.STEP)]
    assert case.held() == ()
    case.bounds = [Bounds("narrow", case.column(-np.inf), case.column(np.inf, a=179.0), Priority.STEP)]
    assert case.checks() == {"within_step", "within_bounds"}


def test_a_target_driven_budget_moves_less() -> None:
    case = Case(after={"ads/a": yuan(125), "ads/b": yuan(100)})
    assert case.held() == ()
    case.alter("ads/a", target_driven=True)
    assert case.checks() == {"within_step"}


@pytest.mark.parametrize("why", ["owner", "floor elsewhere", "cap", "forced", "nothing"])
def test_a_cut_beyond_its_step_needs_something_that_forces_it(why: str) -> None:
    case = Case(after={"ads/a": yuan(50), "ads/b": yuan(100)}, cap=1000.0)
    stops = {
        "owner": Bounds("o", case.column(-np.inf), case.column(np.inf, a=50.0), Priority.OWNER_CAP),
        "forced": Bounds("f", case.column(-np.inf), case.column(np.inf, a=50.0), Priority.STEP + 5),
        "floor elsewhere": Bounds("m", case.column(-np.inf, b=140.0), case.column(np.inf), Priority.OWNER_CAP),
    }
    if why in stops:
        case.bounds = [stops[why]]
    if why == "cap":
        case.limits = [case.capped(150.0, Priority.OWNER_CAP)]
    assert case.checks() == ({"within_step"} if why == "nothing" else set())


def test_a_bound_of_lower_priority_that_clashes_is_not_asked() -> None:
    case = Case(cap=1000.0)
    case.bounds = [
        Bounds("owner", case.column(-np.inf, a=110.0), case.column(np.inf), Priority.OWNER_CAP),
        Bounds("wish", case.column(-np.inf), case.column(np.inf, a=90.0), Priority.WISH),
    ]
    assert case.held() == ()


def test_a_first_amount_below_its_bound_is_held() -> None:
    case = Case(cap=1000.0)
    case.alter("ads/a", now=None)
    case.bounds = [Bounds("owner", case.column(-np.inf, a=120.0), case.column(np.inf), Priority.OWNER_CAP)]
    assert case.checks() == {"within_bounds"}


def test_owner_caps_give_way_to_minimums_and_to_what_only_comes_nearer() -> None:
    case = Case(limits=[Case().capped(90.0, Priority.OWNER_CAP)], settings=GuardSettings(cut=0.4))
    case.after = {"ads/a": yuan(60), "ads/b": yuan(60)}
    assert case.held() == ()
    case.after = {"ads/a": yuan(105), "ads/b": yuan(105)}
    assert case.checks() == {"within_owner_limits"}
    case.bounds = [Bounds("platform", case.column(105.0), case.column(np.inf), Priority.PLATFORM)]
    assert case.held() == ()


def test_wishes_are_not_the_brakes_business() -> None:
    case = Case()
    case.limits = [case.capped(10.0, Priority.WISH), replace(case.capped(900.0), sense=Sense.AT_LEAST)]
    assert case.held() == ()


@pytest.mark.parametrize(
    ("facts", "after"),
    [
        ({"minimum": yuan(120)}, 110),
        ({"maximum": yuan(105)}, 110),
        ({"step": yuan(30)}, 110),
        ({}, "110.001"),
    ],
)
def test_the_platform_would_not_take_it(facts: dict[str, object], after: float) -> None:
    case = Case()
    case.alter("ads/a", **facts)
    case.after["ads/a"] = yuan(after)
    assert "platform_takes_it" in case.checks()


def test_what_does_not_move_is_not_asked_of_the_platform() -> None:
    case = Case(after={"ads/a": yuan(100), "ads/b": yuan(100)})
    case.alter("ads/a", step=yuan(30))
    assert case.held() == ()


@pytest.mark.parametrize("how", ["removed", "paused", "unresolved", "foreign"])
def test_what_must_be_left_alone_is(how: str) -> None:
    case = Case()
    at = BudgetId.parse("ads/a")
    if how == "unresolved":
        case.shop = replace(case.shop, unresolved={at: yuan(200)})
    elif how == "foreign":
        case.shop = replace(case.shop, foreign={at: case.shop.as_of - timedelta(hours=23)})
    else:
        case.alter("ads/a", status=BudgetStatus(how))
    assert [one.budget for one in case.held()] == [at]
    case.shop = replace(case.shop, foreign={at: case.shop.as_of - timedelta(hours=25)}, unresolved={})
    case.alter("ads/a", status=BudgetStatus.ACTIVE)
    assert case.held() == ()


@pytest.mark.parametrize(("platform", "hours"), [("sandbox", 26), ("amazon", 50), ("files", 78)])
def test_figures_grow_stale_by_the_kind_of_their_source(platform: str, hours: int) -> None:
    case = Case()
    shop = replace(case.shop, accounts=tuple(replace(a, platform=platform) for a in case.shop.accounts))
    midnight = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)  # the newest day ends here
    case.shop = replace(shop, as_of=midnight + timedelta(hours=hours))
    assert case.held() == ()
    case.shop = replace(shop, as_of=midnight + timedelta(hours=hours, minutes=1))
    assert case.checks() == {"figures_fresh"}
    case.settings = GuardSettings(check_history=False)
    assert case.held() == ()


def test_an_account_without_figures_is_not_written() -> None:
    case = Case(shop=_writes(a_shop(a_budget("ads/a", days=0), a_budget("ads/b", days=0))))
    assert case.checks() == {"figures_fresh", "history_sufficient"}
    case.settings = GuardSettings(check_history=False)
    assert case.held() == ()


def test_few_days_are_enough_with_many_clicks_and_few_clicks_with_many_days() -> None:
    assert Case(shop=_writes(a_shop(a_budget("ads/a", days=2), a_budget("ads/b", days=2, cvr=0.05)))).held() == ()
    slow = a_shop(a_budget("ads/a", days=7, cpc=100.0), a_budget("ads/b", days=7, cpc=100.0, cvr=0.05))
    assert Case(shop=_writes(slow)).held() == ()


def test_a_plan_that_moves_nothing_asks_nothing_of_figures() -> None:
    case = Case(after={"ads/a": yuan(100), "ads/b": yuan(100)})
    case.shop = replace(case.shop, as_of=case.shop.as_of + timedelta(days=9))
    assert case.held() == ()


def test_the_plan_must_name_each_budget_once_from_what_was_read() -> None:
    case = Case()
    sound = [Change(b.id, b.now, case.after[str(b.id)]) for b in case.shop.budgets]
    for changes, word in (
        (sound[:1], "named 0 times"),
        ([*sound, sound[0]], "named 2 times"),
        ([*sound, Change(BudgetId.parse("ads/ghost"), None, yuan(1))], "no such budget"),
        ([replace(sound[0], before=yuan(99)), sound[1]], "another amount"),
    ):
        case.changes = changes
        assert word in " ".join(one.reason for one in case.held())


@pytest.mark.parametrize(
    "after",
    [yuan(0), yuan(-5), Money.parse("110", USD), None, float("nan"), Money(1.5, CNY)],  # type: ignore[arg-type]  # what must not get through
)
def test_an_amount_that_is_no_amount_holds_the_plan(after: object) -> None:
    case = Case()
    case.after["ads/a"] = after  # type: ignore[assignment]  # what must not get through
    assert "amounts_sound" in case.checks()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_bound_that_is_no_number_holds_the_plan(bad: float) -> None:
    assert "within_absolute_caps" in Case(cap=bad).checks()
    case = Case()
    case.bounds = [Bounds("x", case.column(float("nan")), case.column(np.inf), Priority.OWNER_CAP)]
    assert "within_bounds" in case.checks()


def test_a_check_that_breaks_holds_the_plan() -> None:
    """A currency without a rate: the sum cannot be known, so nothing is written."""
    case = Case()
    case.alter("ads/a", currency=USD, now=Money.parse("100", USD))
    case.after["ads/a"] = Money.parse("110", USD)
    held = [one for one in case.held() if one.check == "within_absolute_caps"]
    assert held
    assert held[0].budget is None
    assert "itself failed" in held[0].reason


def test_several_currencies_are_added_at_their_rates() -> None:
    case = Case(cap=821.0)
    case.alter("ads/a", currency=USD, now=Money.parse("100", USD))
    case.after["ads/a"] = Money.parse("110", USD)
    case.shop = replace(case.shop, exchange={USD: 7.0})
    assert "within_absolute_caps" in case.checks()
    case.cap = 870.0
    assert case.held() == ()


def test_the_self_test_sees_a_breach_refused() -> None:
    self_test(SETTINGS)


def test_the_self_test_tells_a_brake_that_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bidder.guard.brake.PLAN_CHECKS", ())
    with pytest.raises(UnsafePlan, match="within_absolute_caps"):
        self_test(SETTINGS)


def test_names_of_budgets_change_nothing() -> None:
    for check, breach in BREACHES.items():
        case = Case()
        breach(case)
        first = sorted((one.check, one.reason) for one in case.held() if one.budget is not None)
        renamed = Case()
        breach(renamed)
        ids = {b.id: BudgetId(b.id.account, f"z{index}") for index, b in enumerate(renamed.shop.budgets)}
        renamed.after = {str(ids[BudgetId.parse(name)]): amount for name, amount in renamed.after.items()}
        renamed.shop = replace(renamed.shop, budgets=tuple(replace(b, id=ids[b.id]) for b in renamed.shop.budgets))
        if renamed.changes is not None:
            renamed.changes = [replace(change, budget=ids[change.budget]) for change in renamed.changes]
        second = sorted((one.check, one.reason) for one in renamed.held() if one.budget is not None)
        assert first == second, check


def test_what_is_remembered_of_figures_does_not_grow_with_the_days() -> None:
    for day in range(3_000):
        assert exact(1_000 + day / 8) == 1_000 + Fraction(day, 8)
    assert exact.cache_info().currsize <= 256
