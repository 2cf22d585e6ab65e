"""An experiment without effect seems to have one about as rarely as it says; with one, the interval covers it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.draw import draw_blocks, draw_units, every_holdout, every_switchback
from bidder.experiment.randomisation import LEVEL, Design, chance, estimate, of_blocks, of_units, smallest
from bidder.ids import AccountId, BudgetId
from bidder.snapshot import FloatArray
from bidder.trial import TrialUnit

DAYS = 28


def some_units(n: int, share: float, seed: int) -> tuple[TrialUnit, ...]:
    return draw_units([TrialUnit(f"P{i}", (BudgetId(AccountId("a"), str(i)),)) for i in range(n)], share, seed)


def real(design: Design, row: int) -> Design:
    """The same draws with another one as the real one."""
    order = np.r_[row, np.delete(np.arange(len(design.weights)), row)]
    return Design(design.weights[order], design.patterns[order])


def holdouts(worlds: int, seed: int, effect: float, n: int = 40) -> tuple[float, float, float]:
    """(share refused at 5 %, share of intervals with the truth inside, mean error in standard errors) over worlds.

    Worlds: sizes over two orders of magnitude, each product drifts its own way and all together, orders are wild.
    """
    rng = np.random.default_rng(seed)
    out = every_holdout(some_units(n, 0.2, seed), seed)
    refused, covered, errors = 0, 0, []
    for _ in range(worlds):
        base = -np.sort(-np.exp(rng.normal(1.5, 1.2, n)))
        drift = np.exp(rng.normal(0, 0.25, n) + rng.normal(0, 0.2))
        luck = rng.gamma(16, 1 / 16, (2, n))
        row = int(rng.integers(len(out)))
        moved = ~out[row]
        was = rng.poisson(base * luck[0] * DAYS) / DAYS
        now = rng.poisson(base * drift * luck[1] * np.where(moved, 1 + effect, 1.0) * DAYS) / DAYS
        found = estimate(real(of_units(out, was), row), now - was)
        size = was[moved].sum()
        truth = effect * (base * drift * luck[1])[moved].sum() / size
        refused += found.p <= LEVEL
        covered += found.low <= truth <= found.high
        errors.append(found.mean - truth)
    return refused / worlds, covered / worlds, float(np.mean(errors) / (np.std(errors) / np.sqrt(worlds)))


def switchbacks(worlds: int, seed: int, effect: float, blocks: int = 8) -> tuple[float, float]:
    """Likewise, of shops that grow or shrink, with good and bad weeks that follow each other."""
    rng = np.random.default_rng(seed)
    on = every_switchback(draw_blocks(blocks, seed), seed)
    design = of_blocks(on)
    refused = covered = 0
    for _ in range(worlds):
        row = int(rng.integers(len(design.weights)))
        luck = rng.normal(0, 0.05, blocks)
        for at in range(1, blocks):
            luck[at] += 0.6 * luck[at - 1]
        level = 1000 * np.exp(luck + rng.normal(0, 0.03) * np.arange(blocks))
        found = estimate(real(design, row), level + effect * 1000 * design.patterns[row])
        refused += found.p <= LEVEL
        covered += found.low <= effect * 1000 <= found.high
    return refused / worlds, covered / worlds


def test_an_experiment_without_effect_is_said_to_have_one_in_at_most_seven_of_a_hundred() -> None:
    for seed in (11, 12):
        refused, covered, _ = holdouts(700, seed, 0.0)
        assert 0.02 <= refused <= 0.07
        assert 0.93 <= covered <= 0.98
    refused, covered = switchbacks(700, 13, 0.0)
    assert 0.01 <= refused <= 0.07  # 70 draws, and each has its mirror: 4 of 70 are too many already
    assert covered >= 0.93


def test_with_an_effect_the_interval_covers_it_about_as_often_as_it_says() -> None:
    for effect in (0.1, 0.2, -0.1):
        _, covered, error = holdouts(500, 21, effect)
        assert 0.92 <= covered <= 0.985
        assert abs(error) < 4
    assert holdouts(200, 23, 0.8)[0] >= 0.3
    assert switchbacks(500, 22, 0.2)[1] >= 0.93


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(40, 48))
def test_the_same_holds_for_other_seeds_sizes_and_effects(seed: int) -> None:
    n = (12, 20, 40, 80)[seed % 4]
    refused, covered, _ = holdouts(2_000, seed, 0.0, n)
    assert refused <= 0.07
    assert covered >= 0.93
    assert holdouts(1_000, seed, 0.15, n)[1] >= 0.92
    refused, covered = switchbacks(2_000, seed, 0.0, 8 + 2 * (seed % 3))
    assert refused <= 0.07
    assert covered >= 0.93


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["units", "blocks"]))
def test_the_interval_is_exactly_the_effects_that_the_test_does_not_refuse(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    if kind == "units":
        out = every_holdout(some_units(12, 0.25, seed), seed)
        design = of_units(out, np.exp(rng.normal(0, 1, 12)))
    else:
        design = of_blocks(every_switchback(draw_blocks(8, seed), seed))
    figures: FloatArray = np.asarray(rng.normal(0, 1, design.weights.shape[1]))
    found = estimate(design, figures)
    span = 4 * max(abs(found.mean), 1.0)
    for effect in np.linspace(found.mean - span, found.mean + span, 81).tolist():
        left = np.abs(design.weights @ (figures - effect * design.patterns[0]))
        p = float((left >= left[0] - 1e-9 * max(left.max(), 1e-300)).mean())
        inside = found.low - 1e-7 <= effect <= found.high + 1e-7
        assert inside or p <= LEVEL
        if found.low + 1e-7 < effect < found.high - 1e-7:
            assert p > LEVEL


def test_where_too_few_draws_are_possible_nothing_is_claimed() -> None:
    twelve = some_units(12, 0.1, 3)
    design = of_units(every_holdout(twelve, 3), np.ones(12))
    assert len(design.weights) == 12
    assert not design.could_tell
    moved = ~np.array([one.out for one in twelve])
    found = estimate(design, np.where(moved, 1000.0, 0.0))
    assert found.p > LEVEL
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert smallest(design, np.zeros(12), 100.0) is None
    four = of_blocks(every_switchback(draw_blocks(4, 1), 1))
    assert not four.could_tell


def test_the_smallest_effect_is_seen_four_times_in_five() -> None:
    rng = np.random.default_rng(5)
    out = every_holdout(some_units(40, 0.2, 5), 5)
    size: FloatArray = np.exp(rng.normal(1, 1, 40))
    design, figures = of_units(out, size), size * rng.normal(0, 0.2, 40)
    least = smallest(design, figures, 3.0)
    assert least is not None
    assert chance(design, figures, least) >= 0.8
    assert chance(design, figures, least * 0.5) < 0.8
    assert chance(design, figures, 0.0) <= 0.06
    seen = [
        estimate(real(design, row), figures + least * design.patterns[row]).p <= LEVEL
        for row in rng.integers(len(out), size=400).tolist()
    ]
    assert 0.72 <= np.mean(seen) <= 0.9
    assert smallest(design, 3 * figures, 9.0) == pytest.approx(3 * least, rel=0.01)


def test_the_real_draw_is_one_of_all_and_each_is_as_likely() -> None:
    units = some_units(20, 0.2, 9)
    out = every_holdout(units, 9)
    assert len(out) == 5**4
    assert (out[0] == np.array([one.out for one in units])).all()
    assert (out.sum(axis=1) == 4).all()
    assert (out.mean(axis=0) == 0.2).all()
    drawn = np.array([[one.out for one in some_units(20, 0.2, seed)] for seed in range(2_000)])
    assert np.abs(drawn.mean(axis=0) - 0.2).max() < 0.04
    blocks = np.array([draw_blocks(8, seed) for seed in range(2_000)])
    assert (blocks.sum(axis=1) == 4).all()
    assert np.abs(blocks.mean(axis=0) - 0.5).max() < 0.05
