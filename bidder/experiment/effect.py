"""What bidder brought, with its interval: a holdout against units left alone, a switchback against days left alone.

Holdout: differences in differences of ratios. Each unit's daily mean during the experiment less that before it, summed
over the units that bidder moves and over those left alone, each over its usual size (orders, spend; for profit the
contribution, since profit may be 0). Sums, not means of units: money that bidder moves from one product to another is
not counted as a loss. Switchback: daily means of blocks, on against off beside a straight line through time.
Intervals: :mod:`bidder.experiment.randomisation`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from bidder.catalog import Budget, BudgetStatus
from bidder.draw import HERO, every_holdout, every_switchback
from bidder.experiment.outcomes import OUTCOMES, Outcomes, outcomes
from bidder.experiment.randomisation import LEVEL, Design, Estimate, estimate, of_blocks, of_units
from bidder.ids import BudgetId, ProductId
from bidder.snapshot import Snapshot
from bidder.trial import Trial, TrialUnit

__all__ = ["BEFORE_DAYS", "Finding", "Measured", "finding"]

BEFORE_DAYS = 14
"""A holdout looks at least so many days back before its beginning (at most as many as it lasts)."""

LEAST_DAYS = 3
"""So many days have to be counted on each side before anything is said."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The effect on one outcome. `amount` is a day's (money in the shop's currency, orders), of what bidder moves.

    `ratio` is the amount over what there would have been without bidder: (mean, low, high); None where that is not
    above 0. ±inf: nothing bounds it. `p`: how often chance alone would bring as much.
    """

    outcome: str
    amount: tuple[float, float, float]
    ratio: tuple[float, float, float] | None
    p: float

    @property
    def certain(self) -> bool:
        """Whether chance is refused as the reason."""
        return self.p <= LEVEL and (self.amount[1] > 0 or self.amount[2] < 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of an experiment. `days` are those counted since it began, `before` those it is held against.

    `cancelled` are units that no longer take part: (name, why). `why` is why nothing can be said yet (empty: it can).
    """

    trial: Trial
    days: int
    before: int
    alone: int
    others: int
    cancelled: tuple[tuple[str, str], ...]
    measured: tuple[Measured, ...]
    draws: int
    margins: bool
    why: str = ""


def finding(snapshot: Snapshot, trial: Trial, late: Sequence[float]) -> Finding:
    """The effect as known by the snapshot's day."""
    known = {one.id: one for one in snapshot.budgets}
    heroes = frozenset(one.id for one in snapshot.products if HERO in one.tags and trial.word == "holdout")
    cancelled = tuple((unit.name, why) for unit in trial.units if (why := _cancelled(unit, known, heroes)))
    gone = {name for name, _ in cancelled}
    units = [unit for unit in trial.units if unit.name not in gone]
    seen = outcomes(snapshot, units, late)
    if trial.word == "holdout":
        return _holdout(snapshot, trial, units, cancelled, seen)
    return _switchback(snapshot, trial, cancelled, seen)


def _holdout(
    snapshot: Snapshot,
    trial: Trial,
    units: list[TrialUnit],
    cancelled: tuple[tuple[str, str], ...],
    seen: Outcomes,
) -> Finding:
    last = min(snapshot.today - 1, trial.first + trial.days - 1)
    during = seen.days(trial.first, last)
    before = seen.days(trial.first - max(BEFORE_DAYS, trial.days), trial.first - 1)
    stay = {one.name for one in units}
    keep = np.array([one.name in stay for one in trial.units], dtype=np.bool_)
    out = every_holdout(trial.units, trial.seed)[:, keep]
    alone = sum(one.out for one in units)
    counts = (int(during.sum()), int(before.sum()), alone, len(units) - alone)
    why = _too_little(trial, counts[0], counts[1], bool(units) and 0 < alone < len(units))
    measured: list[Measured] = []
    design: Design | None = None
    for name in () if why else OUTCOMES:
        was, now = (seen.of(name)[:, days].mean(axis=1) for days in (before, during))
        size = seen.of("contribution" if name == "profit" else name)[:, before].mean(axis=1)
        design = of_units(out, np.maximum(size, 0.0))
        if not len(design.weights):
            why = "the products left alone sold nothing before it began"
            break
        found = estimate(design, now - was)
        free = ~out[0]
        whole = float(size[free].sum())
        drift = float((now - was)[~free].sum()) / float(size[~free].sum())
        measured.append(_measured(name, found, whole, float(was[free].sum()) + whole * drift))
    size_of = 0 if design is None else len(design.weights)
    return Finding(trial, *counts, cancelled, tuple(measured), size_of, seen.margins, why)


def _switchback(snapshot: Snapshot, trial: Trial, cancelled: tuple[tuple[str, str], ...], seen: Outcomes) -> Finding:
    blocks, masks = [], []
    for block, _ in enumerate(trial.on):
        first = trial.first + block * trial.block
        mask = seen.days(first + trial.washout, min(first + trial.block - 1, snapshot.today - 1))
        if mask.any():
            blocks.append(block)
            masks.append(mask)
    on = every_switchback(trial.on, trial.seed)[:, blocks]
    real = [trial.on[block] for block in blocks]
    counted = np.array([int(mask.sum()) for mask in masks], dtype=np.int64)
    days = [int(counted[np.array(real, dtype=np.bool_) == side].sum()) for side in (True, False)]
    design = of_blocks(on) if len(blocks) > 2 else Design(np.zeros((0, 0)), np.zeros((0, 0)))
    why = _too_little(trial, days[0], days[1], bool(len(design.weights)))
    measured: list[Measured] = []
    for name in () if why else OUTCOMES:
        day = seen.of(name).sum(axis=0)
        means = np.array([day[mask].mean() for mask in masks])
        found = estimate(design, means)
        without = float(means[~design.patterns[0].astype(np.bool_)].mean())
        measured.append(_measured(name, found, 1.0, without))
    alone = len(blocks) - sum(real)
    return Finding(
        trial, days[0], days[1], alone, len(blocks) - alone, cancelled, tuple(measured),
        len(design.weights), seen.margins, why,
    )  # fmt: skip


def _measured(name: str, found: Estimate, scale: float, without: float) -> Measured:
    amount = found.mean * scale, found.low * scale, found.high * scale
    ratio = (amount[0] / without, amount[1] / without, amount[2] / without) if without > 0 else None
    return Measured(name, amount, ratio if ratio and isfinite(ratio[0]) else None, found.p)


def _too_little(trial: Trial, counted: int, beside: int, both: bool) -> str:
    if trial.refused:
        return trial.refused
    if counted < LEAST_DAYS or beside < LEAST_DAYS:
        other = "before it began" if trial.word == "holdout" else "without bidder"
        return f"{counted} days with bidder and {beside} {other} are counted so far, {LEAST_DAYS} of each are needed"
    return "" if both else "nothing is left on one of the two sides"


def _cancelled(unit: TrialUnit, known: Mapping[BudgetId, Budget], heroes: frozenset[ProductId]) -> str:
    """Why a unit takes no part any more, for the same reasons on both sides; empty when it does."""
    budgets = [known.get(one) for one in unit.budgets]
    if not any(budgets):
        return "its budgets are gone"
    if any(one is not None and one.status is not BudgetStatus.ACTIVE for one in budgets):
        return "a budget of it was paused or ended"
    if any(p in heroes for one in budgets if one is not None for p in one.products):
        return "it has become a hero"
    return ""
