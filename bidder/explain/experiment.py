"""An experiment as a document and in words: what it could see, what it has shown. English and Chinese.

The same values stand in `bidder experiment --json`, the digest and the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from bidder.experiment.effect import Finding, Measured
from bidder.experiment.size import Size
from bidder.snapshot import EPOCH_ORDINAL
from bidder.trial import Trial

__all__ = [
    "EffectDocument",
    "MeasuredLine",
    "SizeDocument",
    "VisibleLine",
    "effect_document",
    "effect_lines",
    "effect_sentence",
    "size_document",
    "size_lines",
]

Language = Literal["zh", "en"]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class MeasuredLine(_Shape):
    """The effect on one outcome: of a day, and as a part of what there would have been; null is unbounded or unknown.

    Profit and spend in the shop's currency.
    """

    outcome: str
    mean: float
    low: float | None
    high: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    p: float
    certain: bool
    """Whether chance alone is refused as the reason (p at most 5 %, the interval on one side of 0)."""


class EffectDocument(_Shape):
    """What an experiment has shown so far."""

    kind: Literal["holdout", "switchback"]
    rule: str
    first: str
    last: str
    over: bool
    days: int
    """Days counted with bidder."""
    beside: int
    """Days before it began (holdout) or without bidder (switchback)."""
    alone: int
    others: int
    left_alone: list[str]
    cancelled: list[list[str]]
    draws: int
    margins: bool
    """Whether any margin is known; else profit is sales less spend."""
    effects: list[MeasuredLine]
    why: str
    """Why nothing can be said yet; empty when it can."""
    currency: str

    def of(self, outcome: str) -> MeasuredLine | None:
        """The effect on an outcome."""
        return next((one for one in self.effects if one.outcome == outcome), None)


class VisibleLine(_Shape):
    """The smallest effect on an outcome that is seen with a chance of 80 %, and the chances of some effects."""

    outcome: str
    smallest: float | None
    chances: list[list[float]]


class SizeDocument(_Shape):
    """What an experiment could see, before it begins."""

    kind: Literal["holdout", "switchback"]
    rule: str
    days: int
    alone: int
    others: int
    draws: int
    history: int
    """Days of the shop's history that stood for it."""
    visible: list[VisibleLine]
    by_counts: float | None
    """The smallest effect on orders that counting them allows, whatever else is known."""
    refused: str
    """Why it does not begin; empty when it does."""


def effect_document(found: Finding, today: int, currency: str) -> EffectDocument:
    """A finding as a document."""
    trial = found.trial
    return EffectDocument(
        kind=trial.word,
        rule=trial.rule,
        first=_day(trial.first),
        last=_day(trial.first + trial.days - 1),
        over=today >= trial.first + trial.days,
        days=found.days,
        beside=found.before,
        alone=found.alone,
        others=found.others,
        left_alone=[] if trial.word == "switchback" else [unit.name for unit in trial.units if unit.out],
        cancelled=[list(one) for one in found.cancelled],
        draws=found.draws,
        margins=found.margins,
        effects=[_measured(one) for one in found.measured],
        why=found.why,
        currency=currency,
    )


def size_document(trial: Trial, size: Size) -> SizeDocument:
    """A size as a document."""
    return SizeDocument(
        kind=trial.word,
        rule=trial.rule,
        days=trial.days,
        alone=size.alone,
        others=size.others,
        draws=size.draws,
        history=size.days,
        visible=[
            VisibleLine(outcome=one.outcome, smallest=one.smallest, chances=[list(pair) for pair in one.chances])
            for one in size.visible
        ],
        by_counts=size.counts,
        refused=trial.refused,
    )


def effect_sentence(shown: EffectDocument, language: Language) -> str:
    """What bidder earned, in one line for a phone."""
    w = _words(language)
    one = shown.of("profit")
    if one is None:
        return str(w["not_yet"].format(why=shown.why))
    told: str = w["earned"].format(
        amount=_money(one.mean), low=_money(one.low), high=_money(one.high), currency=shown.currency, part=_part(one)
    )
    return told + str(w["certain"] if one.certain else w["chance"])


def effect_lines(shown: EffectDocument, language: Language) -> list[str]:
    """Everything, for a terminal."""
    w = _words(language)
    span = w["over" if shown.over else "runs"].format(first=shown.first, last=shown.last)
    lines = [f"{w[shown.kind]}  {span}"]
    lines.append(
        w[f"{shown.kind}_counted"].format(
            days=shown.days, beside=shown.beside, alone=shown.alone, others=shown.others, draws=shown.draws
        )
    )
    if shown.why:
        lines.append(w["nothing"].format(why=shown.why))
    for one in shown.effects:
        lines.append(
            w["line"].format(
                outcome=w["outcomes"][one.outcome], amount=_money(one.mean), low=_money(one.low),
                high=_money(one.high), part=_part(one), p=f"{one.p:.3f}",
            )
        )  # fmt: skip
    if shown.effects:
        lines.append(effect_sentence(shown, language))
        if not shown.margins:
            lines.append(w["no_margins"])
    if shown.left_alone:
        lines.append(w["left_alone"].format(names=", ".join(shown.left_alone)))
    lines += [w["cancelled"].format(name=name, why=why) for name, why in shown.cancelled]
    return lines


def size_lines(shown: SizeDocument, language: Language) -> list[str]:
    """What it could see, for a terminal: the verdict last."""
    w = _words(language)
    lines = [w[f"{shown.kind}_planned"].format(days=shown.days, alone=shown.alone, others=shown.others)]
    if shown.visible:
        lines.append(w["from_history"].format(history=shown.history, draws=shown.draws))
    for one in shown.visible:
        least = w["none"] if one.smallest is None else f"{one.smallest:.0%}"
        chances = "  ".join(f"{effect:.0%}: {chance:.0%}" for effect, chance in one.chances)
        lines.append(w["visible"].format(outcome=w["outcomes"][one.outcome], least=least, chances=chances))
    if shown.by_counts is not None:
        lines.append(w["by_counts"].format(least=f"{shown.by_counts:.0%}"))
    lines.append(w["refused"].format(why=shown.refused) if shown.refused else w["may_begin"])
    return lines


@cache
def _words(language: Language) -> Mapping[str, Any]:
    text = files("bidder.explain").joinpath("locales", f"experiment_{language}.json").read_text("utf-8")
    return dict(json.loads(text))


def _measured(one: Measured) -> MeasuredLine:
    ratio = one.ratio or (float("nan"),) * 3
    return MeasuredLine(
        outcome=one.outcome,
        mean=one.amount[0],
        low=_finite(one.amount[1]),
        high=_finite(one.amount[2]),
        ratio=_finite(ratio[0]),
        ratio_low=_finite(ratio[1]),
        ratio_high=_finite(ratio[2]),
        p=one.p,
        certain=one.certain,
    )


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _money(value: float | None) -> str:
    return "?" if value is None else f"{value:+,.0f}" if abs(value) >= 10 else f"{value:+,.1f}"


def _part(one: MeasuredLine) -> str:
    if one.ratio is None:
        return ""
    low, high = ("?" if side is None else f"{side:+.0%}" for side in (one.ratio_low, one.ratio_high))
    return f"{one.ratio:+.0%} ({low} … {high})"


def _day(number: int) -> str:
    return date.fromordinal(number + EPOCH_ORDINAL).isoformat()
