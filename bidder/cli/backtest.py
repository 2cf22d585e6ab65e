"""`bidder backtest`: the same decision over simulated shops and the shop's own days, beside what shops do without."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidder.errors import ConfigError, Fault, Source

if TYPE_CHECKING:
    from bidder.backtest.document import HistoryPart, WorldsPart
    from bidder.backtest.past import Past
    from bidder.backtest.policies import Contender
    from bidder.cli.planning import Asked
    from bidder.config.load import Config
    from bidder.decide import Policy
    from bidder.money import Money

__all__ = ["register"]

HISTORY_DAYS = 28
"""Days of the shop's own history that are replayed, unless said otherwise."""

WORLD_DAYS = 42

FITTED = 12
"""Worlds drawn from the shop's history, unless said otherwise."""

NOTE_REPLAY = (
    "today's rules and margins are applied to past days, and the stock of those days is not remembered; what a budget "
    "would have brought at another amount is in no history: look at the worlds for that"
)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("backtest")(backtest)


def backtest(
    worlds: Annotated[
        str | None, typer.Option(help="Try simulated shops with these seeds instead of this shop: 0-9, or 3,5.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=400, help="Days of each world (42), or of the shop's own past (28).")
    ] = None,
    fitted: Annotated[
        int, typer.Option(min=0, max=10_000, help="Worlds drawn from what this shop's own history makes likely.")
    ] = FITTED,
    history: Annotated[list[Path] | None, typer.Option("--history", help="Use this export alone.")] = None,
    total: Annotated[str | None, typer.Option(help="What the budgets of a day may sum to.")] = None,
    against: Annotated[str, typer.Option(help="What bidder is compared with.")] = "even,keep,roi28",
    currency: Annotated[str | None, typer.Option(help="Currency of a file that names none, e.g. INR.")] = None,
    account: Annotated[str | None, typer.Option(help="This account alone.")] = None,
    year: Annotated[int | None, typer.Option(help="Year of a file whose dates have none.")] = None,
    dates: Annotated[str | None, typer.Option(help="How the file writes dates: dmy, mdy or ymd.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the worlds that are drawn.")] = 0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Worlds at a time (default: as many as there are cores).")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw it: FILE.svg or FILE.png.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
    ] = None,
    store: Annotated[str | None, typer.Option(help="Where the saved state is, e.g. sqlite:///bidder.db.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The document on stdout, for programs.")] = False,
) -> None:
    """Replays the shop's own days and tries worlds like it, with no look-ahead, beside what shops do without bidder.

    [bold]bidder backtest --worlds 0-9[/bold] needs nothing: simulated shops whose truth is known.
    """
    from bidder.backtest.document import BacktestDocument
    from bidder.backtest.picture import KINDS, draw
    from bidder.cli.planning import Asked
    from bidder.config.load import load

    if picture is not None and picture.suffix.lower() not in KINDS:  # said before minutes are spent
        raise ConfigError([Fault(Source("--picture"), f"expected a name that ends in .svg or .png, was {picture}")])
    others = _others(against)
    workers = jobs or _cores()
    parts: list[WorldsPart] = []
    past: HistoryPart | None = None
    notes: tuple[str, ...] = ()
    if worlds is not None:
        loaded = load(config) if config is not None else None
        policy = loaded.policy if loaded is not None else _bare_policy()
        parts.append(_sandbox(_seeds(worlds), days or WORLD_DAYS, total, policy, others, workers))
    else:
        asked = Asked(history=tuple(history or ()), currency=currency, account=account, year=year, dates=dates)
        past, drawn, notes = _own(asked, load(config), store, total, days, fitted, seed, others, workers)
        parts += drawn
    document = BacktestDocument(seed=seed, history=past, worlds=parts, notes=list(notes))
    shown = document.model_dump(mode="json")
    if picture is not None:
        draw(shown, picture)
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        from rich.console import Console

        from bidder.backtest.table import table

        Console().print(table(shown))


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _others(text: str) -> list[Contender]:
    from bidder.backtest.policies import CONTENDERS
    from bidder.written import did_you_mean

    names = list(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))
    for name in names:
        if name not in CONTENDERS:
            hint = did_you_mean(name, CONTENDERS) or f"; there are {', '.join(CONTENDERS)}"
            raise ConfigError([Fault(Source("--against"), f"nothing is called {name!r}{hint}")])
    return [CONTENDERS[name]() for name in names]


def _seeds(text: str) -> list[int]:
    """`0-9`, `3`, `1,4,7-8`."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()) or (dash and int(last) < int(first)):
            raise ConfigError([Fault(Source("--worlds"), f"expected seeds such as 0-9 or 3,5, was {text!r}")])
        seeds += range(int(first), int(last or first) + 1)
    if max(seeds) > 2**32 - 1 or len(seeds) > 10_000:
        raise ConfigError([Fault(Source("--worlds"), f"expected at most 10,000 seeds below 2^32, was {text!r}")])
    return list(dict.fromkeys(seeds))


def _progress(what: str, count: int) -> Callable[[str], None]:
    """Says on stderr how far it is, where somebody looks."""
    done = 0

    def say(name: str) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            typer.echo(f"\r{what} {done} of {count}: {name}   ", err=True, nl=done == count)

    return say


def _bare_policy() -> Policy:
    from bidder.decide import Policy

    return Policy(())


def _titles(others: list[Contender]) -> dict[str, str]:
    from bidder.backtest.policies import Ours

    return {Ours.name: Ours.title, **{one.name: one.title for one in others}}


def _sandbox(
    seeds: list[int], days: int, total: str | None, policy: Policy, others: list[Contender], jobs: int
) -> WorldsPart:
    from bidder.backtest.pool import played
    from bidder.backtest.sandbox import ACCOUNT, SandboxGround
    from bidder.backtest.score import worlds_part

    amount = None if total is None else _amount(total, ACCOUNT.currency)
    grounds = [SandboxGround(one, days, amount) for one in seeds]
    outcomes = played(grounds, policy, others, jobs=jobs, progress=_progress("world", len(grounds)))
    return worlds_part("sandbox", outcomes, _titles(others), days, ACCOUNT.currency)


def _amount(text: str, currency: str) -> Money:
    from bidder.money import Currency, Money

    try:
        amount = Money.parse(text.replace(",", ""), Currency(currency))
    except ValueError as e:
        raise ConfigError([Fault(Source("--total"), f"expected an amount such as 1000, was {text!r}")]) from e
    if amount.micros <= 0:
        raise ConfigError([Fault(Source("--total"), f"expected more than 0, was {text!r}")])
    return amount


def _own(
    asked: Asked,
    loaded: Config,
    store: str | None,
    total: str | None,
    days: int | None,
    fitted: int,
    seed: int,
    others: list[Contender],
    jobs: int,
) -> tuple[HistoryPart | None, list[WorldsPart], tuple[str, ...]]:
    """The shop's own days, and worlds drawn from them."""
    from bidder.backtest.replay import replay

    past, notes = _past(asked, loaded, store)
    policy = loaded.policy
    if not past.accounts:  # a bare file is not asked for its age or its length
        policy = replace(policy, guard=policy.guard.model_copy(update={"check_history": False}))
    listed = list(past.days())[-(days or HISTORY_DAYS) :]
    if not listed:
        raise ConfigError(
            [Fault(None, "too short a past: at least 8 days with figures are needed (bidder import FILE)")]
        )
    amount = None if total is None else _amount(total, past.now().currency)
    own = loaded.has_total and amount is None
    say = _progress("day", len(listed))
    part, _ = replay(past, policy, listed, amount, others, own_cap=own, progress=say)
    said = [*notes, NOTE_REPLAY]
    if not past.remembers:
        said.append(
            "each figure has one version: late orders of the last days before each decision are taken off as they "
            "usually come in; what was restated later in another way cannot be seen"
        )
    drawn = [_fitted(past, policy, own, amount, fitted, seed, days, others, jobs)] if fitted else []
    return part, drawn, tuple(said)


def _past(asked: Asked, loaded: Config, store: str | None) -> tuple[Past, tuple[str, ...]]:
    from bidder.backtest.past import past_of, past_of_files
    from bidder.cli.planning import read_files
    from bidder.report_rows import only_account
    from bidder.store import open_reader

    late = loaded.policy.response.late
    if asked.history:
        reports, notes = read_files(asked)
        return past_of_files(reports, late), notes
    saved = open_reader(store or loaded.store_url)
    try:
        past = past_of(
            saved,
            late,
            zone=loaded.shop.timezone,
            decided_at=loaded.schedule.decide.from_,
            currency=loaded.shop.currency,
            accounts=tuple(account for account, _ in loaded.accounts),
            products=loaded.products,
            rates=loaded.rates,
        )
    finally:
        saved.close()
    if asked.account is not None:
        past = replace(past, versions=only_account(past.versions, asked.account))
    return past, ()


def _fitted(
    past: Past,
    policy: Policy,
    own: bool,
    amount: Money | None,
    count: int,
    seed: int,
    days: int | None,
    others: list[Contender],
    jobs: int,
) -> WorldsPart:
    from bidder.backtest.fitted import FittedGround, worlds
    from bidder.backtest.policies.ours import capped, day_total, in_force
    from bidder.backtest.pool import played
    from bidder.backtest.score import worlds_part
    from bidder.decide import decide

    base = past.now()
    decision = decide(base, policy if own else capped(policy, amount or in_force(base)))
    length = days or HISTORY_DAYS
    grounds = [
        FittedGround(one, base, policy.response.late, length, day_total(decision))
        for one in worlds(decision.curves, count, seed)
    ]
    outcomes = played(grounds, policy, others, jobs=jobs, progress=_progress("world", count))
    return worlds_part("fitted", outcomes, _titles(others), length, base.currency)
