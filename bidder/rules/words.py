"""Every word that a rule may use, and the file that it lives in."""

from __future__ import annotations

from collections.abc import Mapping

from bidder.rules.base import Kind
from bidder.rules.budget import BudgetRange
from bidder.rules.margin import Margin
from bidder.rules.roas import MarginalRoas, Roas
from bidder.rules.share import Share
from bidder.rules.step import Step
from bidder.rules.stock import Stock
from bidder.rules.total import Total

__all__ = ["PLANNED", "WORDS"]

WORDS: Mapping[str, type[Kind]] = {
    kind.word: kind for kind in (Total, Share, BudgetRange, Step, Roas, MarginalRoas, Margin, Stock)
}
"""Word → kind, in the order of the reference page."""

PLANNED = frozenset("tacos cpa cash hot_list learning launch pin exclude explore holdout".split())
"""Words of the language that this version does not have: refused by name instead of as a typo."""
