"""What a kind of export is: the columns it has and what they are called here; and which kind a header is.

Used by one file for each kind (`amazon_sp.py`, `taobao.py`, …), which are listed in `kinds.py`.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bidder import activity
from bidder.connectors.files.currencies import in_header
from bidder.money import Currency

__all__ = [
    "COUNTS",
    "FIGURES",
    "MONEY",
    "SUBJECTS",
    "Export",
    "Match",
    "Near",
    "Part",
    "Subject",
    "match",
    "nearest",
    "spelling",
]

COUNTS = ("impressions", "clicks", "orders", "units")
MONEY = ("spend", "revenue", "amount")
FIGURES = ("impressions", "clicks", "spend", "orders", "units", "revenue", "amount")

Subject = Literal["ads", "terms", "activity", "orders", "stock", "ledger"]

SUBJECTS: Mapping[Subject, tuple[str, ...]] = {
    "ads": FIGURES,
    "terms": FIGURES,
    "activity": (*activity.COUNTS, *activity.MONEY),
    "orders": ("units", "price", "subtotal", "refunded"),
    "stock": ("stock", "cost"),
    "ledger": ("paid",),
}
"""What an export is about, and our names of the figures it may have."""

_WINDOW = re.compile(r"(\d{1,2}) day total ")
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Part:
    """One observation of a row: most files have one; a wide one has a set of columns for each platform.

    `account` is the default alias; `budget` a fixed budget id, where the columns themselves name it.
    """

    account: str
    columns: Mapping[str, tuple[str, ...]]
    budget: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """A known kind of export.

    `columns` and those of the parts: our name → headers it may have, by :func:`spelling`; `{window}` stands for the
    days of attribution. `required`: of each group at least one of our names must be there. `segments`: headers that
    split a campaign-day into several rows, which are summed. `repeats`: the file may hold the very same row twice
    (its segments are not all named), and a row's clicks may exceed its impressions, a day's may not.
    `unlike`: headers that show it is another report, each with what to export instead ("": of another
    kind altogether). `unknown_words`: what the
    platform writes into an empty cell, by our name. `scenes`: a platform's words for our channels.
    """

    kind: str
    title: str
    parts: tuple[Part, ...]
    required: tuple[tuple[str, ...], ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    repeats: bool = False
    unlike: Mapping[str, str] = field(default_factory=dict)
    unknown_words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    currency: Currency | None = None
    channel: str = ""
    scenes: Mapping[str, str] = field(default_factory=dict)
    no_group: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    subject: Subject = "ads"
    """What the rows are about: ads, their search terms, what the shop did by day, its orders, its stock, its purse."""
    dateless: bool = False
    """The file may lack a column of days: it is of the one day that stands above its header, in its name (where
    `day_in_name`), or that a person names."""
    day_in_name: bool = False
    path: tuple[str, ...] = ()
    """Headers that together are a place in a tree, of which the file has every node: only leaves are taken."""
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By header: the words of the rows to take; another row splits one of these further."""
    none_written: frozenset[str] = frozenset()
    """Our names whose empty cell means that there was none: this platform writes no zeros."""

    def headers(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        """Each of our names with the headers it may have."""
        yield from self.columns.items()
        for part in self.parts:
            yield from part.columns.items()


@dataclass(frozen=True, slots=True)
class Match:
    """A header that is of this kind: for each part our names → positions; the windows that its columns offer."""

    export: Export
    header: tuple[str, ...]
    columns: tuple[Mapping[str, int], ...]
    segments: tuple[int, ...]
    windows: tuple[int, ...]
    window: int | None


@dataclass(frozen=True, slots=True)
class Near:
    """A header that is of no kind: the nearest one, how much of it is there, and what is missing or too much."""

    export: Export
    share: float
    missing: tuple[str, ...]
    unlike: str = ""


def spelling(header: str) -> str:
    """A header without what exports vary: case, width, spaces, a currency in brackets.

    `7 Day Total Sales (₹) ` → `7 day total sales`, `主体 ID` → `主体id`.
    """
    text = unicodedata.normalize("NFKC", header).strip().casefold()
    currency = in_header(text)
    if currency:
        text = text[: currency[1]]
    text = " ".join(text.split())
    return text.replace(" ", "") if _IDEOGRAPH.search(text) else text


def match(header: Sequence[str], exports: Sequence[Export], window: int | None) -> Match | None:
    """The first kind whose required columns are all in the header; None when there is none."""
    places = _places(header)
    for export in exports:
        offered = _windows(places) if any("{window}" in s for _, some in export.headers() for s in some) else ()
        chosen = window if window in offered else (offered[0] if offered else None)
        columns = tuple(_columns(export, part, places, chosen) for part in export.parts)
        if any(_missing(export, found) for found in columns) or any(word in places for word in export.unlike):
            continue
        segments = tuple(places[word] for word in (*export.segments, *export.path) if word in places)
        return Match(export, tuple(header), columns, segments, offered, chosen)
    return None


def nearest(header: Sequence[str], exports: Sequence[Export]) -> Near | None:
    """The kind of which the largest part is there; None when there is nothing of any."""
    places = _places(header)
    windows = _windows(places)
    best: Near | None = None
    for export in exports:
        for part in export.parts:
            missing = _missing(export, _columns(export, part, places, windows[0] if windows else None))
            shown = [export.unlike[word] for word in export.unlike if word in places]
            if "" in shown:
                continue
            share = 1 - len(missing) / (len(export.required) - (("date",) in export.required and export.dateless))
            unlike = next(iter(shown), "")
            if share > 0 and (best is None or share > best.share):
                best = Near(export, share, tuple(_printed(export, group) for group in missing), unlike)
    return best


def did_you_mean(header: Sequence[str], wanted: str) -> str:
    """The header nearest to what is missing, as the file spells it; "" when none is near."""
    by_spelling = {spelling(name): name for name in header}
    close = difflib.get_close_matches(wanted, by_spelling, n=1, cutoff=0.75)
    return by_spelling[close[0]] if close else ""


def _places(header: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for position, name in enumerate(header):
        places.setdefault(spelling(name), position)
    places.pop("", None)
    return places


def _windows(places: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sorted({int(found[1]) for word in places if (found := _WINDOW.match(word))}))


def _columns(export: Export, part: Part, places: Mapping[str, int], window: int | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, headers in (*export.columns.items(), *part.columns.items()):
        for header in headers:
            place = places.get(header.replace("{window}", str(window)))
            if place is not None:
                found[name] = place
                break
    return found


def _missing(export: Export, found: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        group
        for group in export.required
        if not any(name in found for name in group) and not (export.dateless and group == ("date",))
    )


def _printed(export: Export, group: Sequence[str]) -> str:
    """A missing column by the header the export gives it."""
    by_name = dict(export.headers())
    return " or ".join(by_name[name][0].replace("{window}", "14") for name in group if name in by_name)
