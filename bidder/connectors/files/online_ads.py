"""A publisher's table of three campaigns by engagement, banner and placement (the public set online_ads_2020).

The year is not in the file. Several rows of a campaign-day are summed; conversions are booked on the day of the sale
and may exceed the clicks. `revenue` is what the publisher earned by clicks and is not the shop's sales.
"""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part

__all__ = ["ONLINE_ADS"]

ONLINE_ADS = Export(
    kind="online_ads",
    title="campaigns by engagement, banner and placement",
    parts=(
        Part(
            "file",
            {
                "month": ("month",),
                "day": ("day",),
                "campaign": ("campaign_number",),
                "impressions": ("displays",),
                "clicks": ("clicks",),
                "spend": ("cost",),
                "orders": ("post_click_conversions",),
                "revenue": ("post_click_sales_amount",),
            },
        ),
    ),
    required=(("month",), ("day",), ("campaign",), ("impressions",), ("clicks",), ("spend",), ("orders",)),
    segments=("user_engagement", "banner", "placement"),
    repeats=True,
)
