"""Going back with bids and targets: what they were, and setting them so, for `bidder rollback` and `bidder release`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from bidder.bidding import LeverChange, LeverId
from bidder.ids import PlanId

if TYPE_CHECKING:
    from bidder.apply_bids import BidResult
    from bidder.config.load import Config
    from bidder.store.protocol import Store, StoreReader

__all__ = ["bids_before", "bids_first", "bids_on", "bids_to_move", "set_bids"]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def bids_before(saved: StoreReader, plan: PlanId) -> dict[LeverId, int]:
    """What a plan's bids were before it wrote them."""
    found: dict[LeverId, int] = {}
    for one in saved.lever_moves(BEGINNING):
        if one.plan == plan and one.status != "refused":
            found.setdefault(one.lever, one.before)
    return found


def bids_first(saved: StoreReader) -> dict[LeverId, int]:
    """What each bid was before bidder's first write of it."""
    found: dict[LeverId, int] = {}
    for one in saved.lever_moves(BEGINNING):
        if one.status != "refused":
            found.setdefault(one.lever, one.before)
    return found


def bids_on(saved: StoreReader, at: datetime) -> dict[LeverId, int]:
    """The values in force at an instant of those that bidder has written since; others are not its to move."""
    ours = {one.lever for one in saved.lever_moves(at) if one.status != "refused"}
    return {lever: value for lever, seen, value in saved.lever_history(BEGINNING) if seen <= at and lever in ours}


def bids_to_move(loaded: Config, saved: StoreReader, wanted: Mapping[LeverId, int]) -> list[LeverChange]:
    """What has to be set for it, from what was last read, of accounts whose bids are read."""
    now = {one.id: one.now for one in saved.levers()}
    changes = [LeverChange(one, now.get(one), value, "going back") for one, value in wanted.items()]
    return [change for change in changes if change.moves and change.lever.account in loaded.bids]


async def set_bids(loaded: Config, store: Store, changes: Sequence[LeverChange]) -> list[BidResult]:
    """Writes them on a person's word; a result for each. Raises StoreError."""
    from bidder.apply_bids import apply_bids, settle_bids
    from bidder.bid_plans import bid_limits
    from bidder.catalog import Mode
    from bidder.cycle import open_writers, utc_now
    from bidder.poll import in_told_zones
    from bidder.turn import writing_turn

    accounts = in_told_zones([account for account, _ in loaded.accounts], store)
    writers = open_writers(loaded, modes=(Mode.APPLY, Mode.PROPOSE))
    content = "\n".join(f"{one.lever} {one.before} {one.after}" for one in changes)
    plan = PlanId(sha256(f"by hand {utc_now().isoformat()}\n{content}".encode()).hexdigest()[:12])
    try:
        async with writing_turn(store):
            await settle_bids(store, writers, utc_now)
            lines = {str(one.lever): f"{one.before} -> {one.after}" for one in changes}
            await asyncio.to_thread(lambda: store.append("approved", utc_now(), plan=plan, by="hand", bids=lines))
            return await apply_bids(
                plan,
                changes,
                store=store,
                writers=writers,
                accounts={one.id: one for one in accounts},
                limits=bid_limits(accounts, loaded.bids),
                clock=utc_now,
                approved=True,
                back=True,
            )
    finally:
        await asyncio.gather(*(one.close() for one in writers.values()), return_exceptions=True)
