"""Runs a test of rules: builds its small shop, plans it, and says what is other than expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bidder.catalog import Account, Budget, Mode, Product
from bidder.config.load import Config
from bidder.config.rule_tests import Between, Case, Expect, GivenBudget, GivenProduct
from bidder.decide import Decision, Policy, decide
from bidder.errors import SolveError
from bidder.ids import BudgetId, ProductId
from bidder.money import Currency, Money
from bidder.rules.attributes import Attributes
from bidder.rules.base import Rule
from bidder.rules.evaluate import chosen_by
from bidder.rules.total import Total
from bidder.snapshot import History, Snapshot, day_number

__all__ = ["Outcome", "run_case"]

NEAR = 0.005
"""Half of the smallest unit of most currencies: what may differ between two amounts that print alike."""

USUAL_RATE = 0.03
"""Orders a click where a case says nothing that leads to orders."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: no differences when it holds."""

    case: Case
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.differences


def run_case(case: Case, config: Config) -> Outcome:
    """Plans the case under the configuration's rules (or those that it names) and compares."""
    rules = config.policy.rules
    if case.test.rules is not None:
        rules = tuple(rule for rule in rules if rule.name in case.test.rules)
    snapshot = _shop(case, config)
    if not any(isinstance(rule.kind, Total) and rule.where is None for rule in rules):
        room = Total.model_validate({"max": str(round(10 * float(np.nansum(snapshot.now)), 2))})
        rules = (*rules, Rule("total", room, case.source))  # a plan needs a cap; this one holds nothing
    policy = replace(config.policy, rules=rules)
    try:
        decision = decide(snapshot, policy)
    except SolveError as e:
        return Outcome(case, (f"no plan: {e}",))
    found: list[str] = []
    for expected, place in zip(case.test.expect, case.places, strict=True):
        found += [f"{place}  {expected.budget}  {text}" for text in _compare(expected, decision, policy)]
    return Outcome(case, tuple(found))


def _compare(expected: Expect, decision: Decision, policy: Policy) -> list[str]:
    at = decision.snapshot.position(BudgetId.parse(expected.budget))
    change = next(one for one in decision.plan.changes if str(one.budget) == expected.budget)
    differences = []
    attributes = Attributes(decision.snapshot)
    selecting = [rule.name for rule in policy.rules if bool(chosen_by(rule, attributes)[at])]
    differences += [
        f"expected to be selected by {one}, was not" for one in expected.selected_by if one not in selecting
    ]
    differences += [
        f"expected not to be selected by {one}, was" for one in expected.not_selected_by if one in selecting
    ]
    low, high = _bounds(expected, decision, at)
    who = expected.rule or "the rules"
    if expected.at_most is not None and high > expected.at_most + NEAR:
        differences.append(f"{who}: expected at most {expected.at_most:g}, was {_shown(high)}")
    if expected.at_least is not None and low < expected.at_least - NEAR:
        differences.append(f"{who}: expected at least {expected.at_least:g}, was {_shown(low)}")
    if expected.allows is not None and high < expected.allows - NEAR:
        differences.append(f"{who}: expected to allow {expected.allows:g}, was at most {_shown(high)}")
    before, after = change.before.to_float() if change.before else float("nan"), change.after.to_float()
    moved = f"{before:.2f} → {after:.2f}"
    for word, is_so in (("raised", after > before), ("cut", after < before)):
        wanted = getattr(expected, word)
        if wanted is not None and wanted is not is_so:
            differences.append(f"{word}: expected {str(wanted).lower()}, was {str(is_so).lower()} ({moved})")
    planned = expected.planned
    if isinstance(planned, Between):
        within = (planned.min is None or after >= planned.min - NEAR) and (
            planned.max is None or after <= planned.max + NEAR
        )
        if not within:
            said = f"{_shown(planned.min)} to {_shown(planned.max)}"
            differences.append(f"planned: expected {said}, was {after:.2f} (from {before:.2f})")
    elif planned is not None and abs(after - planned) > NEAR:
        differences.append(f"planned: expected {planned:.2f}, was {after:.2f} (from {before:.2f})")
    return differences


def _bounds(expected: Expect, decision: Decision, at: int) -> tuple[float, float]:
    """The tightest sides of one rule, or of all that people wrote, at the budget."""
    low, high = float("-inf"), float("inf")
    for bound in decision.limits.bounds:
        mine = bound.source is not None if expected.rule is None else bound.rule.split(" (")[0] == expected.rule
        if mine:
            low, high = max(low, float(bound.lower[at])), min(high, float(bound.upper[at]))
    return low, high


def _shown(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return "any amount"
    return f"{value:.2f}"


def _shop(case: Case, config: Config) -> Snapshot:
    """The case's budgets, each with days that are all alike, and its products."""
    currency, zone = config.shop.currency, config.shop.timezone
    known = {account.id: account for account, _ in config.accounts}
    products = _products(case, config.products)
    place = {str(product.id): index for index, product in enumerate(products)}
    budgets: list[Budget] = []
    columns: dict[str, list[float]] = {name: [] for name in _COLUMNS}
    today = day_number(case.test.day)
    for index, given in enumerate(case.test.given.budgets):
        budgets.append(_budget(given, currency))
        figures = _figures(given, products, place)
        for back in range(given.days, 0, -1):
            row = {"budget": index, "product": figures["product"], "day": today - back, **figures}
            row |= {"amount": given.now, "observed": case.as_of.timestamp()}
            for name in _COLUMNS:
                columns[name].append(row[name])
    accounts = []
    for name in dict.fromkeys(budget.id.account for budget in budgets):
        # the case is about rules: what an account may do, and whose it is, would only stand in their way
        known_one = known.get(name)
        base = known_one or Account(name, "sandbox", currency, zone)
        accounts.append(replace(base, mode=Mode.APPLY, currency=currency))
    products = _with_cover(case, products, columns)
    changed = {
        BudgetId.parse(one.id): today - one.changed_days_ago
        for one in case.test.given.budgets
        if one.changed_days_ago is not None
    }
    return Snapshot.build(
        as_of=case.as_of,
        day=case.test.day,
        currency=currency,
        exchange=config.exchange(case.test.day).rates,
        accounts=accounts,
        budgets=budgets,
        products=products,
        history=History.of({name: np.array(column) for name, column in columns.items()}),
        changed=changed,
    )


_COLUMNS = (
    *("budget", "product", "day", "impressions", "clicks", "spend", "orders", "units", "revenue"),
    *("amount", "observed"),
)


def _budget(given: GivenBudget, currency: Currency) -> Budget:
    return Budget(
        id=BudgetId.parse(given.id),
        name=given.id,
        currency=currency,
        now=Money.from_float_down(given.now, currency),
        products=tuple(ProductId(one) for one in given.products),
        channel=given.channel,
        group=given.group,
        minimum=None if given.minimum is None else Money.from_float_down(given.minimum, currency),
        target_driven=given.target_driven,
    )


def _figures(given: GivenBudget, products: Sequence[Product], place: dict[str, int]) -> dict[str, float]:
    """One day of a budget: what is not given follows from what is."""
    at = place.get(given.products[0], -1) if given.products else -1
    product = products[at] if at >= 0 else None
    spend = given.now if given.spend is None else given.spend
    clicks = spend if given.clicks is None else given.clicks
    price = product.price.to_float() if product is not None and product.price is not None else None
    revenue = given.revenue
    if given.roas is not None:
        revenue = spend * given.roas
    elif given.net_roas is not None:
        refunds = (product.return_rate if product is not None else None) or 0.0
        revenue = spend * given.net_roas / (1 - refunds)
    orders = given.orders
    if orders is None:
        orders = revenue / price if revenue is not None and price else clicks * USUAL_RATE
    if revenue is None:
        revenue = orders * (price or 100.0)
    return {
        "product": at,
        "impressions": round(clicks * 50),
        "clicks": clicks,
        "spend": spend,
        "orders": orders,
        "units": orders,
        "revenue": revenue,
    }


def _products(case: Case, written: Sequence[Product]) -> list[Product]:
    """Those of products.csv that the case names, with what it says of them."""
    own = {str(product.id): product for product in written}
    named = {name for budget in case.test.given.budgets for name in budget.products}
    given = {one.id: one for one in case.test.given.products}
    result = []
    for name in sorted(named | set(given)):
        product = own.get(name, Product(ProductId(name)))
        result.append(_changed(product, given[name]) if name in given else product)
    return result


def _changed(product: Product, given: GivenProduct) -> Product:
    said = given.model_dump(exclude_unset=True, exclude={"id", "cover", "price", "tags"})
    if given.tags is not None:
        said["tags"] = frozenset(given.tags)
    if given.price is not None and product.price is not None:
        said["price"] = Money.from_float_down(given.price, product.price.currency)
    return replace(product, **said)


def _with_cover(case: Case, products: Sequence[Product], columns: dict[str, list[float]]) -> list[Product]:
    """Stock that lasts as long as a case says, at the units a day of the days before (as rules count them)."""
    covers = {one.id: one.cover for one in case.test.given.products if one.cover is not None}
    today = day_number(case.test.day)
    result = []
    for index, product in enumerate(products):
        cover = covers.get(str(product.id))
        if cover is None:
            result.append(product)
            continue
        rows = zip(columns["product"], columns["day"], columns["units"], strict=True)
        sold = sum(units for at, day, units in rows if at == index and day >= today - 14) / 14
        result.append(replace(product, stock=round(cover * sold)))
    return result
