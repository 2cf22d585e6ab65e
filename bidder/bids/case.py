"""What is decided on, and what comes of it: Case, Proposal, Proposals. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from bidder.bidding import Lever, LeverChange, LeverId
from bidder.bids.figures import Figures
from bidder.bids.moves import Moved
from bidder.bids.settings import BidSettings
from bidder.ids import AccountId, BudgetId
from bidder.response.settings import ResponseSettings

__all__ = ["BudgetFacts", "Case", "Moved", "Proposal", "Proposals", "Why"]


class Why(StrEnum):
    """Why a bid or target moves, or stays."""

    WORTH_MORE = "worth_more"
    """A click is worth more than is bid."""
    WORTH_LESS = "worth_less"
    """A click is worth less than is bid."""
    MONEY_DEAR = "money_dear"
    """The budget is used up: the same clicks are to be had cheaper, and the money buys more."""
    NO_WORTH = "no_worth"
    """An order leaves nothing: to the floor."""
    GOAL = "goal"
    """The position that is asked for, within what a click is worth."""
    BOUNDS = "bounds"
    """It stood outside its bounds."""
    TARGET_LOOSER = "target_looser"
    """The last yuan still earns, and the budget is not used up: the target asks for too much."""
    TARGET_TIGHTER = "target_tighter"
    """The last yuan does not earn itself back: the target asks for too little."""

    PAUSED = "paused"
    UNKNOWN = "unknown"
    """Its value in force is not known (never read, or inherited)."""
    STALE = "stale"
    FEW_CLICKS = "few_clicks"
    NO_MARGIN = "no_margin"
    """What an order of its product leaves is not known."""
    NO_BUDGET = "no_budget"
    """The budget behind it, its amount or the price of its money is not known."""
    BUDGET_MOVES = "budget_moves"
    RESTS = "rests"
    TURNS = "turns"
    """It would turn back soon after its last move."""
    NEAR = "near"
    BUDGET_BINDS = "budget_binds"
    """The budget is used up: it is the lever, not the target."""
    CLASH = "clash"
    """Its bounds leave no value."""


@dataclass(frozen=True, slots=True)
class BudgetFacts:
    """What bids must know of the budget that pays for their clicks. Money in millionths of its own currency.

    `price` is what one more unit of money earns elsewhere, profit a unit (the shadow price of the total); NaN is
    unknown. `amounts` and `spent` are by account day; a day without an amount had `now`, without `spent` what its
    levers spent. `moves`: its amount changes today. `elasticity`: by how many percent results grow with 1 % of spend.
    """

    now: int | None
    price: float = 0.0
    amounts: Mapping[date, int] = field(default_factory=dict)
    spent: Mapping[date, int] = field(default_factory=dict)
    moves: bool = False
    elasticity: float = ResponseSettings().elasticity


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """All that bids are decided on. `figures` end the day before `day`.

    `worth` is what an order leaves before ad spend, in millionths of the lever's currency; without an entry, or NaN,
    it is unknown. `settings` are by account; an account without any has the defaults.
    """

    day: date
    levers: Sequence[Lever]
    figures: Figures
    worth: Mapping[LeverId, float]
    budgets: Mapping[BudgetId, BudgetFacts]
    moves: Mapping[LeverId, Sequence[Moved]] = field(default_factory=dict)
    settings: Mapping[AccountId, BidSettings] = field(default_factory=dict)
    late: Sequence[float] = ResponseSettings().late
    """Which part of a day's orders is known when its report is 0, 1, 2, … days old."""

    def of(self, account: AccountId) -> BidSettings:
        """The settings of an account."""
        return self.settings.get(account) or BidSettings()


@dataclass(frozen=True, slots=True)
class Proposal:
    """One lever: from → to and why; equal where it stays. Money in millionths of its currency, NaN unknown.

    `click` is what a click is worth (contribution), `low` and `high` its 80 % interval, `price` 1 + λ by which it was
    divided, `wish` where it would go without steps and rests, `cvr` orders a click.
    """

    lever: Lever
    after: int | None
    why: Why
    click: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    price: float = float("nan")
    wish: float = float("nan")
    cvr: float = float("nan")
    clicks: float = float("nan")
    orders: float = float("nan")

    @property
    def moves(self) -> bool:
        """Whether there is anything to write."""
        return self.after is not None and self.after != self.lever.now


@dataclass(frozen=True, slots=True)
class Proposals:
    """One Proposal a lever, in the order that levers were given in.

    `idle` are budgets of target-driven campaigns that have not been used up for three days: to change them does
    nothing, the target is the lever (预算没花完，改预算无效，应动目标投产比).
    """

    lines: tuple[Proposal, ...] = ()
    idle: tuple[BudgetId, ...] = ()

    @property
    def moved(self) -> tuple[Proposal, ...]:
        """Those that would be written."""
        return tuple(one for one in self.lines if one.moves)

    @property
    def changes(self) -> tuple[LeverChange, ...]:
        """The same as changes, by id."""
        lines = sorted(self.moved, key=lambda one: one.lever.id)
        return tuple(LeverChange(p.lever.id, p.lever.now, p.after, p.why.value) for p in lines if p.after is not None)
