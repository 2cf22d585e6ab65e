"""The contribution of an order: what is left of its paid price before ad spend, and the break-even ROAS.

Formulas of the shop's operator (docs: what the figures mean): with p the average paid price, c the cost of the goods,
f the fees as a share of the price, r the value share refunded and resale the share of a returned good's cost kept,

    contribution = (1 − r)·(p·(1 − f) − c) − ship − pack − insurance − overhead − r·c·(1 − resale)
    break-even ROAS on paid revenue = p / contribution        (none when contribution ≤ 0)
    break-even ROAS after refunds   = p·(1 − r) / contribution
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["UnitEconomics"]


@dataclass(frozen=True, slots=True)
class UnitEconomics:
    """The cost lines of one paid order, in major units of one currency (shares as fractions).

    `unknown` names the lines that nobody gave: they are reckoned as no cost, and whoever shows the result says so.
    """

    price: float
    cost: float
    fee_rate: float = 0.0
    ship: float = 0.0
    pack: float = 0.0
    insurance: float = 0.0
    return_rate: float = 0.0
    resale: float = 1.0
    overhead: float = 0.0
    unknown: tuple[str, ...] = ()

    @property
    def contribution(self) -> float:
        """Money left of one paid order, before ad spend."""
        kept = (1 - self.return_rate) * (self.price * (1 - self.fee_rate) - self.cost)
        lost = self.return_rate * self.cost * (1 - self.resale)
        return kept - self.ship - self.pack - self.insurance - self.overhead - lost

    @property
    def margin(self) -> float:
        """Contribution over the paid price: what one unit of revenue is worth before ad spend."""
        return self.contribution / self.price

    @property
    def break_even_roas(self) -> float | None:
        """The ROAS at which ads neither earn nor lose; None when no ROAS is enough."""
        return self.price / self.contribution if self.contribution > 0 else None

    @property
    def net_break_even_roas(self) -> float | None:
        """The same on revenue after refunds (净成交)."""
        return None if self.break_even_roas is None else self.break_even_roas * (1 - self.return_rate)
