"""Meta Ads Manager exports by campaign or ad set and day. Meta writes no zeros: an empty Purchases cell is none."""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part

__all__ = ["META_ADS"]

META_ADS = Export(
    kind="meta_ads",
    title="Meta Ads Manager export (breakdown by Day)",
    parts=(
        Part(
            "meta",
            {
                "date": ("day", "date"),
                "campaign": ("campaign id", "campaign name"),
                "name": ("campaign name",),
                "currency": ("currency",),
                "impressions": ("impressions",),
                "clicks": ("link clicks", "clicks (all)"),
                "spend": ("amount spent",),
                "orders": ("purchases", "website purchases", "results"),
                "revenue": (
                    "purchases conversion value",
                    "purchase conversion value",
                    "website purchases conversion value",
                ),
            },
        ),
    ),
    required=(("date",), ("campaign",), ("spend",), ("impressions",)),
    segments=("ad set id", "ad set name", "ad id", "ad name", "ad set budget", "campaign budget"),
    unlike={"age": "it is by age; export it by Day alone", "gender": "it is by gender; export it by Day alone"},
    none_written=frozenset({"clicks", "orders", "revenue"}),
    channel="feed",
    notes=("empty cells of clicks and purchases are taken as none: Meta writes no zeros",),
)
