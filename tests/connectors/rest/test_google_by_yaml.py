"""A built-in platform's own test server, driven by a description in YAML instead of its connector: same contract."""

from __future__ import annotations

from typing import Any

from bidder.connectors.rest import RestReader, RestSettings, RestWriter
from bidder.connectors.rest.client import Client, opened
from bidder.connectors.rest.reader import Reading
from bidder.testing import ConnectorContract, FakePlatform
from tests.connectors.google_ads.fake import FakeGoogleAds
from tests.connectors.http.fake import CANARIES
from tests.connectors.rest.fake import settings_of

DESCRIPTION = """
auth:
  oauth: {grant: refresh_token, token_url: "BASE/token", client_id: client_id, client_secret: client_secret,
          refresh_token: refresh_token}
  header: {developer-token: "{developer_token}"}
headers: {login-customer-id: "1112223333"}
money: micros
account:
  post: /v26/customers/4445556666/googleAds:search
  json: {query: "SELECT customer.currency_code, customer.time_zone FROM customer"}
  fields: {currency: "results[0].customer.currencyCode", timezone: "results[0].customer.timeZone"}
budgets:
  post: /v26/customers/4445556666/googleAds:search
  json:
    query: "SELECT campaign.id, campaign.name, campaign.status, campaign_budget.id, campaign_budget.amount_micros,
      campaign_budget.period FROM campaign WHERE campaign.status != 'REMOVED'"
    searchSettings: {returnTotalResultsCount: true}
  rows: results || `[]`
  total: totalResultsCount
  where: campaignBudget.period == 'DAILY'
  paging: {by: cursor, next: nextPageToken, name: pageToken, place: json}
  fields:
    id: campaignBudget.id
    name: campaign.name
    amount: campaignBudget.amountMicros
    campaigns: campaign.id
    status: {path: campaign.status, active: [ENABLED], paused: [PAUSED], removed: [REMOVED]}
    overdelivery: "`2`"
read:
  post: /v26/customers/4445556666/googleAds:search
  json:
    query: "SELECT campaign.id, campaign.name, campaign.status, campaign_budget.id, campaign_budget.amount_micros,
      campaign_budget.period FROM campaign WHERE campaign_budget.id = {budget}"
  rows: results || `[]`
  where: campaignBudget.period == 'DAILY'
report:
  post: /v26/customers/4445556666/googleAds:search
  json:
    query: "SELECT campaign.id, campaign.campaign_budget, segments.date, metrics.cost_micros, metrics.impressions,
      metrics.clicks, metrics.conversions, metrics.conversions_value FROM campaign
      WHERE segments.date BETWEEN '{first}' AND '{last}'"
    searchSettings: {returnTotalResultsCount: true}
  rows: results || `[]`
  total: totalResultsCount
  paging: {by: cursor, next: nextPageToken, name: pageToken, place: json}
  fields:
    day: segments.date
    budget: split(campaign.campaignBudget, '/')[-1]
    campaign: campaign.id
    impressions: metrics.impressions
    clicks: metrics.clicks
    spend: metrics.costMicros
    orders: metrics.conversions
    revenue: {path: metrics.conversionsValue, unit: units}
set:
  post: /v26/customers/4445556666/campaignBudgets:mutate
  json:
    partialFailure: true
    responseContentType: MUTABLE_RESOURCE
    operations:
      - updateMask: amountMicros
        update: {resourceName: "customers/4445556666/campaignBudgets/{budget}", amountMicros: "{amount:text}"}
  applied: results[0].campaignBudget.amountMicros == _amount_text
  refused:
    - {status: [200], when: "partialFailureError.details && !(results[?resourceName])"}
    - {status: [400, 404, 429], when: error.details}
replies:
  throttled:
    - {status: [429], wait: "split(error.details[0].errors[0].details.quotaErrorDetails.retryDelay, 's')[0]"}
  failed:
    - when: error.details[].errors[].errorCode.requestError
      say: this version of the API has ended, set another api_version in the paths
  reason: (error || partialFailureError).details[].errors[].message | [0]
"""


class ByYaml(FakeGoogleAds):
    """The same server; not a line of the Google Ads connector speaks to it."""

    def described(self) -> Reading:
        settings = self.by_yaml()
        http = opened(self.account, settings, self.timing)
        self.closing.append(http.close)
        return Reading(Client(http, settings), self.account)

    def by_yaml(self) -> RestSettings:
        more: dict[str, Any] = {"attempts": 1, "requests_per_second": 1000}
        return settings_of(DESCRIPTION, self.server.url, CANARIES, **more)

    def reader(self) -> RestReader:  # type: ignore[override]  # another connector to the same server
        return RestReader(self.described(), self.by_yaml())

    def writer(self) -> RestWriter:  # type: ignore[override]  # likewise
        settings = self.by_yaml()
        assert settings.set is not None
        return RestWriter(self.described(), settings, settings.set)


class TestContractByYaml(ConnectorContract):
    """Google Ads without a line of code."""

    def platform(self) -> FakePlatform:
        return ByYaml()
