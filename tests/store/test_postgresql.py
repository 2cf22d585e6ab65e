"""What is PostgreSQL's own: one schema a shop, writes that take turns, a server that goes away and comes back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from bidder.apply import apply_changes, settle
from bidder.catalog import Budget
from bidder.errors import NoStoreYet, StoreError
from bidder.ids import BudgetId, PlanId
from bidder.money import Money
from bidder.plan import Applied, Change, Outcome
from bidder.reports import Reports
from bidder.store import open_reader, open_store, postgresql
from bidder.store.database import Database
from bidder.store.protocol import Store
from bidder.store.sql import SqlStore
from tests.fakes import CNY, FakePlatform, an_account, observed, yuan
from tests.postgres import PostgresServer, a_server, binaries
from tests.stores import Place

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    made = postgres.new_database()
    yield made
    postgres.drop(made)


@pytest.fixture(scope="module")
def mortal(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A server that a test may stop, and starts again."""
    found = binaries()
    assert found is not None
    with a_server(found) as server:
        yield server


def test_shops_in_one_database_know_nothing_of_each_other(url: str) -> None:
    with pytest.raises(NoStoreYet, match="there is no store yet"):
        open_reader(f"{url}?schema=coffee")
    tea, coffee = open_store(f"{url}?schema=tea"), open_store(f"{url}?schema=coffee")
    tea.append("note", NOON, text="tea")
    tea.set_value("answers", 1)
    coffee.add_reports(Reports.of([observed(an_account(), date(2026, 11, 22), NOON)]))
    tea.take_lease("daemon", "one", NOON, timedelta(minutes=1))
    assert coffee.take_lease("daemon", "two", NOON, timedelta(minutes=1)).token == 1
    assert (len(tea.journal()), len(coffee.journal())) == (1, 0)
    assert (tea.value("answers"), coffee.value("answers")) == (1, None)
    assert (len(tea.reports()), len(coffee.reports())) == (0, 1)
    assert [one.verify_journal() for one in (tea, coffee)] == [None, None]
    other = open_store(url)
    assert other.value("answers") is None
    for store in (tea, coffee, other):
        store.close()


def test_two_shops_write_at_the_same_time_two_writers_of_one_take_turns(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tea, again, coffee = (open_store(f"{url}?schema={name}") for name in ("tea", "tea", "coffee"))
    monkeypatch.setattr(postgresql, "WAIT_SECONDS", 1)
    database: Database = tea._database  # type: ignore[attr-defined]  # a write that takes long
    with database.writing():
        coffee.append("note", NOON)
        with pytest.raises(StoreError, match="lock timeout; another program has been writing"):
            again.append("note", NOON)
        assert again.journal() == [], "reading goes on"
    assert again.append("note", NOON).number == 1
    for store in (tea, again, coffee):
        store.close()


def test_a_read_sees_one_state_though_others_write(url: str) -> None:
    store, other = open_store(url), open_store(url)
    database: Database = store._database  # type: ignore[attr-defined]  # two looks in one transaction
    with database.reading() as connection:
        before = connection.execute(text("SELECT count(*) FROM journal")).scalar()
        other.append("note", NOON)
        assert connection.execute(text("SELECT count(*) FROM journal")).scalar() == before == 0
    assert len(store.journal()) == 1
    store.close()
    other.close()


def test_writers_in_many_threads_make_one_chain(url: str) -> None:
    stores = [open_store(url) for _ in range(3)]
    failures: list[BaseException] = []

    def write(store: Store, turn: int) -> None:
        try:
            for place in range(15):
                store.append("note", NOON, turn=turn, place=place)
                store.set_value(f"thread-{turn}", place)
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=write, args=(stores[turn % 3], turn)) for turn in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failures == []
    assert [line.number for line in stores[0].journal()] == list(range(90, 0, -1))
    assert stores[0].verify_journal() is None
    for store in stores:
        store.close()


def test_a_writer_that_went_away_is_not_waited_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, away = open_store(url), open_store(url)
    monkeypatch.setattr(postgresql, "ABANDONED_SECONDS", 1)
    database: Database = away._database  # type: ignore[attr-defined]  # stopped in the middle of a write

    def interrupted() -> None:
        with database.writing() as connection:
            connection.execute(text("UPDATE journal_head SET number = number + 1"))
            assert store.append("note", NOON).number == 1
            connection.execute(text("UPDATE journal_head SET number = number + 1"))

    with pytest.raises(StoreError, match="goes on by itself"):
        interrupted()
    assert away.append("note", NOON).number == 2
    assert store.verify_journal() is None
    store.close()
    away.close()


def test_a_write_is_on_the_disk_whatever_the_server_does_by_default(postgres: PostgresServer, url: str) -> None:
    name = url.rpartition("/")[2]
    postgres.run("postgres", f"ALTER DATABASE {name} SET synchronous_commit = off")
    postgres.run("postgres", f"ALTER DATABASE {name} SET timezone = 'Asia/Shanghai'")
    database = Database(url, read_only=False)
    with database.writing() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    with database.reading() as connection:
        assert connection.execute(text("SHOW transaction_isolation")).scalar() == "repeatable read"
    database.close()


def test_names_sort_by_their_bytes_whatever_the_language_of_the_server(postgres: PostgresServer) -> None:
    name = "in_german"
    postgres.run(
        "postgres", f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C'"
    )
    store = open_store(postgres.url(name))
    natives = ["a", "B", "ä", "Z", "_", "茶", "-"]
    store.add_budgets([Budget(BudgetId(an_account().id, one), one, CNY) for one in natives], NOON)
    assert [one.budget.id.native for one in store.budgets()] == sorted(natives, key=str.encode)
    store.close()
    postgres.drop(postgres.url(name))


def test_a_reader_cannot_write(url: str) -> None:
    reader = open_reader(url)
    with pytest.raises(StoreError, match="read-only"):
        SqlStore.append(reader, "note", NOON)  # type: ignore[arg-type]  # that is the point: a reader has no append
    reader.close()
    reader.close()


def test_the_databases_of_others_are_left_alone(postgres: PostgresServer) -> None:
    url = postgres.bare_database()
    Place(url).execute("CREATE TABLE recipes (name text)")
    with pytest.raises(StoreError, match=r"holds tables of another program; name another schema by \?schema=NAME"):
        open_store(url)
    with pytest.raises(StoreError, match="is not a store of bidder"):
        open_reader(url)
    store = open_store(f"{url}?schema=bidder")
    assert store.append("note", NOON).number == 1
    store.close()
    postgres.drop(url)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("postgresql://bidder:secret@127.0.0.1:1/db", "check that the server runs and can be reached"),
        ("postgres://bidder:secret@127.0.0.1:PORT/nowhere", "make the database first: createdb"),
        ("postgresql://bidder:secret@127.0.0.1:PORT/DB?schema=a;b", "schema: expected one name of a-z, 0-9 and _"),
        ("postgresql://bidder:secret@127.0.0.1:PORT/DB?schema=A&schema=b", "schema: expected one name"),
        ("postgresql://bidder:secret@127.0.0.1:PORT/DB?schema=nowhere_yet", "there is no store yet"),
    ],
)
def test_what_cannot_be_opened_is_explained_without_the_password(
    postgres: PostgresServer, url: str, address: str, says: str
) -> None:
    with pytest.raises(StoreError) as raised:
        open_reader(address.replace("PORT", str(postgres.port)).replace("DB", url.rpartition("/")[2]))
    assert says in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_role_without_rights_is_told_what_to_ask_for(postgres: PostgresServer, url: str) -> None:
    postgres.run("postgres", "DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN")
    with pytest.raises(StoreError, match=r"permission denied .* GRANT CREATE, or name a schema of its own"):
        open_store(f"{url.replace('bidder@', 'guest@')}?schema=mine")


def test_a_server_that_goes_away_is_a_store_error_and_comes_back_by_itself(mortal: PostgresServer) -> None:
    store = open_store(mortal.new_database())
    store.append("note", NOON, text="before")
    for how in (signal.SIGINT, signal.SIGQUIT):  # shut down, and as in a crash
        mortal.stop(how)
        for ask in (lambda: store.append("note", NOON), store.journal, store.state):
            with pytest.raises(StoreError, match="goes on by itself when it is there again"):
                ask()
        mortal.start()
        store.append("note", NOON, text="after")
    assert [line.number for line in store.journal()] == [3, 2, 1]
    assert store.verify_journal() is None
    store.close()


class Restarting(FakePlatform):
    """A platform during whose first write the database goes away, after it has taken the write."""

    server: PostgresServer
    left = 1

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        said = await super().set(budget, amount)
        if self.left:
            self.left -= 1
            self.server.stop()
        return said


async def test_no_write_goes_out_without_its_line_while_the_server_restarts(mortal: PostgresServer) -> None:
    store = open_store(mortal.new_database())
    Restarting.server = mortal
    platform = Restarting.of({"b1": 100, "b2": 100})
    account = platform.account

    async def apply_both() -> None:
        moves = [Change(platform.id(name), yuan(100), yuan(90)) for name in ("b1", "b2")]
        await apply_changes(
            PlanId("p"), moves, store=store, writers={account.id: platform}, accounts={account.id: account},
            cap=yuan(1000), clock=lambda: NOON, approved=True,
        )  # fmt: skip

    with pytest.raises(StoreError, match="goes on by itself"):
        await apply_both()
    assert {name: str(amount) for name, amount in platform.amounts.items()} == {"b1": "90.00", "b2": "100.00"}
    with pytest.raises(StoreError):
        await apply_both()
    assert platform.amounts["b2"] == yuan(100), "nothing was sent that could not be noted before"
    mortal.start()
    (closed,) = await settle(store, {account.id: platform}, lambda: NOON)
    assert closed.outcome == Applied(yuan(90))
    assert store.open_intents() == []
    await apply_both()
    assert {str(amount) for amount in platform.amounts.values()} == {"90.00"}
    noted = [(line.facts["budget"], line.facts["after"]) for line in store.journal(kind="intent")]
    assert noted == [("ads/b2", "90.00"), ("ads/b1", "90.00")]
    assert store.verify_journal() is None
    store.close()


def test_connections_are_shared_by_the_shops_of_a_process_and_given_back(postgres: PostgresServer, url: str) -> None:
    def connections() -> int:
        name = url.rpartition("/")[2]
        with psycopg.connect(postgres.url("postgres")) as one:
            found = one.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()
        assert found is not None
        return int(found[0])

    shops = [open_store(f"{url}?schema=s{number}") for number in range(5)]
    for shop in shops:
        shop.append("note", NOON)
    assert connections() == 1
    for shop in shops:
        shop.close()
    deadline = threading.Event()
    while connections():  # a backend ends a moment after its connection
        deadline.wait(0.02)
