"""A stock list of an ERP (聚水潭, 旺店通, 万里牛): pieces that can be sold now. Costs are yuan."""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part
from bidder.money import Currency

__all__ = ["ERP_STOCK"]

ERP_STOCK = Export(
    kind="erp_stock",
    title="a stock list (商品编码, 可用数)",
    parts=(
        Part(
            "erp",
            {
                "product": ("商品id", "宝贝id", "商品编码", "商家编码", "款式编码", "货号"),
                "name": ("商品名称", "品名", "名称"),
                "stock": ("可用数", "可用库存", "可用库存数", "可售库存", "可用数量"),
                "cost": ("成本价", "成本"),
            },
        ),
    ),
    required=(("product",), ("stock",)),
    unlike={"统计日期": "it is a report by day"},
    currency=Currency("CNY"),
    subject="stock",
)
