"""A person's word on a saved plan: yes to all of it or to single lines, or no. One door for commands and page.

Called by `bidder apply` and `bidder reject` and by :mod:`bidder.daemon.desk`. What has become stale is refused: a plan
of another day, one made with another configuration, amounts that somebody has moved since.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from bidder.apply import WriteResult
from bidder.apply_bids import BidResult
from bidder.catalog import Mode
from bidder.config.load import Config
from bidder.connectors.protocol import BudgetWriter
from bidder.cycle import Clock, apply_offers, apply_plan
from bidder.errors import ConfigError, Fault, UnsafePlan
from bidder.halting import obey
from bidder.ids import AccountId, PlanId
from bidder.store.protocol import Store, StoredPlan, StoreReader, rejected_key

__all__ = ["APPROVING", "approve", "check_applicable", "named", "reject"]

APPROVING = (Mode.APPLY, Mode.PROPOSE)
"""The modes whose accounts are opened for writing once a person has said yes."""


def named(store: StoreReader, plan: str | None) -> StoredPlan:
    """That plan (a beginning of its id is enough), or the newest. Raises ConfigError when there is none."""
    stored = store.plan(None if plan is None else PlanId(plan))
    if stored is None:
        raise ConfigError([Fault(None, f"no plan {plan or ''} is saved: make one with bidder plan or bidder run")])
    return stored


async def approve(
    stored: StoredPlan,
    only: Sequence[str] = (),
    *,
    by: str,
    config: Config,
    store: Store,
    writers: Mapping[AccountId, BudgetWriter],
    clock: Clock,
    today: date | None,
) -> Sequence[WriteResult | BidResult]:
    """Writes the plan, or the lines of `only`, after the same checks as ever; `by` goes into the journal.

    Budgets first, then the plan's bids and targets.

    `today` is the shop's account day; None where the plan's day cannot be held against a clock. Raises UnsafePlan,
    ConfigError, StoreError.
    """
    check_applicable(stored, only, config, store, today)
    obey(config, store, clock())
    store.append("approved", clock(), plan=stored.id, by=by, only=list(only))
    bids = {row["id"] for row in stored.document.get("bids") or ()}
    budgets = [one for one in only if one not in bids]
    written: list[WriteResult | BidResult] = []
    if budgets or not only:
        written += await apply_plan(stored, config, store, writers, clock, approved=True, only=budgets)
    named_bids = [one for one in only if one in bids]
    if named_bids or not only:
        written += await apply_offers(stored, config, store, writers, clock, approved=True, only=named_bids)
    return written


def reject(stored: StoredPlan, only: Collection[str] = (), *, by: str, reason: str, store: Store, clock: Clock) -> None:
    """The plan, or the lines of `only`, can no longer be applied; today's budgets stay.

    Raises UnsafePlan when the plan was applied or replaced already, ConfigError for lines that it does not have.
    """
    _known_lines(stored, only)
    open_ = ("proposed", "held", "applied") if only else ("proposed", "held")
    if stored.status not in open_:
        raise UnsafePlan([f"plan {stored.id} is {stored.status} already"])
    if only:
        lines = sorted({*(store.value(rejected_key(stored.id)) or ()), *only})
        store.set_value(rejected_key(stored.id), lines)
    else:
        store.save_plan(replace(stored, status="rejected"))
    store.append("rejected", clock(), plan=stored.id, by=by, reason=reason, only=sorted(only))


def check_applicable(
    stored: StoredPlan, only: Sequence[str], config: Config, store: StoreReader, today: date | None
) -> None:
    """Refuses what must not be written: a held plan, lines that are not in it, whatever has become stale.

    A plan is stale after its account day, when the configuration is another one, and when an amount has moved. Raises
    UnsafePlan, ConfigError.
    """
    _known_lines(stored, only)
    refused = [one for one in only if one in (store.value(rejected_key(stored.id)) or ())]
    if refused:
        raise UnsafePlan([f"plan {stored.id}: {', '.join(refused)} was rejected"])
    held = [hold for hold in stored.document["holds"] if hold["budget"] is None]
    if held:
        raise UnsafePlan(f"{hold['check']}: {hold['reason']}" for hold in held)
    if stored.status not in ("proposed", "applied"):
        raise UnsafePlan([f"plan {stored.id} is {stored.status}"])
    if today is not None and stored.day != today.isoformat():
        raise UnsafePlan([f"plan {stored.id} is of {stored.day}, today is {today}: make a new one with bidder plan"])
    made_with = stored.document.get("policy", "")
    if made_with and made_with != config.digest:
        what = f"plan {stored.id} was made with another configuration ({made_with}, now {config.digest})"
        raise UnsafePlan([f"{what}: make a new one with bidder plan"])
    moved = _moved_since(stored, only, store)
    if moved:
        raise UnsafePlan([f"moved since plan {stored.id} was made: {one}" for one in moved])


def _known_lines(stored: StoredPlan, only: Collection[str]) -> None:
    lines = {line["id"] for line in (*stored.document["budgets"], *(stored.document.get("bids") or ()))}
    unknown = [one for one in only if one not in lines]
    if unknown:
        raise ConfigError([Fault(None, f"plan {stored.id} has no budget {', '.join(unknown)}")])


def _moved_since(stored: StoredPlan, only: Sequence[str], store: StoreReader) -> list[str]:
    """Lines whose amount, as last read, is neither the one the plan started from nor the one it wants."""
    now = {str(one.budget.id): one.budget.now for one in store.budgets()}
    moved = []
    for line in stored.document["budgets"]:
        amount = now.get(line["id"])
        if line["now"] == line["planned"] or (only and line["id"] not in only) or amount is None:
            continue
        if str(amount) not in (line["now"], line["planned"]):
            moved.append(f"{line['id']} is {amount}, was {line['now']}")
    return moved
