"""`holdout: {share: 10%}`: products that bidder leaves alone, so that what it earns can be told from what comes anyway.

Products are drawn by a keyed digest of their names, so that the same ones stay out from day to day; heroes are never
held out, and nothing is within 14 days of a platform activity. Off unless written.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Priority
from bidder.response.curve import Curves
from bidder.rules.amounts import in_force
from bidder.rules.base import Kind
from bidder.rules.events import event_near
from bidder.snapshot import Snapshot
from bidder.written import Fraction, show_percent

__all__ = ["Holdout", "held_out"]

HERO = "hero"
EVENT_DAYS = 14
MOST = 0.5


class Holdout(Kind):
    """A part of the chosen products that bidder leaves alone, to learn what it earns."""

    word: ClassVar[str] = "holdout"
    priority: ClassVar[int] = Priority.OWNER_CAP

    share: Fraction
    """This part of the chosen products, at most 50%; heroes are never among them."""
    seed: int = Field(default=1, ge=0, strict=True)
    """Another number draws others."""

    @field_validator("share")
    @classmethod
    def _a_part(cls, value: float) -> float:
        if not 0 < value <= MOST:
            raise ValueError(f"expected more than 0% and at most {show_percent(MOST)}, was {show_percent(value)}")
        return value

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """The amount in force, from both sides, for the budgets of the products that are held out."""
        if event_near(snapshot, EVENT_DAYS):
            return
        now = snapshot.now
        out = held_out(chosen, snapshot, self.share, self.seed) & ~np.isnan(now)
        if out.any():
            yield Bounds(name, np.where(out, now, -np.inf), np.where(out, now, np.inf), priority, source)


def held_out(chosen: NDArray[np.bool_], snapshot: Snapshot, share: float, seed: int) -> NDArray[np.bool_]:
    """The budgets all of whose products were drawn; a budget without products is drawn by its own name."""
    heroes = {product.id for product in snapshot.products if HERO in product.tags}
    active = chosen & in_force(snapshot)
    out = np.zeros(len(chosen), dtype=np.bool_)
    for index, budget in enumerate(snapshot.budgets):
        names = [str(product) for product in budget.products] or [str(budget.id)]
        hero = any(product in heroes for product in budget.products)
        out[index] = active[index] and not hero and all(_drawn(name, share, seed) for name in names)
    return out


def _drawn(name: str, share: float, seed: int) -> bool:
    digest = blake2b(name.encode(), digest_size=8, key=f"holdout {seed}".encode()).digest()
    return int.from_bytes(digest, "big") < share * 2**64
