"""The Taobao promotion console (万相台无界, 直通车 before): 报表 downloads by item, plan or scene, split by day (分天).

总 = 直接 + 间接, so only the totals are read; 净成交 is another measure and is left out. The window of attribution is
chosen in the page and is not in the file. Amounts are yuan.
"""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part
from bidder.money import Currency

__all__ = ["ITEM", "PLAN", "SCENE"]

_FIGURES = {
    "date": ("日期", "统计日期"),
    "impressions": ("展现量", "展现"),
    "clicks": ("点击量", "点击"),
    "spend": ("花费", "消耗"),
    "orders": ("总成交笔数",),
    "revenue": ("总成交金额",),
}
_SCENE_NAME = ("场景名字", "场景名称", "场景")
_PLAN = ("计划id", "推广计划id", "计划名字", "计划名称", "推广计划", "推广计划名称")
_PLAN_NAME = ("计划名字", "计划名称", "推广计划名称", "推广计划")
_ITEM = ("商品id", "宝贝id", "主体id", "推广宝贝id")
_SCENES = {
    "关键词推广": "search",
    "直通车": "search",
    "人群推广": "feed",
    "精准人群推广": "feed",
    "引力魔方": "feed",
    "货品全站推广": "site",
    "全站推广": "site",
    "货品运营": "item_ops",
    "内容营销": "content",
    "超级直播": "live",
}
# `nan` is how the console writes an empty cell of what was sold; spend and clicks it always knows.
_EMPTY = {name: frozenset({"nan"}) for name in ("orders", "revenue")}
_FINER = "it is a report by keyword, audience or creative; export 计划报表 or 商品报表 split by day"
_UNLIKE = dict.fromkeys(("关键词", "关键词id", "词id", "搜索词", "人群名字", "人群名称", "创意id"), _FINER)
_SPLITS = ("场景id", "原二级场景id", "主体类型", "单元id", "推广单元id", "单元名称", "推广单元名称", "推广单元")

ITEM = Export(
    kind="taobao_item",
    title="万相台 商品报表 (split by day)",
    parts=(
        Part(
            "taobao",
            {
                **_FIGURES,
                "campaign": _PLAN,
                "product": _ITEM,
                "name": (*_PLAN_NAME, "商品名称", "宝贝名称", "主体名称", "推广宝贝名称"),
                "group": _SCENE_NAME,
            },
        ),
    ),
    required=(("date",), ("product",), ("spend",), ("impressions",), ("clicks",)),
    segments=_SPLITS,
    unlike=_UNLIKE,
    unknown_words=_EMPTY,
    currency=Currency("CNY"),
    scenes=_SCENES,
)

PLAN = Export(
    kind="taobao_plan",
    title="万相台 计划报表 (split by day)",
    parts=(Part("taobao", {**_FIGURES, "campaign": _PLAN, "name": _PLAN_NAME, "group": _SCENE_NAME}),),
    required=(("date",), ("campaign",), ("spend",), ("impressions",), ("clicks",)),
    segments=_SPLITS,
    unlike=_UNLIKE,
    unknown_words=_EMPTY,
    currency=Currency("CNY"),
    scenes=_SCENES,
)

SCENE = Export(
    kind="taobao_scene",
    title="万相台 场景报表 (split by day)",
    parts=(
        Part(
            "taobao",
            {**_FIGURES, "campaign": ("场景id", *_SCENE_NAME), "name": _SCENE_NAME, "group": _SCENE_NAME},
        ),
    ),
    required=(("date",), ("campaign",), ("spend",), ("impressions",), ("clicks",)),
    segments=("原二级场景id",),
    unlike=_UNLIKE,
    unknown_words=_EMPTY,
    currency=Currency("CNY"),
    scenes=_SCENES,
    notes=("scenes hold the money of their plans: beside a report by plan or item of the same days, plan from one",),
)
