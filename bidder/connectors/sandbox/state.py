"""What the sandbox platform remembers: its clock and every change of a budget. In memory or in one JSON file.

Figures are not kept: they follow from the seed and the changes. The file is replaced whole (written beside it, synced,
renamed) under a lock, so that a process killed at any moment leaves the old state or the new, and two writers in two
processes come one after the other.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from bidder.catalog import BudgetStatus
from bidder.errors import BidderError

__all__ = ["BrokenState", "Edit", "FileKeeper", "Keeper", "MemoryKeeper", "State"]

_VERSION = 1


class BrokenState(BidderError):
    """The state file cannot be used; the message says why and what to do."""


class Edit(NamedTuple):
    """From an instant on: a daily budget in fen, or a status (the other is None)."""

    at: datetime
    campaign: str
    amount: int | None = None
    status: BudgetStatus | None = None


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """One simulated platform: which shop, where its clock was when on the wall it was `wall`, and all changes."""

    seed: int
    start: date
    zone: str
    at: datetime
    wall: datetime
    edits: tuple[Edit, ...] = ()

    def now(self, wall: datetime, speed: float) -> datetime:
        """The simulated instant; it never runs backwards, whatever the wall clock does."""
        return self.at + max((wall - self.wall) * speed, timedelta(0))

    def moved(self, at: datetime, wall: datetime) -> State:
        """With the clock set to `at`."""
        return replace(self, at=at, wall=wall)

    def edited(self, edit: Edit) -> State:
        """With one change more."""
        return replace(self, edits=(*self.edits, edit))

    def to_json(self) -> str:
        """As the file holds it."""
        edits = [[e.at.isoformat(), e.campaign, e.amount, e.status and e.status.value] for e in self.edits]
        document = {
            "version": _VERSION,
            "seed": self.seed,
            "start": self.start.isoformat(),
            "zone": self.zone,
            "at": self.at.isoformat(),
            "wall": self.wall.isoformat(),
            "edits": edits,
        }
        return json.dumps(document)

    @classmethod
    def from_json(cls, text: str) -> State:
        """From the file. Raises ValueError, KeyError or TypeError for anything else."""
        document: dict[str, Any] = json.loads(text)
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']}, this bidder knows {_VERSION}")
        edits = tuple(
            Edit(datetime.fromisoformat(at), str(campaign), amount, None if status is None else BudgetStatus(status))
            for at, campaign, amount, status in document["edits"]
        )
        at, wall = datetime.fromisoformat(document["at"]), datetime.fromisoformat(document["wall"])
        if at.tzinfo is None or wall.tzinfo is None:
            raise ValueError("an instant without a time zone")
        start = date.fromisoformat(document["start"])
        return cls(int(document["seed"]), start, str(document["zone"]), at, wall, edits)


class Keeper(Protocol):
    """Holds one State."""

    def read(self) -> State:
        """The newest State."""
        ...

    def change(self, how: Callable[[State], State]) -> State:
        """Puts `how(newest)` in its place; nobody else changes it meanwhile."""
        ...


class MemoryKeeper:
    """A State in the memory of this process."""

    def __init__(self, new: Callable[[], State]) -> None:
        self._state = new()

    def read(self) -> State:
        """The State."""
        return self._state

    def change(self, how: Callable[[State], State]) -> State:
        """Puts the changed State in place."""
        self._state = how(self._state)
        return self._state


class FileKeeper:
    """A State in a file, made by `new` when there is none. Raises BrokenState for a file that is something else."""

    def __init__(self, path: Path, new: Callable[[], State]) -> None:
        self._path = path
        self._new = new
        self._seen: tuple[tuple[int, int, int], State] | None = None

    def read(self) -> State:
        """The State on disk (read again only when the file is another)."""
        state = self._load()
        if state is None:
            with self._locked():
                state = self._load() or self._save(self._new())
        return state

    def change(self, how: Callable[[State], State]) -> State:
        """Replaces the file under the lock."""
        with self._locked():
            return self._save(how(self._load() or self._new()))

    def _load(self) -> State | None:
        try:
            with self._path.open(encoding="utf-8") as file:
                status = os.fstat(file.fileno())
                stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
                if self._seen is not None and self._seen[0] == stamp:
                    return self._seen[1]
                state = State.from_json(file.read())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise BrokenState(f"{self._path}: not the state of a sandbox ({e}); move it away to start anew") from e
        self._seen = (stamp, state)
        return state

    def _save(self, state: State) -> State:
        beside = self._path.with_name(self._path.name + ".new")
        try:
            with beside.open("w", encoding="utf-8") as file:
                file.write(state.to_json())
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as e:
            raise BrokenState(f"{self._path}: cannot be written ({e.strerror}); give it a folder with room") from e
        return state

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._path.with_name(self._path.name + ".lock")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as e:
            raise BrokenState(f"{lock}: cannot be opened ({e.strerror}); give it a folder with room") from e
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
