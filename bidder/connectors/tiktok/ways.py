"""Which call sets which budget: TikTok has one for each way a campaign can be made. Values only."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

__all__ = ["Way"]


class Way(StrEnum):
    """How a daily budget is set; the value is the path of the call."""

    CAMPAIGN = "campaign/update/"
    """A campaign that holds the budget of its ad groups (campaign budget optimisation)."""
    AD_GROUP = "adgroup/budget/update/"
    """An ad group. (`adgroup/update/` replaces all that is left out of it, so it is never used.)"""
    SMART_CAMPAIGN = "smart_plus/campaign/update/"
    """An upgraded Smart+ campaign."""
    SMART_AD_GROUP = "smart_plus/adgroup/budget/update/"
    """An ad group of an upgraded Smart+ campaign."""
    LEGACY_SMART = "campaign/spc/update/"
    """A Smart+ campaign of the first kind: one thing with its one ad group."""
    GMV_MAX = "campaign/gmv_max/update/"
    """A campaign of TikTok Shop that is driven by a target."""

    @property
    def of_ad_group(self) -> bool:
        """Whether it sets an ad group's budget."""
        return self in (Way.AD_GROUP, Way.SMART_AD_GROUP)

    def body(self, advertiser: str, native: str, amount: float) -> dict[str, Any]:
        """What is sent: the amount in the currency's own unit, and nothing else."""
        if self.of_ad_group:
            return {"advertiser_id": advertiser, "budget": [{"adgroup_id": native, "budget": amount}]}
        return {"advertiser_id": advertiser, "campaign_id": native, "budget": amount}
