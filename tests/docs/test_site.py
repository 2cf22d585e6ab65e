"""The documentation builds without a broken link, in both languages, and its pages load nothing from other hosts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOR_THE_SHOP = ["index", "first-hour", "figures", "rules", "faq", "how-it-decides", "own-connector"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={"NO_MKDOCS_2_WARNING": "1"})
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.mark.parametrize("page", FOR_THE_SHOP)
def test_the_shops_pages_are_there_in_both_languages(site: Path, page: str) -> None:
    file = "index.html" if page == "index" else f"{page}/index.html"
    english, chinese = ((site / prefix / file).read_text("utf-8") for prefix in ("", "zh"))
    assert share_of_chinese(english) < 0.1 < 0.2 < share_of_chinese(chinese)


def share_of_chinese(page: str) -> float:
    """Of the letters and signs of its article."""
    article = re.search(r"<article.*?</article>", page, re.DOTALL)
    assert article is not None
    text = re.sub(r"<[^>]+>", "", article[0])
    return len(re.findall(r"[\u4e00-\u9fff]", text)) / len(text)


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    loaded = re.compile(
        r"""<(?:script|img|iframe)[^>]*\ssrc=["']?(?:https?:)?//|<link[^>]*rel=["']?stylesheet[^>]*//"""
    )
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    assert [page for page in pages if loaded.search(page.read_text("utf-8"))] == []


def test_every_page_stands_in_the_navigation() -> None:
    nav = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = {file.relative_to(ROOT / "docs").as_posix() for file in (ROOT / "docs").rglob("*.md")}
    own = {page for page in pages if not page.endswith(".zh.md") and not re.match(r"decisions/\d", page)}
    assert [page for page in sorted(own) if page not in nav] == []
