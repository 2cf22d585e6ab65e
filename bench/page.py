"""The page on the demo shop in a real Chromium: what the first screen weighs, when it can be used, what-if.

python -m bench.page [--days 12] [--pictures docs/pictures]

The demo runs so many simulated days; its last plan waits for approval, then the page is opened five times (medians are
printed). `--pictures` also writes the pictures of README and docs anew.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

__all__ = ["main"]

TOKEN = "bench"
TIMES = 5
TIMING = """() => {
  const page = performance.getEntriesByType("navigation")[0];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const all = [page, ...performance.getEntriesByType("resource").filter((one) => !one.name.endsWith("/events"))];
  return {
    sent: all.reduce((sum, one) => sum + one.transferSize, 0),
    whole: all.reduce((sum, one) => sum + one.decodedBodySize, 0),
    interactive: page.domInteractive,
    loaded: page.loadEventEnd,
    painted: paint ? paint.startTime : null,
    answered: page.responseEnd - page.requestStart,
  };
}"""


def main() -> None:
    """Measures; prints a JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=12)
    parser.add_argument("--pictures", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bidder-bench-") as folder, _demo(Path(folder), asked.days) as url:
        print(json.dumps(_measured(url, asked.pictures)))


@contextmanager
def _demo(home: Path, days: int) -> Iterator[str]:
    """The demo's shop after some days, then in propose mode with time all but standing still."""
    env = {**os.environ, "BIDDER_TOKEN": TOKEN}
    command = [sys.executable, "-m", "bidder", "demo", "--dir", str(home), "--listen", "127.0.0.1:0"]
    subprocess.run([*command, "--days", str(days), "--speed", "max"], env=env, check=True, stderr=subprocess.DEVNULL)
    written = home / "bidder.yaml"
    text = written.read_text("utf-8").replace("mode: apply", "mode: propose").replace('from: "00:30"', 'from: "00:00"')
    written.write_text(text.replace("poll: 6h", "poll: 30m"), "utf-8")
    daemon = subprocess.Popen([*command, "--speed", "0.0002"], env=env, stderr=subprocess.PIPE, text=True)
    try:
        assert daemon.stderr is not None
        yield daemon.stderr.readline().split()[2].rstrip("/")
    finally:
        daemon.terminate()
        daemon.communicate()


def _measured(url: str, pictures: Path | None) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    binary = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(f"{url}/?lang=zh")
        page.locator("h1", has_text="等你审批").wait_for(timeout=120_000)
        seen = []
        for _ in range(TIMES):
            with browser.new_context() as fresh:  # nothing is cached
                first = fresh.new_page()
                first.goto(f"{url}/?lang=zh", wait_until="load")
                first.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
                seen.append(first.evaluate(TIMING))
        trials = []
        for change in ("total=+20%", "rule gentle=off", "pin wxt/search-P01=200", "total=-30%", "objective=revenue"):
            trials.append(page.evaluate("""async (address) => {
                const begun = performance.now();
                await (await fetch(address)).json();
                return performance.now() - begun;
            }""", f"{url}/api/v1/what-if?ask={quote(change)}"))  # fmt: skip
        if pictures is not None:
            _draw(browser, url, pictures)
        browser.close()
    middle = {name: round(statistics.median(one[name] for one in seen)) for name in seen[0]}
    return {
        "first_screen_kB": round(middle["whole"] / 1000, 1),
        "sent_kB": round(middle["sent"] / 1000, 1),
        "answered_ms": middle["answered"],
        "painted_ms": middle["painted"],
        "interactive_ms": middle["interactive"],
        "loaded_ms": middle["loaded"],
        "what_if_ms": round(statistics.median(trials)),
        "what_if_slowest_ms": round(max(trials)),
    }


def _draw(browser: Any, url: str, folder: Path) -> None:
    """The pictures: the first screen in English and Chinese, a product in the dark, a phone."""
    from PIL import Image

    shots = (
        ("page.png", "/", "en", "light", 1200, 1380),
        ("page.zh.png", "/", "zh", "light", 1200, 1380),
        ("page-product.png", "/products/P01", "en", "dark", 1200, 1150),
        ("page-phone.png", "/", "zh", "light", 390, 1250),
    )
    for name, path, language, scheme, width, height in shots:
        with browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        ) as context:
            page = context.new_page()
            page.goto(f"{url}/sign-in?lang={language}")
            page.fill("#name", "林" if language == "zh" else "Lin")
            page.fill("#token", TOKEN)
            page.click("main button[type=submit]")
            page.goto(f"{url}{path}?lang={language}")
            page.screenshot(path=folder / name)
        with Image.open(folder / name) as drawn:  # a screen has few colours: a third of the size
            drawn.convert("RGB").quantize(160, dither=Image.Dither.NONE).save(folder / name, optimize=True)


if __name__ == "__main__":
    main()
