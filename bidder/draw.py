"""Who is left alone in an experiment: units of budgets, strata of like spend, blocks of days; drawn by keyed digests.

The same names, figures and seed give the same draw. `every_holdout` and `every_switchback` give all draws that could
have come (or a sample of them): what a result is held against (randomisation inference).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import combinations, product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from bidder.catalog import BudgetStatus
from bidder.ids import BudgetId
from bidder.snapshot import Snapshot
from bidder.trial import TrialUnit

__all__ = ["HERO", "MOST_DRAWS", "draw_blocks", "draw_units", "every_holdout", "every_switchback", "units_of"]

HERO = "hero"
SPEND_DAYS = 28
"""Days whose spend says which units are alike."""

MOST_DRAWS = 2_000
"""All draws are looked at where there are no more than these, else so many of them (fewer of very large shops)."""

LEAST_DRAWS = 200
MOST_FIGURES = 4_000_000
"""Draws times units that are held at once."""


def units_of(snapshot: Snapshot, chosen: NDArray[np.bool_], *, heroes: bool) -> list[TrialUnit]:
    """Budgets that share products, joined; those with most spend first, all in stratum 0.

    Left out are budgets that are not chosen, not active or of unknown amount with all that shares goods with them, what
    has spent nothing lately, and (unless `heroes`) whatever a hero belongs to.
    """
    group = _joined([{f"p{one}" for one in budget.products} for budget in snapshot.budgets])
    hero = {one.id for one in snapshot.products if HERO in one.tags}
    spend = _spend(snapshot)
    found: list[tuple[float, TrialUnit]] = []
    for members in group:
        budgets = [snapshot.budgets[place] for place in members]
        fit = all(chosen[place] for place in members) and all(
            one.status is BudgetStatus.ACTIVE and one.now is not None for one in budgets
        )
        spent = float(np.sort(spend[members]).sum())
        if not fit or spent <= 0 or (not heroes and any(p in hero for one in budgets for p in one.products)):
            continue
        names = sorted(str(p) for one in budgets for p in one.products) or [str(budgets[0].id)]
        ids: list[BudgetId] = sorted((one.id for one in budgets), key=str)
        found.append((spent, TrialUnit(names[0], tuple(ids))))
    return [unit for _, unit in sorted(found, key=lambda one: (-one[0], one[1].name))]


def draw_units(units: Sequence[TrialUnit], share: float, seed: int) -> tuple[TrialUnit, ...]:
    """One of each stratum is out; there are `share` times as many strata as units, at least one (of two units)."""
    if len(units) < 2:
        return ()
    strata = min(max(1, round(share * len(units))), len(units) // 2)
    drawn: list[TrialUnit] = []
    for number, places in enumerate(np.array_split(np.arange(len(units)), strata)):
        members = [units[int(place)] for place in places]
        out = min(members, key=lambda one: _digest(one.name, seed))
        drawn += [replace(one, stratum=number, out=one is out) for one in members]
    return tuple(drawn)


def draw_blocks(blocks: int, seed: int) -> tuple[bool, ...]:
    """Half of the blocks (the smaller half of an odd number) are off, drawn without regard to their order."""
    ranked = sorted(range(blocks), key=lambda one: _digest(f"block {one}", seed))
    off = set(ranked[: blocks // 2])
    return tuple(one not in off for one in range(blocks))


def every_holdout(units: Sequence[TrialUnit], seed: int = 0) -> NDArray[np.bool_]:
    """Draws of `units`, (m, n): who is out; the drawn one first. A sample, drawn by `seed`, where there are many."""
    members: dict[int, list[int]] = {}
    for at, one in enumerate(units):
        members.setdefault(one.stratum, []).append(at)
    strata = [members[number] for number in sorted(members)]
    most = min(MOST_DRAWS, max(LEAST_DRAWS, MOST_FIGURES // max(1, len(units))))
    drawn = np.array([one.out for one in units], dtype=np.bool_)
    if prod(len(one) for one in strata) <= most:
        picks = np.array(list(product(*strata)), dtype=np.int64)
    else:
        rng = np.random.default_rng(seed)
        picks = np.column_stack([rng.choice(np.array(one), most - 1) for one in strata])
        picks = np.vstack([np.flatnonzero(drawn)[None, :], picks]) if drawn.any() else picks
    out = np.zeros((len(picks), len(units)), dtype=np.bool_)
    np.put_along_axis(out, picks, True, axis=1)
    return _first(out, drawn)


def every_switchback(on: Sequence[bool], seed: int = 0) -> NDArray[np.bool_]:
    """Draws of blocks, (m, blocks): which are on; the drawn one first."""
    drawn = np.array(on, dtype=np.bool_)
    size, off = len(on), len(on) // 2
    if comb(size, off) <= MOST_DRAWS:
        table = np.ones((comb(size, off), size), dtype=np.bool_)
        for row, places in enumerate(combinations(range(size), off)):
            table[row, list(places)] = False
        return _first(table, drawn)
    order = np.random.default_rng(seed).random((MOST_DRAWS - 1, size)).argsort(axis=1)
    return np.vstack([drawn[None, :], order >= off])


def _first(table: NDArray[np.bool_], drawn: NDArray[np.bool_]) -> NDArray[np.bool_]:
    same = (table == drawn).all(axis=1)
    if not same.any():
        return table  # nothing was drawn yet: every draw is as good
    place = int(np.argmax(same))
    return np.vstack([table[place : place + 1], np.delete(table, place, axis=0)])


def _joined(names: Sequence[set[str]]) -> list[list[int]]:
    """Positions joined where they share a name; those without names stand alone."""
    leader = list(range(len(names)))

    def top(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    seen: dict[str, int] = {}
    for place, mine in enumerate(names):
        for name in sorted(mine):
            leader[top(place)] = top(seen.setdefault(name, place))
    groups: dict[int, list[int]] = {}
    for place in range(len(names)):
        groups.setdefault(top(place), []).append(place)
    return list(groups.values())


def _spend(snapshot: Snapshot) -> NDArray[np.float64]:
    """What each budget spent in the last days, in the shop's currency."""
    history = snapshot.history
    rows = (history.day < snapshot.today) & (history.day >= snapshot.today - SPEND_DAYS) & (history.spend > 0)
    rate = np.array([snapshot.rate(one.currency) for one in snapshot.budgets], dtype=np.float64)
    size = len(snapshot.budgets)
    if not size:
        return rate
    return np.asarray(np.bincount(history.budget[rows], (history.spend * rate[history.budget])[rows], size), np.float64)


def _digest(name: str, seed: int) -> bytes:
    return blake2b(name.encode(), digest_size=8, key=f"holdout {seed}".encode()).digest()
