"""Store and StoreReader over SQLAlchemy Core, one transaction a call. The figures are in `observations`, the lines in
`journal`, budgets with their intents in `budgets`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bidder.activity import Activity, Pushed
from bidder.catalog import Budget, Product
from bidder.errors import StoreError
from bidder.ids import BudgetId, PlanId
from bidder.money import Money
from bidder.plan import Outcome, State
from bidder.reports import Reports
from bidder.store import activity as shop
from bidder.store import budgets, decisions, holds, journal, lease, observations, schema, tables
from bidder.store.codec import document_of, product_of
from bidder.store.database import Database, instant, micros_of
from bidder.store.lever_store import LeverReading, LeverWriting
from bidder.store.protocol import BudgetReading, FileContent, Intent, JournalLine, Lease, StoredPlan, Taken, Write
from bidder.watch.hold import Hold

__all__ = ["SqlReader", "SqlStore"]

STATE = "bidder:state"
STATUSES = frozenset({"proposed", "applied", "superseded", "rejected", "held"})


class SqlReader(LeverReading):
    """The saved state, read."""

    def __init__(self, url: str) -> None:
        self._database = Database(url, read_only=True)
        self._opened(schema.check)

    def _opened(self, ready: Any) -> None:
        try:
            ready(self._database)
        except BaseException:
            self._database.close()
            raise

    def reports(self, as_of: datetime | None = None, since_day: int | None = None) -> Reports:
        with self._database.reading() as connection:
            return observations.known(connection, as_of, since_day)

    def report_versions(self, since_day: int | None = None) -> Reports:
        with self._database.reading() as connection:
            return observations.versions(connection, since_day)

    def activity(self, as_of: datetime | None = None, since_day: int | None = None) -> Activity:
        with self._database.reading() as connection:
            return shop.known(connection, as_of, since_day)

    def budgets(self) -> Sequence[BudgetReading]:
        with self._database.reading() as connection:
            return budgets.readings(connection)

    def budget_history(self, since: datetime, *, standing: bool = False) -> Sequence[tuple[BudgetId, datetime, Money]]:
        with self._database.reading() as connection:
            return budgets.history(connection, since, standing=standing)

    def products(self) -> Sequence[Product]:
        query = select(tables.products.c.document).order_by(tables.products.c.id)
        with self._database.reading() as connection:
            return [product_of(document) for document in connection.execute(query).scalars()]

    def plan(self, plan: PlanId | None = None) -> StoredPlan | None:
        query = _plans().limit(1)
        if plan is not None:
            table = tables.plans
            query = select(table).where(table.c.id.startswith(plan, autoescape=True))
            query = query.order_by((table.c.id == plan).desc()).limit(2)
        with self._database.reading() as connection:
            found = [_plan(row) for row in connection.execute(query)]
        if len(found) > 1 and found[0].id != plan:
            raise StoreError(f"{self._database.where}: several plans begin with {plan}; write more of its id")
        return found[0] if found else None

    def plans(self, limit: int = 50, before: date | None = None) -> Sequence[StoredPlan]:
        query = _plans() if before is None else _plans().where(tables.plans.c.day < before.isoformat())
        with self._database.reading() as connection:
            return [_plan(row) for row in connection.execute(query.limit(limit))]

    def journal(
        self, limit: int | None = None, kind: str | None = None, since: datetime | None = None
    ) -> Sequence[JournalLine]:
        with self._database.reading() as connection:
            return journal.lines(connection, limit, kind, since)

    def verify_journal(self) -> str | None:
        with self._database.reading() as connection:
            return journal.verify(connection)

    def open_intents(self) -> Sequence[Intent]:
        with self._database.reading() as connection:
            return budgets.open_intents(connection)

    def writes(self, since: datetime) -> Sequence[Write]:
        with self._database.reading() as connection:
            return budgets.writes(connection, since)

    def holds(self, at: datetime | None = None) -> Sequence[Hold]:
        with self._database.reading() as connection:
            return holds.current(connection, at)

    def lease(self, name: str) -> Lease | None:
        with self._database.reading() as connection:
            return lease.newest(connection, name)

    def state_since(self) -> tuple[State, datetime | None, str]:
        saved = self.value(STATE)
        return (
            (State.ACTIVE, None, "")
            if saved is None
            else (State(saved["state"]), instant(saved["at"]), saved["reason"])
        )

    def last_changes(self) -> Mapping[BudgetId, int]:
        with self._database.reading() as connection:
            return budgets.last_changes(connection)

    def changed_at(self) -> Mapping[BudgetId, datetime]:
        with self._database.reading() as connection:
            return budgets.changed_at(connection)

    def state(self) -> State:
        saved = self.value(STATE)
        return State.ACTIVE if saved is None else State(saved["state"])

    def value(self, key: str) -> Any:
        with self._database.reading() as connection:
            text = connection.execute(select(tables.memory.c.value).where(tables.memory.c.key == key)).scalar()
        return None if text is None else json.loads(text)

    def as_one(self) -> AbstractContextManager[None]:
        return self._database.as_one()

    def close(self) -> None:
        """Releases the connections."""
        self._database.close()


class SqlStore(SqlReader, LeverWriting):
    """The saved state, read and written."""

    def __init__(self, url: str) -> None:
        self._database = Database(url, read_only=False)
        self._leases: dict[str, Lease] = {}
        self._opened(schema.migrate)

    def add_reports(self, reports: Reports) -> int:
        with self._database.writing() as connection:
            return observations.add(connection, reports)

    def import_files(self, files: Sequence[FileContent], at: datetime) -> Sequence[int]:
        added: list[int] = []
        with self._database.writing() as connection:
            for one in files:
                new = observations.add(connection, one.reports) + shop.add(connection, one.activity)
                new += _add_products(connection, one.products, micros_of(at), renew=True)
                added.append(new)
                journal.append(connection, "imported", at, {**one.facts, "new_rows": new})
        return added

    def add_activity(self, activity: Activity) -> int:
        with self._database.writing() as connection:
            return shop.add(connection, activity)

    def add_events(self, events: Sequence[Pushed], at: datetime) -> Sequence[Taken]:
        with self._database.writing() as connection:
            return shop.add_events(connection, events, at)

    def forget_events(self, before_day: int) -> None:
        with self._database.writing() as connection:
            shop.forget_events(connection, before_day)

    def add_budgets(self, budgets_read: Sequence[Budget], read_at: datetime) -> None:
        with self._database.writing() as connection:
            budgets.add(connection, budgets_read, read_at)

    def add_products(self, products: Sequence[Product], read_at: datetime) -> None:
        with self._database.writing() as connection:
            _add_products(connection, products, micros_of(read_at), renew=False)

    def append(self, kind: str, at: datetime, **facts: Any) -> JournalLine:
        with self._database.writing() as connection:
            return journal.append(connection, kind, at, facts)

    def save_plan(self, plan: StoredPlan) -> None:
        if plan.status not in STATUSES:
            raise StoreError(f"plan {plan.id}: no such status: {plan.status!r}")
        table = tables.plans
        row = {"id": plan.id, "decided_at": micros_of(plan.decided_at), "day": plan.day, "status": plan.status}
        with self._database.writing() as connection:
            changed = connection.execute(update(table).where(table.c.id == plan.id).values(status=plan.status))
            if not changed.rowcount:
                connection.execute(insert(table), {**row, "document": journal.canonical(dict(plan.document))})

    def decide_once(
        self, key: str, said: Any, plan: StoredPlan, at: datetime, facts: Mapping[str, Any], values: Mapping[str, Any]
    ) -> bool:
        with self._database.writing() as connection:
            return decisions.once(connection, self._leases.values(), key, said, plan, at, facts, values)

    def begin(self, plan: PlanId, budget: BudgetId, before: Money, after: Money, at: datetime) -> Intent:
        with self._database.writing() as connection:
            lease.verify(connection, self._leases.values())
            return budgets.begin(connection, plan, budget, before, after, at)

    def take_lease(
        self,
        name: str,
        holder: str,
        at: datetime,
        lasting: timedelta,
        gone: Callable[[str], bool] = lambda holder: False,  # noqa: ARG005 - nobody is known to have ended
    ) -> Lease:
        with self._database.writing() as connection:
            taken = lease.take(connection, name, holder, at, lasting, gone)
        self._leases = {**self._leases, name: taken}
        return taken

    def renew_lease(self, name: str, at: datetime, lasting: timedelta) -> Lease:
        with self._database.writing() as connection:
            return lease.renew(connection, self._leases[name], at, lasting)

    def release_lease(self, name: str) -> None:
        held = self._leases.get(name)
        if held is not None:
            with self._database.writing() as connection:
                lease.release(connection, held)
            self._leases = {other: one for other, one in self._leases.items() if other != name}

    def check_leases(self) -> None:
        with self._database.writing() as connection:
            lease.verify(connection, self._leases.values())

    def see_holds(
        self, seen: Sequence[Hold], at: datetime, checks: Collection[str]
    ) -> tuple[Sequence[Hold], Sequence[Hold]]:
        with self._database.writing() as connection:
            return holds.see(connection, seen, at, checks)

    def end_holds(self, item: str, at: datetime, reason: str) -> Sequence[Hold]:
        with self._database.writing() as connection:
            return holds.end(connection, item, at, reason)

    def set_plan_status(self, statuses: Collection[str], status: str, but: PlanId) -> int:
        table = tables.plans
        found = table.c.status.in_(sorted(statuses)) & (table.c.id != but)
        with self._database.writing() as connection:
            return int(connection.execute(update(table).where(found).values(status=status)).rowcount)

    def finish(self, intent: Intent, outcome: Outcome, at: datetime, day: int) -> None:
        with self._database.writing() as connection:
            budgets.finish(connection, intent, outcome, at, day)

    def set_state(self, state: State, at: datetime, reason: str) -> None:
        with self._database.writing() as connection:
            _remember(connection, STATE, {"state": state.value, "at": micros_of(at), "reason": reason})
            journal.append(connection, "state", at, {"state": state.value, "reason": reason})

    def set_value(self, key: str, value: Any) -> None:
        if key == STATE:
            raise StoreError(f"{key}: is kept by set_state")
        with self._database.writing() as connection:
            _remember(connection, key, value)


def _add_products(connection: Connection, products: Sequence[Product], at: int, *, renew: bool) -> int:
    """Remembers products, those that are not older than what is known; gives how many changed.

    `renew`: only what these products say is renewed, the rest stays as it was (a file of stock knows no price).
    """
    table, changed = tables.products, 0
    seen = {row.id: row for row in connection.execute(select(table))} if products else {}
    for product in {one.id: one for one in products}.values():
        known = seen.get(product.id)
        if known is not None and known.read_at > at:
            continue
        one = _renewed(product_of(known.document), product) if renew and known is not None else product
        row = {"id": one.id, "read_at": at, "document": document_of(one)}
        if known is None:
            connection.execute(insert(table), row)
        else:
            connection.execute(update(table).where(table.c.id == one.id), row)
        changed += known is None or known.document != row["document"]
    return changed


def _renewed(known: Product, new: Product) -> Product:
    said = {
        one.name: value for one in fields(Product) if (value := getattr(new, one.name)) not in (None, "", frozenset())
    }
    return replace(known, **said)


def _remember(connection: Connection, key: str, value: Any) -> None:
    table, text = tables.memory, journal.canonical(value)
    changed = connection.execute(update(table).where(table.c.key == key).values(value=text))
    if not changed.rowcount:
        connection.execute(insert(table), {"key": key, "value": text})


def _plans() -> Any:
    return select(tables.plans).order_by(tables.plans.c.decided_at.desc(), tables.plans.c.number.desc())


def _plan(row: Any) -> StoredPlan:
    return StoredPlan(PlanId(row.id), instant(row.decided_at), row.day, json.loads(row.document), row.status)
