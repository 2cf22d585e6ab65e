"""Exit 4 and the smallest set that clashes where a cap leaves less than platforms take and no cut may go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bidder.cli.planning import FACTS, nothing_safe
from bidder.errors import SolveError
from tests.cli.test_plan import SHOP, bidder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_STORE", "BIDDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_cap_below_what_platforms_take_is_said_with_its_place(folder: Path) -> None:
    path = folder / "bidder.yaml"
    path.write_text(
        SHOP.replace("MODE", "propose").replace("month: 60000, day: {max: 3000}", "day: {max: 100}"), "utf-8"
    )
    bidder("poll")
    said = bidder("plan", code=4)
    assert "nothing safe is left" in said
    assert "day max (bidder.yaml:3:16)" in said
    assert FACTS in said
    path.write_text(path.read_text("utf-8").replace("max: 100", "max: 3000"), "utf-8")
    bidder("plan")


def document(**facts: Any) -> dict[str, Any]:
    gave = {"gave": {"rule": FACTS, "source": None}, "by": 20.0, "rules": [{"rule": "day max", "source": "b.yaml:2:1"}]}
    lines = [{"id": "a/1", "now": "90.00", "planned": "8.00"}, {"id": "a/2", "now": "90.00", "planned": "90.00"}]
    usual = {"holds": [{"budget": "a/1"}], "budgets": lines, "clashes": [{**gave, "slowed": False}]}
    return {**usual, **facts}


def test_while_one_change_may_go_on_a_plan_is_a_plan() -> None:
    with pytest.raises(SolveError, match=r"day max \(b.yaml:2:1\)"):
        nothing_safe(document())
    nothing_safe(document(holds=[]))
    at_the_least = [{"id": "a/1", "now": "10.00", "planned": "10.00"}]
    with pytest.raises(SolveError, match="at what platforms take at least"):
        nothing_safe(document(holds=[], budgets=at_the_least))
    nothing_safe(document(clashes=[]))
    nothing_safe(document(budgets=[]))
