"""What is written correctly and still makes little sense: warnings, with their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from ipaddress import ip_address

from bidder.catalog import Account, Budget, Product
from bidder.config.asked import unheard_of
from bidder.config.file import File
from bidder.config.marks import Document
from bidder.config.plausible import plausible
from bidder.config.tried import Verdict, verdict
from bidder.errors import Fault
from bidder.ids import BudgetId
from bidder.promotion import Promotion
from bidder.rules.attributes import Attributes
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.rules.cash import Cash
from bidder.rules.explore import Explore
from bidder.rules.hot_list import HotList
from bidder.rules.launch import Launch
from bidder.rules.pin import Pin
from bidder.rules.step import Step
from bidder.rules.total import Total
from bidder.snapshot import History, Snapshot
from bidder.written import Amount

__all__ = ["sense_of", "sense_of_selection"]

_WRITTEN = frozenset(
    {f"product.{name}" for name in "id name tags price cost margin break_even_roas return_rate lead_days".split()}
    | {"account.name", "account.platform", "account.mode", "account.currency", "shop.currency"}
)
"""Names whose values stand in the configuration itself; what the others select is seen on the store's figures."""

_MOST_PAIRS = 20_000

_MOST_SALES = 500
"""Sales beside the budget from which a figure is taken for a slip of the hand."""


def sense_of(
    file: File,
    document: Document,
    rules: Sequence[Rule],
    accounts: Sequence[Account],
    products: Sequence[Product],
    calendar: Sequence[Promotion] = (),
    offered: Sequence[Promotion] = (),
) -> list[Fault]:
    """Warnings about a configuration that stands."""
    return [
        *_of_caps(file, document),
        *_of_plan(file, document),
        *_of_amounts(file, rules),
        *plausible(file, document, rules, products),
        *_of_purses(file, rules),
        *_of_page(file, document),
        *_of_days(rules, calendar),
        *_of_texts(rules),
        *unheard_of(rules, (*calendar, *offered), products, accounts),
        *_of_selections(rules, accounts, products, file),
    ]


def sense_of_selection(rule: Rule, attributes: Attributes) -> Fault | None:
    """A warning when the rule's `where` selects no budget, or every one."""
    if rule.where is None or not rule.enabled or not attributes.snapshot.budgets:
        return None
    if verdict(rule.where) is not Verdict.DEPENDS:
        return None  # said of the text already
    chosen = rule.where.chosen(attributes)
    if not chosen.any():
        return Fault(rule.where.source, f"{rule.name}: this where selects nothing")
    if chosen.all() and len(chosen) > 1:
        return Fault(rule.where.source, f"{rule.name}: this where selects everything; leave it out if that is meant")
    return None


def _of_caps(file: File, document: Document) -> Iterator[Fault]:
    day, month = file.budget.day, file.budget.month
    if day is not None and month is not None:
        if day.max.value > month.usual.value and day.max.currency == month.currency:
            place = document.at(("budget", "day", "max"))
            yield Fault(place, f"budget.day.max: {day.max} a day is more than the month's {month}")
        elif day.max.value * 31 < month.usual.value and day.max.currency == month.currency:
            place = document.at(("budget", "month"))
            yield Fault(place, f"budget.month: {month} cannot be spent at {day.max} a day")
        most = day.event or day.max
        for name, amount in month.months:
            if most.value * 31 < amount.value and most.currency == amount.currency:
                place = document.at(("budget", "month", name))
                yield Fault(place, f"budget.month.{name}: {amount} cannot be spent at {most} a day")
        if day.event is not None and day.event.value > max(one.value for one in month.amounts):
            place = document.at(("budget", "day", "event"))
            yield Fault(place, f"budget.day.event: {day.event} a day is more than any month's cap")


def _of_plan(file: File, document: Document) -> Iterator[Fault]:
    """Sales that no shop has beside such a budget."""
    month, sales = file.budget.month, file.plan.sales
    if month is None or sales is None:
        return
    keys = [("usual", sales.month.usual), *sales.month.months]
    caps = dict(month.months)
    for name, amount in keys:
        place, cap = document.at(("plan", "sales", "month", name)), caps.get(name, month.usual).value
        if amount.value < cap:
            yield Fault(place, f"plan.sales.month: {amount} is less than the month's budget, {cap}")
        elif amount.value > _MOST_SALES * cap:
            yield Fault(place, f"plan.sales.month: {amount} is more than {_MOST_SALES} times the month's budget, {cap}")


def _of_amounts(file: File, rules: Sequence[Rule]) -> Iterator[Fault]:
    """Amounts of rules that are more than all budgets may be together: a zero too many, or a rule that says nothing."""
    if file.budget.day is None:
        return
    cap = file.budget.day.max
    for rule in rules:
        if not isinstance(rule.kind, Total | BudgetRange | Step | Pin | HotList | Explore | Launch):
            continue
        whole = isinstance(rule.kind, Total) and rule.where is None and rule.kind.by is None
        for name, amount in rule.kind:
            purse = isinstance(rule.kind, Launch) and name == "max"  # of a whole test, not of a day
            if not isinstance(amount, Amount) or purse or not _same_currency(amount, cap, file):
                continue
            days = {"week": 7, "month": 31}.get(rule.kind.per, 1) if isinstance(rule.kind, Total) else 1
            most = (file.budget.day.event or cap) if days > 1 or whole else cap
            if amount.value > most.value * days:
                beside = f"{most}" if days == 1 else f"{most} a day over {days} days"
                text = (
                    f"{rule.name}: {rule.kind.word}.{name} {amount} is more than all budgets together may be, {beside}"
                )
                yield Fault(rule.source, text)


def _same_currency(amount: Amount, cap: Amount, file: File) -> bool:
    return (amount.currency or file.shop.currency) == (cap.currency or file.shop.currency)


def _of_purses(file: File, rules: Sequence[Rule]) -> Iterator[Fault]:
    """Purses that hold more than the shop may spend in a month."""
    month, day = file.budget.month, file.budget.day
    if month is None and day is None:
        return
    named = max(one.value for one in month.amounts) if month is not None else None
    most = named if named is not None else day.max.value * 31 if day is not None else 0
    for rule in rules:
        purse = rule.kind.max if isinstance(rule.kind, Launch | Cash) else None
        long = isinstance(rule.kind, Cash) and rule.kind.days.days > 31
        if purse is not None and purse.value > most and not long:
            text = (
                f"{rule.name}: {rule.kind.word}.max {purse} is more than a month may cost, {most:f}: it holds nothing"
            )
            yield Fault(rule.source, text)


def _of_page(file: File, document: Document) -> Iterator[Fault]:
    host = file.web.listen.rpartition(":")[0].strip("[]")
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback and file.web.token is None:
        place = document.at(("web", "listen"))
        yield Fault(
            place, f"web.listen: {host} can be reached by others and web.token is not set: they see the figures"
        )


def _of_days(rules: Sequence[Rule], calendar: Sequence[Promotion]) -> Iterator[Fault]:
    for rule in rules:
        asks = any(name.startswith("event.") for name in (rule.when.names if rule.when is not None else ()))
        if rule.when is not None and asks and not calendar:
            yield Fault(rule.when.source, f"{rule.name}: there is no calendar, every day is an ordinary one")
        if not rule.enabled:
            yield Fault(rule.source, f"{rule.name}: is switched off")


def _of_texts(rules: Sequence[Rule]) -> Iterator[Fault]:
    """Conditions that are true of everything, or of nothing, whatever the figures."""
    for rule in rules:
        for key, condition in (("where", rule.where), ("when", rule.when)):
            if condition is None or not rule.enabled:
                continue
            found = verdict(condition)
            if found is Verdict.ALWAYS:
                yield Fault(condition.source, f"{rule.name}: this {key} is always true; leave it out if that is meant")
            elif found is Verdict.NEVER:
                yield Fault(condition.source, f"{rule.name}: this {key} can never be true; the rule does nothing")


def _of_selections(
    rules: Sequence[Rule], accounts: Sequence[Account], products: Sequence[Product], file: File
) -> Iterator[Fault]:
    """Tries each `where` that asks only for what is written, on every product in every account."""
    if not accounts or len(accounts) * max(len(products), 1) > _MOST_PAIRS:
        return
    budgets = [
        Budget(BudgetId(account.id, f"{account.id}-{index}"), "", account.currency, products=(product.id,))
        for account in accounts
        for index, product in enumerate(products)
    ] or [Budget(BudgetId(account.id, "1"), "", account.currency) for account in accounts]
    day = date(2026, 1, 1)  # no name of these depends on it
    snapshot = Snapshot.build(
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
        day=day,
        currency=file.shop.currency,
        accounts=accounts,
        budgets=budgets,
        products=products,
        history=History.empty(),
    )
    attributes = Attributes(snapshot)
    for rule in rules:
        if rule.where is None or not set(rule.where.names) <= _WRITTEN:
            continue
        if not products and any(name.startswith("product.") for name in rule.where.names):
            continue  # the shop's connector may know them
        warning = sense_of_selection(rule, attributes)
        if warning is not None:
            yield warning
