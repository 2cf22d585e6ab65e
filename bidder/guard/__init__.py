"""The brake: named checks on the final integers of a plan, each of which can hold it.

Called by :mod:`bidder.decide` after rounding. It does its own arithmetic, in exact fractions, and trusts neither the
solver nor the rounding. A Held without a budget holds the whole plan. A Held with one holds that line: it stays at
what it was, and the checks of sums reckon with both. Whatever goes wrong inside a check holds the plan. Money that
only stops is never held, save where an amount itself is suspect.
"""

from bidder.guard.brake import guard, self_test
from bidder.guard.lines import LINE_CHECKS
from bidder.guard.settings import GuardSettings, MinHistory, StaleAfter, TargetDriven
from bidder.guard.whole import PLAN_CHECKS

__all__ = ["CHECKS", "GuardSettings", "MinHistory", "StaleAfter", "TargetDriven", "guard", "self_test"]

CHECKS = (*PLAN_CHECKS, *LINE_CHECKS)
"""Every check; its name is that of the function."""
