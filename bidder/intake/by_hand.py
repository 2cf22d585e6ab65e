"""Accounts that nobody can write to but a person: what to type in today, what was typed in, and whether it is true.

A typed amount counts from the moment it is said to be typed. What proves it is the next report: the daily budget that
it names, else the money that was spent. A report that contradicts is believed over the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from bidder.account_day import AccountDay
from bidder.errors import ConfigError, Fault, Source
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.money import Money, currency_of
from bidder.plan import Applied
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import EPOCH_ORDINAL, day_number
from bidder.store.protocol import Store, StoredPlan, StoreReader

__all__ = ["MOST_LINES", "TodoLine", "Verdict", "chosen", "open_typed", "prove", "record", "take", "todo"]

MOST_LINES = 8
"""Nobody types more than so many budgets a morning."""

OVER = 1.05
"""What a platform may spend of a daily budget before its report contradicts it."""

UNIT = 1_000_000
"""Micros of a whole unit: a person types no cents."""

HELD = 0.9
"""From this part of a cut budget on it was the budget that held the spend."""

TYPED = "typed"
"""The key under which the store remembers what was typed in and is not proven yet."""


@dataclass(frozen=True, slots=True)
class TodoLine:
    """One budget to type in: whole units of its currency."""

    number: int
    budget: BudgetId
    name: str
    before: Money
    after: Money
    reason: str

    @property
    def difference(self) -> Money:
        """after − before."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a report says of a typed amount: confirmed, contradicted, or nothing that decides (open)."""

    budget: BudgetId
    typed: Money
    result: Literal["confirmed", "contradicted", "open"]
    day: date
    evidence: str


def todo(document: Mapping[str, Any], manual: Sequence[AccountId]) -> tuple[list[TodoLine], int]:
    """Today's changes of the manual accounts, most money first, and how many were left out.

    `document` is the plan as `plan --json` shows it. Amounts are whole units, rounded down, so that they never exceed
    what is planned. Nobody types more than MOST_LINES; raises whose cuts were left out stay out as well, so that
    typing the list alone keeps the cap.
    """
    held = {hold["budget"] for hold in document["holds"]}
    if None in held:
        return [], 0
    found: list[TodoLine] = []
    for line in document["budgets"]:
        budget = BudgetId.parse(line["id"])
        if budget.account not in manual or line["id"] in held or line["now"] is None or not line["currency"]:
            continue
        currency = currency_of(line["currency"])
        before, planned = Money.parse(line["now"], currency), Money.parse(line["planned"], currency)
        after = Money(planned.micros // UNIT * UNIT, currency)
        if (
            after != before and after.micros > 0
        ):  # 0 lifts the limit on some platforms: a person pauses, nobody types it
            found.append(TodoLine(0, budget, line["name"], before, after, line["reason"]))
    found.sort(key=lambda one: (-abs(one.difference.micros), str(one.budget)))
    first = found[:MOST_LINES]
    for code in {one.after.currency for one in found}:
        while _net(first, code) > max(0, _net(found, code)):
            raises = [one for one in first if one.after.currency == code and one.difference.micros > 0]
            first.remove(raises[-1])
    numbered = [replace(one, number=place) for place, one in enumerate(first, start=1)]
    return numbered, len(found) - len(numbered)


def _net(lines: Sequence[TodoLine], currency: str) -> int:
    """By how much the lines raise the sum of the budgets in a currency."""
    return sum(one.difference.micros for one in lines if one.after.currency == currency)


def chosen(words: Sequence[str], offered: Sequence[TodoLine]) -> list[tuple[TodoLine, Money]]:
    """What was named, with the amounts that were typed: `2`, `2=350`, `account/budget`, or `all`.

    Raises ConfigError naming every word that fits nothing.
    """
    if list(words) == ["all"]:
        return [(one, one.after) for one in offered]
    by_word = {str(one.number): one for one in offered} | {str(one.budget): one for one in offered}
    found: dict[str, tuple[TodoLine, Money]] = {}
    faults: list[Fault] = []
    for word in words:
        name, equals, text = word.partition("=")
        line = by_word.get(name)
        if line is None:
            faults.append(Fault(Source(word), f"no such line today; there are 1 to {len(offered)} (bidder todo)"))
            continue
        try:
            amount = Money.parse(text, line.after.currency) if equals else line.after
        except ValueError as e:
            faults.append(Fault(Source(word), str(e)))
            continue
        if amount.micros <= 0:
            faults.append(
                Fault(Source(word), "expected an amount above 0; a stopped campaign is not typed as a budget")
            )
            continue
        found[str(line.budget)] = (line, amount)
    if faults:
        raise ConfigError(faults)
    return list(found.values())


def take(
    store: Store,
    stored: StoredPlan,
    words: Sequence[str],
    manual: Sequence[AccountId],
    at: datetime,
    zones: Mapping[AccountId, str],
    by: str = "hand",
) -> list[tuple[TodoLine, Money]]:
    """Records the lines of a plan that a person says were typed (`words` as in `chosen`), once each.

    Raises ConfigError, StoreError.
    """
    offered, _ = todo(stored.document, manual)
    named = chosen(words, offered)
    already = {(one["budget"], one["after"]) for one in open_typed(store) if one["day"] == stored.day}
    fresh = [(line, amount) for line, amount in named if (str(line.budget), str(amount)) not in already]
    now = {one.budget.id: one.budget.now for one in store.budgets()}
    fresh = [(replace(line, before=now.get(line.budget) or line.before), amount) for line, amount in fresh]
    record(store, stored.id, fresh, at, zones, by)
    return named


def record(
    store: Store,
    plan: PlanId,
    lines: Sequence[tuple[TodoLine, Money]],
    at: datetime,
    zones: Mapping[AccountId, str],
    by: str = "hand",
) -> None:
    """Takes what a person typed in: each a write with its intent and outcome, and one to be proven.

    `lines` pair a line with the amount that was really typed; `by` goes into the journal.
    """
    waiting = dict(store.value(TYPED) or {})
    for line, amount in lines:
        day = AccountDay.of(at, zones.get(line.budget.account, "UTC")).date
        intent = store.begin(plan, line.budget, line.before, amount, at)
        store.finish(intent, Applied(amount), at, day_number(day))
        facts = {"budget": str(line.budget), "before": str(line.before), "after": str(amount)}
        facts |= {"currency": str(amount.currency), "day": day.isoformat()}
        store.append("typed", at, plan=str(plan), by=by, **facts)
        waiting[str(line.budget)] = facts
    store.set_value(TYPED, waiting)


def open_typed(store: StoreReader) -> list[Mapping[str, str]]:
    """What was typed in and no report has proven yet: budget, before, after, currency, day."""
    return [one for _, one in sorted(dict(store.value(TYPED) or {}).items())]


def prove(store: Store, reports: Reports, at: datetime) -> tuple[Verdict, ...]:
    """Holds new reports against what was typed in; journals and remembers every verdict that decides."""
    waiting = dict(store.value(TYPED) or {})
    verdicts: list[Verdict] = []
    for name, facts in sorted(waiting.items()):
        verdict = _verdict(BudgetId.parse(name), facts, reports, at)
        if verdict is None:
            continue
        verdicts.append(verdict)
        if verdict.result == "open":
            continue
        del waiting[name]
        said = {"budget": name, "after": facts["after"], "currency": facts["currency"], "evidence": verdict.evidence}
        store.append("typed", at, verdict=verdict.result, day=verdict.day.isoformat(), **said)
        if verdict.result == "contradicted":
            _believe(store, verdict, facts, reports, at)
    if verdicts:
        store.set_value(TYPED, waiting)
    return tuple(verdicts)


def _verdict(budget: BudgetId, facts: Mapping[str, str], reports: Reports, at: datetime) -> Verdict | None:
    """What the first day that decides says; None when the reports have no whole day since the typing."""
    rows = (reports.account == budget.account) & (reports.budget == budget.native)
    rows &= (reports.day >= day_number(date.fromisoformat(facts["day"]))) & (reports.spend != UNKNOWN_MICROS)
    found: Verdict | None = None
    for number in sorted(set(reports.day[rows].tolist())):
        on_day = rows & (reports.day == number)
        day = date.fromordinal(number + EPOCH_ORDINAL)
        if AccountDay(str(reports.zone[on_day][0]), day).end_at > at:
            break  # a day that is not over proves nothing
        said = {int(one) for one in reports.amount[on_day].tolist() if one != UNKNOWN_MICROS}
        spent = sum(int(one) for one in reports.spend[on_day].tolist())
        found = _of_day(budget, facts, day, said.pop() if len(said) == 1 else None, spent)
        if found.result != "open":
            break
    return found


def _of_day(budget: BudgetId, facts: Mapping[str, str], day: date, said: int | None, spent: int) -> Verdict:
    """One whole day's word: the budget that it names, else its spend. On the day of the typing both amounts held."""
    currency, typing = currency_of(facts["currency"]), day.isoformat() == facts["day"]
    before, after = Money.parse(facts["before"], currency), Money.parse(facts["after"], currency)
    if said is not None and not (typing and said == before.micros):
        evidence = f"the report of {day} says a daily budget of {Money(said, currency)}"
        return Verdict(budget, after, "confirmed" if said == after.micros else "contradicted", day, evidence)
    evidence = f"{Money(spent, currency)} were spent on {day}"
    most = max(before, after, key=lambda one: one.micros) if typing else after
    if spent > most.micros * OVER:
        return Verdict(budget, after, "contradicted", day, f"{evidence}, more than {most} allows")
    if after > before and spent > before.micros * OVER:
        return Verdict(budget, after, "confirmed", day, f"{evidence}, more than the old {before} allowed")
    if after < before and not typing and spent >= after.micros * HELD:
        return Verdict(budget, after, "confirmed", day, f"{evidence}: the new {after} held it")
    return Verdict(budget, after, "open", day, f"{evidence}: that fits the old amount and the new")


def _believe(store: Store, verdict: Verdict, facts: Mapping[str, str], reports: Reports, at: datetime) -> None:
    """The amount in force after a contradiction: what the report names, else the larger of the two."""
    currency = currency_of(facts["currency"])
    rows = (reports.account == verdict.budget.account) & (reports.budget == verdict.budget.native)
    rows &= reports.day == day_number(verdict.day)
    said = {int(one) for one in reports.amount[rows].tolist() if one != UNKNOWN_MICROS}
    before, after = Money.parse(facts["before"], currency), Money.parse(facts["after"], currency)
    found = Money(said.pop(), currency) if len(said) == 1 else max(before, after, key=lambda one: one.micros)
    known = {one.budget.id: one.budget for one in store.budgets()}
    if verdict.budget in known:
        store.add_budgets([replace(known[verdict.budget], now=found)], at)
    said_so = {"budget": str(verdict.budget), "expected": str(after), "found": str(found), "currency": str(currency)}
    store.append("foreign_edit", at, seen="report", **said_so)
