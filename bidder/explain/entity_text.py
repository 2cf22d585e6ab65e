"""The chain of :mod:`bidder.explain.entity` as text for a terminal, with its curve drawn in blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["entity_text"]

BAR = 28
"""Characters of the longest bar."""

EIGHTHS = " ▏▎▍▌▋▊▉█"

RATES = {
    "ctr": "click-through rate",
    "cpc": "click cost",
    "cvr": "conversion",
    "aov": "order value",
    "roas": "return on spend",
}
PERCENTS = ("ctr", "cvr")

WORTH = {"profit": "profit", "revenue": "revenue", "orders": "orders"}


def entity_text(shown: Mapping[str, Any], notes: Sequence[str] = ()) -> str:
    """A paragraph for each budget; `notes` first."""
    head = f"plan {shown['plan']} for {shown['day']}, on what was known at {shown['as_of']}"
    return "\n\n".join(["\n".join([head, *notes]), *(_text(one, shown["objective"]) for one in shown["budgets"])])


def _text(one: Mapping[str, Any], objective: str) -> str:
    moved = "" if float(one["difference"]) == 0 else f" ({_signed(one['difference'])})"
    products = f"  sells {', '.join(one['products'])}" if one["products"] else ""
    title = one["id"] if one["name"] in one["id"] else f"{one['id']}  {one['name']}"
    lines = [
        f"{title}{products}",
        f"{one['now'] or '?'} → {one['planned']}{moved}   {one['state']}",
        f"why: {one['reason']}",
        *(f"HELD {hold}" for hold in one["holds"]),
        "",
        *_counts(one["counts"]),
        *_rates(one["rates"]),
        *_value(one),
        "",
        *_curve(one["curve"]),
        "",
        *_price(one, objective),
    ]
    return "\n".join(lines)


def _counts(counts: Mapping[str, Any]) -> list[str]:
    parts = [
        f"{name} {_plain(counts[name])}"
        for name in ("impressions", "clicks", "orders", "spend", "revenue")
        if counts[name] is not None
    ]
    return [f"counts  {counts['days_reported']} of the last {counts['days']} days: {', '.join(parts) or 'nothing'}"]


def _rates(rates: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [f"rates   {'':<20}{'28 days':>10}{'all days':>10}{'believed':>10}"]
    for one in rates:
        if one["raw_28"] is None and one["raw"] is None:
            continue
        percent = one["rate"] in PERCENTS
        cells = "".join(f"{_cell(one[name], percent):>10}" for name in ("raw_28", "raw", "believed"))
        between = ""
        if one["low"] is not None:
            between = f"   80 %: {_cell(one['low'], percent)} … {_cell(one['high'], percent)}"
        lines.append(f"        {RATES[one['rate']]:<20}{cells}{between}".rstrip())
    return lines


def _value(one: Mapping[str, Any]) -> list[str]:
    value, expected, estimates = one["value"], one["expected"], one["estimates"]
    lines = [
        f"value   an order brings {_plain(value['revenue_per_order'])}, of which {_plain(value['margin_per_order'])} "
        "is left before ad spend",
    ]
    if estimates.get("orders_at_scale") is not None:
        lines.append(
            f"        at the usual spend of {_plain(value['usual_spend'])} a day {estimates['orders_at_scale']:.1f} "
            f"orders, known within a factor {value['known_within']:.2f} (80 %); "
            f"10 % more spend brings {10 * estimates['elasticity']:.1f} % more"
        )
    lines += _economics(one)
    if value["reach"] is not None:
        lines.append(f"        more than {_plain(value['reach'])} a day is not expected to be spent")
    return [
        *lines,
        f"expects {expected['orders']:.1f} orders, spend {_plain(expected['spend'])}, profit "
        f"{_plain(expected['profit'])} (80 %: {_plain(expected['p10'])} … {_plain(expected['p90'])})",
    ]


def _economics(one: Mapping[str, Any]) -> list[str]:
    """ROAS beside break-even, then each product's cost lines; what nobody gave is named."""
    roas = one["roas"]
    floor = "unknown" if roas["break_even"] is None else f"{roas['break_even']:.2f}"
    lines = []
    if roas["expected"] is not None:
        lines.append(f"        ROAS {roas['expected']:.2f} is expected, break-even is {floor}")
    for product in one["economics"]:
        unknown = f"; unknown: {', '.join(product['unknown'])}" if product["unknown"] else ""
        if "price" not in product:
            said = "" if product["margin"] is None else f": {product['margin']:.1%} of its price is left"
            lines.append(f"        {product['product']}{said}{unknown}")
            continue
        costs = ", ".join(
            f"{name} {product[name]:g}"
            for name in ("refunds", "fees", "cost", "ship", "pack", "insurance", "overhead")
            if product[name]
        )
        least = product["break_even_roas"]
        net = product["net_break_even_roas"]
        even = "no ROAS is enough" if least is None else f"break-even {least:.2f}, after refunds {net:.2f}"
        lines.append(
            f"        {product['product']}: price {product['price']:g} less {costs or 'nothing'} leaves "
            f"{product['contribution']:g} ({product['margin']:.1%}); {even}{unknown}"
        )
    return lines


def _curve(curve: Sequence[Mapping[str, Any]]) -> list[str]:
    """Profit a day by amount, a bar each."""
    most = max((point["profit"] for point in curve), default=0.0)
    lines = [f"curve   {'amount':>10}{'orders':>9}{'profit':>11}"]
    for point in curve:
        share = max(point["profit"], 0.0) / most if most > 0 else 0.0
        eighths = round(share * BAR * 8)
        bar = EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8].strip()
        mark = f"  ← {point['at']}" if point["at"] else ""
        lines.append(
            f"        {point['amount']:>10.2f}{point['orders']:>9.1f}{point['profit']:>11.2f}  {bar}{mark}".rstrip()
        )
    return lines


def _price(one: Mapping[str, Any], objective: str) -> list[str]:
    what = WORTH[objective]
    lines = [
        f"rules   {limit['side']} by {limit['rule']}, {limit['source'] or 'built in'}: "
        f"one unit more room earns {limit['price']:.2f} a day"
        for limit in one["limits"]
    ]
    return [
        *(lines or ["rules   none holds it"]),
        f"price   one unit more here earns {round(one['marginal_return'], 2) + 0.0:.2f} of {what} a day; "
        f"one more of the total earns {one['value_of_total']:.2f}",
    ]


def _cell(value: float | None, percent: bool) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.2f} %" if percent else f"{value:.2f}"


def _plain(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 1 else f"{value:,.2f}"


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"
