"""An account is believed only in the currency and the zone that were configured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bidder.catalog import Account
from bidder.connectors.identity import check_identity, same_zone
from bidder.errors import ConnectorError
from bidder.ids import AccountId
from bidder.money import Currency

NOW = datetime(2026, 10, 15, 8, tzinfo=UTC)
ACCOUNT = Account(AccountId("gads"), "google_ads", Currency("USD"), "America/Los_Angeles")


@pytest.mark.parametrize(
    ("currency", "zone"),
    [("USD", "America/Los_Angeles"), ("usd", "US/Pacific"), (None, None), (None, "America/Tijuana")],
)
def test_the_same_account_is_believed(currency: str | None, zone: str | None) -> None:
    check_identity(ACCOUNT, currency=currency, timezone=zone, now=NOW)


@pytest.mark.parametrize(
    ("currency", "zone", "words"),
    [
        ("CNY", None, "is in CNY, the configuration says USD: write currency: CNY"),
        ("USD", "Asia/Shanghai", "write timezone: Asia/Shanghai"),
        (None, "America/Phoenix", "America/Phoenix"),
        (None, "Nowhere/Atall", "Nowhere/Atall"),
        ("EUR", "Europe/Berlin", "currency: EUR; and is in Europe/Berlin"),
    ],
)
def test_another_one_is_refused_with_what_to_write(currency: str | None, zone: str | None, words: str) -> None:
    with pytest.raises(ConnectorError, match=words) as caught:
        check_identity(ACCOUNT, currency=currency, timezone=zone, now=NOW)
    assert (caught.value.error, caught.value.waiting_helps) == ("schema", False)


def test_a_zone_that_nobody_wrote_is_the_platforms_own() -> None:
    open_one = replace(ACCOUNT, zone_written=False)
    told = check_identity(open_one, currency="USD", timezone="Asia/Tokyo", now=NOW)
    assert told == replace(open_one, timezone="Asia/Tokyo")
    assert check_identity(open_one, currency="USD", timezone=None, now=NOW) == open_one
    for wrong in ({"currency": "JPY", "timezone": "Asia/Tokyo"}, {"currency": "USD", "timezone": "Nowhere/Atall"}):
        with pytest.raises(ConnectorError):
            check_identity(open_one, now=NOW, **wrong)


def test_two_names_of_one_clock_are_the_same_zone() -> None:
    assert same_zone("Asia/Calcutta", "Asia/Kolkata", NOW)
    assert not same_zone("Europe/London", "UTC", NOW)
