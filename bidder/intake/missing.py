"""Which files a person still has to download today: of every kind that came before, the days that did not come yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bidder.connectors.files.kinds import EXPORTS
from bidder.intake.inbox import Watched
from bidder.store.protocol import StoreReader

__all__ = ["LOOKED_AT", "Missing", "missing"]

LOOKED_AT = 500
"""Journal lines of imports that are looked at: months of mornings."""

FORGOTTEN = timedelta(days=14)
"""A kind that has not come for so long is no habit any more."""

_ONCE = frozenset({"erp_stock", "amazon_sp_search_term"})
"""Kinds that nobody downloads every day."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that has not come: whose, which (and where it is found), and up to which day its figures go."""

    source: str
    title: str
    last: date | None


def missing(store: StoreReader, watched: Sequence[Watched], today: date) -> list[Missing]:
    """What has not come of yesterday, by source. A folder into which nothing ever came is told of without a kind."""
    newest: dict[tuple[str, str], date] = {}
    for line in store.journal(limit=LOOKED_AT, kind="imported"):
        last = line.facts.get("last_date")
        if last is None or line.facts["kind"] in _ONCE:
            continue
        for source in line.facts["accounts"]:
            key = (str(source), str(line.facts["kind"]))
            newest[key] = max(date.fromisoformat(last), newest.get(key, date.min))
    titles = {export.kind: export.title for export in EXPORTS}
    yesterday = today - timedelta(days=1)
    found: list[Missing] = []
    for one in watched:
        kinds = {kind: last for (source, kind), last in newest.items() if source == one.name}
        if not kinds:
            found.append(Missing(one.name, f"no file has come yet: {', '.join(map(str, one.patterns))}", None))
        for kind, last in sorted(kinds.items()):
            if yesterday - FORGOTTEN < last < yesterday:
                found.append(Missing(one.name, titles.get(kind, kind), last))
    return found
