"""16, 17: replies that never come: one value in force, read back, no second step, and never above the cap."""

from __future__ import annotations

import pytest

from bidder.testing import WriteFault
from tests.failures.conftest import SCHEDULE
from tests.failures.shop import Shop

FAULTS = [WriteFault.LOST_REPLY, WriteFault.LOST_REQUEST, WriteFault.ERROR_APPLIED, WriteFault.ERROR_UNAPPLIED]


@pytest.mark.parametrize("fault", FAULTS)
def test_17_a_write_that_nobody_answered_is_settled_by_reading(live: Shop, fault: WriteFault) -> None:
    live.live(hours=0.6)
    live.clock.at = live.clock.at.replace(hour=3, minute=0)
    before = {name: float(amount) for name, amount in live.amounts("meta").items()}
    live.markets["meta"].fake.writing += [fault] * 3
    live.live(hours=25)
    after = {name: float(amount) for name, amount in live.amounts("meta").items()}
    assert live.store.open_intents() == []
    for name, amount in after.items():
        assert amount <= before[name] * 1.3**2 + 0.01, "one step a day, whatever became of the replies"
    read = {one.budget.id.native: str(one.budget.now) for one in live.store.budgets()}
    assert read == live.amounts("meta")
    assert live.lines("foreign_edit") == [], "what bidder may have set itself is nobody else's"


@pytest.mark.parametrize("good", range(3))
def test_16_writes_that_end_in_the_middle_keep_the_sum(live: Shop, good: int) -> None:
    live.configure(schedule=SCHEDULE, budget={"day": {"max": "246"}})
    fake, most = live.markets["meta"].fake, 246.0
    seen: list[float] = []
    apply = fake.apply

    def then(native: str, micros: int | None, fault: WriteFault | None) -> None:
        apply(native, micros, fault)
        seen.append(live.total())

    fake.apply = then  # type: ignore[method-assign]  # seen from outside
    fake.writing += [WriteFault.SILENT_NOOP] * 0
    done = fake.written
    count = [0]

    def fails_after(got: object, fault: WriteFault | None) -> object:
        count[0] += 1
        if count[0] > good:
            return fake.error(got)  # type: ignore[arg-type]  # the fake's own request
        return done(got, fault)  # type: ignore[arg-type]  # likewise

    fake.written = fails_after  # type: ignore[method-assign,assignment]  # 500 from then on
    live.live(hours=27)
    assert max([live.total(), *seen]) <= most
