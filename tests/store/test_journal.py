"""Nothing written in the journal can be changed without it showing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bidder.errors import StoreError
from bidder.store.protocol import Store
from tests.stores import Place, Stores

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    opened = stores.new().open()
    yield opened
    opened.close()


@pytest.fixture
def place(stores: Stores) -> Place:
    """A journal of five lines, and no connection open."""
    place = stores.new()
    store = place.open()
    for number in range(5):
        store.append("note", NOON, text=f"第{number}行", amount="230.00")
    store.close()
    return place


def verdict(place: Place) -> str | None:
    store = place.open()
    try:
        return store.verify_journal()
    finally:
        store.close()


def tamper(place: Place, *statements: str) -> None:
    """As somebody with the database in hand would."""
    if place.on_postgresql:
        guards = [f"DROP TRIGGER {table}_append_only ON {table}" for table in ("journal", "reports")]
    else:
        guards = [f"DROP TRIGGER {t}_refuses_{verb}" for t in ("journal", "reports") for verb in ("update", "delete")]
    place.execute(*guards, *statements)


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
    store.append("note", NOON + timedelta(hours=1), text="c")
    assert [line.number for line in store.journal(kind="note", since=NOON + timedelta(seconds=1))] == [4]


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
def test_the_chain_shows_any_edit(place: Place, statement: str) -> None:
    assert verdict(place) is None
    tamper(place, statement)
    assert verdict(place) is not None


def test_the_broken_line_is_named(place: Place) -> None:
    tamper(place, "UPDATE journal SET facts = '{}' WHERE number = 4")
    assert verdict(place) == "line 4 is not what was written"


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), sign=st.sampled_from("0ax 9"))
def test_the_chain_shows_a_single_changed_character(stores: Stores, place: int, sign: str) -> None:
    where = stores.new()
    store = where.open()
    facts = store.append("intent", NOON, budget="ads/b1", before="180.00", after="230.00").facts
    store.close()
    text: str = where.execute("SELECT facts FROM journal")[0][0]
    assert len(facts) == 3
    place %= len(text)
    changed = text[:place] + sign + text[place + 1 :]
    tamper(where, f"UPDATE journal SET facts = '{changed}'")
    assert (verdict(where) is None) == (changed == text)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET at = 1",
        "DELETE FROM journal",
        "INSERT OR REPLACE INTO journal SELECT number, 0, kind, facts, previous_hash, hash FROM journal",
        "TRUNCATE journal CASCADE",
        "UPDATE reports SET spend = 1",
        "DELETE FROM reports",
        "TRUNCATE reports",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_appended(place: Place, statement: str) -> None:
    if statement.startswith("INSERT OR" if place.on_postgresql else "TRUNCATE"):
        return  # the other one's way of going about it
    place.execute(
        "INSERT INTO series VALUES (1, 'a', 'b', 'c', '', -1)",
        "INSERT INTO labels VALUES (1, '', '', '', 'UTC', 'CNY')",
        "INSERT INTO reports (series, day, observed, label) VALUES (1, 1, 1, 1)",
    )
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="append-only"):
        place.execute(statement)


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
