"""Everything known → Snapshot: reports, budgets as read, products, what bidder did before.

Called by :mod:`bidder.cycle` with what the store holds, and by `bidder plan --history` with a bare file. No clock here:
the instant and the day that are decided come from the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np

from bidder.account_day import AccountDay
from bidder.activity import Activity
from bidder.catalog import Account, Budget, BudgetStatus, Mode, Product
from bidder.errors import ConfigError, Fault
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.in_force import AmountRead, with_amounts
from bidder.money import NO_CURRENCY, Currency, Money, minor_unit
from bidder.promotion import Promotion
from bidder.report_rows import finest, last_day, rows_of, spent_month
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, History, Hot, IntArray, Snapshot, day_number

__all__ = ["Known", "gather"]

RECENT_DAYS = 7
"""A budget that a file does not name is taken as the mean spend of this many last days (PRODUCT 3, `plan`)."""


@dataclass(frozen=True, slots=True)
class Known:
    """What else is known beside the reports; all empty for a bare file."""

    accounts: Sequence[Account] = ()
    budgets: Sequence[Budget] = ()
    products: Sequence[Product] = ()
    exchange: Mapping[Currency, float] = field(default_factory=dict)
    """Shop currency per unit of another."""
    exchange_days: Mapping[Currency, date] = field(default_factory=dict)
    """The day that each rate is of."""
    stale_rates: Mapping[Currency, str] = field(default_factory=dict)
    """Why a rate is too old to move budgets by: they stay, and count at it."""
    changed: Mapping[BudgetId, int] = field(default_factory=dict)
    unresolved: Mapping[BudgetId, Money] = field(default_factory=dict)
    foreign: Mapping[BudgetId, datetime] = field(default_factory=dict)
    activity: Activity = field(default_factory=Activity.empty)
    calendar: Sequence[Promotion] = ()
    changed_at: Mapping[BudgetId, datetime] = field(default_factory=dict)
    hot: Mapping[str, Mapping[ProductId, Hot]] = field(default_factory=dict)
    amounts: Sequence[AmountRead] = ()
    """Changes of amounts as read back, oldest first: what was in force on days whose report does not say."""
    versions: Reports | None = None
    """Every reading of the last weeks' rows, older ones too: how late orders come in is learnt from them."""


def gather(
    reports: Reports,
    known: Known,
    *,
    currency: Currency | None = None,
    day: date | None = None,
    as_of: datetime | None = None,
) -> Snapshot:
    """The Snapshot for one decision.

    `day` (default: the day after the last reported one) is decided; only earlier days are looked at. `as_of` defaults
    to the first instant of that day. `currency` is the shop's; by default the only one that the reports name.
    Configured accounts in a currency without a rate are left out, and the Snapshot says so (`unpriced`).
    Raises ConfigError when there is nothing to decide on, or two currencies and no rate between them.
    """
    if not len(reports) and not known.budgets:
        raise ConfigError([Fault(None, "nothing is known yet: import a report first (bidder import FILE)")])
    decided = day or date.fromordinal(last_day(reports) + EPOCH_ORDINAL + 1)
    reports = rows_of(reports, reports.day < day_number(decided))
    reports = finest(with_amounts(reports, known.amounts, as_of))
    accounts = _accounts(reports, known)
    shop_currency = currency or _only_currency(accounts, known)
    reports, known = _of_the_shop(reports, known, {shop_currency, NO_CURRENCY, *known.exchange})
    unpriced = _unpriced(accounts, reports, known, shop_currency)
    if unpriced and (not known.accounts or len(unpriced) == len(accounts)):
        one_at_a_time = "plan one account at a time with --account"
        raise ConfigError([Fault(None, f"{what}; {one_at_a_time}") for what in unpriced.values()])
    if unpriced:
        accounts = tuple(one for one in accounts if one.id not in unpriced)
        known = replace(
            known,
            accounts=accounts,
            budgets=[b for b in known.budgets if b.id.account not in unpriced],
        )
        reports = rows_of(reports, np.array([name not in unpriced for name in reports.account], dtype=np.bool_))
    derived, position, row_budget = _budgets(reports, known)
    products, row_product = _products(reports, known, derived)
    meant = _by_campaign(derived, products)
    row_product = _named(row_budget, row_product, meant)
    budgets = [_with_products(b, i, row_budget, row_product, products, meant) for i, b in enumerate(derived)]
    history = _history(reports, row_budget, row_product)
    zone = accounts[0].timezone if accounts else "UTC"
    snapshot = Snapshot.build(
        as_of=as_of or AccountDay(zone, decided).start_at,
        day=decided,
        currency=shop_currency,
        accounts=accounts,
        budgets=budgets,
        products=products,
        history=history,
        spent_month=spent_month(reports, decided, shop_currency, known.exchange),
        exchange=known.exchange,
        changed={b: d for b, d in known.changed.items() if b in position},
        unresolved={b: m for b, m in known.unresolved.items() if b in position},
        foreign={b: at for b, at in known.foreign.items() if b in position},
        activity=known.activity.select(known.activity.day < day_number(decided)),
        calendar=known.calendar,
        changed_at={b: at for b, at in known.changed_at.items() if b in position},
        hot=known.hot,
        versions=_versions(known.versions, decided, as_of, position, products, meant),
    )
    return replace(
        snapshot,
        exchange_days=known.exchange_days,
        unpriced=unpriced,
        held={one.id: known.stale_rates[one.currency] for one in snapshot.budgets if one.currency in known.stale_rates},
    )


def _of_the_shop(reports: Reports, known: Known, countable: set[Currency]) -> tuple[Reports, Known]:
    """Without what accounts that are not configured left in the store, where no rate counts it.

    A store may have been another shop's before. What such accounts spent in money that counts stays in the month.
    """
    if not known.accounts:
        return reports, known
    configured = {account.id for account in known.accounts}
    seen = set(zip(reports.account.tolist(), reports.currency.tolist(), strict=True))
    left = {
        (name, code) for name, code in seen if AccountId(name) not in configured and Currency(code) not in countable
    }
    if left:
        pairs = zip(reports.account.tolist(), reports.currency.tolist(), strict=True)
        reports = rows_of(reports, np.array([pair not in left for pair in pairs], dtype=np.bool_))
    budgets = [one for one in known.budgets if one.id.account in configured]
    products = [_priced(one, countable) for one in known.products]
    return reports, replace(known, budgets=budgets, products=products)


def _priced(product: Product, known: set[Currency]) -> Product:
    """A product without the money that no rate turns into the shop's: unknown, not zero."""
    price, cost = (None if one is None or one.currency not in known else one for one in (product.price, product.cost))
    return product if (price, cost) == (product.price, product.cost) else replace(product, price=price, cost=cost)


def _unpriced(accounts: Sequence[Account], reports: Reports, known: Known, shop: Currency) -> dict[AccountId, str]:
    """Accounts with money in a currency that has no rate, and why each cannot be planned with the others."""
    seen: dict[AccountId, set[Currency]] = {account.id: {account.currency} for account in accounts}
    for budget in known.budgets:
        seen.setdefault(budget.id.account, set()).add(budget.currency)
    for name, code in set(zip(reports.account.tolist(), reports.currency.tolist(), strict=True)):
        seen.setdefault(AccountId(name), set()).add(Currency(code))
    found = {}
    for account in accounts:
        lacking = sorted(seen[account.id] - {shop} - set(known.exchange))
        if lacking:
            found[account.id] = f"account {account.id} is in {lacking[0]}, the plan in {shop}: no rate between them"
    return found


def _history(reports: Reports, row_budget: IntArray, row_product: IntArray) -> History:
    """Rows as a decision sees them; those of no budget are left out."""
    history = History.of(
        {
            "budget": row_budget,
            "product": row_product,
            "day": reports.day,
            "impressions": reports.impressions,
            "clicks": reports.clicks,
            "spend": _major(reports.spend),
            "orders": reports.orders,
            "units": reports.units,
            "revenue": _major(reports.revenue),
            "amount": _major(reports.amount),
            "observed": reports.observed,
        }
    )
    return history.select(history.budget >= 0)


def _versions(
    versions: Reports | None,
    decided: date,
    as_of: datetime | None,
    position: Mapping[BudgetId, int],
    products: Sequence[Product],
    meant: Sequence[Sequence[int]],
) -> History | None:
    """Every reading up to the instant, pointed at the same budgets and products as the newest ones."""
    if versions is None or not len(versions):
        return None
    if as_of is not None:
        versions = rows_of(versions, versions.observed <= as_of.timestamp())
    rows = finest(rows_of(versions, versions.day < day_number(decided)))
    budgets = {(str(budget.account), budget.native): index for budget, index in position.items()}
    pairs = zip(rows.account.tolist(), rows.budget.tolist(), strict=True)
    row_budget = np.array([budgets.get(pair, -1) for pair in pairs], dtype=np.int64)
    place = {str(product.id): index for index, product in enumerate(products)}
    row_product = np.array([place.get(name, -1) for name in rows.product.tolist()], dtype=np.int64)
    return _history(rows, row_budget, _named(row_budget, row_product, meant))


def _accounts(reports: Reports, known: Known) -> tuple[Account, ...]:
    """The configured accounts; without any, those that the reports name."""
    if known.accounts:
        return tuple(known.accounts)
    found: dict[str, Account] = {}
    for name, code, zone in zip(reports.account, reports.currency, reports.zone, strict=True):
        one = found.get(name)
        if one is None or one.currency == NO_CURRENCY:
            # a plan from exports is a proposal: a person types it in
            found[name] = Account(AccountId(name), name, Currency(code), zone, Mode.PROPOSE)
        elif code not in (one.currency, NO_CURRENCY):
            fault = f"account {name} has figures in {one.currency} and in {code}: import them under two --account names"
            raise ConfigError([Fault(None, fault)])
    return tuple(found.values())


def _only_currency(accounts: Sequence[Account], known: Known) -> Currency:
    currencies = sorted({account.currency for account in accounts} | {budget.currency for budget in known.budgets})
    if len(currencies) > 1:
        what = f"the accounts are in {', '.join(currencies)}: plan one at a time with --account"
        raise ConfigError([Fault(None, what)])
    return currencies[0] if currencies else NO_CURRENCY


def _budgets(reports: Reports, known: Known) -> tuple[list[Budget], dict[BudgetId, int], IntArray]:
    """Budgets as read from platforms, and for accounts without any reading those that the reports imply."""
    budgets = list(known.budgets)
    read = {budget.id.account for budget in budgets}
    position = {budget.id: index for index, budget in enumerate(budgets)}
    row_budget = np.full(len(reports), -1, dtype=np.int64)
    rows_by_name: dict[tuple[str, str], list[int]] = {}
    for row, name in enumerate(zip(reports.account.tolist(), reports.budget.tolist(), strict=True)):
        rows_by_name.setdefault(name, []).append(row)
    configured = {account.id for account in known.accounts}
    for (account, native), rows in rows_by_name.items():
        budget_id = BudgetId(AccountId(account), native)
        if budget_id not in position:
            if budget_id.account in read or (configured and budget_id.account not in configured):
                continue  # the platform no longer has it, or nobody asked for that account
            position[budget_id] = len(budgets)
            budgets.append(_implied(budget_id, rows, reports))
        row_budget[rows] = position[budget_id]
    return budgets, position, row_budget


def _implied(budget_id: BudgetId, rows: list[int], reports: Reports) -> Budget:
    """A budget known from reports alone: its last stated amount, else the mean spend of the last days."""
    index = np.array(rows, dtype=np.int64)
    newest = int(index[np.argmax(reports.day[index])])
    currency = Currency(str(reports.currency[newest]))
    stated = index[reports.amount[index] != UNKNOWN_MICROS]
    if len(stated):
        now = Money(int(reports.amount[stated[np.argmax(reports.day[stated])]]), currency)
    else:
        days = min(RECENT_DAYS, last_day(reports) - int(reports.day.min()) + 1)
        recent = index[reports.day[index] > last_day(reports) - days]
        spent = sum(int(micros) for micros in reports.spend[recent] if micros != UNKNOWN_MICROS)
        unit = minor_unit(currency)
        now = Money(round(spent / days / unit) * unit, currency)
    return Budget(
        id=budget_id,
        name=str(reports.name[newest]) or budget_id.native,
        currency=currency,
        now=now,
        read_at=None,
        campaigns=tuple(sorted({str(campaign) for campaign in reports.campaign[index] if campaign})),
        channel=str(reports.channel[newest]),
        group=str(reports.group[newest]),
        # nothing was spent for a week: somebody stopped it, and bidder starts nothing that a person stopped
        status=BudgetStatus.ACTIVE if now else BudgetStatus.PAUSED,
    )


def _products(reports: Reports, known: Known, budgets: Sequence[Budget]) -> tuple[list[Product], IntArray]:
    products = list(known.products)
    place: dict[str, int] = {str(product.id): index for index, product in enumerate(products)}
    named = [*reports.product.tolist(), *(str(p) for budget in budgets for p in budget.products)]
    for name in dict.fromkeys(named):
        if name and name not in place:
            place[name] = len(products)
            products.append(Product(ProductId(name)))
    row_product = np.array([place.get(name, -1) for name in reports.product], dtype=np.int64)
    return products, row_product


def _by_campaign(budgets: Sequence[Budget], products: Sequence[Product]) -> list[list[int]]:
    """For each budget the products that say in products.csv that its campaigns advertise them."""
    of: dict[str, set[int]] = {}
    for place, product in enumerate(products):
        for campaign in product.campaigns:
            of.setdefault(campaign, set()).add(place)
    return [
        sorted({place for campaign in {*budget.campaigns, budget.id.native} for place in of.get(campaign, ())})
        for budget in budgets
    ]


def _named(row_budget: IntArray, row_product: IntArray, meant: Sequence[Sequence[int]]) -> IntArray:
    """Rows that name no product get the only one that their budget's campaigns advertise."""
    only = np.array([places[0] if len(places) == 1 else -1 for places in meant] + [-1], dtype=np.int64)
    return np.where(row_product < 0, only[row_budget], row_product)


def _with_products(
    budget: Budget,
    index: int,
    row_budget: IntArray,
    row_product: IntArray,
    products: Sequence[Product],
    meant: Sequence[Sequence[int]],
) -> Budget:
    """A budget whose platform names no products carries those that its reports or its campaigns name."""
    if budget.products:
        return budget
    carried = sorted(set(row_product[row_budget == index].tolist()) - {-1}) or meant[index]
    return replace(budget, products=tuple(sorted(products[i].id for i in carried)))


def _major(micros: IntArray) -> FloatArray:
    return np.where(micros == UNKNOWN_MICROS, np.nan, micros / 1e6)
