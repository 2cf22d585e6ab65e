"""Metrics of bids: by account, born at zero where bids are read, gone where they no longer are."""

from __future__ import annotations

from dataclasses import replace

from bidder.bidding import LeverOutcome
from bidder.ids import AccountId
from bidder.outcome import Applied, Refused, Unresolved
from tests.instrumentation.worlds import ADS, NOON, facts, metrics, value


def test_bids_are_counted_by_account_and_disappear_with_it() -> None:
    m = metrics(bids=(ADS,))
    assert value(m, "bidder_bid_writes_total", result="refused") == 0
    m.bids_read({ADS: 200}, {ADS: 1})
    m.bids_proposed({ADS: 12})
    outcomes: list[LeverOutcome] = [Applied(1), Applied(1), Refused("no"), Unresolved("?")]
    for outcome in outcomes:
        m.bid_wrote(ADS, outcome)
    m.bid_wrote(AccountId("another"), Applied(1))
    assert value(m, "bidder_bids") == 200
    assert value(m, "bidder_bid_changes") == 12
    assert value(m, "bidder_bid_writes_unresolved") == 1
    assert value(m, "bidder_bid_writes_total", result="applied") == 2
    assert value(m, "bidder_bid_writes_total", result="unresolved") == 1
    m.bids_read({}, {})
    assert value(m, "bidder_bids") == 0
    m.config_loaded(replace(facts(), bids=()), NOON)
    assert b"bidder_bid_writes_total{" not in m.exposition()[0]
