"""A process that is killed at any moment leaves whole transactions, or nothing of them."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.stores import Stores

WRITER = """
import sys
from datetime import UTC, date, datetime, timedelta
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.money import Currency, Money
from bidder.plan import Applied
from bidder.reports import Reports
from bidder.store import open_store
from tests.fakes import an_account, observed

store, start = open_store(sys.argv[1]), datetime(2026, 11, 23, tzinfo=UTC)
budget = BudgetId(AccountId("ads"), "b1")
for turn in range(int(sys.argv[2]), 10**9):
    at = start + timedelta(minutes=turn)
    rows = [observed(an_account(), date(2026, 11, 22), at, campaign=f"c{n}", spend=str(turn)) for n in range(200)]
    print("turn", turn, flush=True)
    assert store.add_reports(Reports.of(rows)) == 200
    intent = store.begin(PlanId("plan"), budget, Money(turn, Currency("CNY")), Money(turn + 1, Currency("CNY")), at)
    print("begun", intent.number, flush=True)
    store.finish(intent, Applied(intent.after), at, 20_780)
    print("finished", intent.number, flush=True)
"""


def test_sigkill_leaves_whole_reports_and_every_intent_that_was_promised(stores: Stores) -> None:
    place, chance = stores.bare(), random.Random(7)
    place.open().close()
    turn = 0
    for _ in range(5):
        command = [sys.executable, "-c", WRITER, place.url, str(turn)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as writer:
            assert writer.stdout is not None
            before = [writer.stdout.readline() for _ in range(chance.randint(1, 7))]  # some way into its turns
            time.sleep(chance.uniform(0, 0.25))  # the moment of the kill, not a wait for something
            writer.send_signal(signal.SIGKILL)
            said = [line.split() for line in [*before, *writer.stdout.read().splitlines()]]
        turn = 1 + max(int(number) for word, number in said if word == "turn")
        store = place.open()
        assert len(store.report_versions()) % 200 == 0
        assert store.verify_journal() is None
        lines = {line.number: line for line in store.journal()}
        begun = [number for number, line in lines.items() if line.kind == "intent"]
        closed = {line.facts["intent"] for line in lines.values() if line.kind == "outcome"}
        assert {int(number) for word, number in said if word == "begun"} <= set(begun)
        assert {int(number) for word, number in said if word == "finished"} <= closed
        assert {intent.number for intent in store.open_intents()} == set(begun) - closed
        store.close()
    assert turn > 5


APPENDER = """
import sys
from datetime import UTC, datetime
from bidder.store import open_store

store = open_store(sys.argv[1])
for turn in range(40):
    store.append("note", datetime(2026, 11, 23, tzinfo=UTC), turn=turn)
"""


def test_two_processes_make_one_store_and_one_chain(stores: Stores) -> None:
    place = stores.bare()
    command = [sys.executable, "-c", APPENDER, place.url]
    both = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(2)]
    assert [one.wait(timeout=60) for one in both] == [0, 0]
    store = place.open()
    assert [line.number for line in store.journal()] == list(range(80, 0, -1))
    assert store.verify_journal() is None
    store.close()
