"""Conditions that are plain comparisons, answered over whole columns instead of once per distinct set of values.

Called by :mod:`bidder.rules.conditions`, which has compiled the text and tried its types before. What is read here is
the part of CEL that most rules are made of: names, numbers, texts, comparisons, `in` a list, `!`, `&&`, `||`, brackets,
sums and products. `plain_of` gives None for anything else, and CEL answers it. What is unknown cannot be told:
`unknown && false` is false, `unknown || true` is true, everything else with it is unknown, as in CEL.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidder.rules.attributes import NAMES, Attributes
from bidder.snapshot import FloatArray

__all__ = ["plain_of"]

Mask = NDArray[np.bool_]
Told = tuple[Mask, Mask]
"""Where it is known to hold, and where it is known not to, for each (budget, product) pair."""

Number = tuple[FloatArray, Mask]
"""The figures of each pair, and where they are known."""

_PIECE = re.compile(
    r"\s*(?:(?P<sign>&&|\|\||[<>=!]=|[<>!()+*-])|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<text>'[^'\\\n]*'|\"[^\"\\\n]*\")|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*))"
)
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class _NotPlainError(Exception):
    """Something that is left to CEL."""


@lru_cache(maxsize=4096)
def plain_of(text: str) -> Callable[[Attributes], Mask] | None:
    """What answers this condition for every (budget, product) pair of `Attributes.pairs`; None: it is not plain."""
    try:
        reading = _Reading(_pieces(text))
        told = reading.any_of()
        if reading.left:
            return None
    except _NotPlainError:
        return None
    return lambda attributes: told(attributes)[0]


def _pieces(text: str) -> list[tuple[str, str]]:
    """(kind, word) of each piece of the text."""
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _PIECE.match(text, at)
        if match is None or match.lastgroup is None:
            raise _NotPlainError
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


@dataclass(slots=True)
class _Reading:
    """A text read from left to right into functions over Attributes."""

    left: list[tuple[str, str]]

    def sign(self, *wanted: str) -> str | None:
        """The next piece when it is one of these signs; it is then read."""
        if self.left and self.left[0][0] == "sign" and self.left[0][1] in wanted:
            return self.left.pop(0)[1]
        return None

    def any_of(self) -> Callable[[Attributes], Told]:
        told = self.all_of()
        while self.sign("||"):
            told = _either(told, self.all_of())
        return told

    def all_of(self) -> Callable[[Attributes], Told]:
        told = self.one()
        while self.sign("&&"):
            told = _both(told, self.one())
        return told

    def one(self) -> Callable[[Attributes], Told]:
        if self.sign("!"):
            if not (self.left and self.left[0] in (("sign", "("), ("sign", "!"))):
                raise _NotPlainError  # of a name `!` would be read before a comparison
            return _not(self.one())
        if self.sign("("):
            told = self.any_of()
            if not self.sign(")") or (self.left and self.left[0][1] not in ("&&", "||", ")")):
                raise _NotPlainError
            return told
        return self.comparison()

    def comparison(self) -> Callable[[Attributes], Told]:
        if not self.left:
            raise _NotPlainError
        kind, word = self.left[0]
        if kind == "text":
            self.left.pop(0)
            if self.left and self.left[0] == ("name", "in"):
                self.left.pop(0)
                return _contains(word[1:-1], self.name(list))
            raise _NotPlainError
        if kind == "name" and word in NAMES and isinstance(NAMES[word].samples[0], str):
            self.left.pop(0)
            sign = self.sign("==", "!=")
            if sign is None or not self.left or self.left[0][0] != "text":
                raise _NotPlainError
            return _is_text(word, self.left.pop(0)[1][1:-1], sign == "==")
        first = self.sum()
        sign = self.sign(*_COMPARE)
        if sign is None:
            raise _NotPlainError
        return _compared(first, _COMPARE[sign], self.sum())

    def sum(self) -> Callable[[Attributes], Number]:
        total = self.product()
        while sign := self.sign("+", "-"):
            total = _reckoned(total, np.add if sign == "+" else np.subtract, self.product())
        return total

    def product(self) -> Callable[[Attributes], Number]:
        result = self.factor()
        while self.sign("*"):
            result = _reckoned(result, np.multiply, self.factor())
        return result

    def factor(self) -> Callable[[Attributes], Number]:
        minus = -1.0 if self.sign("-") else 1.0
        if self.left and self.left[0][0] == "number":
            return _constant(minus * float(self.left.pop(0)[1]))
        if minus < 0:
            raise _NotPlainError
        return _figures(self.name((int, float)))

    def name(self, kind: type | tuple[type, ...]) -> str:
        """The next piece, a documented name whose values are of this kind."""
        if not self.left or self.left[0][0] != "name" or self.left[0][1] not in NAMES:
            raise _NotPlainError
        samples = NAMES[self.left[0][1]].samples
        if not all(isinstance(one, kind) and not isinstance(one, bool) for one in samples):
            raise _NotPlainError
        return self.left.pop(0)[1]


def _of_pairs(attributes: Attributes, name: str) -> NDArray[np.int64]:
    """Which distinct value of a name each pair has; 0 is unknown."""
    budgets, products = attributes.pairs
    of = {"product": products, "budget": budgets, "day": np.zeros_like(budgets)}[NAMES[name].of]
    return np.asarray(attributes.distinct(name)[0][of])


def _held(attributes: Attributes, name: str, holds: Callable[[Any], bool]) -> Told:
    """Asked once for each distinct value."""
    codes, values = _of_pairs(attributes, name), attributes.distinct(name)[1]
    yes = np.array([value is not None and holds(value) for value in values], dtype=np.bool_)[codes]
    return yes, ~yes & (codes > 0)


def _contains(word: str, name: str) -> Callable[[Attributes], Told]:
    return lambda attributes: _held(attributes, name, lambda value: word in value)


def _is_text(name: str, word: str, same: bool) -> Callable[[Attributes], Told]:
    return lambda attributes: _held(attributes, name, lambda value: (value == word) is same)


def _figures(name: str) -> Callable[[Attributes], Number]:
    def figures(attributes: Attributes) -> Number:
        codes, values = _of_pairs(attributes, name), attributes.distinct(name)[1]
        column = np.array([0.0 if value is None else float(value) for value in values])
        return column[codes], codes > 0

    return figures


def _constant(value: float) -> Callable[[Attributes], Number]:
    def constant(attributes: Attributes) -> Number:
        size = len(attributes.pairs[0])
        return np.full(size, value), np.ones(size, dtype=np.bool_)

    return constant


def _reckoned(
    first: Callable[[Attributes], Number], how: np.ufunc, second: Callable[[Attributes], Number]
) -> Callable[[Attributes], Number]:
    def reckoned(attributes: Attributes) -> Number:
        (left, left_known), (right, right_known) = first(attributes), second(attributes)
        return how(left, right), left_known & right_known

    return reckoned


def _compared(
    first: Callable[[Attributes], Number], how: Callable[[Any, Any], Any], second: Callable[[Attributes], Number]
) -> Callable[[Attributes], Told]:
    def compared(attributes: Attributes) -> Told:
        (left, left_known), (right, right_known) = first(attributes), second(attributes)
        known, holds = left_known & right_known, how(left, right)
        return known & holds, known & ~holds

    return compared


def _both(first: Callable[[Attributes], Told], second: Callable[[Attributes], Told]) -> Callable[[Attributes], Told]:
    def both(attributes: Attributes) -> Told:
        (left, left_not), (right, right_not) = first(attributes), second(attributes)
        return left & right, left_not | right_not

    return both


def _either(first: Callable[[Attributes], Told], second: Callable[[Attributes], Told]) -> Callable[[Attributes], Told]:
    return _not(_both(_not(first), _not(second)))


def _not(told: Callable[[Attributes], Told]) -> Callable[[Attributes], Told]:
    return lambda attributes: told(attributes)[::-1]
