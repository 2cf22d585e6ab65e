"""Bids and targets in words: lines of the plan's document, why each moves or stays, and what was found of keywords.

Tables of words are `locales/bids_en.json` and `bids_zh.json`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from bidder.bidding import shown
from bidder.bids.case import Proposal, Proposals
from bidder.bids.diagnose import Finding
from bidder.ids import BudgetId
from bidder.money import MICROS

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = [
    "bid_line",
    "bid_notes",
    "bid_table",
    "bids_of",
    "bids_text",
    "finding_line",
    "finding_words",
    "named",
    "why_words",
]

Language = Literal["zh", "en"]

MOST = 12
"""Bids that the terminal shows; the document has all."""


@cache
def _words(language: str) -> Mapping[str, Any]:
    return dict(json.loads(files("bidder.explain").joinpath("locales", f"bids_{language}.json").read_text("utf-8")))


def bid_line(one: Proposal) -> dict[str, Any]:
    """A line of the plan's document (`BidLine`). Amounts are decimals of the lever's own unit."""
    return {
        "id": str(one.lever.id),
        "name": one.lever.name,
        "budget": None if one.lever.budget is None else str(one.lever.budget),
        "currency": str(one.lever.currency),
        "now": None if one.lever.now is None else shown(one.lever.now),
        "planned": None if one.after is None else shown(one.after),
        "reason": one.why.value,
        "click": _money(one.click),
        "low": _money(one.low),
        "high": _money(one.high),
        "money": None if not isfinite(one.price) else round(one.price, 4),
        "clicks": _count(one.clicks),
        "orders": _count(one.orders),
    }


def why_words(line: Mapping[str, Any], language: Language = "en") -> str:
    """Why a line moves or stays, in a sentence."""
    money = line["money"]
    text: str = _words(language)["why"][line["reason"]].format(
        click=line["click"] or "?", money="?" if money is None else f"{money:.2f}"
    )
    return text


def bid_notes(found: Proposals, said: Collection[BudgetId] = (), language: Language = "en") -> list[str]:
    """What a reader of the plan should know: why bids stay, counted, and budgets that are no lever, but for `said`."""
    w = _words(language)
    stay = Counter(one.why.value for one in found.lines if not one.moves and one.lever.active)
    notes = []
    if stay:
        parts = w["between"].join(
            f"{w['stays'][why]} {n}" for why, n in sorted(stay.items(), key=lambda p: (-p[1], p[0]))
        )
        notes.append(w["stay"].format(n=sum(stay.values()), parts=parts))
    idle = [str(one) for one in found.idle if one not in said]
    if idle:
        notes.append(w["idle"].format(budgets=", ".join(idle)))
    return notes


def bid_table(lines: Sequence[Mapping[str, Any]], language: Language = "en") -> RenderableType:
    """The bids that move, largest change first, for a terminal."""
    from rich.table import Table
    from rich.text import Text

    w = _words(language)
    table = Table(title=w["title"].format(n=len(lines)), title_justify="left", box=None, pad_edge=False)
    for place, name in enumerate(w["columns"]):
        table.add_column(name, justify="right" if place in (1, 2) else "left", no_wrap=place in (1, 2))
    for one in sorted(lines, key=lambda one: (-_change(one), one["id"]))[:MOST]:
        label = one["id"] if not one["name"] else f"{one['name']}  {one['id']}"
        table.add_row(Text(label), one["now"] or "?", one["planned"], Text(why_words(one, language)))
    if len(lines) > MOST:
        table.caption = w["more"].format(n=len(lines) - MOST)
    return table


def _change(line: Mapping[str, Any]) -> float:
    return abs(float(line["planned"]) / float(line["now"]) - 1) if line["now"] and line["planned"] else 0.0


def named(found: Proposals, entity: str) -> Proposal | None:
    """The bid or target that is called so, by its id, its number or its word; None where none is, or several are."""
    for match in (lambda one: str(one.lever.id), lambda one: one.lever.name):
        same = [one for one in found.lines if match(one) == entity]
        if len(same) == 1:
            return same[0]
    return None


def bids_of(found: Proposals, budgets: Iterable[str], only: Proposal | None = None) -> list[dict[str, Any]]:
    """The lines of the bids that some budgets pay for, those that move first; or of `only` that one."""
    wanted = set(budgets)
    lines = [one for one in found.lines if one.lever.budget is not None and str(one.lever.budget) in wanted]
    lines = lines if only is None else [only]
    return [bid_line(one) for one in sorted(lines, key=lambda one: (not one.moves, str(one.lever.id)))]


def bids_text(
    lines: Sequence[Mapping[str, Any]], looked: Sequence[Mapping[str, Any]], language: Language = "en"
) -> str:
    """Bids and findings of `bidder explain`, as text."""
    w = _words(language)
    told = [w["head"]] if lines else []
    for one in lines:
        between = "" if one["low"] is None else w["worth"].format(click=one["click"], low=one["low"], high=one["high"])
        told.append(
            f"  {one['name'] or one['id']}  {one['now'] or '?'} → {one['planned'] or '?'}  "
            f"{why_words(one, language)}{between}"
        )
    if looked:
        told += [w["look"], *(f"  {finding_words(one, language)}" for one in looked)]
    return "\n".join(told)


def finding_line(one: Finding) -> dict[str, Any]:
    """A finding for a document; money as decimals."""
    return {
        "kind": one.kind.value,
        "id": str(one.lever.id),
        "name": one.lever.name or str(one.lever.id),
        "budget": None if one.lever.budget is None else str(one.lever.budget),
        "currency": str(one.lever.currency),
        "clicks": _count(one.clicks),
        "orders": _count(one.orders),
        "spend": _money(one.spend),
        "earned": _money(one.earned),
        "expected": round(one.expected, 1),
        "ended": one.ended,
    }


def finding_words(line: Mapping[str, Any], language: Language = "en") -> str:
    """A finding in a sentence."""
    figures = {name: "?" if value is None else value for name, value in line.items()}
    text: str = _words(language)["findings"][line["kind"]].format(**figures)
    return text


def _money(micros: float) -> str | None:
    return f"{micros / MICROS:.2f}" if isfinite(micros) else None


def _count(value: float) -> float | None:
    return round(value, 2) if isfinite(value) else None
