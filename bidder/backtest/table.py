"""The document for a terminal: who earned what, by how much and how surely, and what the shop's own days say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

__all__ = ["table"]

GROUNDS = {
    "sandbox": "simulated shops whose truth is known",
    "fitted": "worlds drawn from what this shop's history makes likely",
}


def table(shown: Mapping[str, Any]) -> RenderableType:
    """The whole document as text and tables."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    if shown["history"] is not None:
        parts += [*_history(shown["history"]), Text()]
    for part in shown["worlds"]:
        parts += [*_worlds(part), Text()]
    parts.append(Text("\n".join(shown["notes"])))
    return Group(*parts)


def _plain(*names: str) -> Table:
    from rich.table import Table

    made = Table(box=None, pad_edge=False)
    for place, name in enumerate(names):
        made.add_column(name, justify="left" if place == 0 else "right", no_wrap=True)
    return made


def _percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else f"{100 * share:+.{digits}f} %"


def _worlds(part: Mapping[str, Any]) -> list[RenderableType]:
    from rich.text import Text

    currency = f" {part['currency']}" if part["currency"] else ""
    title = f"{len(part['worlds'])} {GROUNDS[part['ground']]}, {part['days']} days each; a day{currency}"
    policies = _plain("policy", "profit", "spend", "regret", "turnover", "turns", "breaches")
    for one in part["policies"]:
        regret = "–" if one["regret"] is None else one["regret"]
        policies.add_row(
            one["title"],
            one["profit"],
            one["spend"],
            regret,
            f"{100 * one['turnover']:.1f} %",
            f"{one['reversals']:.2f}",
            str(one["cap_breaches"]),
        )
    uplifts = _plain("policy", "a day", "uplift", "80 %", "95 %", "worst", "won")
    for one in part["uplifts"]:
        spans = [
            "–" if one[name] is None else f"{100 * one[name]['low']:+.0f}…{100 * one[name]['high']:+.0f} %"
            for name in ("interval_80", "interval_95")
        ]
        won = f"{one['won']}/{len(part['worlds'])}"
        uplifts.add_row(one["title"], one["mean"], _percent(one["share"]), *spans, _percent(one["worst"]), won)
    lines = [
        "regret: what the best split that never moves would have earned more, by the truth of these very days",
        "turns: moves against a budget's last one within three days, a budget and month",
    ]
    holds = part["policies"][0]["holds"]
    if holds:
        lines.append("held by brakes: " + ", ".join(f"{check} {count} ×" for check, count in holds.items()))
    return [Text(title), policies, Text("\nbidder earns more than"), uplifts, Text("\n".join(lines), style="dim")]


def _history(part: Mapping[str, Any]) -> list[RenderableType]:
    from rich.text import Text

    how = "on what had been seen by then" if part["as_of"] else "on the days before it (one version of each figure)"
    found = part["calibration"]
    lines = [
        f"{part['days']} days of this shop, {part['first']} to {part['last']}, each decided {how}",
        f"orders came {_of(found['orders_ratio'])} as forecast; 80 % intervals held {_share(found['orders_covered'])} "
        f"of {found['budget_days']} budget-days and {_share(found['profit_covered'])} of {found['days']} days' profit",
        f"plans would have moved {100 * part['turnover']:.1f} % of the money a day",
    ]
    if part["holds"]:
        lines.append("held by brakes: " + ", ".join(f"{check} {count} ×" for check, count in part["holds"].items()))
    moves = _plain("budget", "was", "planned", "±")
    for one in part["moves"]:
        moves.add_row(one["budget"], one["now"], one["planned"], one["difference"])
    value = _plain("policy", "expected", "±")
    for one in part["value"]:
        value.add_row(one["title"], one["expected"], one["over_history"])
    went = Text("\nwhere the money would have gone, mean of a day")
    lay = Text(
        "\nprofit a day by curves fitted on ALL days, later ones too: where the money lay, no proof of what it earned"
    )
    return [Text("\n".join(lines)), went, moves, lay, value]


def _of(ratio: float | None) -> str:
    return "as unknown" if ratio is None else f"{ratio:.2f} ×"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"
