"""The funnel of one campaign by day, from impressions to purchases (the public set ab_control_test)."""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part

__all__ = ["AB_TEST"]

AB_TEST = Export(
    kind="ab_test",
    title="a campaign's daily funnel (# of Impressions … # of Purchase)",
    parts=(
        Part(
            "file",
            {
                "date": ("date",),
                "campaign": ("campaign name",),
                "spend": ("spend",),
                "impressions": ("# of impressions",),
                "clicks": ("# of website clicks",),
                "orders": ("# of purchase", "# of purchases"),
            },
        ),
    ),
    required=(("date",), ("campaign",), ("spend",), ("impressions",), ("clicks",), ("orders",)),
)
