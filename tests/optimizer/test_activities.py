"""Which activities to join: equal to trying everything, and said in money."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bidder.errors import SolveError
from bidder.optimizer import activities
from bidder.optimizer.activities import Entry, Offer, choose_activities
from bidder.optimizer.solve import choose
from bidder.snapshot import FloatArray


def by_trying(
    offers: Sequence[Offer],
    entries: Sequence[Entry],
    stock: FloatArray,
    money: float,
    together: Sequence[tuple[int, int]],
) -> float:
    """The best worth over every set of entries; an offer is joined when any of its goods is in."""
    m = len(entries)
    sets = (np.arange(2**m)[:, None] >> np.arange(m)) & 1
    into = np.zeros((m, len(offers)))
    for place, entry in enumerate(entries):
        into[place, entry.offer] = 1.0
    joined = (sets @ into > 0).astype(float)
    cost = joined @ np.array([one.cost for one in offers])
    fees = sets @ np.array([one.fee for one in entries])
    worth = sets @ np.array([one.worth for one in entries]) - fees - cost
    fine = cost + fees <= money * (1 + 1e-12)
    for product in range(len(stock)):
        needs = np.array([one.units if one.product == product else 0.0 for one in entries])
        fine &= sets @ needs <= stock[product] + 1e-9
    for first, second in together:
        for place, entry in enumerate(entries):
            for other, beside in enumerate(entries):
                if (entry.offer, beside.offer) == (first, second) and entry.product == beside.product:
                    fine &= sets[:, place] + sets[:, other] <= 1
    return float(worth[fine].max())


@pytest.mark.parametrize("part", range(4))
def test_the_choice_is_that_of_trying_everything(part: int) -> None:
    for seed in range(part * 50, part * 50 + 50):
        draw = np.random.default_rng(seed)
        n = int(draw.integers(1, 13))
        offers = [
            Offer(f"a{i}", float(draw.integers(0, 30)) * 100, float(draw.integers(0, 20)) * 100) for i in range(n)
        ]
        products = int(draw.integers(1, 5))
        pairs = sorted(
            {(int(draw.integers(n)), int(draw.integers(products))) for _ in range(int(draw.integers(1, 13)))}
        )
        entries = [
            Entry(
                a, p, float(draw.integers(-500, 4000)), float(draw.integers(1, 200)), float(draw.integers(0, 4)) * 100
            )
            for a, p in pairs
        ]
        stock = np.where(draw.random(products) < 0.2, np.inf, draw.integers(20, 400, products).astype(float))
        money = np.inf if draw.random() < 0.3 else float(draw.integers(0, 80)) * 100
        together = [(i, i + 1) for i in range(n - 1) if draw.random() < 0.3]
        chosen = choose_activities(offers, entries, stock, money, together)
        assert chosen.worth == pytest.approx(by_trying(offers, entries, stock, money, together), abs=1e-6), seed
        for place, entry in enumerate(entries):
            assert chosen.joined[entry.offer] or not chosen.entered[place]


def test_each_offer_says_why() -> None:
    offers = [Offer("good", 100), Offer("dear", 9000), Offer("bare"), Offer("nothing"), Offer("rival", 50)]
    entries = [
        Entry(0, 0, 900.0, 60.0), Entry(1, 0, 700.0, 10.0), Entry(2, 1, 500.0, 50.0), Entry(4, 0, 300.0, 60.0),
    ]  # fmt: skip
    chosen = choose_activities(offers, entries, np.array([100.0, 0.0]))
    assert chosen.joined.tolist() == [True, False, False, False, False]
    good, dear, bare, nothing, rival = chosen.reasons
    assert good.endswith("+800")
    assert dear == "at best its goods bring 700 beyond an ordinary time, fee and ads cost 9000"
    assert bare == "there is not enough stock of any of its goods"
    assert nothing == "none of its goods can be judged"
    assert "earn more elsewhere" in rival


def test_a_solver_that_finds_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities, "choose", lambda *_: None)
    with pytest.raises(SolveError, match="no choice"):
        choose_activities([Offer("a")], [], np.zeros(0))


def test_no_choice_that_breaks_a_row_is_believed() -> None:
    assert choose(np.zeros(0), np.zeros((0, 0)), np.zeros(0), 1.0) is not None
    assert choose(np.ones(2), np.array([[1.0, 1.0]]), np.array([-1.0]), 5.0) is None
    taken = choose(np.array([3.0, 2.0]), np.array([[1.0, 1.0]]), np.array([1.0]), 5.0)
    assert taken is not None
    assert taken.tolist() == [True, False]
