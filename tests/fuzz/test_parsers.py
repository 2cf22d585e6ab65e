"""Whatever stands in a file or comes in a message is read, or refused by an error of bidder's own; nothing crashes.

Each reader of foreign text has a generator here: bytes, text,
and its own language with slips in it. `make chaos` tries
ten times as many.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bidder.config.load import load
from bidder.config.products import read_products
from bidder.config.rule_tests import read_tests
from bidder.connectors.files import read
from bidder.connectors.mqtt_push.client import _named
from bidder.connectors.observations import Feed, Junk, decoded, understood
from bidder.errors import BidderError
from bidder.intake.budgets import read_budgets
from bidder.money import Currency
from bidder.rules.attributes import NAMES, Attributes
from bidder.rules.conditions import Condition
from tests.config.whole_shop import ENVIRONMENT, FILES, write_whole_shop
from tests.connectors.files.exports import OPTIONS
from tests.rules.test_conditions import shop

NOW = datetime(2026, 10, 1, 10, tzinfo=UTC)
FEED = Feed("till", "tea", "Asia/Shanghai", Currency("CNY"))

SLIPS = (
    "", " ", "\n", "\t", ":", ": ", "-", "- ", "{", "}", "[", "]", ",", "'", '"', "#", "&a ", "*a", "!!binary |", "? ",
    "!!python/object:os.system ", "| ", "> ", "%", "@", "`", "\0", "\ufeff", "\u2028", "\ud800", "茶", "NaN", ".inf",
    "0x1F", "1_000", "9" * 400, "2026-02-30", "12:30:99", "~", "null", "yes", "<<: *a", "---\n", "...\n", "=", "=A1",
    "%s", "\\", "e\u0301", "1e9999999", "2026-11-24T10:00:00Z", "0o17", "1:2:3", "٣", "−5", "５", "-0", "1e309",
)  # fmt: skip
TEXT = st.text(st.characters(codec=None, max_codepoint=0x2FFFF), max_size=60)


@st.composite
def slipped(draw: st.DrawFn, text: str) -> str:
    """A text with one to five places changed: cut, doubled, put elsewhere, or something odd put in."""
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        size = draw(st.integers(0, 40))
        match draw(st.integers(0, 4)):
            case 0:
                text = text[:at] + text[at + size :]
            case 1:
                text = text[:at] + text[at : at + size] + text[at:]
            case 2:
                to = draw(st.integers(0, len(text)))
                text = text[:to] + text[at : at + size] + text[to:]
            case _:
                text = text[:at] + draw(st.sampled_from(SLIPS)) + text[at + draw(st.integers(0, 3)) :]
    return text


@st.composite
def bent(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with one to five places changed."""
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=6)) + data[at + draw(st.integers(0, 8)) :]
    return data


def encoded(text: SearchStrategy[str]) -> SearchStrategy[bytes]:
    codecs = st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    return st.builds(lambda value, codec: value.encode(codec, "replace"), text, codecs)


REPORT = "date,campaign,impressions,clicks,spend,orders,revenue\n" + "".join(
    f"2026-03-{day:02d},tea,1000,50,12.50,3,120.00\n" for day in range(1, 9)
)
SHOP_CN = "日期,商品ID,商品名称,访客数,支付金额,支付买家数\n" + "".join(
    f"2026-03-0{day},6001,龙井,120,1200.50,7\n" for day in range(1, 9)
)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in REPORT.splitlines():
        book.active.append(line.split(","))
    book.active.append([date(2026, 3, 9), "tea", 10, 5, 1.25, 0, 0])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


@st.composite
def bent_workbooks(draw: st.DrawFn) -> bytes:
    """A workbook with its bytes bent, or with one of its parts bent and packed again."""
    if draw(st.booleans()):
        return draw(bent(WORKBOOK))
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = draw(st.sampled_from([name for name in old.namelist() if name.startswith("xl/")]))
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, draw(bent(data)) if name == chosen else data)
    return packed.getvalue()


WORKBOOK = workbook()


def a_file(name: str) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            report = read(path, OPTIONS).reports
        assert not (report.clicks < 0).any()

    return check


def a_configuration(name: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = write_whole_shop(Path(folder))
            (Path(folder) / name).write_bytes(text.encode("utf-8", "surrogatepass"))
            load(path, env=ENVIRONMENT)

    return check


CASES = """\
tests:
  - name: search is held
    given: {budgets: [{id: ztc/1, now: 100, channel: search}], day: 2026-11-24}
    expect: [{rule: gentle, budget: ztc/1, max: 130}]
"""


def rule_cases(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.test.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        read_tests(path, ())


def products(data: bytes) -> None:
    read_products(data, "products.csv", Currency("CNY"))


def budgets(data: bytes) -> None:
    read_budgets(data, "budgets.csv", ())


VALUES: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(SLIPS) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(SLIPS) | TEXT, inner, max_size=4),
    max_leaves=10,
)
MESSAGE = (
    '{"source": "till", "shop": "tea", "product_id": "P1", "ts": "2026-10-01T09:00:00Z", "seq": 7,'
    ' "traffic": "search", "metrics": {"visitors": 12, "orders": 3, "revenue": "120.50", "stock": 4e1}}'
)
MESSAGES = st.binary(max_size=200) | encoded(slipped(MESSAGE)) | encoded(TEXT)
PARTS = st.sampled_from(["shop", "tea", "product", "P1", "metrics", "+", "#", "", "$SYS", *SLIPS]) | TEXT


def pushed(data: bytes) -> None:
    found = understood(decoded(data), {"till": FEED}, NOW)
    assert all(amount >= 0 for amount in found.pushed.values.values())


def over_mqtt(message: tuple[str, bytes]) -> None:
    topic, data = message
    named, product = _named(topic)
    found = understood(decoded(data), {"till": FEED}, NOW, shop=named, product=product)
    assert all(amount >= 0 for amount in found.pushed.values.values())


WORDS = st.sampled_from(
    [*NAMES, "product", "event", "date", "date('2026-11-11')", "in", "&&", "||", "!", "==", "<", ">=", "(",
     ")", "[", "]",
     "?", ":", ".", "size", "exists", "product.tags.exists(t, t == 'hero')", "matches('(a+)+$')", "'hero'",
     '"', "'", "r'",
     "b'x'", "1", "-1", "1u", "1.5e309", "9223372036854775808", "0", "/", "%", "*", "+", "true", "null", "{", "}",
     "duration('1h')", "timestamp('x')", "[1][2]", "'a' * 9", "size(product.tags)", "date.getMonth()", "event.phase",
     "\\", "\0", "茶", "//", "int(product.price)", "max(1, 2)"]
)  # fmt: skip
CONDITION = "product.stock_cover_days < product.lead_days + 3.0 && 'hero' in product.tags || channel == 'search'"
CONDITIONS = st.lists(WORDS, max_size=12).map(" ".join) | slipped(CONDITION) | TEXT
SNAPSHOT = shop()


def condition(text: str) -> None:
    Condition.read(text).chosen(Attributes(SNAPSHOT))


def pattern(value: Any) -> None:
    Condition.read(value).chosen(Attributes(SNAPSHOT))


TARGETS: dict[str, tuple[SearchStrategy[Any], Callable[[Any], None], int]] = {
    "bytes as a report": (st.binary(max_size=400), a_file("report.csv"), 40),
    "a report with slips": (encoded(slipped(REPORT)), a_file("report.csv"), 60),
    "a shop's report with slips": (encoded(slipped(SHOP_CN)), a_file("report.csv"), 60),
    "bytes as a workbook": (st.binary(max_size=400), a_file("report.xlsx"), 20),
    "a bent workbook": (bent_workbooks(), a_file("report.xlsx"), 40),
    "products.csv": (encoded(slipped(FILES["products.csv"])) | st.binary(max_size=300), products, 120),
    "budgets.csv": (encoded(slipped("budget,amount\nhand/1,200\n")) | st.binary(max_size=300), budgets, 80),
    "bidder.yaml": (slipped(FILES["bidder.yaml"]) | TEXT, a_configuration("bidder.yaml"), 30),
    "rules": (slipped(FILES["rules/rules.yaml"]) | TEXT, a_configuration("rules/rules.yaml"), 30),
    "calendar": (slipped(FILES["calendar.yaml"]) | TEXT, a_configuration("calendar.yaml"), 30),
    "cases of rules": (slipped(CASES) | TEXT, rule_cases, 60),
    "pushed messages": (MESSAGES, pushed, 300),
    "messages over MQTT": (st.tuples(st.lists(PARTS, max_size=6).map("/".join), MESSAGES), over_mqtt, 200),
    "conditions": (CONDITIONS, condition, 250),
    "short patterns": (VALUES, pattern, 100),
}


def tried(name: str, times: int) -> None:
    """Runs a target; nothing but an answer or a refusal in bidder's own words may come."""
    strategy, check, examples = TARGETS[name]

    @seed(20261124)
    @settings(
        max_examples=examples * times, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )  # what is refused is refused quickly; how long a file takes is tested elsewhere
    @given(value=strategy)
    def never_crashes(value: Any) -> None:
        try:
            check(value)
        except Junk as e:
            told = str(e)
        except BidderError as e:
            told = str(e)
        else:
            return
        assert told
        assert "Traceback" not in told
        assert "object at 0x" not in told

    never_crashes()


@pytest.mark.parametrize("name", TARGETS)
def test_it_is_read_or_refused(name: str) -> None:
    tried(name, 1)


@pytest.mark.chaos
@pytest.mark.parametrize("name", TARGETS)
def test_ten_times_as_often_it_is_read_or_refused(name: str) -> None:
    tried(name, 10)
