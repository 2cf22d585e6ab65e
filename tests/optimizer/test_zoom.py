"""Exact aggregation: the same optimum as the engine's, certified, whatever the shape."""

from __future__ import annotations

import time

import numpy as np
import pytest

from bench.lp_scale import program_of
from bench.lp_shapes import shape
from bidder.optimizer import large
from bidder.optimizer import zoom as module
from bidder.optimizer.certify import farkas, prove
from bidder.optimizer.large import optimum
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.solve import solve
from bidder.optimizer.zoom import zoom


def small(program: Program) -> Solution:
    """The engine, with a minute."""
    return solve(program, 60.0)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes at which small instances already zoom, look at samples and set columns aside."""
    monkeypatch.setattr(module, "ALONE", 60)
    monkeypatch.setattr(module, "BUCKETS", 120)
    monkeypatch.setattr(module, "SAMPLE", 1_500)


def budget_program(products: int, seed: int, *, bent: bool = False, segments: int = 6) -> Program:
    """Segments of falling value under a total, five groups with floors and caps, and perhaps a bent row."""
    random = np.random.default_rng([seed, products])
    value = random.lognormal(0.0, 0.6, (products, 1)) * np.cumprod(random.uniform(0.6, 0.95, (products, segments)), 1)
    width = random.lognormal(2.0, 1.0, (products, 1)) * random.uniform(0.5, 1.5, (products, segments))
    group = np.repeat(random.integers(0, 5, products), segments)
    size = np.bincount(group, width.ravel(), 5)
    total = 0.4 * size.sum()
    weights = np.vstack([np.ones(5), np.eye(5)])
    lower, upper = [-np.inf, *(0.1 * size)], [total, *(0.5 * size)]
    bends = np.zeros((0, value.size))
    bend = np.zeros(6, dtype=np.int64)
    if bent:
        bends = (3.0 * value.ravel() - 2.2)[None, :]
        weights, bend = np.vstack([weights, np.ones(5)]), np.append(bend, 1)
        lower, upper = [*lower, 0.0], [*upper, np.inf]
    return Program(value.ravel(), width.ravel(), group, weights, bends, bend, np.array(lower), np.array(upper))


@pytest.mark.parametrize("bent", [False, True])
@pytest.mark.parametrize("products", [60, 400, 1_200])
def test_the_optimum_is_the_engine_s_and_certified(products: int, bent: bool) -> None:
    program = budget_program(products, 1, bent=bent)
    answer, whole = zoom(program, small), small(program)
    proof = prove(program, answer.amounts, answer.prices)
    assert answer.optimal
    assert abs(proof.gap) <= 1e-9
    assert proof.violation <= 1e-9
    assert proof.objective == pytest.approx(float(program.value @ whole.amounts), rel=1e-9)


def test_the_solver_never_sees_more_than_a_few_hundred_columns() -> None:
    seen = []

    def watched(program: Program) -> Solution:
        seen.append(program.columns)
        return small(program)

    program = budget_program(1_500, 2)
    assert zoom(program, watched).optimal
    assert max(seen) <= 400 < program.columns


def test_a_start_from_the_prices_of_yesterday_takes_fewer_solves() -> None:
    calls: list[int] = []

    def counted(program: Program) -> Solution:
        calls.append(program.columns)
        return small(program)

    program = budget_program(1_500, 3)
    cold = zoom(program, counted)
    cold_calls = len(calls)
    warm = zoom(program, counted, cold.prices * 1.005)
    assert len(calls) - cold_calls < cold_calls
    np.testing.assert_allclose(program.value @ warm.amounts, program.value @ cold.amounts, rtol=1e-9)


@pytest.mark.parametrize("factor", [0.0, 3.0])
def test_a_start_that_is_far_off_costs_time_and_not_the_optimum(factor: float) -> None:
    program = budget_program(600, 4)
    cold = zoom(program, small)
    warm = zoom(program, small, cold.prices * factor)
    assert warm.optimal
    assert float(program.value @ warm.amounts) == pytest.approx(float(program.value @ cold.amounts), rel=1e-9)


@pytest.mark.parametrize("kind", ["one-row", "overlapping", "equal"])
def test_other_shapes_are_certified(kind: str) -> None:
    program = program_of(shape(kind, 120 if kind == "overlapping" else 1_000, 5))
    answer = optimum(program, small) if kind != "overlapping" else zoom(program, small)
    assert prove(program, answer.amounts, answer.prices).holds
    assert answer.optimal


def test_floors_that_the_total_cannot_pay_are_proven_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = shape("infeasible", 1_000, 5)
    program = program_of(instance)
    for limit in (500, 100_000):
        monkeypatch.setattr(large, "SMALL", limit)
        answer = optimum(program, small)
        assert answer.status == "infeasible"
        assert farkas(program, answer.prices) > 1e-3
        assert {"total", "category-3"} <= set(instance["row_names"][np.flatnonzero(answer.prices)].tolist())


def test_a_program_that_only_looks_infeasible_when_aggregated_is_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "SMALL", 500)
    program = budget_program(400, 6, bent=True)
    told = []

    def mistaken(part: Program) -> Solution:
        told.append(part.rows)
        if len(told) == 1:
            return Solution(np.zeros(part.columns), np.zeros(part.rows), "infeasible")
        return small(part)

    answer = optimum(program, mistaken)
    assert answer.optimal
    assert float(program.value @ answer.amounts) == pytest.approx(
        float(program.value @ small(program).amounts), rel=1e-6
    )


def test_a_solver_that_fails_ends_the_search() -> None:
    program = budget_program(400, 7)
    answer = zoom(program, lambda part: Solution(np.zeros(part.columns), np.zeros(part.rows), "time_limit"))
    assert answer.status == "time_limit"


def test_a_solver_that_never_gets_it_right_is_not_called_optimal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROUNDS", 5)
    program = budget_program(400, 8)

    def half(part: Program) -> Solution:
        honest = small(part)
        return Solution(honest.amounts * 0.5, honest.prices * 1.1, "optimal")

    assert not zoom(program, half).optimal


def test_columns_that_nothing_tells_apart_share_by_width() -> None:
    program = budget_program(200, 9)
    twice = Program(
        np.tile(program.value, 2),
        np.tile(program.width, 2),
        np.tile(program.pattern, 2),
        program.weights,
        np.zeros((0, 2 * program.columns)),
        program.bend,
        2 * program.lower,
        2 * program.upper,
    )
    first, second = np.split(zoom(twice, small).amounts, 2)
    np.testing.assert_allclose(first, second, rtol=1e-12, atol=1e-12)


def test_a_million_columns_take_seconds() -> None:
    program = budget_program(125_000, 10, segments=8)
    begun = time.process_time()
    assert zoom(program, small).optimal
    assert time.process_time() - begun < 20.0
