"""The sandbox passes the contract, in a zone without and in one with daylight saving, on the days of both changes."""

from __future__ import annotations

from datetime import date

from bidder.testing import ConnectorContract, FakePlatform

from .fake import FakeSandbox


class TestContract(ConnectorContract):
    def platform(self) -> FakePlatform:
        return FakeSandbox()


class TestContractOnADayOf23Hours(ConnectorContract):
    def platform(self) -> FakePlatform:
        return FakeSandbox("America/Los_Angeles", date(2027, 3, 14))


class TestContractOnADayOf25Hours(ConnectorContract):
    def platform(self) -> FakePlatform:
        return FakeSandbox("America/Los_Angeles", date(2026, 11, 1))
