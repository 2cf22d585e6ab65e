"""The digest as one HTML file for mail and browsers: inline styles, tables, and pictures as PNG inside the file.

Mail programs drop style sheets, scripts and SVG, so there are none. Some drop pictures inside a file as well: every
picture says in words what it shows, and `pictures` gives the same PNG to be attached. Drawn by matplotlib, digits only,
so that no font is missing on the server.
"""

from __future__ import annotations

import base64
import io
from datetime import date
from html import escape
from typing import TYPE_CHECKING

from bidder.explain.digest_document import DigestDocument
from bidder.explain.digest_text import Language, below_the_fold, first_screen
from bidder.explain.digest_words import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["digest_page", "pictures"]

_BODY = "margin:0;padding:16px;background:#f5f6f8;color:#1c2430;font:15px/1.55 -apple-system,'PingFang SC',sans-serif"
_CARD = "max-width:720px;margin:0 auto 12px;padding:16px;background:#ffffff;border-radius:8px"
_PRE = "margin:0;white-space:pre-wrap;word-break:break-word;font:inherit"
LEAST = 0.5
"""Money below which a cause has no bar."""
_BLUE, _DARK, _RED, _GREEN = "#8fb4dd", "#2b5c92", "#c0503f", "#3d8a5a"


def pictures(shown: DigestDocument) -> dict[str, bytes]:
    """PNG by name: `money`, and `why` where a change is explained; nothing where there is nothing to draw."""
    drawn = {"money": _money(shown)} if len(shown.series.days) > 1 else {}
    if _causes(shown):
        drawn["why"] = _why(shown)
    return drawn


def digest_page(shown: DigestDocument, language: Language) -> str:
    """The whole file."""
    w = words(language)
    screen = first_screen(shown, language)
    cards = [_card(f"<h1 style='margin:0 0 8px;font-size:17px'>{escape(screen[0])}</h1>" + _text(screen[1:]))]
    for name, png in pictures(shown).items():
        source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        alt = escape(str(w[f"chart_{name}"]), quote=True)
        legend = (
            f"<p style='margin:8px 0 0;color:#5a6472;font-size:13px'>{alt}{escape(_legend(shown, name, language))}</p>"
        )
        cards.append(_card(f'<img src="{source}" alt="{alt}" width="680" style="width:100%;height:auto">{legend}'))
    cards.append(_card(_text(below_the_fold(shown, language))))
    note = escape(str(w["page_note"]).format(currency=shown.currency))
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(screen[0])}</title></head><body style="{_BODY}">{"".join(cards)}'
        f'<p style="max-width:720px;margin:0 auto;color:#5a6472;font-size:12px">{note}</p></body></html>\n'
    )


def _card(inside: str) -> str:
    return f'<div style="{_CARD}">{inside}</div>'


def _text(lines: list[str]) -> str:
    return f'<pre style="{_PRE}">{escape(chr(10).join(lines))}</pre>'


def _legend(shown: DigestDocument, name: str, language: Language) -> str:
    """What the numbered bars of the second picture are."""
    if name != "why" or shown.why is None:
        return ""
    w = words(language)
    return " ".join(f" {place}. {w['cause'][cause]}" for place, (cause, _) in enumerate(_causes(shown), 1))


def _causes(shown: DigestDocument) -> list[tuple[str, float]]:
    """The causes worth a bar, largest first."""
    causes = {} if shown.why is None else shown.why.causes
    return sorted(((c, a) for c, a in causes.items() if abs(a) >= LEAST), key=lambda one: -abs(one[1]))


def _money(shown: DigestDocument) -> bytes:
    figure, axes = _canvas()
    places = range(len(shown.series.days))
    axes.bar(places, [one or 0.0 for one in shown.series.sales], color=_BLUE, width=0.8)
    axes.bar(places, shown.series.spend, color=_DARK, width=0.4)
    planned = [float("nan") if one is None else one for one in shown.series.planned]
    axes.step(places, planned, where="mid", color=_RED, linestyle="--", linewidth=1.2)
    step = max(1, len(shown.series.days) // 8)
    labels = [f"{date.fromisoformat(day):%m-%d}" for day in shown.series.days]
    axes.set_xticks(list(places)[::step], labels[::step])
    return _png(figure)


def _why(shown: DigestDocument) -> bytes:
    assert shown.why is not None
    figure, axes = _canvas()
    amounts = [amount for _, amount in _causes(shown)]
    tops = [shown.why.before]
    for place, amount in enumerate(amounts, 1):
        axes.bar(place, amount, bottom=tops[-1], color=_GREEN if amount >= 0 else _RED, width=0.7)
        tops.append(tops[-1] + amount)
    axes.bar([0, len(amounts) + 1], [shown.why.before, shown.why.after], color=_BLUE, width=0.7)
    axes.set_xticks(range(len(amounts) + 2), ["0", *(str(place) for place in range(1, len(amounts) + 1)), "="])
    low, high = min(*tops, shown.why.after), max(*tops, shown.why.after)
    axes.set_ylim(max(0.0, low - 0.5 * (high - low)), high + 0.08 * (high - low) + 1)
    return _png(figure)


def _canvas() -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.8, 2.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return figure, axes


def _png(figure: Figure) -> bytes:
    held = io.BytesIO()
    figure.savefig(held, format="png", metadata={"Software": None})
    return held.getvalue()
