"""What became of each line of a plan: what still waits for a person, and what is past asking."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bidder.ids import BudgetId
from bidder.store.protocol import StoredPlan, Write
from bidder.web import pages
from bidder.web.standing import Standing, standing_of
from bidder.web.words import words
from tests.web.fake_shop import NOW, PLAN, TODAY, FakeStore, FakeView, yuan

EN = words("en")
MOVED = 9


class Store(FakeStore):
    """The tea shop, with what was written and refused."""

    def __init__(self, written: dict[str, str] | None = None, refused: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.written, self.refused = written or {}, list(refused)

    def writes(self, since: Any) -> list[Write]:
        return [
            Write(i, PLAN, BudgetId.parse(budget), yuan(1), yuan(2), NOW, status)
            for i, (budget, status) in enumerate(self.written.items())
        ]

    def value(self, key: str) -> Any:
        return self.refused if key == f"rejected:{PLAN}" else None


def stands(store: Store, mode: str = "propose", policy: str | None = None, **changes: Any) -> Standing:
    view = FakeView()
    view.now["accounts"] = [{**view.now["accounts"][0], "mode": mode}]
    plan = store.plan(PLAN)
    assert plan is not None
    found = standing_of(replace(plan, **changes), store, view.now, policy)
    assert found is not None
    return found


def test_at_first_every_change_waits_most_money_first() -> None:
    found = stands(Store())
    assert len(found.waits) == MOVED
    assert found.waits[:2] == ["wxt/1002", "wxt/1001"]
    assert found.lines["wxt/1003"] == ""  # does not move


def test_a_written_line_and_a_refused_one_wait_no_more() -> None:
    found = stands(Store({"wxt/1002": "applied", "wxt/1001": "open"}, ("wxt/2010",)))
    assert len(found.waits) == MOVED - 3
    assert [found.lines[one] for one in ("wxt/1002", "wxt/1001", "wxt/2010")] == ["applied", "unresolved", "rejected"]
    assert (found.written, found.rejected) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": "rejected"}, "rejected"),
        ({"status": "superseded"}, "shown"),
        ({"day": "2026-11-23"}, "shown"),
    ],
)
def test_what_is_past_asking(changes: dict[str, Any], word: str) -> None:
    found = stands(Store(), **changes)
    assert not found.asks
    assert found.lines["wxt/1002"] == word


def test_a_held_plan_and_a_held_line_are_not_asked_about() -> None:
    plan = Store().plan(PLAN)
    assert plan is not None
    line = [{"check": "c", "reason": "r", "budget": "wxt/1002"}]
    assert "wxt/1002" not in stands(Store(), document={**plan.document, "holds": line}).waits
    whole = [{"check": "c", "reason": "r", "budget": None}]
    assert not stands(Store(), document={**plan.document, "holds": whole}).asks


@pytest.mark.parametrize("mode", ["observe", "apply", "manual"])
def test_nobody_is_asked_where_nobody_has_to_be(mode: str) -> None:
    assert not stands(Store(), mode).asks


def test_another_configuration_makes_the_plan_outdated() -> None:
    plan = Store().plan(PLAN)
    assert plan is not None
    document = {**plan.document, "policy": "old"}
    assert stands(Store(), policy="new", document=document).outdated
    assert not stands(Store(), policy="new", document=document).asks
    assert not stands(Store(), policy="old", document=document).outdated


@pytest.mark.parametrize(
    ("store", "changes", "colour", "sentence"),
    [
        (Store({"wxt/1002": "applied"}), {}, "amber", "8 changes wait for your approval"),
        (Store({}, tuple(f"wxt/{n}" for n in (1001, 1002, 1006, 1008, 1009, 2002, 2008, 2010, 2012))), {}, "green",
         "Answered: 0 changes written, 9 refused"),
    ],
)  # fmt: skip
def test_the_light_says_what_is_left_to_answer(
    store: Store, changes: dict[str, Any], colour: str, sentence: str
) -> None:
    view = FakeView()
    view.now["accounts"] = [{**view.now["accounts"][0], "mode": "propose"}]
    shown = pages.light(EN, view.now, view.document, True, stands(store, **changes))
    assert (shown.colour, shown.sentence) == (colour, sentence)


def test_a_plan_of_yesterday_is_not_todays() -> None:
    view = FakeView()
    view.now["accounts"] = [{**view.now["accounts"][0], "mode": "propose"}]
    assert view.document is not None
    document = {**view.document, "day": "2026-11-23"}
    assert pages.light(EN, view.now, document, True, stands(Store())).sentence == EN.say("light.yesterdays")


def test_money_of_another_currency_is_ranked_in_the_shops() -> None:
    view = FakeView()
    assert view.document is not None
    shop = {"now": "700.00", "planned": "1400.00", "difference": "700.00", "rate": 7.0, "on": TODAY.isoformat()}
    view.document["budgets"][2] |= {"now": "100.00", "planned": "200.00", "currency": "USD", "shop": shop}
    first = pages.lines(EN, view.document, {})[0]
    assert (first.id, first.planned) == ("wxt/1003", "USD 200")


def test_without_a_plan_nothing_stands() -> None:
    assert standing_of(None, Store(), FakeView().now) is None


def test_a_plan_is_kept_apart_from_another() -> None:
    store = Store({"wxt/1002": "applied"})
    other = StoredPlan(store.stored[1].id, NOW, TODAY.isoformat(), store.stored[0].document, "proposed")
    view = FakeView()
    view.now["accounts"] = [{**view.now["accounts"][0], "mode": "propose"}]
    found = standing_of(other, store, view.now)
    assert found is not None
    assert "wxt/1002" in found.waits
