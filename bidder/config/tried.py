"""Whether a condition can be true, and can be false: tried on the values that its own text makes interesting.

A comparison with a written value changes its answer only at that value, so trying just below, at and just above it is
as good as trying all; a list matters only for the members that the text asks for. Where a text compares figures with
each other, or would need too many tries, nothing is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import combinations, product
from typing import Any

from bidder.rules.attributes import NAMES
from bidder.rules.conditions import Condition

__all__ = ["Verdict", "verdict"]

MOST_TRIES = 20_000
MOST_MEMBERS = 6
MOST_BEYOND = 3

_TEXT = re.compile(r"'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\"")
_NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)(?![\w.])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class Verdict(StrEnum):
    """What was found: it is true of everything, of nothing, or it depends."""

    ALWAYS = "always"
    NEVER = "never"
    DEPENDS = "depends"


def verdict(condition: Condition | None) -> Verdict:
    """What the text alone says of a condition; DEPENDS where it cannot be told, and for none at all."""
    return Verdict.DEPENDS if condition is None else _verdict(condition.text, condition.names)


@lru_cache(maxsize=4096)
def _verdict(text: str, names: tuple[str, ...]) -> Verdict:
    condition = Condition(text, names)
    texts = [(one or two).replace("\\'", "'").replace('\\"', '"') for one, two in _TEXT.findall(text)]
    numbers = [float(one) for one in _NUMBER.findall(_TEXT.sub("''", text))]
    values = [_values(name, texts, numbers) for name in names]
    tries = 1
    for some in values:
        tries *= len(some)
    if tries > MOST_TRIES:
        return Verdict.DEPENDS
    rows = list(product(*values))
    answers = condition.answers(names, [list(column) for column in zip(*rows, strict=True)], len(rows))
    if answers.all():
        return Verdict.ALWAYS
    compares = sum(isinstance(NAMES[name].samples[0], int | float) for name in names) > 1
    return Verdict.NEVER if not answers.any() and not compares else Verdict.DEPENDS


def _values(name: str, texts: Sequence[str], numbers: Sequence[float]) -> list[Any]:
    sample = NAMES[name].samples[0]
    if isinstance(sample, bool):
        return [True, False]
    if isinstance(sample, list):
        members = list(dict.fromkeys(texts))[:MOST_MEMBERS]
        sizes = range(min(len(members), MOST_BEYOND) + 1)
        subsets = [list(some) for size in sizes for some in combinations(members, size)]
        return [*subsets, members, ["something else"]]
    if isinstance(sample, str):
        return list(dict.fromkeys([*texts, "", "something else"]))
    if isinstance(sample, datetime):
        days = {date(2026, month, 1) + timedelta(days=more) for month in range(1, 13) for more in range(7)}
        days |= {date.fromisoformat(one) + timedelta(days=n) for one in texts if _DATE.match(one) for n in (-1, 0, 1)}
        return [datetime.combine(day, datetime.min.time(), UTC) for day in sorted(days)]
    near = [value + more for value in numbers for more in (-max(1e-6 * value, 1e-6), 0.0, max(1e-6 * value, 1e-6))]
    tried = [*(value for value in near if value >= 0.0), 0.0, 1e9, *map(float, NAMES[name].samples)]
    if isinstance(sample, int):
        return sorted({max(int(value) + more, 0) for value in tried for more in (-1, 0, 1)})
    return sorted(set(tried))
