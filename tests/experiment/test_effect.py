"""From a shop's figures to "bidder earned so much a day": known effects come out, what is not an effect does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from bidder.catalog import BudgetStatus, Event
from bidder.experiment.effect import Finding, finding
from bidder.experiment.size import by_counts, size_of
from bidder.rules.holdout import Holdout
from bidder.rules.switchback import Switchback
from bidder.snapshot import Snapshot
from bidder.trial import Trial
from tests.builders import a_budget, a_shop
from tests.experiment.worlds import BEGUN, LATE, a_world, moved_by


def drawn(snapshot: Snapshot, share: str = "20%", seed: int = 1) -> Trial:
    everything = np.ones(len(snapshot.budgets), dtype=np.bool_)
    return Holdout.model_validate({"share": share, "seed": seed}).draw(everything, snapshot, "proof")


def of(found: Finding, outcome: str) -> tuple[float, float, float]:
    one = next(one for one in found.measured if one.outcome == outcome)
    assert one.ratio is not None
    return one.ratio


def test_a_known_effect_is_found_whatever_the_whole_shop_does() -> None:
    for growth in (0.0, 0.5, -0.3):
        trial = drawn(a_world(4))
        shop = a_world(4, after=28, gain=0.4, growth=growth, moved=moved_by(trial, 30), wild=20)
        found = finding(shop, trial, LATE)
        assert (found.why, found.days, found.alone, found.others) == ("", 28, 6, 24)
        mean, low, high = of(found, "orders")
        assert mean == pytest.approx(0.4, abs=0.05)
        assert 0 < low < 0.4 < high
        profit = next(one for one in found.measured if one.outcome == "profit")
        assert profit.certain
        assert profit.amount[1] > 0
        spend = next(one for one in found.measured if one.outcome == "spend")
        assert spend.amount[0] == pytest.approx(0, abs=1e-6)
        assert not spend.certain


def test_without_noise_the_money_is_exact() -> None:
    trial = drawn(a_world(4, wild=0))
    moved = moved_by(trial, 30)
    shop = a_world(4, after=28, gain=0.25, moved=moved, wild=0)
    found = finding(shop, trial, (1.0,) * 14)  # the builder's youngest days are complete
    base = {str(b.id): b.now.to_float() / 20 for b in shop.budgets if b.now is not None}
    sold = sum(base[f"ads/{i}"] for i in range(30) if moved[i])
    profit = next(one for one in found.measured if one.outcome == "profit")
    assert of(found, "orders")[0] == pytest.approx(0.25, rel=0.02)
    assert profit.amount[0] == pytest.approx(0.25 * sold * 100 * 0.4, rel=0.02)  # orders of 100 at a margin of 40 %


def test_late_orders_are_reckoned_with() -> None:
    trial = drawn(a_world(4, wild=0))
    shop = a_world(4, after=10, gain=0.25, moved=moved_by(trial, 30), wild=0, late=True)
    known = finding(shop, trial, LATE)
    assert of(known, "orders")[0] == pytest.approx(0.25, rel=0.03)
    money = next(one for one in known.measured if one.outcome == "profit").amount[0]
    later = finding(a_world(4, after=10, gain=0.25, moved=moved_by(trial, 30), wild=0), trial, (1.0,) * 14)
    assert money == pytest.approx(next(one for one in later.measured if one.outcome == "profit").amount[0], rel=0.03)
    half = finding(shop, trial, (0.1, 0.2, 0.3, 0.4))  # days of which less than half is known are not counted
    assert half.days < known.days == 10


def test_days_near_an_event_are_not_counted() -> None:
    trial = drawn(a_world(4))
    shop = a_world(4, after=20, moved=moved_by(trial, 30))
    marked = tuple(Event(BEGUN + timedelta(days=at), "flash sale") for at in (3, 4))
    assert finding(replace(shop, events=marked), trial, LATE).days == 18


def test_what_no_longer_takes_part_is_said_and_left_out_on_both_sides() -> None:
    trial = drawn(a_world(4))
    out = [unit for unit in trial.units if unit.out]
    heroes = [int(out[0].name[1:])]
    shop = a_world(4, after=28, moved=moved_by(trial, 30), heroes=heroes)
    gone = next(unit for unit in trial.units if not unit.out).budgets[0]
    paused = out[1].budgets[0]
    budgets = [
        replace(one, status=BudgetStatus.PAUSED if one.id == paused else BudgetStatus.REMOVED)
        if one.id in (gone, paused)
        else one
        for one in shop.budgets
    ]
    found = finding(replace(shop, budgets=tuple(budgets)), trial, LATE)
    said = dict(found.cancelled)
    assert said[out[0].name] == "it has become a hero"
    assert "paused or ended" in said[out[1].name]
    assert len(said) == 3
    assert (found.alone, found.others) == (4, 23)


def test_nothing_is_said_before_there_are_days_on_both_sides() -> None:
    trial = drawn(a_world(4))
    found = finding(a_world(4, after=1), trial, LATE)
    assert found.measured == ()
    assert "1 days with bidder" in found.why
    refused = finding(a_world(4, after=28), replace(trial, refused="it would see nothing"), LATE)
    assert (refused.measured, refused.why) == ((), "it would see nothing")


def test_heroes_and_what_shares_goods_with_them_are_never_drawn_and_joined_budgets_are_one() -> None:
    shop = a_shop(
        *(a_budget(f"ads/{i}", products=(f"P{i}",)) for i in range(8)),
        a_budget("site/0", products=("P0", "P1")),  # joins ads/0, ads/1 and itself
        a_budget("ads/idle", now=50.0, spend=0.0, products=("P9",)),
        products=a_world(1, n=3, heroes=(2,)).products,
    )
    seen = drawn(shop, "50%")
    names = {unit.name: len(unit.budgets) for unit in seen.units}
    assert names == {"P0": 3, **{f"P{i}": 1 for i in range(2, 8)}}
    hero = replace(shop, products=tuple(replace(p, id=type(p.id)("P3")) for p in shop.products if p.tags))
    assert "P3" not in {unit.name for unit in drawn(hero, "50%").units}


def test_a_switchback_finds_what_the_blocks_with_bidder_bring() -> None:
    kind = Switchback.model_validate({"weeks": 10, "seed": 3})
    begun = a_world(8, days=70)
    trial = kind.draw(np.ones(30, dtype=np.bool_), begun, "experiment")
    assert sum(trial.on) == 5
    gain = np.repeat([0.3 if on else 0.0 for on in trial.on], 7)
    shop = a_world(8, days=40, after=70, gain=gain, wild=5)
    found = finding(shop, trial, LATE)
    assert found.why == ""
    assert found.days == found.before == 25  # two days of each week are not counted
    mean, low, high = of(found, "orders")
    assert mean == pytest.approx(0.3, abs=0.05)
    assert 0 < low < 0.3 < high
    for day in range(70):
        on = trial.on[day // 7]
        assert len(trial.alone(trial.first + day)) == (0 if on else 30)


def test_counts_alone_allow_what_is_known_of_them() -> None:
    orders = {10: 0.51, 30: 0.27, 100: 0.14, 300: 0.08}  # a day, 28 days, half on each side (SCIENCE 9.4)
    for a_day, least in orders.items():
        assert by_counts(a_day * 14, a_day * 14) == pytest.approx(least, abs=0.006)
    assert by_counts(0, 100) is None


def test_the_size_says_plainly_when_nothing_could_be_seen() -> None:
    few = a_world(2, n=12, days=56)
    size = size_of(few, drawn(few, "10%"), LATE)
    assert size.alone == 1
    assert "no effect, however large" in size.why
    short = a_world(2, days=10)
    assert "10 usual days" in size_of(short, drawn(short), LATE).why
    many = a_world(2, n=40, days=56, wild=5)
    seen = size_of(many, drawn(many), LATE)
    assert seen.why == ""
    least = seen.of("orders")
    assert least is not None
    assert 0.01 < least < 0.3
    noisier = size_of(a_world(2, n=40, days=56, wild=0.3), drawn(many), LATE).of("orders")
    assert noisier is None or noisier > 2 * least
