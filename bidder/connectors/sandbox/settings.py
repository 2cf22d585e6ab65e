"""What may be written under an account with `platform: sandbox`."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bidder.connectors.sandbox.shop import CURRENCY

__all__ = ["Fault", "SandboxSettings"]


class Fault(StrEnum):
    """What can go wrong with a request, by the name it has in YAML. The first group hits writes, the second reads."""

    LOST_REPLY = "lost_reply"
    """The budget is set, the reply never arrives."""
    LOST_REQUEST = "lost_request"
    """Nothing arrives, nothing is set, nothing is answered."""
    ERROR_APPLIED = "error_applied"
    """500 after the budget was set."""
    ERROR_UNAPPLIED = "error_unapplied"
    """500 before anything was set."""
    SILENT_NOOP = "silent_noop"
    """200, and the old value stays."""
    RAISED = "raised"
    """200, and the platform sets a tenth more than was asked."""
    UNREADABLE_REPLY = "unreadable_reply"
    """Set, and answered with something that is no reply."""
    WRITE_THROTTLED = "write_throttled"
    """429 before anything was set."""

    READ_ERROR = "read_error"
    """503."""
    READ_THROTTLED = "read_throttled"
    """429."""
    READ_CUT = "read_cut"
    """The connection ends before the reply."""
    READ_UNREADABLE = "read_unreadable"
    """200 with something that is no reply."""
    READ_RESHAPED = "read_reshaped"
    """200 with a field that has another name or kind than yesterday."""
    MISSING_ROWS = "missing_rows"
    """A report that holds fewer rows than it says there are."""
    READ_EMPTY = "read_empty"
    """A report that succeeds and holds nothing."""

    @property
    def hits_writes(self) -> bool:
        """Whether it happens to writes (else to reads)."""
        return self in _WRITES


_WRITES = frozenset(list(Fault)[:8])

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class SandboxSettings(BaseModel):
    """The keys of a simulated shop."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """Which shop: the same seed and the same budgets give the same figures."""
    path: Path | None = None
    """The file that holds the shop between processes; without it the shop lives in the memory of this process."""
    start: date | None = None
    """The first day after the 28 days of history that a new shop begins with; without it, today."""
    money: str = Field(default=CURRENCY, pattern="^[A-Z]{3}$")
    """The currency that the invented platform counts in, one with two decimals; the figures are the same in any."""
    speed: float = Field(default=1.0, ge=0, le=1e6, allow_inf_nan=False)
    """Simulated seconds a second: 1 follows the clock on the wall, 0 stands still until somebody advances it."""
    faults: dict[Fault, Probability] = Field(default_factory=dict)
    """How often a request goes wrong in which way, to see what bidder does about it."""
