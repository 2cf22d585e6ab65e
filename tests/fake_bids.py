"""A platform in memory with bids and targets: an AdsReader, BidReader and BidWriter in one, with faults on script."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from bidder.bidding import Lever, LeverChange, LeverId, LeverKind, LeverOutcome, LeverReport
from bidder.errors import ConnectorError
from bidder.outcome import Applied, Refused, Unresolved
from tests.fakes import FakePlatform, Fault, Killed, yuan

__all__ = ["FakeBids", "millionths"]


def millionths(amount: str | float) -> int:
    """A bid in CNY, or a ratio, as it is stored."""
    return yuan(str(amount)).micros


@dataclass
class FakeBids(FakePlatform):
    """An account in memory with bids. `bids` is the truth, by native name; each belongs to the budget `b1`."""

    bids: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, LeverKind] = field(default_factory=dict)
    lever_facts: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """Further fields of single bids, such as {"k1": {"active": False}}."""
    bid_script: deque[Fault] = field(default_factory=deque)
    lever_rows: list[LeverReport] = field(default_factory=list)
    bid_calls: list[tuple[str, str, int | None]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Which lists were read, in order: bids or figures."""
    kill_bids_after: int | None = None
    _old: dict[str, int] = field(default_factory=dict)
    _dark: set[str] = field(default_factory=set)

    @classmethod
    def with_bids(cls, bids: Mapping[str, str | float], faults: Iterable[Fault] = (), **more: object) -> FakeBids:
        """A platform with a budget b1 of 100 yuan, these bids in yuan, and these faults, one a write of a bid."""
        platform = cls({"b1": yuan(100)}, bids={name: millionths(bid) for name, bid in bids.items()})
        platform.bid_script = deque(faults)
        for name, value in more.items():
            setattr(platform, name, value)
        return platform

    @property
    def bid_writes(self) -> list[tuple[str, int]]:
        """What was asked to be set, in order."""
        return [(name, value) for call, name, value in self.bid_calls if call == "set" and value is not None]

    def lever_id(self, name: str) -> LeverId:
        """The id of one of its bids."""
        return LeverId(self.fake_account.id, self.kinds.get(name, LeverKind.KEYWORD), name)

    def change(self, name: str, after: str | float, before: str | float | None = None) -> LeverChange:
        """From what is in force (or `before`) to another value."""
        now = self.bids.get(name) if before is None else millionths(before)
        return LeverChange(self.lever_id(name), now, millionths(after), "worth more")

    def _lever(self, name: str, now: int | None) -> Lever:
        bare = Lever(self.lever_id(name), f"word {name}", self.fake_account.currency, now, budget=self.id("b1"))
        bare = replace(bare, campaign="b1", ad_group="g1", minimum=50_000, maximum=99_990_000, step=10_000)
        return replace(bare, **self.lever_facts.get(name, {}))  # type: ignore[arg-type]  # whatever a test wants

    async def levers(self) -> Sequence[Lever]:
        self.asked.append("bids")
        self._fail("bids")
        return [self._lever(name, value) for name, value in self.bids.items()]

    async def lever_reports(self, first: date, last: date) -> Sequence[LeverReport]:
        self.asked.append("figures")
        self._fail("bid_reports")
        return [row for row in self.lever_rows if first <= row.day <= last]

    async def read_lever(self, lever: LeverId) -> Lever:
        self.bid_calls.append(("read", lever.native, None))
        self._fail("read_lever")
        if lever.native in self._dark:
            self._dark.discard(lever.native)
            raise ConnectorError(self.fake_account.id, "read", "no answer")
        if lever.native not in self.bids:
            raise ConnectorError(self.fake_account.id, "read", f"no such bid: {lever.native}", error="http_4xx")
        return self._lever(lever.native, self._old.pop(lever.native, self.bids[lever.native]))

    async def set_lever(self, lever: LeverId, value: int) -> LeverOutcome:
        if self.kill_bids_after is not None and len(self.bid_writes) >= self.kill_bids_after:
            raise Killed
        name = lever.native
        self.bid_calls.append(("set", name, value))
        fault = self.bid_script.popleft() if self.bid_script else Fault.NONE
        match fault:
            case Fault.REFUSED:
                return Refused("not today")
            case Fault.LOST:
                return Unresolved("no reply")
            case Fault.IGNORED:
                return Applied(value)
            case Fault.THROWS:
                raise ConnectionResetError("https://user:secret@platform.example")
            case Fault.SLOW:
                self._old[name] = self.bids[name]
            case Fault.UNREADABLE:
                self._dark.add(name)
        self.bids[name] = value * {Fault.RAISED: 110, Fault.HUNDREDFOLD: 10_000}.get(fault, 100) // 100
        match fault:
            case Fault.REFUSED_FALSELY:
                return Refused("not today")
            case Fault.LOST_APPLIED:
                return Unresolved("no reply")
            case Fault.THROWS_APPLIED:
                raise TimeoutError
            case Fault.KILLED_APPLIED:
                raise Killed
        return Applied(value)
