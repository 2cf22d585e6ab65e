"""A platform over a real socket that outlives its writers, and writers that are killed in the middle of their work."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.connectors.http.server import CUT, Answer, Got, Server, answer
from tests.failures.processes import ROOT, environment, until

CAP = 1_000
START = {f"b{n}": 100 for n in range(8)}

WRITER = """
import asyncio, http.client, json, os, random, sys
from datetime import UTC, datetime
from bidder.apply import apply_changes, settle
from bidder.catalog import Budget
from bidder.errors import ConnectorError
from bidder.ids import BudgetId, PlanId
from bidder.money import MICROS, Money
from bidder.plan import Applied, Change, Unresolved
from bidder.store import open_store
from bidder.turn import writing_turn
from tests.fakes import CNY, an_account

account = an_account()

class Writer:
    "Speaks to the test's server: whole yuan."
    account = account
    def ask(self, verb, path, body=None):
        line = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]), timeout=5)
        try:
            line.request(verb, path, body)
            reply = line.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            line.close()
    async def read(self, budget):
        try:
            status, amount = self.ask("GET", "/" + budget.native)
        except (OSError, http.client.HTTPException) as e:
            raise ConnectorError("ads", "read", "cut") from e
        return Budget(budget, budget.native, CNY, Money(amount * MICROS, CNY))
    async def set(self, budget, amount):
        try:
            status, _ = self.ask("PUT", "/" + budget.native, str(amount.micros // MICROS))
        except (OSError, http.client.HTTPException):
            return Unresolved("cut")
        return Applied(amount) if status == 200 else Unresolved(str(status))
    async def close(self): pass

async def work(seed):
    store, writer, draw, plan = open_store(sys.argv[1]), Writer(), random.Random(seed), 0
    clock, names = lambda: datetime.now(UTC), [f"b{n}" for n in range(8)]
    while True:
        plan += 1
        async with writing_turn(store):
            await settle(store, {"ads": writer}, clock)
            status, now = writer.ask("GET", "/")
            wanted = {name: max(20, int(now[name] * draw.uniform(0.7, 1.4))) for name in names}
            while sum(wanted.values()) > 1000:
                wanted[max(wanted, key=wanted.get)] -= 10
            ids = {name: BudgetId(account.id, name) for name in names}
            money = lambda whole: Money(whole * MICROS, CNY)
            moves = [Change(ids[n], money(now[n]), money(wanted[n])) for n in names]
            await apply_changes(PlanId(f"{seed}-{plan}"), moves,
                store=store, writers={"ads": writer}, accounts={"ads": account}, cap=money(1000), clock=clock,
                budgets_in_force={ids[n]: money(now[n]) for n in names}, approved=True)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        asyncio.run(work(int(line)))
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


class Platform:
    """Eight budgets behind a socket; some replies are dropped, some writes never arrive, some answers are 500."""

    def __init__(self, seed: int) -> None:
        self.amounts = dict(START)
        self.most = sum(START.values())
        self.applied: list[tuple[str, int, int]] = []
        """(budget, before, after) of every write that arrived."""
        self._draw = random.Random(seed)
        self.server = Server(self._answer)
        self.faulty = True

    def _answer(self, got: Got) -> Answer:
        name = got.path.removeprefix("/")
        if got.method == "GET":
            if self.faulty and name and self._draw.random() < 0.03:
                return CUT
            return answer(self.amounts[name] if name else self.amounts)
        fault = self._draw.random() if self.faulty else 1.0
        if fault < 0.04:
            return CUT
        self.applied.append((name, self.amounts[name], int(got.body)))
        self.amounts[name] = int(got.body)
        self.most = max(self.most, sum(self.amounts.values()))
        return CUT if fault < 0.08 else answer({}, 500) if fault < 0.12 else answer({})


@contextmanager
def serving(platform: Platform) -> Iterator[int]:
    """The platform's server in a thread of its own, and its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(platform.server.start(), loop).result(10)
    try:
        yield int(platform.server.url.rpartition(":")[2])
    finally:
        asyncio.run_coroutine_threadsafe(platform.server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def kill_often(
    store: str,
    platform: Platform,
    port: int,
    times: int,
    seed: int,
    program: Sequence[str] = ("-c", WRITER),
    requests: int = 1,
) -> None:
    """Starts a writer and kills it a random while after one of its first `requests` (every tenth time: before)."""
    draw = random.Random(seed)
    command = [sys.executable, *program, store, str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as forker:
        assert forker.stdin is not None
        assert forker.stdout is not None
        try:
            for turn in range(times):
                forker.stdin.write(f"{turn}\n")
                forker.stdin.flush()
                child = int(forker.stdout.readline())
                seen = len(platform.server.got)
                if turn % 10:
                    last = seen + turn % requests
                    until(lambda last=last: len(platform.server.got) > last)  # type: ignore[misc]  # bound now
                time.sleep(draw.uniform(0, 0.15))  # the moment of the kill, not a wait for something
                subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(child)], check=True)
                assert forker.stdout.readline() == "gone\n"
        finally:
            forker.kill()


__all__ = ["CAP", "START", "Platform", "kill_often", "serving"]
