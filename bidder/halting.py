"""The file that halts: `halt` beside bidder.yaml or beside the store, made by whoever can reach the folder."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bidder.plan import State
from bidder.store.protocol import Store

__all__ = ["NAME", "halt_file", "halt_files", "obey"]

NAME = "halt"


class _Places(Protocol):
    @property
    def path(self) -> Path | None: ...

    @property
    def store_url(self) -> str: ...


def halt_files(config: _Places) -> tuple[Path, ...]:
    """Where such a file is looked for."""
    folders = [config.path.parent] if config.path is not None else []
    if config.store_url.startswith("sqlite:///"):
        folders.append(Path(config.store_url.removeprefix("sqlite:///")).parent)
    return tuple(dict.fromkeys(folder / NAME for folder in folders))


def halt_file(places: Iterable[Path]) -> Path | None:
    """The file, where there is one."""
    return next((one for one in places if one.exists()), None)


def obey(config: _Places, store: Store, now: datetime) -> None:
    """For commands that write beside the daemon, or without one: where the file is, the state becomes HALTED."""
    found = halt_file(halt_files(config))
    if found is not None and store.state() is not State.HALTED:
        store.set_state(State.HALTED, now, f"the file {found}")
