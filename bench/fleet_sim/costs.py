"""What a fleet's jobs take, as measured (`python -m bench.fleet_sim measure` writes it, all else reads it)."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

__all__ = ["Both", "Costs", "Shape"]


@dataclass(frozen=True, slots=True)
class Both:
    """Seconds of a core, of the worker and of the server."""

    worker: float
    server: float


@dataclass(frozen=True, slots=True)
class Shape:
    """How jobs of a kind differ: quantiles of what they take over their mean."""

    quantiles: tuple[float, ...] = (1.0,)

    def draw(self, chance: random.Random) -> float:
        """One of them, between two neighbours."""
        at = chance.random() * (len(self.quantiles) - 1)
        low = math.floor(at)
        high = min(low + 1, len(self.quantiles) - 1)
        return self.quantiles[low] + (at - low) * (self.quantiles[high] - self.quantiles[low])


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one shop with one account of about a dozen budgets. The defaults are those of docs/scale.md."""

    poll: Both = Both(0.08, 0.03)
    poll_again: Both = Both(0.06, 0.02)
    """The same soon afterwards: there is nothing new."""
    decide: Both = Both(0.12, 0.05)
    """A shop among many."""
    alone: float = 0.15
    """More of the worker where a shop is decided by itself: starts of the engine that it shares with nobody."""
    write: Both = Both(0.008, 0.006)
    """A budget: read, set, read back."""
    again: Both = Both(0.002, 0.002)
    """A job that finds no place and hands itself back."""
    tick: Both = Both(0.01, 0.005)
    tick_shop: Both = Both(6e-6, 4e-6)
    """Of a tick, for each shop that there is."""
    tick_row: Both = Both(1e-4, 1e-4)
    """Of a tick, for each row that becomes a job."""
    tick_slow: Both = Both(1e-3, 1e-3)
    """The same, where one of its jobs waits already and each is offered by itself."""
    idle: Both = Both(0.02, 0.01)
    """A worker, each second."""
    falls: float = 5.0
    rises: float = 6.0
    """Budgets that move in a day."""
    polls: Shape = field(default_factory=Shape)
    decisions: Shape = field(default_factory=Shape)

    def write_to(self, path: Path) -> None:
        """As JSON."""
        path.write_bytes(TypeAdapter(Costs).dump_json(self, indent=1) + b"\n")

    @classmethod
    def read(cls, path: Path) -> Costs:
        """As `write_to` wrote it."""
        return TypeAdapter(cls).validate_json(path.read_bytes())
