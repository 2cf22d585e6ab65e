"""budgets.csv: today's daily budgets of accounts that nobody can ask, as a person reads them off the platform.

Columns: budget (`account/id`, or account and campaign apart), amount; name, channel, group, products (separated by
spaces), minimum, maximum where known. Amounts are in the account's currency and whole units are written.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from bidder.catalog import Account, Budget
from bidder.errors import Fault, Source
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Money
from bidder.store.protocol import BudgetReading

__all__ = ["COLUMNS", "BudgetSheet", "as_written", "read_budgets"]

COLUMNS = ("budget", "account", "campaign", "amount", "name", "channel", "group", "products", "minimum", "maximum")
_SAME = {"daily_budget": "amount", "日预算": "amount", "计划id": "campaign", "计划名称": "name", "预算": "amount"}
_MOST = Decimal(10) ** 9


@dataclass(slots=True)
class BudgetSheet:
    """What was read, and what was wrong with it."""

    budgets: list[Budget] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_budgets(content: bytes, file: str, accounts: Sequence[Account]) -> BudgetSheet:
    """The budgets of a CSV file (UTF-8 or GB18030), every fault with its line."""
    sheet = BudgetSheet()
    text = _decoded(content)
    if text is None:
        sheet.faults.append(Fault(Source(file), "expected a CSV file in UTF-8, was something else"))
        return sheet
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as e:
        sheet.faults.append(Fault(Source(file), f"the cells cannot be told apart ({e})"))
        return sheet
    header = [_SAME.get(name.casefold(), name.casefold()) for name in rows[0][1]] if rows else []
    unknown = [name for name in header if name not in COLUMNS]
    needed = "amount" in header and ("budget" in header or {"account", "campaign"} <= set(header))
    if not needed or unknown or len(set(header)) != len(header):
        what = f"no such column: {', '.join(unknown)}" if unknown else "expected the columns budget,amount once each"
        sheet.faults.append(Fault(Source(file, 1, 1), f"{what}; there are {', '.join(COLUMNS)}"))
        return sheet
    seen: dict[BudgetId, int] = {}
    by_name = {account.id: account for account in accounts}
    for line, cells in rows[1:]:
        place = Source(file, line)
        if len(cells) != len(header):
            sheet.faults.append(Fault(place, f"expected {len(header)} cells as in the header, was {len(cells)}"))
            continue
        budget = _budget(dict(zip(header, cells, strict=True)), by_name, place, sheet.faults)
        if budget is None:
            continue
        if budget.id in seen:
            sheet.faults.append(Fault(place, f"{budget.id}: stands in line {seen[budget.id]} already"))
            continue
        seen[budget.id] = line
        sheet.budgets.append(budget)
    return sheet


def as_written(
    readings: Sequence[BudgetReading], path: Path, accounts: Sequence[Account], now: datetime
) -> list[BudgetReading]:
    """The readings with what budgets.csv says where it was saved after them; a broken or missing file says nothing."""
    try:
        saved_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        sheet = read_budgets(path.read_bytes(), str(path), accounts)
    except OSError:
        return list(readings)
    known = {one.budget.id: one for one in readings}
    if not sheet.faults and saved_at <= now:
        for budget in sheet.budgets:
            if budget.id not in known or known[budget.id].read_at < saved_at:
                known[budget.id] = BudgetReading(replace(budget, read_at=saved_at), saved_at)
    return list(known.values())


def _budget(
    row: Mapping[str, str], accounts: Mapping[AccountId, Account], place: Source, faults: list[Fault]
) -> Budget | None:
    try:
        name = row.get("budget") or f"{row.get('account', '')}/{row.get('campaign', '')}"
        budget = BudgetId.parse(name)
    except ValueError as e:
        faults.append(Fault(place, f"budget: {e}"))
        return None
    account = accounts.get(budget.account)
    if account is None:
        faults.append(Fault(place, f"budget: no account {budget.account} is configured"))
        return None
    amounts: dict[str, Money | None] = {}
    for column in ("amount", "minimum", "maximum"):
        text = row.get(column, "").replace(",", "").removeprefix("¥").removeprefix("￥")
        try:
            value = Decimal(text) if text else None
        except InvalidOperation:
            value = Decimal("NaN")
        if value is not None and not (value.is_finite() and 0 < value <= _MOST):
            faults.append(Fault(place, f"{column}: expected an amount above 0 such as 300, was {row[column]!r}"))
            return None
        amounts[column] = None if value is None else Money.parse(value, account.currency)
    if amounts["amount"] is None:
        faults.append(Fault(place, "amount: expected the daily budget in force, was an empty cell"))
        return None
    return Budget(
        id=budget,
        name=row.get("name", "") or budget.native,
        currency=account.currency,
        now=amounts["amount"],
        products=tuple(ProductId(one) for one in row.get("products", "").split()),
        channel=row.get("channel", ""),
        group=row.get("group", ""),
        minimum=amounts["minimum"],
        maximum=amounts["maximum"],
        step=Money.parse(1, account.currency),  # a person types whole units
    )


def _decoded(content: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None
