"""The rules of a configuration: those that bidder.yaml itself stands for, and those of the files that it names.

Called by `load`. A shop's rule of the same name stands in the place of its agency's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bidder.catalog import Mode
from bidder.config.calendar import Calendar
from bidder.config.experiment import experiment_rules, only_one
from bidder.config.file import File
from bidder.config.marks import Document
from bidder.config.rates import Rates
from bidder.config.reading import Reading
from bidder.config.rules import rules_of
from bidder.errors import Fault, Source
from bidder.money import Currency
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.rules.month import Month
from bidder.rules.step import DefaultStep
from bidder.rules.total import DayCap, Total

__all__ = ["caps_needed", "purses_there", "read_rules"]


def read_rules(reading: Reading, file: File, document: Document, rates: Rates) -> list[Rule]:
    """The caps of bidder.yaml and its guard's steps as rules, and those of every file that it names."""
    currency = file.shop.currency
    rules: list[Rule] = []
    if file.budget.day is not None:
        cap = DayCap(max=file.budget.day.max, event=file.budget.day.event)
        rules.append(Rule("day max", cap, document.key_at(("budget", "day", "max"))))
    if file.budget.month is not None:
        month = Month(max=file.budget.month, overdelivery=file.budget.overdelivery)
        rules.append(Rule("month", month, document.key_at(("budget", "month"))))
    rules.extend(experiment_rules(file.experiment, document))
    names = {rule.name: rule.source for rule in rules}
    lent: dict[str, int] = {}
    seen: set[Path] = set()
    for index, pattern in enumerate(file.rules):
        place = document.at(("rules", index))
        for one in _matching(reading, pattern, document.folder(("rules", index)), place):
            if one in seen:
                reading.faults.append(Fault(place, f"{one}: named twice; its rules would stand twice"))
                continue
            seen.add(one)
            inherited = reading.under is not None and place.file != document.file
            for rule in _rules_in(reading, one, place):
                if rule.name in lent and not inherited:
                    rules[lent.pop(rule.name)] = rule  # the shop's rule of that name stands in the agency's place
                elif rule.name in names:
                    message = f"name: {rule.name!r} is taken by the rule at {names[rule.name]}"
                    reading.faults.append(Fault(rule.source, message))
                    continue
                else:
                    if inherited:
                        lent[rule.name] = len(rules)
                    rules.append(rule)
                names[rule.name] = rule.source
    reading.faults.extend(only_one(rules))
    for rule in rules:
        _known_currency(reading, rule, currency, rates)
    guard = file.guard
    if not isinstance(document.value, dict) or "guard" not in document.value:
        return rules  # nobody wrote it: evaluate adds the default step itself
    step = DefaultStep.model_validate(
        {
            "raise": guard.raise_,
            "cut": guard.cut,
            "target_step": guard.target_driven.step,
            "target_cooldown": guard.target_driven.cooldown,
            "files_after": guard.stale_after.api,
        }
    )
    rules.append(Rule("default step", step, document.key_at(("guard",))))
    return rules


def _rules_in(reading: Reading, path: Path, place: Source) -> Sequence[Rule]:
    """The rules of a file; of one that many shops read alike, understood once."""
    content = reading.content(path, place)
    kept = None if content is None or reading.under is None else reading.under.papers.rules.get((str(path), content))
    if kept is None:
        before = len(reading.faults)
        document = None if content is None else reading.document(path, content)
        if document is None:
            return ()
        kept = document, tuple(rules_of(document, reading.faults))
        if reading.under is not None and content is not None and len(reading.faults) == before:
            reading.under.papers.rules[str(path), content] = kept
    reading.rule_texts.append(kept[0].text)
    reading.warnings.extend(kept[0].warnings)
    return kept[1]


def _matching(reading: Reading, pattern: str, base: Path, place: Source) -> list[Path]:
    wild = any(sign in pattern for sign in "*?[")
    if Path(pattern).is_absolute() and wild:
        reading.faults.append(Fault(place, f"{pattern}: a pattern starts at the folder of this file"))
        return []
    found = sorted(base.glob(pattern)) if wild else [base / pattern]
    if not found:
        reading.faults.append(Fault(place, f"{pattern}: no such file; relative paths start at {base}"))
    return found


def _known_currency(reading: Reading, rule: Rule, currency: Currency, rates: Rates) -> None:
    """Amounts of another currency need a rate, and caps of months are the shop's own."""
    for name, value in rule.kind:
        other = getattr(value, "currency", None)
        own = isinstance(rule.kind, DayCap | Month)  # the caps of bidder.yaml are counted in the shop's currency
        if other is not None and other != currency and (other not in rates.quotes or own):
            message = f"{rule.name}.{name}: {value}: no rate to the shop's {currency} is known; write it in {currency}"
            reading.faults.append(Fault(rule.source, message))


def purses_there(reading: Reading, rules: list[Rule], calendar: Calendar) -> None:
    """A rule that draws on a purse needs an event that has one."""
    if any(event.purse is not None for event in calendar.events):
        return
    for rule in rules:
        if isinstance(rule.kind, BudgetRange) and rule.kind.from_ is not None:
            message = "budget.from: no event has a purse: write purse: 30000 in calendar.yaml"
            reading.faults.append(Fault(rule.source, message))


def caps_needed(reading: Reading, file: File, document: Document, rules: list[Rule]) -> None:
    """An account that may be written needs an absolute cap: no limit must never mean unlimited."""
    if any(isinstance(rule.kind, Total | Month) and rule.where is None and rule.enabled for rule in rules):
        return
    for index, account in enumerate(file.accounts):
        if account.mode is not Mode.OBSERVE:
            message = f"mode: {account.mode.value} needs a cap: write budget: {{day: {{max: …}}}}"
            reading.faults.append(Fault(document.at(("accounts", index, "mode")), message))
