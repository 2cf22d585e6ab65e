"""The most money that may be in force while budgets are being written: what `apply` holds against the cap.

Nothing here knows a platform or a plan: amounts in, yes or no out.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, isfinite

from bidder.ids import BudgetId
from bidder.money import Currency, Money

__all__ = ["Exposure"]


class Exposure:
    """The most that may be in force at this instant: each budget at the larger of its possible amounts.

    Everything is held exactly, in the cap's currency; a rate counts as the decimal it is printed as. An amount without
    a usable exchange rate makes the sum unknown, and then nothing has room. Without a cap the sum may not rise above
    what it was.
    """

    def __init__(
        self,
        in_force: Mapping[BudgetId, Money],
        cap: Money | None,
        currency: Currency,
        exchange: Mapping[Currency, float],
    ) -> None:
        usable = {code: rate for code, rate in exchange.items() if isfinite(rate) and rate > 0}
        self._rates = {**{code: Fraction(str(float(rate))) for code, rate in usable.items()}, currency: Fraction(1)}
        self._largest = {budget: self._micros(amount) for budget, amount in in_force.items()}
        self.currency = currency
        self._cap = self.total if cap is None else Fraction(cap.micros)

    @property
    def total(self) -> Fraction | None:
        """The sum in micros; None when unknown."""
        known = [micros for micros in self._largest.values() if micros is not None]
        return sum(known, Fraction(0)) if len(known) == len(self._largest) else None

    def count(self, budget: BudgetId, *possible: Money) -> None:
        """From now on this budget counts as the largest of these amounts."""
        micros = [self._micros(amount) for amount in possible]
        known = [one for one in micros if one is not None]
        self._largest[budget] = max(known) if len(known) == len(micros) else None

    def lacks_room(self, budget: BudgetId, amount: Money) -> str | None:
        """Why the budget may not be raised to this amount; None when it may."""
        wanted, total, own = self._micros(amount), self.total, self._largest.get(budget, Fraction(0))
        if wanted is None or total is None or own is None or self._cap is None:
            return f"the sum in force is not known in {self.currency}; an exchange rate is missing"
        after = total - own + max(own, wanted)
        if after <= self._cap:
            return None
        return f"the budgets could add up to {self._text(after)}, at most {self._text(self._cap)} is allowed"

    def _micros(self, amount: Money) -> Fraction | None:
        rate = self._rates.get(amount.currency)
        return None if rate is None else amount.micros * rate

    def _text(self, micros: Fraction) -> str:
        return f"{Money(ceil(micros), self.currency)} {self.currency}"
