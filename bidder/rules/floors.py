"""The lowest ROAS that the written rules accept of each budget: what an alert holds the result against.

Called by :mod:`bidder.instrumentation`. Only the word `roas` counts: what `marginal_roas` asks of the last money cannot
be seen in what all of it brought.
"""

from __future__ import annotations

import numpy as np

from bidder.response.curve import Curves
from bidder.rules.attributes import Attributes
from bidder.rules.base import Rule
from bidder.rules.chosen import chosen_by
from bidder.rules.roas import Roas
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["roas_floors"]


def roas_floors(rules: tuple[Rule, ...], snapshot: Snapshot, curves: Curves) -> FloatArray:
    """Revenue over spend, by budget; NaN where no rule asks for any, or the break-even that it means is not known."""
    floors = np.full(len(snapshot.budgets), np.nan)
    asking = [rule for rule in rules if isinstance(rule.kind, Roas)]
    if asking:
        attributes = Attributes(snapshot)
        for rule in asking:
            assert isinstance(rule.kind, Roas)
            chosen = chosen_by(rule, attributes)
            floors[chosen] = np.fmax(floors[chosen], rule.kind.min.of(curves)[chosen])
    return floors
