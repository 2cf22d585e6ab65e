"""Shopify's export of orders: a row a piece, the order's own figures on its first row. People's columns stay unread."""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part

__all__ = ["SHOPIFY_ORDERS"]

SHOPIFY_ORDERS = Export(
    kind="shopify_orders",
    title="Shopify orders export",
    parts=(
        Part(
            "shopify",
            {
                "order": ("name",),
                "status": ("financial status",),
                "date": ("paid at",),
                "created": ("created at",),
                "currency": ("currency",),
                "subtotal": ("subtotal",),
                "refunded": ("refunded amount",),
                "units": ("lineitem quantity",),
                "price": ("lineitem price",),
                "product": ("lineitem sku", "lineitem name"),
            },
        ),
    ),
    required=(("order",), ("status",), ("date", "created"), ("subtotal",), ("units",), ("price",), ("product",)),
    subject="orders",
)
