"""The agency's morning, out of how its shops stand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from bidder.agency.overview import ahead, line_of, worth_in
from bidder.agency.standing import ShopStanding
from bidder.config.agency import Agency
from bidder.explain.agency_document import AgencyDigest, MoneyLine

__all__ = ["agency_digest"]


def agency_digest(shops: Sequence[ShopStanding], agency: Agency, now: datetime) -> AgencyDigest:
    """The document of `now`."""
    codes = {one.currency for one in shops if one.currency}
    currencies = sorted(codes, key=lambda code: (code != agency.currency, code))
    rates = worth_in(agency, now.date())
    needs = Counter(kind for one in shops for kind in {need.kind for need in one.needs})
    return AgencyDigest(
        agency=agency.name,
        title=agency.title,
        at=now.isoformat(),
        zone=agency.timezone,
        currency=agency.currency,
        count=len(shops),
        states=dict(sorted(Counter(one.state for one in shops).items())),
        money=[_money([one for one in shops if one.currency == code], code) for code in currencies],
        waits=sum(one.waits for one in shops),
        needs=dict(sorted(needs.items())),
        over_cap=sorted(one.name for one in shops if one.over_cap),
        without_rate=[code for code in currencies if code not in rates],
        first=[line_of(one) for one in ahead(shops, agency, now.date())],
    )


def _money(shops: Sequence[ShopStanding], currency: str) -> MoneyLine:
    def total(amounts: Sequence[float | None]) -> str:
        return f"{math.fsum(one for one in amounts if one is not None):.2f}"

    return MoneyLine(
        currency=currency,
        shops=len(shops),
        spend=total([one.spent_yesterday for one in shops]),
        revenue=total([one.revenue_yesterday for one in shops]),
        month_spend=total([one.spent_month for one in shops]),
        month_budget=total([one.month_budget for one in shops]),
    )
