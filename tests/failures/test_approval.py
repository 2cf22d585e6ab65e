"""Approval: a plan whose amounts or whose configuration moved cannot be approved; lines can be refused one by one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bidder.store import open_store
from tests.connectors.http.shops import bidder
from tests.failures.processes import make_shop


@pytest.fixture(autouse=True)
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, str]]]:
    monkeypatch.chdir(make_shop(tmp_path, "propose"))
    for name in ("BIDDER_STORE", "BIDDER_LISTEN", "BIDDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    bidder("poll")
    shown: dict[str, list[dict[str, str]]] = bidder("plan", "--json").json
    return shown


def moved(plan: dict[str, list[dict[str, str]]]) -> list[str]:
    return [line["id"] for line in plan["budgets"] if line["now"] != line["planned"]]


def test_another_configuration_makes_a_plan_stale(plan: dict[str, list[dict[str, str]]]) -> None:
    path = Path("bidder.yaml")
    path.write_text(path.read_text().replace("max: 3000", "max: 2900"))
    assert "another configuration" in bidder("apply", "--yes", code=3).stderr


def test_a_moved_amount_makes_a_plan_stale_and_the_other_lines_can_still_be_approved(
    plan: dict[str, list[dict[str, str]]],
) -> None:
    names = moved(plan)
    assert len(names) >= 2
    state = json.loads(Path("platform.json").read_text())
    line = next(one for one in plan["budgets"] if one["id"] == names[0])
    bidder("set", names[0], str(round(float(line["now"]) - 1, 2)))
    assert state
    assert "moved since" in bidder("apply", "--yes", code=3).stderr
    assert bidder("apply", "--only", names[1], "--yes", "--json").json[0]["outcome"] == "Applied"


def test_reject_whole_and_line_by_line(plan: dict[str, list[dict[str, str]]]) -> None:
    names = moved(plan)
    bidder("reject", "--only", names[0])
    assert "rejected" in bidder("apply", "--only", names[0], "--yes", code=3).stderr
    written = bidder("apply", "--yes", "--json").json
    assert names[0] not in {one["budget"] for one in written}
    assert {one["budget"] for one in written} == set(names[1:])
    assert "applied already" in bidder("reject", code=3).stderr
    assert "has no budget" in bidder("reject", "--only", "wxt/none", code=2).stderr
    assert "is saved" in bidder("reject", "zz", code=2).stderr


def test_a_rejected_plan_and_one_that_a_newer_replaced_are_no_longer_there_to_approve(
    plan: dict[str, list[dict[str, str]]],
) -> None:
    bidder("reject", "--reason", "not today")
    assert "is rejected" in bidder("apply", "--yes", code=3).stderr
    bidder("plan")
    store = open_store("sqlite:///bidder.db")
    kinds = [line.kind for line in store.journal()]
    first = store.plan()
    assert first is not None
    store.close()
    assert "rejected" in kinds
