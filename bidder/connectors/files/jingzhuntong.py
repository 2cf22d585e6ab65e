"""京准通 (JD) reports by plan or by product and day. 订单行 are lines of orders, taken as orders. Amounts are yuan."""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part
from bidder.money import Currency

__all__ = ["JINGZHUNTONG"]

_PLAN_NAME = ("计划名称", "推广计划名称", "推广计划", "计划")

JINGZHUNTONG = Export(
    kind="jd_jingzhuntong",
    title="京准通 report (split by day)",
    parts=(
        Part(
            "jd",
            {
                "date": ("日期", "时间", "统计日期"),
                "campaign": ("计划id", "推广计划id", *_PLAN_NAME),
                "name": _PLAN_NAME,
                "product": ("商品sku", "skuid", "sku", "商品id", "商品编号"),
                "impressions": ("展现数", "展现量"),
                "clicks": ("点击数", "点击量"),
                "spend": ("总费用", "费用", "花费"),
                "orders": ("总订单行", "总订单量"),
                "revenue": ("总订单金额",),
            },
        ),
    ),
    required=(("date",), ("campaign", "product"), ("impressions",), ("clicks",), ("spend",), ("orders",), ("revenue",)),
    segments=("推广单元id", "单元id", "推广单元", "单元名称", "创意id"),
    unlike={"关键词": "it is by keyword; export it by plan", "搜索词": "it is by search term; export it by plan"},
    currency=Currency("CNY"),
    channel="search",
)
