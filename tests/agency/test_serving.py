"""`bidder shops serve` from start to stop: the page answers, shops are looked at, and it ends when it is told to."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import ClientSession

from bidder.agency.serving import serve
from bidder.config.agency import load_agency
from bidder.store.people import AgencyStore, Role
from tests.agency.conftest import NOW, bearer

PATIENCE = 60.0


async def test_it_serves_looks_and_ends(folder: Path) -> None:
    agency, stop = load_agency(folder, {}), asyncio.Event()
    people = AgencyStore(agency.store_url)
    _, token = people.give("boss", Role.ADMIN, ["*"], NOW, "test")
    people.close()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(agency, "127.0.0.1", 0, ready=address.set_result, stop=stop, env={}))
    try:
        async with asyncio.timeout(PATIENCE), ClientSession() as client:
            url = await address
            count = 0
            while count < 3:  # shops are looked at one after the other, beside the page
                async with client.get(f"{url}api/v1/shops", headers=bearer(token)) as answer:
                    assert answer.status == 200
                    count = (await answer.json())["count"]
                await asyncio.sleep(0.05)
            async with client.get(f"{url}-/ready") as answer:
                assert answer.status == 200
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await serving
