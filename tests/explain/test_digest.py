"""The first screen of the morning: short, in order, in both languages, with money beside what a person should do."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.catalog import Product
from bidder.explain.digest import Known, digest_of
from bidder.explain.digest_document import DigestDocument
from bidder.explain.digest_page import digest_page, pictures
from bidder.explain.digest_text import FIRST_SCREEN, Language, below_the_fold, digest_text, first_screen, headline
from bidder.explain.digest_words import words
from bidder.ids import AccountId, BudgetId, PlanId, ProductId
from bidder.performance import Observation, Performance
from bidder.reports import Reports
from bidder.store.protocol import StoredPlan
from tests.builders import yuan

WXT = AccountId("wxt")
ZONE = "Asia/Shanghai"
YESTERDAY = date(2026, 9, 21)
NOW = datetime(2026, 9, 22, 1, 30, tzinfo=UTC)
TEA, SET = ProductId("P02"), ProductId("P08")
STATISTICS = re.compile(r"影子|分位|对偶|置信|gap|quantile|dual|confidence|percentile|LMDI|Shapley|Poisson|p10|p90")


def ads(day: date, product: ProductId, spend: float, orders: float) -> Observation:
    clicks = round(spend / 1.4)
    figures = Performance(clicks * 25, clicks, yuan(round(spend, 2)), orders, orders, yuan(round(orders * 100, 2)))
    name = "茉莉花茶" if product == TEA else "旅行茶具"
    return Observation(
        WXT, BudgetId(WXT, f"s-{product}"), "c", product, AccountDay(ZONE, day), NOW, figures, name, "search"
    )


def shop(day: date, product: ProductId | None, visitors: float, buyers: float, revenue: float) -> ShopActivity:
    money = {"revenue": yuan(round(revenue, 2)), "refunds": yuan(round(revenue * 0.06, 2))}
    counts = {
        "visitors": visitors,
        "buyers": buyers,
        "orders": buyers,
        "units": buyers,
        "new_buyers": buyers * 0.6,
        "old_buyers": buyers * 0.4,
    }
    return ShopActivity("advisor", product, AccountDay(ZONE, day), NOW, counts, money)


def a_plan(day: date, **changes: Any) -> StoredPlan:
    line = {
        "name": "茉莉花茶·关键词",
        "now": "300.00",
        "planned": "360.00",
        "reason": "next unit earns 0.7",
        "state": "active",
    }
    document: dict[str, Any] = {
        "plan": "abc",
        "day": day.isoformat(),
        "now": "2000.00",
        "planned": "2000.00",
        "expected": {"mean": "1530.00", "p10": "1100.00", "p90": "1960.00"},
        "expected_now": "1470.00",
        "holds": [],
        "budgets": [
            {"id": "wxt/s-P02", **line},
            {"id": "wxt/s-P08", **line, "name": "竹茶盘·人群", "now": "80.00", "planned": "30.00"},
            {"id": "wxt/s-P01", **line, "name": "明前龙井·全站", "planned": "300.00", "state": "learning"},
        ],
        **changes,
    }
    return StoredPlan(PlanId("abc"), NOW, day.isoformat(), document, "proposed")


def known(*, with_shop: bool = True, **facts: Any) -> Known:
    """Three weeks of two products; yesterday the tea had a fifth more visitors and the set sold half."""
    observations, rows = [], []
    for back in range(21, 0, -1):
        day = YESTERDAY - timedelta(days=back - 1)
        last = back == 1
        observations += [ads(day, TEA, 360 if last else 300, 12), ads(day, SET, 280, 5 if last else 10)]
        tea = shop(day, TEA, 1200 if last else 1000, 36 if last else 30, 2520 if last else 2100)
        travel = shop(day, SET, 800, 12 if last else 24, 1680 if last else 3360)
        rows += [tea, travel, shop(day, None, 2600 if last else 2400, 60 if last else 66, 5000 if last else 6000)]
    usual: dict[str, Any] = {
        "title": "半日闲茶铺",
        "currency": "CNY",
        "zone": ZONE,
        "day": YESTERDAY,
        "as_of": NOW,
        "reports": Reports.of(observations),
        "reports_then": Reports.of([]),
        "activity": Activity.of(rows) if with_shop else Activity.empty(),
        "products": [
            Product(TEA, "茉莉花茶", cost=yuan(19), margin=0.5, stock=40, lead_days=12),
            Product(SET, "旅行茶具", cost=yuan(58), margin=0.35, stock=420, lead_days=25),
        ],
        "plans": [a_plan(YESTERDAY + timedelta(days=1)), a_plan(YESTERDAY)],
        "budgets": {"wxt/s-P02": 360.0, "wxt/s-P08": 280.0},
        "names": {"P02": "茉莉花茶", "P08": "旅行茶具"},
        "carries": {"wxt/s-P02": ("P02",), "wxt/s-P08": ("P08",)},
        "moves": [(date(2026, 9, 19), "wxt/s-P02", 60.0)],
        "writes": {"applied": 4},
        "sources": ["wxt", "amz"],
        "missing": ["amz"],
        "day_cap": 2000.0,
        "month_cap": 60_000.0,
        "waits": "approve",
        "until": "11:00",
    }
    return Known(**{**usual, **facts})


def a_digest(**facts: Any) -> DigestDocument:
    return digest_of(known(**facts))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("with_shop", [True, False])
def test_the_first_screen_fits_a_phone_and_speaks_no_statistics(language: Language, with_shop: bool) -> None:
    lines = first_screen(a_digest(with_shop=with_shop, sales_goal=5200.0, month_goal=150_000.0), language)
    assert len(lines) <= FIRST_SCREEN
    assert not STATISTICS.search("\n".join(lines))
    assert all("{" not in line for line in lines)


def test_the_first_screen_says_money_month_why_what_to_do_what_is_done_and_proof_in_this_order() -> None:
    text = "\n".join(first_screen(a_digest(sales_goal=5200.0, month_goal=150_000.0), "zh"))
    order = """【半日闲茶铺】09-22 周二晨报
amz✗
昨日 支付 5,000（目标 5,200，-3.8%）
退款后 4,700
费比
投产比
免费流量占比
新客占 60%
本月
时间已过 70%
为什么 比上周一 −1,000
要你做 ①
今天拟改 2 条
待你审批，11:00 前有效
没动的 明前龙井·全站
放心 昨天改 4 条，都已核对到位
急停：bidder halt""".splitlines()
    places = [text.find(one) for one in order]
    assert -1 not in places, [one for one, at in zip(order, places, strict=True) if at < 0]
    assert places == sorted(places)


def test_what_a_person_should_do_has_its_money() -> None:
    shown = a_digest()
    assert 1 <= len(shown.todo) <= 3
    assert all(one.worth > 0 or one.held > 0 for one in shown.todo)
    for line in first_screen(shown, "zh"):
        if "①" in line or "②" in line or "③" in line:
            assert "每天约" in line or "压着" in line or "报名" in line


def test_nothing_to_do_is_said() -> None:
    calm = a_digest(products=[], reports=Reports.of([ads(YESTERDAY, TEA, 300, 12)]))
    assert "要你做 今天不用你做什么" in first_screen(calm, "zh")
    assert "To do: nothing today" in first_screen(calm, "en")


@pytest.mark.parametrize("with_shop", [True, False])
def test_the_parts_sum_to_the_change_in_every_view(with_shop: bool) -> None:
    why = a_digest(with_shop=with_shop).why
    assert why is not None
    for split in (why.causes, why.products, why.channels):
        assert math.isclose(math.fsum(split.values()), why.change, rel_tol=1e-9)
    assert math.isclose(math.fsum(part.amount for part in why.parts), why.change, rel_tol=1e-9)
    assert why.causes["moved"] > 0
    assert why.chain == ("shop" if with_shop else "ads")


def test_days_are_compared_at_the_same_age() -> None:
    """A week ago at this hour only half of the orders had come in; yesterday's are as young."""
    week_ago = YESTERDAY - timedelta(days=7)
    young = Reports.of([ads(week_ago, TEA, 300, 6), ads(week_ago, SET, 280, 5)])
    why = a_digest(with_shop=False, reports_then=young).why
    assert why is not None
    assert why.before == 1100
    assert why.change == pytest.approx(600)


def test_without_the_shops_own_figures_it_says_so() -> None:
    shown = a_digest(with_shop=False)
    assert (shown.basis, shown.yesterday.tacos, shown.yesterday.refunds) == ("ads", None, None)
    assert "没有店铺数据" in below_the_fold(shown, "zh")[-1]
    assert "广告成交" in first_screen(shown, "zh")[1]


def test_what_is_unknown_is_no_fault_and_no_number() -> None:
    empty = digest_of(
        Known("shop", "CNY", ZONE, YESTERDAY, NOW, Reports.of([]), Reports.of([]), Activity.empty(), [], [])
    )
    assert (empty.why, empty.plan, empty.forecast, empty.yesterday.profit) == (None, None, None, None)
    lines = first_screen(empty, "zh")
    assert "还没有方案" in "\n".join(lines)
    assert pictures(empty) == {}
    assert "nan" not in digest_text(empty, "en").lower()


def test_a_held_plan_and_one_without_changes_are_said() -> None:
    tomorrow = YESTERDAY + timedelta(days=1)
    held = a_digest(plans=[a_plan(tomorrow, holds=[{"check": "x", "reason": "too much would move", "budget": None}])])
    assert "今天 方案先不动：too much would move" in first_screen(held, "zh")
    still = a_digest(plans=[a_plan(tomorrow, budgets=[])])
    assert "今天不用改，合计 2,000" in first_screen(still, "zh")


def test_days_above_the_cap_are_named_and_open_writes_too() -> None:
    proof = first_screen(a_digest(day_cap=630.0, writes={"applied": 2, "unresolved": 1}), "zh")[-1]
    assert "本月超上限的日子：09-21" in proof
    assert "1 条待核实" in proof
    assert "昨天没改预算" in first_screen(a_digest(writes={}), "zh")[-1]


def test_activities_to_join_fill_what_is_left_of_three() -> None:
    text = "\n".join(first_screen(a_digest(products=[], activities=[("双11", "09-28")]), "zh"))
    assert "要你做 ① 报名「双11」：09-28 截止" in text


def test_the_page_is_one_file_with_its_pictures_and_nothing_from_elsewhere() -> None:
    shown = a_digest(title="<茶> & 铺")
    page = digest_page(shown, "zh")
    assert page.count("data:image/png;base64,") == 2
    assert all(png.startswith(b"\x89PNG") for png in pictures(shown).values())
    assert "&lt;茶&gt; &amp; 铺" in page
    assert not re.search(r"<script|<link|<svg|src=\"(?!data:)|https?://", page)
    assert len(page) < 300_000
    assert headline(shown, "en").startswith("[<茶> & 铺] Tue 09-22")


def test_both_languages_have_the_same_words() -> None:
    def keys(table: Any, path: str = "") -> set[str]:
        return {f"{path}.{k}" for k in table} | {
            one for k, v in table.items() if isinstance(v, dict) for one in keys(v, f"{path}.{k}")
        }

    assert keys(words("zh")) == keys(words("en"))


def test_the_document_goes_through_json_and_back() -> None:
    shown = a_digest()
    assert DigestDocument.model_validate_json(shown.model_dump_json()) == shown


def test_the_month_is_held_against_its_sales_plan_and_ads_alone_are_not() -> None:
    goals = {"sales_goal": 5200.0, "month_goal": 150_000.0, "month_due": 120_000.0}
    month = next(line for line in first_screen(a_digest(**goals), "zh") if line.startswith("本月"))
    assert "本月 支付 125,000/150,000（83.3%，比进度 +5,000）" in month
    assert a_digest(with_shop=False, **goals).month_goal is None
