"""Which platform activities to join, with which products: a small program of noes and ayes.

Called by `bidder activities`. To join an activity costs its fee and the ad money it asks for; each product in it brings
its contribution at the event's price beyond what it would bring anyway, needs stock, and may cost a fee of its own. A
product is in one of two activities at a time, stock and money are there once:

    max Σ (worth_e − fee_e)·x_e − Σ cost_a·y_a    s.t.  x_e ≤ y_a(e),  y_a ≤ Σ x_e,  Σ_p units·x ≤ stock,  Σ money ≤ m
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidder.errors import SolveError
from bidder.optimizer.solve import choose
from bidder.snapshot import FloatArray

__all__ = ["Chosen", "Entry", "Offer", "choose_activities"]

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Offer:
    """An activity that can be joined: what it costs as a whole, and what part of that is ad money."""

    name: str
    fee: float = 0.0
    ads: float = 0.0

    @property
    def cost(self) -> float:
        """Fee and ad money."""
        return self.fee + self.ads


@dataclass(frozen=True, slots=True)
class Entry:
    """A product in an activity (positions): what it earns beyond an ordinary time, what it needs."""

    offer: int
    product: int
    worth: float
    """Contribution at the event's price over the activity, less what it would bring anyway; may be below 0."""
    units: float
    fee: float = 0.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """The best choice: which offers are joined, which entries made, what it earns, and for each offer why."""

    joined: NDArray[np.bool_]
    entered: NDArray[np.bool_]
    worth: float
    reasons: tuple[str, ...]


def choose_activities(
    offers: Sequence[Offer],
    entries: Sequence[Entry],
    stock: FloatArray,
    money: float = np.inf,
    together: Sequence[tuple[int, int]] = (),
) -> Chosen:
    """The choice that earns most. `stock` (p,) in pieces, inf where unknown; `together` are pairs of offers that go on
    at the same time. Raises SolveError when the solver finds no answer."""
    n, m = len(offers), len(entries)
    value = np.array([-one.cost for one in offers] + [one.worth - one.fee for one in entries], dtype=np.float64)
    rows, most = _rows(offers, entries, stock, money, together)
    taken = choose(value, rows, most, SECONDS)
    if taken is None:
        raise SolveError("the solver found no choice of activities")
    joined, entered = taken[:n], taken[n : n + m]
    worth = float(value[taken].sum())
    reasons = tuple(_reason(index, offers, entries, stock, joined, entered) for index in range(n))
    return Chosen(joined, entered, worth, reasons)


def _rows(
    offers: Sequence[Offer],
    entries: Sequence[Entry],
    stock: FloatArray,
    money: float,
    together: Sequence[tuple[int, int]],
) -> tuple[FloatArray, FloatArray]:
    n, m = len(offers), len(entries)
    rows: list[FloatArray] = []
    most: list[float] = []

    def row(parts: Sequence[tuple[int, float]], bound: float) -> None:
        one = np.zeros(n + m)
        for place, weight in parts:
            one[place] += weight
        rows.append(one)
        most.append(bound)

    for place, entry in enumerate(entries):
        row([(n + place, 1.0), (entry.offer, -1.0)], 0.0)
    for index in range(n):
        mine = [(n + place, -1.0) for place, entry in enumerate(entries) if entry.offer == index]
        row([(index, 1.0), *mine], 0.0)
    for product in sorted({entry.product for entry in entries}):
        if np.isfinite(stock[product]):
            needs = [(n + place, entry.units) for place, entry in enumerate(entries) if entry.product == product]
            row(needs, float(stock[product]))
    if np.isfinite(money):
        fees = [(n + place, entry.fee) for place, entry in enumerate(entries)]
        row([*((index, offer.cost) for index, offer in enumerate(offers)), *fees], money)
    for first, second in together:
        for place, entry in enumerate(entries):
            for other, beside in enumerate(entries):
                if entry.offer == first and beside.offer == second and entry.product == beside.product:
                    row([(n + place, 1.0), (n + other, 1.0)], 1.0)
    return np.array(rows).reshape(-1, n + m), np.array(most)


def _reason(
    index: int,
    offers: Sequence[Offer],
    entries: Sequence[Entry],
    stock: FloatArray,
    joined: NDArray[np.bool_],
    entered: NDArray[np.bool_],
) -> str:
    """Why an offer is joined or not, in money."""
    offer = offers[index]
    own = [(place, entry) for place, entry in enumerate(entries) if entry.offer == index]
    if joined[index]:
        brings = sum(entry.worth - entry.fee for place, entry in own if entered[place])
        left = brings - offer.cost
        return f"its goods bring {brings:.0f} beyond an ordinary time, fee and ads cost {offer.cost:.0f}: {left:+.0f}"
    if not own:
        return "none of its goods can be judged"
    fits = [entry for _, entry in own if entry.units <= stock[entry.product]]
    if not fits:
        return "there is not enough stock of any of its goods"
    best = sum(max(entry.worth - entry.fee, 0.0) for entry in fits)
    if best <= offer.cost:
        return f"at best its goods bring {best:.0f} beyond an ordinary time, fee and ads cost {offer.cost:.0f}"
    return f"alone it would bring {best - offer.cost:+.0f}, but its stock or its money earn more elsewhere"
