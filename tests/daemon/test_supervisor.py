"""systemd's side of the daemon: a real socket hears ready, alive, reloading and stopping, each in its time."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bidder.daemon.supervisor import Supervisor
from tests.failures.processes import environment, make_shop, until


@contextmanager
def manager(address: str) -> Iterator[Callable[[], list[str]]]:
    """A socket as systemd keeps one; gives what came since the last look."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as heard:
        heard.bind("\0" + address[1:] if address.startswith("@") else address)
        heard.setblocking(False)

        def look() -> list[str]:
            found: list[str] = []
            while True:
                try:
                    found.append(heard.recv(4096).decode())
                except BlockingIOError:
                    return found

        yield look


def heard(look: Callable[[], list[str]], kept: list[str], start: str) -> str:
    """The next sentence that begins so; everything before it is kept."""

    def found() -> str | None:
        kept.extend(look())
        return next((one for one in kept if one.startswith(start)), None)

    return str(until(found))


@contextmanager
def daemon(folder: Path, address: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """`bidder run` as a unit with `Type=notify` starts it."""
    command = [sys.executable, "-m", "bidder", "run"]
    env = {**environment(), "NOTIFY_SOCKET": address, **more}
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(command, cwd=folder, env=env, stderr=log, stdout=log, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_service_manager_hears_each_step_of_a_daemon(tmp_path: Path) -> None:
    make_shop(tmp_path, more="", mode="observe")
    address, kept = str(tmp_path / "notify"), list[str]()
    with manager(address) as look, daemon(tmp_path, address, WATCHDOG_USEC="900000") as process:
        ready = heard(look, kept, "READY=1")
        assert re.fullmatch(r"READY=1\nSTATUS=page http://127\.0\.0\.1:\d+/", ready)
        assert kept.index(ready) == 0, "nothing is said before it is ready"
        heard(look, kept, "WATCHDOG=1")
        kept.clear()
        heard(look, kept, "WATCHDOG=1")  # and again

        kept.clear()
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        process.send_signal(signal.SIGHUP)
        said = heard(look, kept, "RELOADING=1")
        at = int(said.partition("\nMONOTONIC_USEC=")[2])
        assert before <= at <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        heard(look, kept, "READY=1")
        words = [one.split("\n")[0] for one in kept if not one.startswith("WATCHDOG")]
        assert words == ["RELOADING=1", "READY=1"]

        kept.clear()
        process.send_signal(signal.SIGTERM)
        heard(look, kept, "STOPPING=1")
        assert process.wait(60) == 0


def test_a_daemon_that_may_not_run_is_never_called_ready(tmp_path: Path) -> None:
    make_shop(tmp_path, mode="observe")
    (tmp_path / "bidder.yaml").write_text("shop: {nme: tea}\n", "utf-8")
    address = str(tmp_path / "notify")
    with manager(address) as look, daemon(tmp_path, address) as process:
        assert process.wait(60) == 2
        assert look() == []


class Loop:
    """A daemon as the supervisor sees one."""

    def __init__(self) -> None:
        self.turns, self.reloading = True, False

    def healthy(self) -> bool:
        return self.turns


async def test_a_loop_that_stands_still_gives_no_sign_of_life(tmp_path: Path) -> None:
    loop, address, kept = Loop(), f"@bidder-test-{os.getpid()}-{tmp_path.name}", list[str]()
    with manager(address) as look:
        supervisor = Supervisor({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000", "WATCHDOG_PID": str(os.getpid())})
        following = asyncio.create_task(supervisor.follow(loop, "http://127.0.0.1:1/"))
        while sum(one == "WATCHDOG=1" for one in kept) < 3:
            await asyncio.sleep(0.01)
            kept.extend(look())
        loop.turns = False
        await asyncio.sleep(0.05)  # whatever was on its way
        look()
        for _ in range(20):
            await asyncio.sleep(0.01)
            assert look() == []
        following.cancel()


async def test_a_reload_between_two_looks_is_followed_by_ready_as_well(tmp_path: Path) -> None:
    loop, address, kept = Loop(), f"@bidder-test-{os.getpid()}-{tmp_path.name}", list[str]()
    with manager(address) as look:
        supervisor = Supervisor({"NOTIFY_SOCKET": address})
        following = asyncio.create_task(supervisor.follow(loop, "http://127.0.0.1:1/"))
        for _ in range(2):
            kept.clear()
            while not any(one.startswith("READY=1") for one in kept):
                await asyncio.sleep(0.01)
                kept.extend(look())
            supervisor.reloading()  # done before anybody looks
        following.cancel()


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "vsock:2:1234"},
    ],
)
async def test_without_a_manager_nobody_is_told(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> None:
        raise AssertionError("no socket is opened")

    monkeypatch.setattr(socket, "socket", nothing)
    supervisor = Supervisor(env)
    supervisor.reloading()
    supervisor.stopping()
    await supervisor.follow(Loop(), "")


async def test_a_manager_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).stopping()


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 20.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_signs_of_life_are_given_as_often_as_they_are_asked_for(env: dict[str, str], wanted: float | None) -> None:
    assert Supervisor(env)._every == wanted
