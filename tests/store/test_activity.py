"""The shop's activity in the store: as-of memory for files, and messages that count once whatever way they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

import numpy as np
import pytest

from bidder.account_day import AccountDay
from bidder.activity import WHOLE_DAY, Activity, Pushed, ShopActivity, joined
from bidder.errors import StoreError
from bidder.ids import ProductId
from bidder.money import Currency, Money
from bidder.snapshot import day_number
from bidder.store.protocol import Store
from tests.stores import Stores

CNY = Currency("CNY")
DAY = AccountDay("Asia/Shanghai", date(2026, 10, 1))
SEEN = datetime(2026, 10, 2, 1, tzinfo=UTC)
NOON = datetime(2026, 10, 1, 4, tzinfo=UTC)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    opened = stores.new().open()
    yield opened
    opened.close()


def said(visitors: float | None, seen: datetime = SEEN, product: str | None = "P01", revenue: str = "10") -> Activity:
    """One row of a file."""
    counts = {} if visitors is None else {"visitors": visitors}
    money = {"revenue": Money.parse(revenue, CNY)}
    return Activity.of(
        [ShopActivity("advisor", None if product is None else ProductId(product), DAY, seen, counts, money)]
    )


def pushed(minute: int, visitors: int, product: str = "P01", sequence: int = 0, running: bool = True) -> Pushed:
    """One message."""
    at = NOON + timedelta(minutes=minute)
    values = {"visitors": visitors * 1_000_000, "revenue": visitors * 30_000}
    return Pushed("till", ProductId(product), DAY, at, values, CNY, running, sequence=sequence)


def of_day(activity: Activity) -> dict[str, tuple[float, int]]:
    """Visitors and revenue of each product's whole day."""
    whole = activity.select(activity.hour == WHOLE_DAY)
    return {str(p): (float(v), int(r)) for p, v, r in zip(whole.product, whole.visitors, whole.revenue, strict=True)}


def test_what_is_added_comes_back_with_unknown_as_unknown(store: Store) -> None:
    both = joined([said(100), said(None, product=None)])
    assert store.add_activity(both) == 2
    rows = {one.product: one for one in store.activity().rows()}
    assert rows == {one.product: one for one in both.rows()}
    assert rows[None].counts == {}
    assert rows[ProductId("P01")].conversion is None


def test_a_file_that_is_added_again_adds_nothing_and_a_restatement_is_kept_beside_the_old(store: Store) -> None:
    later = SEEN + timedelta(days=1)
    assert [store.add_activity(one) for one in (said(100), said(100), said(100, later), said(90, later))] == [
        1,
        0,
        0,
        1,
    ]
    assert of_day(store.activity())["P01"][0] == 90
    assert of_day(store.activity(as_of=SEEN + timedelta(hours=1)))["P01"][0] == 100
    assert len(store.activity(as_of=SEEN - timedelta(seconds=1))) == 0
    assert len(store.activity(since_day=day_number(DAY.date) + 1)) == 0


def test_figures_that_cannot_be_are_refused_whole(store: Store) -> None:
    bad = said(5)
    bad.visitors[0] = -1
    with pytest.raises(StoreError, match="advisor P01 on 2026-10-01: visitors cannot be -1"):
        store.add_activity(joined([said(7, product="P02"), bad]))
    assert len(store.activity()) == 0


def test_a_running_total_is_its_newest_message_and_an_old_one_is_stale(store: Store) -> None:
    assert list(store.add_events([pushed(1, 5), pushed(3, 9), pushed(2, 7), pushed(3, 9)], SEEN)) == [
        "accepted", "accepted", "stale", "duplicate",
    ]  # fmt: skip
    assert of_day(store.activity()) == {"P01": (9.0, 270_000)}
    assert list(store.add_events([pushed(3, 8, sequence=1), pushed(3, 4)], SEEN)) == ["accepted", "stale"]
    assert of_day(store.activity())["P01"][0] == 8


def test_added_figures_are_summed_once_each_by_day_and_hour(store: Store) -> None:
    messages = [pushed(minute, 2, running=False) for minute in (0, 10, 70)]
    assert list(store.add_events([*messages, messages[1]], SEEN)) == ["accepted"] * 3 + ["duplicate"]
    assert list(store.add_events(messages, SEEN)) == ["duplicate"] * 3
    found = store.activity()
    assert of_day(found) == {"P01": (6.0, 180_000)}
    assert dict(zip(found.hour.tolist(), found.visitors.tolist(), strict=True)) == {-1: 6.0, 12: 4.0, 13: 2.0}


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_figures_do_not_depend_on_order_repeats_or_batches(stores: Stores, running: bool, seed: int) -> None:
    random = Random(seed)
    messages = [
        pushed(minute, minute + number, f"P{number:02}", running=running) for number in range(4) for minute in range(25)
    ]
    want = {f"P{number:02}": (24 + number if running else sum(range(25)) + 25 * number) for number in range(4)}
    sent = [*messages, *random.choices(messages, k=60)]
    random.shuffle(sent)
    store = stores.new().open()
    at = SEEN
    while sent:
        size = random.randint(1, 30)
        batch, sent = sent[:size], sent[size:]
        at += timedelta(seconds=1)
        store.add_events(batch, at)
    assert {name: visitors for name, (visitors, _) in of_day(store.activity()).items()} == want
    store.close()


def test_of_a_day_that_is_pushed_all_the_time_one_version_an_hour_is_kept(store: Store) -> None:
    for minute in range(0, 300, 5):
        store.add_events([pushed(minute, minute + 1)], NOON + timedelta(minutes=minute))
    looks = [NOON + timedelta(minutes=minute) for minute in range(0, 300, 5)]
    seen = [of_day(store.activity(as_of=at)).get("P01", (0.0, 0))[0] for at in looks]
    assert seen == sorted(seen)
    assert all(value <= minute + 1 for value, minute in zip(seen, range(0, 300, 5), strict=True))
    assert len(set(seen)) <= 7
    assert of_day(store.activity())["P01"][0] == 296


def test_forgetting_messages_keeps_their_figures(store: Store) -> None:
    store.add_events([pushed(1, 5)], SEEN)
    store.forget_events(day_number(DAY.date) + 1)
    assert of_day(store.activity()) == {"P01": (5.0, 150_000)}


def test_what_is_seen_at_one_instant_twice_keeps_the_last(store: Store) -> None:
    store.add_activity(said(5))
    store.add_activity(said(6))
    assert of_day(store.activity())["P01"][0] == 6
    assert np.isnan(store.activity().orders).all()


def test_objects_and_columns_say_the_same() -> None:
    rows: Sequence[ShopActivity] = [
        ShopActivity(
            "a", None, DAY, SEEN, {"buyers": 3, "visitors": 60, "orders": 4}, {"revenue": Money(120_000_000, CNY)}
        ),
        ShopActivity("a", ProductId("P"), DAY, SEEN, {}, {}, "search/word", 5),
    ]
    assert Activity.of(rows).rows() == list(rows)
    assert rows[0].conversion == 0.05
    assert rows[0].average_order == 30
    assert rows[0].average_buyer == 40
    assert rows[1].conversion is None
    assert rows[1].average_order is None
    assert rows[1].average_buyer is None
    assert len(joined([])) == 0
