"""46: the disk is full. Nothing is written to a platform without its line; with room again it goes on by itself."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bidder.apply import apply_changes, settle
from bidder.errors import StoreError
from bidder.ids import PlanId
from bidder.money import Money
from bidder.plan import Change
from bidder.store.protocol import Store
from tests.conftest import missing
from tests.daemon.test_loop import World
from tests.failures.processes import bidder, get, make_shop, post, running, until
from tests.failures.small_disks import Disk, a_limit, a_tmpfs
from tests.fakes import FakePlatform, empty_database, yuan
from tests.postgres import PostgresServer, a_server, binaries
from tests.stores import Place

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WORD = "x" * 500
"""Makes a line of the journal long, so that the disk is full soon."""


@pytest.fixture(params=["tmpfs", "limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk for a SQLite file."""
    if request.param == "limit":
        with a_limit(tmp_path / "small") as limited:
            yield limited
        return
    with a_tmpfs(tmp_path / "small", 2048) as mounted:
        if mounted is None:
            pytest.skip("only the superuser may mount a small disk; the limit on sizes shows the same")
        yield mounted


@pytest.fixture
def place(disk: Disk) -> Place:
    """A store on it."""
    path = disk.folder / "bidder.db"
    path.write_bytes(empty_database())
    return Place(f"sqlite:///{path}")


def writes_of(platform: FakePlatform) -> list[tuple[str, Money]]:
    """What arrived at the platform."""
    return [(name, amount) for kind, name, amount in platform.calls if kind == "set" and amount is not None]


async def changes_it_all(store: Store, platform: FakePlatform, turn: int) -> None:
    """One plan: every budget up by one, or all down again."""
    account, after = platform.account, yuan(100 if all(one == yuan(101) for one in platform.amounts.values()) else 101)
    moves = [Change(platform.id(name), amount, after) for name, amount in platform.amounts.items() if amount != after]
    await settle(store, {account.id: platform}, lambda: NOON)
    await apply_changes(
        PlanId(f"{turn}-{WORD}"), moves, store=store, writers={account.id: platform}, accounts={account.id: account},
        cap=yuan(10_000), clock=lambda: NOON, approved=True,
    )  # fmt: skip


async def holds_through_a_full_disk(store: Store, disk: Disk) -> None:
    platform = FakePlatform.of(dict.fromkeys("abcd", 100))
    for turn in range(3):
        await changes_it_all(store, platform, turn + 1)
    disk.fill()
    said: list[str] = []
    turn = 3
    while len(said) < 5:
        turn += 1
        assert turn < 400, "it never was full"
        try:
            await changes_it_all(store, platform, turn)
        except StoreError as e:
            said.append(str(e))
    assert all("when there is room" in one or "nothing is written to a platform" in one for one in said)
    sent = writes_of(platform)
    for again in range(3):
        with pytest.raises(StoreError):
            await changes_it_all(store, platform, turn + again)
    assert writes_of(platform) == sent, "while it is full nothing is sent"
    noted = [(one.budget.native, one.after) for one in store.writes(datetime(1970, 1, 1, tzinfo=UTC))]
    for name, amount in sent:
        noted.remove((name, amount))  # as often as it was sent
    disk.free()
    for more in range(2):
        await changes_it_all(store, platform, turn + more)
    assert len(writes_of(platform)) > len(sent)
    assert len(store.open_intents()) == 0
    assert store.verify_journal() is None
    last = {one.budget.native: one.after for one in store.writes(datetime(1970, 1, 1, tzinfo=UTC))}
    assert platform.amounts == last, "what is in force is what was noted last"


async def test_no_line_no_write_and_it_goes_on_when_there_is_room(disk: Disk, place: Place) -> None:
    store = place.open()
    await holds_through_a_full_disk(store, disk)
    store.close()


async def test_the_same_where_the_disk_of_postgresql_is_full(tmp_path: Path, postgres: PostgresServer) -> None:
    folder = postgres.folder / "small"
    with a_tmpfs(folder, 16 * 1024) as mounted:
        if mounted is None:
            pytest.skip("only the superuser may mount a small disk")
        space = postgres.own(mounted.folder / "space")
        postgres.run("postgres", f"CREATE TABLESPACE small LOCATION '{space}'")
        name = "on_a_small_disk"
        postgres.run("postgres", f"CREATE DATABASE {name} TEMPLATE bidder_template TABLESPACE small")
        store = Place(postgres.url(name)).open()
        await holds_through_a_full_disk(store, mounted)
        store.close()
        postgres.drop(postgres.url(name))
        postgres.run("postgres", "DROP TABLESPACE small")


async def test_the_daemon_serves_its_figures_meanwhile_and_decides_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_tmpfs(tmp_path / "small", 16 * 1024) as mounted:
        if mounted is not None:
            await lives_through_a_full_disk(mounted, tmp_path, monkeypatch)
    if mounted is None:
        with a_limit(tmp_path / "limited") as limited:
            await lives_through_a_full_disk(limited, tmp_path, monkeypatch)


async def lives_through_a_full_disk(disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIDDER_STORE", f"sqlite:///{disk.folder}/bidder.db")
    world = World(tmp_path)
    before = {one.id: one.now for one in await world.sandbox.reader().budgets()}
    turns: list[int] = []

    def between() -> None:
        turns.append(len(turns))
        assert "bidder_store_errors_total" in world.text(), "/metrics goes on"
        if len(turns) == 1:
            disk.fill()
        if len(turns) == 6:
            disk.free()

    world.between = between
    await world.live(4)
    assert len(turns) > 8
    assert 'bidder_store_errors_total{operation="write"} 0' not in world.text()
    assert world.kinds().count("decided") >= 1
    assert world.store.verify_journal() is None
    assert world.store.open_intents() == []
    after = {one.id: one.now for one in await world.sandbox.reader().budgets()}
    last = {one.budget: one.after for one in world.store.writes(datetime(1970, 1, 1, tzinfo=UTC))}
    assert after == {**before, **last}
    world.store.close()


def test_a_command_says_what_to_do_and_changes_nothing(tmp_path: Path) -> None:
    with a_tmpfs(tmp_path / "small", 2048) as disk:
        if disk is None:
            pytest.skip("only the superuser may mount a small disk")
        make_shop(tmp_path, store=f"sqlite:///{disk.folder}/bidder.db")
        assert bidder(tmp_path, "poll", "--json").returncode == 0
        store = Place(f"sqlite:///{disk.folder}/bidder.db").open()
        budget = store.budgets()[0].budget
        store.close()
        assert budget.now is not None
        less = str(Money(budget.now.micros - 1_000_000, budget.now.currency))
        disk.fill()
        edits = json.loads((tmp_path / "platform.json").read_text("utf-8"))["edits"]
        said = bidder(tmp_path, "set", str(budget.id), less, "--json")
        assert said.returncode == 1
        assert "free some space" in said.stderr or "look after the disk" in said.stderr
        assert "Traceback" not in said.stderr
        assert json.loads((tmp_path / "platform.json").read_text("utf-8"))["edits"] == edits == []
        disk.free()
        again = bidder(tmp_path, "set", str(budget.id), less, "--json")
        assert json.loads(again.stdout)[0]["outcome"] == "Applied", again.stderr
        assert len(json.loads((tmp_path / "platform.json").read_text("utf-8"))["edits"]) == 1


def test_a_daemon_outlives_the_server_of_the_store_and_keeps_a_stop_that_could_not_be_saved(tmp_path: Path) -> None:
    found = binaries()
    if found is None:
        missing("PostgreSQL (`make services` installs it)")
        return
    with a_server(found) as server:
        make_shop(tmp_path, store=server.bare_database())
        with running(tmp_path) as (process, url):
            until(lambda: get(url + "-/ready"))
            server.stop()
            assert get(url + "metrics"), "figures are served"
            status, said = post(url, "api/v1/halt", reason="the server is gone")
            assert status == 503
            assert "goes on by itself when it is there again" in said["error"]
            dead = bidder(tmp_path, "halt")
            assert dead.returncode == 1
            assert "Traceback" not in dead.stderr
            server.start()
            until(lambda: '"state": "HALTED"' in bidder(tmp_path, "status", "--json").stdout)
            process.send_signal(signal.SIGTERM)
            assert process.wait(90) == 0
        assert "the server is gone" in bidder(tmp_path, "status").stdout
