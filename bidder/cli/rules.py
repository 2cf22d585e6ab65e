"""`bidder check` and `bidder schema`: is what was written right, and what may be written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bidder.errors import BidderError, ConfigError, Fault, NoStoreYet, Source

if TYPE_CHECKING:
    from bidder.config.load import Config

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("check")(check)
    app.command("schema")(schema)
    family = typer.Typer(help="Rules: their tests.", no_args_is_help=True, rich_markup_mode="rich")
    family.command("test")(run_tests)
    family.callback()(_rules)
    app.add_typer(family, name="rules")


def _rules() -> None:
    """Rules: their tests."""


def run_tests(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Tests of rules, such as rules.test.yaml.")],
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One document on stdout.")] = False,
) -> None:
    """Given these figures and days, these limits and amounts: tests of the rules; exit code 1 when one fails."""
    from bidder.cli.rule_cases import run_case
    from bidder.config.load import load
    from bidder.config.rule_tests import read_tests

    loaded = load(config)
    cases = [case for file in files for case in read_tests(file, loaded.policy.rules)]
    outcomes = [run_case(case, loaded) for case in cases]
    failed = [one for one in outcomes if not one.passed]
    if as_json:
        rows = [
            {"test": one.case.test.name, "source": str(one.case.source), "differences": list(one.differences)}
            for one in outcomes
        ]
        typer.echo(
            json.dumps(
                {"passed": len(rows) - len(failed), "failed": len(failed), "tests": rows}, indent=2, ensure_ascii=False
            )
        )
    else:
        for one in outcomes:
            typer.echo(f"{'ok  ' if one.passed else 'FAIL'}  {one.case.test.name}")
            for difference in one.differences:
                typer.echo(f"      {difference}")
        typer.echo(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed", err=True)
    if failed:
        raise typer.Exit(1)


def check(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask every account, read-only: what can it do?")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One document on stdout.")] = False,
    effect: Annotated[
        bool, typer.Option("--effect", help="Also what each rule selects and changes, on the store's figures.")
    ] = False,
    simulate: Annotated[
        int, typer.Option(min=0, max=1000, help="With --effect: so many simulated worlds like this shop.")
    ] = 0,
    days: Annotated[int, typer.Option(min=1, max=90, help="Days of each simulated world.")] = 28,
) -> None:
    """Every fault of the configuration and rules at once, each with file:line:column; exit code 2 when there is one.

    With --online, exit code 1 when an account cannot be read as it is configured. Nothing is ever written.
    """
    from bidder.cli.online import ask_accounts, show_accounts
    from bidder.config.load import load

    try:
        loaded = load(config)
    except ConfigError as e:
        _show(list(e.faults), [], None, as_json=as_json)
        raise typer.Exit(2) from e
    warnings = sorted({*loaded.warnings, *_on_figures(loaded)}, key=lambda one: (one.source or Source(""), one.message))
    looks = ask_accounts(loaded) if online else None
    done = None
    if effect or simulate:
        from bidder.cli.effect import config_effect

        done = config_effect(loaded, simulate, days)
        if done is None:
            warnings.append(Fault(None, "no effect can be shown: the store knows no figures yet"))
    accounts = None if looks is None else [one.row() for one in looks]
    _show([], warnings, loaded, as_json=as_json, accounts=accounts, effect=done)
    if looks is not None:
        if not as_json:
            show_accounts(looks)
        if not all(one.ok for one in looks):
            raise typer.Exit(1)


def schema(
    file: Annotated[
        str | None,
        typer.Argument(help="bidder, agency, rules, calendar, tests or observations; without it, their names."),
    ] = None,
    write: Annotated[Path | None, typer.Option(help="Write all of them into this folder.")] = None,
) -> None:
    """JSON Schema of the YAML files, for completion and hover text in an editor."""
    from bidder.config.schema import SCHEMAS, schema_text

    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for name in SCHEMAS:
            (write / f"{name}.json").write_text(schema_text(name), "utf-8")
        return
    if file is None:
        for name, (_, meaning) in SCHEMAS.items():
            typer.echo(f"{name:<12} {meaning}")
        return
    if file not in SCHEMAS:
        raise ConfigError([Fault(Source("FILE"), f"expected one of {', '.join(SCHEMAS)}, was {file!r}")])
    typer.echo(schema_text(file), nl=False)


def _on_figures(loaded: Config) -> list[Fault]:
    """What each `where` selects of the budgets that the store knows; nothing when the store knows none."""
    from bidder.config.sense import sense_of_selection
    from bidder.cycle import snapshot_of, utc_now
    from bidder.rules.attributes import Attributes
    from bidder.store import open_reader

    try:
        store = open_reader(loaded.store_url)
        try:
            if not store.budgets() and not len(store.reports()):
                return []
            attributes = Attributes(snapshot_of(loaded, store, utc_now()))
        finally:
            store.close()
    except NoStoreYet:
        return []
    except BidderError as e:
        return [Fault(None, f"the store's figures could not be used for a look at the rules: {e}")]
    return [found for rule in loaded.policy.rules if (found := sense_of_selection(rule, attributes)) is not None]


def _show(
    faults: list[Fault],
    warnings: list[Fault],
    loaded: Config | None,
    *,
    as_json: bool,
    accounts: list[dict[str, Any]] | None = None,
    effect: dict[str, Any] | None = None,
) -> None:
    if as_json:
        document: dict[str, Any] = {
            "ok": not faults,
            "digest": None if loaded is None else loaded.digest,
            "faults": [_row(one) for one in faults],
            "warnings": [_row(one) for one in warnings],
            **({} if effect is None else {"effect": effect}),
        }
        if accounts is not None:
            document["accounts"] = accounts
            document["ok"] = all(one["ok"] for one in accounts)
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for fault in faults:
        typer.echo(str(fault))
    for warning in warnings:
        typer.echo(f"{warning}  (warning)")
    if loaded is None:
        typer.echo(f"{len(faults)} fault{'s' if len(faults) != 1 else ''}", err=True)
        return
    where = loaded.path or "no bidder.yaml here: defaults"
    written = len([rule for rule in loaded.policy.rules if rule.enabled])
    count = f"{len(loaded.accounts)} accounts, {written} rules, {len(loaded.products)} products"
    typer.echo(f"{where}: in order; {count}; {len(warnings)} warnings", err=True)
    if effect is not None:
        from rich.console import Console

        from bidder.cli.effect import effect_table

        Console().print(effect_table(effect))


def _row(fault: Fault) -> dict[str, str | int | None]:
    source = fault.source
    return {
        "file": None if source is None else source.file,
        "line": None if source is None or not source.line else source.line,
        "column": None if source is None or not source.column else source.column,
        "message": fault.message,
    }
