"""The page of all shops and what people do there: sign in, look, approve, stop, switch shops, give tokens."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from aiohttp.test_utils import TestClient

from bidder.plan import State
from bidder.store import open_reader
from bidder.store.people import Role
from tests.agency.conftest import House, bearer

Client = TestClient[Any, Any]


async def signed_in(client: Client, token: str) -> str:
    """Opens a session; the secret of its forms."""
    answer = await client.post("/sign-in", data={"token": token, "next": "/"})
    assert answer.status == 200, await answer.text()
    return csrf_of(await answer.text())


def csrf_of(html: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found is not None
    return found[1]


async def test_the_overview_shows_those_that_need_somebody_first(house: House) -> None:
    house.give("boss", Role.ADMIN, "*")
    async with house.served() as client:
        await signed_in(client, house.tokens["boss"])
        html = await (await client.get("/?lang=en")).text()
        assert "3 shops need somebody." in html
        assert "changes wait for a yes" in html
        for shop, title in (("silk", "丝绸"), ("tea", "茶铺"), ("tin", "锡器")):
            assert f'href="/shops/{shop}/?lang=en"' in html
            assert title in html
        found = await (await client.get("/?lang=zh&q=tea")).text()
        assert "茶铺" in found
        assert "丝绸" not in found
        document = await (await client.get("/api/v1/shops", headers=bearer(house.tokens["boss"]))).json()
    worth = [float(one["at_risk"]) for one in document["shops"]]
    assert worth == sorted(worth, reverse=True)
    assert document["needing"] == 3


async def test_a_browser_without_a_session_is_sent_to_sign_in_and_back(house: House) -> None:
    token = house.give("mei", Role.VIEWER, "tea")
    async with house.served() as client:
        answer = await client.get("/shops/tea/plan", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?next=/shops/tea/plan")
        page = await (await client.get(answer.headers["Location"])).text()
        assert 'value="/shops/tea/plan"' in page
        back = await client.post("/sign-in", data={"token": token, "next": "/shops/tea/plan"}, allow_redirects=False)
        assert back.headers["Location"].startswith("/shops/tea/plan?")
        cookie = back.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert token not in cookie
        wrong = await client.post("/sign-in", data={"token": token[:-1], "next": "/"})
        assert wrong.status == 401


async def test_a_page_never_sends_its_reader_elsewhere(house: House) -> None:
    token = house.give("mei", Role.VIEWER, "tea")
    async with house.served() as client:
        for there in ("//evil.example/", "https://evil.example/", "/\\evil.example"):
            answer = await client.post("/sign-in", data={"token": token, "next": there}, allow_redirects=False)
            assert answer.headers["Location"].startswith("/?lang=")
        for shop in ("//evil.example", "..", "a/b", "x" * 200):
            answer = await client.get("/go", params={"shop": shop}, allow_redirects=False)
            assert answer.status == 404 or answer.headers["Location"].startswith("/shops/")


async def test_every_page_of_a_shop_is_there_and_its_links_stay_in_it(house: House) -> None:
    house.give("mei", Role.OPERATOR, "tea", "tin")
    async with house.served() as client:
        await signed_in(client, house.tokens["mei"])
        for path in ("/", "/plan", "/products", "/rules", "/activities", "/todo", "/journal", "/status", "/what-if"):
            answer = await client.get(f"/shops/tea{path}", params={"lang": "en"})
            html = await answer.text()
            assert answer.status == 200, (path, html[-400:])
            inside = set(re.findall(r'(?:href|action)="(/[^"?]*)', html))
            outside = {one for one in inside if not one.startswith(("/shops/tea/", "/static/"))}
            assert outside <= {"/", "/go", "/api/v1/openapi.json"}, path
            assert '<option value="tin"' in html, "the switch has the other shop"
            assert "silk" not in html
        product = re.search(
            r'href="(/shops/tea/products/[^"?]+)', html := await (await client.get("/shops/tea/products")).text()
        )
        assert product is not None, html
        assert (await client.get(product[1])).status == 200
        moved = await client.get("/go", params={"shop": "tin"})
        assert str(moved.url.path) == "/shops/tin/"


async def test_an_operator_approves_on_the_page_and_the_journal_says_who(house: House) -> None:
    house.give("mei", Role.OPERATOR, "tea")
    async with house.served() as client:
        csrf = await signed_in(client, house.tokens["mei"])
        plan = (await (await client.get("/shops/tea/api/v1/plan", headers=bearer(house.tokens["mei"]))).json())["plan"]
        form = {"csrf": csrf, "yes": "all", "next": "/plan"}
        answer = await client.post(f"/shops/tea/plan/{plan}", data=form, allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/shops/tea/plan?")
        page = await (await client.get(answer.headers["Location"])).text()
        assert 'class="said good"' in page, page[:3000]
    store = open_reader(f"sqlite:///{house.folder}/stores/tea.db")
    by = [line.facts["by"] for line in store.journal(kind="approved")]
    outcomes = [line.facts["result"] for line in store.journal(kind="outcome")]
    store.close()
    assert by == [f"page: mei ({house.ids['mei']})"]
    assert outcomes
    assert set(outcomes) == {"applied"}
    acted = [line.facts for line in house.people.journal(kind="access") if line.facts["what"] == "acted"]
    assert [(one["name"], one["asked"]) for one in acted][-1] == ("mei", f"POST /shops/tea/plan/{plan}")


async def test_a_stop_over_http_takes_hold_and_names_who(house: House) -> None:
    token = house.give("robot", Role.OPERATOR, "tea")
    async with house.served() as client:
        said = {"reason": "quality alarm"}
        answer = await client.post("/shops/tea/api/v1/halt", json=said, headers=bearer(token))
        assert await answer.json() == {"state": "HALTED"}
        status = await (await client.get("/shops/tea/api/v1/status", headers=bearer(token))).json()
        assert status["state"] == "HALTED"
    store = open_reader(f"sqlite:///{house.folder}/stores/tea.db")
    state, _, reason = store.state_since()
    store.close()
    assert (state, reason) == (State.HALTED, f"robot ({house.ids['robot']}): quality alarm")
    assert [one.state for one in house.desk.standings(lambda name: name == "silk")] == ["ACTIVE"]


async def test_a_viewer_sees_no_form_that_acts(house: House) -> None:
    house.give("mei", Role.VIEWER, "tea")
    async with house.served() as client:
        await signed_in(client, house.tokens["mei"])
        for path in ("/plan", "/status", "/rules", "/todo"):
            html = await (await client.get(f"/shops/tea{path}?lang=en")).text()
            forms = re.findall(r'<form method="post" action="([^"?]*)', html)
            assert [
                one
                for one in forms
                if one != "/shops/tea/sign-out" and "/plan/" not in one and one != "/shops/tea/todo"
            ] == []
            assert '<button name="yes"' not in html
            assert 'value="halt"' not in html


async def test_a_form_of_another_site_or_without_its_secret_does_nothing(house: House) -> None:
    house.give("boss", Role.ADMIN, "*")
    async with house.served() as client:
        csrf = await signed_in(client, house.tokens["boss"])
        wish = {"name": "Eve", "role": "admin", "shops": "*"}
        assert (await client.post("/people", data=wish)).status == 403
        assert (await client.post("/people", data={**wish, "csrf": "x"})).status == 403
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert (await client.post("/people", data={**wish, "csrf": csrf}, headers=foreign)).status == 403
        assert (
            await client.post("/shops/tea/state", data={"what": "halt", "csrf": csrf}, headers=foreign)
        ).status == 403
        assert (await client.post("/shops/tea/api/v1/halt", data="{}")).status == 401, (
            "a cookie is no token for programs"
        )
    assert {one.name for one in house.people.tokens()} == {"boss"}


async def test_an_admin_gives_and_takes_tokens_on_the_page(house: House) -> None:
    house.give("boss", Role.ADMIN, "*")
    async with house.served() as client:
        csrf = await signed_in(client, house.tokens["boss"])
        wish = {"csrf": csrf, "name": "Mei", "role": "operator", "shops": "tea, silk", "days": "30"}
        html = await (await client.post("/people?lang=en", data=wish)).text()
        text = re.search(r"bidder_[a-z0-9]+_[\w-]{43}", html)
        assert text is not None
        assert text[0] not in await (await client.get("/people")).text(), "it is shown once"
        mei = await (await client.get("/api/v1/me", headers=bearer(text[0]))).json()
        assert (mei["name"], mei["role"], mei["shops"]) == ("Mei", "operator", ["silk", "tea"])
        await client.post(f"/people/{mei['id']}", data={"csrf": csrf, "what": "revoke"})
        assert (await client.get("/api/v1/me", headers=bearer(text[0]))).status == 401


async def test_a_session_ends_with_its_token(house: House) -> None:
    house.give("mei", Role.VIEWER, "tea")
    async with house.served() as client:
        await signed_in(client, house.tokens["mei"])
        assert (await client.get("/shops/tea/", allow_redirects=False)).status == 200
        house.people.change(house.ids["mei"], Role.VIEWER, ["silk"], house.clock(), "test")
        assert (await client.get("/shops/tea/", allow_redirects=False)).status == 404, "rights change at once"
        house.people.revoke(house.ids["mei"], house.clock(), "test")
        assert (await client.get("/shops/silk/", allow_redirects=False)).status == 303
        house.give("mei", Role.VIEWER, "tea", days=1)
        await signed_in(client, house.tokens["mei"])
        house.clock.now += timedelta(days=2)
        assert (await client.get("/shops/tea/", allow_redirects=False)).status == 303


async def test_signing_out_ends_it(house: House) -> None:
    house.give("mei", Role.VIEWER, "tea")
    async with house.served() as client:
        csrf = await signed_in(client, house.tokens["mei"])
        await client.post("/sign-out", data={"csrf": csrf})
        assert (await client.get("/", allow_redirects=False)).status == 303


async def test_many_wrong_tokens_are_told_to_wait(house: House) -> None:
    token = house.give("mei", Role.VIEWER, "tea")
    async with house.served() as client:
        for _ in range(10):
            assert (await client.post("/sign-in", data={"token": "bidder_x_y"})).status == 401
        assert (await client.post("/sign-in", data={"token": token})).status == 429


async def test_figures_for_prometheus_are_of_the_shops_that_the_token_sees(house: House) -> None:
    house.give("boss", Role.ADMIN, "*")
    house.give("mei", Role.VIEWER, "tea")
    async with house.served() as client:
        whole = await (await client.get("/metrics", headers=bearer(house.tokens["boss"]))).text()
        own = await (await client.get("/metrics", headers=bearer(house.tokens["mei"]))).text()
    assert 'bidder_state{shop="silk",state="ACTIVE"} 1.0' in whole
    assert 'bidder_shops{state="ACTIVE"} 3.0' in whole
    assert (
        'bidder_shop_needs{kind="approve",shop="tea"} 1.0' in own
        or 'bidder_shop_needs{shop="tea",kind="approve"} 1.0' in own
    )
    assert "silk" not in own
    assert 'bidder_shops{state="ACTIVE"} 1.0' in own


async def test_a_shops_own_systems_push_to_it_and_to_no_other(house: House) -> None:
    feed = "activity: [{name: till, source: http}]\n"
    tea = house.folder / "shops/tea.yaml"
    tea.write_text(tea.read_text("utf-8") + feed, "utf-8")
    token = house.give("till", Role.OPERATOR, "tea", "silk")
    said = {"product_id": "P01", "date": "2026-11-23", "metrics": {"visitors": 120}}
    async with house.served() as client:
        answer = await client.post("/shops/tea/api/v1/observations", json=said, headers=bearer(token))
        assert (await answer.json())["accepted"] == 1
        again = await client.post("/shops/tea/api/v1/observations", json=said, headers=bearer(token))
        assert (await again.json())["duplicate"] == 1
        other = await client.post("/shops/silk/api/v1/observations", json=said, headers=bearer(token))
        assert other.status == 404
    for shop, rows in (("tea", 1), ("silk", 0)):
        store = open_reader(f"sqlite:///{house.folder}/stores/{shop}.db")
        assert len([one for one in store.activity().visitors if one == 120]) == rows
        store.close()
