"""From the options of `bidder plan` to a Decision, and a Decision onto the screen. Shared by plan and explain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bidder.errors import ConfigError, Fault, SolveError, Source

if TYPE_CHECKING:
    from bidder.config.load import Config
    from bidder.decide import Decision, Policy
    from bidder.offers import Offers
    from bidder.reports import Reports
    from bidder.snapshot import Snapshot
    from bidder.store.protocol import StoredPlan, StoreReader

__all__ = ["Asked", "Decided", "decide_from", "explain_from", "nothing_safe", "read_files", "show_plan"]

FACTS = "platform minimum and maximum"
"""The bounds of :mod:`bidder.rules.platform`: what platforms take, which no cap can change."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that shape a plan, as typed."""

    history: tuple[Path, ...] = ()
    total: str | None = None
    currency: str | None = None
    day: str | None = None
    account: str | None = None
    objective: str | None = None
    year: int | None = None
    dates: str | None = None
    what_if: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """A decision with notes on what it stands on; `without` is the plan without what `asked` would change."""

    decision: Decision
    notes: tuple[str, ...] = ()
    without: Decision | None = None
    asked: tuple[str, ...] = ()
    offers: Offers | None = None
    """Bids that go with it, where they are on."""

    @property
    def bids(self) -> list[dict[str, Any]]:
        """The lines of bids that move."""
        from bidder.explain.bids import bid_line

        return [] if self.offers is None else [bid_line(one) for one in self.offers.proposals.moved]


def decide_from(asked: Asked, config: Path | None, store: str | None) -> Decided:
    """The decision that was asked for. Raises ConfigError for what cannot be used."""
    from bidder.config.load import load
    from bidder.decide import decide
    from bidder.explain.what_if import changed_policy

    loaded = load(config)
    notes: tuple[str, ...] = ()
    if asked.history:
        reports, notes = read_files(asked)
        snapshot = _bare(reports, asked)
        bare = True
    else:
        snapshot, bare = _from_store(asked, loaded, store)
    policy = _policy(asked, loaded, snapshot, bare)
    decision = decide(snapshot, policy)
    if not asked.what_if:
        return Decided(decision, notes, offers=None if bare else _offers(decision, loaded, store))
    return Decided(decide(snapshot, changed_policy(decision, asked.what_if)), notes, decision, asked.what_if)


def explain_from(asked: Asked, config: Path | None, store: str | None) -> Decided:
    """The decision to explain: that of the newest saved plan, made again on what was known then; else one made now.

    Raises ConfigError, StoreError, SolveError.
    """
    from bidder.config.load import load
    from bidder.decide import decide
    from bidder.store import open_reader

    loaded = load(config)
    if asked.history or asked.total or asked.objective or not loaded.accounts:
        return decide_from(asked, config, store)
    saved = open_reader(store or loaded.store_url)
    try:
        stored = saved.plan()
        if stored is None:
            return decide_from(asked, config, store)
        snapshot = _then(loaded, saved, stored)
    finally:
        saved.close()
    decision = decide(snapshot, loaded.policy)
    offers = _offers(decision, loaded, store)
    if decision.plan.id == stored.id:
        return Decided(decision, offers=offers)
    note = (
        f"the saved plan is {stored.id} of {stored.day}; made again it is {decision.plan.id}: the configuration, the "
        "products or the program have changed since, and this is what they give on what was known then"
    )
    return Decided(decision, (note,), offers=offers)


def _offers(decision: Decision, loaded: Config, url: str | None) -> Offers | None:
    """The bids that go with a decision, from the stored ones; None where bids are off."""
    if not loaded.bids:
        return None
    from bidder.offers import offers
    from bidder.store import open_reader

    saved = open_reader(url or loaded.store_url)
    try:
        return offers(decision, saved, loaded.bids)
    finally:
        saved.close()


def _then(loaded: Config, saved: StoreReader, stored: StoredPlan) -> Snapshot:
    """What was known when a saved plan was made, with the amounts in force that it says."""
    from bidder.account_day import AccountDay
    from bidder.cycle import HISTORY_DAYS, LATE_DAYS, hot_before, known_of
    from bidder.gather import gather
    from bidder.ids import BudgetId
    from bidder.money import Money
    from bidder.snapshot import day_number

    as_of = datetime.fromisoformat(stored.document["as_of"])
    day = date.fromisoformat(stored.day)
    lines = {line["id"]: line for line in stored.document["budgets"]}
    known = known_of(loaded, saved, as_of)
    budgets = [
        replace(
            one, now=None if lines[str(one.id)]["now"] is None else Money.parse(lines[str(one.id)]["now"], one.currency)
        )
        for one in known.budgets
        if str(one.id) in lines
    ]
    changed: dict[BudgetId, int] = {}
    for line in saved.journal(kind="outcome"):
        if line.at <= as_of and line.facts["result"] == "applied":
            written = BudgetId.parse(str(line.facts["budget"]))
            on = day_number(AccountDay.of(line.at, loaded.shop.timezone).date)
            changed[written] = max(changed.get(written, on), on)
    since = day_number(day) - HISTORY_DAYS
    then = replace(
        known,
        budgets=budgets,
        changed=changed,
        unresolved={one.budget: max(one.before, one.after) for one in saved.open_intents() if one.at <= as_of},
        foreign={budget: at for budget, at in known.foreign.items() if at <= as_of},
        activity=saved.activity(as_of, since),
        hot=hot_before(saved, day),
        amounts=saved.budget_history(as_of - timedelta(days=HISTORY_DAYS), standing=True),
        versions=saved.report_versions(day_number(day) - LATE_DAYS),
    )
    return gather(saved.reports(as_of, since), then, currency=loaded.shop.currency, day=day, as_of=as_of)


def show_plan(decided: Decided, *, as_json: bool) -> Mapping[str, Any]:
    """Prints the plan's document or its table; returns the document."""
    from bidder.bids.shop import not_used_up
    from bidder.explain.bids import bid_notes
    from bidder.explain.plan import document

    offers = decided.offers
    said = not_used_up(decided.decision.snapshot)  # the plan's own notes have these
    notes = (*decided.notes, *([] if offers is None else bid_notes(offers.proposals, said)))
    made = document(decided.decision, notes, without=decided.without, asked=decided.asked)
    shown = {**made.model_dump(mode="json"), "bids": decided.bids}
    if as_json:
        import typer

        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        from rich.console import Console

        from bidder.explain.plan_table import table

        console = Console()
        console.print(table(shown, console.width))
    return shown


def read_files(asked: Asked) -> tuple[Reports, tuple[str, ...]]:
    """The rows of the files that were named, and notes on them. Raises ImportRefused, ConfigError."""
    import numpy as np

    from bidder.connectors.files import ReadOptions, read_all
    from bidder.report_rows import last_day
    from bidder.reports import joined

    options = ReadOptions(
        account=asked.account,
        currency=asked.currency,
        year=asked.year,
        dates=_dates(asked.dates),
        window=None,
        timezone="UTC",
        observed_at=datetime(1970, 1, 1, tzinfo=UTC),
    )
    files = [one for path in asked.history for one in read_all(path, options)]
    notes = tuple(note for one in files for note in one.notes)
    reports = joined([one.reports for one in files])
    # a bare file has no memory: it is taken as seen the morning after its last day, when that day's orders were young
    seen = (last_day(reports) + 1) * 86_400.0
    return replace(reports, observed=np.full(len(reports), seen)), notes


def _dates(text: str | None) -> Literal["dmy", "mdy", "ymd"] | None:
    match text:
        case None | "dmy" | "mdy" | "ymd":
            return text
    raise ConfigError([Fault(Source("--dates"), f"expected dmy, mdy or ymd, was {text!r}")])


def _bare(reports: Reports, asked: Asked) -> Snapshot:
    from bidder.gather import Known, gather

    return gather(reports, Known(), day=_day(asked))


def _from_store(asked: Asked, loaded: Config, url: str | None) -> tuple[Snapshot, bool]:
    """From what the store holds; without configured accounts as a bare file is planned."""
    from bidder.cycle import snapshot_of, utc_now
    from bidder.gather import Known, gather
    from bidder.report_rows import only_account
    from bidder.store import open_reader

    saved = open_reader(url or loaded.store_url)
    try:
        if loaded.accounts:
            return snapshot_of(loaded, saved, utc_now(), _day(asked)), False
        reports = saved.reports()
        if asked.account is not None:
            reports = only_account(reports, asked.account)
        known = Known(products=loaded.products)
        seen = float(reports.observed.max()) if len(reports) else 0.0
        return gather(reports, known, day=_day(asked), as_of=datetime.fromtimestamp(seen, UTC)), True
    finally:
        saved.close()


def _policy(asked: Asked, loaded: Config, snapshot: Snapshot, bare: bool) -> Policy:
    """The configured policy, with the total and objective that were asked for."""
    from bidder.optimizer.objective import Objective
    from bidder.rules.base import Rule
    from bidder.rules.total import Total

    policy = loaded.policy
    if asked.objective is not None:
        if asked.objective not in {one.value for one in Objective}:
            choices = ", ".join(one.value for one in Objective)
            raise ConfigError([Fault(Source("--objective"), f"expected one of {choices}, was {asked.objective!r}")])
        policy = replace(policy, objective=Objective(asked.objective))
    if bare:  # a bare file is not asked for its age or its length
        policy = replace(policy, guard=policy.guard.model_copy(update={"check_history": False}))
    amount = _total(asked.total, snapshot, bare and not loaded.has_total)
    if amount is not None:
        rule = Rule(name="total", kind=Total(max=amount), source=Source("--total"))
        policy = replace(policy, rules=(*policy.rules, rule), digest=f"{policy.digest} total={amount}")
    return policy


def _total(text: str | None, snapshot: Snapshot, needed: bool) -> Decimal | None:
    """The total that was asked for; today's own sum where nobody said one."""
    now = sum((Decimal(repr(float(value))) for value in snapshot.now if value == value), Decimal(0))
    if text is None:
        return round(now, 2) if needed else None
    sign = text[0] if text[:1] in "+-" else ""
    number = text.removesuffix("%")
    try:
        value = Decimal(number.replace(",", ""))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ConfigError([Fault(Source("--total"), f"expected an amount such as 1000 or +20%, was {text!r}")])
    if text.endswith("%"):
        value = round(now * (1 + value / 100), 2)
    elif sign:
        value = now + value
    if value <= 0:
        raise ConfigError([Fault(Source("--total"), f"expected more than 0, was {text!r}")])
    return value


def _day(asked: Asked) -> date | None:
    if asked.day is None:
        return None
    try:
        return date.fromisoformat(asked.day)
    except ValueError as e:
        raise ConfigError([Fault(Source("--date"), f"expected YYYY-MM-DD, was {asked.day!r}")]) from e


def nothing_safe(shown: Mapping[str, Any]) -> None:
    """Raises SolveError where what the platforms take at least cannot be kept under the caps, and no change may go on:
    every change is held, or there is none left as all stand at their minimums already.

    The plan has been shown by then; a script is told by the exit code, a person by the smallest set that clashes.
    """
    held = {one["budget"] for one in shown["holds"]}
    moved = [one["id"] for one in shown["budgets"] if one["now"] is not None and one["now"] != one["planned"]]
    facts = [one for one in shown["clashes"] if one["gave"]["rule"] == FACTS and not one["slowed"]]
    if facts and shown["budgets"] and (None in held or held.issuperset(moved)):
        rules = [f"{one['rule']} ({one['source']})" if one["source"] else one["rule"] for one in facts[0]["rules"]]
        why = "every change is held" if moved else "budgets are at what platforms take at least"
        raise SolveError(f"nothing safe is left: {why}; pause budgets or raise the cap", rules)
