"""The digest in words: a first screen of at most 14 lines for a phone, and tables below the fold. Chinese and English.

No word of statistics stands on the first screen; what is uncertain is （low～high）. Nothing to do is said, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from bidder.explain.bids import finding_words
from bidder.explain.digest_document import DigestDocument, FindingLine, PlanLine, WhyLine
from bidder.explain.digest_words import words
from bidder.explain.experiment import effect_lines, effect_sentence

__all__ = ["FIRST_SCREEN", "Language", "below_the_fold", "digest_text", "finding_text", "first_screen", "headline"]

Language = Literal["zh", "en"]

FIRST_SCREEN = 14
"""Lines."""
KEYWORDS = 10
"""Of those worth a look, shown in the message; the document has all."""
FEW_ORDERS = 30
"""Below so many a rate is shown with its count."""
_MINUS = "\N{MINUS SIGN}"
_WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MARKS = "①②③"


def digest_text(shown: DigestDocument, language: Language) -> str:
    """The first screen, an empty line, and the tables."""
    return "\n".join([*first_screen(shown, language), "", *below_the_fold(shown, language)])


def headline(shown: DigestDocument, language: Language) -> str:
    """The first line, which is the subject of a mail."""
    return first_screen(shown, language)[0]


def first_screen(shown: DigestDocument, language: Language) -> list[str]:
    """At most FIRST_SCREEN lines, in the order money, month, why, what to do, what bidder does, what it left, proof."""
    w = words(language)
    lines = [
        _head(shown, language),
        *_yesterday(shown, w),
        _month(shown, w),
        *_why(shown, w, language),
        *_todo(shown, w, language),
        *_plan(shown.plan, w),
        *([] if shown.experiment is None else [effect_sentence(shown.experiment, language)]),
        _proof(shown, w),
    ]
    return lines[:FIRST_SCREEN]


def below_the_fold(shown: DigestDocument, language: Language) -> list[str]:
    """Tables: products, the parts of the change, everything found."""
    w = words(language)
    lines = [w["products"]]
    for one in shown.products[:20]:
        stock = "" if one.stock is None else w["stock"].format(stock=_n(one.stock))
        lines.append(
            w["product_line"].format(
                name=one.name, spend=_n(one.spend), orders=_n(one.orders), revenue=_n(one.revenue),
                roas=_ratio(one.roas), floor=_ratio(one.break_even), stock=stock,
            )
        )  # fmt: skip
    if shown.why is not None and shown.why.parts:
        lines += ["", w["parts"].format(change=_s(shown.why.change))]
        for part in shown.why.parts[:12]:
            name = part.name or w["whole_shop"]
            lines.append(f"  {_s(part.amount):>9}  {name}{_of(part.channel)}  {w['cause'][part.cause]}")
        rest = shown.why.change - sum(part.amount for part in shown.why.parts[:12])
        if len(shown.why.parts) > 12:
            lines.append(f"  {_s(rest):>9}  {w['others']}")
    if shown.findings:
        lines += ["", w["found"], *(f"  {finding_text(one, language)}" for one in shown.findings[:20])]
    if shown.keywords:
        found = [finding_words(one.model_dump(), language) for one in shown.keywords[:KEYWORDS]]
        rest = len(shown.keywords) - KEYWORDS
        lines += ["", w["keywords"], *(f"  {one}" for one in found)]
        lines += [f"  {w['more'].format(n=rest)}"] if rest > 0 else []
    if shown.plan is not None and shown.plan.moves:
        lines += ["", w["moves"]]
        for move in shown.plan.moves:
            lines.append(f"  {move.name}  {_n(move.now or 0.0)}→{_n(move.planned)}  {move.reason}")
    if shown.plan is not None and shown.plan.rules:
        lines += ["", w["rules"]]
        lines += [f"  {_n(one.cost):>7}  {one.rule}  {one.source or ''}".rstrip() for one in shown.plan.rules]
    if shown.experiment is not None:
        lines += ["", *effect_lines(shown.experiment, language)]
    if shown.basis == "ads":
        lines += ["", w["ads_only"]]
    return lines


def _head(shown: DigestDocument, language: Language) -> str:
    w = words(language)
    today = date.fromisoformat(shown.day) + timedelta(days=1)
    weekday = _WEEKDAYS[language][today.weekday()]
    missing = set(shown.missing)
    marks = [f"{one}{'✗' if one in missing else '✓'}" for one in shown.sources]
    at = datetime.fromisoformat(shown.as_of).astimezone(ZoneInfo(shown.zone))
    told: str = w["head"].format(
        title=shown.title, today=f"{today:%m-%d}", weekday=weekday, last=f"{date.fromisoformat(shown.day):%m-%d}",
        at=f"{at:%H:%M}", sources=" ".join(marks),
    )  # fmt: skip
    return told


def _yesterday(shown: DigestDocument, w: Mapping[str, Any]) -> list[str]:
    """Two lines: money against target, then the ratios."""
    one = shown.yesterday
    parts = [w["sales"].format(sales=_n(one.sales), word=w["paid"] if shown.basis == "shop" else w["ad_sales"])]
    if shown.sales_goal and one.sales is not None:
        parts[0] += w["goal"].format(goal=_n(shown.sales_goal), off=f"{one.sales / shown.sales_goal - 1:+.1%}")
    if one.refunds is not None and one.sales is not None:
        parts.append(w["net"].format(net=_n(one.sales - one.refunds)))
    cap = "" if shown.day_cap is None else w["cap"].format(cap=_n(shown.day_cap))
    parts.append(w["spend"].format(spend=_n(one.spend), cap=cap))
    ratios = [] if one.tacos is None else [w["tacos"].format(tacos=f"{one.tacos:.1%}")]
    floor = "" if one.break_even is None else w["floor"].format(floor=_ratio(one.break_even))
    few = w["few"].format(orders=_n(one.ad_orders)) if one.ad_orders < FEW_ORDERS else ""
    ratios.append(w["roas"].format(roas=_ratio(one.roas), floor=floor, few=few))
    if one.profit is not None:
        ratios.append(w["profit"].format(profit=_s(one.profit)) + _expected(shown, w))
    if one.free_share is not None:
        ratios.append(w["free"].format(share=f"{one.free_share:.0%}"))
    if one.new_share is not None:
        ratios.append(w["new_buyers"].format(share=f"{one.new_share:.0%}"))
    return [f"{w['yesterday']} {'｜'.join(parts)}", f"     {'｜'.join(ratios)}"]


def _expected(shown: DigestDocument, w: Mapping[str, Any]) -> str:
    if shown.forecast is None:
        return ""
    return str(w["expected"].format(low=_s(shown.forecast.low), high=_s(shown.forecast.high)))


def _month(shown: DigestDocument, w: Mapping[str, Any]) -> str:
    one = shown.month
    parts = [w["sales"].format(sales=_n(one.sales), word=w["paid"] if shown.basis == "shop" else w["ad_sales"])]
    if shown.month_goal and one.sales is not None:
        due = shown.month_due if shown.month_due is not None else shown.month_goal * shown.month_passed
        off = one.sales - due
        parts[0] += w["month_goal"].format(
            goal=_n(shown.month_goal), part=f"{one.sales / shown.month_goal:.1%}", off=_s(off)
        )
    if shown.month_cap:
        spent = w["month_cap"].format(
            spend=_n(one.spend), cap=_n(shown.month_cap), part=f"{one.spend / shown.month_cap:.0%}"
        )
    else:
        spent = w["spend"].format(spend=_n(one.spend), cap="")
    parts.append(spent + w["passed"].format(passed=f"{shown.month_passed:.0%}"))
    if shown.month_landing is not None:
        parts.append(w["landing"].format(landing=_n(shown.month_landing)))
    return f"{w['month']} {'｜'.join(parts)}"


def _why(shown: DigestDocument, w: Mapping[str, Any], language: Language) -> list[str]:
    why = shown.why
    if why is None:
        return []
    weekday = _WEEKDAYS[language][date.fromisoformat(why.with_day).weekday()]
    factors = _factors(why, w)
    told = " · ".join(f"{name} {_s(amount)}" for name, amount in factors if abs(amount) >= 0.5)
    first = w["why"].format(weekday=weekday, change=_s(why.change), factors=told or w["nothing"])
    parts = [part for part in why.parts if abs(part.amount) >= 0.5 and part.product][:2]
    second = "；".join(
        f"{part.name or part.product}{_of(part.channel)} {w['cause'][part.cause]} {_s(part.amount)}" for part in parts
    )
    return [first, *([f"     {second}"] if second else [])]


def _factors(why: WhyLine, w: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The parts by factor, traffic's kinds together, and those of single products beside them."""
    order = w["factors"][why.chain]
    sums: dict[str, float] = {}
    for cause, amount in why.causes.items():
        name = order.get(cause, w["cause"].get(cause, cause))
        sums[name] = sums.get(name, 0.0) + amount
    return sorted(sums.items(), key=lambda one: -abs(one[1]))


def _todo(shown: DigestDocument, w: Mapping[str, Any], language: Language) -> list[str]:
    told = [finding_text(one, language) for one in shown.todo]
    for name, until in shown.activities:
        if len(told) < len(_MARKS):
            told.append(w["join"].format(name=name, until=until))
    if not told:
        return [w["nothing_to_do"]]
    return [f"{w['todo'] if place == 0 else '     '} {_MARKS[place]} {text}" for place, text in enumerate(told[:3])]


def finding_text(one: FindingLine, language: Language) -> str:
    """What is wrong with a product, in a sentence with its figures."""
    w = words(language)
    facts = {name: 0.0 if value is None else value for name, value in one.figures.items()}
    text: str = w["findings"][one.kind].format(name=one.name, **facts)
    worth = (
        w["worth"].format(worth=_n(one.worth))
        if one.worth >= 0.5
        else w["lies"].format(held=_n(one.held))
        if one.held
        else ""
    )
    return text + str(worth)


def _plan(plan: PlanLine | None, w: Mapping[str, Any]) -> list[str]:
    if plan is None:
        return [w["no_plan"]]
    if plan.held:
        return [w["plan_held"].format(why=plan.held[0][:60])]
    lines = []
    if plan.moves:
        head = w["plan"].format(
            n=len(plan.moves),
            now=_n(plan.now),
            planned=_n(plan.planned),
            gain=_s(plan.gain),
            low=_n(plan.low),
            high=_n(plan.high),
        )
        lines.append(head + w[f"waits_{plan.waits}"].format(until=plan.until))
        shown = [
            f"{_s(one.planned - (one.now or 0.0))} {one.name} {_n(one.now or 0.0)}→{_n(one.planned)}"
            for one in plan.moves[:2]
        ]
        if len(plan.moves) > 2:
            shown.append(w["more"].format(n=len(plan.moves) - 2))
        lines.append(f"     {' ｜ '.join(shown)}")
    else:
        lines.append(w["plan_still"].format(planned=_n(plan.planned)))
    if plan.bids:
        lines.append(f"     {w['bids'].format(n=plan.bids)}")
    if plan.left:
        told = [f"{one.name}：{w['state'][one.state]}" for one in plan.left[:2]]
        lines.append(f"{w['left']} {' ｜ '.join(told)}")
    return lines


def _proof(shown: DigestDocument, w: Mapping[str, Any]) -> str:
    applied, unknown = shown.writes.get("applied", 0), shown.writes.get("unresolved", 0)
    parts = [w["done"].format(n=applied) if applied else w["done_none"]]
    if unknown:
        parts.append(w["unknown"].format(n=unknown))
    if shown.forecast is not None and applied:
        parts.append(w["earned"].format(gain=_s(shown.forecast.gain)))
    if shown.day_cap is not None:
        parts.append(
            w["never_over"]
            if not shown.over_cap
            else w["over"].format(days=", ".join(one[5:] for one in shown.over_cap[:3]))
        )
    return str(w["proof"].format(parts=w["stop_between"].join(parts)))


def _of(channel: str) -> str:
    return f"·{channel}" if channel else ""


def _n(amount: float | None) -> str:
    """An amount without decimals from 10 on; a dash when unknown."""
    if amount is None:
        return "–"
    text = f"{abs(amount):,.0f}" if abs(amount) >= 10 or amount == round(amount) else f"{abs(amount):,.1f}"
    return f"{_MINUS}{text}" if amount < 0 and text.strip("0.,") else text


def _s(amount: float) -> str:
    """The same with its sign."""
    text = _n(amount)
    return text if text.startswith(_MINUS) or not text.strip("0.,") else f"+{text}"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
