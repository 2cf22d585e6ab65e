"""The draw is made once, kept with its journal line, and left as it is by restarts, other figures and people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bidder.account_day import AccountDay
from bidder.catalog import Mode
from bidder.decide import Policy, decide
from bidder.errors import Source
from bidder.ids import BudgetId, PlanId
from bidder.plan import Applied
from bidder.rules.base import Rule
from bidder.rules.holdout import Holdout
from bidder.rules.switchback import Switchback
from bidder.rules.total import DayCap
from bidder.snapshot import Snapshot
from bidder.store.protocol import Store
from bidder.trial import Trial
from bidder.trials import KEY, effect_now, keep, kept_trial, planned, trials_now
from tests.builders import yuan
from tests.builders_events import an_event
from tests.experiment.worlds import a_world, moved_by
from tests.stores import Stores

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
PLACE = Source("bidder.yaml", 9, 3)


def a_policy(*, share: str = "20%", seed: int = 1, plausible: str = "100%", switchback: bool = False) -> Policy:
    facts = {"seed": seed, "plausible": plausible}
    kind: Holdout | Switchback = (
        Switchback.model_validate({"weeks": 8, **facts})
        if switchback
        else Holdout.model_validate({"share": share, **facts})
    )
    cap = DayCap.model_validate({"max": 10_000})
    return Policy(rules=(Rule("experiment", kind, PLACE), Rule("day max", cap, PLACE)))


def shop(after: int = 0, *, seed: int = 4, mode: Mode = Mode.APPLY, moved: list[bool] | None = None) -> Snapshot:
    seen = a_world(seed, n=40, days=60, after=after, wild=20, moved=moved, gain=0.3 if moved else 0.0)
    return replace(seen, accounts=tuple(replace(one, mode=mode) for one in seen.accounts))


def at(after: int) -> datetime:
    return NOW + timedelta(days=after)


def begin(store: Store, policy: Policy, seen: Snapshot, after: int = 0) -> Trial:
    seen = replace(seen, trials=trials_now(policy, seen, store))
    keep(store, policy, seen, at(after))
    (trial,) = seen.trials.values()
    return trial


def test_the_draw_is_kept_with_its_line_and_stands_whatever_is_spent_since(stores: Stores) -> None:
    place, policy = stores.new(), a_policy()
    store = place.open()
    trial = begin(store, policy, shop())
    assert trial.refused == ""
    assert sum(unit.out for unit in trial.units) == 8
    store.close()
    store = place.open()  # a restart
    assert kept_trial(store) == trial
    assert begin(store, policy, shop(5, seed=99), 5) == trial
    (line,) = [one for one in store.journal(kind="note") if one.facts["what"].startswith("an experiment")]
    assert line.facts["what"] == "an experiment begins"
    assert len(line.facts["left_alone"]) == 8
    assert line.facts["seed"] == 1
    other = begin(store, a_policy(seed=2), shop(6), 6)  # what is written otherwise is another experiment
    assert (other.first, other.units) != (trial.first, trial.units)
    assert store.verify_journal() is None


def test_a_plan_leaves_the_drawn_ones_on_their_old_amounts_and_moves_others(tmp_path: Path) -> None:
    store, policy = Stores(tmp_path, None).new().open(), a_policy()
    trial = begin(store, policy, shop())
    seen = shop(9, moved=moved_by(trial, 40))
    decision = decide(replace(seen, trials=trials_now(policy, seen, store)), policy)
    alone = trial.alone(seen.today)
    changes = {change.budget: change for change in decision.plan.changes}
    assert all(not changes[budget].moves for budget in alone)
    assert sum(change.moves for change in changes.values()) > 10
    free = decide(seen, Policy(rules=policy.rules[1:]))
    assert any(change.moves for change in free.plan.changes if change.budget in alone)


def test_in_a_block_without_bidder_budgets_go_back_by_steps(tmp_path: Path) -> None:
    store, policy = Stores(tmp_path, None).new().open(), a_policy(switchback=True)
    begun = shop()
    trial = begin(store, policy, begun)
    off = trial.on.index(False) * 7
    seen = shop(off)
    apart = {one.id: one.now for one in seen.budgets}
    moved = tuple(
        replace(one, now=None if one.now is None else yuan(round(one.now.to_float() * (2 if i % 2 else 0.8), 2)))
        for i, one in enumerate(seen.budgets)
    )
    seen = replace(seen, budgets=moved, trials={"experiment": trial})
    decision = decide(seen, policy)
    assert decision.held == ()
    for change in decision.plan.changes:
        old, before = apart[change.budget], change.before
        assert old is not None
        assert before is not None
        target = max(old.to_float(), before.to_float() * 0.6)  # the default step down; up it is 30 %
        assert change.after.to_float() == pytest.approx(target, abs=0.02)


def test_near_an_event_nothing_is_held_out(tmp_path: Path) -> None:
    store, policy = Stores(tmp_path, None).new().open(), a_policy()
    trial = begin(store, policy, shop())
    seen = replace(shop(9), trials={"experiment": trial})
    near = an_event("618", ("burst", "2026-03-22", "2026-03-23"))
    decided = decide(replace(seen, calendar=(near,)), policy)
    assert "experiment" not in {one.rule for one in decided.limits.bounds}
    assert "experiment" in {one.rule for one in decide(seen, policy).limits.bounds}


def test_what_could_show_nothing_is_refused_and_looked_at_again(tmp_path: Path) -> None:
    store = Stores(tmp_path, None).new().open()
    few = a_policy(share="10%", plausible="1%")
    trial = begin(store, few, shop())
    assert "above plausible: 1%" in trial.refused
    assert trial.alone(trial.first) == frozenset()
    again = begin(store, few, shop(3), 3)
    assert (again.refused != "", again.first) == (True, trial.first + 3)
    notes = [one.facts for one in store.journal(kind="note")]
    assert [one["what"] for one in notes] == ["an experiment was refused"]
    assert "observe" in begin(store, a_policy(), shop(mode=Mode.OBSERVE)).refused
    began = begin(store, a_policy(), shop(1), 1)
    assert began.refused == ""
    assert began.runs(began.first)


def test_an_amount_that_a_person_sets_is_the_old_amount_from_then_on(stores: Stores) -> None:
    store, policy = stores.new().open(), a_policy()
    trial = begin(store, policy, shop())
    one, two = sorted(trial.alone(trial.first), key=str)[:2]
    facts = {"budget": str(one), "expected": "1.00", "found": "77.00", "currency": "CNY"}
    store.append("foreign_edit", at(2), seen="poll", **facts)
    store.append("approved", at(3), plan="abc123", by="hand", budgets=[])
    intent = store.begin(PlanId("abc123"), two, trial.amounts[two], yuan(88), at(3))
    store.finish(intent, Applied(yuan(88)), at(3), AccountDay.of(at(3), "UTC").date.toordinal() - 719163)
    third = BudgetId.parse(str(trial.units[-1].budgets[0]))
    intent = store.begin(PlanId("other"), third, trial.amounts[third], yuan(5), at(3))  # bidder's own plan
    store.finish(intent, Applied(yuan(5)), at(3), AccountDay.of(at(3), "UTC").date.toordinal() - 719163)
    kept = kept_trial(store)
    assert kept is not None
    assert (kept.amounts[one], kept.amounts[two]) == (yuan(77), yuan(88))
    assert kept.amounts[third] == trial.amounts[third]


def test_an_experiment_whose_rule_is_gone_is_over_and_its_effect_stays(tmp_path: Path) -> None:
    store, policy = Stores(tmp_path, None).new().open(), a_policy()
    trial = begin(store, policy, shop())
    bare = Policy(rules=policy.rules[1:])
    seen = shop(10, moved=moved_by(trial, 40))
    keep(store, bare, replace(seen, trials=trials_now(bare, seen, store)), at(10))
    kept = kept_trial(store)
    assert kept is not None
    assert (kept.days, kept.runs(seen.today)) == (10, False)
    found = effect_now(bare, shop(30, moved=moved_by(trial, 40)), store)
    assert found is not None
    assert found.days == 10
    assert [one.outcome for one in found.measured] == ["profit", "orders", "spend"]
    assert store.value(KEY)["days"] == 10


def test_the_same_figures_and_seed_give_the_same_draw_in_any_order() -> None:
    policy = a_policy()
    seen = shop()
    order = np.random.default_rng(1).permutation(len(seen.budgets))
    mixed = Snapshot.build(
        as_of=seen.as_of, day=seen.day, currency=seen.currency, accounts=seen.accounts,
        budgets=[seen.budgets[i] for i in order], products=seen.products,
        history=replace(seen.history, budget=np.argsort(order)[seen.history.budget]),
    )  # fmt: skip
    one, two = (planned(policy.rules[0], policy, s).trial for s in (seen, mixed))
    assert one.units == two.units
