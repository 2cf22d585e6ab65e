"""The levers beside the budget: what a click is offered, and the target of a campaign that steers itself. Values only.

A bid (keyword, product target, ad group) is money a click; a target is a ROAS or a cost per order. What moves them is
`bids`; what reads and writes them are the connectors, behind `ReadsBids` and `WritesBids` of `connectors.protocol`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import MICROS, Currency
from bidder.outcome import OutcomeOf
from bidder.performance import Performance

__all__ = [
    "Lever",
    "LeverChange",
    "LeverId",
    "LeverKind",
    "LeverOutcome",
    "LeverReport",
    "millionths",
    "shown",
    "spends_more",
]


class LeverKind(StrEnum):
    """What is set, and in which unit."""

    KEYWORD = "keyword"
    """A bid a click on a keyword."""
    PRODUCT_TARGET = "product_target"
    """A bid a click on a target that is not a keyword (a product, a category, an automatic group)."""
    AD_GROUP = "ad_group"
    """The default bid a click of an ad group."""
    TARGET_ROAS = "target_roas"
    """Revenue per money spent that a campaign is steered by (控投产比, 净目标投产比, tROAS, ROAS goal): a ratio."""
    TARGET_CPA = "target_cpa"
    """Money per order that a campaign is steered by."""

    @property
    def bid(self) -> bool:
        """Whether it is money a click."""
        return self in (LeverKind.KEYWORD, LeverKind.PRODUCT_TARGET, LeverKind.AD_GROUP)


@dataclass(frozen=True, slots=True, order=True)
class LeverId:
    """A bid or target as `account/kind:native`: the form in YAML, JSON and the journal."""

    account: AccountId
    kind: LeverKind
    native: str

    def __str__(self) -> str:
        return f"{self.account}/{self.kind}:{self.native}"

    @classmethod
    def parse(cls, text: str) -> LeverId:
        """Reads the printed form. Raises ValueError naming the part that is wrong."""
        account, _, rest = text.partition("/")
        kind, colon, native = rest.partition(":")
        if not account or not colon or not native:
            raise ValueError(f"expected account/kind:number, was {text!r}")
        if kind not in set(LeverKind):
            raise ValueError(f"kind: expected one of {', '.join(LeverKind)}, was {kind!r}")
        return cls(AccountId(account), LeverKind(kind), native)


@dataclass(frozen=True, slots=True)
class Lever:
    """One bid or target with the value in force as last read back.

    Values are millionths: of the account's currency for bids and costs per order, of one for a target ROAS. None is
    unknown or not set (an inherited bid: `inherited` names the ad group whose bid holds). `minimum`, `maximum` and
    `step` are the platform's facts. `budget` is the budget that pays for its clicks.
    """

    id: LeverId
    name: str
    currency: Currency
    now: int | None = None
    read_at: datetime | None = None
    budget: BudgetId | None = None
    campaign: str = ""
    ad_group: str = ""
    product: ProductId | None = None
    match: str = ""
    """How a keyword is matched (exact, phrase, broad), as the platform writes it."""
    minimum: int | None = None
    maximum: int | None = None
    step: int | None = None
    active: bool = True
    inherited: str = ""
    first_page: int | None = None
    """The bid that the platform estimates for the first page, where it offers one."""


@dataclass(frozen=True, slots=True)
class LeverReport:
    """What one report said about one lever on one account day. A later report of the same day is another one.

    `rank` is the mean display position (1 is the first), `share` the share of impressions won (0 to 1), `top_share`
    that of those at the top; None where the platform does not offer it. `value` is the bid or target in force then.
    """

    lever: LeverId
    day: date
    observed_at: datetime
    performance: Performance
    rank: float | None = None
    share: float | None = None
    top_share: float | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True)
class LeverChange:
    """One lever from → to, in millionths of its unit, and why."""

    lever: LeverId
    before: int | None
    after: int
    reason: str = ""

    @property
    def moves(self) -> bool:
        """Whether anything is to be written."""
        return self.before != self.after


LeverOutcome = OutcomeOf[int]
"""What became of the write of one bid or target: the value in millionths."""


def shown(value: int) -> str:
    """Millionths as a decimal, for the journal and for people: `0.75`, `4`."""
    return f"{(Decimal(value) / MICROS).normalize():f}"


def millionths(text: str) -> int:
    """The way back. Raises ValueError for what is no exact number of millionths."""
    try:
        value = Decimal(text) * MICROS
    except InvalidOperation as e:
        raise ValueError(f"expected a number, was {text!r}") from e
    if not value.is_finite() or value != value.to_integral_value():
        raise ValueError(f"expected a number with at most 6 decimals, was {text!r}")
    return int(value)


def spends_more(change: LeverChange) -> bool:
    """Whether more may be spent after it: a higher bid or cost per order, or a lower target ROAS."""
    if change.before is None:
        return True
    if change.lever.kind is LeverKind.TARGET_ROAS:
        return change.after < change.before
    return change.after > change.before
