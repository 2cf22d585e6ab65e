"""A refund claim's proof as CSV, from the store alone: `bidder journal --evidence`, and the page's download.

One line an event, oldest first: `set` (asked of the platform, with what it answered), `read` (another amount was read
back), `foreign` (somebody else moved it), `spent` (what the platform itself reported of a day, and when it said so).
`budget` is a budget, or a bid or target as `account/kind:number`, whose values are in its own unit.
Instants are UTC; amounts are in the account's own currency.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, TextIO

from bidder.bidding import shown
from bidder.errors import ConfigError, Fault, Source
from bidder.snapshot import day_number
from bidder.store.protocol import StoreReader

__all__ = ["Event", "evidence", "write_evidence"]

DAYS_BACK = 35


class Event(NamedTuple):
    """A line of the CSV."""

    at: str
    account: str
    budget: str
    event: str
    amount: str
    currency: str
    day: str
    detail: str
    journal_line: str


def write_evidence(store: StoreReader, since: str | None, account: str | None, to: TextIO) -> None:
    """Writes the CSV. Raises ConfigError for a day that is none."""
    try:
        first = date.fromisoformat(since) if since else datetime.now(UTC).date() - timedelta(days=DAYS_BACK)
    except ValueError as e:
        raise ConfigError([Fault(Source("--since"), f"expected YYYY-MM-DD, was {since!r}")]) from e
    out = csv.writer(to, lineterminator="\n")
    out.writerow(Event._fields)
    out.writerows(_safe(one) for one in evidence(store, first) if account in (None, one.account))


def evidence(store: StoreReader, first: date) -> list[Event]:
    """Everything since the first instant of a day in UTC, oldest first."""
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return sorted([*_set(store, since), *_read(store, since), *_spent(store, first)])


def _set(store: StoreReader, since: datetime) -> Iterator[Event]:
    for line in store.journal():
        if line.at < since:
            return
        facts = line.facts
        what = str(facts.get("budget") or facts.get("lever") or "")
        account, _, _ = what.partition("/")
        at = line.at.isoformat()
        if line.kind in ("outcome", "bid_outcome"):
            said = f"{facts['result']}: {facts.get('reason', 'read back')}; before {facts.get('before', '?')}"
            said += f"; in force {facts['actual']}" if "actual" in facts else ""
            yield Event(at, account, what, "set", facts["after"], facts["currency"], "", said, str(line.number))
        elif line.kind in ("foreign_edit", "bid_foreign_edit"):
            said = f"expected {facts['expected']}; somebody else set it"
            amount, currency = facts["found"], facts["currency"]
            yield Event(at, account, what, "foreign", amount, currency, "", said, str(line.number))


def _read(store: StoreReader, since: datetime) -> Iterator[Event]:
    for budget, at, amount in store.budget_history(since):
        yield Event(at.isoformat(), budget.account, str(budget), "read", str(amount), amount.currency, "", "", "")
    currencies = {one.id: one.currency for one in store.levers()}
    for lever, at, value in store.lever_history(since):
        currency = currencies.get(lever, "")
        yield Event(at.isoformat(), lever.account, str(lever), "read", shown(value), currency, "", "", "")


def _spent(store: StoreReader, first: date) -> Iterator[Event]:
    reports = store.report_versions(day_number(first))
    for row in range(len(reports)):
        one = reports.observation(row)
        spend = one.performance.spend
        if spend is None:
            continue
        what = f"campaign {one.campaign}" + (f", product {one.product}" if one.product else "")
        what += "" if one.performance.clicks is None else f", {one.performance.clicks} clicks"
        at, day = one.observed_at.isoformat(), one.day.date.isoformat()
        yield Event(at, one.account, str(one.budget), "spent", str(spend), spend.currency, day, what, "")


def _safe(one: Event) -> list[str]:
    """Cells that a spreadsheet would take for a formula are quoted: names come from platforms."""
    return [f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in one]
