"""Every error that bidder raises on purpose, and the place in a file that an error points at.

::

    BidderError
    ├── ConfigError      what a person wrote cannot be used; carries every Fault with its Source
    ├── ImportRefused    a file a person imports cannot be used; carries its Faults (a ConfigError for data)
    ├── ConnectorError   a platform cannot be read; carries account, operation, whether waiting helps
    ├── StoreError       the saved state cannot be read or written
    │   └── NoStoreYet   there is none where a reader looks
    ├── LeaseTaken       another bidder writes for this shop; carries who and until when
    ├── StaleData        something needed is older than its limit; carries source and age
    ├── SolveError       no allocation keeps all limits; carries the limits that clash
    └── UnsafePlan       a brake held the plan; carries what held it

Source lives here rather than in :mod:`bidder.limits`, since a Fault of the lowest floor carries it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = [
    "BidderError",
    "ConfigError",
    "ConnectorError",
    "Fault",
    "ImportRefused",
    "LeaseTaken",
    "NoStoreYet",
    "SolveError",
    "Source",
    "StaleData",
    "StoreError",
    "UnsafePlan",
]


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """Where something was written: `rules/base.yaml:14:5`. Line and column count from 1; 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file, *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in what a person wrote: what, where, what to do."""

    source: Source | None
    message: str

    def __str__(self) -> str:
        return self.message if self.source is None else f"{self.source}  {self.message}"


class BidderError(Exception):
    """The root: whoever catches it catches all that bidder raises on purpose."""


class ConfigError(BidderError):
    """What a person wrote cannot be used. Carries every fault, sorted by place."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.source or Source(""), fault.message)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ImportRefused(ConfigError):
    """A file that a person imports cannot be used as it is; nothing of it was stored."""


class ConnectorError(BidderError):
    """A platform could not be read.

    `error` is its class, a label of the metrics: timeout, connect, auth, throttled, http_4xx, http_5xx, decode, schema
    or other. `wait` is how many seconds the platform asks nobody to come, where it says so.
    """

    def __init__(
        self,
        account: str,
        operation: str,
        reason: str,
        *,
        waiting_helps: bool = False,
        error: str = "other",
        wait: float | None = None,
    ) -> None:
        self.account = account
        self.operation = operation
        self.reason = reason
        self.waiting_helps = waiting_helps
        self.error = error
        self.wait = wait
        super().__init__(f"{account}: {operation}: {reason}")


class StoreError(BidderError):
    """The saved state cannot be read or written; nothing may be written to a platform meanwhile."""


class NoStoreYet(StoreError):
    """Nothing was saved there yet, and who only reads makes nothing."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where}: there is no store yet; `bidder import FILE` or `bidder run` makes one")


class LeaseTaken(BidderError):
    """Another bidder holds what only one may hold. `lost`: this one held it before."""

    def __init__(self, name: str, holder: str, until: datetime, *, lost: bool = False) -> None:
        self.name = name
        self.holder = holder
        self.until = until
        self.lost = lost
        doing = {"daemon": "runs this shop", "pushed": "listens for this shop"}
        what = doing.get(name, "is writing budgets")
        then = "this one was away for too long and writes nothing more" if lost else "stop it first"
        if not lost and name != "daemon":
            then = "try again when it is done"
        super().__init__(f"another bidder ({holder}) {what}; {then}")


class StaleData(BidderError):
    """Something needed is older than its limit."""

    def __init__(self, source: str, age: timedelta, limit: timedelta) -> None:
        self.source = source
        self.age = age
        self.limit = limit
        super().__init__(f"{source}: last figures are {age} old, at most {limit} allowed")


class SolveError(BidderError):
    """No allocation keeps all limits, or the solver failed and the fallback did too."""

    def __init__(self, reason: str, clashing: Iterable[str] = ()) -> None:
        self.reason = reason
        self.clashing = tuple(clashing)
        super().__init__(": ".join([reason, *([", ".join(self.clashing)] if self.clashing else [])]))


class UnsafePlan(BidderError):
    """A brake held the plan and it was to be applied."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))
