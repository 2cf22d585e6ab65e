"""Many shops as files: each of `shops/*.yaml` over one template, read and checked on its own.

A shop with faults is told with file:line:column and keeps no other from being read. The name of a shop is that of its
file. The rules of the template are the agency's and come first; a shop's rule of the same name stands in place of the
agency's, and every limit names the file and line where its rule was written.

Used by `bidder shops`, `bidder worker` and the page of all shops.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bidder.config.agency import Agency
from bidder.config.layers import Layer, Papers
from bidder.config.load import Config, load
from bidder.errors import ConfigError, Fault, Source
from bidder.ids import ALIAS

__all__ = ["Shop", "load_shop", "read_shop", "read_shops", "shared_store", "shop_files", "shop_paths", "store_place"]


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop of many: its configuration, or what is wrong with it."""

    name: str
    path: Path
    config: Config | None
    """None: it cannot be used as it is."""
    faults: tuple[Fault, ...] = ()
    """Sorted by place; empty where there is a configuration."""


def shop_files(agency: Agency) -> dict[str, Path]:
    """The file of each shop by the shop's name, in the order of names; files that can be no shop's are left out."""
    return {path.stem: path for path, fault in shop_paths(agency) if fault is None}


def read_shops(agency: Agency, env: Mapping[str, str] | None = None) -> Iterator[Shop]:
    """Every shop, in the order of names; a file that can be no shop's is one with a fault."""
    env = os.environ if env is None else env
    papers, stores = Papers(), dict[str, str]()
    for path, fault in shop_paths(agency):
        if fault is not None:
            yield Shop(path.name, path, None, (fault,))
            continue
        name = path.stem
        shop = read_shop(agency, name, path, env, papers)
        if shop.config is not None:
            other = stores.setdefault(store_place(shop.config.store_url), name)
            if other != name:
                shop = shared_store(shop, other)
        yield shop


def load_shop(agency: Agency, name: str, env: Mapping[str, str] | None = None) -> Config:
    """The configuration of one shop, read now. Raises ConfigError with every fault, also for a shop there is not."""
    for pattern in agency.shops if ALIAS.match(name) else ():
        path = agency.folder / pattern.replace("*", name)
        if path.stem == name and path.is_file():
            return _load(agency, name, path, os.environ if env is None else env, Papers())
    raise ConfigError([Fault(Source(str(agency.path)), f"{name}: no such shop")])


def store_place(url: str) -> str:
    """The same for two addresses of one store: a file by its path without `..`."""
    prefix = "sqlite:///"
    return prefix + os.path.abspath(url.removeprefix(prefix)) if url.startswith(prefix) else url


def shared_store(shop: Shop, other: str) -> Shop:
    """The shop as one that cannot be used: another one has its store."""
    what = f"store: is that of {other} already; write $shop into the template's, such as stores/$shop.db"
    return Shop(shop.name, shop.path, None, (Fault(Source(str(shop.path)), what),))


def shop_paths(agency: Agency) -> list[tuple[Path, Fault | None]]:
    """Each file by name, with what keeps it from being a shop's."""
    found: dict[str, Path] = {}
    told: list[tuple[Path, Fault | None]] = []
    paths = {one for pattern in agency.shops for one in agency.folder.glob(pattern) if one.is_file()}
    for path in sorted(paths, key=lambda one: (one.stem, str(one))):
        fault = None
        if not ALIAS.match(path.stem):
            what = "the file is named after its shop: expected a-z, 0-9, _ and -, at most 32 characters"
            fault = Fault(Source(str(path)), what)
        elif found.setdefault(path.stem, path) != path:
            fault = Fault(Source(str(path)), f"{path.stem}: {found[path.stem]} is a shop of that name already")
        told.append((path, fault))
    return told


def read_shop(agency: Agency, name: str, path: Path, env: Mapping[str, str], papers: Papers) -> Shop:
    """One shop; `papers` are shared by those that are read together."""
    try:
        return Shop(name, path, _load(agency, name, path, env, papers))
    except ConfigError as e:
        return Shop(name, path, None, e.faults)


def _load(agency: Agency, name: str, path: Path, env: Mapping[str, str], papers: Papers) -> Config:
    return load(path, env=env, under=Layer(name, papers, agency.template))
