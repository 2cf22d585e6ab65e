"""The families about money and what it bought: day totals, counters, budgets, each by account and by product.

Held by :class:`bidder.instrumentation.metrics.Metrics`, which keeps the lock: no method here is called without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus, Mode
from bidder.ids import AccountId, BudgetId
from bidder.instrumentation.facts import ShopFacts
from bidder.instrumentation.families import FIGURES, OTHER, Families
from bidder.instrumentation.products import Membership, product_label
from bidder.instrumentation.totals import DayTotals, Growth, to_units
from bidder.money import Money
from bidder.reports import Reports
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, day_number

if TYPE_CHECKING:
    from bidder.decide import Decision

__all__ = ["AdFigures"]

_WORTH_PACING = 0.01  # below this share of the plan the pace is noise


@dataclass(slots=True)
class _AccountFigures:
    """What is remembered of one account. Budgets map to (products, amount in the reporting currency)."""

    totals: DayTotals = field(default_factory=DayTotals)
    current: dict[BudgetId, float] = field(default_factory=dict)
    planned: dict[BudgetId, float] = field(default_factory=dict)
    applied: dict[BudgetId, float] = field(default_factory=dict)
    products: dict[BudgetId, tuple[str, ...]] = field(default_factory=dict)
    planned_by_day: dict[int, float] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)


class AdFigures:
    """Day totals as counters and gauges, and budgets now, planned and applied."""

    def __init__(self, families: Families, facts: ShopFacts) -> None:
        self._families = families
        self._facts = facts
        self._accounts: dict[AccountId, _AccountFigures] = {}
        self._membership = Membership(facts.top_products)
        self._fresh: set[str] = set()
        self._shown = False
        self._names: dict[str, str] = {}
        self._changed: set[str] = set()
        self.configured(facts)

    def configured(self, facts: ShopFacts) -> None:
        """Gives every account its label sets at zero, and takes those of removed accounts away."""
        f = self._families
        for gone in {account.id: account for account in self._facts.accounts}.keys() - {a.id for a in facts.accounts}:
            del self._accounts[gone]
            for family in (*f.total.values(), *f.day.values(), *f.product_total.values(), *self._by_account()):
                family.remove_by_labels({"account": gone})
        self._facts = facts
        f.account_info.clear()
        for account in facts.accounts:
            self._accounts.setdefault(account.id, _AccountFigures())
            labels = self._labels(account)
            f.account_info.labels(*labels, account.currency, account.timezone).set(1)
            f.restatements.labels(*labels)
            for figure in FIGURES:
                f.total[figure].labels(*labels)
                f.product_total[figure].labels(*labels, OTHER)
            f.budget_day_limit.labels(*labels).set(facts.account_limit(account.id))
        limit = None if facts.day_limit is None else facts.amount(facts.day_limit)
        f.shop_budget_day_limit.labels(facts.shop).set(float("inf") if limit is None else limit)
        f.folded_products.labels(facts.shop)

    def remembered(self, account: AccountId, reports: Reports) -> None:
        """What the store held before this start: counters go on from there."""
        self._accounts[account].totals.remember(_only(account, reports))

    def reported(self, account: AccountId, reports: Reports, at: datetime, share_of_day: float | None) -> None:
        """Books a poll's totals: counters by what they grew, and the day's gauges all at once."""
        figures, one = self._accounts[account], self._facts_of(account)
        rate = self._facts.rate(one.currency)
        growth = figures.totals.take(_only(account, reports))
        if growth is None or rate is None:
            return
        labels = self._labels(one)
        self._choose(at)
        for figure, value in zip(FIGURES, to_units(growth.account, rate), strict=True):
            self._families.total[figure].labels(*labels).inc(float(value))
        if growth.restated:
            self._families.restatements.labels(*labels).inc()
        self._book_products(figures, labels, to_units(growth.products, rate))
        self._swap_day(one, figures, growth, rate, at, share_of_day)

    def _swap_day(
        self,
        account: Account,
        figures: _AccountFigures,
        growth: Growth,
        rate: float,
        at: datetime,
        share_of_day: float | None,
    ) -> None:
        """The day gauges, its start and what should be spent by now describe one and the same day."""
        labels, day = self._labels(account), AccountDay(account.timezone, date.fromordinal(growth.day + EPOCH_ORDINAL))
        for figure, value in zip(FIGURES, to_units(growth.today, rate), strict=True):
            self._families.day[figure].labels(*labels).set(float(value))
        self._families.day_start.labels(*labels).set(day.start_at.timestamp())
        spent = float(to_units(growth.today, rate)[FIGURES.index("spend")])
        earlier = [d for d in figures.planned_by_day if d <= growth.day]
        plan = figures.planned_by_day[max(earlier)] if earlier else sum(figures.current.values())
        if not plan:
            return
        share = (at - day.start_at) / day.length if share_of_day is None else share_of_day
        expected = plan * min(max(share, 0.0), 1.0)
        self._families.expected_day_spend.labels(*labels).set(expected)
        if expected < _WORTH_PACING * plan:
            self._families.pacing_ratio.remove_by_labels({"account": account.id})
        else:
            self._families.pacing_ratio.labels(*labels).set(spent / expected)

    def _book_products(self, figures: _AccountFigures, labels: tuple[str, ...], grown: FloatArray) -> None:
        """Each product's growth goes to its own series or to `other`, at the moment it is seen.

        A product that gets its series while scrapes go on stays in `other` until one has shown the series at zero, or
        `increase()` would miss its first step. Before the first scrape nobody has seen any step.
        """
        own = self._membership.members - self._fresh
        for product, row in figures.totals.products.items():
            if product in self._membership.members and product not in figures.seen:
                figures.seen.add(product)
                for figure in FIGURES:
                    self._families.product_total[figure].labels(*labels, product_label(product))
            if row >= len(grown) or not grown[row].any():
                continue
            label = product_label(product) if product in own else OTHER
            for figure, value in zip(FIGURES, grown[row], strict=True):
                self._families.product_total[figure].labels(*labels, label).inc(float(value))

    def budgets_read(self, account: AccountId, budgets: Iterable[Budget]) -> None:
        """What the platform's active budgets are now."""
        figures = self._accounts[account]
        figures.current = {}
        for budget in budgets:
            figures.products[budget.id] = tuple(budget.products)
            amount = None if budget.now is None else self._facts.amount(budget.now)
            if amount is not None and budget.status is BudgetStatus.ACTIVE:
                figures.current[budget.id] = amount
        labels = self._labels(self._facts_of(account))
        self._families.budget_current.labels(*labels).set(sum(figures.current.values()))
        self._show_budgets(account)

    def planned(self, decision: Decision) -> None:
        """The accepted plan of a day: what each active budget shall be."""
        budgets, day = decision.snapshot.budgets, decision.snapshot.day
        amounts = {change.budget: change.after for change in decision.plan.changes}
        self._names = {str(product.id): product.name for product in decision.snapshot.products}
        self._changed = set()
        by_account: dict[AccountId, dict[BudgetId, float]] = {account.id: {} for account in self._facts.accounts}
        for budget in budgets:
            after = self._facts.amount(amounts[budget.id])
            if budget.status is not BudgetStatus.ACTIVE or after is None or budget.id.account not in by_account:
                continue
            by_account[budget.id.account][budget.id] = after
            self._accounts[budget.id.account].products[budget.id] = tuple(budget.products)
            if amounts[budget.id] != budget.now:
                self._changed.update(budget.products)
        for account in self._facts.accounts:
            figures = self._accounts[account.id]
            figures.planned = by_account[account.id]
            figures.planned_by_day[day_number(day)] = sum(figures.planned.values())
            for old in sorted(figures.planned_by_day)[:-8]:
                del figures.planned_by_day[old]
            self._families.budget_planned.labels(*self._labels(account)).set(sum(figures.planned.values()))
            self._show_budgets(account.id)
        self.confirmed(_left_alone(decision))

    def confirmed(self, amounts: Mapping[BudgetId, Money]) -> None:
        """Amounts that were read back as they should be: written ones, and those that a plan left as they were."""
        for account in self._facts.accounts:
            figures = self._accounts[account.id]
            ours = {budget: self._facts.amount(m) for budget, m in amounts.items() if budget.account == account.id}
            figures.applied.update({budget: amount for budget, amount in ours.items() if amount is not None})
            if figures.applied:
                self._families.budget_applied.labels(*self._labels(account)).set(sum(figures.applied.values()))
                self._show_budgets(account.id)

    @property
    def members(self) -> set[str]:
        """The products that have series of their own now."""
        return self._membership.members

    def scraped(self) -> None:
        """An exposition has shown every series that exists: new ones may move from now on."""
        self._shown = True
        self._fresh.clear()

    def _choose(self, at: datetime) -> None:
        """Who has series of their own: chosen at most once an hour."""
        spend: dict[str, float] = {}
        for account in self._facts.accounts:
            totals, rate = self._accounts[account.id].totals, self._facts.rate(account.currency)
            for (product, _), micros in zip(totals.products.items(), totals.week_spend(), strict=True):
                spend[product] = spend.get(product, 0.0) + float(micros) * (rate or 0.0)
        turnover = self._membership.choose(spend, self._changed, at)
        self._fresh |= turnover.entered if self._shown else set()
        for product in sorted(turnover.left):
            for family in (*self._families.product_total.values(), *self._product_budgets()):
                family.remove_by_labels({"product": product_label(product)})
            for figures in self._accounts.values():
                figures.seen.discard(product)
        shop, members = self._facts.shop, self._membership.members
        known = {product for figures in self._accounts.values() for product in figures.totals.products if product}
        self._families.folded_products.labels(shop).set(len(known - members))
        if turnover.entered or turnover.left:
            self._families.product_info.clear()
            for product in members:
                name = (self._names.get(product) or product)[:64]
                self._families.product_info.labels(shop, product_label(product), name).set(1)
            for account in self._facts.accounts:
                self._show_budgets(account.id)

    def _show_budgets(self, account: AccountId) -> None:
        """Budgets by product: one that carries several counts in equal parts, one that names none in `other`."""
        figures, labels = self._accounts[account], self._labels(self._facts_of(account))
        kinds = (figures.current, figures.planned, figures.applied)
        for family, amounts in zip(self._product_budgets(), kinds, strict=True):
            family.remove_by_labels({"account": account})
            sums: dict[str, float] = {OTHER: 0.0} if amounts else {}
            for budget, amount in amounts.items():
                products = figures.products.get(budget, ())
                for product in products or ("",):
                    label = product_label(product) if product in self._membership.members else OTHER
                    sums[label] = sums.get(label, 0.0) + amount / max(len(products), 1)
            for label, amount in sums.items():
                family.labels(*labels, label).set(amount)

    def _product_budgets(self) -> tuple[Gauge, ...]:
        f = self._families
        return f.product_budget_current, f.product_budget_planned, f.product_budget_applied

    def _by_account(self) -> tuple[Gauge | Counter, ...]:
        f = self._families
        gauges = (f.budget_current, f.budget_planned, f.budget_applied, f.budget_day_limit)
        return (*gauges, f.expected_day_spend, f.pacing_ratio, f.day_start, f.restatements, *self._product_budgets())

    def _facts_of(self, account: AccountId) -> Account:
        return next(one for one in self._facts.accounts if one.id == account)

    def _labels(self, account: Account) -> tuple[str, str, str]:
        return self._facts.shop, account.platform, account.id


def _only(account: AccountId, reports: Reports) -> Reports:
    """The rows of one account."""
    mask = reports.account == account
    return reports if bool(mask.all()) else Reports(**{f.name: getattr(reports, f.name)[mask] for f in fields(Reports)})


def _left_alone(decision: Decision) -> dict[BudgetId, Money]:
    """Budgets of accounts in mode apply that are to stay as they were read: confirmed without a write."""
    writing = {account.id for account in decision.snapshot.accounts if account.mode is Mode.APPLY}
    unmoved = [change for change in decision.plan.changes if not change.moves and change.budget.account in writing]
    return {change.budget: change.after for change in unmoved}
