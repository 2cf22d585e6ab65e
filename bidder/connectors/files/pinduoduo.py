"""拼多多 商品推广 (分天数据), by product or of the account. 总花费 is all that was spent, 交易额 is before refunds."""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part
from bidder.money import Currency

__all__ = ["ACCOUNT", "PRODUCT"]

_FIGURES = {
    "date": ("日期", "统计日期"),
    "impressions": ("曝光量",),
    "clicks": ("点击量",),
    "spend": ("总花费", "花费", "成交花费"),
    "orders": ("成交笔数",),
    "revenue": ("交易额",),
}

PRODUCT = Export(
    kind="pinduoduo_product",
    title="拼多多 商品推广 by product (分天)",
    parts=(
        Part(
            "pinduoduo",
            {
                **_FIGURES,
                "product": ("商品id",),
                "campaign": ("推广id", "计划id", "推广计划id"),
                "name": ("推广名称", "计划名称", "商品名称"),
            },
        ),
    ),
    required=(("date",), ("product",), ("spend",), ("impressions",), ("revenue",)),
    currency=Currency("CNY"),
    channel="site",
)

ACCOUNT = Export(
    kind="pinduoduo_account",
    title="拼多多 推广 of the account (分天)",
    parts=(Part("pinduoduo", _FIGURES, budget="all"),),
    required=(("date",), ("spend",), ("impressions",), ("revenue",)),
    currency=Currency("CNY"),
    unlike={
        "商品id": "it is by product and lacks 曝光量 or 交易额; add them",
        "时段": "it is by hour; export 分天数据",
    },
    channel="site",
    notes=(
        "the account is taken as one budget: beside a report by product of the same days, plan from one of the two",
    ),
)
