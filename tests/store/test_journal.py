"""Nothing written in the journal can be changed without it showing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.errors import StoreError
from bidder.store import open_store
from bidder.store.protocol import Store
from tests.fakes import new_store

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of five lines, and no connection open."""
    store = new_store(tmp_path)
    for number in range(5):
        store.append("note", NOON, text=f"第{number}行", amount="230.00")
    store.close()
    return next(tmp_path.glob("*.db"))


def verdict(path: Path) -> str | None:
    store = open_store(f"sqlite:///{path}")
    try:
        return store.verify_journal()
    finally:
        store.close()


def tamper(path: Path, *statements: str) -> None:
    """As somebody with the file in hand would."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("journal", "reports"):
            for verb in ("update", "delete"):
                connection.execute(f"DROP TRIGGER {table}_refuses_{verb}")
        for statement in statements:
            connection.execute(statement)


def test_lines_are_numbered_without_gaps_and_each_carries_the_hash_of_the_one_before(store: Store) -> None:
    written = [store.append("note", NOON, place=place) for place in range(4)]
    assert [line.number for line in written] == [1, 2, 3, 4]
    assert [line.previous_hash for line in written[1:]] == [line.hash for line in written[:-1]]
    assert list(store.journal()) == written[::-1]
    assert store.verify_journal() is None


def test_an_empty_journal_holds(store: Store) -> None:
    assert store.journal() == []
    assert store.verify_journal() is None


def test_lines_can_be_asked_by_kind_and_number(store: Store) -> None:
    store.append("note", NOON, text="a")
    store.append("polled", NOON, results=[])
    store.append("note", NOON, text="b")
    assert [line.facts["text"] for line in store.journal(kind="note")] == ["b", "a"]
    assert [line.number for line in store.journal(limit=1)] == [3]
    assert [line.number for line in store.journal(limit=1, kind="polled")] == [2]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET facts = replace(facts, '230', '999') WHERE number = 3",
        "UPDATE journal SET facts = facts || ' ' WHERE number = 3",
        "UPDATE journal SET at = at + 1 WHERE number = 1",
        "UPDATE journal SET kind = 'alert' WHERE number = 5",
        "UPDATE journal SET hash = previous_hash WHERE number = 2",
        "UPDATE journal SET previous_hash = hash WHERE number = 2",
        "DELETE FROM journal WHERE number = 1",
        "DELETE FROM journal WHERE number = 3",
        "DELETE FROM journal WHERE number = 5",
        "DELETE FROM journal",
        "UPDATE journal_head SET number = 4",
        "INSERT INTO journal SELECT 6, at, kind, facts, hash, hash FROM journal WHERE number = 5",
    ],
)
def test_the_chain_shows_any_edit(path: Path, statement: str) -> None:
    assert verdict(path) is None
    tamper(path, statement)
    assert verdict(path) is not None


def test_the_broken_line_is_named(path: Path) -> None:
    tamper(path, "UPDATE journal SET facts = '{}' WHERE number = 4")
    assert verdict(path) == "line 4 is not what was written"


@settings(deadline=None, max_examples=20)
@given(place=st.integers(0, 10_000), sign=st.sampled_from("0ax 9"))
def test_the_chain_shows_a_single_changed_character(
    tmp_path_factory: pytest.TempPathFactory, place: int, sign: str
) -> None:
    folder = tmp_path_factory.mktemp("chain")
    store = new_store(folder)
    facts = store.append("intent", NOON, budget="ads/b1", before="180.00", after="230.00").facts
    store.close()
    path = next(folder.glob("*.db"))
    with closing(sqlite3.connect(path)) as connection:
        text: str = connection.execute("SELECT facts FROM journal").fetchone()[0]
    assert len(facts) == 3
    place %= len(text)
    changed = text[:place] + sign + text[place + 1 :]
    tamper(path, f"UPDATE journal SET facts = '{changed}'")
    assert (verdict(path) is None) == (changed == text)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET at = 1",
        "DELETE FROM journal",
        "INSERT OR REPLACE INTO journal SELECT number, 0, kind, facts, previous_hash, hash FROM journal",
        "UPDATE reports SET spend = 1",
        "DELETE FROM reports",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_appended(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA recursive_triggers=ON")  # as the store sets it
        connection.execute("INSERT INTO series VALUES (1, 'a', 'b', 'c', '', -1)")
        connection.execute("INSERT INTO labels VALUES (1, '', '', '', 'UTC', 'CNY')")
        connection.execute("INSERT INTO reports (series, day, observed, label) VALUES (1, 1, 1, 1)")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)


@pytest.mark.parametrize("facts", [{"x": float("nan")}, {"x": float("inf")}, {"x": object()}, {"x": {1, 2}}])
def test_facts_are_json_or_refused(store: Store, facts: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match="cannot be stored as JSON"):
        store.append("note", NOON, **facts)
    assert store.journal() == []


def test_an_unknown_kind_and_a_naive_instant_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no such kind of line"):
        store.append("gossip", NOON)
    with pytest.raises(StoreError, match="aware instant"):
        store.append("note", datetime(2026, 1, 1))
    assert store.verify_journal() is None
