"""The files of the shops, read when they change, and written whole: by a person in an editor, or over HTTP.

A file that comes over HTTP is read exactly as it would be from its place, over the template and beside its rules; only
one without a fault is written, next to the old one first and then in its place, so that whoever reads sees either.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from bidder.config.agency import Agency
from bidder.config.layers import Layer, Papers
from bidder.config.load import Config, load
from bidder.config.shops import Shop, read_shop, shared_store, shop_files, shop_paths, store_place
from bidder.daemon.reload import Watch
from bidder.errors import ConfigError, Fault, Source, UnsafePlan
from bidder.ids import ALIAS

__all__ = ["ASIDE", "ShopFiles", "tag_of"]

ASIDE = ".taken-away"
"""Added to the name of a file whose shop was taken away."""


_Stamp = tuple[tuple[str, int, int], ...]


def tag_of(text: str) -> str:
    """Names a text: another text has another."""
    return sha256(text.encode()).hexdigest()[:24]


class ShopFiles:
    """The files of one agency. Called from several threads."""

    def __init__(self, agency: Agency, env: Mapping[str, str] | None = None) -> None:
        self._agency = agency
        self._env = os.environ if env is None else env
        self._lock = threading.RLock()
        self._known: dict[str, tuple[Config, Watch]] = {}
        self._broken: dict[str, tuple[Shop, _Stamp]] = {}
        self._doubled: dict[str, Shop] = {}

    def names(self) -> Sequence[str]:
        """Every shop that has a file, in the order of names."""
        return tuple(shop_files(self._agency))

    def read(self) -> Iterator[Shop]:
        """Every shop; what has not changed since is not read again."""
        papers, stores, there = Papers(), dict[str, str](), set[str]()
        doubled = dict[str, Shop]()
        for path, fault in shop_paths(self._agency):
            if fault is not None:
                yield Shop(path.name, path, None, (fault,))
                continue
            shop = self._one(path.stem, path, papers)
            there.add(shop.name)
            other = (
                shop.name if shop.config is None else stores.setdefault(store_place(shop.config.store_url), shop.name)
            )
            if other != shop.name:
                shop = doubled[shop.name] = shared_store(shop, other)
            yield shop
        with self._lock:
            self._doubled = doubled
            self._known = {name: one for name, one in self._known.items() if name in there}
            self._broken = {name: one for name, one in self._broken.items() if name in there}

    def config(self, shop: str) -> Config | None:
        """A shop's configuration as its files are now; None where it has none. Raises ConfigError for faults."""
        path = self._path(shop)
        if path is None:
            return None
        found = self._doubled.get(shop) or self._one(shop, path, Papers())
        if found.config is None:
            raise ConfigError(found.faults)
        return found.config

    def text(self, shop: str) -> str | None:
        """The file of a shop."""
        path = self._path(shop)
        return None if path is None else path.read_text("utf-8-sig")

    def checked(self, shop: str, text: str) -> Config:
        """The configuration that a shop would have with this file. Raises ConfigError with every fault."""
        if not ALIAS.match(shop):
            what = "the file is named after its shop: expected a-z, 0-9, _ and -, at most 32 characters"
            raise ConfigError([Fault(Source(shop), what)])
        path = self._path(shop) or self._place(shop)
        papers = Papers(instead={path: text.encode()})
        config = load(path, env=self._env, under=Layer(shop, papers, self._agency.template))
        with self._lock:
            place = store_place(config.store_url)
            others = [name for name, (one, _) in self._known.items() if store_place(one.store_url) == place]
        if any(name != shop for name in others):
            raise ConfigError([Fault(Source(str(path)), f"store: is that of {others[0]} already")])
        return config

    def put(self, shop: str, text: str, *, instead_of: str | None = None) -> bool:
        """Writes a shop's file; whether it is a new one. Raises ConfigError, UnsafePlan, with nothing written."""
        with self._lock:
            self.checked(shop, text)
            path = self._path(shop)
            if instead_of is not None and (path is None or tag_of(path.read_text("utf-8")) != instead_of):
                raise UnsafePlan([f"the file of {shop} is another one by now: read it again"])
            target = path or self._place(shop)
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(target, text)
            self._known.pop(shop, None)
        return path is None

    def remove(self, shop: str) -> bool:
        """Puts a shop's file aside; whether there was one."""
        with self._lock:
            path = self._path(shop)
            if path is None:
                return False
            path.replace(path.with_name(path.name + ASIDE))
            self._known.pop(shop, None)
        return True

    def _one(self, name: str, path: Path, papers: Papers) -> Shop:
        """A shop as its files are now; read again only where one of them has changed."""
        with self._lock:
            known, broken = self._known.get(name), self._broken.get(name)
            if known is not None and not known[1].changed():
                return Shop(name, path, known[0])
            if broken is not None and broken[1] == _stamp(broken[0], self._agency):
                return broken[0]
            shop = read_shop(self._agency, name, path, self._env, papers)
            self._known.pop(name, None)
            self._broken.pop(name, None)
            if shop.config is None:
                self._broken[name] = (shop, _stamp(shop, self._agency))
            else:
                self._known[name] = (shop.config, Watch(shop.config))
            return shop

    def _path(self, shop: str) -> Path | None:
        for pattern in self._agency.shops if ALIAS.match(shop) else ():
            path = self._agency.folder / pattern.replace("*", shop)
            if path.stem == shop and path.is_file():
                return path
        return None

    def _place(self, shop: str) -> Path:
        """Where the file of a new shop goes: the first pattern that has room for it."""
        for pattern in self._agency.shops:
            if pattern.count("*") == 1:
                path = self._agency.folder / pattern.replace("*", shop)
                if path.stem == shop:
                    return path
        raise ConfigError(
            [Fault(Source(str(self._agency.path)), "shops: no pattern such as shops/*.yaml takes a new one")]
        )


def _stamp(shop: Shop, agency: Agency) -> _Stamp:
    """Of the files that a broken shop may be mended in."""
    paths = {shop.path, *(Path(one.source.file) for one in shop.faults if one.source is not None and one.source.file)}
    found = []
    for path in sorted(paths | ({agency.template} if agency.template is not None else set())):
        try:
            status = path.stat()
        except OSError:
            found.append((str(path), 0, 0))
        else:
            found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and on disk when it returns."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
