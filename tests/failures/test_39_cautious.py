"""39: where the world breaks and forecasts are far off for three days, budgets move little until they agree again."""

from __future__ import annotations

import numpy as np
import pytest

from bidder.decide import Decision, Policy, decide
from bidder.errors import Source
from bidder.explain.plan import document
from bidder.rules.base import Rule
from bidder.rules.words import WORDS
from tests.builders import a_budget, a_shop

TOTAL = Rule("the total", WORDS["total"].model_validate({"max": 330}), Source("rules.yaml", 1, 1), None)
SELLS = {"a": 40.0, "b": 12.0, "c": 4.0}
"""Orders a day of three budgets of 100."""


def after(bad: int, times: float = 0.3, good: int = 40, well: int = 0) -> Decision:
    """What is decided after so many bad days, on which orders are `times` what they were, and `well` good ones."""
    budgets = []
    for name, orders in SELLS.items():
        wave = [orders * (1 + 0.05 * ((day * 5) % 7 - 3) / 3) for day in range(good + bad + well)]
        broken = [one * (times if good <= day < good + bad else 1.0) for day, one in enumerate(wave)]
        budgets.append(a_budget(f"ads/{name}", days=len(wave), orders=tuple(float(round(one)) for one in broken)))
    return decide(a_shop(*budgets), Policy((TOTAL,)))


def most_moved(decision: Decision) -> float:
    now = decision.snapshot.now
    planned = np.array([one.after.to_float() for one in decision.plan.changes])
    return float(np.max(np.abs(planned - now) / now))


@pytest.mark.parametrize("times", [0.3, 3.0])
def test_39_three_days_far_off_make_it_cautious_and_it_recovers_by_itself(times: float) -> None:
    quiet = [after(bad, times) for bad in (0, 1, 2)]
    assert [one.doubt for one in quiet] == [None] * 3
    assert most_moved(quiet[0]) > 0.2, "else there is nothing to brake"
    broken = after(3, times)
    assert broken.doubt is not None
    assert most_moved(broken) <= 0.101
    assert any(note.startswith("cautious: orders of the last 3 days were") for note in document(broken).notes)
    assert not any(note.startswith("cautious") for note in document(quiet[0]).notes)
    later = after(28, times)
    assert later.doubt is None, "what the days say is learnt by now"
    assert after(3, times, well=3).doubt is None, "the world is as it was"


def test_39_few_orders_are_no_proof() -> None:
    few = a_shop(*(a_budget(f"ads/{name}", days=40, orders=(*[1.0] * 37, 0.0, 0.0, 0.0)) for name in "ab"))
    assert decide(few, Policy((TOTAL,))).doubt is None
