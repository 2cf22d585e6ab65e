"""巨量千川 reports by plan or product and day. 全域 (整体 …) counts free sales too, as 全站 does."""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part
from bidder.money import Currency

__all__ = ["QIANCHUAN"]

QIANCHUAN = Export(
    kind="qianchuan",
    title="巨量千川 report (split by day)",
    parts=(
        Part(
            "qianchuan",
            {
                "date": ("日期", "时间", "统计日期", "时间-天"),
                "campaign": ("计划id", "广告计划id", "计划名称", "广告计划名称"),
                "name": ("计划名称", "广告计划名称", "商品名称"),
                "product": ("商品id",),
                "impressions": ("展示次数", "展示数", "整体展示次数"),
                "clicks": ("点击次数", "点击数", "整体点击次数"),
                "spend": ("整体消耗", "消耗"),
                "orders": ("整体成交订单数", "成交订单数", "直接成交订单数"),
                "revenue": ("整体成交金额", "成交金额", "直接成交金额"),
            },
        ),
    ),
    required=(("date",), ("campaign", "product"), ("spend",), ("orders",), ("revenue",)),
    segments=("抖音号", "创意id", "素材id"),
    unlike={"花费": "spend is called 花费 there; export the report with 消耗", "展现量": "it is of another platform"},
    currency=Currency("CNY"),
    channel="site",
)
