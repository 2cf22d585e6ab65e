"""`hot_list: {size: 20, heroes: 3}`: which products the money goes to (SCIENCE 12).

A product's score is its profit a day at today's amounts, taken at the 60 % quantile of what is known. It enters at a
rank up to `size` and leaves when it ranked beyond one and a half times that for three days running, so that luck swaps
nothing. The list of the day before is in the Snapshot. Products that are not on the list fall, step by step, to what
`others` says; those that still learn are not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from typing_extensions import override

from bidder.errors import Source
from bidder.ids import ProductId
from bidder.limits import Bounds, Priority, Quantity
from bidder.response.curve import Curves
from bidder.rules.amounts import column, in_force, minimums
from bidder.rules.base import Kind
from bidder.snapshot import Hot, Snapshot
from bidder.written import MINIMUM, Amount, AmountOrMinimum

__all__ = ["AUXILIARY", "HERO", "HotList"]

HERO, AUXILIARY = "hero", "auxiliary"

Z_60 = 0.2533471031357997
"""The standard normal's 0.6 quantile."""

LEAVES = 1.5
AWAY_DAYS = 3


class HotList(Kind):
    """The products that the money goes to: heroes, auxiliaries, and what the others still get."""

    word: ClassVar[str] = "hot_list"
    priority: ClassVar[int] = Priority.WISH

    size: int = Field(ge=1, le=1000, strict=True)
    """So many products enter; who is on the list stays until it ranks beyond one and a half times that for 3 days."""
    heroes: int = Field(default=3, ge=0, strict=True)
    """So many of them are heroes; the others are auxiliaries."""
    keep: tuple[str, ...] = ()
    """Ids of products that are always on the list."""
    floor: AmountOrMinimum | None = None
    """At least so much a day for each budget of a hero, for example `100`."""
    others: AmountOrMinimum = MINIMUM
    """At most so much a day for each budget of products that are not on the list."""

    @model_validator(mode="after")
    def _fits(self) -> HotList:
        if "heroes" in self.model_fields_set and self.heroes > self.size:
            raise ValueError(f"expected at most as many heroes as products, was {self.heroes} of {self.size}")
        low, high = self.floor, self.others
        same = isinstance(low, Amount) and isinstance(high, Amount) and low.currency == high.currency
        if same and isinstance(low, Amount) and isinstance(high, Amount) and low.value < high.value:
            raise ValueError(f"expected a floor of heroes above what others get, was {low} below {high}")
        return self

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """Floors of heroes; what is left for those that are not on the list."""
        listed = self.listed(chosen, snapshot, curves, name)
        least = minimums(snapshot)
        active = chosen & in_force(snapshot)
        bounds = Bounds.open(name, len(chosen), priority, source)
        most = np.maximum(column(self.others, snapshot), least)
        floor = None if self.floor is None else np.maximum(column(self.floor, snapshot), least)
        for index, budget in enumerate(snapshot.budgets):
            if not active[index] or not budget.products:
                continue
            roles = {listed[product].role for product in budget.products if product in listed}
            if not roles and curves.state[index] != "learning":
                bounds.upper[index] = most[index]
            elif HERO in roles and floor is not None:
                bounds.lower[index] = floor[index]
        yield bounds

    def listed(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str
    ) -> Mapping[ProductId, Hot]:
        """Today's list: product → its role, and for how many days it has ranked too low."""
        before = snapshot.hot.get(name, {})
        ranked = _ranked(chosen, snapshot, curves)
        kept = {ProductId(one) for one in self.keep}
        result: dict[ProductId, Hot] = {}
        heroes = 0
        for rank, product in enumerate(ranked, 1):
            was = before.get(product)
            away = was.away + 1 if was is not None and rank > LEAVES * self.size else 0
            if product not in kept and (away >= AWAY_DAYS or (was is None and rank > self.size)):
                continue
            stays_hero = was is not None and was.role == HERO and rank <= LEAVES * self.heroes
            hero = heroes < self.heroes and (stays_hero or rank <= self.heroes)
            heroes += hero
            result[product] = Hot(HERO if hero else AUXILIARY, away)
        return result


def _ranked(chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves) -> list[ProductId]:
    """The products of the chosen budgets in force, best first; a budget's profit is shared evenly by its products."""
    now = np.nan_to_num(snapshot.now)
    earned = curves.expected(Quantity.ORDERS, now) * curves.margin_per_order * np.exp(Z_60 * curves.log_sd)
    profit = earned - curves.expected(Quantity.SPEND, now)
    active = chosen & in_force(snapshot)
    scores: dict[ProductId, float] = {}
    for index, budget in enumerate(snapshot.budgets):
        if active[index]:
            for product in budget.products:
                scores[product] = scores.get(product, 0.0) + float(profit[index]) / len(budget.products)
    place = {product.id: index for index, product in enumerate(snapshot.products)}
    return sorted(scores, key=lambda product: (-scores[product], place.get(product, len(place))))
