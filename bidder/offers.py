"""What clicks are to be offered today: a decision's prices beside the stored bids, their reports and their moves.

Used by the commands, the daemon and the digest. It only reads; `apply_bids` is the door that writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bidder.account_day import AccountDay
from bidder.bidding import Lever, LeverId
from bidder.bids.case import Case, Moved, Proposals
from bidder.bids.propose import propose
from bidder.bids.settings import BidSettings
from bidder.bids.shop import WINDOW, case_of
from bidder.bids_known import budgets_written_today
from bidder.decide import Decision
from bidder.ids import AccountId
from bidder.optimizer.objective import Objective
from bidder.store.protocol import StoreReader

__all__ = ["Offers", "offers"]

MOVES_BACK = timedelta(days=120)
"""How far back own moves are looked for: the bid before the first of them is the one that a person set."""


class Offers:
    """The case and what is proposed on it."""

    def __init__(self, case: Case, proposals: Proposals) -> None:
        self.case = case
        self.proposals = proposals


def offers(decision: Decision, store: StoreReader, settings: Mapping[AccountId, BidSettings]) -> Offers | None:
    """Proposals for the accounts that have settings; None where nothing is stored of bids. Raises StoreError."""
    snapshot = decision.snapshot
    levers = [one for one in store.levers() if one.id.account in settings]
    if not levers:
        return None
    accounts = {one.id: one for one in snapshot.accounts}
    first, last = snapshot.day - timedelta(days=WINDOW), snapshot.day - timedelta(days=1)
    case = case_of(
        snapshot,
        decision.curves,
        decision.allocation,
        decision.plan,
        levers,
        store.lever_reports(first, last, snapshot.as_of),
        _moves(levers, store, decision),
        settings,
        written=budgets_written_today(store, accounts, snapshot.as_of),
        profit=decision.policy.objective is Objective.PROFIT,
    )
    return Offers(case, propose(case))


def _moves(levers: list[Lever], store: StoreReader, decision: Decision) -> dict[LeverId, list[Moved]]:
    """Own moves that landed, or may have, oldest first, by account day."""
    snapshot = decision.snapshot
    zones = {one.id: one.timezone for one in snapshot.accounts}
    known = {one.id for one in levers}
    found: dict[LeverId, list[Moved]] = {}
    for move in store.lever_moves(snapshot.as_of - MOVES_BACK):
        zone = zones.get(move.lever.account)
        if move.lever in known and move.status != "refused" and move.at <= snapshot.as_of and zone is not None:
            day = AccountDay.of(move.at, zone).date
            found.setdefault(move.lever, []).append(Moved(day, move.before, move.after))
    return found
