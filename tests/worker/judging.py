"""What must be true of a fleet whatever happened to its workers: told from its platforms and its journals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

from bidder.money import MICROS
from tests.worker.fleet import Fleet

__all__ = ["calm", "decided_days", "faults_of"]


def decided_days(fleet: Fleet, name: str) -> Counter[str]:
    """How often each account day was decided."""
    with fleet.reading(name) as store:
        return Counter(str(line.facts["day"]) for line in store.journal(kind="decided"))


def faults_of(fleet: Fleet, name: str, cap: int, days: tuple[date, date]) -> list[str]:
    """What is wrong with a shop that should be well: nothing, if all is. `days`: from the first to the last over."""
    found = []
    decided = decided_days(fleet, name)
    day = days[0]
    while day <= days[1]:
        if decided[day.isoformat()] != 1:
            found.append(f"{name}: {day} was decided {decided[day.isoformat()]} times")
        day += timedelta(days=1)
    found += [f"{name}: {day} was decided {times} times" for day, times in decided.items() if times > 1]
    with fleet.reading(name) as store:
        chain = store.verify_journal()
        intents = {line.facts["budget"] for line in store.journal(kind="intent")}
        begun = Counter((line.facts["budget"], line.facts["after"]) for line in store.journal(kind="intent"))
        amounts = {one.budget.id.native: one.budget.now.micros for one in store.budgets() if one.budget.now is not None}
        writes = store.writes(fleet.began - timedelta(days=1))
        for write in reversed(writes):
            amounts[write.budget.native] = write.before.micros  # in the end, what there was before the first
        by_plan = Counter((write.plan, write.budget.native) for write in writes if write.status == "applied")
    if chain is not None:
        found.append(f"{name}: {chain}")
    most = max(cap * MICROS, sum(amounts.values()))
    edits = [edit for edit in fleet.state(name).edits if edit.amount is not None]
    for edit in edits:
        assert edit.amount is not None
        amount = edit.amount * MICROS // 100
        if amounts[edit.campaign] == amount:
            found.append(f"{name}: {edit.campaign} was set to {amount / MICROS} again at {edit.at}")
        amounts[edit.campaign] = amount
        if sum(amounts.values()) > most:
            found.append(f"{name}: {sum(amounts.values()) / MICROS} in all is above {most / MICROS} at {edit.at}")
    if edits and not intents:
        found.append(f"{name}: budgets were written without intents")
    written = Counter((f"wxt/{edit.campaign}", f"{(edit.amount or 0) / 100:.2f}") for edit in edits)
    for key, times in written.items():
        if times > begun[key]:
            found.append(f"{name}: {key} was written {times} times, with {begun[key]} intents")
    found += [f"{name}: {key} was written {times} times" for key, times in by_plan.items() if times > 1]
    return found


def calm(fleet: Fleet, names: Iterable[str]) -> bool:
    """Whether nothing is left to be done: all that are well are decided and written, and no job waits for long."""
    for name in names:
        with fleet.reading(name) as store:
            left = (store.value("apply_due") or {}).get("parts")
            if store.value("decided_day") != fleet.today(name).isoformat() or left or store.open_intents():
                return False
    waiting = fleet.jobs(
        "SELECT count(*) FROM procrastinate_jobs AS job WHERE status IN ('todo', 'doing') AND task_name <> 'tick'"
        " AND coalesce(scheduled_at, (SELECT min(at) FROM procrastinate_events WHERE job_id = job.id))"
        " < now() - interval '10 seconds'"
    )
    return waiting == [(0,)]
