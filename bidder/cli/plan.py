"""`bidder plan`, `apply`, `explain`: what to do with today's budgets, doing it, and why."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bidder.cli.outcomes import show_outcomes
from bidder.errors import ConfigError, Fault, StoreError

if TYPE_CHECKING:
    from bidder.config.load import Config
    from bidder.decide import Decision
    from bidder.store.protocol import StoredPlan

__all__ = ["register"]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="The document on stdout, for programs.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("plan")(plan)
    app.command("apply")(apply)
    app.command("reject")(reject)
    app.command("explain")(explain)


def plan(
    history: Annotated[
        list[Path] | None,
        typer.Option("--history", help="Plan from this export alone, with no configuration and no store."),
    ] = None,
    total: Annotated[str | None, typer.Option(help="The most that all budgets may sum to today.")] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of a file that names none, e.g. INR.")] = None,
    date: Annotated[str | None, typer.Option(help="The day to plan (YYYY-MM-DD).")] = None,
    account: Annotated[str | None, typer.Option(help="Plan this account alone.")] = None,
    objective: Annotated[str | None, typer.Option(help="profit, revenue or orders.")] = None,
    year: Annotated[int | None, typer.Option(help="Year of a file whose dates have none.")] = None,
    dates: Annotated[str | None, typer.Option(help="How the file writes dates: dmy, mdy or ymd.")] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if",
            help="Show what a change would do, beside the plan without it: total=+20%, total=1500, objective=revenue, "
            "'rule NAME=off', 'pin BUDGET=AMOUNT'; may be repeated.",
        ),
    ] = None,
    config: ConfigOption = None,
    store: Annotated[str | None, typer.Option(help="Where the saved state is, e.g. sqlite:///bidder.db.")] = None,
    as_json: JsonOption = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 10 when there are changes.")] = False,
) -> None:
    """Shows today's plan: each budget now → planned, what it should bring, and why. Nothing is written.

    [bold]bidder plan --history report.csv --total 1000[/bold] needs nothing else.
    """
    from bidder.cli.planning import Asked, decide_from, nothing_safe, show_plan

    asked = Asked(
        history=tuple(history or ()),
        total=total,
        currency=currency,
        day=date,
        account=account,
        objective=objective,
        year=year,
        dates=dates,
        what_if=tuple(what_if or ()),
    )
    decided = decide_from(asked, config, store)
    shown = show_plan(decided, as_json=as_json)
    if asked == Asked():
        _keep(decided.decision, decided.bids, config, store)
    nothing_safe(shown)
    if exit_code and shown["budgets"] and any(line["now"] != line["planned"] for line in shown["budgets"]):
        raise typer.Exit(10)


def apply(
    plan_id: Annotated[
        str | None, typer.Argument(metavar="[PLAN]", help="The plan's id (default: the newest).")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this budget (account/budget); may be repeated.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Writes that very plan, after a confirmation: intent first, compare, set, read back.

    Refuses when anything has moved since the plan was made. In propose mode this is the approval.
    """
    from bidder.approval import APPROVING, approve, check_applicable, named
    from bidder.config.load import load
    from bidder.cycle import open_writers, utc_now
    from bidder.store import open_store

    loaded = load(config)
    saved = open_store(loaded.store_url)
    try:
        stored, today = named(saved, plan_id), _today(loaded)
        check_applicable(stored, only or [], loaded, saved, today)
        if not yes:
            _confirm(stored, only or [])
        writers = open_writers(loaded, modes=APPROVING)

        async def write() -> Any:
            try:
                return await approve(
                    stored,
                    only or [],
                    by="hand",
                    config=loaded,
                    store=saved,
                    writers=writers,
                    clock=utc_now,
                    today=today,
                )
            finally:
                for writer in writers.values():
                    await writer.close()

        written = asyncio.run(write())
    finally:
        saved.close()
    nothing = "nothing to write: every budget is at its planned amount"
    if not show_outcomes([one.row() for one in written], as_json=as_json, nothing=nothing):
        raise typer.Exit(1)


def reject(
    plan_id: Annotated[
        str | None, typer.Argument(metavar="[PLAN]", help="The plan's id (default: the newest).")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this budget (account/budget); may be repeated.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the journal.")] = "by hand",
    config: ConfigOption = None,
) -> None:
    """Refuses a plan, or single lines of it: they can no longer be applied. Today's budgets stay."""
    from bidder.approval import named
    from bidder.approval import reject as reject_plan
    from bidder.config.load import load
    from bidder.cycle import utc_now
    from bidder.store import open_store

    saved = open_store(load(config).store_url)
    try:
        stored = named(saved, plan_id)
        reject_plan(stored, only or [], by="hand", reason=reason, store=saved, clock=utc_now)
    finally:
        saved.close()
    typer.echo(f"rejected  {stored.id}" + "".join(f"  {one}" for one in only or []))


def _keep(decision: Decision, bids: list[dict[str, Any]], config: Path | None, store: str | None) -> None:
    """Saves today's plan, so that `apply` can write that very one; a plan of other figures than the shop's is not."""
    from bidder.config.load import load
    from bidder.cycle import save, utc_now
    from bidder.store import open_store

    loaded = load(config)
    if not loaded.accounts:
        return
    try:
        saved = open_store(store or loaded.store_url)
        try:
            newest = saved.plan()
            if newest is None or newest.id != decision.plan.id:  # one that was applied or rejected stays so
                save(decision, saved, utc_now(), bids)
        finally:
            saved.close()
    except StoreError as e:
        typer.echo(f"bidder: the plan could not be saved for bidder apply: {e}", err=True)


def explain(
    entity: Annotated[str, typer.Argument(help="A budget (account/budget), a product, or a keyword.")],
    history: Annotated[list[Path] | None, typer.Option("--history", help="Decide on this export alone.")] = None,
    total: Annotated[str | None, typer.Option(help="The most that all budgets may sum to today.")] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of a file that names none, e.g. INR.")] = None,
    account: Annotated[str | None, typer.Option(help="Plan this account alone.")] = None,
    objective: Annotated[str | None, typer.Option(help="profit, revenue or orders.")] = None,
    year: Annotated[int | None, typer.Option(help="Year of a file whose dates have none.")] = None,
    dates: Annotated[str | None, typer.Option(help="How the file writes dates: dmy, mdy or ymd.")] = None,
    config: ConfigOption = None,
    store: Annotated[str | None, typer.Option(help="Where the saved state is.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Says why a budget gets its amount: counts → rates → curve → rules → price.

    Of the newest saved plan where there is one, worked out again on what was known then; else of a plan made now.
    """
    from bidder.cli.planning import Asked, explain_from
    from bidder.explain.bids import bids_of, bids_text, finding_line, named
    from bidder.explain.entity import entity_document
    from bidder.explain.entity_text import entity_text

    asked = Asked(
        history=tuple(history or ()),
        total=total,
        currency=currency,
        account=account,
        objective=objective,
        year=year,
        dates=dates,
    )
    decided = explain_from(asked, config, store)
    found = decided.offers
    word = None if found is None else named(found.proposals, entity)
    budget = entity if word is None or word.lever.budget is None else str(word.lever.budget)
    shown = {**entity_document(decided.decision, budget), "entity": entity, "notes": list(decided.notes)}
    if found is not None:
        shown["bids"] = bids_of(found.proposals, [one["id"] for one in shown["budgets"]], word)
        levers = {one["id"] for one in shown["bids"]}
        shown["keywords"] = [finding_line(one) for one in found.findings if str(one.lever.id) in levers]
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        from rich.console import Console
        from rich.text import Text

        told = [entity_text(shown, decided.notes), bids_text(shown.get("bids", ()), shown.get("keywords", ()))]
        Console(soft_wrap=True, highlight=False).print(Text("\n\n".join(one for one in told if one)))


def _today(loaded: Config) -> date | None:
    """The shop's account day; None where every account is a sandbox, which has a clock of its own."""
    from bidder.account_day import AccountDay
    from bidder.cycle import utc_now

    if all(account.platform == "sandbox" for account, _ in loaded.accounts):
        return None
    return AccountDay.of(utc_now(), loaded.shop.timezone).date


def _confirm(stored: StoredPlan, only: list[str]) -> None:
    moved = [
        line
        for line in stored.document["budgets"]
        if line["now"] != line["planned"] and (not only or line["id"] in only)
    ]
    for line in moved:
        currency = f" {line['currency']}" if line.get("shop") else ""
        typer.echo(f"{line['id']}  {line['now'] or '?'} → {line['planned']}{currency}")
    if not sys.stdin.isatty():
        raise ConfigError([Fault(None, "this writes budgets: say --yes, or answer at a terminal")])
    typer.confirm(f"write these {len(moved)} budgets of plan {stored.id}?", abort=True)
