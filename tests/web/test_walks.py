"""What people do on the page, in a real Chromium, with a real daemon behind it.

One daemon serves them all, so a walk leaves the shop as the next one may find it. Every walk ends with no complaint of
the browser and no request to another host (`visitor`).
"""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator
from playwright.async_api import Page, expect

from tests.web.conftest import PATIENCE, TOKEN, Shop, Visitor

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]

PAGES = {
    "/": "明前龙井",
    "/plan": "Optimum",
    "/what-if?total=%2B20%25": "worked out in",
    "/products": "明前龙井礼盒 250g",
    "/products/P01": "Where buyers get lost",
    "/rules": "heroes carry the shop",
    "/activities": "双11",
    "/todo": "Today's changes as text",
    "/journal": "Decided",
    "/status": "asks first",
}


async def facts(page: Page, kind: str) -> str:
    """The newest line of the journal of a kind, as the page shows it."""
    await page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/')[2]}/journal?kind={kind}&lang=en")
    return await page.locator(".journal li").first.inner_text()


async def test_a_first_visit_finds_something_real_on_every_page_and_can_change_nothing(visitor: Visitor) -> None:
    await visitor.plan_is_there()
    for path, shown in PAGES.items():
        page = await visitor.open(path)
        assert shown in await page.inner_text("main"), path
        assert await page.locator("main form[method=post] button").count() == 0, path
    page = await visitor.open("/")
    await expect(page.locator("h1")).to_have_text(re.compile(r"\d+ changes? waits? for your approval"))
    await expect(page.locator(".stop")).to_contain_text("bidder halt")


async def test_the_language_is_switched_where_one_stands(visitor: Visitor) -> None:
    page = await visitor.open("/journal?kind=decided&q=plan")
    await page.click("a.language")
    await expect(page.locator("h1")).to_have_text("操作记录")
    assert "kind=decided" in page.url
    assert await page.get_attribute("html", "lang") == "zh-CN"
    await page.click("nav a:has-text('规则')")
    await expect(page.locator("main")).to_contain_text("每天")
    await page.click("a.language")
    await expect(page.locator("h1")).to_have_text("Rules")


async def test_what_if_answers_beside_the_plan_and_writes_nothing(visitor: Visitor) -> None:
    await visitor.plan_is_there()
    page = await visitor.open("/what-if")
    await page.fill("input[name=total]", "-40%")
    await page.select_option("select[name=off]", "default step")
    await page.press("input[name=total]", "Enter")
    await expect(page.locator("#answer tbody tr").first).to_be_visible()
    assert "−" in await page.locator(".tile .big").nth(1).inner_text()  # less is spent
    await page.fill("input[name=total]", "half")
    await page.click("button:has-text('Calculate')")
    await expect(page.locator("[role=alert].bad")).to_contain_text("expected an amount")
    assert "nothing" not in await facts(page, "decided")


async def test_one_line_is_refused_and_the_rest_approved(visitor: Visitor) -> None:
    await visitor.sign_in("Lin")
    page = await visitor.plan_is_there()
    lines = await page.locator("tr.waits").count()
    assert lines >= 2
    name = await page.locator("tr.waits .title").first.inner_text()
    await page.click(f"button[aria-label='Refuse {name}']")
    await expect(page.locator(".said")).to_have_text("1 change is refused.")
    await expect(page.locator("h1")).to_contain_text(f"{lines - 1} change")
    refused = page.locator("tr.rejected")
    await expect(refused).to_contain_text(name)
    await page.click("button:has-text('Approve all')")
    await expect(page.locator(".said")).to_contain_text("written and read back")
    await expect(page.locator("h1")).to_have_text(f"Answered: {lines - 1} changes written, 1 refused")
    await expect(page.locator("tr.waits")).to_have_count(0)
    assert "page: Lin" in await facts(page, "approved")
    assert "page: Lin" in await facts(page, "rejected")


async def test_it_is_stopped_and_resumed_and_an_open_page_sees_it_without_asking(visitor: Visitor) -> None:
    page = await visitor.plan_is_there()
    other = await visitor.context.new_page()
    await other.goto(f"{visitor.url}/?lang=en")
    await visitor.sign_in("Lin")
    await visitor.open("/")
    await page.click("button:has-text('Stop')")
    await expect(page.locator("h1")).to_contain_text("Stopped. No budget is changed")
    await expect(page.locator(".light .more")).to_have_text("page: Lin: by hand")
    await expect(other.locator("h1")).to_contain_text("Stopped.")  # by a server-sent event
    await page.click("button:has-text('Resume')")
    await expect(page.locator(".said")).to_have_text("bidder may write again.")
    await expect(other.locator("h1")).not_to_contain_text("Stopped.")


async def test_a_budget_is_held_with_a_reason_and_let_go(visitor: Visitor) -> None:
    await visitor.plan_is_there()
    await visitor.sign_in("Lin")
    page = await visitor.open("/status")
    await page.fill("input[name=item]", "wxt/search-P08")
    await page.fill("input[name=reason]", "bad reviews")
    await page.press("input[name=reason]", "Enter")
    held = page.locator("main li", has_text="wxt/search-P08")
    await expect(held).to_contain_text("page: Lin: bad reviews")
    await held.locator("button").click()
    await expect(page.locator(".said")).to_have_text("wxt/search-P08 is no longer held.")


async def test_programs_get_what_the_description_says(visitor: Visitor) -> None:
    await visitor.plan_is_there()
    ask = visitor.context.request
    document = await (await ask.get(f"{visitor.url}/api/v1/openapi.json")).json()
    for path, query in (("/api/v1/status", ""), ("/api/v1/plan", ""), ("/api/v1/what-if", "?ask=total%3D-20%25")):
        answer = await ask.get(f"{visitor.url}{path}{query}")
        assert answer.status == 200
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(await answer.json())


@pytest.mark.parametrize("token", ["wrong", "", TOKEN[:-1]])
async def test_a_wrong_token_opens_nothing(visitor: Visitor, token: str) -> None:
    answer = await visitor.context.request.post(f"{visitor.url}/sign-in", form={"token": token}, max_redirects=0)
    assert answer.status == 401
    assert "set-cookie" not in answer.headers
    answer = await visitor.context.request.post(f"{visitor.url}/state", form={"what": "halt"}, max_redirects=0)
    assert answer.status == 403


async def test_a_form_without_its_secret_is_refused_though_its_person_is_signed_in(visitor: Visitor) -> None:
    page = await visitor.sign_in()
    cookies = {one["name"]: one for one in await visitor.context.cookies()}
    assert cookies["bidder_session"]["httpOnly"]
    assert cookies["bidder_session"]["sameSite"] == "Strict"
    ask = visitor.context.request
    unsigned: list[dict[str, str | float | bool]] = [{"what": "halt"}, {"what": "halt", "csrf": "guessed"}]
    for form in unsigned:
        assert (await ask.post(f"{visitor.url}/state", form=form, max_redirects=0)).status == 403
    secret = await page.locator("main input[name=csrf]").first.get_attribute("value")
    assert secret
    crossed: dict[str, str | float | bool] = {"what": "halt", "csrf": secret}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}, {"Origin": "null"}):
        answer = await ask.post(f"{visitor.url}/state", form=crossed, headers=headers, max_redirects=0)
        assert answer.status == 403, headers
    page = await visitor.open("/status")
    await expect(page.locator(".state-row .chip")).to_have_text("Running")


async def test_a_broken_rule_is_shown_where_it_is_wrong_while_the_older_one_holds(visitor: Visitor, shop: Shop) -> None:
    await visitor.plan_is_there()
    good = shop.rules.read_text("utf-8")
    shop.rules.write_text(good.replace("share: {min: 40%", "share: {min: 40"), "utf-8")
    try:
        await visitor.sign_in()
        page = await visitor.open("/rules")
        await page.click("button:has-text('Read the files again')")
        await expect(page.locator("#faults .place")).to_have_text(re.compile(r"rules\.yaml:5:\d+"))
        await expect(page.locator("#faults .wrong")).to_contain_text("min: 40,")
        await expect(page.locator(".rulebook")).to_contain_text("min: 40%")  # still in force
    finally:
        shop.rules.write_text(good, "utf-8")
    await expect(page.locator("#faults")).to_have_count(0, timeout=PATIENCE)


async def test_a_large_change_waits_for_a_yes_and_an_older_plan_is_stale_then(visitor: Visitor, shop: Shop) -> None:
    page = await visitor.plan_is_there()
    older = await page.locator("a", has_text="The whole plan").get_attribute("href")
    assert older
    path = shop.home / "bidder.yaml"
    path.write_text(path.read_text("utf-8").replace("day: {max: 3000}", "day: {max: 600}"), "utf-8")
    await visitor.sign_in()
    page = await visitor.open("/rules")
    await page.click("button:has-text('Let it take effect')")
    await expect(page.locator(".said")).to_contain_text("Confirmed")
    await expect(page.locator(".waiting")).to_have_count(0)
    page = await visitor.open("/")
    await expect(page.locator(".tile").first).to_contain_text("of CNY 600 at most")
    plan = older.split("?")[0].removeprefix("/plan/")
    secret = await page.locator("main input[name=csrf]").first.get_attribute("value")
    form: dict[str, str | float | bool] = {"yes": "all", "csrf": str(secret), "next": f"/plan/{plan}"}
    await visitor.context.request.post(f"{visitor.url}/plan/{plan}?lang=en", form=form, max_redirects=0)
    page = await visitor.open(f"/plan/{plan}")
    await expect(page.locator(".said.bad")).to_contain_text("was made with another configuration")
    await page.click("button:has-text('Plan anew')")
    await expect(page.locator(".said")).to_contain_text("A new plan is made")
    page = await visitor.open("/")
    await expect(page.locator("h1")).to_contain_text("for your approval")  # by a server-sent event
