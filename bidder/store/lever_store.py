"""LeverReader and LeverStore over SQLAlchemy Core, one transaction a call: SqlReader and SqlStore are made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from bidder.bidding import Lever, LeverId, LeverOutcome, LeverReport
from bidder.ids import PlanId
from bidder.money import Currency
from bidder.store import lease, lever_figures, levers
from bidder.store.database import Database
from bidder.store.lever_protocol import LeverMove
from bidder.store.protocol import Lease

__all__ = ["LeverReading", "LeverWriting"]


class LeverReading:
    """Read."""

    _database: Database

    def levers(self) -> Sequence[Lever]:
        with self._database.reading() as connection:
            return levers.readings(connection)

    def lever_history(self, since: datetime) -> Sequence[tuple[LeverId, datetime, int]]:
        with self._database.reading() as connection:
            return levers.history(connection, since)

    def lever_reports(self, first: date, last: date, as_of: datetime | None = None) -> Sequence[LeverReport]:
        with self._database.reading() as connection:
            return lever_figures.known(connection, first, last, as_of)

    def lever_moves(self, since: datetime) -> Sequence[LeverMove]:
        with self._database.reading() as connection:
            return levers.moves(connection, since)

    def open_lever_moves(self) -> Sequence[LeverMove]:
        with self._database.reading() as connection:
            return levers.moves(connection)

    def last_lever_moves(self) -> Mapping[LeverId, int]:
        with self._database.reading() as connection:
            return levers.last_moves(connection)


class LeverWriting:
    """Written."""

    _database: Database
    _leases: dict[str, Lease]

    def add_levers(self, levers_read: Sequence[Lever], read_at: datetime) -> None:
        with self._database.writing() as connection:
            levers.add(connection, levers_read, read_at)

    def add_lever_reports(self, reports: Sequence[LeverReport]) -> int:
        with self._database.writing() as connection:
            return lever_figures.add(connection, reports)

    def begin_lever(
        self, plan: PlanId, lever: LeverId, currency: Currency, before: int, after: int, at: datetime
    ) -> LeverMove:
        with self._database.writing() as connection:
            lease.verify(connection, self._leases.values())
            return levers.begin(connection, plan, lever, currency, before, after, at)

    def finish_lever(self, move: LeverMove, outcome: LeverOutcome, at: datetime, day: int) -> None:
        with self._database.writing() as connection:
            levers.finish(connection, move, outcome, at, day)
