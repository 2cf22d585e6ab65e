"""What rules do, before they do it: `bidder check --effect`, on the store's figures and on worlds like the shop.

Each rule that is new, changed or gone is tried alone on top of the rules now in force (those of the last saved plan);
where none are known, each rule is taken away from the written ones. The last line is all of it together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from bidder.decide import Decision, Policy, decide
from bidder.errors import BidderError, SolveError
from bidder.response.forecast import forecast
from bidder.rules.attributes import Attributes
from bidder.rules.base import Rule
from bidder.rules.evaluate import chosen_by
from bidder.snapshot import Snapshot

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bidder.config.load import Config
    from bidder.store.protocol import StoreReader

__all__ = ["config_effect", "effect", "effect_table", "in_force", "simulated"]

SHOWN = 3
"""Budgets that a line names before it counts the others."""


@dataclass(frozen=True, slots=True)
class _Figures:
    spend: float
    profit: float
    moved: float
    """Half of the changes' sum over what is in force: the turnover."""

    @classmethod
    def of(cls, decision: Decision) -> _Figures:
        snapshot = decision.snapshot
        after = {change.budget: change.after for change in decision.plan.changes}
        planned = np.array([after[b.id].to_float() * snapshot.rate(b.currency) for b in snapshot.budgets])
        expected = forecast(decision.curves, planned)
        now = np.nan_to_num(snapshot.now)
        moved = float(np.abs(planned - now).sum()) / 2 / max(float(now.sum()), 1e-12)
        return cls(float(expected.spend.sum()), float(expected.profit.sum()), moved)

    def beside(self, other: _Figures) -> dict[str, float]:
        return {
            "spend": round(self.spend - other.spend, 2) + 0.0,
            "profit": round(self.profit - other.profit, 2) + 0.0,
            "turnover": round(self.moved - other.moved, 4) + 0.0,
        }


def in_force(store: StoreReader) -> Policy | None:
    """The policy of the last saved plan, read anew from its own text; None where there is none that can be read."""
    from bidder.config.load import load

    kept = store.value("policy")
    if not isinstance(kept, Mapping):
        return None
    with TemporaryDirectory() as folder:
        for name, text in kept["files"]:
            (Path(folder) / name).write_text(text, "utf-8")
        try:
            return load(Path(folder) / kept["files"][0][0], env={}).policy
        except BidderError:
            return None  # an older version may have had other words


def effect(snapshot: Snapshot, written: Policy, force: Policy | None) -> dict[str, Any]:
    """What each rule selects and changes, and all of them together; money in the shop's currency a day."""
    base = written if force is None else force
    before = _figures(snapshot, base)
    attributes = Attributes(snapshot)
    rows = []
    for rule, status, policy in _trials(written, force):
        names = sorted(
            str(budget.id) for budget, mine in zip(snapshot.budgets, chosen_by(rule, attributes), strict=True) if mine
        )
        row: dict[str, Any] = {"rule": rule.name, "source": str(rule.source), "status": status, "selects": names}
        tried = None if policy is None else _figures(snapshot, policy)
        if policy is None:
            row |= {"spend": 0.0, "profit": 0.0, "turnover": 0.0}
        elif tried is None or before is None:
            row |= {"spend": None, "profit": None, "turnover": None}
        else:
            row |= before.beside(tried) if force is None else tried.beside(before)
        rows.append(row)
    together = _figures(snapshot, written)
    whole = None if together is None or before is None or force is None else together.beside(before)
    return {"against": "each rule taken away" if force is None else "the rules in force", "rules": rows, "all": whole}


def _trials(written: Policy, force: Policy | None) -> list[tuple[Rule, str, Policy | None]]:
    """Each rule with what became of it and the policy to try; None where nothing would change."""
    if force is None:
        without = [
            replace(written, rules=tuple(one for one in written.rules if one is not rule)) for rule in written.rules
        ]
        return [(rule, "written", policy) for rule, policy in zip(written.rules, without, strict=True)]
    old = {rule.name: rule for rule in force.rules}
    new = {rule.name: rule for rule in written.rules}
    trials: list[tuple[Rule, str, Policy | None]] = []
    for rule in written.rules:
        was = old.get(rule.name)
        if was is None:
            trials.append((rule, "new", replace(force, rules=(*force.rules, rule))))
        elif _same(was, rule):
            trials.append((rule, "unchanged", None))
        else:
            rules = tuple(rule if one.name == rule.name else one for one in force.rules)
            trials.append((rule, "changed", replace(force, rules=rules)))
    for rule in force.rules:
        if rule.name not in new:
            rest = tuple(one for one in force.rules if one is not rule)
            trials.append((rule, "gone", replace(force, rules=rest)))
    return trials


def _same(one: Rule, other: Rule) -> bool:
    def text(rule: Rule) -> tuple[Any, ...]:
        return (rule.where and rule.where.text, rule.when and rule.when.text, rule.priority, rule.enabled)

    return one.kind == other.kind and text(one) == text(other)


def _figures(snapshot: Snapshot, policy: Policy) -> _Figures | None:
    try:
        return _Figures.of(decide(snapshot, policy))
    except SolveError:
        return None


def simulated(snapshot: Snapshot, written: Policy, force: Policy, worlds: int, days: int) -> dict[str, Any]:
    """Profit, spend and turnover of the written rules less those in force, over worlds fitted to the shop."""
    from bidder.backtest.fitted import FittedGround
    from bidder.backtest.fitted import worlds as drawn
    from bidder.backtest.policies.ours import Ours, day_total
    from bidder.backtest.pool import played
    from bidder.backtest.score import student

    class InForce(Ours):
        name = "in force"
        title = "the rules in force"

    decision = decide(snapshot, written)
    total = day_total(decision)
    grounds = [
        FittedGround(one, snapshot, written.response.late, days, total) for one in drawn(decision.curves, worlds, 0)
    ]
    outcomes = played(grounds, written, [InForce(force)])

    def mean(name: str, what: str) -> np.ndarray[Any, Any]:
        runs = [one.runs[name] for one in outcomes]
        if what == "turnover":
            return np.array([run.turnover for run in runs])
        return np.array([float(getattr(run.earned, what).mean()) for run in runs])

    result: dict[str, Any] = {"worlds": worlds, "days": days}
    for what in ("profit", "spend", "turnover"):
        difference = mean("bidder", what) - mean("in force", what)
        result[what] = round(float(difference.mean()), 4)
        if what == "profit" and worlds > 1:
            error = float(difference.std(ddof=1)) / worlds**0.5 * student(worlds - 1)[0]
            result["profit_interval_80"] = [round(result[what] - error, 2), round(result[what] + error, 2)]
    return result


def effect_table(shown: Mapping[str, Any]) -> RenderableType:
    """The effect for a terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"a day, against {shown['against']}", title_justify="left", box=None, pad_edge=False)
    for name in ("rule", "status", "selects", "spend", "profit", "turnover"):
        left = name in ("rule", "status", "selects")
        table.add_column(name, justify="left" if left else "right", no_wrap=not left)
    for row in shown["rules"]:
        table.add_row(Text(row["rule"]), row["status"], Text(_selected(row["selects"])), *_cells(row))
    if shown["all"] is not None:
        table.add_row("all together", "", "", *_cells(shown["all"]))
    parts: list[RenderableType] = [table]
    found = shown.get("simulated")
    if found is not None:
        low, high = found.get("profit_interval_80", (None, None))
        interval = "" if low is None else f" (80 %: {low:+.2f} … {high:+.2f})"
        said = f"over {found['worlds']} worlds like this shop, {found['days']} days each: profit "
        said += f"{found['profit']:+.2f}{interval} a day, spend {found['spend']:+.2f}, "
        parts.append(Text(said + f"turnover {found['turnover']:+.2%}"))
    return Group(*parts)


def _selected(names: Sequence[str]) -> str:
    if not names:
        return "nothing"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    if row["spend"] is None:
        return ["no plan", "", ""]
    return [f"{row['spend']:+.2f}", f"{row['profit']:+.2f}", f"{row['turnover']:+.1%}"]


def config_effect(loaded: Config, worlds: int, days: int) -> dict[str, Any] | None:
    """The effect on the figures of the configured store; None where it knows nothing yet."""
    from bidder.cycle import snapshot_of, utc_now
    from bidder.store import open_reader

    store = open_reader(loaded.store_url)
    try:
        if not store.budgets() and not len(store.reports()):
            return None
        snapshot, force = snapshot_of(loaded, store, utc_now()), in_force(store)
    finally:
        store.close()
    shown = effect(snapshot, loaded.policy, force)
    if worlds:
        shown["simulated"] = simulated(snapshot, loaded.policy, force or Policy(()), worlds, days)
    return shown
