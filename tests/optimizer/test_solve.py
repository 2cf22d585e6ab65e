"""The seam to the solver: exact where it prints eight digits, bounded in time, never believed."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pulp
import pytest

from bidder.optimizer import solve as module
from bidder.optimizer.certify import farkas, prove
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.solve import engine, solve


def a_program(
    value: list[float],
    width: list[float],
    rows: list[list[float]],
    *,
    upper: list[float],
    lower: list[float] | None = None,
) -> Program:
    """Every column its own pattern; rows written out."""
    columns = len(value)
    return Program(
        np.array(value),
        np.array(width),
        np.arange(columns),
        np.array(rows, dtype=np.float64).reshape(len(upper), columns),
        np.zeros((0, columns)),
        np.zeros(len(upper), dtype=np.int64),
        np.full(len(upper), -np.inf) if lower is None else np.array(lower),
        np.array(upper),
    )


def random_program(seed: int) -> Program:
    """Twenty columns in four patterns, three rows of which one has coefficients of its own for each column."""
    random = np.random.default_rng(seed)
    pattern = random.integers(0, 4, 20)
    weights = np.vstack([np.ones(4), np.arange(4) % 2, np.ones(4)]).astype(np.float64)
    width = random.lognormal(2.0, 1.0, 20)
    bends = random.uniform(-1.0, 3.0, (1, 20))
    bend = np.array([0, 0, 1])
    half = 0.4 * width.sum()
    return Program(
        random.lognormal(0.0, 0.7, 20),
        width,
        pattern,
        weights,
        bends,
        bend,
        np.array([-np.inf, 0.1 * half, 0.0]),
        np.array([half, 0.6 * half, np.inf]),
    )


@pytest.mark.parametrize("seed", range(20))
def test_an_answer_is_exact_to_twelve_digits(seed: int) -> None:
    program = random_program(seed)
    answer = solve(program, 5.0)
    proof = prove(program, answer.amounts, answer.prices)
    assert answer.optimal
    assert abs(proof.gap) <= 1e-12
    assert proof.violation <= 1e-12


def test_columns_that_nothing_tells_apart_share_by_width() -> None:
    program = a_program([2.0, 1.0, 2.0], [1.0, 9.0, 3.0], [[1.0, 1.0, 1.0]], upper=[2.0])
    program = Program(
        program.value,
        program.width,
        np.array([0, 1, 0]),
        program.weights[:, :2],
        program.bends,
        program.bend,
        program.lower,
        program.upper,
    )
    assert solve(program, 5.0).amounts.tolist() == pytest.approx([0.5, 0.0, 1.5])


def test_a_program_that_nothing_satisfies_is_called_infeasible() -> None:
    reachable = a_program([1.0, 1.0], [4.0, 4.0], [[1.0, 0.0], [1.0, 1.0]], lower=[3.0, -np.inf], upper=[np.inf, 2.0])
    assert solve(reachable, 5.0).status == "infeasible"
    beyond = a_program([1.0], [4.0], [[1.0]], lower=[5.0], upper=[np.inf])
    assert solve(beyond, 5.0).status == "infeasible"


def test_rows_that_cannot_bind_have_no_price() -> None:
    answer = solve(a_program([1.0], [4.0], [[1.0], [1.0]], upper=[9.0, 2.0]), 5.0)
    assert answer.prices.tolist() == [0.0, 1.0]


def test_a_program_without_columns_is_solved() -> None:
    assert solve(a_program([], [], [[]], upper=[1.0]), 5.0).optimal


def test_prices_prove_that_nothing_is_feasible() -> None:
    program = a_program([5.0, 1.0], [4.0, 4.0], [[1.0, 0.0], [1.0, 1.0]], lower=[3.0, -np.inf], upper=[np.inf, 2.0])
    assert farkas(program, np.array([-1.0, 1.0])) > 0.0
    assert farkas(program, np.array([0.0, 1.0])) <= 0.0
    assert farkas(program, np.zeros(2)) == 0.0


def test_a_price_on_an_open_side_proves_nothing() -> None:
    program = a_program([1.0], [4.0], [[1.0]], upper=[2.0])
    assert not prove(program, np.array([2.0]), np.array([-1.0])).holds
    assert not prove(program, np.array([np.nan]), np.array([1.0])).holds
    assert not prove(program, np.array([3.0]), np.array([1.0])).holds
    assert prove(program, np.array([2.0]), np.array([1.0])).holds


def an_executable(folder: Path, script: str) -> str:
    """A program that stands in for CBC."""
    path = folder / "cbc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize(
    "script",
    ["exec sleep 600", "exit 0", "exit 3", 'for last; do :; done; echo nonsense > "$last"', "kill -9 $$"],
    ids=["hangs", "writes nothing", "fails", "writes nonsense", "dies"],
)
def test_a_broken_solver_is_an_error_within_its_time(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulp.PULP_CBC_CMD, "pulp_cbc_path", an_executable(tmp_path, script))
    monkeypatch.setattr(module, "GRACE", 0.1)
    assert not solve(random_program(1), 0.1).optimal


def test_a_missing_solver_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulp.PULP_CBC_CMD, "pulp_cbc_path", "/nowhere/cbc")
    assert solve(random_program(1), 1.0).status == "error"


def test_an_optimum_that_is_none_is_an_error() -> None:
    def lying(program: Program, seconds: float) -> Solution:
        honest = engine(program, seconds)
        return Solution(honest.amounts * 0.5, honest.prices, "optimal")

    assert solve(random_program(1), 5.0, lying).status == "error"
