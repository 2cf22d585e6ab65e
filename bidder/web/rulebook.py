"""The rules page: each rule as written, what it costs a day, what it means today, and what is wrong with the files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bidder.config.load import Config
from bidder.errors import Fault, Source
from bidder.rules.attributes import Attributes
from bidder.rules.base import Rule
from bidder.rules.evaluate import chosen_by
from bidder.web.visit import Visit

__all__ = ["FaultLine", "RuleLine", "excerpt", "rules", "shown_source"]

AROUND = 1
"""Lines shown before and after a fault."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule. `cost` is written money a day, "" where it is not worked out; `standing`: binds, free, off, idle."""

    name: str
    note: str
    text: str
    source: str
    word: str
    standing: str
    cost: str
    cost_value: float
    gave_way: bool
    means: int
    """How many budgets it means today."""


@dataclass(frozen=True, slots=True)
class FaultLine:
    """What is wrong, where, and the lines around it; `marked` is the place of the wrong one among them."""

    place: str
    message: str
    lines: Sequence[tuple[int, str]]
    line: int
    column: int


def rules(v: Visit) -> dict[str, Any]:
    """All rules in force, dearest first; faults of the files as they are now; a configuration that waits."""
    if v.clerk is None:
        return {"rules": [], "faults": [], "waiting": None, "warnings": [], "digest": "", "built_in": []}
    config, decision = v.clerk.config(), v.clerk.decision()
    base = Path() if config.path is None else config.path.parent
    priced = _priced(v.document)
    attributes = None if decision is None else Attributes(decision.snapshot)
    lines = [_line(v, rule, config, base, priced, attributes) for rule in config.policy.rules]
    lines.sort(key=lambda one: (-one.cost_value, one.standing != "binds", one.source))
    return {
        "rules": lines,
        "built_in": _built_in(v),
        "faults": [_fault(one, base) for one in v.clerk.faults()],
        "warnings": [_fault(one, base) for one in config.warnings],
        "waiting": v.clerk.waiting(),
        "digest": config.digest,
        "files": [shown_source(str(one), base) for one in config.files],
    }


def _line(
    v: Visit,
    rule: Rule,
    config: Config,
    base: Path,
    priced: Mapping[str, Mapping[str, Any]],
    attributes: Attributes | None,
) -> RuleLine:
    price = priced.get(rule.name, {})
    cost = price.get("cost")
    means = 0 if attributes is None else int(chosen_by(rule, attributes).sum())
    standing = "off" if not rule.enabled else "binds" if price.get("binding") else "free" if means else "idle"
    return RuleLine(
        name=rule.name,
        note=rule.note,
        text=excerpt(rule, config),
        source=shown_source(str(rule.source), base),
        word=rule.kind.word,
        standing=standing,
        cost="" if cost is None else v.w.number(cost),
        cost_value=float(cost or 0.0),
        gave_way=bool(price.get("relaxed")),
        means=means,
    )


def _priced(document: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """By rule: whether any of its lines binds or gave way, and what it costs as a whole."""
    found: dict[str, dict[str, Any]] = {}
    for line in () if document is None else document["limits"]:
        one = found.setdefault(line["rule"], {"binding": False, "relaxed": False, "cost": None})
        one["binding"] |= line["binding"]
        one["relaxed"] |= line["relaxed"] > 0
        if line["cost_per_day"] is not None:
            one["cost"] = max(one["cost"] or Decimal(0), Decimal(line["cost_per_day"]))
    return found


def _built_in(v: Visit) -> list[dict[str, Any]]:
    """What binds without being anybody's rule: the platform's own minimum, caps of delivery."""
    lines = () if v.document is None else v.document["limits"]
    return [
        {"name": line["rule"], "price": line["price"]} for line in lines if line["source"] is None and line["binding"]
    ]


def excerpt(rule: Rule, config: Config) -> str:
    """The rule as a person wrote it, out of the files in force; its word and fields where code made it."""
    for name, text in config.policy.written:
        if name.startswith("rules-"):
            found = _item(text.splitlines(), rule.source.line)
            if any(rule.name in line for line in found):
                return "\n".join(found)
    given = {name: value for name, value in rule.kind if name in rule.kind.model_fields_set and value is not None}
    fields = ", ".join(f"{name.rstrip('_')}: {value}" for name, value in given.items())
    return f"{rule.kind.word}: {{{fields}}}"


def _item(lines: Sequence[str], line: int) -> list[str]:
    """The item of a YAML list that holds this line (from 1), without what follows it."""
    starts = [(place, len(match[1])) for place, one in enumerate(lines) if (match := re.match(r"(\s*)- ", one))]
    if not starts or line > len(lines):
        return []
    top = min(indent for _, indent in starts)
    begins = [place for place, indent in starts if indent == top]
    begin = max((place for place in begins if place < line), default=None)
    if begin is None:
        return []
    end = min((place for place in begins if place > begin), default=len(lines))
    item = [one.rstrip() for one in lines[begin:end]]
    while item and (not item[-1].strip() or item[-1].lstrip().startswith("#")):
        item.pop()
    return [one[top:] for one in item]


def _fault(fault: Fault, base: Path) -> FaultLine:
    """A fault with the lines around its place, as the file is now."""
    source = fault.source or Source("")
    lines: list[tuple[int, str]] = []
    if source.line:
        try:
            text = Path(source.file).read_text("utf-8", "replace").splitlines()
        except OSError:
            text = []
        first = max(source.line - 1 - AROUND, 0)
        lines = [(number + 1, text[number]) for number in range(first, min(source.line + AROUND, len(text)))]
    place = shown_source(str(source), base)
    return FaultLine(place, fault.message.replace(f"{base}/", ""), lines, source.line, source.column)


def shown_source(source: str, base: Path) -> str:
    """A place as it is found from the configuration's folder."""
    return source.removeprefix(f"{base}/")
