"""A real Chromium opens the pages: nothing is blocked, nothing overflows, the chart has the page's colours."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from PIL import Image

from bidder.web.app import create_app
from tests.conftest import missing
from tests.web.fake_shop import PLAN, FakeView

pytestmark = pytest.mark.service


async def chromium(home: Path, url: str, *options: str) -> tuple[str, str]:
    """Opens one page; what is on it at last, and what the browser complained of."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        missing("chromium")
    assert binary is not None
    command = [
        binary,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
    ]
    command += [f"--user-data-dir={home}", "--enable-logging=stderr", "--timeout=8000", *options, url]
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
    try:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    return out.decode(), err.decode()


@pytest.mark.parametrize("path", ["/?lang=zh", f"/plan/{PLAN}?lang=en"])
async def test_nothing_on_a_page_is_blocked_or_missing(tmp_path: Path, path: str) -> None:
    async with TestServer(create_app(FakeView())) as server:
        dom, complaints = await chromium(tmp_path, str(server.make_url(path)), "--dump-dom")
    assert "茉莉花茶" in dom
    assert [line for line in complaints.splitlines() if re.search(r"CONSOLE|Refused to|net::ERR", line)] == []


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1200, True)])
async def test_a_page_looks_like_itself(tmp_path: Path, width: int, dark: bool) -> None:
    picture = tmp_path / "page.png"
    options = [f"--screenshot={picture}", f"--window-size={width},1600"]
    if dark:
        options.append("--blink-settings=preferredColorScheme=0")
    async with TestServer(create_app(FakeView())) as server:
        await chromium(tmp_path / "home", str(server.make_url("/?lang=zh")), *options)
    with Image.open(picture) as image:
        pixels = image.convert("RGB")
        corner = pixels.getpixel((2, 2))
        colours = {colour for _, colour in pixels.getcolors(1 << 24) or []}
    assert corner == ((0x13, 0x17, 0x15) if dark else (0xF7, 0xF5, 0xEF))  # --paper
    assert ((0x58, 0xBD, 0x86) if dark else (0x2F, 0x8F, 0x5B)) in colours  # the lamp, --good
