"""Which budgets a rule means now: those of its `where`, and of them the ones that its `when` holds for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidder.rules.attributes import NAMES, Attributes
from bidder.rules.base import Rule

__all__ = ["chosen_by", "members_of", "when_holds"]


def chosen_by(rule: Rule, attributes: Attributes) -> NDArray[np.bool_]:
    """The budgets that a rule means now; none when it is off or it is not its day."""
    if not rule.enabled:
        return np.zeros(len(attributes.snapshot.budgets), dtype=np.bool_)
    days = when_holds(rule, attributes)
    return days & members_of(rule, attributes) if days.any() else days


def members_of(rule: Rule, attributes: Attributes) -> NDArray[np.bool_]:
    """The budgets that its `where` means, on whatever day."""
    if rule.where is None:
        return np.ones(len(attributes.snapshot.budgets), dtype=np.bool_)
    return rule.where.chosen(attributes)


def when_holds(rule: Rule, attributes: Attributes) -> NDArray[np.bool_]:
    """For which budgets its `when` holds: all or none by the day, some by the events that their products are in."""
    size = len(attributes.snapshot.budgets)
    if rule.when is None:
        return np.ones(size, dtype=np.bool_)
    if all(NAMES[name].of == "day" for name in rule.when.names):
        return np.full(size, rule.when.holds(attributes))
    return rule.when.chosen(attributes)
