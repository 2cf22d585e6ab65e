"""The agency's digest in words: for a terminal, a message, and as one HTML file for mail. Chinese and English.

What a person reads first is what costs most when nobody looks: the shops that need somebody stand in that order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from bidder.explain.agency_document import AgencyDigest, MoneyLine, ShopLine
from bidder.explain.agency_words import Language, need_text

__all__ = ["LISTED", "agency_page", "agency_text", "headline", "message_text"]

LISTED = 20
"""Shops that are named in a message; the page has all of them."""

LONGEST = 140
"""Signs of a detail that are kept."""

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "head": "{title} {day}: {needing} of {count} shops need somebody",
        "head_well": "{title} {day}: all {count} shops are well",
        "none": "{title} {day}: no shops",
        "money": "yesterday {spend} {currency} spent, {revenue} attributed ({roas}); month {month}",
        "of": " of {budget} ({part})",
        "waits": "{n} changes wait for a yes",
        "kept": "no shop spent more than its day's cap yesterday",
        "over": "above the day's cap yesterday: {shops}",
        "rate": "no rate to {currency} is known for {codes}: write it in agency.yaml",
        "first": "Look at these first",
        "more": "… and {n} more: bidder shops --needing",
        "now": "{title}: {n} shops need somebody now",
        "now_one": "{title}: {shop} needs somebody now",
        "shop": "{title} ({shop}): {needs}",
        "note": "Most money at risk first, in {currency}. A day's spend and sales are as the platforms report them.",
    },
    "zh": {
        "head": "{title} {day}：{count} 家店里 {needing} 家要人看",
        "head_well": "{title} {day}：{count} 家店都好",
        "none": "{title} {day}：还没有店铺",
        "money": "昨天花 {spend} {currency}，归因成交 {revenue}（投产比 {roas}）；本月 {month}",
        "of": " / {budget}（{part}）",
        "waits": "{n} 处改动待审批",
        "kept": "昨天没有店铺花超日上限",
        "over": "昨天花超日上限：{shops}",
        "rate": "不知道 {codes} 兑 {currency} 的汇率：写进 agency.yaml",
        "first": "先看这些",
        "more": "…… 还有 {n} 家：bidder shops --needing",
        "now": "{title}：{n} 家店现在要人看",
        "now_one": "{title}：{shop} 现在要人看",
        "shop": "{title}（{shop}）：{needs}",
        "note": "关系钱最多的在最前，以 {currency} 计。花费与成交以平台报的为准。",
    },
}
_BODY = "margin:0;padding:16px;background:#f5f6f8;color:#1c2430;font:15px/1.55 -apple-system,'PingFang SC',sans-serif"
_CARD = "max-width:760px;margin:0 auto 12px;padding:16px;background:#ffffff;border-radius:8px"
_CELL = "padding:6px 8px;border-top:1px solid #e3e6ea;vertical-align:top"


def headline(shown: AgencyDigest, language: Language) -> str:
    """The first line, which is the subject of a mail."""
    words = _WORDS[language]
    day = f"{datetime.fromisoformat(shown.at).astimezone(ZoneInfo(shown.zone)):%m-%d}"
    key = "none" if not shown.count else "head" if shown.first else "head_well"
    return words[key].format(title=shown.title, day=day, needing=len(shown.first), count=shown.count)


def agency_text(shown: AgencyDigest, language: Language, listed: int = LISTED) -> list[str]:
    """Lines for a terminal or a message: money, what waits, then the shops that need somebody."""
    words = _WORDS[language]
    lines = [headline(shown, language), *_totals(shown, language)]
    if shown.first:
        lines += ["", words["first"]]
        for place, one in enumerate(shown.first[:listed], 1):
            lines.append(f"{place}. {_shop(one, language)}")
        if len(shown.first) > listed:
            lines.append(words["more"].format(n=len(shown.first) - listed))
    return lines


def message_text(shops: Sequence[ShopLine], title: str, kinds: Collection[str], language: Language) -> list[str]:
    """Lines of one message about shops that have come to need somebody, each with its needs of these kinds."""
    words = _WORDS[language]
    head = words["now_one" if len(shops) == 1 else "now"]
    lines = [head.format(title=title, n=len(shops), shop=shops[0].title if shops else "")]
    for one in shops[:LISTED]:
        kept = one.model_copy(update={"needs": [need for need in one.needs if need.kind in kinds]})
        lines.append(_shop(kept, language))
    if len(shops) > LISTED:
        lines.append(words["more"].format(n=len(shops) - LISTED))
    return lines


def agency_page(shown: AgencyDigest, language: Language) -> str:
    """One HTML file with all of them: inline styles and a table, as mail programs want it."""
    words = _WORDS[language]
    rows = "".join(
        f'<tr><td style="{_CELL}">{place}</td><td style="{_CELL}"><b>{escape(one.title)}</b><br>'
        f'<span style="color:#5a6472">{escape(one.shop)}</span></td>'
        f'<td style="{_CELL}">{"<br>".join(escape(told) for told in _needs(one, language))}</td></tr>'
        for place, one in enumerate(shown.first, 1)
    )
    table = f'<table style="width:100%;border-collapse:collapse">{rows}</table>' if rows else ""
    totals = "".join(f'<p style="margin:0 0 4px">{escape(one)}</p>' for one in _totals(shown, language))
    title, note = escape(headline(shown, language)), escape(words["note"].format(currency=shown.currency))
    first = f'<h2 style="margin:0 0 8px;font-size:15px">{escape(words["first"])}</h2>{table}' if rows else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{title}</title></head><body style="{_BODY}">'
        f'<div style="{_CARD}"><h1 style="margin:0 0 8px;font-size:17px">{title}</h1>{totals}</div>'
        + (f'<div style="{_CARD}">{first}</div>' if first else "")
        + f'<p style="max-width:760px;margin:0 auto;color:#5a6472;font-size:12px">{note}</p></body></html>\n'
    )


def _totals(shown: AgencyDigest, language: Language) -> list[str]:
    words = _WORDS[language]
    lines = [_money(one, language) for one in shown.money]
    if shown.waits:
        lines.append(words["waits"].format(n=shown.waits))
    if shown.over_cap:
        lines.append(words["over"].format(shops=", ".join(shown.over_cap)))
    elif shown.money:
        lines.append(words["kept"])
    if shown.without_rate:
        lines.append(words["rate"].format(currency=shown.currency, codes=", ".join(shown.without_rate)))
    return lines


def _money(one: MoneyLine, language: Language) -> str:
    words = _WORDS[language]
    spend, revenue = float(one.spend), float(one.revenue)
    month, budget = float(one.month_spend), float(one.month_budget)
    of = words["of"].format(budget=f"{budget:,.0f}", part=f"{month / budget:.0%}") if budget else ""
    return words["money"].format(
        spend=f"{spend:,.0f}",
        currency=one.currency,
        revenue=f"{revenue:,.0f}",
        roas=f"{revenue / spend:.2f}" if spend else "–",
        month=f"{month:,.0f}{of}",
    )


def _shop(one: ShopLine, language: Language) -> str:
    joint = "；" if language == "zh" else "; "
    return _WORDS[language]["shop"].format(title=one.title, shop=one.shop, needs=joint.join(_needs(one, language)))


def _needs(one: ShopLine, language: Language) -> list[str]:
    return [
        need_text(need.kind, _short(need.detail), float(need.at_risk), one.currency or "", language)
        for need in one.needs
    ]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
