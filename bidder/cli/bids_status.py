"""The part of `bidder status` about bids and targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from bidder.bidding import shown

if TYPE_CHECKING:
    from bidder.bids.settings import BidSettings
    from bidder.ids import AccountId
    from bidder.store.protocol import StoredPlan, StoreReader

__all__ = ["bids_status", "show_bids_status"]


def bids_status(
    saved: StoreReader, newest: StoredPlan | None, settings: Mapping[AccountId, BidSettings]
) -> dict[str, Any]:
    """Accounts whose bids are read with their mode, what the newest plan moves, and writes without a known outcome."""
    levers = saved.levers()
    return {
        "accounts": [
            {
                "account": name,
                "mode": one.mode.value,
                "active": sum(lever.active and lever.id.account == name for lever in levers),
            }
            for name, one in settings.items()
        ],
        "changes": 0 if newest is None else len(newest.document.get("bids") or ()),
        "unresolved": [
            {
                "bid": str(one.lever),
                "before": shown(one.before),
                "after": shown(one.after),
                "at": one.at.isoformat(),
            }
            for one in saved.open_lever_moves()
        ],
    }


def show_bids_status(status: Mapping[str, Any]) -> None:
    """Lines for a person."""
    for one in status["accounts"]:
        typer.echo(f"bids   {one['account']} {one['mode']}: {one['active']} active")
    if status["changes"]:
        typer.echo(f"bids   the newest plan moves {status['changes']}")
    for one in status["unresolved"]:
        typer.echo(f"unresolved  {one['bid']} {one['before']} → {one['after']} since {one['at']}")
