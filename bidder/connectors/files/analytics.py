"""Web analytics by file: GA4 explorations and reports by item or by channel and day, and a plain CSV of any other tool.

GA4 writes days as 20261001 and no currency: it is asked for once. Its sessions are taken as visitors, as are those of
Amazon's Business Reports.
"""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part

__all__ = ["ANALYTICS", "GA4_CHANNELS", "GA4_ITEMS"]

GA4_ITEMS = Export(
    kind="ga4_items",
    title="GA4, Ecommerce purchases by Item ID and Date",
    parts=(
        Part(
            "ga4",
            {
                "date": ("date", "日期"),
                "product": ("item id", "商品id"),
                "currency": ("currency", "currency code"),
                "views": ("items viewed", "item views", "item detail page views", "查看的商品数"),
                "carts": ("items added to cart", "added to cart", "加入购物车的商品数"),
                "units": ("items purchased", "item quantity", "购买的商品数"),
                "revenue": ("item revenue", "商品收入"),
                "refunds": ("item refund amount",),
            },
        ),
    ),
    required=(("date",), ("product",), ("views", "carts"), ("units",), ("revenue",)),
    unlike={"spend": "it has costs of ads; export the ads' own report"},
    subject="activity",
    dateless=True,
)

GA4_CHANNELS = Export(
    kind="ga4_channels",
    title="GA4, Traffic acquisition by channel and Date",
    parts=(
        Part(
            "ga4",
            {
                "date": ("date", "日期"),
                "traffic": ("session default channel group", "session primary channel group (default channel group)",
                            "first user default channel group", "session source / medium", "default channel group",
                            "会话默认渠道组", "会话主要渠道组（默认渠道组）"),
                "currency": ("currency", "currency code"),
                "visitors": ("sessions", "total users", "active users", "会话数"),
                "views": ("views", "浏览次数"),
                "orders": ("ecommerce purchases", "transactions", "purchases", "电子商务购买次数"),
                "revenue": ("total revenue", "purchase revenue", "总收入"),
            },
        ),
    ),
    required=(("date",), ("traffic",), ("visitors",)),
    path=("session default channel group", "session primary channel group (default channel group)",
          "first user default channel group", "default channel group", "会话默认渠道组", "会话主要渠道组（默认渠道组）",
          "session source / medium"),
    subject="activity",
    dateless=True,
    notes=("a visitor who came twice counts in each channel: channels add up to more than the shop",),
)  # fmt: skip

ANALYTICS = Export(
    kind="analytics",
    title="the generic CSV of a shop's activity (date, visitors, orders or revenue; optional product, views, carts, "
    "favourites, buyers, units, new_buyers, old_buyers, refunds, currency)",
    parts=(
        Part(
            "analytics",
            {
                "date": ("date", "日期"),
                "product": ("product", "product_id", "product id", "sku"),
                "currency": ("currency",),
                "visitors": ("visitors", "sessions", "users"),
                "views": ("views", "page_views", "pageviews", "page views"),
                "carts": ("carts", "add_to_carts", "add to carts"),
                "favourites": ("favourites", "favorites"),
                "orders": ("orders", "transactions"),
                "buyers": ("buyers",),
                "units": ("units", "quantity"),
                "new_buyers": ("new_buyers", "new buyers"),
                "old_buyers": ("old_buyers", "old buyers"),
                "revenue": ("revenue", "sales"),
                "refunds": ("refunds", "refunded"),
            },
        ),
    ),
    required=(("date",), ("visitors", "orders", "revenue")),
    unlike=dict.fromkeys(
        ("spend", "spent", "cost", "amount spent", "ad spend", "campaign", "campaign name", "clicks", "impressions"), ""
    ),
    subject="activity",
)
