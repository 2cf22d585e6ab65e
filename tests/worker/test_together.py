"""Shops that are decided side by side get the very plans that each gets alone, whatever their rules and their money."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.decide_scale import a_shop
from bidder.decide import Policy, decide
from bidder.errors import SolveError, Source
from bidder.explain.plan import document
from bidder.guard import GuardSettings
from bidder.optimizer.certify import prove
from bidder.optimizer.many import blocks, one_row, solve_many
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.solve import engine, solve
from bidder.rules.base import Kind, Rule
from bidder.rules.conditions import Condition
from bidder.rules.roas import Roas
from bidder.rules.share import Share
from bidder.rules.step import Step
from bidder.rules.total import Total
from bidder.worker.together import side_by_side


def a_program(seed: int, rows: int, columns: int = 40, unit: float = 1.0, worth: float = 1.0) -> Program:
    """A budget-like program: falling values, rows that bind on both sides."""
    chance = np.random.default_rng(seed)
    width = chance.uniform(0.1, 1.0, columns) * unit
    weights = np.vstack([np.ones((1, columns)), chance.random((rows - 1, columns)).round()])
    used = weights @ width
    lower = np.full(rows, -np.inf)
    lower[1::2] = 0.1 * used[1::2]
    upper = np.concatenate([[0.5 * used[0]], np.where(np.arange(1, rows) % 2, 0.7, 0.4) * used[1:]])
    value = chance.normal(0.4, 1.0, columns) * worth
    return Program(
        value, width, np.arange(columns), weights, np.zeros((0, columns)), np.zeros(rows, np.int64), lower, upper
    )


class TestMany:
    @given(st.integers(0, 10_000), st.sampled_from([(-np.inf, 0.4), (0.6, np.inf), (0.3, 0.5), (0.5, 0.5), (0.0, 2.0)]))
    @settings(max_examples=60, deadline=None)
    def test_one_row_is_solved_by_sorting_and_proven(self, seed: int, sides: tuple[float, float]) -> None:
        chance = np.random.default_rng(seed)
        plain = a_program(seed, 1, int(chance.integers(1, 40)))
        use = chance.choice([-1.0, 0.0, 0.5, 1.0], plain.columns) if seed % 3 else np.ones(plain.columns)
        reach = max(float(np.abs(use) @ plain.width), 0.1)
        program = Program(
            np.round(plain.value, 1), plain.width, plain.pattern, use[None, :], plain.bends, plain.bend,
            np.array([sides[0]]) * reach, np.array([sides[1]]) * reach,
        )  # fmt: skip
        answer = one_row(program)
        if answer.optimal:
            assert prove(program, answer.amounts, answer.prices).holds
        else:
            assert solve(program, 5.0).status == "infeasible"

    def test_columns_of_one_ratio_share_what_is_left_in_whatever_order_they_stand(self) -> None:
        program = Program(
            np.array([2.0, 2.0, 1.0]), np.array([1.0, 3.0, 1.0]), np.arange(3), np.ones((1, 3)), np.zeros((0, 3)),
            np.zeros(1, np.int64), np.array([-np.inf]), np.array([2.0]),
        )  # fmt: skip
        assert one_row(program).amounts.tolist() == [0.5, 1.5, 0.0]

    def test_blocks_are_solved_in_one_start_and_each_answer_is_proven(self) -> None:
        starts: list[int] = []

        def counted(program: Program, seconds: float) -> Solution:
            starts.append(program.columns)
            return engine(program, seconds)

        programs = [a_program(seed, 2 + seed % 3, unit=10.0**seed, worth=10.0 ** (3 - seed)) for seed in range(6)]
        answers = solve_many([*programs, a_program(9, 1)], 5.0, counted)
        assert starts == [sum(one.columns for one in programs)]
        for program, answer in zip(programs, answers, strict=False):
            assert prove(program, answer.amounts, answer.prices).holds
            assert answer.amounts == pytest.approx(
                engine(program, 5.0).amounts, rel=1e-6, abs=1e-6 * program.width.max()
            )

    def test_one_that_is_infeasible_costs_the_others_a_start_of_their_own_and_no_answer(self) -> None:
        good, bad = a_program(1, 2), a_program(2, 3)
        bad.lower[1] = 2.0 * bad.width.sum()
        assert [one.status for one in solve_many([good, bad], 5.0)] == ["error", "error"]
        done = side_by_side([lambda: solve(good, 5.0), lambda: solve(bad, 5.0)])
        found = [one.result for one in done]
        assert [one.status for one in found if isinstance(one, Solution)] == ["optimal", "infeasible"]

    def test_a_whole_of_different_shapes_keeps_each_block_apart(self) -> None:
        one, two = a_program(1, 2, 5), a_program(2, 3, 7)
        whole = blocks([one, two])
        assert (whole.rows, whole.columns) == (5, 12)
        assert not whole.matrix(np.arange(12))[:2, 5:].any()
        assert not whole.matrix(np.arange(12))[2:, :5].any()


FEW = Condition.read("budget.id.endsWith('1') || budget.id.endsWith('3')", Source("test"))


def rules(*said: tuple[type[Kind], dict[str, Any], bool]) -> list[Rule]:
    return [
        Rule(f"{kind.__name__}{place}", kind.model_validate(words), Source("test"), where=FEW if few else None)
        for place, (kind, words, few) in enumerate(said)
    ]


RULES = (
    rules(),
    rules((Step, {"max": "20%"}, False)),
    rules((Share, {"max": "25%"}, True)),
    rules((Roas, {"min": 1.5}, False), (Share, {"min": "35%", "max": "60%"}, True)),
)


def a_case(seed: int) -> Callable[[], dict[str, Any]]:
    """One shop's decision, as its document."""
    shop = a_shop(6 + seed % 4, 21, seed)
    total = float(np.nansum(shop.now)) * (0.8 + 0.1 * (seed % 5))
    said = [*rules((Total, {"max": f"{total:.2f}"}, False)), *RULES[seed % len(RULES)]]
    policy = Policy(tuple(said), guard=GuardSettings(check_history=False))

    def made() -> dict[str, Any]:
        return document(decide(shop, policy)).model_dump(mode="json")

    return made


def without_prices(document: Any) -> Any:
    """The document but for what a row's bound is worth: where a bound is reached just at the end of a piece, any price
    between that piece's and the next one's is right, and two engines need not say the same.
    """
    prices = {"value_of_total", "price", "gap"}
    if isinstance(document, dict):
        return {key: without_prices(one) for key, one in document.items() if key not in prices}
    return [without_prices(one) for one in document] if isinstance(document, list) else document


def test_plans_made_side_by_side_are_those_made_alone() -> None:
    cases = [a_case(seed) for seed in range(8)]
    together = [ended.result for ended in side_by_side(cases)]
    for alone, one in zip([case() for case in cases], together, strict=True):
        assert isinstance(one, dict)
        assert without_prices(one) == without_prices(alone)
        assert one["certificate"]["status"] == alone["certificate"]["status"]
        assert abs(one["certificate"]["gap"]) <= 1e-6


def test_what_one_raises_is_its_own() -> None:
    def clashing() -> dict[str, Any]:
        raise SolveError("no allocation keeps all limits", ["a", "b"])

    found = [ended.result for ended in side_by_side([a_case(1), clashing, a_case(2)])]
    assert isinstance(found[1], SolveError)
    assert [type(found[0]), type(found[2])] == [dict, dict]


def test_one_alone_is_answered_as_well() -> None:
    (ended,) = side_by_side([a_case(3)])
    one = ended.result
    assert isinstance(one, dict)
    assert without_prices(one) == without_prices(a_case(3)())


def test_what_each_took_is_its_own_and_not_what_it_waited_for_others() -> None:
    def takes(seconds: float) -> Callable[[], Solution]:
        def work() -> Solution:
            clock.passes(seconds)
            answer = solve(a_program(1, 2), 5.0)
            clock.passes(seconds)
            return answer

        return work

    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bidder.worker.together.time", SimpleNamespace(monotonic=clock))
        took = [ended.seconds for ended in side_by_side([takes(0.25), takes(8.0), takes(0.25)])]
        (alone,) = side_by_side([takes(0.25)])
    assert (took, alone.seconds) == ([0.5, 16.0, 0.5], 0.5), "a hundred small shops are no large ones the next day"


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds
