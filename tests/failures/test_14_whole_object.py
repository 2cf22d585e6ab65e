"""14: a field that is left out lifts the limit at the fake; no budget of any platform ever loses its limit."""

from __future__ import annotations

from tests.failures.shop import Shop


def test_14_no_write_leaves_a_field_out(two: Shop) -> None:
    two.live(hours=27)
    for market in two.markets.values():
        assert market.fake.mutations > 0
        assert all(state.micros is not None and state.micros > 0 for state in market.fake.states.values())
    writes = [got for got in two.markets["meta"].fake.server.got if got.method == "POST"]
    assert writes
    assert all(got.body.startswith(b"daily_budget=") and int(got.body.split(b"=")[1]) > 0 for got in writes)
