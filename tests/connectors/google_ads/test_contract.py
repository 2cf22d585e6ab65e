"""Google Ads keeps the contract of all connectors, over a socket."""

from __future__ import annotations

from bidder.testing import ConnectorContract, FakePlatform
from tests.connectors.google_ads.fake import FakeGoogleAds


class TestContract(ConnectorContract):
    """In dollars and Los Angeles."""

    def platform(self) -> FakePlatform:
        return FakeGoogleAds()


class TestContractInYen(ConnectorContract):
    """A currency without a minor unit."""

    def platform(self) -> FakePlatform:
        fake = FakeGoogleAds("Asia/Tokyo", "JPY")
        fake.states["9002"].micros = 4_550_000_000
        fake.states["9001"].micros = 8_000_000_000
        return fake
