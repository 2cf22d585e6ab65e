"""A day's decision, saved once: plan, journal line and that the day is decided, in one transaction or not at all.

Whoever is killed between two of these leaves none of them; whoever comes second finds the day decided. The lease is
asked for in the same transaction, so that one who was away for too long saves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bidder.store import journal, lease, tables
from bidder.store.database import micros_of
from bidder.store.protocol import Lease, StoredPlan

__all__ = ["once"]


def once(
    connection: Connection,
    held: Iterable[Lease],
    key: str,
    said: Any,
    plan: StoredPlan,
    at: datetime,
    facts: Mapping[str, Any],
    values: Mapping[str, Any],
) -> bool:
    """Whether this was the first: False, with nothing written, where `key` says `said` already. Raises LeaseTaken."""
    lease.verify(connection, held)
    memory, plans = tables.memory, tables.plans
    known = connection.execute(select(memory.c.value).where(memory.c.key == key)).scalar()
    if known is not None and json.loads(known) == said:
        return False
    superseded = plans.c.status.in_(["proposed"]) & (plans.c.id != plan.id)
    connection.execute(update(plans).where(superseded).values(status="superseded"))
    row = {"id": plan.id, "decided_at": micros_of(plan.decided_at), "day": plan.day, "status": plan.status}
    again = connection.execute(update(plans).where(plans.c.id == plan.id).values(status=plan.status))
    if not again.rowcount:
        connection.execute(insert(plans), {**row, "document": journal.canonical(dict(plan.document))})
    journal.append(connection, "decided", at, facts)
    for name, value in {**values, key: said}.items():
        text = journal.canonical(value)
        changed = connection.execute(update(memory).where(memory.c.key == name).values(value=text))
        if not changed.rowcount:
            connection.execute(insert(memory), {"key": name, "value": text})
    return True
