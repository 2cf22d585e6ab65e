"""万相台 财务流水: what was really paid and credited by day, and what is left. It says nothing by campaign."""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part
from bidder.money import Currency

__all__ = ["TAOBAO_LEDGER"]

TAOBAO_LEDGER = Export(
    kind="taobao_ledger",
    title="万相台 财务流水 (日期, 收支类型, 金额, 余额, 备注)",
    parts=(
        Part(
            "taobao",
            {
                "date": ("日期", "交易日期", "时间", "入账时间"),
                "direction": ("收支类型", "类型", "收支"),
                "paid": ("金额", "交易金额", "发生金额"),
                "left": ("余额", "账户余额"),
                "note": ("备注", "摘要", "说明"),
            },
        ),
    ),
    required=(("date",), ("direction",), ("paid",)),
    currency=Currency("CNY"),
    subject="ledger",
)
