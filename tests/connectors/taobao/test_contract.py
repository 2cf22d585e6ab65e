"""Taobao keeps the contract of all connectors, over a socket: 万相台无界 in every shape of its replies, and 直通车."""

from __future__ import annotations

from bidder.testing import ConnectorContract, FakePlatform
from tests.connectors.taobao.fake import FakeSimba, FakeTaobao


class TestContract(ConnectorContract):
    """万相台无界, lists wrapped."""

    def platform(self) -> FakePlatform:
        return FakeTaobao()


class TestContractSimplified(ConnectorContract):
    """万相台无界, lists plain and no root key."""

    def platform(self) -> FakePlatform:
        fake = FakeTaobao()
        fake.wrapped = fake.rooted = False
        return fake


class TestContractSimba(ConnectorContract):
    """直通车 of old."""

    def platform(self) -> FakePlatform:
        return FakeSimba()
