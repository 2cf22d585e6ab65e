"""Every file that a shop really has is known by its header: as CSV in two encodings, as a workbook, in a zip.

The headers are whole, as the consoles write them. Above each stand a title and a note, below it a line of totals.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from bidder.connectors.files import FileReport, read_all
from tests.connectors.files.exports import OPTIONS, read_text, refusal, table, written


@dataclass(frozen=True)
class Case:
    """A header (comma-separated) and what a row says; what it does not name is 1. `gives`: sums as they are known."""

    kind: str
    header: str
    row: Mapping[str, str]
    gives: Mapping[str, float]
    total: str = "合计"
    options: Mapping[str, object] = field(default_factory=dict)
    chinese: bool = True


WXT_ITEM = (
    "日期,场景ID,场景名字,原二级场景ID,原二级场景名字,计划ID,计划名字,主体ID,主体类型,主体名称,展现量,点击量,花费,点击率,平均点击花费,"
    "千次展现花费,总预售成交金额,总预售成交笔数,直接预售成交金额,直接预售成交笔数,间接预售成交金额,间接预售成交笔数,直接成交金额,"
    "间接成交金额,总成交金额,总成交笔数,直接成交笔数,间接成交笔数,点击转化率,投入产出比,含预售投产比,总成交成本,总购物车数,直接购物车数,"
    "间接购物车数,加购率,收藏宝贝数,收藏店铺数,店铺收藏成本,总收藏加购数,总收藏加购成本,引导访问量,成交人数,成交新客数"
)
ADS = {"日期": "2026-10-01", "计划ID": "68796878069", "展现量": "1,200", "点击量": "31", "花费": "1,234.50",
       "总成交笔数": "3", "总成交金额": "899.70"}  # fmt: skip
SUMS = {"impressions": 1200.0, "clicks": 31.0, "spend": 1234.5, "orders": 3.0, "revenue": 899.7}
SP = (
    "Date,Portfolio name,Currency,Campaign Name,Ad Group Name,Country,{own},Impressions,Clicks,Click-Thru Rate (CTR),"
    "Cost Per Click (CPC),Spend,{n} Day Total Sales ,Total Advertising Cost of Sales (ACOS) ,"
    "Total Return on Advertising Spend (ROAS),{n} Day Total Orders (#),{n} Day Total Units (#),{n} Day Conversion Rate"
)
SP_ROW = {"Date": "2026-10-01", "Currency": "USD", "Campaign Name": "kettle", "Impressions": "1200", "Clicks": "31",
          "Spend": "12.34"}  # fmt: skip
SALES = {f"{n} Day Total Sales ": "89.97" for n in (7, 14)} | {f"{n} Day Total Orders (#)": "3" for n in (7, 14)}
SP_SUMS = {"impressions": 1200.0, "clicks": 31.0, "spend": 12.34, "orders": 3.0, "revenue": 89.97}

CASES = (
    Case(
        "advisor_goods",
        "统计日期,商品ID,商品名称,货号,商品状态,商品标签,商品访客数,商品浏览量,平均停留时长,商品详情页跳出率,商品收藏人数,商品加购件数,"
        "商品加购人数,下单买家数,下单件数,下单金额,下单转化率,支付买家数,支付件数,支付金额,商品支付转化率,支付新买家数,支付老买家数,"
        "老买家支付金额,聚划算支付金额,访客平均价值,成功退款金额,竞争力评分,年累计支付金额,月累计支付金额,月累计支付件数,"
        "搜索引导支付转化率,搜索引导访客数,搜索引导支付买家数",
        {"统计日期": "2026-10-01", "商品ID": "7527900123451", "商品访客数": "1,234", "支付金额": "2,760.00",
         "支付件数": "45", "成功退款金额": "-", "商品支付转化率": "3.24%"},
        {"visitors": 1234, "units": 45, "revenue": 2760.0},
    ),
    Case(
        "advisor_goods",
        "统计日期,终端类型,商品ID,商品名称,商品访客数,商品浏览量,商品平均停留时长,访问收藏转化率,访问加购转化率,支付买家数,支付件数,"
        "支付金额,售中售后成功退款金额",
        {"统计日期": "2026-10-01", "终端类型": "所有终端", "商品ID": "7527900123451", "商品访客数": "1,234",
         "支付金额": "2,760.00", "售中售后成功退款金额": "60"},
        {"visitors": 1234, "revenue": 2760.0, "refunds": 60.0},
    ),
    Case(
        "advisor_shop",
        "统计日期,访客数,浏览量,支付买家数,支付金额,支付件数,支付转化率,客单价,老访客数,新访客数,支付老买家数,老买家支付金额,成功退款金额,"
        "加购人数,收藏人数,全站推广花费,关键词推广花费,精准人群推广花费,智能场景花费,淘宝客佣金",
        {"统计日期": "2026-10-01", "访客数": "9,000", "支付金额": "60,000.50", "成功退款金额": "120"},
        {"visitors": 9000, "revenue": 60000.5, "refunds": 120.0},
    ),
    Case(
        "advisor_sources",
        "统计日期,流量来源,来源明细,访客数,访客数变化,下单买家数,下单转化率,支付买家数,支付金额,支付转化率,客单价,UV价值,关注店铺人数,"
        "商品收藏人数,加购人数",
        {"统计日期": "2026-10-01", "流量来源": "手淘搜索", "来源明细": "汇总", "访客数": "500", "支付金额": "900.00"},
        {"visitors": 500, "revenue": 900.0},
    ),
    Case("taobao_item", WXT_ITEM, {**ADS, "场景名字": "关键词推广", "主体ID": "752790000001"}, SUMS),
    Case("taobao_item", WXT_ITEM.replace("主体ID", "主体 ID"), {**ADS, "主体 ID": "752790000001"}, SUMS),
    Case(
        "taobao_item",
        "日期,主体ID,主体类型,主体名称,花费,净成交金额,总成交金额,净实际投产比,实际投产比,展现量,点击量,点击率,平均点击花费,千次展现花费,"
        "净成交笔数,总成交笔数,点击转化率,直接净成交金额",
        {**ADS, "主体ID": "752790000001"},
        SUMS,
    ),
    Case(
        "taobao_item",
        "日期,商品ID,商品名称,计划ID,计划名称,花费,净成交金额,总成交金额,展现量,点击量,净成交笔数,总成交笔数,总购物车数,收藏宝贝数",
        {**ADS, "商品ID": "752790000001"},
        SUMS,
    ),
    Case("taobao_plan", WXT_ITEM.replace("主体ID,主体类型,主体名称,", ""), {**ADS, "场景名字": "货品全站推广"}, SUMS),
    Case(
        "taobao_plan",
        "日期,推广计划,计划ID,展现量,点击量,点击率,花费,平均点击花费,直接成交金额,直接成交笔数,间接成交金额,间接成交笔数,总成交金额,"
        "总成交笔数,收藏宝贝数,收藏店铺数,总收藏数,直接购物车数,间接购物车数,总购物车数,投入产出比,点击转化率",
        ADS,
        SUMS,
    ),
    Case(
        "taobao_item",
        "日期,推广计划名称,推广宝贝ID,推广宝贝名称,推广单元名称,展现量,点击量,点击率,花费,平均点击花费,直接成交金额,直接成交笔数,"
        "间接成交金额,间接成交笔数,总成交金额,总成交笔数,收藏宝贝数,收藏店铺数,总收藏数,总购物车数,投入产出比,点击转化率",
        {**ADS, "推广宝贝ID": "752790000001"},
        SUMS,
    ),
    Case("taobao_ledger", "日期,收支类型,金额,余额,备注",
         {"日期": "2026-10-01", "收支类型": "支出", "金额": "1,234.50", "余额": "8,000.00", "备注": "关键词推广消耗"},
         {"spent": 1234.5, "credited": 0.0}),
    Case(
        "pinduoduo_account",
        "日期,成交花费(元),交易额(元),实际投产比,总花费(元),净交易额(元),净实际投产比,净成交笔数,每笔净成交花费(元),净交易额占比,"
        "结算交易额(元),结算投产比,结算成交笔数,成交笔数,每笔成交花费(元),每笔成交金额(元),曝光量,点击量",
        {"日期": "2026-10-01", "总花费(元)": "1,234.50", "交易额(元)": "899.70", "成交笔数": "3", "曝光量": "1200",
         "点击量": "31"},
        SUMS,
    ),
    Case(
        "pinduoduo_product",
        "日期,商品ID,商品名称,成交花费(元),交易额(元),实际投产比,总花费(元),净交易额(元),净成交笔数,成交笔数,曝光量,点击量",
        {"日期": "2026-10-01", "商品ID": "6001", "总花费(元)": "1,234.50", "交易额(元)": "899.70", "成交笔数": "3",
         "曝光量": "1200", "点击量": "31"},
        SUMS,
    ),
    Case(
        "qianchuan",
        "日期,计划ID,计划名称,商品ID,整体消耗,整体成交金额,整体成交订单数,整体支付ROI,整体成交订单成本,净成交金额,净成交订单数,净成交ROI,"
        "1小时内退款率,展示次数,点击次数,点击率,转化率,千次展现费用",
        {"日期": "2026-10-01", "计划ID": "17000", "商品ID": "3500", "整体消耗": "1,234.50", "整体成交金额": "899.70",
         "整体成交订单数": "3", "展示次数": "1200", "点击次数": "31"},
        SUMS,
    ),
    Case(
        "qianchuan",
        "日期,计划ID,计划名称,消耗,成交金额,成交订单数,展示次数,点击次数",
        {"日期": "2026-10-01", "计划ID": "17000", "消耗": "1,234.50", "成交金额": "899.70", "成交订单数": "3",
         "展示次数": "1200", "点击次数": "31"},
        SUMS,
    ),
    Case(
        "jd_jingzhuntong",
        "日期,计划ID,计划名称,展现数,点击数,点击率,总费用,平均点击成本,总订单行,总订单金额,投产比",
        {"日期": "2026-10-01", "计划ID": "9001", "展现数": "1200", "点击数": "31", "总费用": "1,234.50",
         "总订单行": "3", "总订单金额": "899.70"},
        SUMS,
    ),
    Case(
        "jd_jingzhuntong",
        "日期,计划名称,展现数,点击数,点击率,总费用,平均点击成本,千次展现成本,直接订单行,直接订单金额,间接订单行,间接订单金额,总订单行,"
        "总订单金额,直接购物车数,间接购物车数,总购物车数,转化率,ROI",
        {"日期": "2026-10-01", "计划名称": "快车", "展现数": "1200", "点击数": "31", "总费用": "1,234.50",
         "总订单行": "3", "总订单金额": "899.70"},
        SUMS,
    ),
    Case(
        "amazon_business_asin",
        "(Parent) ASIN,(Child) ASIN,Title,SKU,Sessions - Total,Sessions - Total - B2B,Session Percentage - Total,"
        "Page Views - Total,Page Views - Total - B2B,Featured Offer (Buy Box) Percentage,Units Ordered,"
        "Units Ordered - B2B,Unit Session Percentage,Ordered Product Sales,Ordered Product Sales - B2B,"
        "Total Order Items",
        {"(Child) ASIN": "B0CHILD001", "Sessions - Total": "1,234", "Units Ordered": "45",
         "Ordered Product Sales": "$2,760.00"},
        {"visitors": 1234, "units": 45, "revenue": 2760.0},
        "Total",
        {"date": date(2026, 10, 1)},
        chinese=False,
    ),
    Case("amazon_sp_advertised_product", SP.format(own="Advertised SKU,Advertised ASIN", n=7),
         {**SP_ROW, **SALES, "Advertised ASIN": "B0CHILD001"}, SP_SUMS, "Total", chinese=False),
    Case("amazon_sp_advertised_product", SP.format(own="Advertised SKU,Advertised ASIN", n=14),
         {**SP_ROW, **SALES, "Advertised ASIN": "B0CHILD001"}, SP_SUMS, "Total", chinese=False),
    Case("amazon_sp_search_term", SP.format(own="Targeting,Match Type,Customer Search Term", n=7),
         {**SP_ROW, **SALES, "Customer Search Term": "kettle steel"}, SP_SUMS, "Total", chinese=False),
    Case(
        "google_ads",
        "Day,Campaign,Campaign ID,Currency code,Budget,Cost,Impr.,Clicks,CTR,Avg. CPC,Conversions,Conv. value,"
        "Search lost IS (budget)",
        {"Day": "2026-10-01", "Campaign": "kettle", "Campaign ID": "101", "Currency code": "USD", "Budget": "80.00",
         "Cost": "12.34", "Impr.": "1200", "Clicks": "31", "Conversions": "3.00", "Conv. value": "89.97",
         "Search lost IS (budget)": "< 10%"},
        SP_SUMS,
        "Total: Account",
        chinese=False,
    ),
    Case(
        "google_ads",
        "Day,Campaign,Campaign ID,Currency code,Item ID,Cost,Impr.,Clicks,Conversions,Conv. value",
        {"Day": "2026-10-01", "Campaign ID": "101", "Currency code": "USD", "Item ID": "sku-1", "Cost": "12.34",
         "Impr.": "1200", "Clicks": "31", "Conversions": "3.00", "Conv. value": "89.97"},
        SP_SUMS,
        "Total: Account",
        chinese=False,
    ),
    Case(
        "meta_ads",
        "Day,Campaign name,Ad set name,Amount spent (USD),Impressions,Link clicks,Purchases,Purchases conversion value,"
        "Reporting starts,Reporting ends,Attribution setting",
        {"Day": "2026-10-01", "Campaign name": "kettle", "Amount spent (USD)": "12.34", "Impressions": "1200",
         "Link clicks": "31", "Purchases": "3", "Purchases conversion value": "89.97", "Reporting starts": "2026-10-01",
         "Reporting ends": "2026-10-01", "Attribution setting": "7-day click or 1-day view"},
        SP_SUMS,
        "Total",
        chinese=False,
    ),
    Case(
        "shopify_orders",
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,"
        "Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Refunded Amount,Source",
        {"Name": "#1001", "Email": "a@example.com", "Financial Status": "paid", "Paid at": "2026-10-01 09:30:00 +0800",
         "Created at": "2026-10-01 09:29:00 +0800", "Currency": "USD", "Subtotal": "89.97", "Lineitem quantity": "3",
         "Lineitem price": "29.99", "Lineitem sku": "sku-1", "Refunded Amount": "0.00"},
        {"units": 3, "revenue": 89.97},
        "",
        chinese=False,
    ),
    Case("erp_stock", "商品编码,商品名称,可用数,采购在途数,成本价",
         {"商品编码": "A-01", "可用数": "1,200", "成本价": "8.50"},
         {"stock": 1200}),
    Case("erp_stock", "商家编码,商品名称,可用库存,采购在途数,成本价",
         {"商家编码": "A-01", "可用库存": "1200"}, {"stock": 1200}),
    Case("ga4_items", "Date,Item ID,Item name,Items viewed,Items added to cart,Items purchased,Item revenue",
         {"Date": "20261001", "Item ID": "sku-1", "Items viewed": "1234", "Items added to cart": "55",
          "Items purchased": "45", "Item revenue": "2760.00"},
         {"views": 1234, "carts": 55, "units": 45, "revenue": 2760.0}, "Grand total", {"currency": "USD"}, False),
    Case("ga4_channels", "Session default channel group,Date,Sessions,Engaged sessions,Ecommerce purchases,"
         "Total revenue",
         {"Session default channel group": "Organic Search", "Date": "20261001", "Sessions": "1234",
          "Ecommerce purchases": "45", "Total revenue": "2760.00"},
         {"visitors": 1234, "orders": 45, "revenue": 2760.0}, "Grand total", {"currency": "USD"}, False),
    Case("analytics", "date,product,visitors,views,carts,orders,units,revenue,refunds,currency",
         {"date": "2026-10-01", "product": "sku-1", "visitors": "1234", "revenue": "2760.00", "refunds": "60.00",
          "currency": "USD"},
         {"visitors": 1234, "revenue": 2760.0, "refunds": 60.0}, "Total", chinese=False),
)  # fmt: skip


def rows_of(case: Case) -> list[list[str]]:
    """A title and a note, the header, a row, a total."""
    header = case.header.split(",")
    row = [case.row.get(name, "1") for name in header]
    above = [
        ["商品排行 报表" if case.chinese else "A report of the shop"],
        ["# 说明: 数据仅供参考" if case.chinese else "# ---"],
    ]
    total = [[case.total, *([""] * (len(header) - 1))]] if case.total else []
    return [*above, header, row, *total]


def as_csv(encoding: str) -> Callable[[Case], tuple[str, bytes]]:
    """Cells with commas are quoted; notes are as short as they are."""

    def made(case: Case) -> tuple[str, bytes]:
        text = io.StringIO()
        csv.writer(text).writerows(rows_of(case))
        return "report.csv", text.getvalue().encode(encoding)

    return made


def as_workbook(case: Case) -> tuple[str, bytes]:
    """All cells are text, as the consoles write them."""
    book, saved = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in rows_of(case):
        sheet.append(row)
    book.save(saved)
    return "report.xlsx", saved.getvalue()


def as_zip(case: Case) -> tuple[str, bytes]:
    """A CSV beside a file that is no table."""
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("说明.pdf", b"%PDF")
        archive.writestr("报表.csv", as_csv("gb18030")(case)[1])
    return "report.zip", saved.getvalue()


FORMS = {"utf-8-bom": as_csv("utf-8-sig"), "gb18030": as_csv("gb18030"), "xlsx": as_workbook, "zip": as_zip}


def what_it_says(report: FileReport) -> dict[str, float]:
    """The sums that are known."""
    return {name: value for name, value in report.summary["sums"].items() if value is not None}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.header[:14]}-{len(case.header)}")
def test_a_file_is_known_by_its_header_whatever_it_comes_in(case: Case, form: str, tmp_path: Path) -> None:
    name, data = FORMS[form](case)
    (report,) = read_all(written(tmp_path, data, name), replace(OPTIONS, **case.options))  # type: ignore[arg-type]  # options by name
    assert report.kind == case.kind
    said = what_it_says(report)
    assert {name: said.get(name) for name in case.gives} == pytest.approx(dict(case.gives))
    if case.kind != "shopify_orders":  # there the shop's day stands beside its product's
        assert report.summary["rows"] == 1
    if case.kind != "erp_stock":
        assert report.summary["first_date"] == report.summary["last_date"] == "2026-10-01"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2026-10-01,支出,-12.50,100,关键词推广", {"spent": 12.5, "credited": 0.0}),
        ("2026-10-01,红包返还,12.50,100,红包", {"spent": 0.0, "credited": 12.5}),
        ("2026-10-01,充值,1000,1100,", {"spent": 0.0, "credited": 1000.0}),
        ("2026-10-01,推广消耗,12.50,100,", {"spent": 12.5, "credited": 0.0}),
    ],
)
def test_a_purse_says_what_was_paid_and_what_came_back(row: str, says: dict[str, float], tmp_path: Path) -> None:
    report = read_text(tmp_path, table([row], "日期,收支类型,金额,余额,备注"))
    assert report.summary["sums"] == says
    assert not len(report.reports)
    assert not len(report.activity)
    assert any("looked at, not stored" in note for note in report.notes)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2026-10-01,其他,12.50,100,", "direction: expected 支出 or 收入, was '其他'"),
        ("2026-10-01,支出,,100,", "paid: expected an amount"),
        ("2026-10-01,支出,many,100,", "expected"),
    ],
)
def test_a_purse_that_does_not_say_which_way_is_refused(row: str, message: str, tmp_path: Path) -> None:
    assert message in refusal(tmp_path, table([row], "日期,收支类型,金额,余额,备注"))
