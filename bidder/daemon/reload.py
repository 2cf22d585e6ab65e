"""When the configuration is read again, and whether what is read may take effect at once.

A changed file is noticed at the loop's next turn; SIGHUP and `POST /-/reload` only ask for that turn to look. A new
configuration is built whole and swapped once, between decisions; with any fault the old one stays. One that would move
the total of budgets by more than 30 % waits until a person says `bidder confirm` (FAILURES 36).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from bidder import cycle
from bidder.config.load import Config
from bidder.daemon.due import DECIDED_DAY
from bidder.decide import Decision
from bidder.errors import BidderError, ConfigError
from bidder.store.protocol import Store, StoreReader

__all__ = [
    "CONFIRMED",
    "IN_FORCE",
    "LARGEST_MOVE",
    "WAITING",
    "Watch",
    "confirmed",
    "confirmed_in_force",
    "may_take_effect",
    "moves_much",
    "wait",
    "waits_for_somebody",
]

LARGEST_MOVE = 0.30
"""A new configuration may move the total of budgets by no more than this part without being confirmed."""

WAITING, CONFIRMED, IN_FORCE = "config_waiting", "config_confirmed", "config_in_force"
"""Keys of the store: what waits, the digest that a person confirmed, the digest that decisions were made with."""

_Stamp = Mapping[Path, tuple[int, int]]


class Watch:
    """The files of a configuration: whether any of them has changed since it was last looked at."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._also: tuple[Path, ...] = ()
        self._seen = self._stamp()

    def changed(self) -> bool:
        """Whether a file has changed, come or gone since `changed` last said so."""
        now = self._stamp()
        if now == self._seen:
            return False
        self._seen = now
        return True

    def follow(self, config: Config) -> None:
        """Another configuration is in force now."""
        self._config, self._also = config, ()
        seen = self._stamp()
        # a file that changed while it was being read is seen as changed again
        self._seen = {path: self._seen.get(path, stamp) for path, stamp in seen.items()}

    def refused(self, error: BidderError) -> None:
        """Files with faults are watched as well: the one that is mended may not be of the configuration in force."""
        if isinstance(error, ConfigError):
            self._also = tuple({Path(fault.source.file) for fault in error.faults if fault.source is not None})
            self._seen = {**self._stamp(), **self._seen}

    def _stamp(self) -> _Stamp:
        paths: set[Path] = {*self._config.files, *self._also}
        for base, pattern in self._config.patterns:
            paths.update(base.glob(pattern))
        return dict(_stamps(paths))


def _stamps(paths: Iterable[Path]) -> Iterable[tuple[Path, tuple[int, int]]]:
    for path in sorted(paths):
        try:
            found = path.stat()
        except OSError:
            continue
        yield path, (found.st_mtime_ns, found.st_size)


def confirmed(store: StoreReader, config: Config) -> bool:
    """Whether a person has said that this very configuration may take effect."""
    return bool(store.value(CONFIRMED) == config.digest)


def may_take_effect(fresh: Config, running: Config, store: StoreReader, now: datetime) -> tuple[float, float] | None:
    """None when it may; else the day's total under the running configuration and under the fresh one.

    Where one of the two makes no plan there is nothing to compare, and nothing would be written either.
    """
    if confirmed(store, fresh):
        return None
    try:
        before, after = (_planned(cycle.decide_now(one, store, now)) for one in (running, fresh))
    except BidderError:
        return None
    return (before, after) if _far(before, after) else None


def moves_much(decision: Decision) -> tuple[float, float] | None:
    """The total in force (as an event makes it) and the planned one, where these are far apart; else None."""
    reference = decision.limits.reference
    now = decision.snapshot.now if reference is None else reference
    before, after = float(np.nan_to_num(now).sum()), _planned(decision)
    return (before, after) if before > 0 and _far(before, after) else None


def wait(store: Store, fresh: Config, totals: tuple[float, float], now: datetime) -> str:
    """Remembers that a configuration waits for a person; returns what to say."""
    before, after = totals
    said = f"the day's total would go from {before:.2f} to {after:.2f}: bidder confirm lets it take effect"
    kept: Any = store.value(WAITING)
    if not isinstance(kept, Mapping) or kept.get("digest") != fresh.digest:
        store.set_value(WAITING, {"digest": fresh.digest, "before": round(before, 2), "after": round(after, 2)})
        store.append("note", now, what="configuration waits for confirmation", policy=fresh.digest, reason=said)
    return said


def waits_for_somebody(store: Store, config: Config, decision: Decision, now: datetime) -> str | None:
    """Why a person has to be asked: the configuration is another than before, and moves the total far."""
    before = store.value(IN_FORCE)
    if before == config.digest:
        return None
    totals = None if before is None or confirmed(store, config) else moves_much(decision)
    if totals is not None:
        return wait(store, config, totals, now)
    store.set_value(IN_FORCE, config.digest)
    return None


def confirmed_in_force(store: Store, config: Config, now: datetime) -> bool:
    """Whether a person has just let the configuration take effect that waited: today is decided anew."""
    if store.value(WAITING) is None or not confirmed(store, config):
        return False
    store.set_value(WAITING, None)
    store.set_value(IN_FORCE, config.digest)
    store.set_value(DECIDED_DAY, None)
    store.append("note", now, what="configuration confirmed", policy=config.digest)
    return True


def _planned(decision: Decision) -> float:
    rates = {budget.id: decision.snapshot.rate(budget.currency) for budget in decision.snapshot.budgets}
    return float(sum(change.after.to_float() * rates[change.budget] for change in decision.plan.changes))


def _far(before: float, after: float) -> bool:
    return abs(after - before) > LARGEST_MOVE * before
