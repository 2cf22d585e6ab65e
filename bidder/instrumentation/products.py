"""Which products get series of their own: the top by spend, the rest folded into `other`, with hysteresis.

A series a product would be 100 000 series at 10 000 products (METRICS.md, Cardinality). Members are chosen at most once
an hour; one leaves only after a day outside 1.5 K, so that series do not flicker.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from bidder.instrumentation.families import OTHER

__all__ = ["Membership", "Turnover", "product_label"]

_ALLOWED = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_CHOOSE_EVERY = timedelta(hours=1)
_LEAVE_AFTER = timedelta(hours=24)
_MOST = 3  # members never pass 3 K, however quickly the ranking turns over


def product_label(product: str) -> str:
    """The product as a label value: itself where it is allowed; else its allowed characters and a digest.

    No product (a campaign that names none) is `other`, and a product that is really called so gets a digest.
    """
    if product in ("", OTHER) or not _ALLOWED.match(product):
        if not product:
            return OTHER
        readable = re.sub(r"[^A-Za-z0-9._-]+", "_", product).strip("_")[:48]
        return f"{readable}_{sha256(product.encode()).hexdigest()[:12]}".lstrip("_")
    return product


@dataclass(frozen=True, slots=True)
class Turnover:
    """Who came and who went at one choice."""

    entered: frozenset[str]
    left: frozenset[str]


class Membership:
    """The products of one shop that have series of their own, `top` of them as a rule."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._chosen_at: datetime | None = None
        self._outside_since: dict[str, datetime] = {}
        self.members: set[str] = set()

    def choose(self, spend: Mapping[str, float], changed: Collection[str], at: datetime) -> Turnover:
        """Chooses anew by the spend of the last 7 days, unless that was done within the hour.

        `changed` are the products whose budget the present plan changes: up to half of `top` of them are members too,
        most spend first. `at` is the instant of the figures.
        """
        nobody: frozenset[str] = frozenset()
        if self._chosen_at is not None and timedelta() <= at - self._chosen_at < _CHOOSE_EVERY:
            return Turnover(nobody, nobody)
        self._chosen_at = at
        ranked = sorted(filter(None, {*spend, *changed}), key=lambda product: (-spend.get(product, 0.0), product))
        moved = [product for product in ranked if product in changed and product not in ranked[: self._top]]
        wanted = dict.fromkeys([*ranked[: self._top], *moved[: self._top // 2]])
        near = {*ranked[: self._top + self._top // 2], *wanted}
        for product in self.members:
            if product in near:
                self._outside_since.pop(product, None)
            else:
                self._outside_since.setdefault(product, at)
        left = {product for product, since in self._outside_since.items() if at - since >= _LEAVE_AFTER}
        entering = [product for product in wanted if product not in self.members]
        excess = len(self.members) - len(left) + len(entering) - _MOST * self._top
        for product in sorted(self._outside_since, key=lambda one: (self._outside_since[one], one)):
            if excess <= 0:
                break
            if product not in left:
                left.add(product)
                excess -= 1
        for product in left:
            self._outside_since.pop(product, None)
        self.members = (self.members - left) | set(entering)
        return Turnover(frozenset(entering), frozenset(left))
