"""`bidder import` alone, for tests that need a process of their own: `python -m tests.cli.importer import FILE…`."""

from __future__ import annotations

import sys

import typer

from bidder.cli import data
from bidder.errors import BidderError, ConfigError

app = typer.Typer(pretty_exceptions_enable=False)
data.register(app)
app.callback()(lambda: None)

if __name__ == "__main__":
    try:
        app()
    except BidderError as e:
        print(e, file=sys.stderr)
        sys.exit(2 if isinstance(e, ConfigError) else 1)
