"""28: a restart after midnight forgets nothing: what is estimated before it and after it is the same to 1e-9."""

from __future__ import annotations

import numpy as np

from bidder import cycle
from bidder.config.load import load
from bidder.limits import Quantity
from bidder.store import open_store
from tests.failures.shop import Shop


def test_28_estimates_before_and_after_a_restart_are_the_same(live: Shop) -> None:
    live.live(hours=24.02)  # to a minute past midnight
    config, now = load(live.path), live.clock.at
    before = cycle.decide_now(config, live.store, now)
    live.store.close()
    again = open_store(f"sqlite:///{live.folder}/bidder.db")
    after = cycle.decide_now(config, again, now)
    again.close()
    amounts = np.linspace(10, 300, 30)
    for one in amounts:
        at = np.full(len(before.snapshot.budgets), one)
        assert np.allclose(
            before.curves.expected(Quantity.REVENUE, at),
            after.curves.expected(Quantity.REVENUE, at),
            rtol=1e-9,
            atol=1e-9,
        )
    assert before.plan.changes == after.plan.changes
