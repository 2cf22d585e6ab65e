"""TikTok keeps the contract of all connectors, over a socket: campaigns and ad groups, dollars and yen, two tokens."""

from __future__ import annotations

from bidder.testing import ConnectorContract, FakePlatform
from tests.connectors.tiktok.fake import FakeTikTok, FakeTikTokApp


class TestContract(ConnectorContract):
    """In dollars and New York; the first budget is a campaign's; the token is renewed."""

    def platform(self) -> FakePlatform:
        return FakeTikTokApp()


class TestContractOfAdGroups(ConnectorContract):
    """In yen, which the platform takes whole; the first budget is an ad group's; the token does not end."""

    def platform(self) -> FakePlatform:
        return FakeTikTok("Asia/Tokyo", "JPY", "1802011")
