"""A rules file → Rules: which word, which budgets, which days; every fault with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bidder.config.asked import never_are
from bidder.config.faults import faults_of
from bidder.config.marks import Document, Step
from bidder.errors import ConfigError, Fault, Source
from bidder.limits import Priority
from bidder.rules.base import Kind, Rule
from bidder.rules.conditions import Condition
from bidder.rules.step import Step as StepKind
from bidder.rules.words import WORDS
from bidder.written import did_you_mean

__all__ = ["COMMON_KEYS", "rules_of"]

COMMON_KEYS = ("name", "where", "when", "priority", "enabled", "note")
"""What a rule has beside its word."""

_LONGEST_NAME = 80


def rules_of(document: Document, faults: list[Fault]) -> list[Rule]:
    """The rules of one file, in its order."""
    written = document.value
    if written is None:
        document.warnings.append(Fault(Source(document.file), "no rules in this file"))
        return []
    if not isinstance(written, list):
        faults.append(Fault(document.at(()), "expected a list of rules, each beginning with `- name:`"))
        return []
    rules = [_rule(one, (index,), document, faults) for index, one in enumerate(written)]
    return [rule for rule in rules if rule is not None]


def _rule(written: Any, path: tuple[Step, ...], document: Document, faults: list[Fault]) -> Rule | None:
    if not isinstance(written, Mapping):
        faults.append(Fault(document.at(path), "expected a rule such as {name: …, budget: {max: 200}}"))
        return None
    before = len(faults)
    words = [key for key in written if key in WORDS]
    for key in written:
        if key in WORDS or key in COMMON_KEYS:
            continue
        known = [*WORDS, *COMMON_KEYS]
        message = f"{key}: no such word in a rule{did_you_mean(key, known) or '; there are ' + ', '.join(known)}"
        faults.append(Fault(document.key_at((*path, key)), message))
    if not words and len(faults) == before:
        faults.append(Fault(document.at(path), f"a rule without a word; there are {', '.join(WORDS)}"))
    for key in words[1:]:
        message = f"{key}: a second word in one rule, beside {words[0]}; write two rules"
        faults.append(Fault(document.key_at((*path, key)), message))
    name = _name(written, path, document, faults)
    note = _typed(written, "note", str, "text", "", path, document, faults)
    enabled = _typed(written, "enabled", bool, "true or false", True, path, document, faults)
    where = _condition(written, "where", path, document, faults)
    when = _condition(written, "when", path, document, faults)
    kind = _kind(words[0], written[words[0]], path, document, faults) if words else None
    if kind is not None:
        unfit = kind.unfit(where="where" in written, when="when" in written)
        if unfit is not None:
            faults.append(Fault(document.key_at((*path, words[0])), f"{words[0]}: {unfit}"))
    priority = _priority(written, kind, path, document, faults)
    if kind is None or len(faults) > before:
        return None
    return Rule(name, kind, document.key_at((*path, words[0])), where, when, priority, note, enabled)


def _name(written: Mapping[str, Any], path: tuple[Step, ...], document: Document, faults: list[Fault]) -> str:
    if "name" not in written:
        faults.append(Fault(document.at(path), "name: is missing; plans and prices name the rule by it"))
        return ""
    name = _typed(written, "name", str, "text", "", path, document, faults)
    if isinstance(written["name"], str) and not 0 < len(name.strip()) <= _LONGEST_NAME:
        message = f"name: expected 1 to {_LONGEST_NAME} characters, was {len(name.strip())}"
        faults.append(Fault(document.at((*path, "name")), message))
    return str(name).strip()


def _typed(
    written: Mapping[str, Any],
    key: str,
    kind: type,
    expected: str,
    default: Any,
    path: tuple[Step, ...],
    document: Document,
    faults: list[Fault],
) -> Any:
    if key not in written:
        return default
    value = written[key]
    if type(value) is not kind:
        shown = "nothing" if value is None else str(value)
        faults.append(Fault(document.at((*path, key)), f"{key}: expected {expected}, was {shown}"))
        return default
    return value


def _condition(
    written: Mapping[str, Any], key: str, path: tuple[Step, ...], document: Document, faults: list[Fault]
) -> Condition | None:
    if key not in written:
        return None
    place, countable = document.text_at((*path, key))
    try:
        condition = Condition.read(written[key], place, when=key == "when")
        wrong = list(never_are(condition))
        if wrong:
            raise ConfigError(wrong)
        return condition
    except ConfigError as e:
        for fault in e.faults:
            where = fault.source if countable and isinstance(written[key], str) else document.at((*path, key))
            faults.append(Fault(where, f"{key}: {fault.message}"))
        return None


def _kind(word: str, written: Any, path: tuple[Step, ...], document: Document, faults: list[Fault]) -> Kind | None:
    model = WORDS[word]
    try:
        return model.model_validate(written)
    except ValidationError as e:
        for fault in faults_of(e, model, document, (*path, word)):
            joint = "" if fault.message.startswith("expected") else "."
            faults.append(Fault(fault.source, f"{word}{joint or ': '}{fault.message}"))
        return None


def _priority(
    written: Mapping[str, Any], kind: Kind | None, path: tuple[Step, ...], document: Document, faults: list[Fault]
) -> int | None:
    priority = _typed(written, "priority", int, "a whole number", None, path, document, faults)
    if priority is None:
        return None
    # absolute caps, stock and platforms stay above whatever a person ranks; steps among themselves
    low, high = (Priority.STEP, Priority.OWNER_CAP - 1) if isinstance(kind, StepKind) else (1, Priority.PLATFORM - 1)
    if not low <= priority <= high:
        message = f"priority: expected {low} to {high}, was {priority}"
        faults.append(Fault(document.at((*path, "priority")), message))
        return None
    return int(priority)
