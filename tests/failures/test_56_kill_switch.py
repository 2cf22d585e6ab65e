"""56 and 57: the stop by command, HTTP, signal and file; in less than a second, in the middle of writes, for good."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bidder.apply import apply_changes
from bidder.config.load import load
from bidder.daemon.switch import LOOK, Switch
from bidder.ids import PlanId
from bidder.money import Money
from bidder.plan import Applied, Change, Outcome, Refused, State
from bidder.store import open_reader, open_store
from tests.failures.processes import bidder, get, make_shop, post, running, spent, until
from tests.fakes import FakePlatform, new_store, yuan


def state_of(folder: Path) -> str:
    store = open_reader(f"sqlite:///{folder}/bidder.db")
    try:
        return store.state().value
    finally:
        store.close()


def test_halted_in_less_than_a_second_by_signal_file_http_and_command_and_after_a_restart(tmp_path: Path) -> None:
    """Of a host that has the time: what the daemon works until then and the longest that it does not look. On a busy
    one it is half of the loop's sleep at most, which a halt must not wait for."""
    make_shop(tmp_path)
    with running(tmp_path) as (process, url):
        until(lambda: get(url + "-/ready"))

        def halts(how: Callable[[], object]) -> None:
            assert json.loads(get(url + "api/v1/status") or "")["state"] == "ACTIVE"
            used = spent(process)
            how()
            until(lambda: json.loads(get(url + "api/v1/status") or "")["state"] == "HALTED", 15)
            assert spent(process) - used + LOOK < 1.0
            assert state_of(tmp_path) == "HALTED"

        halts(lambda: process.send_signal(signal.SIGUSR1))
        assert post(url, "api/v1/resume", reason="looked at it") == (200, {"state": "ACTIVE"})
        halts((tmp_path / "halt").touch)
        code, said = post(url, "api/v1/resume")
        assert (code, "remove" in said["error"]) == (409, True)
        refused = bidder(tmp_path, "resume")
        assert refused.returncode == 3
        assert "halt" in refused.stderr
        (tmp_path / "halt").unlink()
        assert post(url, "api/v1/resume")[0] == 200
        halts(lambda: post(url, "api/v1/halt", reason="too much"))
        assert post(url, "api/v1/reduce") == (200, {"state": "REDUCING"})
        assert bidder(tmp_path, "resume").returncode == 0
        until(lambda: json.loads(get(url + "api/v1/status") or "")["state"] == "ACTIVE")
        assert bidder(tmp_path, "halt", "--reason", "a doubt").returncode == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
    with running(tmp_path) as (process, url):
        until(lambda: get(url + "-/ready"))
        assert json.loads(get(url + "api/v1/status") or "")["state"] == "HALTED"
    said_now = json.loads(bidder(tmp_path, "status", "--json").stdout)
    assert (said_now["state"], said_now["reason"]) == ("HALTED", "a doubt")
    assert said_now["since"]


def test_no_state_changes_without_the_token(tmp_path: Path) -> None:
    make_shop(tmp_path)
    with running(tmp_path) as (_, url):
        for path in ("api/v1/halt", "api/v1/reduce", "api/v1/resume", "api/v1/hold"):
            assert post(url, path, token=None)[0] == 401
            assert post(url, path, token="wrong")[0] == 401
            assert get(url + path) is None
        assert state_of(tmp_path) == "ACTIVE"
        assert post(url, "api/v1/hold")[0] == 422
        assert post(url, "api/v1/hold", item="wxt", reason="page broken") == (200, {"item": "wxt", "held": True})
        held = json.loads(bidder(tmp_path, "status", "--json").stdout)["held"]
        assert [(one["item"], one["check"], one["reason"], one["effect"]) for one in held] == [
            ("wxt", "alarm", "page broken", "lowers")
        ]
        assert post(url, "api/v1/resume", item="wxt") == (200, {"item": "wxt", "ended": 1})
        assert post(url, "api/v1/resume", item="wxt")[0] == 404


async def test_in_the_middle_of_writes_nothing_more_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_shop(tmp_path))
    config = load()
    store = open_store(config.store_url)
    switch = Switch(config, store, lambda: datetime.now(UTC), lambda _: None)
    switch.start()
    started = asyncio.Event()

    class Slow(FakePlatform):
        async def set(self, budget: object, amount: Money) -> Outcome:
            started.set()
            await asyncio.sleep(0.05)
            return await super().set(budget, amount)  # type: ignore[arg-type]  # handed on

    platform = Slow.of({f"b{n}": 100 for n in range(40)})
    writing = asyncio.create_task(
        apply_changes(
            PlanId("p"),
            [Change(platform.id(name), yuan(100), yuan(90)) for name in platform.amounts],
            store=store,
            writers={platform.account.id: platform},
            accounts={platform.account.id: platform.account},
            cap=yuan(4000),
            clock=lambda: datetime.now(UTC),
            budgets_in_force=platform.in_force(),
        )
    )
    await started.wait()
    (tmp_path / "halt").touch()
    results = await writing
    await switch.close()
    applied = [one for one in results if isinstance(one.outcome, Applied)]
    assert 0 < len(applied) < len(results)
    assert len(platform.writes) == len(applied)
    assert all("HALTED" in one.reason for one in results if isinstance(one.outcome, Refused))
    assert not store.open_intents()
    store.close()


def test_a_command_obeys_the_file_when_the_daemon_is_dead(tmp_path: Path) -> None:
    make_shop(tmp_path)
    bidder(tmp_path, "poll")
    (tmp_path / "halt").touch()
    store = open_reader(f"sqlite:///{tmp_path}/bidder.db")
    budget = store.budgets()[0].budget
    assert budget.now is not None
    said = bidder(tmp_path, "set", str(budget.id), str(Money(budget.now.micros - 1_000_000, budget.currency)))
    assert said.returncode == 1
    assert "HALTED" in said.stdout
    assert store.state() is State.HALTED
    store.close()


def test_the_stop_needs_no_sound_configuration(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    url = f"sqlite:///{next(tmp_path.glob('*.db'))}"
    (tmp_path / "bidder.yaml").write_text("shop: [")
    assert bidder(tmp_path, "halt", "--store", url).returncode == 0
    assert store.state() is State.HALTED
    store.close()
