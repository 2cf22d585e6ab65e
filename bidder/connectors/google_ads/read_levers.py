"""Reads bids and targets of Google Ads: keywords, ad groups, targets of campaigns, and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bidder.bidding import Lever, LeverId, LeverKind, LeverReport
from bidder.catalog import Account
from bidder.connectors.google_ads import levers
from bidder.connectors.google_ads.client import Client, between
from bidder.connectors.http import Payload

__all__ = ["STRATEGIES", "ReadsBids", "ad_group_of", "keyword_of", "target_of"]

STRATEGIES = "strategies"
"""Under this name the account's memory keeps how each campaign with a target is steered."""

_KEYWORDS = """SELECT ad_group_criterion.criterion_id, ad_group_criterion.keyword.text, \
ad_group_criterion.keyword.match_type, ad_group_criterion.status, ad_group_criterion.cpc_bid_micros, \
ad_group_criterion.position_estimates.first_page_cpc_micros, ad_group.id, ad_group.status, campaign.id, \
campaign.status, campaign.campaign_budget FROM ad_group_criterion WHERE ad_group_criterion.type = 'KEYWORD' \
AND ad_group_criterion.negative = FALSE AND campaign.bidding_strategy_type = 'MANUAL_CPC' AND """

_AD_GROUPS = """SELECT ad_group.id, ad_group.name, ad_group.status, ad_group.cpc_bid_micros, campaign.id, \
campaign.status, campaign.campaign_budget FROM ad_group WHERE campaign.bidding_strategy_type = 'MANUAL_CPC' AND """

_TARGETS = """SELECT campaign.id, campaign.name, campaign.status, campaign.campaign_budget, \
campaign.bidding_strategy_type, campaign.bidding_strategy, campaign.target_roas.target_roas, \
campaign.maximize_conversion_value.target_roas, campaign.target_cpa.target_cpa_micros, \
campaign.maximize_conversions.target_cpa_micros FROM campaign WHERE """

_LISTED = "ad_group.status != 'REMOVED' AND campaign.status != 'REMOVED'"

_BY_KEYWORD = """SELECT ad_group.id, ad_group_criterion.criterion_id, segments.date, metrics.cost_micros, \
metrics.impressions, metrics.clicks, metrics.conversions, metrics.conversions_value, \
metrics.search_impression_share, metrics.search_top_impression_share FROM keyword_view WHERE """

_BY_GROUP = """SELECT ad_group.id, segments.date, metrics.cost_micros, metrics.impressions, metrics.clicks, \
metrics.conversions, metrics.conversions_value FROM ad_group \
WHERE campaign.advertising_channel_type = 'SHOPPING' AND """

_BY_CAMPAIGN = """SELECT campaign.id, segments.date, metrics.cost_micros, metrics.impressions, metrics.clicks, \
metrics.conversions, metrics.conversions_value FROM campaign WHERE """


class ReadsBids:
    """The part of the reader that concerns bids and targets."""

    _client: Client

    @property
    def account(self) -> Account:
        """The account."""
        raise NotImplementedError

    async def levers(self) -> Sequence[Lever]:
        """Keywords and ad groups of campaigns bid by hand, targets of campaigns that steer themselves.

        Raises ConnectorError.
        """
        client, account = self._client, self.account
        await client.believe(account)
        found = levers.keywords(
            await client.search("keywords", f"{_KEYWORDS} AND ad_group_criterion.status != 'REMOVED' {_LISTED}"),
            account,
        )
        found += levers.ad_groups(await client.search("ad_groups", _AD_GROUPS + _LISTED), account)
        return [*found, *(await self._targets()).values()]

    async def lever_reports(self, first: date, last: date) -> Sequence[LeverReport]:
        """A row a keyword, an ad group of Shopping, or a campaign with a target, and account day.

        Raises ConnectorError.
        """
        client, account, days = self._client, self.account, between(first, last)
        await client.believe(account)
        by_keyword = await client.search("bid_reports", _BY_KEYWORD + days)
        found = levers.reports(by_keyword, account, LeverKind.KEYWORD)
        found += levers.reports(await client.search("bid_reports", _BY_GROUP + days), account, LeverKind.AD_GROUP)
        steered = {lever.campaign: one for one, lever in (await self._targets()).items()}
        if steered:
            pages = await client.search("bid_reports", _BY_CAMPAIGN + days)
            found += levers.reports(pages, account, LeverKind.TARGET_ROAS, steered)
        return found

    async def _targets(self) -> dict[LeverId, Lever]:
        pages = await self._client.search("targets", f"{_TARGETS}campaign.status != 'REMOVED'")
        found = levers.targets(pages, self.account)
        self._client.http.memory[STRATEGIES] = {one.native: strategy for one, (_, strategy) in found.items()}
        return {one: lever for one, (lever, _) in found.items()}


async def keyword_of(client: Client, native: str) -> list[Payload]:
    """One keyword, `ad group~criterion`. Raises ConnectorError."""
    group, _, criterion = native.partition("~")
    where = f"ad_group.id = {group} AND ad_group_criterion.criterion_id = {criterion}"
    return await client.search("keywords", _KEYWORDS + where)


async def ad_group_of(client: Client, native: str) -> list[Payload]:
    """One ad group. Raises ConnectorError."""
    return await client.search("ad_groups", f"{_AD_GROUPS}ad_group.id = {native}")


async def target_of(client: Client, native: str) -> list[Payload]:
    """One campaign with its target. Raises ConnectorError."""
    return await client.search("targets", f"{_TARGETS}campaign.id = {native}")
