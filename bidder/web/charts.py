"""Charts drawn on the server as SVG to stand inside the page.

matplotlib draws, then every inline style becomes an attribute and every artist's gid a class: so the page's style sheet
colours them (dark mode included) under a content policy without inline styles. Names stand in the page's legend, in
the page's language; the picture itself has digits only, so one drawing serves both languages.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

from bidder.explain.band import Band
from bidder.snapshot import FloatArray
from bidder.web.series import ActualSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["HALF", "NARROW", "WIDE", "draw_actual", "draw_band", "draw_budgets", "draw_history"]

WIDE = (920, 260)
HALF = (560, 250)
NARROW = (360, 250)
"""Sizes in pixels at which text is as large as the page's small print: on wide screens, half of one, and on phones."""

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_drawing = threading.Lock()  # matplotlib's settings are global


def draw_budgets(
    days: Sequence[date], layers: FloatArray, titles: Sequence[str], cap: float | None, size: tuple[int, int]
) -> str:
    """Budgets in force, stacked: `layers` (n, days) from the bottom up, the cap as a dashed line. An `<svg>`."""
    with _drawing:
        figure, axes = _canvas(size)
        edges = np.arange(len(days) + 1) - 0.5
        floor = np.zeros(len(days))
        for index, layer in enumerate(layers):
            top = floor + layer
            axes.fill_between(edges, _held(floor), _held(top), step="post", linewidth=0, gid=f"layer c{index}")
            floor = top
        highest = float(floor.max(initial=0.0))
        if cap is not None and np.isfinite(cap):
            axes.plot([edges[0], edges[-1]], [cap, cap], gid="cap")
            highest = max(highest, cap)
        _axes(axes, days, highest, size)
        return _inline(figure, f"b{size[0]}", {f"layer c{i}": title for i, title in enumerate(titles)})


def draw_actual(series: ActualSeries, size: tuple[int, int]) -> str:
    """Spend as bars, the planned total as a stepped line. An `<svg>`."""
    with _drawing:
        figure, axes = _canvas(size)
        titles = {}
        for x, (day, spent, planned) in enumerate(zip(series.days, series.spent, series.planned, strict=True)):
            if not np.isnan(spent):
                axes.bar(x, spent, width=0.68, gid=f"bar b{x}")
                plan = "" if np.isnan(planned) else f" / {planned:,.0f}"
                titles[f"bar b{x}"] = f"{day:%m-%d}  {spent:,.0f}{plan}"
        edges = np.arange(len(series.days) + 1) - 0.5
        axes.step(edges, _held(series.planned), where="post", gid="planned")
        values = np.concatenate([series.spent, series.planned])
        _axes(axes, series.days, float(np.nanmax(values)) if (~np.isnan(values)).any() else 0.0, size)
        return _inline(figure, f"a{size[0]}", titles)


def draw_band(band: Band, size: tuple[int, int], prefix: str) -> str:
    """Profit over amounts with its band; a ring where it stands today, a dot where the plan puts it. An `<svg>`.

    `prefix` keeps the ids of several curves on one page apart.
    """
    with _drawing:
        figure, axes = _canvas(size)
        axes.fill_between(band.amounts, band.low, band.high, linewidth=0, gid="band")
        axes.plot(band.amounts, band.mean, gid="curve")
        axes.axhline(0.0, gid="zero")
        titles = {}
        for point, gid, marker in ((band.planned, "planned-point", 7.0), (band.now, "now-point", 9.0)):
            if point is not None:
                axes.plot([point[0]], [point[1]], "o", markersize=marker, gid=gid)
                titles[gid] = f"{point[0]:,.0f}: {point[1]:,.0f}"
        lowest, highest = float(min(band.low.min(), 0.0)), float(max(band.high.max(), 1.0))
        _amounts(axes, lowest, highest)
        axes.set_xlim(0, float(band.amounts[-1]))
        step = _round_step(float(band.amounts[-1]), max(3, size[0] // 90))
        places = np.arange(0, float(band.amounts[-1]) + 1e-9, step)
        axes.set_xticks(places.tolist(), [f"{place:,.10g}" for place in places])
        _quiet(axes)
        return _inline(figure, f"{prefix}{size[0]}", titles)


def draw_history(days: Sequence[date], spend: FloatArray, revenue: FloatArray, size: tuple[int, int]) -> str:
    """Spend as bars, sales as a line, a day each. An `<svg>`."""
    with _drawing:
        figure, axes = _canvas(size)
        titles = {}
        for x, (day, spent, sold) in enumerate(zip(days, spend, revenue, strict=True)):
            if not np.isnan(spent):
                axes.bar(x, spent, width=0.68, gid=f"bar h{x}")
                titles[f"bar h{x}"] = f"{day:%m-%d}  {spent:,.0f}" + ("" if np.isnan(sold) else f" → {sold:,.0f}")
        axes.plot(np.arange(len(days)), revenue, gid="sold")
        values = np.concatenate([spend, revenue])
        _axes(axes, days, float(np.nanmax(values)) if (~np.isnan(values)).any() else 0.0, size)
        return _inline(figure, f"h{size[0]}", titles)


def _canvas(size: tuple[int, int]) -> tuple[Figure, Axes]:
    """An empty picture whose unit is the CSS pixel."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bidder", "path.simplify": True})
    figure = Figure(figsize=(size[0] / 72, size[1] / 72), dpi=72)
    FigureCanvasSVG(figure)
    left, bottom = 46 / size[0], 24 / size[1]
    axes = figure.add_axes((left, bottom, 1 - left - 6 / size[0], 1 - bottom - 12 / size[1]))
    figure.patch.set_visible(False)
    axes.patch.set_visible(False)
    return figure, axes


def _held(values: FloatArray) -> FloatArray:
    """The last day's value once more, so that a step is drawn to the end of that day."""
    return np.append(values, values[-1:])


def _axes(axes: Axes, days: Sequence[date], highest: float, size: tuple[int, int]) -> None:
    """Few round amounts at the left with hairlines, few dates below, no frame."""
    _amounts(axes, 0.0, highest)
    axes.set_xlim(-0.6, max(len(days), 1) - 0.4)
    labels = max(2, size[0] // 110)
    every = max(1, -(-len(days) // labels))
    places = [place for place in range(len(days)) if (len(days) - 1 - place) % every == 0]
    axes.set_xticks(places, [f"{days[place]:%m-%d}" for place in places])
    _quiet(axes)


def _amounts(axes: Axes, lowest: float, highest: float) -> None:
    """Few round amounts at the left, from the lowest (not above 0) to the highest."""
    step = _round_step(highest - lowest, 4)
    first = np.ceil(lowest / step) * step
    amounts = np.arange(first, highest * 1.02 + 1e-9, step) if highest > lowest else np.array([0.0])
    axes.set_ylim(lowest * 1.06, max(highest * 1.06, step))
    axes.set_yticks(amounts.tolist(), [f"{amount + 0.0:,.10g}".replace("-", "\N{MINUS SIGN}") for amount in amounts])


def _quiet(axes: Axes) -> None:
    """No frame, hairlines across, the labels with a class."""
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=11, pad=6)
    axes.set_axisbelow(True)
    axes.grid(axis="y", linewidth=1, gid="grid")
    for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        label.set_gid("tick")


def _round_step(highest: float, steps: int) -> float:
    """A step of 1, 2, 2.5 or 5 times a power of ten that needs at most `steps` of it."""
    if highest <= 0:
        return 1.0
    raw = highest / steps
    power = 10.0 ** np.floor(np.log10(raw))
    return float(next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * (1 - 1e-9)))


def _inline(figure: Figure, prefix: str, titles: dict[str, str]) -> str:
    """The drawing as an element for the page: attributes for styles, classes for gids, ids that no other uses."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    root = ET.fromstring(out.getvalue())  # noqa: S314 - matplotlib's own output
    referenced = set(re.findall(r"#([\w-]+)", out.getvalue()))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _restyle(element)
        _rename(element, prefix, referenced)
        title = titles.get(element.get("class", ""))
        if title:
            ET.SubElement(element, f"{{{_SVG}}}title").text = title
    for drawn in root.iter(f"{{{_SVG}}}defs"):
        for shape in drawn:  # what is used takes the colours of whoever uses it: those that the style sheet gives
            for name in ("fill", "stroke"):
                shape.attrib.pop(name, None)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    return ET.tostring(root, encoding="unicode")


def _restyle(element: ET.Element) -> None:
    """`style="fill: #123; font: …"` → attributes; fonts and colours of text are the page's own."""
    for part in element.attrib.pop("style", "").split(";"):
        name, _, value = part.partition(":")
        name, value = name.strip(), value.strip()
        if name and not name.startswith("font") and name != "-inkscape-stroke":
            element.set(name, value)


def _rename(element: ET.Element, prefix: str, referenced: set[str]) -> None:
    """Ids that something points at get the picture's prefix; gids become classes; the rest go."""
    own = element.attrib.pop("id", None)
    if own in referenced:
        element.set("id", f"{prefix}-{own}")
    elif own is not None and not re.match(r"[a-z0-9.]+_\d+\Z", own):
        element.set("class", own)
    for name, value in list(element.attrib.items()):
        if name == f"{{{_XLINK}}}href":
            element.set(name, value.replace("#", f"#{prefix}-"))
        elif "url(#" in value:
            element.set(name, value.replace("url(#", f"url(#{prefix}-"))
