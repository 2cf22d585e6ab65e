"""Cases in a line or two: `a_case(a_bid(bid=2.0, cvr=0.05), a_bid(), budget=100)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from bidder.bidding import Lever, LeverId, LeverKind, LeverReport
from bidder.bids.case import BudgetFacts, Case, Moved
from bidder.bids.figures import Figures
from bidder.bids.settings import BidSettings
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Currency, Money
from bidder.performance import Performance

DAY = date(2026, 3, 2)
ACCOUNT, CNY = AccountId("a"), Currency("CNY")
BUDGET = BudgetId(ACCOUNT, "b")
M = 1_000_000


@dataclass(frozen=True)
class ABid:
    """A bid with steady days behind it: amounts in major units, counts a day."""

    name: str
    bid: float = 1.0
    clicks: float = 30
    cpc: float | None = None
    cvr: float = 0.03
    worth: float = 40.0
    product: str = "p"
    group: str = "g"
    days: int = 28
    facts: Mapping[str, object] | None = None
    kind: LeverKind = LeverKind.KEYWORD
    orders: float | None = None
    rank: float | None = None

    @property
    def id(self) -> LeverId:
        return LeverId(ACCOUNT, self.kind, self.name)


def a_bid(name: str = "k", **facts: object) -> ABid:
    """One bid."""
    return ABid(name, **facts)  # type: ignore[arg-type]  # the builder's callers are tests


def lever(one: ABid) -> Lever:
    """As its platform shows it."""
    made = Lever(
        one.id,
        one.name,
        CNY,
        round(one.bid * M),
        budget=BUDGET,
        product=ProductId(one.product),
        ad_group=one.group,
        step=10_000,
    )
    return replace(made, **(one.facts or {}))  # type: ignore[arg-type]  # likewise


def reports(one: ABid, day: date = DAY) -> list[LeverReport]:
    """Its days, ending yesterday. Orders come in whole pieces, spread over the days."""
    cpc = 0.6 * one.bid if one.cpc is None else one.cpc
    rate = one.clicks * one.cvr if one.orders is None else one.orders
    found = []
    for back in range(one.days, 0, -1):
        at = one.days - back
        figures = Performance(
            impressions=round(one.clicks * 20),
            clicks=round(one.clicks),
            spend=Money(round(round(one.clicks) * cpc * M), CNY),
            orders=float(int((at + 1) * rate) - int(at * rate)),
        )
        seen = datetime.combine(day, datetime.min.time(), UTC)
        found.append(
            LeverReport(one.id, day - timedelta(days=back), seen, figures, rank=one.rank, value=round(one.bid * M))
        )
    return found


def a_case(
    *bids: ABid,
    budget: float | None = 1000.0,
    price: float = 0.0,
    moves: Mapping[LeverId, Sequence[Moved]] | None = None,
    settings: Mapping[str, object] | None = None,
    facts: Mapping[str, object] | None = None,
) -> Case:
    """A case of these bids on one budget."""
    levers = [lever(one) for one in bids]
    told = [report for one in bids for report in reports(one)]
    known = BudgetFacts(None if budget is None else round(budget * M), price, **(facts or {}))  # type: ignore[arg-type]  # likewise
    return Case(
        day=DAY,
        levers=levers,
        figures=Figures.of(levers, told, DAY, 56),
        worth={one.id: one.worth * M for one in bids},
        budgets={BUDGET: known},
        moves=moves or {},
        settings={ACCOUNT: BidSettings.model_validate(settings or {})},
        late=(1.0,),
    )
