"""Many shops in one database: a schema each beside the agency's own, looked at and acted on as in files."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from bidder import cycle
from bidder.agency.desk import Desk
from bidder.config.agency import load_agency
from bidder.config.shops import load_shop
from bidder.store import open_store
from bidder.store.people import AgencyStore, Role
from tests.agency.conftest import FILES, NOW, Clock, House, bearer, write
from tests.postgres import PostgresServer


@pytest.mark.service
async def test_shops_of_one_database_stand_side_by_side(postgres: PostgresServer, tmp_path: Path) -> None:
    folder, url = write(tmp_path), postgres.bare_database()
    (folder / "template.yaml").write_text(FILES["template.yaml"].replace("sqlite:///stores/$shop.db", url), "utf-8")
    (folder / "agency.yaml").write_text(f"{FILES['agency.yaml']}store: {url}?schema=agency\n", "utf-8")
    agency = load_agency(folder, {})
    try:
        config = load_shop(agency, "tea", {})
        assert config.store_url == f"{url}?schema=shop_tea"
        store, readers = open_store(config.store_url), cycle.open_readers(config)
        await cycle.poll_now(readers, store, lambda: NOW, 14)
        cycle.save(cycle.decide_now(config, store, NOW), store, NOW)
        await readers.close()
        store.close()
        people = AgencyStore(agency.store_url)
        house = House(folder, Desk(agency, people, Clock(), {}), people, Clock())
        house.desk.round(Event())
        states = {one.name: (one.state, one.waits > 0) for one in house.desk.standings(lambda _: True)}
        assert states == {"tea": ("ACTIVE", True), "silk": ("UNREAD", False), "tin": ("UNREAD", False)}
        token = house.give("mei", Role.OPERATOR, "tea")
        async with house.served() as client:
            halted = await client.post("/shops/tea/api/v1/halt", json={}, headers=bearer(token))
            assert halted.status == 200
            assert (await client.get("/shops/silk/", headers=bearer(token))).status == 404
            status = await (await client.get("/shops/tea/api/v1/status", headers=bearer(token))).json()
            assert status["state"] == "HALTED"
        assert people.verify_journal() is None
        people.close()
    finally:
        postgres.drop(url)
