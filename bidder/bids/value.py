"""What a click is worth: orders a click, shrunk keyword → ad group → product → shop, times the contribution an order.

Formulas are SCIENCE 1.1 and 1.2 by :mod:`bidder.response.rates`: at each level counts are compared with what the level
above expects, and the factor is pulled towards its expectation as far as the counts are thin (Gamma-Poisson, empirical
Bayes). That expectation is 1 where bids say nothing. Where the bids that people set before bidder moved any turn out to
go with what sells (a Poisson regression over the level), it follows them as far as they do: whoever set them knew
something. As far as nothing but those bids tells what sells, the rates are theirs (:mod:`bidder.bids.found`). Late
orders follow SCIENCE 2.1: a day's completeness multiplies its clicks, never its orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidder.bids.figures import Figures
from bidder.bids.found import FARTHEST, trusted
from bidder.response.delay import MATURE, default_curve
from bidder.response.rates import per_exposure
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Conversion", "completeness", "conversion"]

HALF_LIFE = 28.0
"""Days after which a day counts half."""

USUAL_CVR = 0.02
"""Orders a click where nobody ordered yet."""

KNOWN, KNOWN_SD = 0.5, 0.5
"""How far people's bids follow what sells, before data: mean and standard deviation of the power."""

APART = 0.25
"""Variance, of the log, of what counts and expectation differ by beside chance, in that regression."""

LATE_ORDERS = 60.0
"""Orders that the written curve of late orders counts for beside what the shop's own days show."""


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """Orders a click of each lever. `own_sd` and `shared_sd` are standard deviations of the log: of the lever beside
    its ad group, and of what the product's levers have in common. `clicks` are the lever's own, `around` its product's.
    `trust` is how likely it is that the bids as people set them are right beside one another (0 to 1).
    """

    rate: FloatArray
    raw: FloatArray
    own_sd: FloatArray
    shared_sd: FloatArray
    clicks: FloatArray
    orders: FloatArray
    around: FloatArray
    trust: float = 0.0

    def quantile(self, z: float) -> FloatArray:
        """The rate z standard deviations off."""
        return np.asarray(self.rate * np.exp(z * np.hypot(self.own_sd, self.shared_sd)))


def completeness(figures: Figures, late: Sequence[float]) -> FloatArray:
    """(days,) which part of each day's orders is reported by now, by the written curve and the shop's own days.

    A day's orders a click are compared with those of days old enough to be complete; the written curve counts for 60
    orders beside them. Never falls with age.
    """
    age = np.arange(figures.days - 1, -1, -1)
    usual = default_curve(late)[np.clip(age, 0, MATURE)]
    both = np.isfinite(figures.clicks) & np.isfinite(figures.orders)
    clicks = np.where(both, figures.clicks, 0.0)
    orders = np.where(both, figures.orders, 0.0)
    old = age >= MATURE
    known = clicks[:, old].sum(axis=1)
    rate = (orders[:, old].sum(axis=1) + 1e-12) / (known + 1e-12)
    pooled = orders[:, old].sum() / max(known.sum(), 1e-12)
    if pooled <= 0:
        return np.asarray(usual)
    rate = (rate * known + pooled * 200) / (known + 200)
    expected = (clicks * rate[:, None]).sum(axis=0)
    seen = (orders.sum(axis=0) + LATE_ORDERS * usual) / (expected + LATE_ORDERS)
    seen = np.where(old, 1.0, np.clip(seen, 0.02, 1.0))
    return np.maximum.accumulate(seen[::-1])[::-1]  # older days, which come first, are at least as complete


def conversion(
    figures: Figures, product: IntArray, group: IntArray, late: Sequence[float], guess: FloatArray | None = None
) -> Conversion:
    """The rates. `product` and `group` number each lever's product and ad group (ad groups within products).

    `guess` is the log of the orders a click that people's bids stand for, up to a constant; NaN where unknown.
    """
    both = np.isfinite(figures.clicks) & np.isfinite(figures.orders)
    weight = 0.5 ** (np.arange(figures.days - 1, -1, -1) / HALF_LIFE)
    part = completeness(figures, late)
    tried = np.where(both, figures.clicks, 0.0) @ (weight * part)
    bought = np.where(both, figures.orders, 0.0) @ weight
    whole = max(float(bought.sum()), 0.5) / float(tried.sum()) if tried.sum() > 0 else USUAL_CVR
    rate, own_sd = np.full(len(tried), whole), np.zeros(len(tried))
    shared = np.full(len(tried), 1 / np.sqrt(max(float(bought.sum()), 0.5)))  # of everybody's rate
    said = np.zeros(len(tried)) if guess is None else _said(guess, product)
    above: IntArray = np.zeros(len(tried), dtype=np.int64)
    for level in (product, group, np.arange(len(tried))):
        shared = np.hypot(shared, own_sd)
        factor, own_sd = _factors(bought, tried * rate, level, above, said)
        rate, above = rate * factor, level
    trust = 0.0
    if guess is not None:
        trust, found = trusted(bought, tried, guess)
        rate, own_sd, shared = _believed(rate, own_sd, shared, trust, found, float(bought.sum()))
    clicks = np.where(both, figures.clicks, 0.0).sum(axis=1)
    orders = np.where(both, figures.orders, 0.0).sum(axis=1)
    around = np.asarray(np.bincount(product, clicks), dtype=np.float64)[product] if len(product) else clicks
    raw = np.divide(orders, clicks, out=np.full(len(clicks), np.nan), where=clicks > 0)
    return Conversion(rate, raw, own_sd, shared, clicks, orders, around, trust)


def _believed(
    rate: FloatArray, own_sd: FloatArray, shared: FloatArray, trust: float, found: FloatArray, bought: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rates and deviations between those of the counts and those of the bids as found, of the log, by their trust."""
    known = np.isfinite(found)
    part = np.where(known, trust, 0.0)
    mixed = rate ** (1 - part) * np.where(known, found, 1.0) ** part
    whole = 1 / np.sqrt(max(bought, 0.5))
    return mixed, own_sd * (1 - part), np.where(known, np.hypot(shared * (1 - part), whole * part), shared)


def _said(guess: FloatArray, product: IntArray) -> FloatArray:
    """What bids say beside their mean; where one says nothing, what the product's others say, else nothing."""
    known = np.isfinite(guess)
    if not known.any():
        return np.zeros(len(guess))
    centred = np.where(known, guess - guess[known].mean(), 0.0)
    count = _sum(product, known.astype(np.float64))
    near = _sum(product, centred) / np.maximum(count, 1.0)
    return np.where(known, centred, near[product])


def _factors(
    bought: FloatArray, expected: FloatArray, level: IntArray, above: IntArray, said: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """How each lever's group at this level does beside what the level above expects, and the log's deviation.

    A group that is all of the one above it has nothing to differ from: its factor is 1.
    """
    if not len(level):
        return np.ones(0), np.zeros(0)
    size = int(level.max()) + 1
    parent = np.zeros(size, dtype=np.int64)
    parent[level] = above
    present = np.bincount(level, minlength=size) > 0
    children = np.bincount(parent[present], minlength=int(above.max()) + 1)
    several = present & (children[parent] > 1)
    factor, sd = np.ones(size), np.zeros(size)
    if several.any():
        counts, base = _sum(level, bought, size)[several], _sum(level, expected, size)[several]
        number = _sum(level, np.ones(len(level)), size)[several]
        apart = _sum(level, said, size)[several] / number
        mean = _sum(parent[several], apart) / np.maximum(_sum(parent[several], np.ones(len(apart))), 1)
        known = np.exp(_followed(counts, base, apart - mean[parent[several]]))
        shrunk = per_exposure(counts, base * known, np.zeros(len(counts), dtype=np.int64), 1.0)
        factor[several], sd[several] = shrunk.mean * known, shrunk.log_sd
    return factor[level], sd[level]


def _followed(counts: FloatArray, expected: FloatArray, said: FloatArray) -> FloatArray:
    """What is expected beside 1, of the log: power × what bids say, where the power is fitted to the counts.

    Estimating equations of a Poisson regression with an intercept, weights for over-dispersion, the power pulled to
    its prior and never below 0 or above 1.
    """
    said = np.clip(said, -FARTHEST, FARTHEST)
    if not (said != 0).any():
        return np.zeros(len(said))
    power, whole = KNOWN, 0.0
    for _ in range(20):
        mean = np.maximum(expected, 0.0) * np.exp(whole + power * said)
        weight = 1 / (1 + APART * mean)
        whole += float(
            np.clip(np.log((float((weight * counts).sum()) + 0.5) / (float((weight * mean).sum()) + 0.5)), -1, 1)
        )
        score = float((weight * (counts - mean) * said).sum()) - (power - KNOWN) / KNOWN_SD**2
        power += float(np.clip(score / (float((weight * mean * said**2).sum()) + 1 / KNOWN_SD**2), -0.3, 0.3))
    return np.asarray(np.clip(power, 0.0, 1.0) * said)


def _sum(label: IntArray, column: FloatArray, size: int = 0) -> FloatArray:
    return np.asarray(np.bincount(label, column, size), dtype=np.float64)
