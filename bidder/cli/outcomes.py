"""What became of writes, as every command that writes shows it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bidder.apply import OutcomeRow

__all__ = ["show_outcomes"]


def show_outcomes(rows: Sequence[OutcomeRow], *, as_json: bool, nothing: str = "") -> bool:
    """Prints a line for each, or JSON; `nothing` where there is none. Whether all of them were applied."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for row in rows:
            typer.echo(f"{row['outcome']:<10} {row['budget']}  {row['requested']}  {row['reason']}".rstrip())
        if nothing and not rows:
            typer.echo(nothing)
    return all(row["outcome"] == "Applied" for row in rows)
