"""Rule: what a person wrote about some budgets on some days; Kind: what every word of the rule language offers.

A kind is one file in this package: a frozen pydantic model whose `limits` turns the choice into Bounds and Limits.
`evaluate` adds name, priority and Source; a kind never handles them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from bidder.errors import Source
from bidder.limits import Bounds, Limit
from bidder.response.curve import Curves
from bidder.rules.conditions import Condition
from bidder.snapshot import Snapshot

__all__ = ["Kind", "Rule"]


class Kind(BaseModel):
    """One word of the rule language with its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, populate_by_name=True)

    word: ClassVar[str]
    priority: ClassVar[int]
    priority_of_all: ClassVar[int | None] = None
    """Its priority when a rule without `where` means every budget, where that is another one."""

    def unfit(self, *, where: bool, when: bool) -> str | None:  # noqa: ARG002 - for the kinds that care
        """Why a rule of this kind cannot stand as written, with or without `where` and `when`; None when it can."""
        return None

    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds | Limit]:
        """The bounds that this word sets for the chosen budgets (a mask in Snapshot order)."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule: its kind, which budgets (`where`), which days (`when`), and where it was written."""

    name: str
    kind: Kind
    source: Source
    where: Condition | None = None
    when: Condition | None = None
    priority: int | None = None
    note: str = ""
    enabled: bool = True
