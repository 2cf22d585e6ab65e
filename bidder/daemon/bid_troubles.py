"""What is wrong with bids and targets now: one `Trouble` an account, however many of its bids have it.

Used by :mod:`bidder.daemon.troubles`. Values in, values out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bidder.account_day import AccountDay
from bidder.alerts import Trouble
from bidder.bids.settings import BidMode
from bidder.catalog import Mode
from bidder.config.load import Config
from bidder.store.lever_protocol import LeverMove
from bidder.store.protocol import JournalLine

__all__ = ["bid_troubles", "bids_waiting"]


def bid_troubles(
    config: Config,
    document: Mapping[str, Any],
    moves: Sequence[LeverMove],
    edits: Sequence[JournalLine],
    blind: Collection[str],
) -> Iterator[Trouble]:
    """Writes without a known outcome; bids that somebody else moved, where bidder writes or proposes them.

    What somebody set as the plan asked is no trouble; nor is told what waits for an account in `blind`, which is told.
    """
    unknown: dict[str, list[datetime]] = defaultdict(list)
    for move in moves:
        unknown[str(move.lever.account)].append(move.at)
    for account, times in unknown.items():
        facts = {"who": account, "n": len(times), "weight": len(times)}
        yield Trouble("bids_unknown", account, min(times), facts, muted=account in blind)
    modes, planned = _modes(config), {str(one["id"]): one["planned"] for one in document.get("bids", ())}
    moved: dict[str, dict[str, datetime]] = defaultdict(dict)
    for line in edits:
        lever = str(line.facts["lever"])
        account = lever.partition("/")[0]
        if modes.get(account) in (BidMode.PROPOSE, BidMode.APPLY) and line.facts["found"] != planned.get(lever):
            moved[account][lever] = min(line.at, moved[account].get(lever, line.at))
    for account, by_lever in moved.items():
        first = min(by_lever.values())
        day = AccountDay.of(first, config.shop.timezone).date
        facts = {"who": account, "n": len(by_lever), "weight": len(by_lever)}
        yield Trouble("bids_foreign", f"{account}@{day}", first, facts)


def bids_waiting(config: Config, document: Mapping[str, Any]) -> int:
    """How many bids of a plan's document wait for a person."""
    modes = _modes(config)
    accounts = (str(one["id"]).partition("/")[0] for one in document.get("bids", ()))
    return sum(modes.get(account) is BidMode.PROPOSE for account in accounts)


def _modes(config: Config) -> dict[str, BidMode]:
    """What may be done with the bids of each account that has settings of its own."""
    accounts: dict[str, Mode] = {str(account.id): account.mode for account, _ in config.accounts}
    return {str(one): bids.mode.within(accounts[str(one)]) for one, bids in config.bids.items() if str(one) in accounts}
