"""Joins the command families into `bidder`, and turns every error into a message and an exit code (PRODUCT 3).

Exit codes: 0 done; 1 failed; 2 usage, configuration or unusable input; 3 refused as unsafe; 4 no feasible plan.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bidder.cli import (
    accounts,
    activities,
    back,
    backtest,
    by_hand,
    data,
    demo,
    digest,
    experiment,
    ops,
    plan,
    rules,
    run,
    shops,
    starting,
    stores,
    tokens,
    worker,
)
from bidder.cli.examples import give_examples
from bidder.errors import BidderError, ConfigError, LeaseTaken, SolveError, UnsafePlan

__all__ = ["app", "main"]

app = typer.Typer(
    name="bidder",
    help="Moves a shop's daily advertising money to where the next yuan earns most, inside rules written in YAML.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for family in (
    demo,
    data,
    accounts,
    plan,
    backtest,
    run,
    ops,
    back,
    rules,
    by_hand,
    activities,
    digest,
    experiment,
    starting,
    stores,
    worker,
    shops,
    tokens,
):
    family.register(app)
give_examples(app)


def _version(shown: bool) -> None:
    if shown:
        from bidder import __version__

        typer.echo(f"bidder {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # noqa: ARG001 - its callback acts on it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """The options before the command."""
    _warnings_to_stderr()


def _warnings_to_stderr() -> None:
    """stdout belongs to tables and `--json`: what the parts log goes to stderr, from warnings on.

    `bidder run` and `bidder demo` set up a log of their own instead.
    """
    import structlog

    if not structlog.is_configured():
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(30),
            logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        )


def exit_code_of(error: BidderError) -> int:
    """The exit code that tells a script what kind of error it was."""
    match error:
        case ConfigError():
            return 2
        case UnsafePlan() | LeaseTaken():
            return 3
        case SolveError():
            return 4
        case _:
            return 1


def main() -> None:
    """The entry point of the command `bidder`."""
    try:
        app()
    except BidderError as e:
        print(f"bidder: {e}" if not isinstance(e, ConfigError) else str(e), file=sys.stderr)  # noqa: T201 - the CLI speaks
        sys.exit(exit_code_of(e))
    except BrokenPipeError:  # the reader of a pipe went away: nobody is left to tell
        sys.stderr.close()
        sys.exit(1)
