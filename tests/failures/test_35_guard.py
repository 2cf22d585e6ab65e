"""35 (and 11, 36): no line of the brake can be taken out or weakened without a test that fails.

The brake's verdict is held against the same rules written down a second time (`plain_guard`), on plans drawn to stand
on the very edges; then each small change to its source is tried (`mutants`), under *chaos*.
"""

from __future__ import annotations

import inspect
import random
from dataclasses import replace
from datetime import timedelta
from math import inf

import numpy as np
import pytest
from pydantic import ValidationError

from bidder.catalog import BudgetStatus, Mode
from bidder.errors import UnsafePlan
from bidder.guard import CHECKS, GuardSettings, MinHistory, guard, lines, self_test, whole
from bidder.guard.breaker import Written, flapping
from bidder.guard.case import exact
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


def test_a_weighted_cap_allows_a_billionth_and_a_plain_one_nothing() -> None:
    shop = a_shop(a_budget("ads/a", now=9_000.0), a_budget("ads/b", now=9_000.0))
    changes = tuple(Change(one.id, one.now, Money.parse("10000", CNY)) for one in shop.budgets)
    for weight, bound, held in ((0.5, 9_999.9999995, False), (0.5, 9_999.99, True), (1.0, 19_999.9999995, True)):
        cap = Limit("cap", Quantity.AMOUNT, np.full(2, weight), Sense.AT_MOST, bound, Priority.ABSOLUTE)
        given = Plan(PlanId("p"), CNY, changes), Limits(2, (), (cap,)), shop, GuardSettings(check_history=False)
        assert ("within_absolute_caps" in {one.check for one in guard(*given)}) is held


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
    ("default=(None, 0)", "of no writes: 1 is below MOST_WRITES as 0 is"),
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
