"""Every word that a rule may use, and the file that it lives in."""

from __future__ import annotations

from collections.abc import Mapping

from bidder.rules.base import Kind
from bidder.rules.budget import BudgetRange
from bidder.rules.cash import Cash
from bidder.rules.cpa import Cpa
from bidder.rules.exclude import Exclude
from bidder.rules.explore import Explore
from bidder.rules.holdout import Holdout
from bidder.rules.hot_list import HotList
from bidder.rules.launch import Launch
from bidder.rules.learning import Learning
from bidder.rules.margin import Margin
from bidder.rules.pin import Pin
from bidder.rules.roas import MarginalRoas, Roas
from bidder.rules.share import Share
from bidder.rules.step import Step
from bidder.rules.stock import Stock
from bidder.rules.tacos import Tacos
from bidder.rules.total import Total

__all__ = ["WORDS"]

WORDS: Mapping[str, type[Kind]] = {
    kind.word: kind
    for kind in (
        *(Total, Cash, Tacos, Share, BudgetRange, Pin, Step, Learning, Roas, MarginalRoas, Cpa, Margin, Stock),
        *(HotList, Launch, Explore, Holdout, Exclude),
    )
}
"""Word → kind, in the order of the reference page."""
