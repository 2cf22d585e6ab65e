"""From every schema that was ever released, with data in every table: all of it is there afterwards, and a copy too."""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from bidder.errors import StoreError
from bidder.ids import ProductId
from bidder.plan import State
from bidder.store import open_reader, schema
from bidder.store.database import Database, micros_of
from tests.stores import Place, Stores

NOON = micros_of(datetime(2026, 11, 23, 12, tzinfo=UTC))
RELEASED = [one.revision for one in reversed(list(ScriptDirectory(str(schema.LOCATION)).walk_revisions()))]

BUDGET = '{"currency":"CNY","id":{"account":"ads","budget":"b1"},"name":"茶"}'
ROWS = {
    "0001": [
        "INSERT INTO series VALUES (3, 'ads', 'b1', 'c1', 'P1', -1)",
        "INSERT INTO labels VALUES (5, '茶', 'search', '', 'Asia/Shanghai', 'CNY')",
        f"INSERT INTO reports VALUES (3, 20780, {NOON}, 5, 1000, 50, 2.5, NULL, 12345678, 99000000, NULL)",
        f"INSERT INTO budgets VALUES ('ads', 'b1', 180000000, 'CNY', {NOON}, '{BUDGET}')",
        f"INSERT INTO budget_amounts VALUES (7, 'ads', 'b1', {NOON}, 180000000, 'CNY')",
        f"""INSERT INTO products VALUES ('P1', {NOON}, '{{"id":"P1","stock":7}}')""",
        f"INSERT INTO plans VALUES (4, 'aaa1', {NOON}, '2026-11-23', 'proposed', '{{\"total\":\"230.00\"}}')",
        """INSERT INTO memory VALUES ('bidder:state', '{"at":0,"reason":"by hand","state":"REDUCING"}')""",
    ],
    "0002": [
        "INSERT INTO activity_series VALUES (9, 'till', 'P1', '')",
        f"""INSERT INTO activity (series, day, hour, observed, zone, currency, visitors, revenue)
        VALUES (9, 20780, -1, {NOON}, 'Asia/Shanghai', 'CNY', 60, 30000000)""",
        f"INSERT INTO activity_events VALUES (9, 20780, 'visitors', {NOON}, 12, 0, 60000000)",
    ],
    "0003": [
        f"INSERT INTO leases VALUES ('daemon', 41, 'somebody', {NOON})",
        f"INSERT INTO holds VALUES ('ads/b1', 'alarm', 'odd', 'lowers', {NOON}, NULL, NULL, 0)",
    ],
    "0004": [],
    "0005": [
        "INSERT INTO lever_series VALUES (6, 'ads', 'keyword', 'k1')",
        f"""INSERT INTO levers VALUES (6, 750000, 'CNY', {NOON}, '{{"budget":"ads/b1","name":"茶叶"}}')""",
        f"INSERT INTO lever_values VALUES (8, 6, {NOON}, 750000)",
        f"""INSERT INTO lever_reports (series, day, observed, currency, clicks, spend, share)
        VALUES (6, 20780, {NOON}, 'CNY', 50, 12345678, 0.25)""",
    ],
    "0006": [
        f"INSERT INTO tokens VALUES ('a1', 'Mei', 'viewer', '[\"tea\"]', 'x', 'hand', {NOON}, NULL, NULL, NULL)",
    ],
}
"""What each revision brought, filled."""


def test_every_revision_has_its_rows() -> None:
    assert list(ROWS) == RELEASED, "a new revision: say here what its tables hold"


def an_old_store(place: Place, revision: str) -> None:
    """As the program of that revision left it."""
    database = Database(place.url, read_only=False)
    with database.writing() as connection:
        schema._upgrade(connection, revision)
    database.close()
    rows = [row for known in RELEASED[: RELEASED.index(revision) + 1] for row in ROWS[known]]
    previous, lines = "0" * 64, []
    for number, (kind, facts) in enumerate([("intent", '{"after":"230.00"}'), ("note", '{"text":"茶"}')], 1):
        line = f'{{"at":{NOON},"facts":{facts},"kind":"{kind}","number":{number}}}'
        digest = sha256(f"{previous}\n{line}".encode()).hexdigest()
        lines.append(f"INSERT INTO journal VALUES ({number}, {NOON}, '{kind}', '{facts}', '{previous}', '{digest}')")
        previous = digest
    lines.append(f"UPDATE journal_head SET number = 2, hash = '{previous}'")
    lines.append(
        f"INSERT INTO intents VALUES (1, 'aaa1', 'ads', 'b1', 180000000, 230000000, 'CNY', {NOON}, 'open', NULL)"
    )
    if revision >= "0005":
        lines.append(f"INSERT INTO lever_intents VALUES (2, 'aaa1', 6, 750000, 900000, 'CNY', {NOON}, 'open', NULL)")
    place.execute(*rows, *lines)


def found_in(place: Place) -> dict[str, Any]:
    """What bidder sees of it."""
    store = place.reader()
    try:
        reports, state, holds = store.reports(), store.state(), store.holds()
        leases = store.lease("daemon")
        with_bids = schema.HEAD >= "0005"
        bids = store.levers() if with_bids else []
        figures = store.lever_reports(date(2026, 1, 1), date(2026, 12, 31)) if with_bids else []
        return {
            "spend": reports.spend.tolist(),
            "orders": reports.orders.tolist(),
            "names": reports.name.tolist(),
            "budgets": [(one.budget.name, str(one.budget.now)) for one in store.budgets()],
            "amounts": [str(amount) for _, _, amount in store.budget_history(datetime(2026, 1, 1, tzinfo=UTC))],
            "stock": {one.id: one.stock for one in store.products()},
            "plans": [(one.id, one.document["total"], one.status) for one in store.plans()],
            "open": [(str(one.budget), str(one.after)) for one in store.open_intents()],
            "lines": [line.kind for line in store.journal()],
            "chain": store.verify_journal(),
            "state": state,
            "visitors": store.activity().visitors.tolist(),
            "token": leases.token if leases is not None else None,
            "holds": [(one.item, one.reason) for one in holds],
            "bids": [(str(one.id), one.name, one.now, str(one.budget)) for one in bids],
            "bid figures": [(one.performance.clicks, one.share) for one in figures],
            "bid writes": [(str(one.lever), one.after) for one in store.open_lever_moves()] if with_bids else [],
        }
    finally:
        store.close()


@pytest.mark.parametrize("revision", RELEASED)
def test_nothing_is_lost_on_the_way_from(revision: str, stores: Stores) -> None:
    place = stores.bare()
    an_old_store(place, revision)
    if revision != schema.HEAD:
        with pytest.raises(StoreError, match="written by an older bidder"):
            open_reader(place.url)
    place.open().close()
    later = RELEASED.index(revision)
    assert found_in(place) == {
        "spend": [12_345_678],
        "orders": [2.5],
        "names": ["茶"],
        "budgets": [("茶", "180.00")],
        "amounts": ["180.00"],
        "stock": {ProductId("P1"): 7},
        "plans": [("aaa1", "230.00", "proposed")],
        "open": [("ads/b1", "230.00")],
        "lines": ["note", "intent"],
        "chain": None,
        "state": State.REDUCING,
        "visitors": [60.0] if later >= 1 else [],
        "token": 41 if later >= 2 else None,
        "holds": [("ads/b1", "odd")] if later >= 2 else [],
        "bids": [("ads/keyword:k1", "茶叶", 750_000, "ads/b1")] if later >= 4 else [],
        "bid figures": [(50, 0.25)] if later >= 4 else [],
        "bid writes": [("ads/keyword:k1", 900_000)] if later >= 4 else [],
    }
    store = place.open()  # the database's own numbers go on
    store.append("note", datetime(2026, 11, 24, tzinfo=UTC))
    assert store.verify_journal() is None
    store.close()


def test_the_copy_of_before_is_a_store_of_before(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    place = stores.bare()
    an_old_store(place, "0003")
    place.open().close()
    if place.on_postgresql:
        copy = Place(f"{place.url}?schema=public_before_{schema.HEAD}")
    else:
        copy = Place(f"{place.url}.before-{schema.HEAD}")
    with pytest.raises(StoreError, match="written by an older bidder"):
        open_reader(copy.url)
    monkeypatch.setattr(schema, "HEAD", "0003")  # the older bidder
    assert found_in(copy)["token"] == 41
    assert found_in(copy)["chain"] is None
    older = copy.open()
    assert older.append("note", datetime(2026, 11, 24, tzinfo=UTC)).number == 3
    older.add_budgets([one.budget for one in older.budgets()], datetime(2026, 11, 24, tzinfo=UTC))
    older.close()


def test_without_the_copy_there_is_no_upgrade(stores: Stores) -> None:
    if stores.server is None:
        return  # test_database.py shows it of files
    place = stores.bare()
    an_old_store(place, "0003")
    place.execute(f"CREATE SCHEMA public_before_{schema.HEAD}")
    with pytest.raises(StoreError, match=r"copy before the upgrade \(schema public_before_.* cannot be made: .*exists"):
        place.open()
    assert place.execute("SELECT version_num FROM alembic_version") == [("0003",)]


def test_many_that_start_at_once_upgrade_once(stores: Stores) -> None:
    from concurrent.futures import ThreadPoolExecutor

    place = stores.bare()
    an_old_store(place, "0002")
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: place.open(), range(4)))
    for store in opened:
        assert store.verify_journal() is None
        store.close()
    assert place.execute("SELECT version_num FROM alembic_version") == [(schema.HEAD,)]
