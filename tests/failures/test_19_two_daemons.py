"""19: two daemons are impossible; one that was away beyond its lease never writes again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bidder.errors import LeaseTaken
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.store import open_store
from tests.failures.processes import ROOT, bidder, environment, get, make_shop, running, stop_between, until
from tests.fakes import yuan
from tests.stores import Stores

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_second_daemon_exits_3_with_a_line_that_names_the_first(tmp_path: Path, stores: Stores) -> None:
    make_shop(tmp_path, store=stores.bare().url)
    with running(tmp_path) as (first, url):
        until(lambda: get(url + "-/ready"))
        second = bidder(tmp_path, "run")
        assert second.returncode == 3
        assert f"another bidder (process {first.pid} on" in second.stderr
        assert "Traceback" not in second.stderr
        first.send_signal(signal.SIGTERM)
        assert first.wait(90) == 0
    with running(tmp_path) as (third, _):  # given back at once: nobody has to wait for a lease to run out
        third.send_signal(signal.SIGTERM)
        assert third.wait(90) == 0


def test_a_daemon_stopped_beyond_its_lease_gives_way_and_ends(tmp_path: Path, stores: Stores) -> None:
    place = stores.bare()
    make_shop(tmp_path, store=place.url)
    with running(tmp_path, "--lease", "2") as (first, url):
        until(lambda: get(url + "-/ready"))
        store = place.reader()
        stop_between(first, place.url, tmp_path / "platform.json.lock")

        def expired() -> bool:
            lease = store.lease("daemon")
            return lease is not None and lease.until < datetime.now(UTC)

        until(expired)
        with running(tmp_path, "--lease", "9") as (second, other):
            until(lambda: get(other + "-/ready"))
            first.send_signal(signal.SIGCONT)
            assert first.wait(90) == 3
            assert second.poll() is None
        assert "writes nothing more" in (tmp_path / "log-0").read_text()
        store.close()


WRITER = """
import asyncio, os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from bidder.apply import apply_changes
from bidder.errors import LeaseTaken
from bidder.ids import PlanId
from bidder.plan import Applied, Change
from bidder.store import open_store
from tests.fakes import FakePlatform, yuan

class Shared(FakePlatform):
    "Amounts in a file, every write a line with who asked for it."
    async def set(self, budget, amount):
        with sent.open("a") as lines:
            lines.write(f"{sys.argv[3]} {amount}\\n")
        return Applied(amount)
    async def read(self, budget):
        self.amounts["b1"] = yuan(sent.read_text().split()[-1])
        return await super().read(budget)

async def main():
    store = open_store(sys.argv[1])
    store.take_lease("daemon", sys.argv[3], datetime.now(UTC), timedelta(seconds=0.4))
    print("leads", flush=True)
    platform = Shared.of({"b1": 100})
    while True:
        before = (await platform.read(platform.id("b1"))).now
        after = yuan("101") if before == yuan("100") else yuan("100")
        try:
            await apply_changes(PlanId("p"), [Change(platform.id("b1"), before, after)], store=store,
                writers={platform.account.id: platform}, accounts={platform.account.id: platform.account},
                cap=yuan(1000), clock=lambda: datetime.now(UTC), approved=True)
        except LeaseTaken as e:
            print("lost", flush=True)
            sys.exit(3)
        print("wrote", flush=True)
        await asyncio.sleep(0.05)

sent = Path(sys.argv[2])
asyncio.run(main())
"""


def test_stopped_in_the_middle_of_writes_it_never_writes_again(tmp_path: Path, stores: Stores) -> None:
    place, sent = stores.new(), tmp_path / "sent"
    sent.write_text("start 100.00\n")

    def writer(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WRITER, place.url, str(sent), name]
        return subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)

    with writer("first") as first:
        assert first.stdout is not None
        try:
            assert [first.stdout.readline() for _ in range(3)] == ["leads\n", "wrote\n", "wrote\n"]
            stop_between(first, place.url)
            store = place.reader()
            until(lambda: (lease := store.lease("daemon")) is not None and lease.until < datetime.now(UTC))
            store.close()
            with writer("second") as second:
                assert second.stdout is not None
                try:
                    assert [second.stdout.readline() for _ in range(2)] == ["leads\n", "wrote\n"]
                    taken = len(sent.read_text().splitlines())
                    first.send_signal(signal.SIGCONT)
                    assert first.wait(90) == 3
                    assert [second.stdout.readline() for _ in range(2)] == ["wrote\n", "wrote\n"]
                finally:
                    second.kill()
            later = [line.split()[0] for line in sent.read_text().splitlines()[taken:]]
            assert later.count("first") <= 1, "at most the request that had left when it was stopped"
            assert "first" not in later[1:]
        finally:
            first.kill()


def test_a_token_grows_with_every_holder_and_only_the_newest_may_note_an_intent(stores: Stores) -> None:
    place = stores.new()
    old, new = place.open(), place.open()
    budget = BudgetId(AccountId("ads"), "b1")
    first = old.take_lease("daemon", "first", NOON, MINUTE)
    old.take_lease("write", "first", NOON, timedelta(days=1))
    with pytest.raises(LeaseTaken, match="first") as refused:
        new.take_lease("daemon", "second", NOON, MINUTE)
    assert not refused.value.lost
    old.begin(PlanId("p"), budget, yuan(1), yuan(2), NOON)
    second = new.take_lease("daemon", "second", NOON + 2 * MINUTE, MINUTE)
    assert second.token == first.token + 1
    assert new.take_lease("write", "second", NOON + 2 * MINUTE, MINUTE).token == 2, "its turn to write is over too"
    lines = len(new.journal())
    with pytest.raises(LeaseTaken, match="writes nothing more") as lost:
        old.begin(PlanId("p"), budget, yuan(1), yuan(2), NOON)
    assert lost.value.lost
    assert len(new.journal()) == lines, "in the transaction of the intent: no line either"
    with pytest.raises(LeaseTaken):
        old.renew_lease("daemon", NOON + 2 * MINUTE, MINUTE)
    with pytest.raises(LeaseTaken):
        old.check_leases()
    old.release_lease("daemon")  # gives nothing of the other's away
    assert new.lease("daemon") == second
    assert new.renew_lease("daemon", NOON + 3 * MINUTE, MINUTE).until == NOON + 4 * MINUTE
    new.check_leases()
    new.begin(PlanId("p"), budget, yuan(1), yuan(2), NOON)
    new.release_lease("daemon")
    new.release_lease("never taken")
    again = place.open()
    assert again.take_lease("daemon", "third", NOON, MINUTE).token == second.token + 1
    assert again.lease("other") is None
    for store in (old, new, again):
        store.close()


def test_a_command_waits_its_turn_while_the_daemon_writes(tmp_path: Path) -> None:
    make_shop(tmp_path)
    assert bidder(tmp_path, "poll", "--json").returncode == 0
    store = open_store(f"sqlite:///{tmp_path}/bidder.db")
    budget = store.budgets()[0].budget
    assert budget.now is not None
    store.take_lease("write", "somebody else", datetime.now(UTC), timedelta(seconds=2))
    said = bidder(tmp_path, "set", str(budget.id), str(budget.now), "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)[0]["outcome"] == "Applied"
    assert store.lease("write") is not None
    store.close()
