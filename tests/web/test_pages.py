"""The light says the worst that is true, tiles and lines the plan as it is, the journal what happened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bidder.store.protocol import JournalLine
from bidder.web import pages
from bidder.web.view import Status
from bidder.web.words import words
from tests.web.fake_shop import FakeView, document

EN, ZH = words("en"), words("zh")
HOLD = {"check": "figures_fresh", "reason": "figures are 30 h old", "budget": None}


def status(**changes: Any) -> Status:
    now = FakeView().now
    now.update(changes)  # type: ignore[typeddict-item]  # the tests know the keys
    return now


def in_mode(mode: str) -> Status:
    return status(accounts=[{**FakeView().now["accounts"][0], "mode": mode}])


class TestLight:
    def test_green_says_how_many_change(self) -> None:
        shown = pages.light(EN, status(), document(), True)
        assert (shown.colour, shown.sentence) == ("green", "All is well. 9 budgets change today.")

    def test_a_plan_without_changes_is_well_too(self) -> None:
        still = document()
        for line in still["budgets"]:
            line["planned"] = line["now"]
        assert pages.light(EN, status(), still, True).sentence == EN.say("light.still")

    @pytest.mark.parametrize(
        ("changes", "plan", "ready", "colour", "key"),
        [
            ({"state": "HALTED", "reason": "by hand", "problems": ["x"]}, True, True, "red", "light.halted"),
            ({"state": "REDUCING", "reason": "stock"}, True, True, "amber", "light.reducing"),
            ({"holds": [HOLD]}, True, True, "amber", "light.held"),
            ({"problems": ["advisor: 30 h old"]}, True, True, "amber", "light.problem"),
            ({"unresolved": 2}, True, True, "amber", "light.problem"),
            ({}, False, True, "grey", "light.starting"),
            ({}, True, False, "grey", "light.starting"),
            ({"problems": ["wxt: 401"]}, False, False, "amber", "light.problem"),
        ],
    )
    def test_the_worst_decides(self, changes: dict[str, Any], plan: bool, ready: bool, colour: str, key: str) -> None:
        shown = pages.light(EN, status(**changes), document() if plan else None, ready)
        assert (shown.colour, shown.sentence) == (colour, EN.say(key))

    @pytest.mark.parametrize(
        ("mode", "colour", "sentence"),
        [
            ("propose", "amber", "9 changes wait for your approval"),
            ("manual", "amber", "9 changes to type in by hand"),
            ("observe", "green", "Watching only. 9 changes are proposed, none is written."),
        ],
    )
    def test_the_mode_says_whose_turn_it_is(self, mode: str, colour: str, sentence: str) -> None:
        shown = pages.light(EN, in_mode(mode), document(), True)
        assert (shown.colour, shown.sentence) == (colour, sentence)


class TestTiles:
    def test_the_first_screen_has_today_the_month_and_what_it_earns(self) -> None:
        today, month, profit = pages.tiles(EN, status(), document())
        assert (today.figure, today.unit, round(today.filled or 0, 3)) == ("2,000", "CNY", 0.909)
        assert "CNY 472.30 spent so far" in today.notes
        assert (month.figure, month.mark) == ("41,200", 0.766)
        assert month.notes[1] == "69% of the money, 77% of the month"
        assert profit.notes == (
            "1,104 to 1,671, four days in five",
            "CNY 60 more than leaving all as it is",
            "One more CNY a day would earn CNY 0.94",
        )

    def test_what_is_not_known_is_left_out_or_said(self) -> None:
        plan = {**document(), "unallocated": "13.00", "margin_known": False, "expected_now": "1400.00"}
        plan |= {"objective": "revenue", "value_of_total": 0.0}
        now = status(spent_today=None, month={"name": "2026-11", "spent": "5", "budget": None, "passed": 0.5})
        today, month, earned = pages.tiles(ZH, now, plan)
        assert today.notes == ("每日上限 2,200 元", "没花出去的预算 13 元")
        assert month.filled is None
        assert earned.label == "预计每天成交金额"
        assert earned.notes[1:] == ("和不改相比 −31 元", ZH.say("tile.margin_unknown"))

    def test_before_the_first_plan_there_is_the_month(self) -> None:
        assert len(pages.tiles(EN, status(), None)) == 1

    def test_a_passed_cap_is_red(self) -> None:
        assert pages.tiles(EN, status(day_limit="1900.00"), document())[0].over


class TestLines:
    def test_most_money_first_and_what_is_left_alone_last(self) -> None:
        lines = pages.lines(EN, document(), {})
        assert [line.difference for line in lines[:4]] == ["+60", "+40", "−40", "−32"]
        assert {line.direction for line in lines[-4:]} == {"still"}

    def test_why_is_said_in_the_readers_language(self) -> None:
        by_name = {line.name: line for line in pages.lines(ZH, document(), {})}
        assert by_name["茉莉花茶 · 关键词"].reason == "加到再花 1 元多赚 1.94，与其他预算持平"
        assert by_name["明前龙井礼盒 · 关键词"].reason == "加到规则「gentle」允许的上限；再花 1 元多赚 1.62"
        assert by_name["玻璃煮茶壶 · 关键词"].reason.startswith("减到规则「gentle」允许的下限")
        assert by_name["正山小种 · 关键词"].reason.startswith("不改")
        worse = document()
        worse["budgets"][2]["marginal_return"] = -0.051
        line = next(one for one in pages.lines(ZH, worse, {}) if one.id == "wxt/1003")
        assert (line.reason.partition("；")[2], line.next_unit) == ("再花 1 元少赚 0.05", "−0.05")
        assert by_name["明前龙井礼盒 · 关键词"].limits == ("gentle · rules/base.yaml:14:5",)
        english = {line.name: line for line in pages.lines(EN, document(), {})}
        assert english["明前龙井礼盒 · 关键词"].limits == ()  # its sentence names the place already

    def test_a_held_or_paused_budget_says_so(self) -> None:
        plan = document()
        plan["budgets"][3]["state"] = "paused"
        holds = [{"check": "left_alone", "reason": "unknown", "budget": "wxt/1001"}]
        by_id = {line.id: line for line in pages.lines(ZH, plan, {}, holds)}
        assert by_id["wxt/1001"].state_word == "先不动"
        assert by_id["wxt/1001"].reason == ZH.say("why.held")
        assert by_id["wxt/1006"].reason == ZH.say("why.paused")

    def test_an_amount_that_was_never_read_is_a_change(self) -> None:
        plan = document()
        plan["budgets"][2] |= {"now": None, "name": "", "channel": ""}
        line = next(one for one in pages.lines(EN, plan, {}) if one.id == "wxt/1003")
        assert (line.now, line.difference, line.name, line.where) == ("–", "+200", "wxt/1003", "wxt")


def entry(kind: str, **facts: Any) -> pages.Entry:
    line = JournalLine(7, datetime(2026, 11, 24, 2, 5, tzinfo=UTC), kind, facts, "", "")
    return pages.entries(EN, [line], "Asia/Shanghai", {"wxt/1": "Jasmine"})[0]


class TestJournal:
    def test_a_write_is_a_sentence(self) -> None:
        shown = entry(
            "outcome", budget="wxt/1", before="300.00", after="360.00", result="applied", intent=3, plan="7f3c"
        )
        assert shown.text == "Jasmine · 300 → 360 · Applied · plan 7f3c"
        assert (shown.at, shown.kind_word, shown.tone) == ("Tue 24 Nov 10:05", "Written", "good")

    @pytest.mark.parametrize("result", ["refused", "unresolved"])
    def test_what_went_wrong_stands_out(self, result: str) -> None:
        assert entry("outcome", budget="wxt/9", result=result, reason="no answer").tone == "bad"

    def test_a_poll_says_what_each_source_brought(self) -> None:
        results = [
            {"account": "wxt", "kind": "budgets", "ok": True, "new": 3, "rows": 13},
            {"account": "wxt", "kind": "stock", "ok": False, "error": "timeout", "reason": "no answer in 10 s"},
        ]
        assert entry("polled", results=results).text == "wxt budgets: 3 new · wxt stock: no answer in 10 s"

    def test_somebody_elses_change_names_both_amounts(self) -> None:
        shown = entry("foreign_edit", budget="wxt/1", expected="80.00", found="100.00", currency="CNY", seen="poll")
        assert (shown.text, shown.tone) == ("Jasmine · 80 → 100", "bad")

    def test_other_facts_are_named(self) -> None:
        shown = entry("imported", file="a.csv", new_rows=12, seconds=1.5, columns={"a": 1}, empty="", held=["x: y"])
        assert shown.text == "x: y · file a.csv · new rows 12 · seconds 1.50 · columns 1"
