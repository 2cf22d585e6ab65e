"""生意参谋 (Business Advisor) downloads: goods by day, the shop by day, and where its visitors came from.

A title and notes stand above the header, figures are text with thousands commas, rates are left out (they are computed
from counts). 支付金额 is before refunds. Files may be real `.xls`, pages named `.xls`, or XLSX. Amounts are yuan.
"""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part
from bidder.money import Currency

__all__ = ["GOODS", "SHOP", "SOURCES"]

_PEOPLE = {
    "buyers": ("支付买家数",),
    "new_buyers": ("支付新买家数", "新买家数"),
    "old_buyers": ("支付老买家数", "老买家数"),
}
_SALES = {
    "orders": ("支付订单数", "支付笔数", "支付子订单数"),
    "units": ("支付件数", "支付商品件数"),
    "revenue": ("支付金额",),
    "refunds": ("成功退款金额", "售中售后成功退款金额", "退款金额"),
}
_ALL_DEVICES = {"终端类型": frozenset({"", "所有终端", "全部", "全部终端", "汇总"})}
_REALTIME = "it is a report of the running day (实时); download 自然日 of yesterday"

GOODS = Export(
    kind="advisor_goods",
    title="生意参谋 → 品类 → 商品排行 (by 自然日)",
    parts=(
        Part(
            "advisor",
            {
                "date": ("统计日期", "日期"),
                "product": ("商品id", "宝贝id"),
                "visitors": ("商品访客数", "访客数"),
                "views": ("商品浏览量", "浏览量"),
                "favourites": ("商品收藏人数", "收藏人数"),
                "carts": ("商品加购件数", "加购件数"),
                **_PEOPLE,
                **_SALES,
            },
        ),
    ),
    required=(("date",), ("product",), ("visitors",), ("revenue",)),
    unlike={
        "流量来源": "it is a list of sources of a product; download 商品排行",
        "sku id": "it is by SKU; download 商品排行",
    },
    currency=Currency("CNY"),
    subject="activity",
    dateless=True,
    day_in_name=True,
    only=_ALL_DEVICES,
)

SHOP = Export(
    kind="advisor_shop",
    title="生意参谋 → 交易概况 or 取数 → 店铺日报 (by day)",
    parts=(
        Part(
            "advisor",
            {
                "date": ("统计日期", "日期"),
                "visitors": ("访客数", "店铺访客数"),
                "views": ("浏览量", "店铺浏览量"),
                "favourites": ("商品收藏人数", "收藏人数"),
                "carts": ("加购件数", "商品加购件数"),
                **_PEOPLE,
                **_SALES,
            },
        ),
    ),
    required=(("date",), ("visitors",), ("revenue",)),
    unlike={
        "商品id": "it is by product; columns 商品访客数 and 支付金额 are needed: download 商品排行",
        "流量来源": "it is by source of traffic; download 店铺来源",
        "时段": _REALTIME,
        "小时": _REALTIME,
    },
    currency=Currency("CNY"),
    subject="activity",
    only=_ALL_DEVICES,
)

SOURCES = Export(
    kind="advisor_sources",
    title="生意参谋 → 流量 → 店铺来源 (one day)",
    parts=(
        Part(
            "advisor",
            {
                "date": ("统计日期", "日期"),
                "visitors": ("访客数",),
                "views": ("浏览量",),
                "favourites": ("商品收藏人数", "收藏人数"),
                "carts": ("加购件数",),
                **_PEOPLE,
                **_SALES,
                "traffic": ("流量来源", "一级来源", "一级流量来源"),
            },
        ),
    ),
    required=(("date",), ("traffic",), ("visitors",)),
    path=(
        "一级来源",
        "一级流量来源",
        "流量来源",
        "二级来源",
        "二级流量来源",
        "三级来源",
        "三级流量来源",
        "来源明细",
    ),
    unlike={"商品id": "it is of one product; download 店铺来源"},
    currency=Currency("CNY"),
    subject="activity",
    dateless=True,
    day_in_name=True,
    only=_ALL_DEVICES,
    notes=("a visitor who came twice counts in each source: sources add up to more than the shop",),
)
