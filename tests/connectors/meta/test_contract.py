"""Meta keeps the contract of all connectors, over a socket: in dollars, without a minor unit, and by jobs."""

from __future__ import annotations

from bidder.testing import ConnectorContract, FakePlatform
from tests.connectors.meta.fake import FakeMeta, FakeMetaJobs


class TestContract(ConnectorContract):
    """In dollars and New York; the first budget is a campaign's."""

    def platform(self) -> FakePlatform:
        return FakeMeta()


class TestContractInTaiwan(ConnectorContract):
    """A currency that has a minor unit, but not on this platform."""

    def platform(self) -> FakePlatform:
        return FakeMeta("Asia/Taipei", "TWD")


class TestContractByJobs(ConnectorContract):
    """Figures by jobs that are waited for."""

    def platform(self) -> FakePlatform:
        return FakeMetaJobs()
