"""Bodies of Taobao's open platform → bids, targets and their reports. Pure; an unknown shape is a ConnectorError.

A price of 直通车 is fen, a target of 万相台无界 a decimal in yuan or a ratio. A keyword has a price for computers and
may have one for phones: where it has, that one is the bid, since nearly all clicks are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bidder.bidding import Lever, LeverId, LeverKind, LeverReport
from bidder.catalog import Account
from bidder.connectors.body import Node
from bidder.connectors.http import Payload
from bidder.connectors.taobao.pages import rows_of
from bidder.connectors.taobao.parse import day_in
from bidder.connectors.taobao.simba import embedded
from bidder.connectors.taobao.top import listed
from bidder.ids import BudgetId, ProductId
from bidder.money import MICROS
from bidder.performance import Performance
from bidder.reports import Reports

__all__ = [
    "FEN",
    "MAXIMUM",
    "MINIMUM",
    "Word",
    "lever_of",
    "of_campaigns",
    "online_campaigns",
    "reports",
    "targets",
    "words",
]

FEN = 10_000
MINIMUM = 5 * FEN
MAXIMUM = 9_999 * FEN
"""Prices of keywords lie between 0.05 and 99.99 yuan."""

ROAS_STEP = 10_000

_CONSTRAINTS = {"roi": LeverKind.TARGET_ROAS, "conv": LeverKind.TARGET_CPA, "deal": LeverKind.TARGET_CPA}
"""What a campaign's constraint is: 投产比约束, 成交成本."""


@dataclass(frozen=True, slots=True)
class Word:
    """A keyword as the platform has it: what has to be said again when its price is set. Prices in fen.

    `phone` is its own price for phones, None where they pay the computer's price times a factor; `default` says that
    the unit's price holds.
    """

    id: str
    campaign: str
    adgroup: str
    text: str
    price: int
    phone: int | None
    default: bool
    match: str
    passed: bool

    @property
    def bid(self) -> int | None:
        """The bid in fen; None where the unit's holds."""
        if self.phone is not None:
            return self.phone
        return None if self.default or self.price <= 0 else self.price

    def with_bid(self, fen: int) -> dict[str, int]:
        """What is sent to set it: its prices as they are but for this one; the unit's price is not made its own."""
        said = {"keywordId": int(self.id)}
        if self.phone is not None:
            said |= {"maxMobilePrice": fen, "mobileIsDefaultPrice": 0}
        if self.phone is None or not self.default:
            said |= {"maxPrice": fen if self.phone is None else self.price, "isDefaultPrice": 0}
        return said | ({"matchScope": int(self.match)} if self.match.isdigit() else {})


def words(payload: Payload, account: Account) -> list[Word]:
    """The keywords of a reply. Raises ConnectorError, also when one comes twice."""
    body = Node(account.id, "bids", payload.body)
    found: dict[str, Word] = {}
    for row in [] if body.get("keywords") is None else listed(body, "keywords"):
        native = row.id("keyword_id")
        if native in found:
            raise row.error("keyword_id", f"{native} came twice")
        phone = row.whole("max_mobile_price", 0)
        shared = str(row.get("mobile_is_default_price", 0)) == "1"
        found[native] = Word(
            id=native,
            campaign=row.id("campaign_id"),
            adgroup=row.id("adgroup_id"),
            text=row.text("word"),
            price=row.whole("max_price", 0),
            phone=phone if phone > 0 and not shared else None,
            default=str(row.get("is_default_price", False)).lower() == "true",
            match=str(row.get("match_scope", "")),
            passed=row.get("audit_status", "audit_pass") == "audit_pass",
        )
    return list(found.values())


def lever_of(word: Word, account: Account, payload: Payload, online: bool, product: ProductId | None = None) -> Lever:
    """The keyword as a bid."""
    return Lever(
        id=LeverId(account.id, LeverKind.KEYWORD, word.id),
        name=word.text,
        currency=account.currency,
        now=None if word.bid is None else word.bid * FEN,
        read_at=payload.received_at,
        budget=BudgetId(account.id, word.campaign),
        campaign=word.campaign,
        ad_group=word.adgroup,
        product=product,
        match={"1": "exact", "2": "phrase", "4": "broad"}.get(word.match, word.match),
        minimum=MINIMUM,
        maximum=MAXIMUM,
        step=FEN,
        active=online and word.passed,
        inherited=word.adgroup if word.bid is None else "",
    )


def reports(base: Payload, effect: Payload, account: Account) -> list[LeverReport]:
    """A unit's reports by keyword and day, from its traffic and its sales. Raises ConnectorError."""
    sales: dict[tuple[str, date], Node] = {}
    for row in embedded(effect, account, "rpt_adgroupkeyword_effect_list"):
        sales[row.id("keywordid"), day_in(row, "date")] = row
    found: dict[tuple[str, date], LeverReport] = {}
    for row in embedded(base, account, "rpt_adgroupkeyword_base_list"):
        key = row.id("keywordid"), day_in(row, "date")
        if key in found:
            raise row.error("keywordid", f"{key[0]} on {key[1]} came twice")
        paid = sales.get(key, Node(account.id, "bids", {}))
        counts = [paid.whole(one, 0, signed=True) for one in ("directpaycount", "indirectpaycount")]
        amounts = [paid.minor(one, account.currency, 0, signed=True) for one in ("directpay", "indirectpay")]
        found[key] = LeverReport(
            lever=LeverId(account.id, LeverKind.KEYWORD, key[0]),
            day=key[1],
            observed_at=base.received_at,
            performance=Performance(
                impressions=row.whole("impressions", 0, signed=True),
                clicks=row.whole("click", 0, signed=True),
                spend=row.minor("cost", account.currency, signed=True),
                orders=float(sum(counts)),
                revenue=amounts[0] + amounts[1],
            ),
            rank=_rank(row),
        )
    return list(found.values())


def targets(pages: Sequence[Payload], account: Account) -> list[Lever]:
    """The target of each campaign of a scene that is steered by one. Raises ConnectorError."""
    found: dict[LeverId, Lever] = {}
    for payload, row in _campaigns(pages, account):
        kind = _CONSTRAINTS.get(str(row.get("constraint_type", "")))
        if kind is None or not row.get("constraint_value"):
            continue
        native = row.id("campaign_id")
        one = LeverId(account.id, kind, native)
        if one in found:
            raise row.error("campaign_id", f"{native} came twice")
        found[one] = Lever(
            id=one,
            name=str(row.get("campaign_name") or native),
            currency=account.currency,
            now=int((row.number("constraint_value") * MICROS).to_integral_value()),
            read_at=payload.received_at,
            budget=BudgetId(account.id, native),
            campaign=native,
            step=ROAS_STEP if kind is LeverKind.TARGET_ROAS else FEN,
            active=row.text("display_status") == "start",
        )
    return list(found.values())


def of_campaigns(reports: Reports, steered: Mapping[str, LeverId]) -> list[LeverReport]:
    """The figures of campaigns with a target, a row a campaign and day: products together."""
    found: dict[tuple[LeverId, date], LeverReport] = {}
    for row in range(len(reports)):
        one = reports.observation(row)
        lever = steered.get(one.campaign)
        if lever is None:
            continue
        key = lever, one.day.date
        before = found.get(key)
        figures = one.performance if before is None else _sum(before.performance, one.performance)
        found[key] = LeverReport(lever, one.day.date, one.observed_at, figures)
    return list(found.values())


def _sum(one: Performance, other: Performance) -> Performance:
    assert one.spend is not None and other.spend is not None  # noqa: PT018 - both always given
    assert one.revenue is not None and other.revenue is not None  # noqa: PT018 - both always given
    return Performance(
        impressions=(one.impressions or 0) + (other.impressions or 0),
        clicks=(one.clicks or 0) + (other.clicks or 0),
        spend=one.spend + other.spend,
        orders=(one.orders or 0.0) + (other.orders or 0.0),
        revenue=one.revenue + other.revenue,
    )


def _campaigns(pages: Sequence[Payload], account: Account) -> Iterable[tuple[Payload, Node]]:
    for page in pages:
        for row in rows_of(Node(account.id, "bids", page.body)):
            yield page, row


def _rank(row: Node) -> float | None:
    """The mean position, where the report tells one."""
    said = row.get("avgpos")
    if said in (None, "", "-"):
        return None
    return float(row.number("avgpos")) or None


def online_campaigns(campaigns: Mapping[str, Node]) -> dict[str, bool]:
    """Whether each campaign of 直通车 is online."""
    return {native: row.text("online_status") == "online" for native, row in campaigns.items()}
