"""Nobody sees or changes a shop that is not his, nor learns whether there is one: every address, by every wrong token.

The addresses for programs are those of the OpenAPI description, the pages those of the router: an address that is
added is tried by itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bidder.store.people import Role
from bidder.web.agency import agency_application
from bidder.web.agency_openapi import described
from tests.agency.conftest import House, bearer

OPEN = {"/-/healthy", "/-/ready"}
UNLIKE = ("Date",)
"""Headers that are of the moment."""
BODIES: dict[str, Any] = {
    "put": {"yaml": "shop: {title: taken over}\n"},
    "post": {"reason": "mine now", "item": "ads"},
}


@dataclass(frozen=True)
class Address:
    """One method of one address of the description."""

    method: str
    path: str
    operation: Any

    def at(self, shop: str, id_: str) -> str:
        """The address of a shop and of a plan or token."""
        return self.path.replace("{shop}", shop).replace("{id}", id_)

    @property
    def body(self) -> bytes:
        """What its description would take, as far as it matters here."""
        if "requestBody" not in self.operation:
            return b""
        if self.path.endswith("/tokens"):
            return json.dumps({"name": "Eve", "role": "admin", "shops": ["tea"]}).encode()
        if self.path.endswith("/change"):
            return json.dumps({"role": "admin", "shops": ["tea"]}).encode()
        if "/shops/{shop}" in self.path and self.path.startswith("/api/v1/shops"):
            return json.dumps(BODIES["put"]).encode()
        if self.path.endswith(("approve", "reject", "rotate")):
            return b"{}"
        if self.path.endswith("confirm"):
            return b'{"digest": "0"}'
        return json.dumps(BODIES["post"]).encode()


def addresses() -> list[Address]:
    paths = json.loads(described())["paths"]
    return [Address(method, path, one) for path, methods in paths.items() for method, one in methods.items()]


ALL = addresses()
OF_SHOPS = [one for one in ALL if "{shop}" in one.path]
CLOSED = [one for one in ALL if one.path not in OPEN]


def pages() -> Iterator[tuple[str, str]]:
    """Every address of the router that the description does not have: what people see, and their forms."""
    known = {(one.method.upper(), one.path) for one in ALL}
    for route in agency_application(_nobody()).router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        plain = path.replace("{what}", "halt")
        if (route.method, plain) in known or path.startswith(("/static", "/favicon", "/sign-in")) or "{what}" in path:
            continue
        if route.method != "HEAD":
            yield route.method, path


def _nobody() -> Any:
    return None


@pytest.fixture
def watched(house: House) -> House:
    """With a token for everybody who might try."""
    house.give("viewer", Role.VIEWER, "tea")
    house.give("operator", Role.OPERATOR, "tea")
    house.give("stranger", Role.ADMIN, "silk")
    house.give("boss", Role.ADMIN, "*")
    house.give("expired", Role.ADMIN, "*", days=1)
    house.give("revoked", Role.ADMIN, "*")
    house.people.revoke(house.ids["revoked"], house.clock(), "test")
    house.clock.now += timedelta(days=2)
    good = house.tokens["boss"]
    house.tokens["wrong"] = good[:-2] + ("aa" if good[-2:] != "aa" else "bb")
    house.tokens["nonsense"] = "bidder_x_y"
    return house


def state(folder: Path) -> dict[str, str]:
    """All that could be changed: the shops' stores and files whole, and who has which rights."""
    found = {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.glob("shops/*"))}
    for path in sorted(folder.glob("stores/*.db")):
        with closing(sqlite3.connect(path)) as database:
            found[path.name] = sha256("\n".join(database.iterdump()).encode()).hexdigest()
    with closing(sqlite3.connect(folder / "agency.db")) as database:
        rows = database.execute("SELECT id, name, role, shops, hash, expires_at, revoked_at FROM tokens ORDER BY id")
        found["tokens"] = repr(rows.fetchall())
    return found


async def asked(
    client: TestClient[Any, Any], method: str, path: str, token: str | None, body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer, nothing followed."""
    headers = {**bearer(token), **({"Content-Type": "application/json"} if body else {})}
    async with client.request(method, path, headers=headers, data=body or None, allow_redirects=False) as answer:
        shown = {name: value for name, value in answer.headers.items() if name not in UNLIKE}
        return answer.status, shown, await answer.read()


def same(one: tuple[int, dict[str, str], bytes], other: tuple[int, dict[str, str], bytes], *names: str) -> bool:
    """Whether two answers are alike but for the name that was asked for."""

    def plain(answer: tuple[int, dict[str, str], bytes]) -> tuple[Any, ...]:
        status, headers, body = answer
        text = body.decode("utf-8", "replace")
        for name in names:
            text = text.replace(f"/{name}/", "/NAME/")
        headers = {key: value for key, value in headers.items() if key not in ("Etag", "ETag", "Content-Length")}
        if "Location" in headers:
            for name in names:
                headers["Location"] = headers["Location"].replace(f"/{name}/", "/NAME/")
        return status, headers, text

    return plain(one) == plain(other)


def test_the_description_has_every_address_for_programs() -> None:
    """Else what follows would not try them all."""
    known = {(one.method.upper(), one.path) for one in ALL}
    for route in agency_application(_nobody()).router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        if "/api/" in path and route.method != "HEAD":
            each = [path.replace("{what}", word) for word in ("halt", "reduce", "resume", "hold")]
            assert all((route.method, one) in known for one in (each if "{what}" in path else [path])), path
    assert len(OF_SHOPS) >= 12
    assert {one.method for one in ALL} == {"get", "post", "put", "delete"}


@pytest.mark.parametrize("who", [None, "expired", "revoked", "wrong", "nonsense"])
async def test_without_a_good_token_nothing_is_read_or_written_or_learnt(watched: House, who: str | None) -> None:
    before, token = state(watched.folder), None if who is None else watched.tokens[who]
    async with watched.served() as client:
        for one in CLOSED:
            there = await asked(client, one.method, one.at("tea", watched.ids["viewer"]), token, one.body)
            nowhere = await asked(client, one.method, one.at("not", "q" * 10), token, one.body)
            assert there[0] == 401, one
            assert same(there, nowhere, "tea", "not"), one
        for method, path in pages():
            there = await asked(client, method, path.replace("{shop}", "tea").replace("{id}", "1"), token)
            nowhere = await asked(client, method, path.replace("{shop}", "not").replace("{id}", "1"), token)
            assert there[0] in ((303,) if method == "GET" else (401,)), path
            assert "tea" not in there[2].decode("utf-8", "replace").replace("/tea/", ""), path
            assert same(there, nowhere, "tea", "not"), path
    assert state(watched.folder) == before


async def test_another_shops_token_finds_no_shop_here(watched: House) -> None:
    """An admin's, who may all with his own: every answer is the very one of a shop that there is not."""
    before, token = state(watched.folder), watched.tokens["stranger"]
    async with watched.served() as client:
        for one in OF_SHOPS:
            there = await asked(client, one.method, one.at("tea", "1"), token, one.body)
            nowhere = await asked(client, one.method, one.at("not", "1"), token, one.body)
            assert there[0] == 404, one
            assert same(there, nowhere, "tea", "not"), one
        for method, path in pages():
            if "{shop}" not in path:
                continue
            there = await asked(client, method, path.replace("{shop}", "tea").replace("{id}", "1"), token)
            nowhere = await asked(client, method, path.replace("{shop}", "not").replace("{id}", "1"), token)
            assert there[0] == 404, path
            assert same(there, nowhere, "tea", "not"), path
        for one in ALL:
            if "{shop}" in one.path or one.path in OPEN:
                continue
            theirs = await asked(client, one.method, one.at("tea", watched.ids["viewer"]), token, one.body)
            nobodys = await asked(client, one.method, one.at("not", "q" * 10), token, one.body)
            assert b"tea" not in theirs[2] or one.path.endswith("openapi.json"), one
            if "{id}" in one.path:
                assert theirs[0] == 404, one
                assert same(theirs, nobodys), one
        overview = await asked(client, "GET", "/", token)
        assert overview[0] == 200
        assert "丝绸".encode() in overview[2]
        assert "茶铺".encode() not in overview[2]
        assert (await asked(client, "GET", "/people", token))[2].count(watched.ids["viewer"].encode()) == 0
    assert state(watched.folder) == before


async def test_a_viewer_changes_nothing_of_his_own_shop(watched: House) -> None:
    before, token = state(watched.folder), watched.tokens["viewer"]
    async with watched.served() as client:
        for one in CLOSED:
            status, _, _ = await asked(client, one.method, one.at("tea", watched.ids["viewer"]), token, one.body)
            looks = one.method == "get" and not one.path.startswith("/api/v1/tokens")
            assert status in ((200, 422) if looks else (403,)), (one, status)
        for method, path in pages():
            where = path.replace("{shop}", "tea").replace("{id}", "1").replace("{key}", "1")
            if method == "POST":
                assert (await asked(client, method, where, token))[0] == 403, path
    assert state(watched.folder) == before


async def test_an_operator_gives_nobody_rights_and_changes_no_file(watched: House) -> None:
    before, token = state(watched.folder), watched.tokens["operator"]
    async with watched.served() as client:
        for one in CLOSED:
            if one.path.startswith(("/api/v1/tokens", "/api/v1/shops/")) and one.method != "get":
                status, _, _ = await asked(client, one.method, one.at("tea", watched.ids["viewer"]), token, one.body)
                assert status == 403, one
    assert state(watched.folder) == before


async def test_an_admin_of_one_shop_gives_rights_to_no_other(watched: House) -> None:
    token = watched.tokens["stranger"]
    async with watched.served() as client:
        for shops, status in ((["tea"], 403), (["silk", "tea"], 403), (["*"], 403), (["silk"], 201)):
            body = json.dumps({"name": "Eve", "role": "admin", "shops": shops}).encode()
            assert (await asked(client, "POST", "/api/v1/tokens", token, body))[0] == status, shops
        own = watched.ids["stranger"]
        for shops, status in ((["tea"], 403), (["*"], 403), (["silk"], 200)):
            body = json.dumps({"role": "admin", "shops": shops}).encode()
            assert (await asked(client, "POST", f"/api/v1/tokens/{own}/change", token, body))[0] == status, shops
        new = await asked(client, "PUT", "/api/v1/shops/mine", token, json.dumps(BODIES["put"]).encode())
        assert new[0] == 404
    assert not (watched.folder / "shops/mine.yaml").exists()


async def test_who_may_act_on_a_shop_has_it_read_again_and_it_is_written_down(watched: House) -> None:
    """Here a `bidder run` looks after it; that workers are asked is in tests/agency/test_reload.py."""
    async with watched.served() as client:
        for who, status in (("viewer", 403), ("stranger", 404), ("expired", 401), ("operator", 202)):
            found = await asked(client, "POST", "/shops/tea/-/reload", watched.tokens[who])
            assert found[0] == status, who
        with closing(sqlite3.connect(watched.folder / "stores" / "tea.db")) as database:
            told = database.execute("SELECT facts FROM journal WHERE facts LIKE '%read the configuration again%'")
            (facts,) = (json.loads(row[0]) for row in told.fetchall())
    assert watched.ids["operator"] in facts["by"] or "operator" in facts["by"]


async def test_what_was_refused_stands_in_the_journal(watched: House) -> None:
    async with watched.served() as client:
        for who, path in (("stranger", "/shops/tea/api/v1/plan"), ("expired", "/api/v1/shops"), ("viewer", "/people")):
            await asked(client, "GET", path, watched.tokens[who])
            await asked(client, "GET", path, watched.tokens[who])
    told = [line.facts for line in watched.people.journal(kind="access") if "why" in line.facts]
    assert sorted((one["token"], one["why"]) for one in told) == sorted(
        [
            (watched.ids["stranger"], "another shop"),
            (watched.ids["expired"], "expired"),
            (watched.ids["viewer"], "the role is not enough"),
        ]
    )
    assert watched.people.verify_journal() is None
