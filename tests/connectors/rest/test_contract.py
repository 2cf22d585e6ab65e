"""A platform described in YAML alone keeps the contract of all connectors, over a socket."""

from __future__ import annotations

from bidder.testing import ConnectorContract, FakePlatform
from tests.connectors.rest.fake import FakeRest
from tests.connectors.rest.fake_signed import FakeSigned


class TestContract(ConnectorContract):
    """Cents as text, days as 15.10.2026, a cursor in the body, errors with the status of a success."""

    def platform(self) -> FakePlatform:
        return FakeRest()


class TestContractSigned(ConnectorContract):
    """Yen, signed requests, pages by number and by Link, a budget in the rows of its campaigns, instants for days."""

    def platform(self) -> FakePlatform:
        return FakeSigned()
