"""Looks after all shops for the pages: their files, how each stands, and the one that somebody has open.

Fulfils :class:`bidder.web.desk.AgencyDesk`. Called from several threads. A round looks at every shop in turn; one that
nothing has happened to since (no line in its journal, no change of its files) is not put together again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from bidder.agency.figures import exposition
from bidder.agency.files import ShopFiles
from bidder.agency.overview import from_folder, shops_document, standing_of_shop
from bidder.agency.standing import ShopStanding, unread
from bidder.agency.view import OneShop
from bidder.config.agency import Agency
from bidder.config.shops import Shop
from bidder.errors import BidderError, ConfigError, Fault, NoStoreYet
from bidder.explain.agency_document import ShopsDocument
from bidder.store import open_reader, open_store
from bidder.store.people import AgencyStore
from bidder.web.desk import Sees

__all__ = ["Desk"]

MOST_OPEN = 100
"""Shops whose stores are kept open for people; the one that was quiet longest is closed."""
OLDEST = timedelta(minutes=5)
"""After so long a shop is put together again though nothing has happened: a day ends, figures grow old."""


@dataclass(frozen=True, slots=True)
class _Looked:
    standing: ShopStanding
    digest: str
    number: int
    at: datetime


class Desk:
    """One agency's."""

    def __init__(
        self, agency: Agency, people: AgencyStore, clock: Callable[[], datetime], env: Mapping[str, str] | None = None
    ) -> None:
        self._agency = agency
        self._people = people
        self._clock = clock
        self._files = ShopFiles(agency, env)
        self._lock = threading.RLock()
        self._looked: dict[str, _Looked] = {}
        self._open: OrderedDict[str, OneShop] = OrderedDict()
        self.closing: list[OneShop] = []
        """Shops that nobody looks at any more, to be closed by whoever runs the loop."""

    @property
    def title(self) -> str:
        """How people call the agency."""
        return self._agency.title

    @property
    def people(self) -> AgencyStore:
        """Who may what."""
        return self._people

    def now(self) -> datetime:
        """The instant."""
        return self._clock()

    def names(self) -> Sequence[str]:
        """Every shop there is."""
        return self._files.names()

    # ---- all of them

    def round(self, stop: threading.Event) -> int:
        """Looks at every shop once, until `stop` is set; how many were put together again."""
        made, there = 0, set[str]()
        for shop in self._files.read():
            if stop.is_set():
                return made
            there.add(shop.name)
            made += self._look(shop)
        with self._lock:
            self._looked = {name: one for name, one in self._looked.items() if name in there}
        return made

    def _look(self, shop: Shop) -> bool:
        now, digest = self._clock(), "" if shop.config is None else shop.config.digest
        known = self._looked.get(shop.name)
        number = -1 if shop.config is None else _number(shop)
        same = known is not None and (known.digest, known.number) == (digest, number)
        if same and known is not None and now - known.at < OLDEST and shop.config is not None:
            return False
        found = standing_of_shop(shop, now, self._agency.folder)
        with self._lock:
            self._looked[shop.name] = _Looked(found, digest, number, now)
        return True

    def standings(self, sees: Sees) -> list[ShopStanding]:
        """Those that may be seen, in the order of names, as they were last looked at."""
        with self._lock:
            looked = dict(self._looked)
        return [looked[name].standing for name in sorted(looked) if sees(name)]

    def overview(self, sees: Sees) -> ShopsDocument:
        """The same as a document, those that need somebody first."""
        return shops_document(self.standings(sees), self._agency, self._clock())

    def metrics(self, sees: Sees, accept: str) -> tuple[bytes, str]:
        """The same for Prometheus."""
        return exposition(self.standings(sees), self._agency, self._clock(), accept)

    # ---- one of them

    def view(self, shop: str) -> OneShop | None:
        """The shop's pages, as its files and its store are now."""
        try:
            config = self._files.config(shop)
        except ConfigError as e:
            raise ConfigError(from_folder(e.faults, self._agency.folder)) from e
        if config is None:
            return None
        with self._lock:
            found = self._open.get(shop)
            if found is not None and found.config.store_url != config.store_url:
                self.closing.append(self._open.pop(shop))
                found = None
            if found is None:
                try:
                    open_reader(config.store_url).close()  # whoever only looks makes no store
                except NoStoreYet:
                    what = f"{shop}: nothing was read yet; a worker or `bidder run` reads it first"
                    raise BidderError(what) from None
                found = self._open[shop] = OneShop(config, open_store(config.store_url), self._clock)
                while len(self._open) > MOST_OPEN:
                    self.closing.append(self._open.popitem(last=False)[1])
            found.config = config
            self._open.move_to_end(shop)
        found.refresh()
        return found

    # ---- files

    def text(self, shop: str) -> str | None:
        """The file of a shop."""
        return self._files.text(shop)

    def check(self, shop: str, text: str) -> Sequence[Fault]:
        """What is wrong with a file that a shop might have."""
        try:
            self._files.checked(shop, text)
        except ConfigError as e:
            return from_folder(e.faults, self._agency.folder)
        return ()

    def put(self, shop: str, text: str, by: str, *, instead_of: str | None) -> bool:
        """Writes a shop's file; whether the shop is a new one."""
        try:
            new = self._files.put(shop, text, instead_of=instead_of)
        except ConfigError as e:
            raise ConfigError(from_folder(e.faults, self._agency.folder)) from e
        what = "shop added" if new else "shop changed"
        self._people.append("access", self._clock(), what=what, shop=shop, by=by)
        config = self._files.config(shop)
        if config is not None and shop not in self._looked:
            with self._lock:
                self._looked[shop] = _Looked(unread(config, "nothing was read yet"), "", -1, self._clock())
        return new

    def remove(self, shop: str, by: str) -> bool:
        """Takes a shop's file away and keeps it aside."""
        gone = self._files.remove(shop)
        if gone:
            self._people.append("access", self._clock(), what="shop taken away", shop=shop, by=by)
            with self._lock:
                self._looked.pop(shop, None)
                if shop in self._open:
                    self.closing.append(self._open.pop(shop))
        return gone

    async def close(self) -> None:
        """Closes every shop that is open."""
        with self._lock:
            shops = [*self._open.values(), *self.closing]
            self._open.clear()
            self.closing.clear()
        for one in shops:
            with suppress(BidderError):
                await one.close()


def _number(shop: Shop) -> int:
    """Of the newest line of a shop's journal; -1 where that cannot be told."""
    assert shop.config is not None
    try:
        store = open_reader(shop.config.store_url)
        try:
            newest = store.journal(limit=1)
        finally:
            store.close()
    except BidderError:
        return -1
    return newest[0].number if newest else 0
