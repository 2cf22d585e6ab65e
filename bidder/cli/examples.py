"""What a person would type: examples under the help of every command, in one place so that none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import typer
from typer.models import CommandInfo

__all__ = ["EXAMPLES", "give_examples"]

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "demo": ("bidder demo", "bidder demo --days 28 --speed max"),
    "init": ("bidder init shop --platform google_ads", "bidder init shop --from report.csv"),
    "import": ("bidder import report.csv --account wxt", "bidder import downloads/*.xlsx --json"),
    "poll": ("bidder poll", "bidder poll --account wxt --json"),
    "set": ("bidder set wxt/search-P02 320", "bidder set --file budgets.json --json"),
    "plan": ("bidder plan", "bidder plan --history report.csv --total 1000", "bidder plan --what-if total=+20%"),
    "apply": ("bidder apply", "bidder apply 40fe0b900b00 --only wxt/search-P02 --yes"),
    "reject": ("bidder reject", "bidder reject 40fe0b900b00 --only wxt/search-P02 --reason 断货"),
    "explain": ("bidder explain P02", "bidder explain wxt/search-P02 --json"),
    "backtest": ("bidder backtest --worlds 20", "bidder backtest --history report.csv --total 1000"),
    "run": ("bidder run", "bidder run --config shop/bidder.yaml --listen 127.0.0.1:9108"),
    "journal": ("bidder journal", "bidder journal --kind outcome --limit 20 --json"),
    "status": ("bidder status", "bidder status --json"),
    "halt": ("bidder halt --reason 后台异常",),
    "reduce": ("bidder reduce --reason 月底收一收",),
    "resume": ("bidder resume", "bidder resume P02 --reason 已补货"),
    "hold": ("bidder hold P02 --reason 质量投诉", "bidder hold wxt/search-P02 --stay --reason 测试中"),
    "confirm": ("bidder confirm",),
    "rollback": ("bidder rollback", "bidder rollback --to 2026-09-20"),
    "release": ("bidder release --keep", "bidder release --restore --yes"),
    "check": ("bidder check", "bidder check --effect", "bidder check --online --json"),
    "schema": ("bidder schema rules", "bidder schema --write config/schema"),
    "todo": ("bidder todo", "bidder todo --json"),
    "done": ("bidder done 1 2=350",),
    "activities": ("bidder activities", "bidder activities --money 5000 --json"),
    "digest": ("bidder digest", "bidder digest --lang en --html digest.html", "bidder digest --send"),
    "rules test": ("bidder rules test cases.yaml",),
    "alert test": ("bidder alert test",),
    "experiment plan": ("bidder experiment plan", "bidder experiment plan --lang en --json"),
    "shops check": ("bidder shops check", "bidder shops check --agency half-moon --json"),
    "shops digest": (
        "bidder shops digest",
        "bidder shops digest --lang en --html morning.html",
        "bidder shops digest --send",
    ),
    "shops serve": ("bidder shops serve", "bidder shops serve --agency half-moon --listen 127.0.0.1:9108"),
    "token create": ("bidder token create Mei --role operator --shop tea-house --shop silk",),
    "token list": ("bidder token list --json",),
    "token change": ("bidder token change k7f2m9x4ab --role viewer --shop tea-house",),
    "token rotate": ("bidder token rotate k7f2m9x4ab --overlap 24",),
    "token revoke": ("bidder token revoke k7f2m9x4ab",),
    "worker": ("bidder worker --agency half-moon --store env:FLEET_DB --processes 2 --rate meta=20",),
    "store copy": ("bidder store copy sqlite:///bidder.db postgresql://db/bidder",),
    "store archive": ("bidder store archive history.duckdb --keep 400",),
    "store totals": ("bidder store totals history.duckdb --days 365 --by product",),
}


def give_examples(app: typer.Typer) -> None:
    """Puts them under each command's help. To be called when all commands are registered."""
    for path, command in _commands(app, ()):
        lines = EXAMPLES.get(" ".join(path), ())
        command.epilog = "\n\n".join(["Examples:" if len(lines) > 1 else "Example:", *lines]) if lines else None


def _commands(app: typer.Typer, before: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], CommandInfo]]:
    for one in app.registered_commands:
        callback = one.callback.__name__ if one.callback is not None else ""
        yield (*before, one.name or callback.replace("_", "-")), one
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance, (*before, str(group.name or group.typer_instance.info.name)))
