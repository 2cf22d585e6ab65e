"""The parts of a change of sales sum to it, whatever is zero, new or gone."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from bidder.watch.decompose import ADS, FREE, GONE, MOVED, NEW, PAID, REST, SHOP, Chain, Item, decompose

EXACT = 1e-9
CASES = 10_000


def some_counts(chance: random.Random, length: int) -> tuple[float, ...] | None:
    """A day's counts: often there, sometimes with zeros anywhere, sometimes not there at all."""
    kind = chance.random()
    if kind < 0.1:
        return None
    size = 10 ** chance.uniform(0, 5)
    counts = [size * chance.lognormvariate(0, 1)]
    for _ in range(length - 1):
        counts.append(counts[-1] * chance.lognormvariate(-1, 1))
    if kind < 0.4:
        counts = [0.0 if chance.random() < 0.4 else one for one in counts]
    return tuple(round(one, 2) for one in counts)


def some_items(chance: random.Random, chain: Chain) -> list[Item]:
    items = []
    for place in range(chance.randint(1, 5)):
        length = len(chain.counts)
        items.append(
            Item(
                f"p{place}",
                chance.choice(["search", "feed"]),
                some_counts(chance, length),
                some_counts(chance, length),
                spend=(chance.choice([0.0, chance.uniform(0, 500)]), chance.uniform(0, 500)),
                clicks=(chance.choice([0.0, chance.uniform(0, 500)]), chance.uniform(0, 500)),
                moved=chance.choice([0.0, chance.uniform(-200, 200)]),
            )
        )
    return items


def swapped(one: Item) -> Item:
    spend, clicks = (one.spend[1], one.spend[0]), (one.clicks[1], one.clicks[0])
    return replace(one, before=one.after, after=one.before, spend=spend, clicks=clicks, moved=-one.moved)


@pytest.mark.parametrize("chain", [SHOP, ADS])
def test_parts_sum_to_the_change_and_swapping_the_periods_flips_signs(chain: Chain) -> None:
    chance = random.Random(20260924)
    for _ in range(CASES // 2):
        items = some_items(chance, chain)
        change = decompose(items, chain)
        amounts = [part.amount for part in change.parts]
        assert all(math.isfinite(one) for one in amounts)
        scale = max(change.before, change.after)
        assert math.isclose(math.fsum(amounts), change.amount, rel_tol=EXACT, abs_tol=1e-15 * scale)
        for split in (change.by_product(), change.by_channel(), change.by_cause()):
            assert math.isclose(math.fsum(split.values()), change.amount, rel_tol=EXACT, abs_tol=1e-14 * scale)
        back = decompose([swapped(one) for one in items], chain)
        names = {NEW: GONE, GONE: NEW}
        there = {(p.product, p.channel, names.get(p.cause, p.cause)): -p.amount for p in change.parts}
        assert {(p.product, p.channel, p.cause): p.amount for p in back.parts} == there


def test_more_visitors_alone_are_all_the_change() -> None:
    change = decompose([Item("tea", "", (1000, 20, 2000), (1200, 24, 2400), clicks=(300, 300))])
    assert change.by_cause() == {FREE: pytest.approx(400)}


def test_visitors_conversion_and_order_value_each_get_theirs() -> None:
    """The closed form of SCIENCE 11 by hand: L(2400, 2000) · ln of each ratio."""
    change = decompose([Item("tea", "", (1000, 20, 2000), (1100, 20, 2400))])
    weight = 400 / math.log(2400 / 2000)
    assert change.by_cause() == {
        FREE: pytest.approx(weight * math.log(1.1)),
        "conversion": pytest.approx(weight * math.log(1 / 1.1)),
        "average_buyer": pytest.approx(weight * math.log(1.2)),
    }


def test_where_nothing_is_sold_shapley_takes_over_with_its_closed_form() -> None:
    change = decompose([Item("tea", "", (1000, 20, 2000), (1100, 0, 0))])
    x0, y0, z0, x1, y1 = 1000, 0.02, 100.0, 1100, 0.0  # nobody bought: the spend of a buyer stays as it was
    visitors = (x1 - x0) * (y0 * z0 / 3 + (y0 * z0 + y1 * z0) / 6 + y1 * z0 / 3)
    assert change.by_cause() == {FREE: pytest.approx(visitors), "conversion": pytest.approx(-2000 - visitors)}


def test_a_new_product_and_one_that_is_gone_are_lines_of_their_own() -> None:
    change = decompose([Item("new", "", None, (10, 1, 90)), Item("old", "", (10, 1, 70), (0, 0, 0))])
    assert {(part.product, part.cause): part.amount for part in change.parts} == {("new", NEW): 90, ("old", GONE): -70}
    assert decompose([Item("never", "", None, None)]).parts == ()


def test_sales_without_a_visitor_are_said_as_what_cannot_be_explained() -> None:
    change = decompose([Item("tea", "", (100, 2, 200), (0, 0, 50))])
    assert change.by_cause()[REST] == 50


def test_what_bidder_moved_gets_its_part_of_the_visitors() -> None:
    """300 → 360 spent, all of it moved by bidder; 40 of the 100 more visitors came by it, 60 free."""
    item = Item("tea", "search", (1000, 20, 2000), (1100, 22, 2200), (300, 360), (200, 240), moved=60)
    causes = decompose([item]).by_cause()
    assert causes == {MOVED: pytest.approx(80), FREE: pytest.approx(120)}
    half = decompose([replace(item, moved=30)]).by_cause()
    assert half == {MOVED: pytest.approx(40), PAID: pytest.approx(40), FREE: pytest.approx(120)}
    assert MOVED not in decompose([replace(item, moved=-60)]).by_cause()  # it was cut, and yet more was spent


def test_the_ads_alone_say_what_more_money_did() -> None:
    item = Item(
        "tea", "search", (300, 9000, 200, 4, 400), (360, 10800, 240, 4.8, 480), (300, 360), (200, 240), moved=60
    )
    assert decompose([item], ADS).by_cause() == {MOVED: pytest.approx(80)}


@pytest.mark.parametrize("counts", [(1.0, 2.0), (1.0, float("nan"), 2.0), (1.0, -1.0, 2.0)])
def test_figures_that_cannot_be_are_refused(counts: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="expected visitors, buyers, revenue"):
        decompose([Item("tea", "", counts, None)])
