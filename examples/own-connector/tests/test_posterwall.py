"""The contract that every connector keeps, case by case, against a server on a socket."""

from __future__ import annotations

from posterwall_server import FakePosterwall

from bidder.testing import ConnectorContract, FakePlatform


class TestContract(ConnectorContract):
    def platform(self) -> FakePlatform:
        return FakePosterwall()
