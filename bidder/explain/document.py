"""The plan as one document: what terminal, JSON, page, metrics and journal all show (PRODUCT 5).

The classes are the published JSON Schema (`bidder schema plan`); `explain/plan.py` fills them. Amounts of money are
decimal strings in the currency's own units.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = [
    "BidLine",
    "BudgetLine",
    "CertificateLine",
    "ClashLine",
    "Expected",
    "HoldLine",
    "HotLine",
    "InShop",
    "Interval",
    "LimitLine",
    "PlanDocument",
    "RateLine",
    "RuleLine",
    "RuleName",
    "WhatIf",
    "WhatIfLine",
]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Interval(_Shape):
    """An expectation with its 80 % interval."""

    mean: str
    """Expected amount of money a day."""
    p10: str
    """With a chance of one in ten it is less."""
    p90: str
    """With a chance of one in ten it is more."""


class Expected(_Shape):
    """What a budget is expected to bring on the decided day at its planned amount."""

    orders: float
    """Orders attributed to the ads, once all late ones have come in."""
    revenue: str
    """Their revenue before returns."""
    spend: str
    """What the platform is expected to spend of the amount."""
    profit: Interval
    """Contribution margin of the orders, less the spend."""


class LimitLine(_Shape):
    """A limit that holds this budget's amount."""

    rule: str
    """The rule's name."""
    source: str | None
    """Where it was written: file:line:column; null for what bidder adds by itself."""
    price: float
    """Objective gained a day by one unit more room."""


class InShop(_Shape):
    """A budget's amounts in the shop's currency, at the day's rate."""

    now: str | None
    """The amount in force; null when it was never read."""
    planned: str
    difference: str
    rate: float
    """Shop currency per unit of the budget's."""
    on: str | None
    """The day that the rate is of."""


class RateLine(_Shape):
    """An exchange rate that the plan stands on."""

    currency: str
    rate: float
    """Shop currency per unit of it."""
    on: str | None
    """The day that the rate is of."""


class BudgetLine(_Shape):
    """One budget: now → planned, and why."""

    id: str
    """account/budget."""
    name: str
    """As the platform shows it."""
    products: list[str]
    """What it advertises."""
    channel: str
    """search, feed, site, …; empty when unknown."""
    now: str | None
    """The amount in force; null when it was never read."""
    planned: str
    """The amount that the plan sets."""
    difference: str
    """planned − now."""
    currency: str | None
    """The budget's own currency; null when the report names none."""
    state: str
    """learning, budget-limited, saturated, stock-limited, paused, active."""
    marginal_return: float
    """Objective gained by the next unit of money at the planned amount (profit: after paying for it)."""
    expected: Expected
    reason: str
    """Why, in one line."""
    limits: list[LimitLine]
    """The limits that bind here."""
    roas: float | None = None
    """Expected revenue over expected spend at the planned amount (投产比); null when nothing is spent."""
    shop: InShop | None = None
    """The amounts in the plan's currency, where the budget's is another one."""
    break_even_roas: float | None = None
    """The ROAS at which its ads neither earn nor lose (保本投产比); null when its margin is unknown or not above 0."""


class RuleLine(_Shape):
    """A rule over the whole plan."""

    rule: str
    source: str | None
    binding: bool
    """Whether the plan would be better without it."""
    price: float
    """Objective gained a day by one unit more of its bound."""
    cost_per_day: str | None
    """What the rule as a whole costs a day: the optimum without it less the optimum with it."""
    relaxed: float
    """By how much it had to give way to a rule that ranks higher; 0 when kept."""


class HoldLine(_Shape):
    """Something that keeps the plan, or one budget of it, from being written."""

    check: str
    reason: str
    budget: str | None


class RuleName(_Shape):
    """A rule, and where it was written."""

    rule: str
    source: str | None
    """file:line:column; null for what bidder adds by itself."""


class ClashLine(_Shape):
    """A rule that gave way, and the smallest set of rules that cannot be kept together."""

    gave: RuleName
    by: float
    """By how much, in its own unit, at the budget where most."""
    rules: list[RuleName]
    """The set, highest priority first; without any one of them the others can be kept."""
    slowed: bool
    """Whether only steps stand against it: it will be kept some days later."""


class HotLine(_Shape):
    """A product on a hot list."""

    rule: str
    product: str
    rank: int
    role: str
    """hero or auxiliary."""
    away: int
    """For how many days running it has ranked too low; it leaves at 3."""


class WhatIfLine(_Shape):
    """A budget whose planned amount differs."""

    id: str
    without: str
    """Planned without the change that was asked about."""
    planned: str
    """Planned with it."""
    difference: str


class WhatIf(_Shape):
    """What would be other if something were other: this plan beside the one without the change."""

    asked: list[str]
    """As typed."""
    without: str
    """The id of the plan without the change."""
    total: str
    """Its total; the differences below are this plan's less its."""
    planned: str
    """Difference of the planned sum."""
    spend: str
    """Difference of the expected spend."""
    orders: float
    revenue: str
    profit: str
    budgets: list[WhatIfLine]
    """Those that differ, most money first."""


class CertificateLine(_Shape):
    """How good the optimum is, recomputed without the solver."""

    status: str
    """optimal, fallback, …"""
    gap: float | None
    """Relative duality gap; None where nothing was proven (fallback)."""


class BidLine(_Shape):
    """One bid or target that moves. Amounts are decimals in money a click or an order; of a target ROAS a ratio."""

    id: str
    """account/kind:number."""
    name: str
    """The keyword, or as the platform calls it."""
    budget: str | None
    """The budget that pays for its clicks."""
    currency: str
    now: str | None
    planned: str | None
    reason: str
    """worth_more, worth_less, money_dear, goal, …: a code; docs/bids.md says each."""
    click: str | None
    """What a click is worth: contribution an order × orders a click × keep-share; null of targets."""
    low: str | None
    """Its 80 % interval."""
    high: str | None
    money: float | None
    """1 + λ, by which it was divided: what the last unit of its budget's money earns; 1 where the budget has room."""
    clicks: float | None
    """Seen in the days that bids are decided on."""
    orders: float | None


class PlanDocument(_Shape):
    """One day's plan with its reasons."""

    plan: str
    """The plan's id: a hash of its content; `bidder apply` takes it."""
    as_of: str
    """Everything known at this instant was used, and nothing later."""
    day: str
    """The account day that is planned."""
    currency: str | None
    """The plan's currency (ISO 4217); null when no figure names one."""
    objective: str
    """profit, revenue or orders."""
    total: str
    """The most that the budgets may sum to today."""
    now: str
    """The sum of the amounts in force."""
    planned: str
    """The sum of the planned amounts."""
    unallocated: str
    """total − planned: money left on purpose."""
    value_of_total: float
    """Objective gained by one more unit of the total."""
    value_up: float | None = None
    """The same, measured by solving with a total 1 % larger; null without a total, or where nobody solved."""
    value_down: float | None = None
    """What one unit less would cost, measured with a total 1 % smaller; at a kink the two differ."""
    expected: Interval
    """The objective's money: profit of the whole plan."""
    expected_now: str
    """The same at the amounts in force."""
    margin_known: bool
    """False: no margin is known for some budget; its orders are counted at their whole revenue."""
    certificate: CertificateLine
    budgets: list[BudgetLine]
    limits: list[RuleLine]
    holds: list[HoldLine]
    notes: list[str]
    """What a reader should know about the figures behind the plan."""
    clashes: list[ClashLine] = []
    """Rules that gave way, each with the smallest set that it clashed with."""
    rates: list[RateLine] = []
    """The exchange rates of its budgets' currencies; empty where all are in the plan's."""
    hot: list[HotLine] = []
    """The products that the money goes to, where a rule `hot_list` says so."""
    bids: list[BidLine] = []
    """Bids and targets that move, where `bids` is written in bidder.yaml."""
    what_if: WhatIf | None = None
    """Only where something was asked: `bidder plan --what-if`."""
    policy: str = ""
    """The digest of the configuration that it was made with: another one makes the plan stale."""
