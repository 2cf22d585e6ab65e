"""Whether writing is allowed, how long an answer is waited for, and in which words a write is turned away.

Used by `apply` (budgets), `apply_bids` (bids and targets) and `door`; nothing here writes to a platform.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import TypeVar

from bidder.catalog import Account, Mode
from bidder.errors import BidderError
from bidder.ids import AccountId, BudgetId
from bidder.plan import State
from bidder.store.protocol import Store
from bidder.watch.hold import Effect, Hold

__all__ = [
    "BREAKER_REST",
    "JUMP",
    "NO_ANSWER",
    "PATIENCE",
    "PAUSE",
    "UNREAD",
    "asked",
    "held_by",
    "mode_refuses",
    "stopped",
    "words",
]

JUMP = 3
"""A value more than three times, or less than a third of, the one in force is taken for a wrong unit."""

PATIENCE = timedelta(seconds=60)

NO_ANSWER, UNREAD = "no answer in time", "could not be read before the write: "

PAUSE = 1.0
"""Seconds: who took longer to note an intent may have been stopped meanwhile, and asks once more before it sends."""

BREAKER_REST = timedelta(hours=24)
"""For so long nothing is written after the breaker on flapping tripped."""

T = TypeVar("T")


def words(e: Exception) -> str:
    """Why a platform gave no usable answer."""
    # only bidder's own errors are known to hold no secret; of others the kind must do
    if isinstance(e, TimeoutError):
        return NO_ANSWER
    return str(e) if isinstance(e, BidderError) else type(e).__name__


async def asked(call: Callable[[], Awaitable[T]], patience: timedelta) -> T | str:
    """What a platform answers, or in words why it did not: nothing is known then."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            return await call()
    except Exception as e:  # whatever a connector throws
        return words(e)


async def stopped(store: Store, *, raises: bool) -> str | None:
    """Why the state keeps a change from being written; `raises`: more may be spent after it."""
    match await asyncio.to_thread(store.state):
        case State.HALTED:
            return "bidder is HALTED: nothing is written; `bidder resume` ends it"
        case State.REDUCING if raises:
            return "bidder is REDUCING: only decreases are written; `bidder resume` ends it"
    return None


def held_by(budget: BudgetId, holds: Collection[Hold], *, raises: bool) -> str | None:
    """What the watch has seen since the plan was made may still keep it from being written."""
    for hold in holds:
        if hold.covers(budget) and (hold.effect is Effect.STAYS or raises):
            return hold.said
    return None


def mode_refuses(name: AccountId, account: Account | None, *, approved: bool) -> str | None:
    """Why the account may not be written at all."""
    if account is None:
        return f"account {name} is not configured"
    match account.mode:
        case Mode.OBSERVE:
            return f"account {name} is in observe: nothing is written to it"
        case Mode.MANUAL:
            return f"account {name} is manual: `bidder todo` lists what to type in"
        case Mode.PROPOSE if not approved:
            return f"account {name} is in propose: `bidder apply` approves a plan"
    return None
