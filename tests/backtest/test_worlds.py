"""Policies, places and scores: who met the same luck, who kept the total, and what the figures mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.backtest.fitted import FittedGround, World, worlds
from bidder.backtest.hindsight import best_fixed
from bidder.backtest.place import Earned
from bidder.backtest.policies import Even, Keep, Ours, Roi28
from bidder.backtest.policies.base import shared_out
from bidder.backtest.pool import played
from bidder.backtest.run import Run, play
from bidder.backtest.sandbox import SandboxGround
from bidder.backtest.score import Outcome, student, worlds_part
from bidder.catalog import BudgetStatus
from bidder.decide import Policy
from bidder.errors import BidderError, ConfigError
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.response.curve import Curves
from bidder.response.estimate import estimate
from bidder.snapshot import FloatArray, Snapshot
from tests.builders import CNY, a_budget, a_shop, yuan

SHOP = a_shop(
    a_budget("ads/a", now=120, cvr=0.05, minimum=30),
    a_budget("ads/b", now=80, cvr=0.02, minimum=30),
    a_budget("ads/c", now=100, cvr=0.03, minimum=30),
)


@given(
    weights=st.lists(st.floats(0, 1e6), min_size=3, max_size=3),
    total=st.integers(0, 10**9),
)
@settings(deadline=None, max_examples=60)
def test_shares_keep_total_minimum_and_step_whatever_the_weights(weights: list[float], total: int) -> None:
    cap = Money(total, CNY)
    amounts = shared_out(np.array(weights), SHOP, cap)
    assert sum(amount.micros for amount in amounts.values()) <= total
    for amount in amounts.values():
        assert amount.micros >= yuan(30).micros
        assert amount.micros % 10_000 == 0
    if total >= yuan(90).micros:
        assert sum(amount.micros for amount in amounts.values()) > total - 3 * 10_000 - 1000


def test_equal_parts_are_equal_and_habits_stay() -> None:
    assert set(Even().amounts(SHOP, yuan(300)).values()) == {yuan(100)}
    assert Keep().amounts(SHOP, yuan(300)) == {}
    scaled = Keep().amounts(SHOP, yuan(150))
    assert scaled[BudgetId.parse("ads/a")] == yuan(60)


def test_money_follows_the_return_and_thin_budgets_less_so() -> None:
    amounts = Roi28().amounts(SHOP, yuan(300))
    a, b, c = (amounts[BudgetId.parse(f"ads/{name}")] for name in "abc")
    assert a > c > b
    few = a_shop(a_budget("ads/x", days=28, cvr=0.03), a_budget("ads/y", days=1, spend=10, cvr=0.3))
    thin = Roi28().amounts(few, yuan(200))
    assert thin[BudgetId.parse("ads/y")].to_float() < 3 * thin[BudgetId.parse("ads/x")].to_float()
    assert (
        len(set(Roi28().amounts(a_shop(a_budget("ads/x", days=0), a_budget("ads/y", days=0)), yuan(90)).values())) == 1
    )


def test_what_is_paused_gets_nothing() -> None:
    shop = a_shop(a_budget("ads/a"), a_budget("ads/off", status=BudgetStatus.PAUSED))
    assert Even().amounts(shop, yuan(100)) == {BudgetId.parse("ads/a"): yuan(100)}


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_hindsight_is_the_best_of_all_splits_on_its_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    top, bend, power = rng.uniform(1, 9, 3), rng.uniform(5, 80, 3), rng.uniform(0.6, 2.5, 3)

    def profit(amounts: FloatArray) -> FloatArray:
        x = (amounts / bend[:, None]) ** power[:, None]
        return 20 * top[:, None] * x / (1 + x) - 0.5 * amounts

    least = np.full(3, 2.0)
    best = best_fixed(profit, least, 106.0)
    assert best is not None
    grid = np.linspace(0, 100, 51)
    gains = profit(2.0 + np.broadcast_to(grid, (3, 51)))
    some = max(
        gains[0, i] + gains[1, j] + gains[2, k] for i in range(51) for j in range(51 - i) for k in range(51 - i - j)
    )
    assert best >= some - 1e-9
    assert best_fixed(profit, least, 5.0) is None
    assert best_fixed(profit, np.full(500, 1.0), 1e6) is None


def test_students_t_is_that_of_the_tables() -> None:
    assert student(1) == (3.078, 12.706)
    assert student(9) == (1.383, 2.262)
    assert student(29) == pytest.approx((1.311, 2.045), abs=0.002)
    assert student(10_000) == pytest.approx((1.2816, 1.9600), abs=0.001)


def a_run(rows: list[list[float]], profit: list[float], breaches: int = 0) -> Run:
    return Run(np.array(rows), Earned(np.array(profit), np.array(profit)), breaches)


def test_turnover_is_the_share_of_the_money_that_moves() -> None:
    assert a_run([[100, 100], [120, 80], [120, 80]], [1, 1]).turnover == pytest.approx(0.05)


def test_a_reversal_is_a_move_against_the_last_one_within_three_days() -> None:
    back = a_run([[100.0], [110], [110], [100], [100], [100], [100], [110]], [1.0] * 7)
    assert back.reversals == pytest.approx(1 / 7 * 30)  # down two days after up counts, up four days after down not


def test_uplift_is_paired_and_its_interval_that_of_the_differences() -> None:
    ours, other = [110.0, 220.0, 330.0], [100.0, 200.0, 300.0]
    outcomes = [
        Outcome(
            f"world {i}",
            500.0,
            120.0 * (i + 1),
            {"bidder": a_run([[1], [1]], [a]), "even": a_run([[1], [1]], [b])},
            {"x": 1},
        )
        for i, (a, b) in enumerate(zip(ours, other, strict=True))
    ]
    part = worlds_part("sandbox", outcomes, {"bidder": "bidder", "even": "even split"}, 1, CNY)
    uplift = part.uplifts[0]
    assert (uplift.mean, uplift.share, uplift.worst, uplift.won) == ("20.00", 0.1, 0.1, 3)
    error = 10 / 3**0.5 / 200
    assert uplift.interval_80 is not None
    assert uplift.interval_80.low == pytest.approx(0.1 - 1.886 * error, abs=1e-4)
    assert uplift.interval_95 is not None
    assert uplift.interval_95.high == pytest.approx(0.1 + 4.303 * error, abs=1e-4)
    assert part.policies[0].regret == "20.00"
    assert part.policies[0].holds == {"x": 3}
    assert part.policies[1].holds == {}


def test_a_share_of_a_loss_is_not_told() -> None:
    outcomes = [Outcome("w", 1.0, None, {"bidder": a_run([[1], [1]], [5.0]), "even": a_run([[1], [1]], [-5.0])}, {})]
    part = worlds_part("fitted", outcomes, {"bidder": "bidder", "even": "even split"}, 1, CNY)
    assert part.uplifts[0].share is None
    assert part.uplifts[0].interval_80 is None
    assert part.uplifts[0].worst is None
    assert part.policies[0].regret is None


class Shouting:
    """Sets twice the total."""

    name = title = "shouting"

    def amounts(self, snapshot: Snapshot, total: Money) -> Mapping[BudgetId, Money]:
        return {one.id: yuan(2000) for one in snapshot.budgets}


class Wrong:
    """Sets what the platform does not take."""

    name = title = "wrong"

    def amounts(self, snapshot: Snapshot, total: Money) -> Mapping[BudgetId, Money]:
        return {snapshot.budgets[0].id: yuan(1)}


def test_a_policy_that_passes_the_total_is_counted_each_day() -> None:
    assert play(SandboxGround(0, 2), Shouting()).breaches == 2
    assert play(SandboxGround(0, 2), Keep()).breaches == 0


def test_an_amount_that_the_platform_refuses_is_an_error_and_not_a_score() -> None:
    with pytest.raises(BidderError, match="was not taken"):
        play(SandboxGround(0, 1), Wrong())


def test_two_runs_of_a_sandbox_world_are_the_same_and_its_hindsight_is_above_them() -> None:
    ground = SandboxGround(2, 3)
    first, second = (play(ground, Keep()) for _ in range(2))
    assert first.earned.profit.tobytes() == second.earned.profit.tobytes()
    best = ground.hindsight()
    assert best is not None
    assert best > float(first.earned.profit.mean())


@pytest.fixture(scope="module")
def base() -> Snapshot:
    return SandboxGround(4, 1).open().snapshot()


@pytest.fixture(scope="module")
def curves(base: Snapshot) -> Curves:
    return estimate(base, Policy(()).response)


def grounds(base: Snapshot, curves: Curves, count: int, days: int = 4) -> list[FittedGround]:
    return [FittedGround(w, base, Policy(()).response.late, days, yuan(1960)) for w in worlds(curves, count, 3)]


def test_drawn_worlds_lie_around_the_curves_they_are_drawn_from(base: Snapshot, curves: Curves) -> None:
    drawn = list(worlds(curves, 300, 0))
    at_scale = np.array([world.orders(world.scale) for world in drawn])
    assert at_scale.mean(axis=0) == pytest.approx(curves.facts["orders_at_scale"], rel=0.1)
    spread = np.log(at_scale).std(axis=0)
    assert (spread < 1.5 * curves.log_sd + 0.02).all()
    again = list(worlds(curves, 2, 0))
    assert again[1].level.tobytes() == drawn[1].level.tobytes()
    other = next(worlds(curves, 1, 1))
    assert other.level.tobytes() != drawn[0].level.tobytes()


def test_a_drawn_world_begins_with_the_days_the_shop_had(base: Snapshot, curves: Curves) -> None:
    snapshot = grounds(base, curves, 1)[0].open().snapshot()
    assert len(set(snapshot.history.day.tolist())) == 28
    young = snapshot.history.day == snapshot.today - 1
    old = snapshot.history.day == snapshot.today - 20
    assert float(snapshot.history.orders[young].sum()) < 0.9 * float(snapshot.history.orders[old].sum())
    real = {
        (str(base.budgets[b].id), d): a
        for b, d, a in zip(base.history.budget, base.history.day, base.history.amount, strict=True)
    }
    shown = snapshot.history
    for b, d, a in zip(shown.budget, shown.day, shown.amount, strict=True):
        assert a == pytest.approx(real[str(snapshot.budgets[b].id), d])


def test_more_money_meets_the_same_luck(base: Snapshot, curves: Curves) -> None:
    """Paired: one budget's money changes no other budget's day."""
    ground = grounds(base, curves, 1)[0]
    first, second = ground.open(), ground.open()
    changed = base.budgets[int(np.argmax(ground.world.limit / ground.world.scale))]
    second.put({changed.id: yuan(round(2 * changed.now.to_float()) if changed.now else 500)})
    for place in (first, second):
        place.pass_day()
    one, two = first.snapshot(), second.snapshot()
    today = one.today - 1

    def figures(snapshot: Snapshot) -> dict[str, tuple[float, float]]:
        rows = np.flatnonzero(snapshot.history.day == today)
        history = snapshot.history
        return {
            str(snapshot.budgets[history.budget[r]].id): (history.spend[r], history.orders[r]) for r in rows.tolist()
        }

    before, after = figures(one), figures(two)
    assert [name for name in before if before[name] != after[name]] == [str(changed.id)]


def test_the_calendar_month_of_a_drawn_world_counts_what_it_costs(base: Snapshot, curves: Curves) -> None:
    place = grounds(base, curves, 1)[0].open()
    start = place.snapshot().spent_month
    place.pass_day()
    assert (place.snapshot().spent_month - start).to_float() == pytest.approx(float(place.earned().spend[0]), abs=0.01)


def test_hindsight_of_a_drawn_world_is_above_every_policy_on_average(base: Snapshot, curves: Curves) -> None:
    outcomes = played(grounds(base, curves, 2), Policy(()), [Even(), Keep()])
    for outcome in outcomes:
        assert outcome.hindsight is not None
        assert outcome.hindsight > max(float(outcome.runs[name].earned.profit.mean()) for name in ("even", "keep"))
        assert outcome.runs["bidder"].breaches == 0


def test_the_result_does_not_depend_on_how_many_cores_worked(base: Snapshot, curves: Curves) -> None:
    said: list[str] = []
    alone = played(grounds(base, curves, 2, days=2), Policy(()), [Even()], jobs=1)
    together = played(grounds(base, curves, 2, days=2), Policy(()), [Even()], jobs=2, progress=said.append)
    assert said == ["fitted 0", "fitted 1"]
    for one, other in zip(alone, together, strict=True):
        assert one.world == other.world
        for name in ("bidder", "even"):
            assert one.runs[name].earned.profit.tobytes() == other.runs[name].earned.profit.tobytes()
            assert one.runs[name].amounts.tobytes() == other.runs[name].amounts.tobytes()


def test_worlds_need_something_to_be_drawn_from(curves: Curves) -> None:
    with pytest.raises(ConfigError, match="history"):
        next(worlds(replace(curves, posterior=None), 1, 0))


def test_below_what_platforms_take_at_least_bidder_goes_to_the_minimums() -> None:
    shop = a_shop(a_budget("ads/a", now=100, minimum=30), a_budget("ads/b", now=100, minimum=30))
    ours = Ours(Policy(()))
    amounts = ours.amounts(shop, yuan(1))
    assert set(amounts.values()) == {yuan(30)}
    assert isinstance(next(worlds(estimate(shop, Policy(()).response), 1, 0)), World)
