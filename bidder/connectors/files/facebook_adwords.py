"""Two platforms side by side, a day a line (the public set ab_fb_adwords_2019).

`Cost per Facebook Ad` is the day's cost in spite of its name. Campaigns are named anew each month, so the platform is
the budget.
"""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part

__all__ = ["FACEBOOK_ADWORDS"]


def _platform(name: str, account: str) -> Part:
    word = name.casefold()
    return Part(
        account,
        {
            "impressions": (f"{word} ad views",),
            "clicks": (f"{word} ad clicks",),
            "orders": (f"{word} ad conversions",),
            "spend": (f"cost per {word} ad",),
        },
        budget=name,
    )


FACEBOOK_ADWORDS = Export(
    kind="facebook_adwords",
    title="Facebook and AdWords side by side",
    parts=(_platform("Facebook", "meta"), _platform("AdWords", "google")),
    columns={"date": ("date",)},
    required=(("date",), ("impressions",), ("clicks",), ("spend",), ("orders",)),
)
