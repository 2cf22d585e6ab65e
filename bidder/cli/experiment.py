"""`bidder experiment`: what bidder itself has earned; `bidder experiment plan`: what an experiment could see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bidder.cli.digest import language_of
from bidder.errors import ConfigError, Fault, Source

if TYPE_CHECKING:
    from bidder.config.load import Config
    from bidder.snapshot import Snapshot
    from bidder.store.protocol import StoreReader

__all__ = ["register"]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
]
StoreOption = Annotated[str | None, typer.Option(help="Where the saved state is, e.g. sqlite:///bidder.db.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs, on stdout.")]
LanguageOption = Annotated[str | None, typer.Option(help="zh or en (default: zh where the shop's currency is CNY).")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    family = typer.Typer(help="What bidder itself earns.", invoke_without_command=True)
    family.callback()(shown)
    family.command("plan")(plan)
    app.add_typer(family, name="experiment")


def shown(
    context: typer.Context,
    config: ConfigOption = None,
    store: StoreOption = None,
    lang: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the experiment of bidder.yaml has shown so far: the effect on profit, orders and spend, with intervals.

    [bold]bidder experiment plan[/bold] says beforehand what it could see.
    """
    if context.invoked_subcommand is not None:
        return
    from bidder.explain.experiment import effect_document, effect_lines
    from bidder.trials import effect_now, experiment_of

    loaded, saved, snapshot = _opened(config, store)
    try:
        found = effect_now(loaded.policy, snapshot, saved)
    finally:
        saved.close()
    if found is None:
        if experiment_of(loaded.policy) is None:
            raise ConfigError([Fault(_place(loaded), "no experiment: write experiment: {holdout: 20%}, then see plan")])
        if as_json:
            typer.echo("null")
        else:
            typer.echo("the experiment has not begun: the next plan draws it; see bidder experiment plan")
        return
    document = effect_document(found, snapshot.today, snapshot.currency)
    if as_json:
        typer.echo(document.model_dump_json(indent=2))
        return
    typer.echo("\n".join(effect_lines(document, language_of(lang, loaded))))


def plan(
    config: ConfigOption = None,
    store: StoreOption = None,
    lang: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """How large an effect the experiment of bidder.yaml could see in this shop, and with which chance."""
    from bidder.explain.experiment import size_document, size_lines
    from bidder.trials import experiment_of, planned

    loaded, saved, snapshot = _opened(config, store)
    saved.close()
    rule = experiment_of(loaded.policy)
    if rule is None:
        raise ConfigError([Fault(_place(loaded), "no experiment: write experiment: {holdout: 20%}")])
    before = planned(rule, loaded.policy, snapshot)
    document = size_document(before.trial, before.size)
    if as_json:
        typer.echo(document.model_dump_json(indent=2))
        return
    typer.echo("\n".join(size_lines(document, language_of(lang, loaded))))


def _opened(config: Path | None, store: str | None) -> tuple[Config, StoreReader, Snapshot]:
    from bidder.config.load import load
    from bidder.cycle import snapshot_of, utc_now
    from bidder.store import open_reader

    loaded = load(config)
    saved = open_reader(store or loaded.store_url)
    try:
        now = utc_now()
        if any(account.platform == "sandbox" for account, _ in loaded.accounts):
            now = max((line.at for line in saved.journal(limit=1)), default=now)  # a simulated shop has its own time
        return loaded, saved, snapshot_of(loaded, saved, now)
    except BaseException:
        saved.close()
        raise


def _place(loaded: Config) -> Source:
    return Source(str(loaded.path or "bidder.yaml"))
