"""Each thing once: grouped, quiet at night, remembered over restarts, and its end is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bidder.alerts import Desk, Level, Message, Trouble, text_of
from bidder.alerts.kinds import KINDS
from bidder.alerts.words import LONGEST, _words

ZONE = "Asia/Shanghai"
NOON = datetime(2026, 9, 22, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 9, 22, 18, 0, tzinfo=UTC)  # 02:00 in Shanghai
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def stale(who: str, since: datetime = NOON, *, muted: bool = False) -> Trouble:
    return Trouble("stale", who, since, {"who": who, "hours": 30.0}, muted=muted)


def sold_out(since: datetime = NOON) -> Trouble:
    return Trouble("sold_out", "P08", since, {"product": "旅行茶具", "spent": 86.0})


def look(desk: Desk, at: datetime, *troubles: Trouble, event: bool = False) -> Sequence[Message]:
    return desk.look(troubles, at, ZONE, event=event)


def test_a_thing_is_said_once_while_it_lasts_and_its_end_with_how_long() -> None:
    desk = Desk()
    (begun,) = look(desk, NOON, stale("wxt"))
    assert begun.status == "firing"
    for minutes in range(1, 42):
        assert look(desk, NOON + minutes * MINUTE, stale("wxt")) == []
    assert look(desk, NOON + 42 * MINUTE) == []  # it may only have flickered
    (ended,) = look(desk, NOON + 60 * MINUTE)
    assert text_of(ended, "zh", ZONE) == ("【已恢复】数据过期：wxt", "12:00 起，共 42 分钟")
    assert text_of(ended, "en", ZONE)[1] == "since 12:00, for 42 minutes"
    assert look(desk, NOON + 2 * HOUR) == []


def test_a_restart_says_nothing_twice() -> None:
    desk = Desk()
    assert len(look(desk, NOON, stale("wxt"))) == 1
    again = Desk(json.loads(json.dumps(desk.memory())))
    assert look(again, NOON + HOUR, stale("wxt")) == []
    look(again, NOON + 2 * HOUR)
    (ended,) = look(again, NOON + 3 * HOUR)
    assert ended.status == "resolved"


@pytest.mark.parametrize("damaged", ["x", {"open": [{"kind": "stale"}]}, {"open": 3}, [1], {"told": {"stale": "?"}}])
def test_a_memory_that_cannot_be_read_is_begun_anew(damaged: object) -> None:
    desk = Desk(damaged)
    assert len(look(desk, NOON, stale("wxt"))) == 1


def test_forty_at_once_are_one_message() -> None:
    desk = Desk()
    (begun,) = look(desk, NOON, *(stale(f"p{n:02}") for n in range(40)))
    title, rest = text_of(begun, "zh", ZONE)
    assert title == "【数据过期】p00 已 30 小时没更新 等 40 项"
    assert "另有 32 项" in rest
    look(desk, NOON + HOUR)
    (ended,) = look(desk, NOON + 2 * HOUR)
    assert len(ended.subjects) == 40


def test_one_more_of_a_kind_just_said_waits_for_the_others() -> None:
    desk = Desk()
    assert len(look(desk, NOON, stale("a"))) == 1
    assert look(desk, NOON + 5 * MINUTE, stale("a"), stale("b")) == []
    (later,) = look(desk, NOON + HOUR, stale("a"), stale("b"), stale("c"))
    assert set(later.subjects) == {"b", "c"}


def test_nights_are_quiet_but_for_money_that_burns() -> None:
    desk = Desk()
    assert [one.kind for one in look(desk, NIGHT, stale("wxt", NIGHT), sold_out(NIGHT))] == ["sold_out"]
    assert desk.held_back == 1
    (morning,) = look(desk, NIGHT + 6 * HOUR, stale("wxt", NIGHT), sold_out(NIGHT))
    assert (morning.kind, morning.since) == ("stale", NIGHT)


def test_what_came_and_went_at_night_is_not_told() -> None:
    desk = Desk()
    assert look(desk, NIGHT, stale("wxt", NIGHT)) == []
    look(desk, NIGHT + HOUR)
    look(desk, NIGHT + 2 * HOUR)
    assert look(desk, NIGHT + 7 * HOUR) == []


def test_an_end_at_night_is_told_in_the_morning() -> None:
    desk = Desk()
    look(desk, NOON, stale("wxt"))
    assert look(desk, NIGHT) == []
    assert look(desk, NIGHT + HOUR) == []
    (ended,) = look(desk, NIGHT + 6 * HOUR)
    assert (ended.status, ended.at) == ("resolved", NIGHT)


def test_event_days_have_no_quiet_hours() -> None:
    assert len(look(Desk(), NIGHT, stale("wxt", NIGHT), event=True)) == 1


def test_a_thing_nobody_looks_after_is_said_once_more_and_as_critical() -> None:
    desk = Desk()
    look(desk, NOON, stale("wxt"))
    said = [one for hours in range(1, 80) for one in look(desk, NOON + hours * HOUR, stale("wxt"))]
    assert [(one.status, one.level) for one in said] == [("again", Level.CRITICAL)]
    assert "仍未处理，已 24 小时" in text_of(said[0], "zh", ZONE)[1]


def test_something_must_last_its_time_first() -> None:
    desk, halted = Desk(), Trouble("halted", "shop", NOON)
    assert look(desk, NOON, halted) == []
    assert len(look(desk, NOON + 5 * MINUTE, halted)) == 1


def test_what_comes_and_goes_is_not_said_each_time() -> None:
    desk, said = Desk(), 0
    for minutes in range(0, 6 * 60, 10):
        wrong = minutes % 60 < 20
        at = NOON + minutes * MINUTE
        said += len(look(desk, at, *([stale("wxt", at)] if wrong else [])))
    assert said <= 2


def test_what_another_message_says_already_is_muted_and_not_taken_for_over() -> None:
    desk = Desk()
    look(desk, NOON, sold_out())
    assert look(desk, NOON + HOUR, stale("wxt", muted=True), sold_out()) == []
    assert desk.held_back == 1
    (late,) = look(desk, NOON + 2 * HOUR, stale("wxt"), sold_out())
    assert late.kind == "stale"


def test_what_does_not_last_is_said_once_and_never_taken_back() -> None:
    desk = Desk()
    edit = Trouble("foreign", "wxt/1@100", NOON, {"name": "竹茶盘", "before": 30.0, "after": 100.0})
    (said,) = look(desk, NOON, edit)
    title, rest = text_of(said, "zh", ZONE)
    assert title == "【被人改】竹茶盘 预算 30→100，不是我们改的"
    assert "24 小时内不动" in rest
    assert [look(desk, NOON + n * HOUR) for n in range(1, 4)] == [[], [], []]


FACTS = {
    "who": "万相台",
    "product": "明前龙井",
    "name": "茉莉花茶",
    "spent": 2130.0,
    "limit": 2000.0,
    "planned": 1600.0,
    "minutes": 15.0,
    "usual": 0.032,
    "at": "10:40",
    "amount": 360.0,
    "hours": 30.0,
    "rate": 0.014,
    "clicks": 620.0,
    "orders": 9.0,
    "part": 0.82,
    "passed": 0.6,
    "reason": "规则互相冲突",
    "where": "rules/base.yaml 第 14 行",
    "before": 30.0,
    "after": 100.0,
    "n": 5,
    "until": "11:00",
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_its_words_and_a_first_line_for_a_lock_screen(kind: str) -> None:
    message = Message("firing", kind, Level.WARNING, ("x",), (FACTS,), NOON, NOON)
    title, rest = text_of(message, "zh", ZONE)
    assert title.startswith(f"【{_words('zh')[kind].tag}】")
    assert len(title) <= LONGEST
    assert "12:00 起" in rest
    english, more = text_of(message, "en", ZONE)
    assert english.startswith(f"[{_words('en')[kind].tag}] ")
    assert "To do: " in more
    assert "{" not in title + rest + english + more


def test_overspending_is_said_as_operators_say_it() -> None:
    message = Message("firing", "overspend", Level.CRITICAL, ("wxt",), (FACTS,), NOON, NOON)
    assert text_of(message, "zh", ZONE)[0] == "【超支】万相台今日已花 2,130，超过上限 2,000"


def test_facts_of_an_older_version_do_not_stop_a_message() -> None:
    message = Message("firing", "overspend", Level.CRITICAL, ("wxt",), ({"spent": "many"},), NOON, NOON)
    assert text_of(message, "en", ZONE)[0] == "[Overspent] many"
