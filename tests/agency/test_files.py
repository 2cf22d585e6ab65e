"""Shops by API: read and checked as from their place, written whole or not at all, and noticed at once."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bidder.agency.files import ASIDE, ShopFiles
from bidder.config.agency import load_agency
from bidder.errors import ConfigError, UnsafePlan
from bidder.store.people import Role
from tests.agency.conftest import FILES, House, bearer

Client = TestClient[Any, Any]


async def put(client: Client, token: str, shop: str, yaml: str, **headers: str) -> tuple[int, Any]:
    answer = await client.put(f"/api/v1/shops/{shop}", json={"yaml": yaml}, headers={**bearer(token), **headers})
    return answer.status, await answer.json()


async def test_a_shop_is_added_and_changed_by_api_and_its_limits_name_their_lines(house: House) -> None:
    token = house.give("boss", Role.ADMIN, "*")
    async with house.served() as client:
        text = "shop: {title: 新店}\nbudget: {day: {max: 700}}\n"
        assert (await put(client, token, "new", text))[0] == 201
        assert (house.folder / "shops/new.yaml").read_text("utf-8") == text
        status, shown = await put(client, token, "new", text.replace("700", "800"))
        assert (status, shown["yaml"]) == (200, text.replace("700", "800"))
        listed = await (await client.get("/api/v1/shops", headers=bearer(token))).json()
        assert "new" in [one["shop"] for one in listed["shops"]]
    config = ShopFiles(load_agency(house.folder, {}), {}).config("new")
    assert config is not None
    cap = next(rule for rule in config.policy.rules if rule.name == "day max")
    assert str(cap.source).endswith("shops/new.yaml:2:16")
    told = [line.facts for line in house.people.journal(kind="access") if "shop" in line.facts]
    assert [(one["what"], one["by"]) for one in told] == [
        ("shop changed", f"boss ({house.ids['boss']})"),
        ("shop added", f"boss ({house.ids['boss']})"),
    ]


async def test_a_file_with_faults_is_told_with_their_places_and_not_written(house: House) -> None:
    token = house.give("boss", Role.ADMIN, "*")
    async with house.served() as client:
        for shop in ("tea", "new"):
            status, said = await put(client, token, shop, "shop: {title: 茶}\nbudgt: {day: {max: 5}}\n")
            assert status == 422
            place = said["faults"][0]
            assert (place["line"], place["column"]) == (2, 1)
            assert place["file"] == f"shops/{shop}.yaml", "no path of the machine"
            assert "did you mean budget?" in place["message"]
        for bad in ("a: [", "- 1\n", "shop: {name: other}\n", "\x00"):
            assert (await put(client, token, "tea", bad))[0] == 422, bad
        check = await client.post(
            "/api/v1/shops/tea/check", data="budgt: 1", headers={**bearer(token), "Content-Type": "text/yaml"}
        )
        assert check.status == 422
        fine = await client.post(
            "/api/v1/shops/tea/check", json={"yaml": FILES["shops/tea.yaml"]}, headers=bearer(token)
        )
        assert await fine.json() == {"ok": True}
    assert (house.folder / "shops/tea.yaml").read_text("utf-8") == FILES["shops/tea.yaml"]
    assert sorted(one.name for one in (house.folder / "shops").iterdir()) == ["silk.yaml", "tea.yaml", "tin.yaml"]


async def test_two_people_do_not_undo_each_other(house: House) -> None:
    token = house.give("boss", Role.ADMIN, "*")
    async with house.served() as client:
        read = await client.get("/api/v1/shops/tea", headers=bearer(token))
        tag, file = read.headers["ETag"], await read.json()
        assert file["yaml"] == FILES["shops/tea.yaml"]
        first = await put(client, token, "tea", file["yaml"] + "# one\n", **{"If-Match": tag})
        assert first[0] == 200
        second = await put(client, token, "tea", file["yaml"] + "# two\n", **{"If-Match": tag})
        assert second[0] == 409
    assert (house.folder / "shops/tea.yaml").read_text("utf-8").endswith("# one\n")


async def test_a_shop_that_is_taken_away_is_gone_at_once_and_kept_aside(house: House) -> None:
    token = house.give("boss", Role.ADMIN, "*")
    async with house.served() as client:
        assert (await client.get("/shops/tea/api/v1/status", headers=bearer(token))).status == 200
        assert (await client.delete("/api/v1/shops/tea", headers=bearer(token))).status == 200
        assert (await client.get("/shops/tea/api/v1/status", headers=bearer(token))).status == 404
        assert (await client.delete("/api/v1/shops/tea", headers=bearer(token))).status == 404
        listed = await (await client.get("/api/v1/shops", headers=bearer(token))).json()
        assert "tea" not in [one["shop"] for one in listed["shops"]]
    assert (house.folder / f"shops/tea.yaml{ASIDE}").is_file()
    assert (house.folder / "stores/tea.db").is_file()


def test_a_file_that_would_take_anothers_store_is_refused(folder: Path) -> None:
    files = ShopFiles(load_agency(folder, {}), {})
    assert len(list(files.read())) == 3
    with pytest.raises(ConfigError, match="is that of silk already"):
        files.put("new", "store: sqlite:///../stores/silk.db\n")


@pytest.mark.parametrize("name", ["../tea", "Tea", "a" * 33, "", "a/b", "-x"])
def test_no_name_leads_out_of_the_folder(folder: Path, name: str) -> None:
    files = ShopFiles(load_agency(folder, {}), {})
    with pytest.raises(ConfigError):
        files.put(name, "")
    assert files.text(name) is None
    assert not files.remove(name)


def test_a_file_that_is_another_by_now_is_not_overwritten(folder: Path) -> None:
    files = ShopFiles(load_agency(folder, {}), {})
    with pytest.raises(UnsafePlan, match="another one by now"):
        files.put("tea", "", instead_of="0" * 24)


def test_a_change_of_a_file_is_seen_in_the_next_round_and_a_mended_one_too(house: House) -> None:
    def states() -> dict[str, str]:
        house.desk.round(Event())
        return {one.name: one.state for one in house.desk.standings(lambda _: True)}

    assert set(states().values()) == {"ACTIVE"}
    (house.folder / "shops/tea.yaml").write_text("budgt: 1\n", "utf-8")
    (house.folder / "shops/nine.yaml").write_text("", "utf-8")
    assert states() == {"silk": "ACTIVE", "tea": "BROKEN", "tin": "ACTIVE", "nine": "UNREAD"}
    (house.folder / "shops/tea.yaml").write_text(FILES["shops/tea.yaml"], "utf-8")
    (house.folder / "shops/nine.yaml").unlink()
    assert states() == dict.fromkeys(("silk", "tea", "tin"), "ACTIVE")
    (house.folder / "template.yaml").write_text(FILES["template.yaml"].replace("sandbox", "sandbx"), "utf-8")
    assert set(states().values()) == {"BROKEN"}


def test_a_round_over_shops_that_nothing_happened_to_makes_nothing_anew(house: House) -> None:
    assert house.desk.round(Event()) == 0
    assert json.loads(house.desk.overview(lambda _: True).model_dump_json())["count"] == 3
