"""What shops download beside ads: 生意参谋, Business Reports, orders, stock; further ad consoles, zips, pages."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.connectors.files import FileReport, archive, read, read_all
from bidder.connectors.files.orders import shared
from bidder.errors import ImportRefused
from bidder.money import Money
from tests.connectors.files.exports import OPTIONS, read_text, refusal, table, written

GOODS = (
    "【生意参谋平台】数据说明：商品排行,,,,,,,,\n,,,,,,,,\n统计口径：所有终端,,,,,,,,\n"
    "统计日期,商品ID,商品名称,商品访客数,商品浏览量,商品加购件数,支付买家数,支付金额,商品支付转化率\n"
)
GOOD = '2026-10-01,752790012345{n},茉莉花茶,"1,234",3210,55,40,"2,760.00",3.24%\n'
ORDERS = (
    "Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Lineitem quantity,Lineitem price,Lineitem sku,"
    "Refunded Amount"
)
SOURCES = "流量来源,来源明细,访客数,支付买家数,支付金额,支付转化率\n"


def figures(report: FileReport) -> dict[tuple[str, str], dict[str, float]]:
    """Counts and money by product and traffic."""
    return {
        (str(one.product or ""), one.traffic): {
            **one.counts, **{name: amount.to_float() for name, amount in one.money.items()},
        }
        for one in report.activity.rows()
    }  # fmt: skip


def test_goods_of_the_business_advisor_below_their_notes(tmp_path: Path) -> None:
    text = GOODS + GOOD.format(n=1) + GOOD.format(n=2).replace("55", "-")
    report = read_text(tmp_path, text.encode("gb18030"))
    assert report.kind == "advisor_goods"
    assert report.summary["currency"] == "CNY"
    want = {"visitors": 1234.0, "views": 3210.0, "carts": 55.0, "buyers": 40.0, "revenue": 2760.0}
    assert figures(report)["7527900123451", ""] == want
    assert "carts" not in figures(report)["7527900123452", ""], "a dash is unknown, not zero"
    assert report.summary["sums"]["visitors"] == 2468
    assert len(report.reports) == 0
    assert "商品支付转化率" in report.ignored


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOODS + GOOD.format(n=1).replace("7527900123451", "7.5279E+12"), "shortened by a spreadsheet"),
        (GOODS + GOOD.format(n=1).replace("2026-10-01", "2026-10-01 ~ 2026-10-07"), "was the range"),
        (GOODS + GOOD.format(n=1).replace("2026-10-01", "2026-11-01"), "is not over; export it tomorrow"),
        (GOODS + GOOD.format(n=1) * 2, "7527900123451 on this day is already on line 5; keep one"),
        (GOODS + GOOD.format(n=1).replace("3210", "-5"), "views: expected nothing below zero"),
        (GOODS + GOOD.format(n=1).replace("3210", "nan"), "views: expected a finite number"),
        (SOURCES + "手淘搜索,汇总,5,1,9,1%\n", "does not say which day it is of; name it, for example --date"),
        ("统计日期 2026-10-01 ~ 2026-10-07,,,,,\n" + SOURCES + "手淘搜索,汇总,5,1,9,1%\n", "covers 2026-10-01 to"),
        (ORDERS + "\n#1,x@example.com,paid,yesterday,USD,5,5,1,5,A,0\n", "date: expected an instant"),
        ("商品编码,可用数\nA,1.5\n", "stock: expected whole pieces"),
        ("商品编码,可用数\nA,-\n", "no row says how many pieces"),
    ],
)  # fmt: skip
def test_what_cannot_be_believed_is_refused(text: str, message: str, tmp_path: Path) -> None:
    assert message in refusal(tmp_path, text)


def test_the_shop_by_day_and_one_kind_of_device(tmp_path: Path) -> None:
    header = "统计日期,终端类型,访客数,浏览量,支付买家数,支付老买家数,支付金额,成功退款金额,全站推广花费"
    rows = ["2026-10-01,所有终端,900,3000,50,20,6000.50,120,800", "2026-10-01,PC端,90,300,5,2,600,12,0",
            "合计,所有终端,990,3300,55,22,6600,132,800"]  # fmt: skip
    report = read_text(tmp_path, table(rows, header))
    assert report.kind == "advisor_shop"
    assert figures(report) == {
        ("", ""): {"visitors": 900, "views": 3000, "buyers": 50, "old_buyers": 20, "revenue": 6000.5, "refunds": 120}
    }
    assert any("1 rows that split others further" in note for note in report.notes)


def test_of_a_tree_of_sources_only_leaves_are_taken(tmp_path: Path) -> None:
    rows = ["手淘搜索,汇总,500,20,2000,4%", "付费流量,汇总,300,9,900,3%", "付费流量,关键词推广,200,7,700,3%",
            "付费流量,人群推广,110,2,200,2%", "我的淘宝,-,50,1,90,2%"]  # fmt: skip
    report = read_text(tmp_path, SOURCES + "\n".join(rows), date=date(2026, 10, 1))
    assert {traffic: found["visitors"] for (_, traffic), found in figures(report).items()} == {
        "手淘搜索": 500, "付费流量/关键词推广": 200, "付费流量/人群推广": 110, "我的淘宝": 50,
    }  # fmt: skip
    assert report.summary["first_date"] == "2026-10-01"
    assert any("1 rows are the sum of rows below" in note for note in report.notes)


@pytest.mark.parametrize("name", ["店铺来源-2026-10-01.csv", "店铺来源_20261001_20261001.csv", "来源2026年10月1日.csv"])
def test_a_day_in_the_name_is_taken_where_the_kind_has_it_there(name: str, tmp_path: Path) -> None:
    report = read(written(tmp_path, SOURCES + "手淘搜索,汇总,5,1,9,1%\n", name), OPTIONS)
    assert report.summary["first_date"] == "2026-10-01"
    assert any("stands in the file's name" in note for note in report.notes)


def test_a_range_in_the_name_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, SOURCES + "手淘搜索,汇总,5,1,9,1%\n", "店铺来源-2026-09-25~2026-10-01.csv")
    with pytest.raises(ImportRefused, match="covers 2026-09-25 to 2026-10-01"):
        read(path, OPTIONS)


BUSINESS = (
    '"(Parent) ASIN","(Child) ASIN","Title","SKU","Sessions - Total","Sessions - Total - B2B","Page Views - Total",'
    '"Units Ordered","Units Ordered - B2B","Ordered Product Sales","Ordered Product Sales - B2B","Total Order Items"\n'
    '"B0A","B0A1","Tea","T1","1,200","3","1,900","31","1","$1,234.56","$10.00","30"\n'
)


def test_a_business_report_has_no_day_and_its_name_is_not_one(tmp_path: Path) -> None:
    path = written(tmp_path, BUSINESS, "BusinessReport-2026-10-03.csv")
    with pytest.raises(ImportRefused, match="does not say which day"):
        read(path, OPTIONS)
    report = read(path, replace(OPTIONS, date=date(2026, 10, 1), timezone="America/Los_Angeles"))
    assert report.kind == "amazon_business_asin"
    assert figures(report) == {
        ("B0A1", ""): {"visitors": 1200, "views": 1900, "units": 31, "orders": 30, "revenue": 1234.56}
    }
    assert report.summary["currency"] == "USD"


def test_orders_give_days_of_the_shop_and_its_products_and_no_person(tmp_path: Path) -> None:
    rows = [
        "#1001,canary@example.com,paid,2026-10-01 23:30:00 +0800,USD,90.00,99,2,30.00,A,0",
        "#1001,canary@example.com,,,,,,1,40.00,B,",
        "#1002,canary@example.com,refunded,2026-10-01 17:00:00 -0700,USD,10.01,10.01,3,3.34,A,10.01",
        "#1003,canary@example.com,pending,2026-10-01 10:00:00 +0800,USD,10,10,1,10,A,0",
        "#1004,canary@example.com,paid,2026-11-01 10:00:00 +0800,USD,10,10,1,10,A,0",
    ]
    report = read_text(tmp_path, table(rows, ORDERS))
    rows_of = {(str(one.product or ""), one.day.date.day): one for one in report.activity.rows()}
    assert rows_of["", 1].counts == {"orders": 1, "units": 3}
    assert rows_of["", 1].money == {"revenue": Money.parse("90", "USD"), "refunds": Money.parse("0", "USD")}  # type: ignore[arg-type]
    assert rows_of["A", 1].money["revenue"].to_float() == 54.0, "discounts are shared by price"
    assert rows_of["B", 1].money["revenue"].to_float() == 36.0
    assert rows_of["A", 2].counts == {"orders": 1, "units": 3}
    assert rows_of["", 2].money["refunds"].to_float() == 10.01
    assert not any("canary" in str(one) for one in (report, *report.activity.rows()))
    assert any("1 orders that are not paid" in note for note in report.notes)
    assert any("1 orders of today" in note for note in report.notes)


@given(amount=st.integers(0, 10**12), weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=8))
@settings(deadline=None, max_examples=60)
def test_an_amount_is_shared_to_the_last_unit(amount: int, weights: list[int]) -> None:
    parts = shared(amount, weights)
    assert sum(parts) == (amount if sum(weights) else 0)
    assert all(
        abs(part * sum(weights) - amount * weight) <= sum(weights) for part, weight in zip(parts, weights, strict=True)
    )


def test_stock_of_one_code_is_summed_and_below_zero_is_none_left(tmp_path: Path) -> None:
    text = table(["A,红茶,5,19.5", "A,红茶,-3,19.5", "B,绿茶,120,", "合计,,122,"], "商品编码,商品名称,可用数,成本价")
    report = read_text(tmp_path, text)
    found = {str(one.id): one for one in report.products}
    assert report.kind == "erp_stock"
    assert {name: one.stock for name, one in found.items()} == {"A": 5, "B": 120}
    assert found["A"].cost is not None
    assert found["A"].cost.to_float() == 19.5
    assert found["B"].cost is None
    assert found["B"].stock_at == OPTIONS.observed_at


ADS = {
    "jd_jingzhuntong": (
        "日期,计划ID,计划名称,展现数,点击数,点击率,总费用,平均点击成本,总订单行,总订单金额,投产比\n"
        '2026-10-01,99,快车一,"10,000",200,2%,"1,234.50",6.17,12,"3,600.00",2.92\n',
        (10000, 200, 1234.5, 12, 3600),
    ),
    "pinduoduo_product": (
        "日期,商品ID,商品名称,成交花费(元),交易额(元),实际投产比,总花费(元),净交易额(元),成交笔数,曝光量,点击量\n"
        "2026-10-01,55,茶,90,400,4,100.5,300,8,5000,120\n",
        (5000, 120, 100.5, 8, 400),
    ),
    "pinduoduo_account": (
        "日期,交易额(元),总花费(元),成交笔数,曝光量\n2026-10-01,400,100.5,8,5000\n",
        (5000, None, 100.5, 8, 400),
    ),
    "qianchuan": (
        "日期,计划ID,计划名称,商品ID,整体消耗,整体成交金额,整体成交订单数,展示次数,点击次数,点击率\n"
        "2026-10-01,7,全域,55,88.8,500,9,4000,80,2%\n",
        (4000, 80, 88.8, 9, 500),
    ),
    "google_ads": (
        "Campaign report\n1 October 2026 - 1 October 2026\n"
        "Day,Campaign,Campaign ID,Currency code,Budget,Cost,Impr.,Clicks,CTR,Conversions,Conv. value\n"
        '2026-10-01,Tea,123,USD,50.00,45.67,"2,000",40,2.00%,1.50,90.00\n'
        'Total: Campaigns, --, --,USD, --,45.67,"2,000",40,2.00%,1.50,90.00\n',
        (2000, 40, 45.67, 1.5, 90),
    ),
    "meta_ads": (
        "Day,Campaign name,Ad set name,Amount spent (USD),Impressions,Link clicks,Purchases,"
        "Purchases conversion value\n"
        "2026-10-01,Tea,one,10.00,1000,12,,\n2026-10-01,Tea,two,5.50,500,3,2,40.00\n",
        (1500, 15, 15.5, 2, 40),
    ),
}


@pytest.mark.parametrize("kind", ADS)
def test_further_ad_consoles(kind: str, tmp_path: Path) -> None:
    text, (impressions, clicks, spend, orders, revenue) = ADS[kind]
    report = read_text(tmp_path, text)
    assert report.kind == kind
    assert len(report.reports) == 1
    one = report.reports.observation(0)
    assert (one.performance.impressions, one.performance.clicks, one.performance.orders) == (
        impressions,
        clicks,
        orders,
    )
    assert one.performance.spend is not None
    assert one.performance.revenue is not None
    assert (one.performance.spend.to_float(), one.performance.revenue.to_float()) == (spend, revenue)
    assert one.day.date == date(2026, 10, 1)


def test_the_budget_of_google_is_the_amount_in_force(tmp_path: Path) -> None:
    one = read_text(tmp_path, ADS["google_ads"][0]).reports.observation(0)
    assert one.amount == Money.parse("50", "USD")  # type: ignore[arg-type]
    assert (one.budget.native, one.name) == ("123", "Tea")


def test_a_search_term_report_names_what_sold_nothing_and_stores_nothing(tmp_path: Path) -> None:
    header = (
        "Date,Campaign Name,Ad Group Name,Targeting,Match Type,Customer Search Term,Impressions,Clicks,Spend,"
        "7 Day Total Orders (#)"
    )
    rows = ["2026-10-01,Tea,g,tea,BROAD,green tea,100,9,12.50,0", "2026-10-02,Tea,g,tea,BROAD,green tea,10,1,1.50,0",
            "2026-10-01,Tea,g,tea,BROAD,jasmine,100,9,7.00,2"]  # fmt: skip
    report = read_text(tmp_path, table(rows, header))
    assert len(report.reports) == 0
    assert report.notes[0] == "1 search terms cost 14.00 and sold nothing; the dearest: green tea 14.00"


class OldName(zipfile.ZipInfo):
    """A member whose name is packed as older programs do: bytes of GB18030, and no word about it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile calls it so
        return self.filename.encode("gb18030"), self.flag_bits


def zipped(members: dict[str, bytes], old: bool = False) -> bytes:
    """An archive; `old`: with names in GB18030 as older packers write them."""
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(OldName(name) if old else name, content)
    return saved.getvalue()


PLAN = "日期,计划ID,计划名称,花费,展现量,点击量,总成交笔数,总成交金额\n2026-10-01,{n},计划,50,1000,20,2,99\n"


@pytest.mark.parametrize("old", [False, True])
def test_a_zip_of_exports_is_read_whole(old: bool, tmp_path: Path) -> None:
    members = {f"计划报表{n}.csv": PLAN.format(n=n).encode("gb18030") for n in (1, 2)}
    path = written(tmp_path, zipped({**members, "说明.pdf": b"%PDF", "__MACOSX/._x.csv": b"\x00"}, old), "万相台.zip")
    reports = read_all(path, OPTIONS)
    assert [one.file for one in reports] == [f"{path}:计划报表1.csv", f"{path}:计划报表2.csv"]
    assert {str(one.reports.budget[0]) for one in reports} == {"1", "2"}
    with pytest.raises(ImportRefused, match="was an archive of 2; unpack it first"):
        read(path, OPTIONS)


def test_a_bad_table_in_a_zip_refuses_it_whole_naming_it(tmp_path: Path) -> None:
    path = written(tmp_path, zipped({"a.csv": PLAN.format(n=1).encode(), "b.csv": b"foo,bar\n1,2\n"}), "x.zip")
    with pytest.raises(ImportRefused, match=r"x\.zip:b\.csv:1  the header is of no known export"):
        read_all(path, OPTIONS)


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST", 1 << 20)
    path = written(tmp_path, zipped({"a.csv": bytes(2 << 20)}), "x.zip")
    with pytest.raises(ImportRefused, match="would unpack to more than 1 MB"):
        read_all(path, OPTIONS)
    many = written(tmp_path, zipped({f"{n}.csv": b"x" for n in range(51)}), "many.zip")
    with pytest.raises(ImportRefused, match="at most 50 tables"):
        read_all(many, OPTIONS)


def test_a_damaged_or_protected_zip_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.csv": PLAN.format(n=1).encode()}))
    data[40] ^= 0xFF
    with pytest.raises(ImportRefused, match="damaged or protected"):
        read_all(written(tmp_path, bytes(data), "x.zip"), OPTIONS)


PAGE = (
    "<html><head><meta charset='utf-8'></head><body><table border=1><tr><td colspan=4>商品排行&nbsp;</td></tr>"
    "<tr><th>统计日期<th>商品ID<th>商品访客数<th>支付金额</tr><tr><td>2026-10-01<td>7527900123451<td>1,234<td>56.70</table>"
)
SPREADSHEET_ML = (
    '<?xml version="1.0"?><Workbook xmlns:ss="urn:x"><Worksheet><Table><Row><Cell><Data>统计日期</Data></Cell>'
    "<Cell><Data>商品ID</Data></Cell><Cell><Data>商品名称</Data></Cell><Cell><Data>商品访客数</Data></Cell>"
    "<Cell><Data>支付金额</Data></Cell></Row><Row><Cell><Data>2026-10-01T00:00:00.000</Data></Cell>"
    "<Cell><Data>7527900123451</Data></Cell><Cell ss:Index='4'><Data>1234</Data></Cell><Cell><Data>56.7</Data></Cell>"
    "</Row></Table></Worksheet></Workbook>"
)


@pytest.mark.parametrize("text", [PAGE, SPREADSHEET_ML])
def test_a_page_that_is_named_xls_is_a_table(text: str, tmp_path: Path) -> None:
    report = read(written(tmp_path, text, "商品排行.xls"), OPTIONS)
    assert figures(report) == {("7527900123451", ""): {"visitors": 1234, "revenue": 56.7}}


@pytest.mark.parametrize("text", ["<html><body>登录</body></html>", "<table></table>", "<!DOCTYPE html><p>x"])
def test_a_page_without_a_table_is_refused(text: str, tmp_path: Path) -> None:
    assert "was a page or a document; save it as CSV or XLSX" in refusal(tmp_path, text)


@given(data=st.binary(max_size=300), seed=st.sampled_from([PAGE, SPREADSHEET_ML, BUSINESS, GOODS + GOOD.format(n=1)]))
@settings(deadline=None, max_examples=60)
def test_damage_gives_a_table_or_a_refusal(data: bytes, seed: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    at = len(data) * 7 % len(seed.encode())
    path = written(tmp_path_factory.mktemp("damage"), seed.encode()[:at] + data + seed.encode()[at:], "x.xls")
    try:
        found = read_all(path, replace(OPTIONS, date=date(2026, 10, 1)))
    except ImportRefused:
        return
    assert all(len(one.activity) for one in found)


def test_the_instant_of_sight_is_on_every_row(tmp_path: Path) -> None:
    seen = datetime(2026, 10, 2, 3, tzinfo=UTC)
    report = read_text(tmp_path, GOODS + GOOD.format(n=1), observed_at=seen, account="shop-a")
    assert [(one.observed_at, one.source) for one in report.activity.rows()] == [(seen, "shop-a")]
