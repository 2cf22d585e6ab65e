"""12 (and 11): an account in another currency than configured is refused by `check` and not managed by the daemon."""

from __future__ import annotations

from bidder.money import Currency
from tests.connectors.http.shops import bidder
from tests.failures.shop import Shop


def test_12_an_account_in_another_currency_is_not_managed(two: Shop) -> None:
    two.markets["meta"].fake.becomes(Currency("EUR"))
    said = bidder("check", "--online", code=1)
    assert "EUR" in said.stdout + said.stderr
    before = two.amounts("meta")
    two.live(hours=3)
    assert two.markets["meta"].fake.mutations == 0
    assert two.amounts("meta") == before
    failed = [one for one in two.lines("polled")[-1]["results"] if not one["ok"]]
    assert {one["account"] for one in failed} == {"meta"}
    assert any("EUR" in one["reason"] for one in failed)


def test_12_what_was_never_read_counts_and_keeps_the_others_from_rising(two: Shop) -> None:
    two.markets["meta"].fake.becomes(Currency("EUR"))
    before = {name: float(amount) for name, amount in two.amounts("gads").items()}
    two.live(hours=15)
    assert ("shop", "unread") in two.holds()
    assert all(float(amount) <= before[name] for name, amount in two.amounts("gads").items())
    two.markets["meta"].fake.becomes(Currency("USD"))
    two.live(hours=13)
    assert ("shop", "unread") not in two.holds(), "it ends by itself"
