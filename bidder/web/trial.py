"""What-if (试算): the same decision with a change, beside it without; and the list to type in by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from time import perf_counter
from typing import Any

from bidder.errors import BidderError
from bidder.explain.document import WhatIf
from bidder.explain.what_if import DEFAULT_STEP
from bidder.intake.by_hand import TodoLine, open_typed
from bidder.intake.by_hand import todo as todo_of
from bidder.web import pages
from bidder.web.visit import Visit

__all__ = ["asked_of", "todo", "what_if"]

LONGEST = 80


@dataclass(frozen=True, slots=True)
class TypeIn:
    """A line to type in; `done` when it was said to be typed today."""

    number: int
    budget: str
    name: str
    before: str
    after: str
    plain: str
    """The amount without marks, for the field."""
    difference: str
    direction: str
    reason: str
    done: bool
    manual: bool


def asked_of(query: Any) -> list[str]:
    """The words of `bidder plan --what-if` that a form's fields say."""
    total, off, pin, amount = (str(query.get(name, "")).strip()[:LONGEST] for name in ("total", "off", "pin", "amount"))
    asked = [] if not total else [f"total={total}"]
    asked += [] if not off else [f"rule {off}=off"]
    return asked + ([] if not pin else [f"pin {pin}={amount}"])


def what_if(v: Visit) -> dict[str, Any]:
    """The form, and the answer where something was asked."""
    asked = asked_of(v.query)
    answer: WhatIf | None = None
    fault, begun = "", perf_counter()
    if asked and v.clerk is not None:
        try:
            answer = v.clerk.what_if(asked)
        except BidderError as e:
            fault = str(e)
    config = None if v.clerk is None else v.clerk.config()
    return {
        "asked": asked,
        "answer": answer,
        "fault": fault.replace("--what-if  ", ""),
        "seconds": perf_counter() - begun,
        "rules": [] if config is None else [*(one.name for one in config.policy.rules if one.enabled), DEFAULT_STEP],
        "budgets": []
        if v.document is None
        else [(one["id"], one["name"] or one["id"]) for one in v.document["budgets"]],
        "names": {} if v.document is None else {one["id"]: one["name"] or one["id"] for one in v.document["budgets"]},
        "left": "" if v.document is None or float(v.document["unallocated"]) < 1 else v.document["unallocated"],
        "query": {name: v.query.get(name, "") for name in ("total", "off", "pin", "amount")},
    }


def todo(v: Visit) -> dict[str, Any]:
    """Today's changes of manual accounts as a short list to type, and all changes as text to copy."""
    manual = [] if v.clerk is None else list(v.clerk.manual())
    offered: Sequence[TodoLine] = ()
    left = 0
    if v.document is not None and manual:
        offered, left = todo_of(v.document, manual)
    typed = open_typed(v.store)
    day = v.now["day"]
    today = {one["budget"] for one in typed if one["day"] == day}
    reasons = {} if v.document is None else {one.id: one.reason for one in pages.lines(v.w, v.document, {})}
    lines = [_line(v, one, str(one.budget) in today, reasons) for one in offered]
    proven: dict[str, dict[str, Any]] = {}
    for entry in v.store.journal(limit=100, kind="typed"):
        if "verdict" in entry.facts:
            proven.setdefault(str(entry.facts["budget"]), dict(entry.facts))
    return {
        "lines": lines,
        "left": left,
        "manual": manual,
        "stale": v.document is not None and v.document.get("day", day) != day,
        "typed": typed,
        "proven": list(proven.values()),
        "names": {} if v.document is None else {one["id"]: one["name"] or one["id"] for one in v.document["budgets"]},
        "copy": _copy(v),
    }


def _line(v: Visit, one: TodoLine, done: bool, reasons: dict[str, str]) -> TypeIn:
    return TypeIn(
        number=one.number,
        budget=str(one.budget),
        name=one.name or str(one.budget),
        before=v.w.number(str(one.before)),
        after=v.w.number(str(one.after)),
        plain=f"{Decimal(str(one.after)).normalize():f}",
        difference=v.w.number(str(one.difference), sign=True),
        direction="up" if one.difference.micros > 0 else "down",
        reason=reasons.get(str(one.budget), one.reason),
        done=done,
        manual=True,
    )


def _copy(v: Visit) -> str:
    """All of today's changes as lines of text, the cuts first: typed in this order the cap is kept on the way."""
    if v.document is None:
        return ""
    moved = [one for one in pages.lines(v.w, v.document, {}) if one.direction != "still"]
    moved.sort(key=lambda one: one.direction == "up")
    return "\n".join(f"{one.name}\t{one.now} → {one.planned}\t({one.difference})" for one in moved)
