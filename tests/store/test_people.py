"""Tokens: bound to shops and a role, hashed where they lie, ended by time, word or replacement, each step journaled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bidder.errors import ConfigError
from bidder.store.people import AgencyStore, Refusal, Role, Token
from tests.stores import Place, Stores

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def place(stores: Stores) -> Place:
    return stores.new()


@pytest.fixture
def store(place: Place) -> Any:
    opened = AgencyStore(place.url)
    yield opened
    opened.close()


def taken(found: Token | Refusal) -> Token:
    assert isinstance(found, Token), found
    return found


def test_a_token_is_known_by_its_text_alone(store: AgencyStore) -> None:
    token, given = store.give("Mei", Role.OPERATOR, ["tea", "silk"], NOW, "hand", NOW + DAY)
    found = taken(store.known(given, NOW))
    assert (found.id, found.name, found.role, found.shops) == (token.id, "Mei", Role.OPERATOR, ("silk", "tea"))
    assert store.known(given[:-1], NOW) is Refusal.WRONG
    assert store.known(given.replace(token.id, "a" * 10), NOW) is Refusal.UNKNOWN
    assert store.known(given.replace("bidder", "bitter"), NOW) is Refusal.UNKNOWN
    assert store.known("", NOW) is Refusal.UNKNOWN
    assert store.known("\ud800", NOW) is Refusal.UNKNOWN


def test_the_secret_stands_nowhere(store: AgencyStore) -> None:
    _, given = store.give("Mei", Role.VIEWER, ["*"], NOW, "hand")
    secret = given.split("_", 2)[2]
    with store._database.reading() as connection:
        rows = [
            str(row)
            for table in ("tokens", "journal", "memory")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]
    assert rows
    assert not any(secret in row for row in rows)


def test_two_tokens_are_never_alike(store: AgencyStore) -> None:
    given = {store.give("Mei", Role.VIEWER, ["tea"], NOW, "hand")[1] for _ in range(20)}
    assert len(given) == 20
    assert all(len(one.split("_", 2)[2]) >= 43 for one in given)


def test_an_expired_token_is_nobodys(store: AgencyStore) -> None:
    _, given = store.give("Mei", Role.VIEWER, ["tea"], NOW, "hand", NOW + DAY)
    assert isinstance(store.known(given, NOW + DAY - timedelta(seconds=1)), Token)
    assert store.known(given, NOW + DAY) is Refusal.EXPIRED


def test_a_revoked_token_is_nobodys_at_once(store: AgencyStore) -> None:
    token, given = store.give("Mei", Role.VIEWER, ["tea"], NOW, "hand")
    store.revoke(token.id, NOW, "boss")
    assert store.known(given, NOW) is Refusal.REVOKED
    with pytest.raises(ConfigError, match="revoked already"):
        store.revoke(token.id, NOW, "boss")


def test_a_replaced_token_counts_for_its_overlap_and_no_longer(store: AgencyStore) -> None:
    token, old = store.give("Mei", Role.OPERATOR, ["tea"], NOW, "hand", NOW + 30 * DAY)
    new, given = store.rotate(token.id, NOW, "boss", timedelta(hours=2))
    assert (new.name, new.role, new.shops, new.expires_at) == ("Mei", Role.OPERATOR, ("tea",), NOW + 30 * DAY)
    assert isinstance(store.known(old, NOW + timedelta(hours=1)), Token)
    assert store.known(old, NOW + timedelta(hours=2)) is Refusal.EXPIRED
    assert isinstance(store.known(given, NOW + DAY), Token)
    with pytest.raises(ConfigError, match="expired already"):
        store.rotate(token.id, NOW + DAY, "boss")


def test_rights_change_without_a_new_token(store: AgencyStore) -> None:
    token, given = store.give("Mei", Role.VIEWER, ["tea"], NOW, "hand")
    store.change(token.id, Role.ADMIN, ["silk"], NOW, "boss")
    found = taken(store.known(given, NOW))
    assert (found.role, found.shops) == (Role.ADMIN, ("silk",))


def test_all_of_it_stands_in_the_journal_and_the_chain_holds(store: AgencyStore) -> None:
    token, _ = store.give("Mei", Role.VIEWER, ["tea"], NOW, "hand")
    store.change(token.id, Role.OPERATOR, ["tea"], NOW, "boss")
    new, _ = store.rotate(token.id, NOW, "boss")
    store.used(new, NOW, "page")
    store.revoke(new.id, NOW, "boss")
    lines = [(line.facts["what"], line.facts.get("token")) for line in reversed(store.journal(kind="access"))]
    assert lines == [
        ("token given", token.id),
        ("token changed", token.id),
        ("token given", new.id),
        ("token replaced", token.id),
        ("token in use", new.id),
        ("token revoked", new.id),
    ]
    assert {line.facts.get("by") for line in store.journal(kind="access")} >= {"hand", "boss"}
    assert store.verify_journal() is None


def test_use_is_noted_now_and_then_and_journaled_once_a_day(store: AgencyStore) -> None:
    token, given = store.give("Mei", Role.VIEWER, ["tea"], NOW, "hand")
    assert store.used(token, NOW)
    assert not store.used(taken(store.known(given, NOW)), NOW + timedelta(minutes=9))
    assert store.used(taken(store.known(given, NOW)), NOW + timedelta(minutes=10))
    assert store.used(taken(store.known(given, NOW)), NOW + DAY)
    assert [line.facts["what"] for line in store.journal(kind="access")].count("token in use") == 2


@pytest.mark.parametrize(
    ("name", "shops", "expires", "word"),
    [
        ("", ["tea"], None, "name"),
        ("x" * 41, ["tea"], None, "name"),
        ("Mei", [], None, "shops"),
        ("Mei", ["Tea House"], None, "Tea House"),
        ("Mei", ["../x"], None, "x"),
        ("Mei", ["tea"], NOW, "expires"),
    ],
)
def test_what_no_token_can_have_is_refused(
    store: AgencyStore, name: str, shops: list[str], expires: datetime | None, word: str
) -> None:
    with pytest.raises(ConfigError, match=word):
        store.give(name, Role.VIEWER, shops, NOW, "hand", expires)
    assert not store.tokens()


def test_each_role_may_what_those_before_it_may() -> None:
    order = list(Role)
    assert [[one.may(other) for other in order] for one in order] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_nobody_covers_more_shops_than_his_own() -> None:
    def token(*shops: str) -> Token:
        return Token("a", "Mei", Role.ADMIN, shops, NOW, "hand")

    assert token("*").covers(["*"])
    assert token("*").covers(["tea"])
    assert token("tea", "silk").covers(["tea"])
    assert not token("tea").covers(["*"])
    assert not token("tea").covers(token("tea", "silk"))


def test_an_older_store_gets_its_tokens_table(tmp_path: Path) -> None:
    store = AgencyStore(f"sqlite:///{tmp_path}/agency.db")
    assert store.tokens() == []
    store.close()
