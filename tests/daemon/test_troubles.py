"""What is wrong, out of figures: each kind begins where it should, not before, and is muted by its cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.alerts import KINDS, Desk, text_of
from bidder.bidding import LeverId
from bidder.config.load import load
from bidder.daemon.alerting import _event
from bidder.daemon.shop_figures import Rates, ShopFigures, refund_rates
from bidder.daemon.troubles import Burn, Seen, troubles_of
from bidder.ids import BudgetId, PlanId, ProductId
from bidder.money import Currency
from bidder.plan import State
from bidder.snapshot import day_number
from bidder.store.lever_protocol import LeverMove
from bidder.store.protocol import Intent, JournalLine
from tests.builders import yuan

SHOP = """
shop: {name: tea-house, title: 万相台店, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 60000, day: {max: 2000}}
accounts: [{name: wxt, platform: sandbox, mode: propose, timezone: Asia/Shanghai}]
"""
NOON = datetime(2026, 9, 22, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIGURES = ShopFigures(
    today={"wxt": date(2026, 9, 22)},
    spent_today={"wxt": 900.0},
    budgets={"wxt": 1900.0},
    overdelivery=1.05,
    names={"P08": "旅行茶具", "wxt/1": "茉莉花茶"},
    accounts={"wxt": Rates(800, 20, 5, 900, 42)},
    products={f"P{n}": Rates(500, 15, 3, 10_000, 400) for n in range(5)},
)


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    """An ordinary noon."""
    (tmp_path / "bidder.yaml").write_text(SHOP, "utf-8")
    return Seen(
        config=load(tmp_path / "bidder.yaml", env={}),
        now=NOON,
        state=State.ACTIVE,
        last_good={("wxt", "performance"): NOON - HOUR / 2, ("wxt", "budgets"): NOON},
        spent_today=yuan(900),
        spent_month=yuan(42_900),
        figures=FIGURES,
    )


def kinds(seen: Seen, *, muted: bool = False) -> list[str]:
    return [one.kind for one in troubles_of(seen) if one.muted == muted]


def figures(seen: Seen, **changes: Any) -> Seen:
    return replace(seen, figures=replace(FIGURES, **changes))


def test_an_ordinary_noon_has_no_trouble(seen: Seen) -> None:
    assert troubles_of(seen) == []


@pytest.mark.parametrize(("spent", "told"), [(2000, []), (2099, []), (2130, ["overspend"])])
def test_overspending_is_more_than_the_cap_and_what_the_platform_may_overdeliver(
    seen: Seen, spent: float, told: list[str]
) -> None:
    assert kinds(replace(seen, spent_today=yuan(spent))) == told


def test_a_third_more_than_the_budgets_is_a_warning(seen: Seen) -> None:
    assert kinds(figures(seen, spent_today={"wxt": 2469.0})) == []
    assert kinds(figures(seen, spent_today={"wxt": 2471.0})) == ["over_plan"]
    both = replace(figures(seen, spent_today={"wxt": 2471.0}), spent_today=yuan(2471))
    assert (kinds(both), kinds(both, muted=True)) == (["overspend"], ["over_plan"])


def test_money_that_goes_three_times_as_fast_is_told_with_its_end(seen: Seen) -> None:
    burning = replace(seen, burns={"wxt": Burn(spent=310, minutes=15, before=480, hours=12)})
    (one,) = troubles_of(burning)
    message = Desk().look([one], NOON, "Asia/Shanghai")[0]
    assert text_of(message, "zh", "Asia/Shanghai")[0] == "【花太快】15 分钟花了 310，平时 10，照此 12:53 烧完"
    assert kinds(replace(seen, burns={"wxt": Burn(100, 60, 480, 12)})) == []
    assert kinds(replace(seen, burns={"wxt": Burn(310, 15, 1, 0.5)})) == []  # the day is too young to know its pace


def test_goods_that_are_gone_and_still_advertised(seen: Seen) -> None:
    (one,) = troubles_of(figures(seen, sold_out={"P08": 86.0}))
    message = Desk().look([one], NOON, "Asia/Shanghai")[0]
    assert text_of(message, "zh", "Asia/Shanghai")[0] == "【断货还在烧】旅行茶具 库存 0，今天已花 86"


def test_a_stock_feed_that_shows_none_of_most_is_told_once_and_not_product_by_product(seen: Seen) -> None:
    (one,) = troubles_of(figures(seen, stock_feed=(9, 12)))
    message = Desk().look([one], NOON, "Asia/Shanghai")[0]
    assert text_of(message, "zh", "Asia/Shanghai")[0] == "【库存不可信】12 个在推商品有 9 个库存 0"
    assert "budgets stay as they are" in text_of(message, "en", "Asia/Shanghai")[1]


def test_a_write_without_an_answer_counts_after_ten_minutes_and_is_part_of_an_outage(seen: Seen) -> None:
    sent = Intent(7, PlanId("a"), BudgetId.parse("wxt/1"), yuan(300), yuan(360), NOON - timedelta(minutes=11))
    open_ = replace(seen, intents=[sent])
    assert kinds(open_) == ["unresolved"]
    fresh = replace(open_, intents=[replace(sent, at=NOON)])
    assert Desk().look(troubles_of(fresh), NOON, "Asia/Shanghai") == []
    out = replace(open_, last_good={("wxt", "performance"): NOON - 4 * HOUR})
    assert (kinds(out), kinds(out, muted=True)) == (["stale"], ["unresolved"])


def test_a_source_is_stale_when_one_kind_of_its_data_is(seen: Seen) -> None:
    assert kinds(replace(seen, last_good={**seen.last_good, ("wxt", "stock"): NOON - 2 * HOUR})) == ["stale"]


def test_no_order_at_all_is_a_broken_count_and_not_forty_bad_products(seen: Seen) -> None:
    gone = {name: replace(one, orders=0.0) for name, one in FIGURES.products.items()}
    broken = figures(seen, accounts={"wxt": Rates(800, 0, 0, 900, 42)}, products=gone)
    assert kinds(broken) == ["tracking"]
    assert kinds(figures(seen, accounts={"wxt": Rates(800, 0, 0, 900, 6)})) == []  # six a day: nothing can be said
    assert kinds(figures(seen, accounts={"wxt": Rates(100, 0, 0, 900, 42)})) == []  # nobody came
    assert kinds(figures(seen, accounts={"wxt": Rates(800, 0, 1, 900, 42)})) == []


def test_one_product_that_sells_half_is_told_and_young_days_are_not(seen: Seen) -> None:
    half = {**FIGURES.products, "P9": Rates(2000, 20, 0, 10_000, 400)}
    (one,) = troubles_of(figures(seen, products=half))
    assert (one.kind, one.subject) == ("conversion", "P9")
    young = {name: replace(rates, orders=rates.orders / 2) for name, rates in FIGURES.products.items()}
    assert kinds(figures(seen, products=young)) == []
    assert kinds(replace(figures(seen, products=half), event=True)) == []


def test_refunds_beyond_the_usual_are_told(seen: Seen) -> None:
    assert kinds(figures(seen, refunds={"P09": (0.31, 0.16, 58.0)})) == []  # 58 orders do not show it beyond chance
    assert kinds(figures(seen, refunds={"P09": (0.41, 0.16, 58.0)})) == ["refund"]
    assert kinds(figures(seen, refunds={"P09": (0.41, 0.16, 12.0)})) == []


@pytest.mark.parametrize(("spent", "told"), [(42_900, []), (51_000, ["month"]), (20_000, ["month_slow"])])
def test_the_months_pace(seen: Seen, spent: float, told: list[str]) -> None:
    assert kinds(replace(seen, spent_month=yuan(spent))) == told
    third = replace(seen, now=NOON.replace(day=3), spent_month=yuan(spent))
    assert "month" not in kinds(third)


def test_a_halt_says_the_rest(seen: Seen) -> None:
    halted = replace(seen, state=State.HALTED, no_plan=(NOON, "why"), spent_month=yuan(51_000))
    assert kinds(halted) == ["halted"]
    assert kinds(halted, muted=True) == ["no_plan", "month"]


def test_a_foreign_edit_is_told_unless_it_is_what_the_plan_asked_for(seen: Seen) -> None:
    facts = {"budget": "wxt/1", "expected": "30", "found": "100.00", "currency": "CNY"}
    line = JournalLine(9, NOON, "foreign_edit", facts, "", "")
    edited = replace(seen, edits=[line])
    assert kinds(edited) == ["foreign"]
    moved = {"id": "wxt/1", "planned": "100.00", "difference": "70"}
    document = {"day": "2026-09-21", "plan": "p", "holds": [], "budgets": [moved]}
    assert kinds(replace(edited, document=document)) == []


def test_changes_that_wait_until_eleven(seen: Seen) -> None:
    moved = {"id": "wxt/1", "planned": "100.00", "difference": "70"}
    document = {"day": "2026-09-22", "plan": "p", "holds": [], "budgets": [moved]}
    morning = replace(seen, now=NOON - 2 * HOUR, document=document)
    assert kinds(morning) == ["approval"]
    assert kinds(replace(morning, now=NOON)) == []
    held = {**document, "holds": [{"check": "x", "reason": "y", "budget": None}]}
    assert kinds(replace(morning, document=held)) == []


def test_bids_wait_are_unknown_and_are_edited_one_message_an_account(seen: Seen, tmp_path: Path) -> None:
    settings = SHOP.replace("timezone: Asia/Shanghai}]", "timezone: Asia/Shanghai, bids: {mode: apply}}]")
    (tmp_path / "bids.yaml").write_text(settings, "utf-8")
    config = load(tmp_path / "bids.yaml", env={})  # bids in apply, in an account that is in propose
    lines = [{"id": f"wxt/keyword:{n}", "planned": "1.1"} for n in range(3)]
    document = {"day": "2026-09-22", "plan": "p", "holds": [], "budgets": [], "bids": lines}
    bids = replace(seen, config=config, document=document)
    (waiting,) = troubles_of(replace(bids, now=NOON - 2 * HOUR))
    assert (waiting.kind, waiting.facts["n"]) == ("approval", 3)
    key = LeverId.parse("wxt/keyword:1")
    sent = [LeverMove(n, PlanId("p"), key, 1, 2, Currency("CNY"), NOON - n * HOUR) for n in (1, 2)]
    (unknown,) = troubles_of(replace(bids, bid_moves=sent))
    assert (unknown.kind, unknown.subject, unknown.since) == ("bids_unknown", "wxt", NOON - 2 * HOUR)
    assert Desk().look([replace(unknown, since=NOON)], NOON, "Asia/Shanghai") == [], "it may be read back at once"
    silent = replace(bids, bid_moves=sent, last_good={("wxt", "bids"): NOON - 4 * HOUR})
    assert (kinds(silent), kinds(silent, muted=True)) == (["stale"], ["bids_unknown"])

    def edit(n: int, found: str) -> JournalLine:
        facts = {"lever": f"wxt/keyword:{n}", "expected": "1.0", "found": found}
        return JournalLine(n, NOON - n * HOUR, "bid_foreign_edit", facts, "", "")

    (edited,) = troubles_of(replace(bids, bid_edits=[edit(1, "3.0"), edit(1, "2.0"), edit(0, "1.1")]))
    assert (edited.kind, edited.subject, edited.facts["n"]) == ("bids_foreign", "wxt@2026-09-22", 1)
    assert kinds(replace(seen, document=document, bid_edits=[edit(1, "3.0")])) == [], "its bids are not looked after"


def test_refunds_are_summed_by_week_from_what_the_shop_says() -> None:
    today = date(2026, 9, 22)
    rows = []
    for back in range(1, 36):
        paid, returned = yuan(1000), yuan(400 if back <= 7 else 100)
        day = AccountDay("Asia/Shanghai", today - timedelta(days=back))
        money = {"revenue": paid, "refunds": returned}
        rows.append(ShopActivity("a", ProductId("P09"), day, NOON, {"orders": 8.0}, money))
    found = refund_rates(Activity.of(rows), day_number(today), (), "UTC")
    assert found["P09"] == pytest.approx((0.4, 0.1, 56.0))


def test_at_night_only_money_that_burns_is_told() -> None:
    assert {"overspend", "spike", "sold_out"} == {name for name, kind in KINDS.items() if kind.night}


def test_without_a_calendar_no_day_is_an_event(seen: Seen) -> None:
    assert not _event(seen.config, NOON)
