"""bench/alloc_plan.py on the benchmark's own instances: every limit kept to the cent, and better than simple splits."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bench.alloc_plan import main
from bench.learned import snapshot_of


@pytest.fixture(scope="module")
def alloc_bench(shared_dir: Path) -> ModuleType:
    """The benchmark as a module (it needs SciPy only for references that are not used here)."""
    missing = importlib.util.find_spec("scipy") is None
    if missing:
        stand_in = ModuleType("scipy")
        stand_in.optimize = stand_in.special = None  # type: ignore[attr-defined]  # names that are imported, never used
        sys.modules["scipy"] = stand_in
    spec = importlib.util.spec_from_file_location("alloc_bench", shared_dir / "bench" / "alloc_bench.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if missing:
        del sys.modules["scipy"]
    return module


def planned(
    alloc_bench: Any, folder: Path, n: int, seed: int, family: str, objective: str = "margin"
) -> dict[str, Any]:
    """The score of the plan, and beside it that of keeping past shares and of an even split."""
    alloc_bench.write_instance(str(folder), n, family, seed, None, objective)
    main(folder)
    instance, truth, plan = (
        json.loads((folder / f"{name}.json").read_text()) for name in ("instance", "truth", "plan")
    )
    score: dict[str, Any] = alloc_bench.score_plan(instance, truth, plan)
    problem = alloc_bench.Problem(instance)
    habit = np.array([truth["curves"][name]["habit"] for name in problem.ids])
    for name, weight in (("habit", habit), ("even", np.ones(n))):
        amounts = dict(zip(problem.ids, alloc_bench.project(problem, weight), strict=True))
        score[name] = alloc_bench.score_plan(instance, truth, amounts)["ratio"]
    return score


@pytest.mark.parametrize("family", ["hill", "mixed"])
def test_plans_keep_every_limit_and_beat_habit(alloc_bench: Any, tmp_path: Path, family: str) -> None:
    scores = [planned(alloc_bench, tmp_path / f"{n}-{seed}", n, seed, family) for n in (5, 20) for seed in (40, 41, 42)]
    assert all(score["feasible"] for score in scores)
    mean = np.mean([score["ratio"] for score in scores])
    assert mean >= 0.95
    assert mean >= np.mean([score["habit"] for score in scores]) + 0.02
    assert mean >= np.mean([score["even"] for score in scores]) + 0.05


def test_where_spend_costs_money_it_is_left_when_it_does_not_earn(alloc_bench: Any, tmp_path: Path) -> None:
    score = planned(alloc_bench, tmp_path / "net", 20, 43, "hill", "net")
    assert score["feasible"]
    assert score["ratio"] > max(score["habit"], score["even"])


def test_the_names_of_products_do_not_matter(alloc_bench: Any, tmp_path: Path) -> None:
    alloc_bench.write_instance(str(tmp_path), 8, "mixed", 44)
    main(tmp_path)
    plan = json.loads((tmp_path / "plan.json").read_text())
    for name in ("instance.json", "history.csv"):
        text = (tmp_path / name).read_text()
        for old in range(8):  # p0000 … p0007 become q0007 … q0000
            text = text.replace(f"p{old:04d}", f"q{7 - old:04d}")
        (tmp_path / name).write_text(text)
    main(tmp_path)
    renamed = json.loads((tmp_path / "plan.json").read_text())
    assert {f"q{7 - int(name[1:]):04d}": amount for name, amount in plan.items()} == renamed


def test_history_counts_as_final(alloc_bench: Any, tmp_path: Path) -> None:
    instance, _ = alloc_bench.write_instance(str(tmp_path), 5, "hill", 45)
    snapshot = snapshot_of(instance, tmp_path / "history.csv")
    assert len(snapshot.budgets) == 5
    assert (snapshot.as_of.date() - snapshot.day).days == 30
    assert int(snapshot.history.day.max()) == snapshot.today - 1
