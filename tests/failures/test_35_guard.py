"""35 (and 11, 36): no line of the brake can be taken out or weakened without a test that fails.

The brake's verdict is held against the same rules written down a second time (`plain_guard`), on plans drawn to stand
on the very edges; then each small change to its source is tried (`mutants`), under *chaos*.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Sequence
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from math import inf
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from bidder.catalog import BudgetStatus, Mode
from bidder.errors import UnsafePlan
from bidder.guard import CHECKS, GuardSettings, MinHistory, guard, lines, self_test, whole
from bidder.guard.breaker import Written, flapping
from bidder.guard.case import Case, exact
from bidder.ids import PlanId
from bidder.limits import Bounds, Limit, Limits, Priority, Quantity, Sense
from bidder.money import Currency, Money, currency_of
from bidder.plan import Change, Plan
from bidder.snapshot import Snapshot
from tests.builders import CNY, a_budget, a_shop
from tests.failures import mutants
from tests.failures.plain_guard import verdict

USD = currency_of("USD")
EDGES = (
    1,
    9,
    10,
    11,
    19,
    20,
    29,
    30,
    31,
    33,
    34,
    40,
    59,
    60,
    61,
    70,
    90,
    99,
    100,
    101,
    110,
    120,
    129,
    130,
    131,
    180,
    300,
    301,
)
PRIORITIES = (
    Priority.WISH, Priority.STEP, Priority.STEP + 5, Priority.OWNER_CAP, Priority.STOCK, Priority.PLATFORM,
    Priority.ABSOLUTE,
)  # fmt: skip


class Drawn:
    """A shop of three or four budgets, its limits and a plan, drawn so that edges are met often."""

    def __init__(self, seed: int) -> None:
        self.draw = draw = random.Random(seed)
        names = ["ads/a", "ads/b", "see/c", "ads/d"][: draw.choice((3, 4))]
        self.shop = self._shop(names)
        self.size = len(names)
        self.limits = self._limits()
        self.plan = Plan(PlanId("p"), CNY, tuple(self._change(place) for place in range(self.size)))
        self.settings = GuardSettings(
            check_history=False,
            max_moved_share=draw.choice((0.05, 0.15, 0.4, 1.0)),
            raise_=draw.choice((0.3, 0.3, 0.1, 9.0)),
            cut=draw.choice((0.4, 0.4, 0.1, 1.0)),
        )

    def _shop(self, names: list[str]) -> Snapshot:
        draw = self.draw
        shop = a_shop(*(a_budget(name, now=100.0, days=8) for name in names))
        modes = {"ads": Mode.APPLY, "see": draw.choice((Mode.APPLY, Mode.OBSERVE))}
        if draw.random() < 0.1:
            modes = dict.fromkeys(modes, Mode.OBSERVE)
        budgets = []
        for one in shop.budgets:
            currency = USD if draw.random() < 0.15 else CNY
            facts: dict[str, object] = {"currency": currency, "now": self._money(currency)}
            if draw.random() < 0.1:
                facts["now"] = None
            if draw.random() < 0.1:
                facts["now"] = Money(0, currency)
            if draw.random() < 0.3:
                facts["step"] = Money.parse(draw.choice(("0.5", "1", "10")), currency)
            if draw.random() < 0.3:
                facts["minimum"] = Money.parse(draw.choice(("9.5", "10", "30", "100")), currency)
            if draw.random() < 0.3:
                facts["maximum"] = Money.parse(draw.choice(("100", "110", "130")), currency)
            facts["target_driven"] = draw.random() < 0.15
            if draw.random() < 0.1:
                facts["status"] = BudgetStatus.PAUSED
            budgets.append(replace(one, **facts))  # type: ignore[arg-type]  # facts of a test
        ids = [one.id for one in budgets]
        day = timedelta(days=1)
        some = {one: draw.random() for one in ids}
        ages = (day - timedelta(seconds=1), day, day + timedelta(seconds=1))
        return replace(
            Snapshot.build(
                as_of=shop.as_of,
                day=shop.day,
                currency=CNY,
                accounts=[replace(one, mode=modes[one.id]) for one in shop.accounts],
                budgets=budgets,
                products=[],
                history=shop.history,
                exchange={USD: 7.1},
                unresolved={one: Money.parse("1", CNY) for one in ids if some[one] < 0.04},
                foreign={one: shop.as_of - draw.choice(ages) for one in ids if 0.04 < some[one] < 0.12},
            ),
            held={one: "held" for one in ids if 0.12 < some[one] < 0.16},
            lowers={one: "held" for one in ids if 0.16 < some[one] < 0.24},
        )

    def _money(self, currency: Currency = CNY) -> Money:
        return Money.parse(str(self.draw.choice((9, 10, 30, 90, 100, 100, 100))), currency)

    def _after(self, before: Money | None, currency: Currency) -> Money:
        draw = self.draw
        if before is None or draw.random() < 0.2:
            return Money.parse(str(draw.choice(EDGES)), currency)
        percent = draw.choice((*EDGES, 100, 100, 100, 130, 60, 120, 80, 300))
        return Money(before.micros * percent // 100 + draw.choice((0, 0, 0, 1, -1, 10_000, -10_000)), currency)

    def _change(self, place: int) -> Change:
        one = self.shop.budgets[place]
        after = self._after(one.now, one.currency)
        return Change(one.id, one.now, Money(max(after.micros, 0), one.currency))

    def _column(self, open_: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        near = [0.0 if np.isnan(now) else float(now) for now in self.shop.now]
        picks = [now * self.draw.choice((0.3, 0.33, 0.6, 0.9, 1.0, 1.0, 1.1, 1.3, 1.5, 3.0)) for now in near]
        return np.array([round(one, 2) if self.draw.random() < 0.35 else open_ for one in picks])

    def _limits(self) -> Limits:
        draw = self.draw
        bounds = [
            Bounds(f"bound {n}", self._column(-inf), self._column(inf), draw.choice(PRIORITIES))
            for n in range(draw.choice((0, 0, 1, 2, 3)))
        ]
        known = [0.0 if np.isnan(now) else float(now) for now in self.shop.now]
        limits = []
        for n in range(draw.choice((1, 1, 2, 3))):
            weights = np.array([draw.choice((1.0, 1.0, 1.0, 0.0, 0.5)) for _ in known])
            if draw.random() < 0.6:
                weights = np.ones(self.size)
            total = float(weights @ np.array(known))
            bound = round(
                total * draw.choice((0.5, 0.9, 1.0, 1.0, 1.1, 1.3, 9.0)) + draw.choice((0, 0, 0.01, -0.01)), 2
            )
            priority = draw.choice((Priority.ABSOLUTE, Priority.ABSOLUTE, Priority.OWNER_CAP, Priority.WISH))
            sense = Sense.AT_MOST if draw.random() < 0.93 else Sense.AT_LEAST
            quantity = (
                Quantity.AMOUNT if draw.random() < 0.93 else next(q for q in Quantity if q is not Quantity.AMOUNT)
            )
            limits.append(Limit(f"limit {n}", quantity, weights, sense, bound, priority))
        reference = None
        if draw.random() < 0.15:
            reference = self.shop.now * np.array([draw.choice((1.0, 1.0, 3.0)) for _ in known])
            reference = None if np.isnan(reference).any() or (self.shop.now <= 0).any() else reference
        return Limits(self.size, tuple(bounds), tuple(limits), reference=reference)

    @property
    def given(self) -> tuple[Plan, Limits, Snapshot, GuardSettings]:
        return self.plan, self.limits, self.shop, self.settings

    def compare(self) -> None:
        held = {(one.check, "" if one.budget is None else str(one.budget)) for one in guard(*self.given)}
        assert held == verdict(*self.given)


def drawn(count: int) -> list[mutants.Known]:
    """So many drawn plans, each with what holds of it."""
    plans = [Drawn(seed).given for seed in range(count)]
    return [(given, verdict(*given)) for given in plans]


@pytest.mark.parametrize("block", range(4))
def test_the_brake_says_what_its_rules_say_on_every_edge(block: int) -> None:
    for seed in range(block * 400, block * 400 + 400):
        try:
            Drawn(seed).compare()
        except AssertionError as e:
            raise AssertionError(f"seed {seed}: {e}") from e


def test_no_check_is_missing() -> None:
    """Every function of the two modules that can hold a plan is run, and the ones known today are there."""
    written = {
        name
        for module in (lines, whole)
        for name, one in vars(module).items()
        if inspect.isfunction(one) and one.__annotations__.get("return") == "Iterator[Held]"
    }
    names = [check.__name__ for check in CHECKS]
    assert len(names) == len(set(names))
    assert set(names) == written
    assert written >= {
        "all_budgets_planned",
        "amounts_sound",
        "limits_present",
        "within_absolute_caps",
        "within_owner_limits",
        "not_too_much_moved",
        "left_alone",
        "platform_takes_it",
        "units_plausible",
        "within_step",
        "within_bounds",
        "figures_fresh",
        "history_sufficient",
    }


def test_what_is_not_written_in_the_configuration_is_this() -> None:
    settings = GuardSettings()
    hours, stale = timedelta(hours=1), settings.stale_after
    assert (settings.raise_, settings.cut, settings.max_moved_share) == (0.30, 0.40, 0.40)
    assert (settings.target_driven.step, settings.target_driven.cooldown) == (0.20, 72 * hours)
    assert (stale.api, stale.amazon, stale.files, stale.stock) == (26 * hours, 50 * hours, 78 * hours, 24 * hours)
    assert stale.rates == 72 * hours
    assert GuardSettings.model_fields["cut"].description, "the reference page says what it is"
    assert (settings.min_history.days, settings.min_history.or_clicks) == (7, 150)
    assert settings.check_history
    assert "check_history" not in settings.model_dump()
    for name, value in {"days": 0, "or_clicks": 0}.items():
        with pytest.raises(ValidationError):
            MinHistory(**{name: value})
    for name in ("days", "or_clicks"):
        assert getattr(MinHistory(**{name: 1}), name) == 1
        with pytest.raises(ValidationError):
            MinHistory.model_validate({name: "3"})
    with pytest.raises(ValidationError):
        settings.cut = 1.0  # a brake is not loosened while it runs


def test_an_amount_of_no_number_is_refused() -> None:
    for value in (float("nan"), inf, -inf):
        with pytest.raises(ValueError, match="finite"):
            exact(value)


def _seen(days: int, cpc: float, age: timedelta = timedelta()) -> set[str]:
    """What holds a plan of one budget that was seen for so many days, so long before the decision."""
    shop = a_shop(a_budget("ads/a", days=days, cpc=cpc), a_budget("ads/b", days=days, cpc=1e9))
    accounts = tuple(replace(one, mode=Mode.APPLY) for one in shop.accounts)
    shop = replace(shop, accounts=accounts, as_of=shop.as_of + age)
    changes = tuple(
        Change(one.id, one.now, Money.parse(to, CNY)) for one, to in zip(shop.budgets, ("110", "100"), strict=True)
    )
    cap = Limit("cap", Quantity.AMOUNT, np.ones(2), Sense.AT_MOST, 300.0, Priority.ABSOLUTE)
    return {one.check for one in guard(Plan(PlanId("p"), CNY, changes), Limits(2, (), (cap,)), shop, GuardSettings())}


def test_how_long_an_account_must_be_known_and_how_lately() -> None:
    assert _seen(7, 1e9) == set(), "seven days are enough"
    assert _seen(6, 1e9) == {"history_sufficient"}
    assert _seen(1, 100 / 150) == set(), "so are 150 clicks"
    assert _seen(1, 100 / 149) == {"history_sufficient"}
    assert _seen(28, 1.0, timedelta(hours=20)) == set(), "26 hours"
    assert _seen(28, 1.0, timedelta(hours=20, seconds=1)) == {"figures_fresh"}


def test_an_account_without_any_figure_is_held_and_no_other() -> None:
    shop = a_shop(a_budget("ads/a"), a_budget("new/b", days=0))
    shop = replace(shop, accounts=tuple(replace(one, mode=Mode.APPLY) for one in shop.accounts))
    changes = tuple(Change(one.id, one.now, Money.parse("110", CNY)) for one in shop.budgets)
    cap = Limit("cap", Quantity.AMOUNT, np.ones(2), Sense.AT_MOST, 300.0, Priority.ABSOLUTE)
    held = guard(Plan(PlanId("p"), CNY, changes), Limits(2, (), (cap,)), shop, GuardSettings())
    assert {(one.check, str(one.budget)) for one in held} == {
        ("figures_fresh", "new/b"),
        ("history_sufficient", "new/b"),
    }


def test_the_breaker_on_its_edges() -> None:
    names = [one.id for one in a_shop(a_budget("ads/a"), a_budget("ads/b")).budgets]

    def wrote(plan: str, place: int, before: int, after: int) -> Written:
        amounts = (Money.parse(str(before), CNY), Money.parse(str(after), CNY))
        return Written(PlanId(plan), names[place], *amounts)

    force = [Money.parse("100", CNY)] * 2
    five = [wrote("p", 0, 100, 101)] * 5
    assert flapping([*five, wrote("p", 1, 100, 101)], force) is None
    assert "written 6 times" in str(flapping([wrote("p", 1, 100, 101), *five, wrote("p", 0, 101, 100)], force))
    half = [wrote("p", 0, 100, 150), wrote("q", 0, 150, 100)]
    assert flapping(half, force) is None, "half of what is in force is the most"
    assert "2 plans moved" in str(flapping([*half, wrote("q", 1, 100, 101)], force))
    assert flapping([wrote("p", 0, 100, 300)], force) is None, "a single plan was looked at by the brake"
    assert flapping(half, []) is None, "where nothing is known to be in force there is no half of it"
    tiny = [wrote("p", 0, 0, 1), wrote("q", 0, 1, 0)]
    assert flapping(tiny, [Money(1, CNY)]) is not None


def test_a_step_of_nothing_is_the_smallest_coin() -> None:
    shop = a_shop(a_budget("ads/a"), a_budget("ads/b"))
    shop = replace(shop, budgets=tuple(replace(one, step=Money(0, CNY)) for one in shop.budgets))
    changes = tuple(Change(one.id, one.now, Money.parse("110.01", CNY)) for one in shop.budgets)
    cap = Limit("cap", Quantity.AMOUNT, np.ones(2), Sense.AT_MOST, 300.0, Priority.ABSOLUTE)
    plan = Plan(PlanId("p"), CNY, changes)
    assert guard(plan, Limits(2, (), (cap,)), shop, GuardSettings(check_history=False)) == ()


def test_a_step_of_one_millionth_is_a_step() -> None:
    shop = a_shop(a_budget("ads/a"))
    shop = replace(shop, budgets=tuple(replace(one, step=Money(1, CNY)) for one in shop.budgets))
    changes = tuple(Change(one.id, one.now, Money.parse("110.000001", CNY)) for one in shop.budgets)
    cap = Limit("cap", Quantity.AMOUNT, np.ones(1), Sense.AT_MOST, 300.0, Priority.ABSOLUTE)
    assert guard(Plan(PlanId("p"), CNY, changes), Limits(1, (), (cap,)), shop, GuardSettings(check_history=False)) == ()


def test_a_weighted_cap_allows_a_billionth_and_a_plain_one_nothing() -> None:
    shop = a_shop(a_budget("ads/a", now=9_000.0), a_budget("ads/b", now=9_000.0))
    changes = tuple(Change(one.id, one.now, Money.parse("10000", CNY)) for one in shop.budgets)
    for weight, bound, held in ((0.5, 9_999.9999995, False), (0.5, 9_999.99, True), (1.0, 19_999.9999995, True)):
        cap = Limit("cap", Quantity.AMOUNT, np.full(2, weight), Sense.AT_MOST, bound, Priority.ABSOLUTE)
        given = Plan(PlanId("p"), CNY, changes), Limits(2, (), (cap,)), shop, GuardSettings(check_history=False)
        assert ("within_absolute_caps" in {one.check for one in guard(*given)}) is held


def _checks(
    amounts: Sequence[tuple[str, str]],
    limits: Sequence[Limit],
    bounds: Sequence[Bounds] = (),
    *,
    reference: Sequence[float] | None = None,
    currencies: Sequence[Currency] = (CNY, CNY),
    **settings: object,
) -> set[str]:
    """What holds a plan of two budgets from → to."""
    shop = a_shop(a_budget("ads/a"), a_budget("ads/b"))
    pairs = zip(shop.budgets, currencies, amounts, strict=True)
    budgets = tuple(replace(b, currency=c, now=Money.parse(before, c)) for b, c, (before, _) in pairs)
    accounts = tuple(replace(one, mode=Mode.APPLY) for one in shop.accounts)
    shop = Snapshot.build(
        as_of=shop.as_of, day=shop.day, currency=CNY, accounts=accounts, budgets=budgets, products=[],
        history=shop.history, exchange={USD: 7.1},
    )  # fmt: skip
    to = {budget.id: after for budget, (_, after) in zip(budgets, amounts, strict=True)}
    changes = tuple(Change(one.id, one.now, Money.parse(to[one.id], one.currency)) for one in shop.budgets)
    asked = GuardSettings.model_validate({"check_history": False, **settings})
    place = [[one.id for one in budgets].index(one.id) for one in shop.budgets]  # a Snapshot has an order of its own
    given = Limits(
        2,
        tuple(replace(one, lower=one.lower[place], upper=one.upper[place]) for one in bounds),
        tuple(replace(one, weights=one.weights[place]) for one in limits),
        reference=None if reference is None else np.array(reference)[place],
    )
    return {one.check for one in guard(Plan(PlanId("p"), CNY, changes), given, shop, asked)}


def _cap(bound: float, *weights: float, priority: int = Priority.ABSOLUTE) -> Limit:
    return Limit("cap", Quantity.AMOUNT, np.array(weights or (1.0, 1.0)), Sense.AT_MOST, bound, priority)


def _upper(*upper: float, priority: int = Priority.OWNER_CAP) -> Bounds:
    return Bounds("upper", np.full(2, -inf), np.array(upper), priority)


def test_a_billionth_above_a_bound_is_still_it_and_no_more() -> None:
    cap, bound = _cap(9_000.0), _upper(1000.0, inf)
    assert "within_bounds" not in _checks([("990", "1000.000001"), ("100", "100")], [cap], [bound])
    assert "within_bounds" in _checks([("990", "1000.000002"), ("100", "100")], [cap], [bound])


def test_a_weighted_cap_allows_its_billionth_and_no_more() -> None:
    half = _cap(1000.0, 0.5, 0.5)
    assert "within_absolute_caps" not in _checks([("990", "1000.000001"), ("1000", "1000.000001")], [half])
    assert "within_absolute_caps" in _checks([("990", "1000.000002"), ("1000", "1000.000002")], [half])


def test_of_two_currencies_a_plain_cap_allows_what_floats_cannot_say() -> None:
    both = [("900", "1000"), ("10", "10")]
    assert "within_absolute_caps" not in _checks(both, [_cap(1070.9999995)], currencies=(CNY, USD))
    assert "within_absolute_caps" in _checks(both, [_cap(1070.99)], currencies=(CNY, USD))


def test_a_cap_on_some_budgets_is_plain_too() -> None:
    one = _cap(999.9999995, 1.0, 0.0)
    assert "within_absolute_caps" in _checks([("900", "1000"), ("100", "100")], [_cap(9_000.0), one])


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_a_bound_that_is_no_number_holds_whatever_the_other_side(side: str) -> None:
    sides = {"lower": np.full(2, -inf), "upper": np.full(2, inf)}
    sides[side] = np.array([np.nan, sides[side][0]])
    broken = Bounds("broken", sides["lower"], sides["upper"], Priority.WISH)
    assert _checks([("100", "110"), ("100", "100")], [_cap(9_000.0)]) == set()
    assert _checks([("100", "110"), ("100", "100")], [_cap(9_000.0)], [broken]) != set()


def test_from_the_smallest_amount_a_wrong_unit_is_seen_as_well() -> None:
    assert "units_plausible" in _checks([("0.000001", "1"), ("100", "100")], [_cap(9_000.0)])


def test_below_a_stop_a_budget_may_be_by_one_step_and_no_more() -> None:
    stop = _upper(30.0, inf, priority=Priority.STOCK)
    assert "units_plausible" not in _checks([("100", "29.99"), ("100", "100")], [_cap(9_000.0)], [stop])
    assert "units_plausible" in _checks([("100", "29.98"), ("100", "100")], [_cap(9_000.0)], [stop])


def test_a_cap_that_is_passed_already_may_be_passed_as_much_and_no_more() -> None:
    owner = _cap(90.0, 0.5, 0.5, priority=Priority.OWNER_CAP)
    assert "within_owner_limits" not in _checks([("100", "110"), ("100", "90")], [_cap(9_000.0), owner])
    assert "within_owner_limits" in _checks([("100", "110"), ("100", "90.01")], [_cap(9_000.0), owner])


def test_on_the_day_of_an_event_each_budget_is_measured_from_its_own_multiple() -> None:
    """One that stands at nothing has none; one of a coin has."""
    cap = _cap(9_000.0)
    wide: dict[str, Any] = {"raise": 9.0, "max_moved_share": 0.1}
    assert "not_too_much_moved" not in _checks([("0", "1"), ("100", "300")], [cap], reference=(5, 300), **wide)
    assert "not_too_much_moved" not in _checks([("1", "3"), ("1", "3")], [cap], reference=(3, 3), **wide)
    assert "not_too_much_moved" in _checks([("1", "3"), ("1", "3")], [cap], reference=(1, 1), **wide)


def test_what_is_looked_at_does_not_change_meanwhile() -> None:
    shop = a_shop(a_budget("ads/a"))
    case = Case(Plan(PlanId("p"), CNY, ()), Limits(1, (), ()), shop, GuardSettings())
    with pytest.raises(FrozenInstanceError):
        case.settings = GuardSettings()  # type: ignore[misc]  # that it cannot be is what is asked


def test_a_single_unit_of_a_total_of_two_is_half() -> None:
    """The breaker's edges where amounts in force are as small as they get."""
    name = a_shop(a_budget("ads/a")).budgets[0].id
    moved = [Written(PlanId(plan), name, Money(100, CNY), Money(101, CNY)) for plan in "pq"]
    assert flapping(moved, [Money(4, CNY)]) is None
    assert flapping(moved, [Money(3, CNY)]) is not None
    assert flapping(moved, [Money(0, CNY)]) is None


def test_a_starting_brake_that_lost_a_check_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    self_test(GuardSettings())
    self_test(GuardSettings(raise_=9.0, cut=1.0, max_moved_share=1.0))
    for module, name in ((lines, "LINE_CHECKS"), (whole, "PLAN_CHECKS")):
        for lost in ("units_plausible", "within_absolute_caps"):
            left = tuple(one for one in getattr(module, name) if one.__name__ != lost)
            if left == getattr(module, name):
                continue
            with monkeypatch.context() as patch:
                patch.setattr(f"bidder.guard.brake.{name}", left)
                with pytest.raises(UnsafePlan, match=lost):
                    self_test(GuardSettings())


def unexplained(found: list[mutants.Mutant]) -> list[str]:
    """Those that a test must notice."""
    return [str(one) for one in found if not any(part in str(one) for part, _ in EQUIVALENT)]


EQUIVALENT: tuple[tuple[str, str], ...] = (
    ("as_of = datetime(2026, 1, 2, 9", "the self-test's plan is refused at any instant"),
    ("day=date(2026, 1, 2)", "and on any day"),
    ('cap = Limit("self-test cap"', "any bound below the plan's 10,000 is passed; a wrong size holds the plan as well"),
    ("limits = Limits(1, (), (cap,))", "a wrong size holds the plan as well"),
    ('"self-test", currency, now=Money(100 * MICROS', "10,000 is more than three times any such amount"),
    ('breaching = Plan(PlanId("self-test")', "10,001 breaches as 10,000 does"),
    ('return "any" if value is None', "words of a reason; a verdict is not made of them"),
    ("minimum = budget.minimum.micros if", "a minimum of one millionth is one step, as none is"),
    (
        "return value if amount.currency == self.snapshot",
        "the shop's currency has the rate 1: a shorter way",
    ),
    ("@lru_cache(maxsize=", "how much is remembered changes no answer"),
    ("Mult → Div: high = np.where(np.isfinite(high), high, case.before", "picks more lines for the same exact look"),
    ("Mult → Div: low = np.where(np.isfinite(low), low, case.before", "likewise"),
    ("Gt → GtE: beyond = (case.after > high)", "likewise"),
    ("GtE → Gt: if limit.priority >= Priority.ABSOLUTE or left", "exactly the slop is let go below as well"),
    ("without term 2: if limit.priority >= Priority.ABSOLUTE or left", "0 is among what is asked below: a shorter way"),
    ("if not isinstance(after, Money)", "what is no Money breaks the check, which holds the plan as well"),
    ("if not ordinary:", "on an ordinary day every multiple is 1: asked in vain"),
    ("never: if line.lever is None:", "the check fails then, which holds the line by the same name"),
    ("default=(None, 0)", "of no writes: 1 is below MOST_WRITES as 0 is"),
    ("Add → Sub: high = np.where(np.isfinite(high), high, case.before", "picks more lines for the same exact look"),
    ("Sub → Add: low = np.where(np.isfinite(low), low, case.before", "likewise"),
    ("1 → 2: low = np.where(np.isfinite(low), low, case.before", "likewise"),
    ("Lt → LtE: beyond = (case.after > high)", "likewise"),
    ("Gt → GtE: for index, budget, change in case.some(~falls", "likewise"),
    ("Lt → LtE: for index, budget, change in case.some(~falls", "likewise"),
    ("1 → 2: own = np.array(", "any negative length means what is left over"),
    ("abs taken out: return bound + abs(bound)", "a bound below zero is passed by any amount"),
    ("abs taken out: return Fraction(0) if plain and one_currency", "so is a cap"),
    ("Gt → GtE: elif budget.id in case.snapshot.lowers", "what does not move was left out above"),
    ("never: if self.limits.reference is None", "nobody asks where there is no reference"),
    ("1 → 2: return Fraction(1)", "likewise"),
    ("True → False: for weight, amount in zip(", "there is an amount for each line"),
    ("True → False: for (at, _, change), stops_here in zip(", "likewise"),
    ("0 → 1: return np.minimum(asked, self.windows[0])", "who asks for more than is left has no room: both are one"),
    ("without term 1: return exact(reference) / exact(now)", "NaN is not above zero"),
    ("without term 3: return exact(reference) / exact(now)", "of two equal amounts the multiple is 1: a shorter way"),
    ("0 → 1: if left < min(case.left(limit, before)", "whatever comes so far is below minus the slop"),
    ("Gt → GtE: if new > old or not (stops_here", "what does not move adds nothing"),
    ("Gt → GtE: moved[currency] = moved.get(currency, 0)", "likewise"),
)
"""(part of what a mutant is called, why no test can tell it)."""


@pytest.mark.timeout(1200)
def test_some_mutants_of_the_brake_die() -> None:
    """A few of all, drawn: the short form of what follows."""
    mutants.warm()
    known = drawn(200)
    assert not mutants.killed(mutants.unchanged("lines"), known), "its tests pass while nothing is changed"
    alive = [one for one in mutants.sample(3, seed=35) if not mutants.killed(one, known)]
    assert unexplained(alive) == []


@pytest.mark.chaos
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("module", mutants.MODULES)
def test_every_mutant_of_the_brake_dies(module: str) -> None:
    mutants.warm()
    known = drawn(1600)
    assert not mutants.killed(mutants.unchanged(module), known), "its tests pass while nothing is changed"
    assert unexplained([one for one in mutants.mutants(module) if not mutants.killed(one, known)]) == []
