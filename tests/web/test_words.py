"""Both languages say everything, in the operator's terms, with figures as each writes them."""

from __future__ import annotations

import re
import string
from datetime import date
from pathlib import Path

import pytest

from bidder.web.words import LANGUAGES, choose_language, words

WEB = Path(__file__).resolve().parents[2] / "bidder" / "web"
EN, ZH = words("en"), words("zh")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_sentences() -> None:
    english = {key for key in EN.table if not key.endswith("_one")}
    ours = {key for key in ZH.table if not key.startswith(("currency.", "why."))}
    assert english == ours


def test_a_sentence_has_the_same_figures_in_both() -> None:
    for key, text in EN.table.items():
        other = ZH.table.get(key, ZH.table.get(key.removesuffix("_one"), ""))
        assert fields(text) - {"n"} == fields(other) - {"n"}, key


def test_every_sentence_that_a_page_asks_for_exists() -> None:
    asked = set()
    for path in [*WEB.rglob("*.py"), *WEB.rglob("*.html")]:
        asked |= set(re.findall(r"""say\(\s*["']([a-z_.]+)["']""", path.read_text(encoding="utf-8")))
    assert len(asked) > 30
    for key in asked:
        assert key in ZH.table, key
        assert key in EN.table or key.startswith("why."), key


def test_no_sentence_is_left_over() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in [*WEB.rglob("*.py"), *WEB.rglob("*.html")])
    families = set(re.findall(r"""term\(\s*["']([a-z]+)["']""", pages)) | {"why", "currency", "error", "builtin"}
    left = [key for key in EN.table if key.partition(".")[0] not in families]
    assert [key for key in left if not re.search(rf"""["']{key.removesuffix("_one")}["']""", pages)] == []


def test_a_plan_is_never_called_a_campaign() -> None:
    """计划 is a campaign in an operator's ears; a plan is 方案."""
    assert [text for text in ZH.table.values() if "计划" in text] == []


def test_no_statistics_on_the_first_screen() -> None:
    forbidden = ("影子价格", "分位数", "对偶")
    assert [text for text in ZH.table.values() if any(word in text for word in forbidden)] == []


@pytest.mark.parametrize(
    ("amount", "plain", "signed"),
    [("1987.00", "1,987", "+1,987"), ("-40.5", "−40.50", "−40.50"), (0, "0", "0"), (None, "–", "–")],
)
def test_amounts(amount: str | int | None, plain: str, signed: str) -> None:
    assert EN.number(amount) == plain
    assert EN.number(amount, sign=True) == signed


def test_money_names_its_currency_where_there_is_one() -> None:
    assert EN.money("1987", "CNY") == "CNY 1,987"
    assert ZH.money("1987", "CNY") == "1,987 元"
    assert ZH.money("5", "THB") == "5 THB"
    assert EN.money("5", "XXX") == EN.money("5", None) == "5"
    assert EN.money(None, "CNY") == "–"
    assert EN.unit("XXX") == ""
    assert EN.rough("4119.23") == "4,119"
    assert EN.rough("41.23") == "41.23"


def test_days_and_instants() -> None:
    assert EN.day("2026-11-24") == "Tue 24 Nov"
    assert ZH.day(date(2026, 11, 24)) == "11月24日 周二"
    assert EN.instant("2026-11-24T02:05:00+00:00", "Asia/Shanghai") == "Tue 24 Nov 10:05"
    assert EN.instant(None, "UTC") == "–"
    assert (EN.month(date(2026, 11, 24)), ZH.month(date(2026, 11, 24))) == ("November", "11月")


def test_one_is_not_many() -> None:
    assert EN.say("light.well", n=1) == "All is well. 1 budget changes today."
    assert EN.say("light.well", n=2) == "All is well. 2 budgets change today."
    assert ZH.say("light.well", n=1) == "一切正常，今天改 1 条预算"


@pytest.mark.parametrize(
    ("asked", "accept", "expected"),
    [
        ("zh", "en", "zh"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "fr, en;q=0.3, zh;q=0.7", "zh"),
        (None, "de,fr;q=0.5", "en"),
        (None, "zh;q=0", "en"),
        (None, "zh;q=much,en", "en"),
        ("xx", "", "en"),
    ],
)
def test_the_language_is_the_readers(asked: str | None, accept: str, expected: str) -> None:
    assert choose_language(asked, accept) == expected
    assert expected in LANGUAGES
