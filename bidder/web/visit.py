"""Visit: all that a page is made from, gathered on the loop before a thread fills the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bidder.store.protocol import StoreReader
from bidder.web.clerk import Clerk
from bidder.web.view import Status
from bidder.web.words import Words

__all__ = ["Visit", "Visitor"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the page. `csrf` is set for who is signed in and may act; `asked`: signing in is possible."""

    csrf: str | None = None
    name: str = ""
    asked: bool = False
    said: Sequence[tuple[str, str]] = ()
    """(tone, sentence) of what the last act came to."""
    leave: str | None = None
    """The same secret for signing out, which also those may who only look."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for one page."""

    w: Words
    store: StoreReader
    now: Status
    document: Mapping[str, Any] | None
    ready: bool
    clerk: Clerk | None = None
    visitor: Visitor = field(default_factory=Visitor)
    query: Mapping[str, str] = field(default_factory=dict)
    path: str = "/"
    key: str = ""
    """What the address names: a plan, a product."""
    version: str = ""
    """Of what the page was made from, as `/events` tells it: so that an open page knows whether it is old already."""

    root: str = ""
    """Before every address of the shop, where there are many: `/shops/tea-house`."""
    shops: Sequence[str] = ()
    """Shops that the page can be switched to."""

    def link(self, path: str, **query: object) -> str:
        """An address of the shop in the reader's language; query words that are empty are left out."""
        return self.root + self.site(path, **query)

    def site(self, path: str, **query: object) -> str:
        """The same outside of the shop: of all shops, where there are many."""
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        return f"{path}?{urlencode({**asked, 'lang': self.w.language})}"

    def other_language(self) -> str:
        """This very page in the other language."""
        kept = {name: value for name, value in self.query.items() if name != "lang"}
        other = "en" if self.w.language == "zh" else "zh"
        return f"{self.root}{self.path}?{urlencode({**kept, 'lang': other})}"

    @property
    def zone(self) -> str:
        """The shop's time zone."""
        return self.now["timezone"]
