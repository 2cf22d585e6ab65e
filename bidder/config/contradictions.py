"""Rules that cannot all be kept whatever the figures: refused when they are read, with both rules and the numbers.

Only what follows from the text is claimed: one selection lies inside another when it asks for all that the other asks
for and more, and two are apart when they ask for different values of something that a budget has one of. What needs
the shop's figures is found by the plan itself, which names the rules that clash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bidder.config.tried import Verdict, verdict
from bidder.errors import Fault
from bidder.money import Currency
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.rules.conditions import Condition
from bidder.rules.launch import Launch
from bidder.rules.pin import Pin
from bidder.rules.share import Share
from bidder.rules.total import Total
from bidder.written import Amount, show_percent

__all__ = ["contradictions"]

_ONE_VALUE = r"(?:channel|account\.(?:name|platform|currency|mode)|budget\.(?:id|group|status|name))"
_EQUAL = re.compile(rf"(?P<name>{_ONE_VALUE})\s*==\s*(?P<quote>['\"])(?P<value>[^'\"]*)(?P=quote)\Z")


_NAME_OF = {
    "channel": "channel",
    "account": "account.name",
    "platform": "account.platform",
    "currency": "account.currency",
    "group": "budget.group",
}
"""The name of conditions that says in which group of `by` a budget is."""


@dataclass(frozen=True, slots=True)
class _Selection:
    """What a condition asks for: texts that must all hold, and for names of one value the values allowed."""

    texts: frozenset[str]
    values: tuple[tuple[str, frozenset[str]], ...]

    @classmethod
    def of(cls, condition: Condition | None) -> _Selection:
        if condition is None:
            return cls(frozenset(), ())
        texts: set[str] = set()
        values: dict[str, frozenset[str]] = {}
        for part in _parts(condition.text, "&&"):
            found = [_EQUAL.match(one) for one in _parts(part, "||")]
            names = {one["name"] for one in found if one is not None}
            if all(found) and len(names) == 1:
                name, allowed = names.pop(), frozenset(one["value"] for one in found if one is not None)
                values[name] = values.get(name, allowed) & allowed
            else:
                texts.add("".join(part.split()))
        return cls(frozenset(texts), tuple(sorted(values.items())))

    def inside(self, other: _Selection) -> bool:
        """Whether all that this selects the other selects too."""
        mine = dict(self.values)
        return other.texts <= self.texts and all(
            name in mine and mine[name] <= allowed for name, allowed in other.values
        )

    def apart(self, other: _Selection) -> bool:
        """Whether no budget can be in both."""
        mine = dict(self.values)
        return any(name in mine and not mine[name] & allowed for name, allowed in other.values)

    def count(self) -> int:
        """How many budgets it selects at least, if any: those that it names."""
        return max((len(allowed) for name, allowed in self.values if name == "budget.id"), default=1)


@dataclass(frozen=True, slots=True)
class _Side:
    """One number of a rule: its rule, its key as written, its value, and what it is about."""

    rule: Rule
    key: str
    value: Decimal
    selection: _Selection

    def __str__(self) -> str:
        return f"{self.key} {self.value:f}"


def contradictions(rules: Sequence[Rule], currency: Currency) -> list[Fault]:
    """A fault for each contradiction, at the rule that was written later."""
    standing = [one for one in rules if one.enabled and verdict(one.where) is not Verdict.NEVER]
    lows = [side for rule in standing for side in _lows(rule, currency)]
    highs = [side for rule in standing for side in _highs(rule, currency)]
    caps = [side for rule in standing for side in _caps(rule, currency)]
    faults = [
        *_crossing(lows, highs),
        *_too_much(lows, caps),
        *_shares(standing),
        *_shares_of_amounts(standing, lows, caps),
        *_launches(standing, currency),
    ]
    return list({fault.message: fault for fault in faults}.values())


def _crossing(lows: Sequence[_Side], highs: Sequence[_Side]) -> Iterator[Fault]:
    """A least amount of a budget above a most amount of the same budget."""
    for low in lows:
        for high in highs:
            related = low.selection.inside(high.selection) or high.selection.inside(low.selection)
            if low.rule is not high.rule and related and low.value > high.value and _together(low.rule, high.rule):
                yield _fault([low.rule, high.rule], f"{low} and {high} of the same budgets")


def _too_much(lows: Sequence[_Side], caps: Sequence[_Side]) -> Iterator[Fault]:
    """Least amounts of different budgets that add up to more than their cap."""
    for cap in caps:
        family = _apart([one for one in lows if one.selection.inside(cap.selection) and _together(one.rule, cap.rule)])
        total = sum((one.value * one.selection.count() for one in family), Decimal(0))
        if total > cap.value:
            sums = " + ".join(
                f"{one.value:f}" if one.selection.count() == 1 else f"{one.selection.count()} × {one.value:f}"
                for one in family
            )
            what = f"at least {sums}{'' if len(family) == 1 else f' = {total:f}'} under {cap}"
            yield _fault([cap.rule, *(one.rule for one in family)], what)


def _shares(rules: Sequence[Rule]) -> Iterator[Fault]:
    """Least shares of different budgets beyond the whole; a least share inside a smaller most share."""
    shares = [(rule, rule.kind, _Selection.of(rule.where)) for rule in rules if isinstance(rule.kind, Share)]
    lows = [_Side(rule, "share.min", _percent(kind.min), one) for rule, kind, one in shares if kind.min is not None]
    family = _apart([one for one in lows if one.selection != _Selection.of(None)])
    if sum(one.value for one in family) > 100 and all(_together(family[0].rule, one.rule) for one in family):
        sums = " + ".join(f"{one.value:f}%" for one in family)
        yield _fault([one.rule for one in family], f"{sums} = {sum(one.value for one in family):f}% of the total")
    for low in lows:
        for rule, kind, selection in shares:
            if kind.max is None or rule is low.rule or not _together(low.rule, rule):
                continue
            alone = {name for name, of in low.selection.values if len(of) == 1}
            within = kind.by is None or _NAME_OF.get(kind.by) in alone
            if within and low.selection.inside(selection) and low.value > _percent(kind.max):
                what = f"share.min {low.value:f}% of a part of share.max {show_percent(kind.max)}"
                yield _fault([low.rule, rule], what)


def _shares_of_amounts(rules: Sequence[Rule], lows: Sequence[_Side], caps: Sequence[_Side]) -> Iterator[Fault]:
    """A most share of the day's cap below what its budgets get at least; a least share above a cap of its own."""
    whole = _Selection.of(None)
    for rule in rules:
        kind, selection = rule.kind, _Selection.of(rule.where)
        if not isinstance(kind, Share) or selection == whole:
            continue
        inside = _apart([one for one in lows if one.selection.inside(selection) and _together(one.rule, rule)])
        least = sum((one.value * one.selection.count() for one in inside), Decimal(0))
        beside = _apart([one for one in lows if one.selection.apart(selection) and _together(one.rule, rule)])
        others = sum((one.value * one.selection.count() for one in beside), Decimal(0))
        for cap in caps:
            if not _together(cap.rule, rule):
                continue
            if kind.max is not None and kind.by is None and cap.selection == whole:
                most = cap.value * _percent(kind.max) / 100
                if least > most:
                    what = f"at least {least:f} where share.max {show_percent(kind.max)} of {cap} leaves {most:f}"
                    yield _fault([rule, cap.rule, *(one.rule for one in inside)], what)
            if kind.min is not None and 0 < kind.min < 1 and selection.inside(cap.selection) and cap.selection != whole:
                part = _percent(kind.min) / 100
                needed = part * others / (1 - part)
                if needed > cap.value and cap.selection.inside(selection):
                    what = f"share.min {show_percent(kind.min)} beside at least {others:f} is {needed:.2f}, above {cap}"
                    yield _fault([rule, cap.rule, *(one.rule for one in beside)], what)


def _launches(rules: Sequence[Rule], currency: Currency) -> Iterator[Fault]:
    for rule in rules:
        kind = rule.kind
        if not isinstance(kind, Launch) or not isinstance(kind.day, Amount):
            continue
        if _same(kind.day, currency) and _same(kind.max, currency) and kind.day.value > kind.max.value:
            yield Fault(rule.source, f"{rule.name}: launch.day {kind.day} is more than launch.max {kind.max} in all")


def _lows(rule: Rule, currency: Currency) -> Iterator[_Side]:
    kind, selection = rule.kind, _Selection.of(rule.where)
    if isinstance(kind, BudgetRange) and isinstance(kind.min, Amount) and _same(kind.min, currency):
        yield _Side(rule, "budget.min", kind.min.value, selection)
    if isinstance(kind, Pin) and isinstance(kind.at, Amount) and _same(kind.at, currency):
        yield _Side(rule, "pin.at", kind.at.value, selection)


def _highs(rule: Rule, currency: Currency) -> Iterator[_Side]:
    kind, selection = rule.kind, _Selection.of(rule.where)
    if isinstance(kind, BudgetRange) and isinstance(kind.max, Amount) and _same(kind.max, currency):
        yield _Side(rule, "budget.max", kind.max.value, selection)
    if isinstance(kind, Pin) and isinstance(kind.at, Amount) and _same(kind.at, currency):
        yield _Side(rule, "pin.at", kind.at.value, selection)


def _caps(rule: Rule, currency: Currency) -> Iterator[_Side]:
    kind = rule.kind
    if isinstance(kind, Total) and kind.per == "day" and kind.by is None and _same(kind.max, currency):
        yield _Side(rule, "total.max", kind.max.value, _Selection.of(rule.where))


def _apart(sides: Sequence[_Side]) -> list[_Side]:
    """Some of these that no budget shares, the dearest first."""
    family: list[_Side] = []
    for side in sorted(sides, key=lambda one: -one.value * one.selection.count()):
        if all(side.selection.apart(one.selection) for one in family):
            family.append(side)
    return family


def _together(one: Rule, other: Rule) -> bool:
    """Whether both hold on some day for certain, and nobody has said which of them gives way."""
    ranked = one.priority is not None and other.priority is not None and one.priority != other.priority
    days = one.when is None or other.when is None or one.when.text == other.when.text
    never = Verdict.NEVER in (verdict(one.when), verdict(other.when))
    return days and not never and not ranked


def _fault(rules: Sequence[Rule], what: str) -> Fault:
    """At the rule that stands last; the others are named with their places."""
    ordered = sorted(dict.fromkeys(rules), key=lambda rule: (rule.source, rule.name))
    last, others = ordered[-1], ordered[:-1]
    beside = " and ".join(f"{one.name} ({one.source})" for one in others)
    return Fault(last.source, f"{last.name}: cannot be kept beside {beside}: {what}")


def _same(amount: Amount, currency: Currency) -> bool:
    return amount.currency in (None, currency)


def _percent(fraction: float) -> Decimal:
    return Decimal(f"{fraction * 100:.10g}")


def _parts(text: str, operator: str) -> list[str]:
    """The parts of a condition between an operator at its outermost level, without brackets around them."""
    text = text.strip()
    while text.startswith("(") and _closes(text) == len(text) - 1:
        text = text[1:-1].strip()
    parts, depth, start, quote, at = [], 0, 0, "", 0
    while at < len(text):
        sign = text[at]
        if quote:
            at += sign == "\\"
            quote = "" if text[at : at + 1] == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif depth == 0 and text.startswith(operator, at):
            parts.append(text[start:at].strip())
            at += len(operator)
            start = at
            continue
        at += 1
    return [*parts, text[start:].strip()]


def _closes(text: str) -> int:
    """Where the bracket that the text begins with is closed; −1 when it is not."""
    depth, quote, at = 0, "", 0
    while at < len(text):
        sign = text[at]
        if quote:
            at += sign == "\\"
            quote = "" if text[at : at + 1] == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return -1
