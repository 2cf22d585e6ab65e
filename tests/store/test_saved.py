"""Budgets, intents, products, plans, state: what is remembered between two passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bidder.catalog import Budget, BudgetStatus, Product
from bidder.economics import UnitEconomics
from bidder.errors import StoreError
from bidder.ids import AccountId, BudgetId, PlanId, ProductId
from bidder.money import Currency, Money
from bidder.plan import Applied, Outcome, Refused, State, Unresolved
from bidder.store.protocol import Store, StoredPlan
from tests.fakes import CNY, yuan
from tests.stores import Stores

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
B1 = BudgetId(AccountId("ads"), "b1")
PLAN = PlanId("7f3c00112233")

FULL_BUDGET = Budget(
    id=B1,
    name="茶",
    currency=CNY,
    now=yuan(180),
    read_at=NOON,
    products=(ProductId("p1"), ProductId("p2")),
    campaigns=("c1",),
    channel="search",
    group="hot",
    minimum=yuan(30),
    maximum=yuan(5000),
    step=yuan(1),
    status=BudgetStatus.PAUSED,
    limited=True,
    lost_share=0.25,
    target_driven=True,
    overdelivery=1.75,
)
FULL_PRODUCT = Product(
    id=ProductId("p1"),
    name="茶",
    price=yuan("99.90"),
    cost=yuan("42.000001"),
    margin=0.42,
    return_rate=0.05,
    stock=7,
    stock_at=NOON,
    lead_days=12,
    restock_date=date(2026, 12, 1),
    tags=frozenset({"b", "a"}),
    category="tea",
    campaigns=("7", "8"),
    economics=UnitEconomics(99.9, 42.000001, 0.04, 5.0, 1.0, 0.5, 0.05, 0.9, 2.0, ("overhead",)),
)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    opened = stores.new().open()
    yield opened
    opened.close()


def a_budget(name: str = "b1", now: str | None = "180", **more: object) -> Budget:
    bare = Budget(BudgetId(AccountId("ads"), name), name, CNY, None if now is None else yuan(now))
    return replace(bare, **more)  # type: ignore[arg-type]  # whatever field a test wants


def a_plan(name: str, at: datetime = NOON, status: str = "proposed") -> StoredPlan:
    return StoredPlan(PlanId(name), at, "2026-11-23", {"budgets": [{"id": "ads/b1", "planned": "230.00"}]}, status)


def amounts(store: Store) -> list[str]:
    return [str(amount) for _, _, amount in store.budget_history(NOON - HOUR)]


@pytest.mark.parametrize("full", [FULL_BUDGET, FULL_PRODUCT])
def test_the_examples_leave_no_field_at_its_default(full: Budget | Product) -> None:
    assert not [one.name for one in fields(full) if getattr(full, one.name) == one.default], "a new field: set it here"


def test_every_field_of_a_budget_and_a_product_comes_back(store: Store) -> None:
    store.add_budgets([FULL_BUDGET, a_budget("b2", None)], NOON)
    store.add_products([FULL_PRODUCT, Product(ProductId("p2"))], NOON)
    assert [one.budget for one in store.budgets()] == [FULL_BUDGET, a_budget("b2", None, read_at=NOON)]
    assert [one.read_at for one in store.budgets()] == [NOON, NOON]
    assert list(store.products()) == [FULL_PRODUCT, Product(ProductId("p2"))]


def test_history_keeps_changes_of_the_amount_alone(store: Store) -> None:
    for hours, amount in enumerate(["180", "180", "230", "230", "180"]):
        store.add_budgets([a_budget(now=amount)], NOON + hours * HOUR)
    assert amounts(store) == ["180.00", "230.00", "180.00"]
    assert [at for _, at, _ in store.budget_history(NOON + HOUR)] == [NOON + 2 * HOUR, NOON + 4 * HOUR]
    assert store.budgets()[0].read_at == NOON + 4 * HOUR


def test_an_older_reading_changes_nothing(store: Store) -> None:
    store.add_budgets([a_budget(now="230")], NOON)
    store.add_budgets([a_budget(now="180")], NOON - HOUR)
    store.add_products([Product(ProductId("p1"), stock=3)], NOON)
    store.add_products([Product(ProductId("p1"), stock=9)], NOON - HOUR)
    assert store.budgets()[0].budget.now == yuan(230)
    assert store.products()[0].stock == 3
    store.add_products([Product(ProductId("p1"), stock=1)], NOON)
    assert store.products()[0].stock == 1


def test_an_amount_in_another_currency_than_its_budget_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="ads/b1: is in CNY, its amount in USD"):
        store.add_budgets([replace(a_budget(), now=Money(1, Currency("USD")))], NOON)
    assert store.budgets() == []


@pytest.mark.parametrize(
    ("outcome", "result", "now"),
    [
        (Applied(yuan(230)), "applied", "230.00"),
        (Refused("not today", yuan(180)), "refused", "180.00"),
        (Refused("somebody else", yuan(200)), "refused", "200.00"),
        (Refused("not read"), "refused", "180.00"),
        (Unresolved("no reply"), "unresolved", "180.00"),
    ],
)
def test_an_intent_is_open_until_its_outcome_is_known(store: Store, outcome: Outcome, result: str, now: str) -> None:
    store.add_budgets([a_budget()], NOON)
    intent = store.begin(PLAN, B1, yuan(180), yuan(230), NOON)
    assert list(store.open_intents()) == [intent]
    store.finish(intent, outcome, NOON + HOUR, 20_780)
    assert list(store.open_intents()) == ([intent] if result == "unresolved" else [])
    assert str(store.budgets()[0].budget.now) == now
    assert dict(store.last_changes()) == ({B1: 20_780} if result == "applied" else {})
    last, first = store.journal()
    assert (first.kind, first.number, first.facts["after"]) == ("intent", intent.number, "230.00")
    assert (last.kind, last.facts["intent"], last.facts["result"]) == ("outcome", intent.number, result)
    assert store.verify_journal() is None


def test_an_unresolved_intent_can_be_closed_later_and_only_once(store: Store) -> None:
    intent = store.begin(PLAN, B1, yuan(180), yuan(230), NOON)
    store.finish(intent, Unresolved("no reply"), NOON, 20_780)
    store.finish(intent, Applied(yuan(230)), NOON + HOUR, 20_780)
    with pytest.raises(StoreError, match="intent 1 of ads/b1: it is applied already"):
        store.finish(intent, Refused("no"), NOON + HOUR, 20_780)
    with pytest.raises(StoreError, match="there is no such intent"):
        store.finish(replace(intent, number=77), Refused("no"), NOON, 20_780)
    assert len(store.journal()) == 3
    assert amounts(store) == ["230.00"], "also of a budget that was never polled"


def test_an_intent_has_one_currency(store: Store) -> None:
    with pytest.raises(StoreError, match="one budget has one currency"):
        store.begin(PLAN, B1, Money(1, Currency("USD")), yuan(1), NOON)
    assert store.journal() == []


def test_an_outcome_of_before_a_newer_reading_does_not_undo_it(store: Store) -> None:
    intent = store.begin(PLAN, B1, yuan(180), yuan(230), NOON)
    store.add_budgets([a_budget(now="300")], NOON + HOUR)
    store.finish(intent, Applied(yuan(230)), NOON, 20_780)
    assert store.budgets()[0].budget.now == yuan(300)


def test_the_newest_applied_day_of_each_budget_counts(store: Store) -> None:
    for day, amount in ((20_780, 200), (20_782, 220), (20_781, 210)):
        store.finish(store.begin(PLAN, B1, yuan(180), yuan(amount), NOON), Applied(yuan(amount)), NOON, day)
    assert dict(store.last_changes()) == {B1: 20_782}


def test_plans_are_found_by_a_unique_beginning_and_newest_first(store: Store) -> None:
    assert store.plan() is None
    for hours, name in enumerate(["aaa1", "aab2", "ccc3"]):
        store.save_plan(a_plan(name, NOON + hours * HOUR))
    assert store.plan() == a_plan("ccc3", NOON + 2 * HOUR)
    assert store.plan(PlanId("aab")) == a_plan("aab2", NOON + HOUR)
    assert store.plan(PlanId("x")) is None
    assert store.plan(PlanId("%")) is None
    assert [plan.id for plan in store.plans(limit=2)] == ["ccc3", "aab2"]
    store.save_plan(replace(a_plan("ddd4", NOON + 24 * HOUR), day=(NOON + 24 * HOUR).date().isoformat()))
    assert [plan.id for plan in store.plans(1, before=(NOON + 24 * HOUR).date())] == ["ccc3"]
    assert list(store.plans(1, before=NOON.date())) == []
    with pytest.raises(StoreError, match="several plans begin with aa"):
        store.plan(PlanId("aa"))


def test_a_whole_id_is_never_ambiguous(store: Store) -> None:
    for hours, name in enumerate(["aa", "aab", "aac"]):
        store.save_plan(a_plan(name, NOON + hours * HOUR))
    found = store.plan(PlanId("aa"))
    assert found is not None
    assert found.id == "aa"


def test_saving_a_plan_again_changes_its_status_alone(store: Store) -> None:
    store.save_plan(a_plan("aaa1"))
    store.save_plan(replace(a_plan("aaa1", NOON + HOUR, "applied"), document={}))
    assert store.plan() == a_plan("aaa1", NOON, "applied")
    with pytest.raises(StoreError, match="no such status: 'done'"):
        store.save_plan(a_plan("bbb2", status="done"))


def test_the_state_is_active_until_set_and_is_journaled(store: Store) -> None:
    assert store.state() is State.ACTIVE
    store.set_state(State.HALTED, NOON, "by hand")
    assert store.state() is State.HALTED
    assert store.journal()[0].facts == {"state": "HALTED", "reason": "by hand"}
    store.set_state(State.REDUCING, NOON, "by hand")
    assert store.state() is State.REDUCING


def test_small_values_are_remembered(store: Store) -> None:
    assert store.value("answers") is None
    store.set_value("answers", {"year": 2020, "list": [1, None]})
    assert store.value("answers") == {"year": 2020, "list": [1, None]}
    store.set_value("answers", "other")
    assert store.value("answers") == "other"
    with pytest.raises(StoreError, match="kept by set_state"):
        store.set_value("bidder:state", "ACTIVE")
    with pytest.raises(StoreError, match="JSON"):
        store.set_value("answers", float("nan"))
