"""How small an effect an experiment could see, told before it starts (SCIENCE 9.4).

From the shop's own figures: its last days are taken for an experiment in which nothing happened, effects of a known
size are put on them, and the very test that will be run is run on many draws. Beside it what counting orders allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, sqrt
from statistics import NormalDist

import numpy as np

from bidder.draw import every_holdout, every_switchback
from bidder.experiment.effect import BEFORE_DAYS
from bidder.experiment.outcomes import OUTCOMES, Outcomes, outcomes
from bidder.experiment.randomisation import LEVEL, WANTED, Design, chance, of_blocks, of_units, smallest
from bidder.snapshot import FloatArray, Snapshot
from bidder.trial import Trial

__all__ = ["Size", "Visible", "by_counts", "size_of"]

SHOWN = (0.05, 0.1, 0.2, 0.3)
"""Effects whose chance to be seen is told."""

MOST = 3.0
"""No effect above this (300 %) is looked for."""

DISPERSION = 1.5
LEAST_WEEKS = 1


@dataclass(frozen=True, slots=True)
class Visible:
    """Of one outcome: the smallest effect seen with a chance of 80 %, as a part of what there is (None: none is), and
    the chance of each effect of SHOWN."""

    outcome: str
    smallest: float | None
    chances: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Size:
    """What an experiment could see. `days` of history stood for its length; `counts` is what order counts allow.

    `why` is why nothing can be seen (empty: something can).
    """

    alone: int
    others: int
    draws: int
    days: int
    visible: tuple[Visible, ...]
    counts: float | None
    why: str = ""

    def of(self, outcome: str) -> float | None:
        """The smallest effect on an outcome that would be seen."""
        return next((one.smallest for one in self.visible if one.outcome == outcome), None)


def by_counts(with_: float, without: float, dispersion: float = DISPERSION) -> float | None:
    """The smallest effect that so many orders on each side can show: exp((z.975 + z.8)·√(φ(1/n₁ + 1/n₀))) − 1."""
    if with_ <= 0 or without <= 0:
        return None
    normal = NormalDist()
    z = normal.inv_cdf(1 - LEVEL / 2) + normal.inv_cdf(WANTED)
    return exp(min(z * sqrt(dispersion * (1 / with_ + 1 / without)), 50.0)) - 1


def size_of(snapshot: Snapshot, trial: Trial, late: Sequence[float]) -> Size:
    """What this draw's kind could see in this shop, from its figures before the snapshot's day."""
    seen = outcomes(snapshot, trial.units, late)
    if trial.word == "holdout":
        return _holdout(trial, seen)
    return _switchback(trial, seen)


def _holdout(trial: Trial, seen: Outcomes) -> Size:
    counted = np.flatnonzero(seen.counted)
    out = every_holdout(trial.units, trial.seed) if trial.units else np.zeros((0, 0), dtype=np.bool_)
    alone = sum(one.out for one in trial.units)
    others = len(trial.units) - alone
    length = min(trial.days, len(counted) // 2)
    if not alone or length < 7 * LEAST_WEEKS:
        why = "fewer than two products can take part" if not alone else _short(len(counted))
        return Size(alone, others, len(out), length, (), None, why)
    during = counted[-length:]
    before = counted[:-length][-max(BEFORE_DAYS, trial.days) :]
    visible, able = [], False
    for name in OUTCOMES:
        now, was = (seen.of(name)[:, days].mean(axis=1) for days in (during, before))
        own = seen.of("contribution" if name == "profit" else name)[:, before].mean(axis=1)
        design = of_units(out, np.maximum(own, 0.0))
        level = float(now.sum()) / max(float(own.sum()), 1e-12)
        able = able or design.could_tell
        visible.append(_visible(name, design, now - was, level))
    orders = seen.orders[:, during].sum(axis=1) * trial.days / length
    held = np.array([one.out for one in trial.units], dtype=np.bool_)
    counts = by_counts(float(orders[~held].sum()), float(orders[held].sum()))
    return _told(Size(alone, others, len(out), length, tuple(visible), counts), able)


def _switchback(trial: Trial, seen: Outcomes) -> Size:
    counted = np.flatnonzero(seen.counted)
    on = every_switchback(trial.on, trial.seed)
    alone = len(trial.on) - sum(trial.on)
    others = len(trial.on) - alone
    own = min(trial.block, len(counted) // len(trial.on))
    kept = own - min(trial.washout, own - 1)
    if own < 1 or len(counted) < 14:
        return Size(alone, others, len(on), len(counted), (), None, _short(len(counted)))
    used = counted[-own * len(trial.on) :].reshape(len(trial.on), own)[:, -kept:]
    visible = []
    design = of_blocks(on)
    scale = sqrt(kept / max(1, trial.block - trial.washout))  # shorter blocks than the real ones are noisier
    for name in OUTCOMES:
        means = seen.of(name).sum(axis=0)[used].mean(axis=1)
        level = float(means.mean())
        around = level + (means - level) * min(scale, 1.0)
        visible.append(_visible(name, design, around, level))
    orders = float(seen.orders.sum(axis=0)[used].mean()) * (trial.block - trial.washout)
    counts = by_counts(orders * others, orders * alone)
    return _told(Size(alone, others, len(on), own * len(trial.on), tuple(visible), counts), design.could_tell)


def _visible(name: str, design: Design, figures: FloatArray, level: float) -> Visible:
    """`level` is what an effect of 1 is held against: effects are told as parts of it."""
    if level <= 0 or not len(design.weights):
        return Visible(name, None, tuple((one, 0.0) for one in SHOWN))
    least = smallest(design, figures, MOST * level)
    able = design.could_tell
    chances = tuple((one, chance(design, figures, one * level) if able else 0.0) for one in SHOWN)
    return Visible(name, None if least is None else least / level, chances)


def _told(size: Size, able: bool) -> Size:
    if not able:
        why = f"only {size.draws} draws are possible: no effect, however large, could be told from chance"
        return replace(size, why=why)
    if all(one.smallest is None for one in size.visible):
        return replace(size, why=f"no effect below {MOST:.0%} would be seen")
    return size


def _short(days: int) -> str:
    return f"{days} usual days of figures are known, 14 are needed"
