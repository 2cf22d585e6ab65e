"""What stock leaves of what buyers would order: no more is sold today than there is.

Called by :mod:`bidder.decide` after the rules were evaluated: they judge a product by what it would sell, the optimizer
pays for what it can sell. With S orders that stock allows, m orders expected and s their spread,

    sold(m) = m − L(m) + L(0),   L(m) = (s/c)·ln(1 + e^{c(m − S)/s}),   s² = S + (doubt·S)²

the loss of a logistic luck beyond S (c = 1.702 makes it nearly normal): nondecreasing, concave in m, 0 at 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bidder.response.curve import Curves, Response
from bidder.snapshot import FloatArray

__all__ = ["OnSale", "at_stock"]

LOGISTIC = 1.702
"""The logistic curve with its argument times this is within 0.01 of the normal."""


@dataclass(frozen=True, slots=True, eq=False)
class OnSale:
    """A Response that cannot bring more than `most` (n,) orders; inf: nothing bounds them. `spread` (n,) is their luck.

    Clicks and spend are those of `usual`: people click on what is sold out soon.
    """

    usual: Response
    most: FloatArray
    spread: FloatArray

    def orders(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) orders that can be filled."""
        wanted = self.usual.orders(amounts)
        rows = np.flatnonzero(np.isfinite(self.most))
        if not len(rows):
            return wanted
        most, spread = self.most[rows, None], np.maximum(self.spread[rows, None], 1e-9)

        def lost(orders: FloatArray) -> FloatArray:
            return np.asarray(spread / LOGISTIC * np.logaddexp(0.0, LOGISTIC * (orders - most) / spread))

        filled = wanted[rows] - lost(wanted[rows]) + lost(np.zeros_like(most))
        result = wanted.copy()
        result[rows] = np.where(most > 0, np.maximum(filled, 0.0), 0.0)
        return result

    def spend(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) money expected to be spent."""
        return self.usual.spend(amounts)

    def clicks(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) expected clicks."""
        return self.usual.clicks(amounts)


def at_stock(curves: Curves, most: FloatArray) -> Curves:
    """The curves where no budget brings more than `most` (n,) orders a day; NaN or inf: not known to be bounded."""
    most = np.where(np.isnan(most), np.inf, np.maximum(most, 0.0))
    if not np.isfinite(most).any():
        return curves
    doubt = curves.facts.get("level_cv", curves.log_sd)
    bound = np.where(np.isfinite(most), most, 0.0)
    return replace(curves, response=OnSale(curves.response, most, np.sqrt(bound + (doubt * bound) ** 2)))
