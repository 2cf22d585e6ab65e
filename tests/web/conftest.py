"""A real daemon with its page, and a real Chromium that looks at it: one of each for all tests of a worker."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright, expect

from tests.conftest import missing

TOKEN = "a cup of tea"
PATIENCE = 60_000.0
"""Milliseconds that a page may take on a slow and busy machine."""
SHOP = """
shop: {name: tea-house, title: 半日闲茶铺, currency: CNY, timezone: Asia/Shanghai}
objective: profit
budget: {month: 60000, day: {max: 3000}}
accounts:
  - {name: wxt, platform: sandbox, mode: propose, timezone: Asia/Shanghai, seed: 0, start: 2026-09-01, speed: 0}
rules: [rules.yaml]
calendar: calendar.yaml
store: sqlite:///bidder.db
web: {listen: "127.0.0.1:9108", token: {env: BIDDER_TOKEN}}
schedule: {poll: 3m, decide: {when: complete, from: "00:00", until: "11:00"}}
"""
DEMO = Path(__file__).resolve().parents[2] / "bidder" / "cli" / "demo_shop"


@dataclass(frozen=True)
class Shop:
    """The running daemon: where its page is, where its files are."""

    url: str
    home: Path

    @property
    def rules(self) -> Path:
        return self.home / "rules.yaml"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """The demo's shop in propose mode: a plan on 28 days of history waits, and its day lasts a thousand seconds."""
    home = tmp_path_factory.mktemp("tea-house")
    (home / "bidder.yaml").write_text(SHOP, "utf-8")
    for name in ("rules.yaml", "calendar.yaml"):
        shutil.copy(DEMO / name, home / name)
    command = ["-m", "bidder", "demo", "--dir", str(home), "--speed", "0.001", "--listen", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env={**os.environ, "BIDDER_TOKEN": TOKEN}, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    said = (await asyncio.wait_for(process.stderr.readline(), 120)).decode()
    assert said.startswith("bidder demo: http://"), said
    draining = asyncio.create_task(process.stderr.read())
    try:
        yield Shop(said.split()[2].rstrip("/"), home)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 60)
        await draining
        # what holds the other end is asyncio's own: closed here, or it is seen as left open
        process._transport.close()  # type: ignore[attr-defined]  # there is no public way


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        missing("chromium")
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=binary, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        await browser.close()


class Visitor:
    """A browser window of somebody's own, and everything in it that should not be."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context, self.page, self.url = context, page, url
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.elsewhere.append(request.url)

    async def open(self, path: str, language: str = "en") -> Page:
        """A page, read to its end."""
        await self.page.goto(f"{self.url}{path}{'&' if '?' in path else '?'}lang={language}")
        return self.page

    async def sign_in(self, name: str = "Lin", token: str = TOKEN) -> Page:
        """As the form asks for it."""
        page = await self.open("/sign-in")
        await page.fill("#name", name)
        await page.fill("#token", token)
        await page.click("main button[type=submit]")
        return page

    async def plan_is_there(self) -> Page:
        """The first screen, once the day's plan has been made."""
        page = await self.open("/")
        await expect(page.locator("table.plan")).to_be_visible()
        return page


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser, shop: Shop) -> AsyncIterator[Visitor]:
    """A new window; at the end nothing was complained of, and nothing asked of another host."""
    context = await browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(PATIENCE)
    try:
        visitor = Visitor(context, await context.new_page(), shop.url)
        yield visitor
        assert visitor.complaints == []
        assert visitor.elsewhere == []
    finally:
        with suppress(Exception):
            await context.close()
