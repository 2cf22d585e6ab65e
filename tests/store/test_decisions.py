"""A day is decided once, whole, and only by who holds the lease; reads of one state cost one transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bidder.errors import LeaseTaken
from bidder.ids import PlanId
from bidder.store.protocol import StoredPlan
from tests.stores import Stores

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


def a_plan(name: str) -> StoredPlan:
    return StoredPlan(PlanId(name), NOW, "2026-03-02", {"day": "2026-03-02", "name": name}, "proposed")


def test_only_the_first_decision_of_a_day_is_saved(stores: Stores) -> None:
    store = stores.new().open()
    assert store.decide_once("day", "2026-03-02", a_plan("one"), NOW, {"plan": "one"}, {"due": [1]})
    assert not store.decide_once("day", "2026-03-02", a_plan("two"), NOW, {"plan": "two"}, {"due": [2]})
    assert [one.id for one in store.plans()] == ["one"]
    assert [line.facts["plan"] for line in store.journal(kind="decided")] == ["one"]
    assert (store.value("day"), store.value("due")) == ("2026-03-02", [1])
    assert store.decide_once("day", "2026-03-03", a_plan("three"), NOW, {"plan": "three"}, {})
    assert [(one.id, one.status) for one in store.plans()] == [("three", "proposed"), ("one", "superseded")]
    assert store.verify_journal() is None
    store.close()


def test_who_lost_the_lease_saves_nothing(stores: Stores) -> None:
    place = stores.new()
    away, other = place.open(), place.open()
    away.take_lease("daemon", "away", NOW, timedelta(seconds=1))
    other.take_lease("daemon", "other", NOW + timedelta(seconds=2), timedelta(seconds=60))
    with pytest.raises(LeaseTaken):
        away.decide_once("day", "2026-03-02", a_plan("one"), NOW, {}, {})
    assert other.plans() == []
    assert other.value("day") is None
    assert other.decide_once("day", "2026-03-02", a_plan("two"), NOW, {}, {})
    away.close()
    other.close()


def test_reads_as_one_see_one_state_while_another_writes(stores: Stores) -> None:
    place = stores.new()
    store, other = place.open(), place.open()
    store.set_value("key", "before")
    with store.as_one():
        assert store.value("key") == "before"
        other.set_value("key", "after")
        with store.as_one():
            assert store.value("key") == "before"
        assert store.value("key") == "before"
    assert store.value("key") == "after"
    store.close()
    other.close()
