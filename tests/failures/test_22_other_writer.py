"""22, 23, 24: somebody else moves, adds, pauses, deletes: respected, named, and the cap kept by what bidder manages."""

from __future__ import annotations

from bidder.catalog import BudgetStatus
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from tests.failures.conftest import SCHEDULE
from tests.failures.shop import Shop, account_of


def budget(account: str, native: str) -> BudgetId:
    return BudgetId(AccountId(account), native)


def usd(amount: str) -> Money:
    return Money.parse(amount, Currency("USD"))


def test_22_an_amount_set_by_hand_stays_for_a_day_and_is_named(live: Shop) -> None:
    live.configure(schedule={**SCHEDULE, "poll": "6h"}, budget={"day": {"max": "5000"}})
    live.live(hours=9)
    live.markets["meta"].fake.edit(budget("meta", "231022"), usd("91"))
    live.live(hours=1)
    (line,) = live.lines("foreign_edit")
    assert (line["budget"], line["found"]) == ("meta/231022", "91.00")
    assert live.metric("bidder_holds", reason="foreign_edit") == 1
    others = live.amounts("meta")["230001"]
    live.live(hours=20)  # the decision of the next day comes before 24 hours are over
    assert live.amounts("meta")["231022"] == "91.00"
    assert live.amounts("meta")["230001"] != others, "the others are managed on"
    assert len(live.lines("foreign_edit")) == 1


def test_23_an_edit_that_breaks_the_cap_is_met_by_lowering_what_is_managed(two: Shop) -> None:
    fakes = {name: one.fake for name, one in two.markets.items()}
    two.configure(
        schedule=SCHEDULE,
        accounts=[account_of(fakes["meta"]), account_of(fakes["gads"], "observe")],
        budget={"day": {"max": "500"}},
    )
    two.live(hours=3)
    before = sum(float(amount) for amount in two.amounts("meta").values())
    fakes["gads"].edit(budget("gads", "9001"), usd("160"))
    two.live(hours=25)
    after = sum(float(amount) for amount in two.amounts("meta").values())
    assert after < before
    assert two.amounts("gads")["9001"] == "160.00", "what is only watched is not touched"
    assert fakes["gads"].mutations == 0
    two.live(hours=24)
    assert two.total() <= 500


def test_24_what_is_gone_or_paused_is_left_out_and_never_started(live: Shop) -> None:
    live.live(hours=3)
    fake = live.markets["meta"].fake
    fake.set_status(budget("meta", "230001"), BudgetStatus.REMOVED)
    fake.set_status(budget("meta", "231021"), BudgetStatus.PAUSED)
    calls, paused = len(fake.server.got), fake.states["231021"].micros
    rest = fake.states["231022"].micros
    live.live(hours=36)
    writes = [got.path for got in fake.server.got[calls:] if got.method == "POST"]
    assert not any("230001" in path or "231021" in path for path in writes)
    assert fake.states["231021"].status is BudgetStatus.PAUSED
    assert fake.states["231021"].micros == paused
    assert fake.states["231022"].micros is not None
    assert rest is not None
    assert fake.states["231022"].micros <= rest * 1.3**2 + 10_000, "its money is given away as slowly as any"
    polls = 5
    assert len(fake.server.got) - calls < polls * 12, "nobody asks for it again and again"
