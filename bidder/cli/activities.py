"""`bidder activities`: which platform activities of the calendar to join, with which products, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("activities")(activities)


def activities(
    money: Annotated[
        float | None, typer.Option(min=0, help="At most so much for all fees and purses together, shop currency.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, on stdout.")] = False,
) -> None:
    """Which events with `joined: false` in calendar.yaml to join: by fees, stock, margin and money."""
    import numpy as np

    from bidder.config.load import load
    from bidder.cycle import snapshot_of, utc_now
    from bidder.explain.activities import advise, resolved_candidates
    from bidder.rules.goods import resolved
    from bidder.store import open_reader

    loaded = load(config)
    candidates = loaded.calendar.candidates
    if not candidates:
        if as_json:
            typer.echo("[]")
        else:
            typer.echo("no event to join: write one with joined: false in calendar.yaml")
        return
    saved = open_reader(loaded.store_url)
    try:
        snapshot = snapshot_of(loaded, saved, utc_now())
    finally:
        saved.close()
    events = resolved([one.event for one in candidates], snapshot.products)
    advice = advise(snapshot, resolved_candidates(candidates, events), np.inf if money is None else money)
    if as_json:
        shown = [
            {
                "activity": one.name,
                "join": one.join,
                "products": list(one.products),
                "worth": f"{one.worth:.2f}",
                "cost": f"{one.cost:.2f}",
                "lift": round(one.lift, 2),
                "deadline": None if one.deadline is None else one.deadline.isoformat(),
                "reason": one.reason,
                "unknown": list(one.unknown),
            }
            for one in advice
        ]
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for one in advice:
        until = "" if one.deadline is None else f" until {one.deadline}"
        typer.echo(f"{'join' if one.join else 'leave'}  {one.name}{until}: {one.reason}")
        if one.products:
            typer.echo(f"      with {', '.join(one.products)}")
        if one.unknown:
            typer.echo(f"      not judged, price, cost or sales unknown: {', '.join(one.unknown)}")
