"""11: a platform that shows a hundred times as much at the moment of the write is not written: a unit is suspect."""

from __future__ import annotations

from bidder.testing import ReadFault
from tests.connectors.http.server import Answer, Got
from tests.failures.shop import Shop


def test_11_a_hundredfold_read_back_stops_the_write(live: Shop) -> None:
    fake = live.markets["meta"].fake
    plain = fake.asked

    def asked(got: Got, fault: ReadFault | None) -> Answer:
        native = got.path.rpartition("/")[2]
        if native not in fake.states:
            return plain(got, fault)
        kept = fake.states[native].micros
        assert kept is not None
        fake.states[native].micros = kept * 100
        try:
            return plain(got, fault)
        finally:
            fake.states[native].micros = kept

    fake.asked = asked  # type: ignore[method-assign]  # one budget, read just before it is written
    live.live(hours=3)
    outcomes = live.lines("outcome")
    assert outcomes
    assert all(line["result"] == "refused" and "unit suspect" in str(line["reason"]) for line in outcomes)
    assert live.mutations() == 0
