"""What fakes of real platforms share: a server with a token endpoint, state, faults, handles of the contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.http import Timing
from bidder.connectors.protocol import ShopReader
from bidder.ids import BudgetId, ProductId
from bidder.money import Currency, Money
from bidder.testing import NotOffered, ReadFault, Row, WriteFault
from tests.connectors.http.server import CUT, Answer, Clock, Got, Server, answer, page

__all__ = ["CANARIES", "FakeHttp", "State"]

CANARIES = {
    "client_id": "canary-client-5b21",
    "client_secret": "canary-secret-5b21",
    "refresh_token": "canary-refresh-5b21",
    "developer_token": "canary-developer-5b21",
}
ACCESS = "canary-access-5b21-"


class State:
    """One campaign's budget at the platform: micros (None: without a limit!), and whether it spends."""

    def __init__(self, micros: int | None, status: BudgetStatus = BudgetStatus.ACTIVE) -> None:
        self.micros = micros
        self.status = status


class FakeHttp:
    """The platform's side over a real socket; a subclass answers `asked` in the platform's own words.

    `is_write` says which requests would change something: they alone count as mutations.
    """

    lacks: Sequence[str] = ("units",)
    secrets: Sequence[str] = (*CANARIES.values(), ACCESS)
    faults: frozenset[ReadFault | WriteFault] = frozenset()
    """What this platform cannot have."""

    def __init__(self, account: Account, states: dict[str, State], at: datetime) -> None:
        self.account = account
        self.currency = account.currency
        self.zone = account.timezone
        self.states = states
        self.planted: list[Row] = []
        self.server = Server(self._handled)
        self.reading: list[ReadFault] = []
        self.writing: list[WriteFault] = []
        self.mutations = 0
        self.tokens = 0
        self.refused = False
        self.expired: set[str] = set()
        self.clock = Clock()
        self._now = at
        self._ticks = 0

    # ---- what the platform answers

    def is_write(self, got: Got) -> bool:
        raise NotImplementedError

    def is_report(self, got: Got) -> bool:
        """Whether a request asks for figures: RESHAPED and MISSING_ROWS wait for one."""
        raise NotImplementedError

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        """The answer to a read."""
        raise NotImplementedError

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        """The answer to a write; applies it by `apply`."""
        raise NotImplementedError

    def throttled(self, got: Got, *, long: bool) -> Answer:
        raise NotImplementedError

    def error(self, got: Got) -> Answer:
        """The platform's own 5xx."""
        raise NotImplementedError

    def ended(self, got: Got) -> Answer:
        raise NotImplementedError

    def reshaped(self, text: str) -> str:
        """A body with a field that has another name."""
        raise NotImplementedError

    def _handled(self, got: Got) -> Answer:
        if got.path == "/token":
            if self.refused:
                return answer({"error": "invalid_grant", "error_description": "Token has been revoked."}, 400)
            self.tokens += 1
            return answer({"access_token": f"{ACCESS}{self.tokens}", "expires_in": 3599, "token_type": "Bearer"})
        write = self.is_write(got)
        self.mutations += write
        early = self._before(got, write)
        if early is not None:
            return early
        return self._write(got) if write else self._read(got)

    def _before(self, got: Got, write: bool) -> Answer | None:
        token = got.headers.get("Authorization", "").removeprefix("Bearer ")
        if write and self.writing[:1] == [WriteFault.EXPIRED]:
            self.writing.pop(0)
            self.expired.add(token)
        if not write and self.reading[:1] and self.reading[0] in (ReadFault.EXPIRED, ReadFault.REFUSED):
            self.refused = self.refused or self.reading[0] is ReadFault.REFUSED
            self.reading.pop(0)
            self.expired.add(token)
        return self.unauthorized(got) if self._needs_token(got) and (not token or token in self.expired) else None

    def _needs_token(self, got: Got) -> bool:
        return True

    def unauthorized(self, got: Got) -> Answer:
        return answer(
            {
                "error": {
                    "code": 401,
                    "status": "UNAUTHENTICATED",
                    "message": "Request had invalid authentication credentials.",
                }
            },
            401,
        )

    def _read(self, got: Got) -> Answer:
        fault = self.reading[0] if self.reading else None
        if fault in (ReadFault.RESHAPED, ReadFault.MISSING_ROWS, ReadFault.NOT_READY) and not self.is_report(got):
            return self.asked(got, None)
        if fault is not None:
            self.reading.pop(0)
        match fault:
            case ReadFault.ERROR:
                return self.error(got)
            case ReadFault.THROTTLED | ReadFault.THROTTLED_LONG:
                return self.throttled(got, long=fault is ReadFault.THROTTLED_LONG)
            case ReadFault.CUT:
                return CUT
            case ReadFault.UNREADABLE:
                return Answer(200, b'{"results": [{"camp')
            case ReadFault.PAGE:
                return page(200)
            case ReadFault.ENDED:
                return self.ended(got)
            case ReadFault.RESHAPED:
                whole = self.asked(got, None)
                return Answer(whole.status, self.reshaped(whole.body.decode()).encode(), whole.headers)
        return self.asked(got, fault)

    def _write(self, got: Got) -> Answer:
        fault = self.writing.pop(0) if self.writing else None
        match fault:
            case WriteFault.LOST_REQUEST:
                return CUT
            case WriteFault.LOST_REPLY:
                self.written(got, None)
                return CUT
            case WriteFault.ERROR_APPLIED:
                self.written(got, None)
                return self.error(got)
            case WriteFault.ERROR_UNAPPLIED:
                return self.error(got)
            case WriteFault.UNREADABLE_REPLY:
                self.written(got, None)
                return page(200)
            case WriteFault.THROTTLED:
                return self.throttled(got, long=False)
        return self.written(got, fault)

    def apply(self, native: str, micros: int | None, fault: WriteFault | None) -> None:
        """Sets an amount, as far as the fault lets it."""
        if fault is WriteFault.SILENT_NOOP:
            return
        if fault is WriteFault.RAISED and micros is not None:
            micros = micros * 11 // 10 // 10_000 * 10_000
        self.states[native].micros = micros

    # ---- the handles

    @property
    def budgets(self) -> Sequence[BudgetId]:
        active = [native for native, state in self.states.items() if state.status is BudgetStatus.ACTIVE]
        return [BudgetId(self.account.id, native) for native in active]

    @property
    def timing(self) -> Timing:
        """The fake's own clocks; nobody waits."""
        return Timing(now=self._tick, monotonic=self.clock.monotonic, sleep=self.clock.sleep)

    def _tick(self) -> datetime:
        self._ticks += 1
        return self._now + timedelta(microseconds=self._ticks)

    async def start(self) -> None:
        await self.server.start()

    async def close(self) -> None:
        for one in self.closing:
            await one()
        await self.server.close()

    @property
    def closing(self) -> list[Callable[[], Any]]:
        """Readers and writers that were given out."""
        if not hasattr(self, "_closing"):
            self._closing: list[Callable[[], Any]] = []
        return self._closing

    def shop(self) -> ShopReader | None:
        return None

    def product(self, budget: BudgetId) -> ProductId | None:
        return None

    def now(self) -> datetime:
        return self._tick()

    def advance(self, to: datetime) -> None:
        self._now = to.astimezone(UTC)

    def report(self, rows: Sequence[Row]) -> None:
        self.planted = list(rows)

    def in_force(self, budget: BudgetId) -> Money:
        micros = self.states[budget.native].micros
        assert micros is not None, f"{budget} has no limit: a field was left out"
        return Money(micros, self.account.currency)

    def status(self, budget: BudgetId) -> BudgetStatus:
        return self.states[budget.native].status

    def edit(self, budget: BudgetId, amount: Money) -> None:
        self.states[budget.native].micros = amount.micros

    def set_status(self, budget: BudgetId, status: BudgetStatus) -> None:
        self.states[budget.native].status = status

    def becomes(self, currency: Currency) -> None:
        self.currency = currency

    def fail_next_read(self, fault: ReadFault) -> None:
        self._offered(fault)
        self.reading.append(fault)

    def fail_next_write(self, fault: WriteFault) -> None:
        self._offered(fault)
        self.writing.append(fault)

    def _offered(self, fault: ReadFault | WriteFault) -> None:
        if fault in self.faults:
            raise NotOffered(f"this platform has no {fault}")
