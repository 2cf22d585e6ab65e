"""Microsoft Advertising keeps the contract of all connectors, over a socket: its own and shared budgets."""

from __future__ import annotations

from bidder.testing import ConnectorContract, FakePlatform
from tests.connectors.microsoft.fake import FakeMicrosoft


class TestContract(ConnectorContract):
    """In dollars and Los Angeles; the first budget is a campaign's own."""

    def platform(self) -> FakePlatform:
        return FakeMicrosoft()


class TestContractOfSharedBudgets(ConnectorContract):
    """In yen, which have no minor unit; the first budget is shared."""

    def platform(self) -> FakePlatform:
        return FakeMicrosoft("Asia/Tokyo", "JPY", "shared-8801")
