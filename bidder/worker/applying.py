"""One part of a shop's plan is written: falls, rises or bids of an account. May be tried again at any point.

What went before is settled by reading back, a budget that has its amount already is left alone, and every write asks
the present amount, the cap and the newest lease as in a daemon's pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from bidder import cycle
from bidder.account_day import AccountDay
from bidder.apply import WriteResult
from bidder.apply_bids import BidResult
from bidder.config.load import Config
from bidder.plan import Applied, Unresolved
from bidder.store.protocol import Store
from bidder.worker.deciding import APPLIES, Part
from bidder.worker.fleet import Clock, Connected

__all__ = ["apply_part"]

log = structlog.get_logger("bidder.worker")


async def apply_part(
    shop: str, part: Part, config: Config, store: Store, connected: Connected, clock: Clock
) -> Sequence[WriteResult | BidResult]:
    """Writes it, where it is still wanted, and notes that it is done. Raises StoreError, LeaseTaken."""
    kept: dict[str, Any] = await asyncio.to_thread(store.value, APPLIES) or {}
    budgets = next((names for account, way, names in kept.get("parts", ()) if (account, way) == part), None)
    if budgets is None:
        return ()
    stored = await asyncio.to_thread(store.plan, kept["plan"])
    today = AccountDay.of(clock(), config.shop.timezone).date.isoformat()
    written: Sequence[WriteResult | BidResult] = ()
    if stored is None or stored.day != today or stored.status in ("superseded", "rejected", "held"):
        pass  # another plan has taken its place, or its day is over
    elif part[1] == "bids":
        writers = connected.writers
        written = await cycle.apply_offers(stored, config, store, writers, clock, approved=False, only=budgets)
    else:
        written = await cycle.apply_plan(
            stored,
            config,
            store,
            connected.writers,
            clock,
            approved=bool(set(budgets) & set(kept.get("agreed", ()))),
            only=budgets,
            raise_once=bool(kept.get("once", True)),
        )
    await asyncio.to_thread(_written, store, kept["plan"], part)
    log.info(
        "part_done",
        shop=shop,
        account=part[0],
        way=part[1],
        plan=kept["plan"],
        applied=sum(isinstance(one.outcome, Applied | Applied) for one in written),
        unresolved=sum(isinstance(one.outcome, Unresolved | Unresolved) for one in written),
    )
    return written


def _written(store: Store, plan: str, part: Part) -> None:
    """This part is done; another plan's are left alone."""
    kept = store.value(APPLIES) or {}
    if kept.get("plan") == plan:
        left = [[account, way, names] for account, way, names in kept["parts"] if (account, way) != part]
        store.set_value(APPLIES, {**kept, "parts": left})
