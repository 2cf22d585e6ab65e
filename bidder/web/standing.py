"""What became of each line of a plan, and what a person may still say to it: values for the approval list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bidder.store.protocol import StoredPlan, StoreReader, rejected_key
from bidder.web.view import Status

__all__ = ["Standing", "standing_of"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan as it stands now. `lines`: budget → waits, applied, refused, unresolved, rejected, or "" for unmoved."""

    plan: str
    status: str
    lines: Mapping[str, str]
    waits: Sequence[str]
    """Budgets whose change a person may approve or refuse now."""
    written: int
    rejected: int
    outdated: bool = False
    """Made with another configuration than the one in force: it cannot be approved any more."""

    @property
    def asks(self) -> bool:
        """Whether a person is asked for anything."""
        return bool(self.waits)


def standing_of(
    stored: StoredPlan | None, store: StoreReader, now: Status, policy: str | None = None
) -> Standing | None:
    """How the plan stands, by the store's writes and what people said. Raises StoreError.

    `policy` is the digest of the configuration in force; None where it is not known.
    """
    if stored is None:
        return None
    document = stored.document
    modes = {one["account"]: one["mode"] for one in now["accounts"]}
    refused = set(store.value(rejected_key(stored.id)) or ())
    written = {str(one.budget): one.status for one in store.writes(stored.decided_at) if one.plan == stored.id}
    held = {hold["budget"] for hold in document["holds"]}
    # a plan that people took part in stays open for its other lines as long as it is the day's
    outdated = bool(policy and document.get("policy")) and document["policy"] != policy
    open_ = not outdated and stored.status in ("proposed", "applied") and None not in held and stored.day == now["day"]
    lines: dict[str, str] = {}
    waits: list[tuple[Decimal, str]] = []
    for line in document["budgets"]:
        budget = line["id"]
        if not _moves(line):
            lines[budget] = ""
        elif budget in written:
            lines[budget] = "unresolved" if written[budget] == "open" else written[budget]
        elif stored.status == "rejected" or budget in refused:
            lines[budget] = "rejected"
        elif budget in held or None in held:
            lines[budget] = "held"
        elif open_ and modes.get(budget.partition("/")[0]) in ("propose", "apply"):
            lines[budget] = "waits"
            shown = line.get("shop") or line  # in the plan's currency
            waits.append((abs(Decimal(shown["planned"]) - Decimal(shown["now"] or 0)), budget))
        else:
            lines[budget] = "shown"
    waits.sort(key=lambda one: (-one[0], one[1]))
    if not any(modes.get(budget.partition("/")[0]) == "propose" for _, budget in waits):
        waits = []  # what applies by itself needs nobody's yes
        lines = {budget: "" if word == "waits" else word for budget, word in lines.items()}
    return Standing(
        plan=stored.id,
        status=stored.status,
        lines=lines,
        waits=[budget for _, budget in waits],
        written=sum(word == "applied" for word in lines.values()),
        rejected=sum(word == "rejected" for word in lines.values()),
        outdated=outdated and stored.day == now["day"] and stored.status in ("proposed", "applied"),
    )


def _moves(line: Mapping[str, Any]) -> bool:
    return line["now"] is None or Decimal(line["now"]) != Decimal(line["planned"])
