"""The plan's document → its table for a terminal, biggest change first, with the reasons and the whole below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bidder.explain.bids import bid_table
from bidder.explain.clashes import clash_words

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["table"]

WIDE = 110
"""Columns of a terminal that shows every figure in the table."""

_NARROW = ["budget", "now", "plan", "±", "profit", "next"]


def table(shown: Mapping[str, Any], width: int = 160) -> RenderableType:
    """The document for a terminal of that width, biggest change first: a table, the reasons, and the whole."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    lines = sorted(shown["budgets"], key=lambda one: (-abs(_moved(one)), one["id"]))
    wide = width >= WIDE
    currency = shown["currency"] or ""
    title = f"plan {shown['plan']} for {shown['day']} {currency}".rstrip()
    figures = Table(title=title, title_justify="left", show_footer=True, box=None, pad_edge=False)
    totals = {"budget": "total", "now": shown["now"], "plan": shown["planned"], "profit": shown["expected"]["mean"]}
    names = ["budget", "now", "plan", "±", "orders", "profit", "80 %", "next", "state"] if wide else _NARROW
    for name in names:
        left = name in ("budget", "state")
        figures.add_column(name, footer=totals.get(name, ""), justify="left" if left else "right", no_wrap=not left)
    for line in lines:
        profit = line["expected"]["profit"]
        cells = {
            "budget": Text(line["id"]),
            "now": _native(line, line["now"] or "?"),
            "plan": _native(line, line["planned"]),
            "±": _signed(line["difference"]),
            "orders": f"{line['expected']['orders']:.1f}",
            "profit": profit["mean"],
            "80 %": f"{profit['p10']} … {profit['p90']}",
            "next": f"{round(line['marginal_return'], 2) + 0.0:+.2f}",
            "state": line["state"],
        }
        figures.add_row(*(cells[name] for name in names))
    reasons = Table(box=None, show_header=False, pad_edge=False)
    reasons.add_column(ratio=1)
    reasons.add_column(ratio=2)
    for line in lines:
        reasons.add_row(Text(line["id"], style="bold"), Text(line["reason"]))
    parts: list[RenderableType] = [figures, Text(), reasons, Text()]
    if shown.get("bids"):
        parts += [bid_table(shown["bids"]), Text()]
    parts.append(Padding(Text("\n".join(_summary(shown))), 0))
    return Group(*parts, *([Text(), _beside(shown)] if shown["what_if"] else []))


def _moved(line: Mapping[str, Any]) -> float:
    """By how much a budget moves, in the plan's currency."""
    return float((line.get("shop") or line)["difference"])


def _native(line: Mapping[str, Any], amount: str) -> str:
    """An amount, with its currency and what it is in the plan's where that is another one."""
    return f"{amount} {line['currency']}" if line.get("shop") else amount


def _beside(shown: Mapping[str, Any]) -> RenderableType:
    """What is other than without the change."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    found = shown["what_if"]
    said = (
        f"with {', '.join(found['asked'])}, against the plan without it ({found['without']}, total {found['total']}): "
        f"profit {_signed(found['profit']) or '0'}, spend {_signed(found['spend']) or '0'}, "
        f"revenue {_signed(found['revenue']) or '0'}, orders {found['orders']:+.1f}"
    )
    lines = Table(box=None, pad_edge=False)
    for place, name in enumerate(("budget", "without", "with", "±")):
        lines.add_column(name, justify="left" if place == 0 else "right", no_wrap=place > 0)
    for one in found["budgets"]:
        lines.add_row(Text(one["id"]), one["without"], one["planned"], _signed(one["difference"]))
    return Group(Text(said), lines if found["budgets"] else Text("no budget changes"))


def _signed(text: str) -> str:
    return "" if float(text) == 0 else text if text.startswith("-") else f"+{text}"


def _worth(shown: Mapping[str, Any]) -> str:
    """The slope, and both sides of it where they were measured and differ."""
    up, down = shown["value_up"], shown["value_down"]
    slope = f"{shown['value_of_total']:.2f}"
    if up is None or down is None:
        return slope
    return f"{slope} (measured over 1 %: {up:.2f} for more, {down:.2f} lost for less)"


def _summary(shown: Mapping[str, Any]) -> list[str]:
    gap = shown["certificate"]["gap"]
    proven = "nothing proven" if gap is None else f"gap {gap:.1e}"
    parts = [
        f"one more unit of the total earns {_worth(shown)} a day; "
        f"{shown['unallocated']} of {shown['total']} is left unspent",
        f"expected profit {shown['expected']['mean']} ({shown['expected']['p10']}…{shown['expected']['p90']}), "
        f"now {shown['expected_now']}; certificate {shown['certificate']['status']}, {proven}",
    ]
    for rule in shown["limits"]:
        if rule["binding"] and rule["cost_per_day"] not in (None, "0"):
            where = f", {rule['source']}" if rule["source"] else ""
            parts.append(f"rule {rule['rule']}{where} costs {rule['cost_per_day']} a day")
    clashes = [line for line in shown.get("clashes", ()) if not line["slowed"] and line["gave"]["source"]]
    parts += [clash_words(line) for line in clashes]
    for rate in shown.get("rates", ()):
        of = [line for line in shown["budgets"] if line["currency"] == rate["currency"]]
        planned = sum(float(line["planned"]) for line in of)
        in_shop = sum(float(line["shop"]["planned"]) for line in of)
        on = "" if rate["on"] is None else f", of {rate['on']}"
        worth = f"{planned:.2f} {rate['currency']} planned are {in_shop:.2f} {shown['currency']}"
        parts.append(f"1 {rate['currency']} is {rate['rate']:g} {shown['currency']}{on}: {worth}")
    parts += [f"HELD {hold['check']}: {hold['reason']}" for hold in shown["holds"]]
    return [*parts, *shown["notes"]]
