"""What a backtest found, as one document: what terminal, JSON and picture show.

Money is decimal strings in the shop's currency a day, shares are fractions. The classes are its JSON Schema.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = [
    "BacktestDocument",
    "Calibration",
    "HistoryPart",
    "MoveLine",
    "PolicyLine",
    "Span",
    "UpliftLine",
    "ValueLine",
    "WorldLine",
    "WorldsPart",
]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Span(_Shape):
    """An interval of a share."""

    low: float
    high: float


class PolicyLine(_Shape):
    """One policy over all worlds."""

    policy: str
    title: str
    profit: str
    """Mean a day."""
    spend: str
    """Mean a day."""
    regret: str | None
    """Mean profit a day that the best split which never moves would have earned more; null where unknown."""
    regret_share: float | None
    """The same as a share of what that split earns."""
    turnover: float
    """Share of the money that moves, a day."""
    reversals: float
    """Moves against the budget's last one within three days, a budget and month."""
    cap_breaches: int
    """Days on which the budgets in force added up to more than the total."""
    holds: dict[str, int]
    """How often a brake held a plan or a line of it, by check."""


class UpliftLine(_Shape):
    """bidder over another policy, paired by world."""

    over: str
    title: str
    mean: str
    """Mean difference of profit a day."""
    share: float | None
    """The same over the other's mean profit; null where that is not above 0."""
    interval_80: Span | None
    """Of the share, over worlds (Student's t); null with fewer than two worlds."""
    interval_95: Span | None
    worst: float | None
    """The least share in any one world."""
    won: int
    """Worlds in which bidder earned more."""


class WorldLine(_Shape):
    """One world: the mean profit a day of each policy."""

    world: str
    total: str
    hindsight: str | None
    profit: dict[str, str]


class WorldsPart(_Shape):
    """Policies tried on simulated shops with paired luck."""

    ground: str
    """sandbox: the demo's platform, whose truth knows nothing of bidder. fitted: drawn from the shop's posterior."""
    days: int
    currency: str | None
    policies: list[PolicyLine]
    uplifts: list[UpliftLine]
    worlds: list[WorldLine]
    by_day: dict[str, list[float]]
    """Mean profit of each day, for the picture."""


class Calibration(_Shape):
    """Forecasts of past days against what came of them, where nine orders in ten have come in."""

    days: int
    budget_days: int
    orders_covered: float | None
    """Share of budget-days whose orders fell into their 80 % interval."""
    profit_covered: float | None
    """Share of days whose whole profit fell into its 80 % interval."""
    orders_ratio: float | None
    """Orders that came over orders that were forecast."""


class MoveLine(_Shape):
    """Where plans would have moved money, on average."""

    budget: str
    now: str
    planned: str
    difference: str


class ValueLine(_Shape):
    """What a policy's proposals would earn by the curves fitted on all days."""

    policy: str
    title: str
    expected: str
    """Profit a day."""
    over_history: str
    """The same less that of the amounts really in force."""


class HistoryPart(_Shape):
    """The shop's own days, each decided on what was known then."""

    first: str
    last: str
    days: int
    currency: str | None
    as_of: bool
    """Whether each day's figures are those seen by then; else one version of each, with late orders reduced."""
    calibration: Calibration
    turnover: float
    """Share of the money that a plan would have moved from the amounts in force, a day."""
    moves: list[MoveLine]
    """Most money first."""
    value: list[ValueLine]
    """By curves fitted on all days, those after the decision included: a picture of where money would have lain, no
    proof of what it would have earned."""
    forecasts: list[dict[str, float]]
    """By day: low, mean and high of the profit that was forecast, and what came."""
    holds: dict[str, int]


class BacktestDocument(_Shape):
    """All that one backtest found."""

    seed: int
    history: HistoryPart | None
    worlds: list[WorldsPart]
    notes: list[str]
