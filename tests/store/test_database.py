"""Opening: nothing made by a reader, nothing lost by an upgrade, every failure in words."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copytree
from threading import Barrier
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.event import listen
from sqlalchemy.schema import CreateTable

from bidder.errors import StoreError
from bidder.reports import Reports
from bidder.store import open_reader, open_store, schema
from bidder.store.database import Database
from bidder.store.sql import SqlReader, SqlStore
from bidder.store.tables import metadata
from tests.fakes import an_account, empty_database, new_store, observed

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROW = Reports.of([observed(an_account(), date(2026, 11, 22), NOON)])

HEAD = schema.HEAD


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bidder.db"


def test_a_store_is_made_where_there_is_none_and_found_again(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    store.add_reports(ROW)
    store.close()
    again = open_store(f"sqlite:///{path}")
    assert len(again.reports()) == 1
    again.close()
    assert list(path.parent.iterdir()) == [path], "nothing is left beside it"


def test_head_is_the_newest_revision() -> None:
    assert ScriptDirectory(str(schema.LOCATION)).get_heads() == [schema.HEAD]


def test_the_revisions_lead_to_the_tables(path: Path) -> None:
    open_store(f"sqlite:///{path}").close()
    database = Database(f"sqlite:///{path}", read_only=True)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_the_tables_can_be_said_in_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    said = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    assert len(said) == len(metadata.tables)
    assert "WITHOUT ROWID" not in "".join(said)


def test_a_database_at_head_is_opened_without_alembic(path: Path) -> None:
    open_store(f"sqlite:///{path}").close()
    code = (
        "import sys; from bidder.store import open_store, open_reader\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        f"open_store('sqlite:///{path}').reports(); open_reader('sqlite:///{path}').reports()\n"
        "assert 'alembic' not in sys.modules and 'sqlalchemy.orm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_a_reader_makes_no_file_and_says_what_would(path: Path) -> None:
    with pytest.raises(StoreError, match=r"bidder\.db: there is no store yet; `bidder import FILE`"):
        open_reader(f"sqlite:///{path}")
    assert list(path.parent.iterdir()) == []


def test_a_reader_reads_while_a_store_writes_and_cannot_write(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    reader = open_reader(f"sqlite:///{path}")
    assert len(reader.reports()) == 0
    store.add_reports(ROW)
    assert len(reader.reports()) == 1
    with pytest.raises(StoreError, match="readonly"):
        SqlStore.append(reader, "note", NOON)  # type: ignore[arg-type]  # that is the point: a reader has no append
    reader.close()
    store.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("bidder.db", "expected a URL such as"),
        ("sqlite://", "expected a file"),
        ("sqlite:///:memory:", "expected a file"),
        ("sqlite:///{}/nowhere/bidder.db", "its folder does not exist"),
        ("sqlite:///{}", "is a folder"),
        ("nonsense://host/db", "no such store: nonsense; expected"),
    ],
)
def test_a_url_that_cannot_be_opened_is_explained(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says):
        open_store(url.format(tmp_path))


def test_a_password_in_a_url_is_not_shown() -> None:
    for url in ("nonsense://me:secret@host/db", "non sense:me:secret@host"):
        with pytest.raises(StoreError) as raised:
            open_store(url)
        assert "secret" not in str(raised.value)


def test_something_else_is_not_taken_for_a_store(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 500)
    for opened in (open_store, open_reader):
        with pytest.raises(StoreError, match="not a database; the file is not a store of bidder"):
            opened(f"sqlite:///{path}")
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    with pytest.raises(StoreError, match="tables of another program"):
        open_store(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="is not a store of bidder"):
        open_reader(f"sqlite:///{path}")


def test_a_database_of_a_newer_bidder_is_refused_untouched(path: Path) -> None:
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    for opened in (open_store, open_reader):
        with pytest.raises(StoreError, match=r"written by a newer bidder \(schema 9999, here"):
            opened(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*before*"))


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bidder with one more revision."""
    location = tmp_path / "migrations"
    copytree(schema.LOCATION, location)
    revision = f"revision = '9000'\ndown_revision = '{schema.HEAD}'\n"
    upgrade = "def upgrade():\n    op.execute('ALTER TABLE products ADD COLUMN colour TEXT')\n"
    (location / "versions" / "r9000_colour.py").write_text(f"from alembic import op\n{revision}{upgrade}")
    monkeypatch.setattr(schema, "LOCATION", location)
    monkeypatch.setattr(schema, "HEAD", "9000")
    return location


def an_older_store(folder: Path) -> Path:
    store = new_store(folder)
    store.add_reports(ROW)
    store.append("note", NOON, text="before the upgrade")
    store.close()
    return next(folder.glob("*.db"))


def test_an_upgrade_keeps_everything_and_leaves_a_copy_of_before(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = an_older_store(tmp_path)
    request.getfixturevalue("newer")
    with pytest.raises(StoreError, match=r"written by an older bidder .* brings it up to date"):
        open_reader(f"sqlite:///{path}")
    store = open_store(f"sqlite:///{path}")
    assert len(store.reports()) == 1
    assert store.verify_journal() is None
    store.close()
    copy = path.with_name(f"{path.name}.before-9000")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM reports").fetchone() == (1,)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = an_older_store(tmp_path)
    location: Path = request.getfixturevalue("newer")
    broken = location / "versions" / "r9000_colour.py"
    broken.write_text(broken.read_text() + "    op.execute('ALTER TABLE nowhere ADD COLUMN colour TEXT')\n")
    with pytest.raises(StoreError, match="no such table: nowhere"):
        open_store(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
        assert "colour" not in {row[1] for row in connection.execute("PRAGMA table_info(products)")}


def test_no_upgrade_without_its_copy(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = an_older_store(tmp_path)
    request.getfixturevalue("newer")
    path.with_name(f"{path.name}.before-9000").mkdir()
    with pytest.raises(StoreError, match="the copy before the upgrade cannot be made"):
        open_store(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)


def test_a_full_disk_is_a_store_error_and_passes(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    database: Database = store._database  # type: ignore[attr-defined]  # the disk cannot be filled from outside
    with database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match="full; free some space"):
        store.append("note", NOON, text="x" * 1_000_000)
    kept = len(store.journal())
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert store.append("note", NOON).number == kept + 1
    assert store.verify_journal() is None
    store.close()


def test_a_file_that_may_not_be_written_is_a_store_error(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store._database.reading() as connection:  # type: ignore[attr-defined]  # the superuser may write any file
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(StoreError, match="let this user write"):
        store.append("note", NOON)
    assert store.journal() == []


def test_a_write_under_another_ones_lock_is_a_store_error(tmp_path: Path) -> None:
    path = an_older_store(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store = open_store(f"sqlite:///{path}")
        with store._database.reading() as connection:  # type: ignore[attr-defined]  # ten seconds are too long here
            connection.exec_driver_sql("PRAGMA busy_timeout=1")
        with pytest.raises(StoreError, match="locked; another program"):
            store.append("note", NOON)
        assert len(store.journal()) == 1, "reading goes on"
        store.close()


def test_what_is_written_is_flushed_to_the_disk_before_it_returns(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store._database.reading() as connection:  # type: ignore[attr-defined]  # a setting nobody sees otherwise
        pragmas = ("synchronous", "journal_mode", "foreign_keys")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert found == [2, "wal", 1]
    store.close()


def test_what_connections_keep_is_bounded_however_large_the_store_grows_and_however_many_asked_at_once(
    tmp_path: Path,
) -> None:
    path = tmp_path / "one.db"
    path.write_bytes(empty_database())
    url, together = f"sqlite:///{path}", Barrier(6)

    def ask(store: SqlReader) -> int:
        with store._database.reading() as connection:
            kept = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
            together.wait(60)
        return int(kept)

    for store in (SqlStore(url), SqlReader(url)):
        with closing(store), ThreadPoolExecutor(6) as pool:
            assert set(pool.map(ask, [store] * 6)) == {-1000}, "kB of pages a connection"
            pool.shutdown()
            assert store._database.engine.pool.checkedin() <= 2  # type: ignore[attr-defined]  # as QueuePool has it


def test_the_last_days_of_a_store_of_years_are_sought_and_not_read_past(tmp_path: Path) -> None:
    path, asked = tmp_path / "one.db", list[tuple[str, Any]]()
    path.write_bytes(empty_database())
    with closing(SqlReader(f"sqlite:///{path}")) as store:
        engine = store._database.engine
        listen(engine, "before_cursor_execute", lambda _c, _u, text, given, *_: asked.append((text, given)))
        store.reports(NOON, since_day=20_000)
        store.report_versions(since_day=20_000)
        store.activity(NOON, since_day=20_000)
    whole = [(text, given) for text, given in asked if "observed" in text]
    assert len(whole) == 3
    with closing(sqlite3.connect(path)) as connection:
        for text, given in whole:
            steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", given)]
            assert any("series=? AND day>?" in step for step in steps), steps
            assert not {"SCAN reports", "SCAN activity"} & set(steps), steps
