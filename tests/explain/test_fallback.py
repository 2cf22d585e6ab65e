"""Where the solver fails the amounts in force are scaled into the limits; that plan is shown and saved as any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.decide_scale import a_shop
from bidder import cycle
from bidder.decide import Policy, decide
from bidder.errors import Source
from bidder.explain.plan import document
from bidder.guard import GuardSettings
from bidder.optimizer import solve
from bidder.optimizer.program import Program, Solution
from bidder.rules.base import Rule
from bidder.rules.total import Total
from bidder.store import open_store


def test_a_plan_without_a_solver_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(program: Program, seconds: float) -> Solution:
        raise OSError("no solver here")

    monkeypatch.setattr(solve, "engine", broken)
    rule = Rule("total", Total.model_validate({"max": "200"}), Source("test"))
    decision = decide(a_shop(4, 21), Policy((rule,), guard=GuardSettings(check_history=False)))
    shown = document(decision)
    assert (shown.certificate.status, shown.certificate.gap) == ("fallback", None)
    store = open_store(f"sqlite:///{tmp_path}/bidder.db")
    cycle.save(decision, store, decision.snapshot.as_of)
    kept = store.plan()
    assert kept is not None
    assert kept.document["certificate"] == {"status": "fallback", "gap": None}
    store.close()
