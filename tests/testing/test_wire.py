"""The cases about the wire catch the connector that is wrong in one way, over a socket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bidder.catalog import Account, Budget
from bidder.connectors.google_ads import GoogleAdsReader, GoogleAdsWriter
from bidder.connectors.google_ads.client import Client
from bidder.connectors.http import Manners, Meaning, Reply, Verdict, plain_verdict
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.plan import Applied, Outcome, Unresolved
from bidder.reports import Reports
from bidder.testing import FakePlatform
from bidder.testing.wire import WireContract
from tests.canary import Leaks
from tests.connectors.google_ads.fake import FakeGoogleAds
from tests.connectors.http.server import Answer, Got, answer
from tests.testing.test_contract import failing


class BelievesTheStatus(GoogleAdsWriter):
    """Takes 200 for a success."""

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        sent = await self._client.set_amount(budget.native, amount.micros)
        return Applied(amount) if isinstance(sent, Reply) and sent.status == 200 else Unresolved("?")


class TakesAThrottleForUnknown(GoogleAdsWriter):
    """Does not know that a throttled write was not done."""

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        outcome = await super().set(budget, amount)
        return outcome if isinstance(outcome, Applied) else Unresolved(outcome.reason)


class ListsCampaigns(GoogleAdsReader):
    """Gives a budget for each of its campaigns."""

    async def budgets(self) -> Sequence[Budget]:
        found = await super().budgets()
        return [replace(one, campaigns=(campaign,)) for one in found for campaign in one.campaigns]


class BelievesTheConfiguration(Client):
    """Never asks in which currency the account is."""

    async def believe(self, account: Account) -> None:
        return None


class TakesAPageForNothing(GoogleAdsReader):
    """Reads what is no JSON as empty."""

    async def budgets(self) -> Sequence[Budget]:
        try:
            return await super().budgets()
        except ConnectorError:
            return []

    async def performance(self, first: date, last: date) -> Reports:
        try:
            return await super().performance(first, last)
        except ConnectorError:
            return Reports.of([])


class SaysWhatItSent(GoogleAdsReader):
    """Puts the token into its errors."""

    async def performance(self, first: date, last: date) -> Reports:
        try:
            return await super().performance(first, last)
        except ConnectorError as e:
            token = self._client.http._keyring._value
            raise ConnectorError(e.account, e.operation, f"{e.reason} with {token}", error=e.error) from e


def forgets_waits(reply: Reply) -> Verdict:
    """A verdict that does not hold anybody back."""
    return replace(plain_verdict(reply), wait=None, error="other")


def never_expires(reply: Reply) -> Verdict:
    """A verdict that takes 401 for good."""
    found = plain_verdict(reply)
    return replace(found, meaning=Meaning.FAILED) if found.meaning is Meaning.EXPIRED else found


class Contract(WireContract):
    """The cases over a Google Ads in which one part is replaced."""

    __test__ = False

    def __init__(self, part: Any) -> None:
        self._part = part

    def platform(self) -> FakePlatform:
        part = self._part

        class Broken(FakeGoogleAds):
            def client(self, **more: Any) -> Client:
                client = super().client(**more)
                if not isinstance(part, type):
                    manners: Manners = client.http.manners
                    client.http.manners = replace(manners, verdict=part)
                elif issubclass(part, Client):
                    return part(client.http, self.settings(**more))
                return client

            def reader(self) -> GoogleAdsReader:
                wrong = isinstance(part, type) and issubclass(part, GoogleAdsReader)
                return part(self.client(), self.account) if wrong else super().reader()

            def writer(self) -> GoogleAdsWriter:
                wrong = isinstance(part, type) and issubclass(part, GoogleAdsWriter)
                return part(self.client(), self.account) if wrong else super().writer()

        return Broken()


@pytest.mark.parametrize(
    ("part", "cases"),
    [
        (BelievesTheStatus, {"C55"}),
        (TakesAThrottleForUnknown, {"C55", "C60"}),
        (ListsCampaigns, {"C56"}),
        (BelievesTheConfiguration, {"C58"}),
        (TakesAPageForNothing, {"C48", "C51", "C52", "C53", "C54", "C58"}),
        (SaysWhatItSent, {"C59"}),
        (forgets_waits, {"C52", "C53", "C54"}),
        (never_expires, {"C49", "C50"}),
    ],
)
def test_a_connector_that_is_wrong_in_one_way_fails_the_case_about_it(part: Any, cases: set[str], leaks: Leaks) -> None:
    assert cases <= failing(Contract(part))  # type: ignore[arg-type]  # the cases of the wire alone
    assert bool(leaks) is (part is SaysWhatItSent)
    leaks.clear()


def test_a_report_that_is_taken_for_empty_while_it_is_made_fails_its_case() -> None:
    class Hasty(FakeGoogleAds):
        faults = frozenset()

        def asked(self, got: Got, fault: Any) -> Answer:
            return answer({"results": []}) if fault is not None else super().asked(got, fault)

    class OverHasty(WireContract):
        __test__ = False

        def platform(self) -> FakePlatform:
            return Hasty()

    assert "C47" in failing(OverHasty())  # type: ignore[arg-type]  # the cases of the wire alone
