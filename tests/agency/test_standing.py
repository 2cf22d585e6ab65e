"""What a shop needs of people and the money on it, told from its store; and the order of many shops."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bidder.agency.needs import KINDS, Need, needs_of
from bidder.agency.overview import ahead, look, shops_document
from bidder.agency.seen import Seen, seen_of
from bidder.agency.standing import ShopStanding, standing
from bidder.config.agency import load_agency
from bidder.config.shops import load_shop
from bidder.explain.agency_words import NEEDS, need_text
from bidder.ids import BudgetId, PlanId
from bidder.money import Currency, Money
from bidder.plan import State
from bidder.store import open_reader, open_store
from tests.agency.conftest import NOW


@pytest.fixture(scope="module")
def seen(seeded: Path) -> Seen:
    """The tea shop, with a plan that waits."""
    config = load_shop(load_agency(seeded, {}), "tea", {})
    store = open_reader(config.store_url)
    found = seen_of(config, store, NOW)
    store.close()
    return found


def kinds(seen: Seen) -> dict[str, float]:
    return {one.kind: one.at_risk for one in needs_of(seen)}


def having(seen: Seen, **changed: Any) -> Seen:
    """The shop with other words in its status."""
    return replace(seen, status={**seen.status, **changed})  # type: ignore[typeddict-item]  # names of the status


def test_a_plan_that_waits_is_worth_what_it_would_earn(seen: Seen) -> None:
    assert seen.stored is not None
    document = seen.stored.document
    gain = float(document["expected"]["mean"]) - float(document["expected_now"])
    assert kinds(seen) == {"approve": pytest.approx(max(0.0, gain))}
    assert int(needs_of(seen)[0].detail) == len(seen.waits)


def test_a_halted_shop_has_all_its_running_budgets_at_risk(seen: Seen) -> None:
    halted = having(seen, state="HALTED", reason="by hand")
    assert kinds(halted)["halted"] == seen.in_force > 0
    assert needs_of(halted)[0].kind == "halted", "it is graver than a plan that waits"


def test_a_write_nobody_knows_the_end_of_counts_its_larger_amount(folder: Path) -> None:
    config = load_shop(load_agency(folder, {}), "tea", {})
    store = open_store(config.store_url)
    budget = store.budgets()[0].budget
    assert budget.now is not None
    more = Money(budget.now.micros + 50_000_000, Currency("CNY"))
    store.begin(PlanId("p"), BudgetId(budget.id.account, budget.id.native), budget.now, more, NOW)
    found = standing(seen_of(config, store, NOW))
    store.close()
    assert found.unresolved == 1
    assert next(one for one in found.needs if one.kind == "unresolved").at_risk == pytest.approx(more.to_float())


@pytest.mark.parametrize(("hours", "stale"), [(0.0, False), (1.4, False), (1.6, True), (48.0, True)])
def test_figures_that_stopped_coming_are_told_after_three_polls(seen: Seen, hours: float, stale: bool) -> None:
    later = replace(seen, now=seen.now + timedelta(hours=hours))
    assert ("stale" in kinds(later)) == stale


def test_an_account_that_was_never_read_is_stale(seen: Seen) -> None:
    accounts = [{**one, "polled_at": None} for one in seen.status["accounts"]]
    assert kinds(having(seen, accounts=accounts))["stale"] == seen.in_force


def test_a_day_without_a_plan_is_told_once_it_is_late(seen: Seen) -> None:
    assert seen.stored is not None
    old = replace(seen, stored=replace(seen.stored, day="2026-11-23"), waits=())
    assert kinds(old) == {}, "12:00 in the shop: the day's decision may be made until 11:00, an hour's patience"
    late = replace(old, now=seen.now + timedelta(minutes=1))
    assert kinds(late) == {"no_plan": seen.in_force}
    assert kinds(having(late, problems=["no plan for 2026-11-24, budgets stay as they are: solver"]))["no_plan"] > 0


def test_a_plan_that_a_brake_holds_is_told_and_not_asked_for(seen: Seen) -> None:
    assert seen.stored is not None
    hold = {"check": "stale", "reason": "26 h old", "budget": None}
    held = replace(seen.stored, document={**seen.stored.document, "holds": [hold]}, status="held")
    found = needs_of(replace(seen, stored=held, waits=()))
    assert [(one.kind, one.detail) for one in found] == [("held", "stale: 26 h old")]


@pytest.mark.parametrize(("spent", "told"), [("40000.00", False), ("52000.00", False), ("54000.00", True)])
def test_a_month_is_told_when_it_is_a_tenth_too_fast(seen: Seen, spent: str, told: bool) -> None:
    month = {**seen.status["month"], "spent": spent, "budget": "60000.00", "passed": 0.8}
    found = kinds(having(seen, month=month))
    assert ("over_pace" in found) == told
    if told:
        assert found["over_pace"] == pytest.approx((54_000 / 0.8 - 60_000) / 30)


def test_the_first_days_of_a_month_say_nothing_of_its_pace(seen: Seen) -> None:
    month = {**seen.status["month"], "spent": "30000.00", "budget": "60000.00", "passed": 0.05}
    assert "over_pace" not in kinds(having(seen, month=month))


def test_every_kind_has_words_in_both_languages() -> None:
    assert set(NEEDS) == set(KINDS)
    for kind in KINDS:
        for language in ("zh", "en"):
            assert "{" not in need_text(kind, "x", 12.0, "CNY", language)
            assert need_text(kind, "", 0.0, "CNY", language).strip()


def a_shop(name: str, at_risk: float, kind: str = "approve", currency: str = "CNY") -> ShopStanding:
    return ShopStanding(name, name, currency, "ACTIVE", needs=(Need(kind, "1", at_risk),), at_risk=at_risk)


def test_most_money_at_risk_comes_first_whatever_its_currency(folder: Path) -> None:
    (folder / "agency.yaml").write_text("rates: {USD: {CNY: 7, date: 2026-11-01}}\n", "utf-8")
    agency = load_agency(folder, {})
    shops = [
        a_shop("a", 100.0),
        a_shop("b", 20.0, currency="USD"),
        a_shop("c", 90.0),
        replace(a_shop("d", 0.0, "broken"), state="BROKEN"),
        a_shop("e", 5000.0, currency="JPY"),
        ShopStanding("f", "f", "CNY", "ACTIVE"),
    ]
    order = [one.name for one in ahead(shops, agency, NOW.date())]
    assert order == ["d", "e", "b", "a", "c"], "what nobody can tell the worth of leads; who needs nothing is left out"
    document = shops_document(shops, agency, NOW)
    assert [one.shop for one in document.shops] == [*order, "f"]
    assert (document.count, document.needing) == (6, 5)


def test_one_broken_shop_hides_no_other(folder: Path) -> None:
    (folder / "shops/tea.yaml").write_text("budgt: 1\n", "utf-8")
    (folder / "stores/tin.db").write_bytes(b"this is no database, and long enough to be seen as none" * 20)
    store = open_store(f"sqlite:///{folder}/stores/silk.db")
    store.set_state(State.HALTED, NOW, "by hand")
    store.close()
    found = {one.name: one for one in look(load_agency(folder, {}), NOW, {})}
    assert {name: one.state for name, one in found.items()} == {"silk": "HALTED", "tea": "BROKEN", "tin": "UNREAD"}
    assert "budgt: no such key" in found["tea"].reason
    assert found["silk"].first is not None
    assert found["silk"].first.kind == "halted"
