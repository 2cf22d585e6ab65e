"""JMESPath as it stands in YAML: checked when the file is read, exact with decimals, and some functions more.

`get(object, key)` is the value under a key that another field names, `items(object)` its pairs as `{key, value}`,
`split(text, separator)` its parts; `plus`, `minus`, `times`, `over` reckon with two numbers. A row is looked at with
`_body` (the whole reply) and, where `each` takes it apart, `_row` beside its own fields. Used by
:mod:`bidder.connectors.rest.row` and the settings.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, ParseError
from jmespath.functions import Functions, signature
from jmespath.parser import ParsedResult

from bidder.written import did_you_mean

__all__ = ["FUNCTIONS", "CannotLook", "checked_path", "found_at"]

FUNCTIONS = ("get", "items", "split", "plus", "minus", "times", "over")
"""Beside those of the standard."""


class CannotLook(ValueError):
    """An expression meets a value that it cannot be applied to."""


class _Functions(Functions):
    """The standard's functions over exact decimals, and ours."""

    def _get_allowed_pytypes(self, types: Any) -> Any:
        allowed, parts = super()._get_allowed_pytypes(types)  # type: ignore[misc]  # the stubs know the public face only
        with_decimals = [(*one, "Decimal") if "float" in one else one for one in parts]
        return ([*allowed, "Decimal"] if "float" in allowed else allowed), with_decimals

    @signature({"types": []})
    def _func_to_number(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
            return None
        try:
            number = value if isinstance(value, int) else Decimal(str(value).strip())
        except InvalidOperation:
            return None
        return number if isinstance(number, int) or number.is_finite() else None

    @signature({"types": ["array-number"]})
    def _func_sum(self, values: Any) -> Any:
        return sum((Decimal(str(one)) for one in values), Decimal(0))

    @signature({"types": ["object", "null"]}, {"types": ["string", "number", "null"]})
    def _func_get(self, found: Any, key: Any) -> Any:
        return None if found is None or key is None else found.get(str(key))

    @signature({"types": ["number", "null"]}, {"types": ["number", "null"]})
    def _func_plus(self, one: Any, other: Any) -> Any:
        return _reckoned(lambda a, b: a + b, one, other)

    @signature({"types": ["number", "null"]}, {"types": ["number", "null"]})
    def _func_minus(self, one: Any, other: Any) -> Any:
        return _reckoned(lambda a, b: a - b, one, other)

    @signature({"types": ["number", "null"]}, {"types": ["number", "null"]})
    def _func_times(self, one: Any, other: Any) -> Any:
        return _reckoned(lambda a, b: a * b, one, other)

    @signature({"types": ["number", "null"]}, {"types": ["number", "null"]})
    def _func_over(self, one: Any, other: Any) -> Any:
        return None if not other else _reckoned(lambda a, b: a / b, one, other)

    @signature({"types": ["object", "null"]})
    def _func_items(self, found: Any) -> Any:
        return [{"key": key, "value": value} for key, value in (found or {}).items()]

    @signature({"types": ["string", "null"]}, {"types": ["string"]})
    def _func_split(self, text: Any, separator: Any) -> Any:
        return [] if text is None else text.split(separator) if separator else [text]


def _reckoned(how: Callable[[Decimal, Decimal], Decimal], one: Any, other: Any) -> Decimal | None:
    """Exact arithmetic; with something unknown the result is unknown."""
    return None if one is None or other is None else how(Decimal(str(one)), Decimal(str(other)))


_OPTIONS = jmespath.Options(custom_functions=_Functions())


def checked_path(text: str) -> str:
    """The same text. Raises ValueError that says what is wrong with it, and what was meant."""
    try:
        with warnings.catch_warnings():  # a literal that is no JSON would be taken for text, which is on its way out
            warnings.simplefilter("error")
            parsed = _compiled(text)
    except Warning:
        raise ValueError(f"{text!r}: what stands in `backquotes` is no JSON; write text as 'text'") from None
    except ParseError as e:
        where = f" at character {e.lex_position + 1}" if e.lex_position >= 0 else ""
        token = f" at {e.token_value!r}" if e.token_value else ""
        raise ValueError(f"{text!r} is no JMESPath: it cannot be read on{token}{where}") from None
    except (JMESPathError, ValueError) as e:
        reason = str(e).strip().splitlines()[0] if str(e).strip() else "it is empty"
        raise ValueError(f"{text!r} is no JMESPath: {reason}") from None
    for name, given in _calls(parsed.parsed):
        known = _Functions.FUNCTION_TABLE
        if name not in known:
            raise ValueError(f"{text!r}: no function {name}(){did_you_mean(name, known)}")
        signed = known[name]["signature"]
        expected = len(signed)
        variadic = any(one.get("variadic") for one in signed)
        if given < expected if variadic else given != expected:
            raise ValueError(f"{text!r}: {name}() takes {expected} arguments, has {given}")
    return text


def found_at(path: str, value: Any) -> Any:
    """What the expression finds in decoded JSON, None where there is nothing. Raises CannotLook."""
    try:
        return _compiled(path).search(value, options=_OPTIONS)
    except (JMESPathError, TypeError, ArithmeticError, AttributeError, ValueError) as e:
        raise CannotLook(str(e).strip().splitlines()[0] if str(e).strip() else type(e).__name__) from None


@lru_cache(maxsize=1024)
def _compiled(path: str) -> ParsedResult:
    return jmespath.compile(path)


def _calls(node: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Each function that an expression calls, with the number of its arguments."""
    if node.get("type") == "function_expression":
        yield str(node["value"]), len(node["children"])
    for child in node.get("children", ()):
        if isinstance(child, Mapping):
            yield from _calls(child)
