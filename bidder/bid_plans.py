"""Bids in a saved plan: from proposals to the lines of its document, and from those lines through the door.

A plan's document has them under `bids`, a `BidLine` a bid or target that moves. Used by `cycle`; `bidder apply`
approves both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bidder.apply_bids import BidResult, apply_bids
from bidder.bidding import LeverChange, LeverId, millionths
from bidder.bids.case import Proposal
from bidder.bids.settings import BidSettings
from bidder.catalog import Account, Mode
from bidder.connectors.protocol import BudgetWriter
from bidder.explain.bids import bid_line
from bidder.guard.bids import BidLimits
from bidder.ids import AccountId
from bidder.store.protocol import Store, StoredPlan, rejected_key

__all__ = ["bid_accounts", "bid_changes_of", "bid_limits", "bid_rows", "write_bids"]


def bid_rows(lines: Iterable[Proposal]) -> list[dict[str, Any]]:
    """The lines of a plan's document: what moves."""
    return [bid_line(one) for one in lines if one.moves]


def bid_changes_of(stored: StoredPlan) -> list[LeverChange]:
    """The changes of a saved plan, from its document."""
    return [
        LeverChange(
            LeverId.parse(row["id"]),
            None if row["now"] is None else millionths(row["now"]),
            millionths(row["planned"]),
            str(row.get("reason", "")),
        )
        for row in stored.document.get("bids") or ()
    ]


def bid_accounts(accounts: Iterable[Account], settings: Mapping[AccountId, BidSettings]) -> dict[AccountId, Account]:
    """The accounts with the mode that holds for their bids: never more than the account's own."""
    return {
        one.id: replace(one, mode=Mode(settings[one.id].mode.within(one.mode).value))
        for one in accounts
        if one.id in settings
    }


def bid_limits(accounts: Iterable[Account], settings: Mapping[AccountId, BidSettings]) -> dict[AccountId, BidLimits]:
    """What a person allows, as the brake asks it."""
    found = {}
    for account in accounts:
        own = settings.get(account.id)
        if own is not None:
            floor, cap = own.bounds(account.currency)
            rests = own.rest.days, own.target.rest.days
            found[account.id] = BidLimits(floor, cap, own.step, rests[0], own.target.step, rests[1])
    return found


async def write_bids(
    stored: StoredPlan,
    settings: Mapping[AccountId, BidSettings],
    accounts: Sequence[Account],
    store: Store,
    writers: Mapping[AccountId, BudgetWriter],
    clock: Callable[[], datetime],
    *,
    approved: bool,
    only: Collection[str] = (),
) -> list[BidResult]:
    """Writes the plan's bids, or those named by `only`; not those that a person rejected.

    Whoever calls holds the turn to write, and has settled what was open. Without `approved` only accounts whose bids
    are in apply are asked for. Raises StoreError.
    """
    allowed = bid_accounts(accounts, settings)
    rejected = set(store.value(rejected_key(stored.id)) or ())
    changes = [
        change
        for change in bid_changes_of(stored)
        if str(change.lever) not in rejected
        and (not only or str(change.lever) in only)
        and (approved or _applies(allowed.get(change.lever.account)))
    ]
    return await apply_bids(
        stored.id,
        changes,
        store=store,
        writers=writers,
        accounts=allowed,
        limits=bid_limits(accounts, settings),
        clock=clock,
        approved=approved,
    )


def _applies(account: Account | None) -> bool:
    return account is not None and account.mode is Mode.APPLY
