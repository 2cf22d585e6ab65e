"""The document as a picture: profit summed over the days by policy, uplift by world, forecasts against what came."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from bidder.errors import ConfigError, Fault, Source

__all__ = ["KINDS", "draw"]

KINDS = (".svg", ".png")

COLORS = {"bidder": "#0b6e4f", "even": "#8d99ae", "keep": "#e09f3e", "roi28": "#3d5a80"}


def draw(shown: Mapping[str, Any], path: Path) -> None:
    """Writes the picture; its kind is that of the file's name. Raises ConfigError for another kind or a bad path.

    The same document gives the same bytes.
    """
    if path.suffix.lower() not in KINDS:
        raise ConfigError([Fault(Source("--picture"), f"expected a name that ends in .svg or .png, was {path}")])
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = ([("history", shown["history"])] if shown["history"] else []) + [("worlds", one) for one in shown["worlds"]]
    figure = Figure(figsize=(11, 4.0 * max(len(rows), 1)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(max(len(rows), 1), 2, squeeze=False)
    for (left, right), (kind, part) in zip(axes, rows, strict=False):
        if kind == "history":
            _foreseen(left, part)
            _moves(right, part)
        else:
            _sums(left, part)
            _by_world(right, part)
    try:
        with mpl.rc_context({"svg.hashsalt": "bidder", "svg.fonttype": "none"}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # a machine without Chinese fonts
            figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else {"Software": None})
    except OSError as e:
        raise ConfigError([Fault(Source("--picture"), f"{path}: cannot be written: {e.strerror or e}")]) from e


def _sums(axis: Any, part: Mapping[str, Any]) -> None:
    for one in part["policies"]:
        name = one["policy"]
        width = 2.4 if name == "bidder" else 1.4
        axis.plot(list(accumulate(part["by_day"][name])), label=one["title"], color=COLORS.get(name), linewidth=width)
    axis.set_title(f"profit summed over the days ({part['ground']}, mean of {len(part['worlds'])} worlds)")
    axis.set_xlabel("day")
    axis.set_ylabel(part["currency"] or "")
    axis.legend(frameon=False)


def _by_world(axis: Any, part: Mapping[str, Any]) -> None:
    worlds = part["worlds"]
    for one in part["uplifts"]:
        name = one["over"]
        gains = [float(world["profit"]["bidder"]) - float(world["profit"][name]) for world in worlds]
        axis.plot(gains, "o", label=f"over {one['title']}", color=COLORS.get(name))
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set_title("what bidder earned more, by world, a day")
    axis.set_xticks(range(len(worlds)), [world["world"].split()[-1] for world in worlds])
    axis.set_xlabel("world")
    axis.legend(frameon=False)


def _foreseen(axis: Any, part: Mapping[str, Any]) -> None:
    days = list(range(len(part["forecasts"])))
    low, mean, high, came = ([one[name] for one in part["forecasts"]] for name in ("low", "mean", "high", "came"))
    axis.fill_between(days, low, high, color=COLORS["bidder"], alpha=0.2, linewidth=0, label="80 % interval")
    axis.plot(days, mean, color=COLORS["bidder"], label="forecast")
    axis.plot(days, came, "o", color="black", markersize=3, label="came")
    axis.set_title(f"profit of each day, forecast and what came ({part['first']} to {part['last']})")
    axis.set_ylabel(part["currency"] or "")
    axis.legend(frameon=False)


def _moves(axis: Any, part: Mapping[str, Any]) -> None:
    lines = part["moves"][::-1]
    axis.barh([one["budget"] for one in lines], [float(one["difference"]) for one in lines], color=COLORS["bidder"])
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_title("where plans would have moved money, mean of a day")
