"""What clicks are to be offered today: a decision's prices beside the stored bids, their reports and their moves.

Used by the commands, the daemon and the digest. It only reads; `apply_bids` is the door that writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bidder.account_day import AccountDay
from bidder.bidding import Lever, LeverId
from bidder.bids.case import Case, Proposals
from bidder.bids.diagnose import Finding, diagnose
from bidder.bids.figures import Figures
from bidder.bids.moves import Moved
from bidder.bids.propose import propose
from bidder.bids.settings import BidSettings
from bidder.bids.shop import WINDOW, budget_facts, case_of, worth_of
from bidder.bids_known import budgets_written_today
from bidder.decide import Decision
from bidder.ids import AccountId
from bidder.optimizer.objective import Objective
from bidder.snapshot import Snapshot
from bidder.store.protocol import StoreReader

__all__ = ["Offers", "findings", "offers"]

MOVES_BACK = timedelta(days=120)
"""How far back own moves are looked for: the bid before the first of them is the one that a person set."""


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """The case and what is proposed on it."""

    case: Case
    proposals: Proposals

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Keywords worth a look."""
        case = self.case
        return diagnose(case.levers, case.figures, case.worth, case.budgets, case.day, case.late)


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


def findings(snapshot: Snapshot, store: StoreReader, settings: Mapping[AccountId, BidSettings]) -> tuple[Finding, ...]:
    """Keywords worth a look, of the accounts that have settings. Needs no decision. Raises StoreError."""
    levers = [one for one in store.levers() if one.id.account in settings]
    if not levers:
        return ()
    first, last = snapshot.day - timedelta(days=WINDOW), snapshot.day - timedelta(days=1)
    figures = Figures.of(levers, store.lever_reports(first, last, snapshot.as_of), snapshot.day, WINDOW)
    return diagnose(levers, figures, worth_of(levers, snapshot), budget_facts(snapshot), snapshot.day)


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
