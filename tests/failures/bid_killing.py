"""A writer of bids that goes on until it is killed: `python -m tests.failures.bid_killing STORE PORT`, fed with seeds.

Each line of its input forks one that works, as `killing.WRITER` does for budgets; the platform is that of `killing`.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import random
import sys
from datetime import UTC, date, datetime

from bidder.apply_bids import apply_bids, settle_bids
from bidder.bidding import Lever, LeverChange, LeverId, LeverKind, LeverOutcome
from bidder.catalog import Budget
from bidder.errors import ConnectorError
from bidder.guard.bids import BidLimits
from bidder.ids import BudgetId, PlanId
from bidder.money import MICROS, Money
from bidder.outcome import Applied, Unresolved
from bidder.plan import Outcome
from bidder.reports import Reports
from bidder.store import open_store
from bidder.turn import writing_turn
from tests.fakes import CNY, an_account

__all__ = ["BidsOf", "lever_id"]

ACCOUNT = an_account()


def lever_id(name: str) -> LeverId:
    """The id of a bid of the platform."""
    return LeverId(ACCOUNT.id, LeverKind.KEYWORD, name)


class BidsOf:
    """Speaks to the test's server, whose numbers are whole yuan."""

    account = ACCOUNT

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, verb: str, path: str, body: str | None = None) -> tuple[int, object]:
        """One request; what came back, and how."""
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            line.request(verb, path, body)
            reply = line.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            line.close()

    async def read_lever(self, lever: LeverId) -> Lever:
        try:
            amount = self.ask("GET", "/" + lever.native)[1]
        except (OSError, http.client.HTTPException) as e:
            raise ConnectorError(ACCOUNT.id, "read", "cut") from e
        assert isinstance(amount, int)
        return Lever(lever, lever.native, CNY, amount * MICROS)

    async def set_lever(self, lever: LeverId, value: int) -> LeverOutcome:
        try:
            status, _ = self.ask("PUT", "/" + lever.native, str(value // MICROS))
        except (OSError, http.client.HTTPException):
            return Unresolved("cut")
        return Applied(value) if status == 200 else Unresolved(str(status))

    async def budgets(self) -> list[Budget]:
        return []

    async def reports(self, first: date, last: date) -> Reports:
        raise AssertionError

    async def read(self, budget: BudgetId) -> Budget:
        raise AssertionError

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        raise AssertionError

    async def close(self) -> None:
        return None


async def work(url: str, port: int, seed: int) -> None:
    """Plan after plan, each moving every bid that is not held."""
    store, writer, draw, plan = open_store(url), BidsOf(port), random.Random(seed), 0
    while True:
        plan += 1
        async with writing_turn(store):
            await settle_bids(store, {ACCOUNT.id: writer}, _now)
            amounts = writer.ask("GET", "/")[1]
            assert isinstance(amounts, dict)
            levers = [Lever(lever_id(name), name, CNY, amount * MICROS) for name, amount in amounts.items()]
            store.add_levers(levers, _now())
            moves = [
                LeverChange(one.id, one.now, max(20, int(one.now * draw.uniform(0.7, 1.4) // MICROS)) * MICROS)
                for one in levers
                if one.now is not None
            ]
            await apply_bids(
                PlanId(f"{seed}-{plan}"),
                moves,
                store=store,
                writers={ACCOUNT.id: writer},
                accounts={ACCOUNT.id: ACCOUNT},
                limits={ACCOUNT.id: BidLimits()},
                clock=_now,
                back=True,  # a day has one move of a bid: going back is what may move it again
            )


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(work(sys.argv[1], int(sys.argv[2]), int(line)))
        print(child, flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)
