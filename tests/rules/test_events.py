"""What an event asks of budgets: by product and hour, with a purse, there and back; and what it leaves alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.catalog import Product
from bidder.economics import UnitEconomics
from bidder.errors import ConfigError, Source
from bidder.ids import BudgetId, ProductId
from bidder.limits import Bounds, Limits, Priority
from bidder.promotion import Promotion
from bidder.response.event_days import event_rows, event_weight, without_event_days
from bidder.response.event_prices import at_event, at_event_margins, at_event_prices, priced
from bidder.response.lift import learned_lift, shrunk
from bidder.rules.attributes import Attributes, units_a_day
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.rules.chosen import chosen_by
from bidder.rules.conditions import Condition
from bidder.rules.evaluate import evaluate
from bidder.rules.events import event_near, event_phase
from bidder.rules.goods import goods_condition
from bidder.rules.month import Month, weekday_weights
from bidder.rules.multiples import Multiples
from bidder.rules.purse import purses
from bidder.rules.total import DayCap
from bidder.rules.words import WORDS
from bidder.snapshot import History, Snapshot, day_number
from tests.builders import a_budget, a_shop, yuan
from tests.builders_events import an_event, utc
from tests.rules.curves import some_curves

PLACE = Source("rules.yaml", 1, 1)
TODAY = date(2026, 3, 12)
BURST = ("burst", "2026-03-12 01:00", "2026-03-14")


def a_rule(word: str, written: Mapping[str, Any], where: object = None, when: object = None) -> Rule:
    condition = None if where is None else Condition.read(where, PLACE)
    days = None if when is None else Condition.read(when, PLACE, when=True)
    return Rule(f"the {word}", WORDS[word].model_validate(written), PLACE, condition, days)


def shop(*events: Promotion, day: date = TODAY, at: str | None = None, **facts: Any) -> Snapshot:
    """ads/a 100 (P1), ads/b 200 (P2), ads/c 50 (no product); 06:00 of a Thursday."""
    seen = a_shop(
        a_budget("ads/a", now=100.0, products=("P1",), minimum=10.0, **facts),
        a_budget("ads/b", now=200.0, products=("P2",), minimum=10.0),
        a_budget("ads/c", now=50.0, minimum=10.0),
        today=day,
        products=(Product(ProductId("P1"), price=yuan(100), margin=0.4), Product(ProductId("P2"))),
    )
    return replace(seen, calendar=tuple(events), as_of=seen.as_of if at is None else utc(at))


def place(seen: Snapshot, name: str) -> int:
    return seen.position(BudgetId.parse(name))


def written(seen: Snapshot, at: datetime, **amounts: float) -> Snapshot:
    """The same shop after bidder wrote these amounts at an instant."""
    names = {f"ads/{name}": amount for name, amount in amounts.items()}
    budgets = tuple(replace(b, now=yuan(names[str(b.id)])) if str(b.id) in names else b for b in seen.budgets)
    ids = [BudgetId.parse(name) for name in names]
    return replace(
        seen, budgets=budgets, changed=dict.fromkeys(ids, day_number(at.date())), changed_at=dict.fromkeys(ids, at)
    )


def step_of(limits: Limits, at: int) -> tuple[float, float]:
    steps = [one for one in limits.bounds if one.rule == "default step"]
    return float(steps[0].lower[at]), float(steps[0].upper[at])


def named(limits: Limits, start: str) -> list[Bounds]:
    return [one for one in limits.bounds if one.rule.startswith(start)]


# names of events in conditions


def test_names_of_events_hold_for_the_budgets_of_their_goods() -> None:
    seen = shop(an_event("x", BURST, products=("P1",), discount=0.2))
    for text in ("event.phase == 'burst'", "event.name == 'x'", "event.day == 1", "event.discount > 0.1"):
        chosen = Condition.read(text, PLACE).chosen(Attributes(seen))
        assert chosen.tolist() == [str(b.id) == "ads/a" for b in seen.budgets], text
    rule = a_rule("budget", {"max": 50}, None, "event.phase == 'burst'")
    assert chosen_by(rule, Attributes(seen)).sum() == 1
    assert chosen_by(replace(rule, enabled=False), Attributes(seen)).sum() == 0
    assert Condition.read("event.phase == 'burst'", PLACE, when=True).holds(Attributes(seen))


def test_an_event_of_the_whole_shop_holds_for_budgets_without_products() -> None:
    assert chosen_by(
        a_rule("budget", {"max": 50}, None, {"phase": "burst"}), Attributes(shop(an_event("x", BURST)))
    ).all()


def test_the_strongest_of_two_events_is_told_and_quiet_phases_are_no_event_for_the_shop() -> None:
    steady, burst = an_event("s", ("steady", "2026-03-01", "2026-04-01")), an_event("b", BURST, products=("P1",))
    both = shop(steady, burst)
    assert Attributes(both).column("event.name")[place(both, "ads/a")] == "b"
    assert Attributes(both).column("event.name")[place(both, "ads/b")] == "s"
    assert event_phase(both) == "burst"
    assert event_phase(shop(steady)) == ""
    assert event_near(shop(an_event("l", ("burst", "2026-03-20", "2026-03-21"))), 14)
    assert not event_near(shop(an_event("l", ("burst", "2026-04-20", "2026-04-21"))), 14)


def test_goods_are_picked_by_what_a_product_is() -> None:
    assert goods_condition({"tag": "hero"}).text
    for text, word in (("product.stock > 3", "goods are picked"), ("prodct.id == '1'", "no such name")):
        with pytest.raises(ConfigError, match=word):
            goods_condition(text)


# multiples by the hour


def test_a_multiple_counts_from_the_hour_in_which_amounts_were_written() -> None:
    event = an_event("x", ("preheat", "2026-03-11", "2026-03-12 12:00"), ("burst", "2026-03-12 13:00", "2026-03-13"))
    rules = (
        a_rule("budget", {"multiply": 1.5}, None, {"phase": "preheat"}),
        a_rule("budget", {"multiply": 3}, None, {"phase": "burst"}),
    )
    seen = written(shop(event, at="2026-03-12 12:00"), utc("2026-03-12 06:00"), a=150.0)
    limits = evaluate(rules, seen, some_curves(seen))
    assert limits.reference is not None
    assert limits.reference[place(seen, "ads/a")] == 300.0  # 150 holds the 1.5 of the morning
    assert limits.reference[place(seen, "ads/b")] == 600.0  # never written since


def test_budgets_come_back_in_three_steps_and_none_is_cut_below_what_it_was() -> None:
    event = an_event(
        "x", ("burst", "2026-03-10", "2026-03-12"), ("recover", "2026-03-12", "2026-03-20"), products=("P1",)
    )
    rule = a_rule("budget", {"multiply": 3}, None, {"phase": "burst"})
    amount, at, heights = 300.0, utc("2026-03-10 06:00"), []
    for back in range(5):
        day = TODAY + timedelta(days=back)
        seen = written(shop(event, day=day), at, a=amount)
        limits = evaluate((rule,), seen, some_curves(seen))
        index = place(seen, "ads/a")
        back_to = named(limits, "back to the amounts")
        if back < 3:
            assert back_to[0].lower[index] == back_to[0].upper[index]
            amount, at = float(back_to[0].upper[index]), seen.as_of
            heights.append(round(amount))
        else:
            assert not back_to
            assert named(limits, "demand is emptied")[0].lower[index] == pytest.approx(amount)
    assert heights == [208, 144, 100]


def test_rules_on_dates_do_not_linger() -> None:
    event = an_event("x", ("recover", "2026-03-12", "2026-03-20"))
    rule = a_rule("budget", {"multiply": 3}, None, {"from": "2026-03-10", "to": "2026-03-11"})
    seen = written(shop(event), utc("2026-03-11 06:00"), a=300.0)
    assert Multiples((rule,), Attributes(seen)).of(seen.as_of).tolist() == [1.0, 1.0, 1.0]
    assert not named(evaluate((rule,), seen, some_curves(seen)), "back to")


def test_only_the_day_of_a_change_may_be_known() -> None:
    event = an_event("x", ("burst", "2026-03-11", "2026-03-13"))
    rule = a_rule("budget", {"multiply": 2}, None, {"phase": "burst"})
    seen = replace(written(shop(event), utc("2026-03-11 06:00"), a=200.0), changed_at={})
    assert Multiples((rule,), Attributes(seen)).changed()[place(seen, "ads/a")] == 2.0


# orders that hold back


@pytest.mark.parametrize("phase", ["store_up", "presale", "preheat"])
def test_nothing_is_cut_nor_judged_by_orders_while_they_hold_back(phase: str) -> None:
    seen = shop(an_event("x", (phase, "2026-03-12", "2026-03-14"), products=("P1",)))
    rules = (a_rule("roas", {"min": 900}), a_rule("cpa", {"max": 1}))
    limits = evaluate(rules, seen, some_curves(seen))
    index = place(seen, "ads/a")
    (kept,) = named(limits, "orders hold back")
    assert kept.lower[index] == 100.0
    assert np.isneginf(kept.lower[place(seen, "ads/b")])
    assert kept.priority == Priority.STEP
    assert named(limits, "the roas")[0].upper[index] == np.inf
    assert named(limits, "the roas")[0].upper[place(seen, "ads/b")] < 200.0


# the purse


def test_a_purse_lifts_the_brake_and_caps_the_sum() -> None:
    event = an_event("x", BURST, products=("P1",), purse=500)
    rule = a_rule("budget", {"multiply": 3, "from": "purse"}, None, {"phase": "burst"})
    seen = shop(event, at="2026-03-12 00:00")
    limits = evaluate((rule,), seen, some_curves(seen))
    (cap,) = [one for one in limits.limits if one.rule == "purse of x"]
    assert cap.bound == pytest.approx(100 + 500 / 2)  # two days draw on it
    assert cap.weights.sum() == 1.0
    assert cap.priority == Priority.ABSOLUTE
    assert step_of(limits, place(seen, "ads/a"))[1] == pytest.approx(390.0)
    assert named(limits, "no more than three times")[0].upper[place(seen, "ads/a")] == 300.0
    second = written(shop(event, at="2026-03-13 06:00", day=date(2026, 3, 13)), utc("2026-03-12 00:30"), a=200.0)
    assert step_of(evaluate((rule,), second, some_curves(second)), place(second, "ads/a"))[1] == 600.0  # no brake
    assert step_of(limits, place(seen, "ads/b"))[1] == 260.0
    no_purse = shop(replace(event, purse=None), at="2026-03-12 00:00")
    assert evaluate((rule,), no_purse, some_curves(no_purse)).reference is None


def spent_yesterday(seen: Snapshot, spend: float, amount: float) -> Snapshot:
    """Another day of reports: what ads/a cost on the day before."""
    history = seen.history
    rows = (history.day == seen.today - 1) & (history.budget == place(seen, "ads/a"))
    changed = {"spend": np.where(rows, spend, history.spend), "amount": np.where(rows, amount, history.amount)}
    columns = {
        n: changed.get(n, getattr(history, n)) for n in ("budget", "product", "day", "spend", "amount", "orders")
    }
    return replace(seen, history=History.of(columns))


def test_what_days_cost_beyond_ordinary_amounts_is_taken_from_the_purse() -> None:
    event = an_event("x", ("burst", "2026-03-11 01:00", "2026-03-14"), products=("P1",), purse=500)
    rule = a_rule("budget", {"multiply": 3, "from": "purse"}, None, {"phase": "burst"})
    seen = written(shop(event, at="2026-03-12 06:00"), utc("2026-03-11 00:30"), a=300.0)
    seen = spent_yesterday(seen, 290.0, 300.0)
    (purse,) = purses(Multiples((rule,), Attributes(seen)))
    assert purse.spent == pytest.approx(190.0)
    assert purse.days_left == 2
    assert purse.today == pytest.approx(155.0)
    limits = evaluate((rule,), seen, some_curves(seen))
    (left,) = named(limits, "purse of x (what is left today)")
    assert left.upper[place(seen, "ads/a")] == pytest.approx(300.0)  # it may be spent already: no more today
    silent = replace(seen, history=seen.history.select(seen.history.day < seen.today - 1))
    (worst,) = purses(Multiples((rule,), Attributes(silent)))
    assert worst.spent == pytest.approx(200.0)  # the day is not reported yet
    empty = spent_yesterday(seen, 700.0, 300.0)
    (gone,) = purses(Multiples((rule,), Attributes(empty)))
    assert gone.today == 0.0
    (cap,) = [one for one in evaluate((rule,), empty, some_curves(empty)).limits if one.rule == "purse of x"]
    assert cap.bound == pytest.approx(100.0)  # ordinary money is not the purse's


def test_no_rule_draws_outside_its_event() -> None:
    event = an_event("x", ("preheat", "2026-03-11", "2026-03-14"), products=("P1",), purse=500)
    rule = a_rule("budget", {"multiply": 3, "from": "purse"}, None, {"phase": "burst"})
    assert not list(purses(Multiples((rule,), Attributes(shop(event)))))
    assert not list(purses(Multiples((), Attributes(shop(event)))))


@pytest.mark.parametrize("more", [{}, {"max": 3}, {"multiply": 0.5}])
def test_a_purse_pays_for_a_multiple_above_one(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BudgetRange.model_validate({"from": "purse", **more})


def test_the_days_cap_is_another_while_a_purse_is_open() -> None:
    rule = Rule("day max", DayCap(max=300, event=900), PLACE)
    for phase, bound in (("burst", 900.0), ("steady", 300.0), ("recover", 900.0)):
        seen = shop(an_event("x", (phase, "2026-03-12", "2026-03-14"), purse=50))
        assert evaluate((rule,), seen, some_curves(seen)).limits[0].bound == bound
    late = shop(an_event("x", ("recover", "2026-03-01", "2026-03-14"), purse=50))
    assert evaluate((rule,), late, some_curves(late)).limits[0].bound == 300.0
    no_purse = shop(an_event("x", BURST))
    assert evaluate((rule,), no_purse, some_curves(no_purse)).limits[0].bound == 300.0


# prices and demand


def test_break_even_is_that_of_the_events_price() -> None:
    tea = UnitEconomics(268, 112, 0.041, 6.0, 6.0, 0.9, 0.06, 0.95)
    ware = UnitEconomics(149, 58, 0.071, 8.5, 5.0, 1.9, 0.14, 0.85)
    event = an_event("x", BURST, discount=0.15)
    for lines, before, after in ((tea, 2.18, 2.62), (ware, 2.84, 3.6)):
        product = Product(ProductId("P"), price=yuan(lines.price), margin=lines.margin, economics=lines)
        cheaper = priced(product, event)
        assert 1 / lines.margin == pytest.approx(before, abs=0.01)
        assert cheaper.margin is not None
        assert 1 / cheaper.margin == pytest.approx(after, abs=0.06)
        assert cheaper.price == yuan(round(lines.price * 0.85, 2))
    dearer = priced(Product(ProductId("P"), margin=0.4), replace(event, surcharge=0.05))
    assert dearer.margin == pytest.approx(1 - 0.6 / 0.85 - 0.05)
    assert priced(Product(ProductId("P")), event).margin is None


def test_curves_of_an_events_goods_are_cheaper_and_wider() -> None:
    seen = shop(an_event("x", BURST, products=("P1",), discount=0.2, lift=3))
    plain = some_curves(seen)
    curves = at_event(plain, seen)
    a, b = place(seen, "ads/a"), place(seen, "ads/b")
    assert curves.revenue_per_order[a] == pytest.approx(80.0)
    assert curves.revenue_per_order[b] == 100.0
    amounts = np.full((3, 1), 90.0)
    for name in ("orders", "spend", "clicks"):
        wide, usual = getattr(curves.response, name)(3 * amounts), getattr(plain.response, name)(amounts)
        assert wide[a, 0] == pytest.approx(3 * usual[a, 0])
    assert at_event_prices(seen).product(ProductId("P1")) != seen.product(ProductId("P1"))
    margins = at_event_margins(seen).product(ProductId("P1"))
    assert margins is not None
    assert margins.price == yuan(100)
    quiet = shop(an_event("x", ("steady", "2026-03-12", "2026-03-14"), discount=0.2))
    assert at_event(plain, quiet) is plain
    assert at_event_prices(quiet) is quiet
    assert at_event(plain, shop()) is plain


@given(st.lists(st.floats(0.2, 2.0), max_size=6), st.floats(0.1, 1.0), st.floats(1.0, 5.0))
@settings(max_examples=40, deadline=None)
def test_a_lift_lies_between_what_was_believed_and_what_was_seen(logs: list[float], noise: float, prior: float) -> None:
    found = shrunk(np.array(logs), noise, prior)
    ends = [np.log(prior), *([float(np.mean(logs))] if logs else [])]
    assert min(ends) - 1e-9 <= np.log(found.mean) <= max(ends) + 1e-9
    assert found.log_sd <= 0.4 + 1e-12


def test_the_lift_is_learnt_from_the_shops_own_bursts() -> None:
    """Two burst days at four times the usual sales move a belief of 1.5 most of the way."""
    event = an_event("x", ("burst", "2026-03-05", "2026-03-07"), ("steady", "2026-03-07", "2026-03-20"))
    orders = tuple(12.0 if back in (6, 5) else 3.0 for back in range(27, -1, -1))
    seen = shop(event, orders=orders)
    found = learned_lift(seen, replace(event, products=frozenset({ProductId("P1")})))
    assert found.days == 2
    assert 3.0 < found.mean < 4.0
    fresh = learned_lift(shop(), an_event("y", BURST, lift=2.5))
    assert fresh.days == 0
    assert fresh.mean == pytest.approx(2.5)


# what is usual


def test_days_of_an_event_say_nothing_of_ordinary_ones() -> None:
    event = an_event("x", ("burst", "2026-03-05", "2026-03-07"), products=("P1",))
    seen = shop(event)
    marked = event_rows(seen, seen.history)
    assert set(seen.history.day[marked].tolist()) == {day_number(date(2026, 3, 5)), day_number(date(2026, 3, 6))}
    assert set(seen.history.budget[marked].tolist()) == {place(seen, "ads/a")}
    learnt = without_event_days(seen)
    assert len(learnt.history) == len(seen.history) - 2
    assert without_event_days(shop()).history is not None
    always = shop(an_event("x", ("preheat", "2026-01-01", "2026-04-01"), products=("P1",)))
    assert len(without_event_days(always).history) == len(always.history)  # nothing else is known of it
    versions = replace(seen, versions=seen.history)
    assert len(without_event_days(versions).versions) == len(seen.history) - 2


def test_weekdays_and_units_a_day_leave_an_event_out() -> None:
    event = an_event("x", ("burst", "2026-03-05", "2026-03-07"))
    orders = tuple(50.0 if back in (6, 5) else 3.0 for back in range(27, -1, -1))
    seen = shop(event, orders=orders)
    first = next(index for index, product in enumerate(seen.products) if product.id == "P1")
    assert units_a_day(seen)[first] == pytest.approx(3.0)
    assert units_a_day(replace(seen, calendar=()))[first] > 5.0
    assert weekday_weights(seen) == pytest.approx(np.ones(7))


def test_the_pace_of_a_month_gives_an_event_its_part() -> None:
    event = an_event("x", BURST, products=("P1",), lift=3)
    seen = shop(event)
    assert event_weight(seen, TODAY) == pytest.approx(1 + 2 * 100 / 350)
    assert event_weight(seen, date(2026, 3, 20)) == 1.0
    assert event_weight(shop(), TODAY) == 1.0


def test_what_stood_at_the_platforms_least_in_a_burst_can_rise_after_it() -> None:
    """It was multiplied by nothing: half of it would be less than can be written, and could never rise again."""
    event = an_event("b", ("burst", "2026-03-08", "2026-03-10"), ("recover", "2026-03-10", "2026-03-11"), purse=100)
    rule = a_rule("budget", {"multiply": 2, "from": "purse"}, None, {"phase": "burst"})
    seen = written(shop(event), utc("2026-03-09 06:00"), a=10.0, b=400.0)
    limits = evaluate((rule,), seen, some_curves(seen))
    assert step_of(limits, place(seen, "ads/a"))[1] == pytest.approx(13.0)
    assert step_of(limits, place(seen, "ads/b"))[1] == pytest.approx(260.0)


def month_turn(day: date, now: float, cap: float = 12_000.0) -> Limits:
    """Budgets of 100, 200 and 50 until the 24th, cut to `now` in the last days; decided on a day of April."""
    seen = shop(day=day)
    history = seen.history
    kept = np.where(history.day >= day_number(date(2026, 3, 26)), now, history.amount)
    seen = replace(seen, history=replace(history, amount=kept))
    seen = replace(seen, budgets=tuple(replace(one, now=yuan(now)) for one in seen.budgets))
    rule = Rule("month", Month.model_validate({"max": cap}), PLACE)
    return evaluate((rule,), seen, some_curves(seen))


def test_a_new_month_does_not_climb_from_what_the_end_of_the_last_one_had_cut() -> None:
    limits = month_turn(date(2026, 4, 1), 20.0)
    assert limits.reference is not None
    assert sorted(limits.reference.tolist()) == [50.0, 60.0, 60.0]  # at most three times in a day
    assert month_turn(date(2026, 4, 9), 20.0).reference is None  # its first week only
    assert month_turn(date(2026, 4, 1), 85.0).reference is None  # not far below
    poor = month_turn(date(2026, 4, 1), 20.0, cap=3_000.0)  # the new month carries 100 a day of 350
    assert poor.reference is not None
    assert poor.reference.sum() < 130.0


# what stands for orders that wait


def test_an_order_with_a_deposit_counts_as_far_as_deposits_are_paid_up() -> None:
    event = an_event("x", ("presale", "2026-03-12", "2026-03-14"), products=("P1",), discount=0.2)
    seen = shop(event)
    plain = some_curves(seen)
    at = place(seen, "ads/a")
    assert at_event(plain, seen).revenue_per_order[at] == pytest.approx(plain.revenue_per_order[at] * 0.8 * 0.85)
    said = replace(seen, calendar=(replace(event, paid_up=0.5),))
    assert at_event(plain, said).revenue_per_order[at] == pytest.approx(plain.revenue_per_order[at] * 0.8 * 0.5)


def test_a_cart_counts_as_far_as_it_is_bought_in_the_event() -> None:
    event = an_event("x", ("store_up", "2026-03-10", "2026-03-14"), products=("P1",))
    seen = shop(event)
    days = [AccountDay("UTC", date(2026, 3, 12) - timedelta(days=n)) for n in range(1, 8)]
    rows = [
        ShopActivity("advisor", ProductId("P1"), day, utc("2026-03-12"), {"visitors": 200.0, "carts": 30.0})
        for day in days
    ]
    plain, amounts = some_curves(seen), np.full((3, 1), 80.0)
    assert at_event(plain, seen) is plain  # nobody counts carts: nothing is made up
    counted = replace(seen, activity=Activity.of(rows))
    for rate, event_now in ((0.08, event), (0.2, replace(event, cart_rate=0.2))):
        found = at_event(plain, replace(counted, calendar=(event_now,)))
        more = found.response.orders(amounts) - plain.response.orders(amounts)
        clicks = plain.response.clicks(amounts)[place(seen, "ads/a"), 0]
        assert more[place(seen, "ads/a"), 0] == pytest.approx(rate * 0.15 * clicks)
        assert more[place(seen, "ads/b"), 0] == 0.0
        assert (found.response.spend(amounts) == plain.response.spend(amounts)).all()


def test_refunds_that_are_written_lower_what_the_events_price_leaves() -> None:
    economics = UnitEconomics(100.0, 40.0, return_rate=0.1, resale=0.5)
    product = Product(ProductId("P1"), price=yuan(100), margin=economics.margin, economics=economics)
    event = an_event("x", BURST, discount=0.1)
    usual, more = priced(product, event), priced(product, replace(event, refunds=2.0))
    assert usual.margin is not None
    assert more.margin is not None
    assert more.economics is not None
    assert more.economics.return_rate == pytest.approx(0.2)
    assert more.margin < usual.margin
