"""The experiment that runs: drawn when its rule first decides, kept in the store, the same until its weeks are over.

`trials_now` gives a Snapshot its draw: the one that was kept, else the one that would be drawn now, refused where it
could not show what it is for. `keep` remembers it with a journal line, before the first plan that stands on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from bidder.catalog import Mode
from bidder.decide import Policy
from bidder.experiment.effect import Finding, finding
from bidder.experiment.size import Size, size_of
from bidder.ids import BudgetId
from bidder.money import Money, currency_of
from bidder.rules.attributes import Attributes
from bidder.rules.base import Rule
from bidder.rules.chosen import chosen_by
from bidder.rules.holdout import Experiment
from bidder.snapshot import EPOCH_ORDINAL, Snapshot
from bidder.store.protocol import Store, StoreReader
from bidder.trial import Trial, TrialUnit

__all__ = ["Planned", "effect_now", "experiment_of", "keep", "kept_trial", "planned", "trials_now"]

KEY = "experiment"
"""What the store remembers the draw under."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An experiment before it begins: what would be drawn, and what it could see."""

    trial: Trial
    size: Size


def experiment_of(policy: Policy) -> Rule | None:
    """The rule that is an experiment."""
    return next((rule for rule in policy.rules if isinstance(rule.kind, Experiment) and rule.enabled), None)


def planned(rule: Rule, policy: Policy, snapshot: Snapshot) -> Planned:
    """What would be drawn on the snapshot's day; `trial.refused` says why it would not begin."""
    kind = rule.kind
    assert isinstance(kind, Experiment)
    trial = kind.draw(chosen_by(rule, Attributes(snapshot)), snapshot, rule.name)
    size = size_of(snapshot, trial, policy.response.late)
    return Planned(replace(trial, refused=_refusal(kind, trial, size, snapshot)), size)


def trials_now(policy: Policy, snapshot: Snapshot, store: StoreReader) -> Mapping[str, Trial]:
    """The draw of the policy's experiment for this Snapshot; nothing where there is none, or it begins later."""
    rule = experiment_of(policy)
    if rule is None:
        return {}
    assert isinstance(rule.kind, Experiment)
    kept = kept_trial(store)
    if kept is not None and kept.key == rule.kind.key(rule.name) and not _again(kept, snapshot):
        return {rule.name: kept}
    waits = rule.kind.from_ is not None and snapshot.day < rule.kind.from_
    return {} if waits else {rule.name: planned(rule, policy, snapshot).trial}


def keep(store: Store, policy: Policy, snapshot: Snapshot, now: datetime) -> None:
    """Remembers a draw that is new, and that one is over whose rule is gone; each with its journal line."""
    kept, rule = kept_trial(store), experiment_of(policy)
    trial = None if rule is None else snapshot.trials.get(rule.name)
    same = trial is not None and kept is not None and kept.key == trial.key
    if trial is not None and same and kept is not None and _again(kept, snapshot):
        store.set_value(KEY, _written(trial, now))
    if trial is not None and not (same and kept is not None and bool(kept.refused) is bool(trial.refused)):
        store.set_value(KEY, _written(trial, now))
        what = "an experiment was refused" if trial.refused else "an experiment begins"
        out = sorted(str(budget) for unit in trial.units if unit.out for budget in unit.budgets)
        first = date.fromordinal(trial.first + EPOCH_ORDINAL)
        store.append(
            "note", now, what=what, experiment=trial.word, rule=trial.rule, seed=trial.seed, first=first.isoformat(),
            days=trial.days, left_alone=out, blocks="".join("+" if one else "-" for one in trial.on),
            **({"reason": trial.refused} if trial.refused else {}),
        )  # fmt: skip
    elif rule is None and kept is not None and kept.runs(snapshot.today):
        days = snapshot.today - kept.first
        store.set_value(KEY, {**store.value(KEY), "days": days})
        store.append("note", now, what="an experiment was ended early", rule=kept.rule, days=days)


def effect_now(policy: Policy, snapshot: Snapshot, store: StoreReader) -> Finding | None:
    """What the kept experiment has shown until now; None where none was ever begun."""
    trial = kept_trial(store)
    return None if trial is None else finding(snapshot, trial, policy.response.late)


def kept_trial(store: StoreReader) -> Trial | None:
    """The newest experiment, running or over; amounts that people have set since it began are the old ones now."""
    kept: Any = store.value(KEY)
    if not isinstance(kept, Mapping):
        return None
    trial = _read(kept)
    amounts = dict(trial.amounts)
    since = datetime.fromisoformat(kept["at"])
    for line in reversed(store.journal(kind="foreign_edit", since=since)):
        budget = BudgetId.parse(str(line.facts["budget"]))
        found = Money.parse(str(line.facts["found"]).split()[0], currency_of(str(line.facts["currency"])))
        amounts[budget] = found
    hand = [line for line in store.journal(kind="approved", since=since) if line.facts.get("by") == "hand"]
    plans = {str(line.facts["plan"]) for line in hand}
    if plans:
        for write in store.writes(since):
            if str(write.plan) in plans and write.status == "applied":
                amounts[write.budget] = write.after
    return replace(trial, amounts=amounts)


def _again(kept: Trial, snapshot: Snapshot) -> bool:
    """What was refused is looked at again on another day: figures grow."""
    return bool(kept.refused) and kept.first != snapshot.today


def _refusal(kind: Experiment, trial: Trial, size: Size, snapshot: Snapshot) -> str:
    if size.why:
        return size.why
    modes = {account.id: account.mode for account in snapshot.accounts}
    drawn = {budget.account for unit in trial.units for budget in unit.budgets}
    if modes and all(modes.get(account) is Mode.OBSERVE for account in drawn):
        return "its accounts are in observe: bidder changes nothing there that could be compared"
    least = size.of("profit")
    if least is None or least > kind.plausible:
        shown = "none below 300%" if least is None else f"{least:.0%}"
        return f"the smallest effect on profit that it would see is {shown}, above plausible: {kind.plausible:.0%}"
    return ""


def _written(trial: Trial, now: datetime) -> Mapping[str, Any]:
    return {
        "rule": trial.rule,
        "word": trial.word,
        "key": trial.key,
        "seed": trial.seed,
        "first": date.fromordinal(trial.first + EPOCH_ORDINAL).isoformat(),
        "days": trial.days,
        "units": [
            {"name": one.name, "budgets": [str(b) for b in one.budgets], "stratum": one.stratum, "out": one.out}
            for one in trial.units
        ],
        "on": list(trial.on),
        "block": trial.block,
        "washout": trial.washout,
        "amounts": {str(budget): [str(amount), str(amount.currency)] for budget, amount in trial.amounts.items()},
        "refused": trial.refused,
        "at": now.astimezone(UTC).isoformat(),
    }


def _read(kept: Mapping[str, Any]) -> Trial:
    return Trial(
        rule=kept["rule"],
        word=kept["word"],
        key=kept["key"],
        seed=int(kept["seed"]),
        first=date.fromisoformat(kept["first"]).toordinal() - EPOCH_ORDINAL,
        days=int(kept["days"]),
        units=tuple(
            TrialUnit(
                one["name"], tuple(BudgetId.parse(b) for b in one["budgets"]), int(one["stratum"]), bool(one["out"])
            )
            for one in kept["units"]
        ),
        on=tuple(bool(one) for one in kept["on"]),
        block=int(kept["block"]),
        washout=int(kept["washout"]),
        amounts={
            BudgetId.parse(name): Money.parse(amount.split()[0], currency_of(currency))
            for name, (amount, currency) in kept["amounts"].items()
        },
        refused=kept["refused"],
    )
