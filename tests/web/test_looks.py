"""How the pages look: nothing overflows a phone, nobody is shut out (axe), dark is dark, the first screen is small."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Response

from tests.web.conftest import Shop, Visitor
from tests.web.test_walks import PAGES

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]

MOST_BYTES = 300_000


async def accused(page: Page, *, only: str | None = None) -> list[tuple[str, list[str]]]:
    """What axe finds serious or worse: the rule, and the first places."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if only is not None:
        options["runOnly"] = [only]
    found = (await Axe().run(page, options=options)).response["violations"]
    return [
        (one["id"], [node["html"][:120] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


async def test_nobody_is_shut_out_of_a_page(visitor: Visitor) -> None:
    await visitor.plan_is_there()
    await visitor.sign_in()
    for path in [*PAGES, "/sign-in"]:
        assert await accused(await visitor.open(path)) == [], path


async def test_what_is_written_can_be_read_in_the_dark_too(visitor: Visitor) -> None:
    await visitor.plan_is_there()
    await visitor.page.emulate_media(color_scheme="dark")
    await visitor.sign_in()
    for path in ("/", "/products/P01", "/rules", "/status"):
        assert await accused(await visitor.open(path, "zh"), only="color-contrast") == [], path


async def test_a_phone_scrolls_one_way_only(visitor: Visitor) -> None:
    await visitor.plan_is_there()
    await visitor.sign_in()
    await visitor.page.set_viewport_size({"width": 360, "height": 740})
    for path in [*PAGES, "/sign-in"]:
        page = await visitor.open(path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path


async def test_dark_is_dark_and_the_chart_with_it(visitor: Visitor) -> None:
    page = await visitor.plan_is_there()
    colours = "[document.body, document.querySelector('.card')].map((one) => getComputedStyle(one).backgroundColor)"
    assert await page.evaluate(colours) == ["rgb(247, 245, 239)", "rgb(255, 254, 251)"]
    await page.emulate_media(color_scheme="dark")
    assert await page.evaluate(colours) == ["rgb(19, 23, 21)", "rgb(27, 32, 29)"]
    page = await visitor.open("/products/P01")
    curve = "getComputedStyle(document.querySelector('.chart .curve path')).stroke"
    assert await page.evaluate(curve) == "rgb(108, 192, 160)"


async def test_the_first_screen_is_light(browser: Browser, shop: Shop, visitor: Visitor) -> None:
    await visitor.plan_is_there()
    sizes: dict[str, int] = {}

    async def weigh(answer: Response) -> None:
        if "/events" not in answer.url:
            sizes[answer.url] = len(await answer.body())

    context = await browser.new_context()
    try:
        page = await context.new_page()
        page.on("response", weigh)
        await page.goto(f"{shop.url}/?lang=zh")
        await page.wait_for_function("performance.timing.loadEventEnd > 0")
        await page.wait_for_timeout(0)
    finally:
        await context.close()
    assert len(sizes) >= 3  # the page, its style, its script
    assert sum(sizes.values()) <= MOST_BYTES, sizes


async def test_everything_is_reached_by_keyboard(visitor: Visitor) -> None:
    page = await visitor.plan_is_there()
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "content"
    await page.keyboard.press("Tab")
    where = "document.activeElement.closest('main') !== null"
    assert await page.evaluate(where)
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert await page.evaluate(outline) == "solid"
