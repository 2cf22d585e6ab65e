"""Amazon Ads keeps the contract of all connectors, over a socket."""

from __future__ import annotations

from bidder.testing import ConnectorContract, FakePlatform
from tests.connectors.amazon_ads.fake import FakeAmazonAds


class TestContract(ConnectorContract):
    """In dollars and Los Angeles."""

    def platform(self) -> FakePlatform:
        return FakeAmazonAds()


class TestContractInYen(ConnectorContract):
    """A currency without a minor unit."""

    def platform(self) -> FakePlatform:
        return FakeAmazonAds("Asia/Tokyo", "JPY", "JP")
