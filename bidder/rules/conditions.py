"""`where:` and `when:`: which budgets a rule means, and on which days.

Conditions are CEL (Common Expression Language: no loops, no code, sure to end) over the names of
:mod:`bidder.rules.attributes`, compiled when the file is read. `cel` names root variables only, so dotted names are
checked here by the tokens, and types are tried on samples: a misspelt name is a fault at load and not at 3 a.m.
Short patterns stand for the common ones: `where: {tag: hero}`, `{channel: search}`, `when: {weekday: [sat, sun]}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidder.errors import ConfigError, Fault, Source
from bidder.rules.attributes import NAMES, WHEN_ROOTS, Attributes
from bidder.rules.plain import plain_of
from bidder.snapshot import IntArray
from bidder.written import did_you_mean

__all__ = ["PATTERNS", "WHEN_PATTERNS", "Condition", "inside", "tokens"]

_TOKEN = re.compile(
    r"""(?P<string>[rRbB]{0,2}(?:\"\"\".*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))"""
    r"""|(?P<comment>//[^\n]*)|(?P<name>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)|(?P<rest>\S)|(?P<space>\s+)""",
    re.DOTALL,
)
_MACROS = frozenset({"exists", "all", "exists_one", "filter", "map"})
_METHODS = frozenset(
    {"contains", "startsWith", "endsWith", "matches", "size", "getDate", "getDayOfMonth", "getDayOfWeek"}
    | {"getDayOfYear", "getMonth", "getFullYear", *_MACROS}
)
_FUNCTIONS = frozenset({"date", "has", "size", "int", "double", "string", "min", "max"})
_OPERATORS = {"and": "&&", "or": "||", "not": "!", "True": "true", "False": "false", "None": "null"}
_WORDS = frozenset({"true", "false", "null", "in"})
_PARSE_PLACE = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?(.*)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")  # getMonth: 0 January
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SHORT = {"month": _MONTHS, "weekday": _WEEKDAYS}
_WHOLE = {
    "month": "january february march april may june july august september october november december".split(),
    "weekday": "sunday monday tuesday wednesday thursday friday saturday".split(),
}
_NAMED = {"month": "jan … dec", "weekday": "mon … sun"}
_UNTOLD = (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError)
"""What CEL raises where a condition has no answer: an unknown value, a division by zero, an index beyond a list."""
_NEVER_NUMBERS = frozenset({"channel", "platform", "role", "phase"})

PATTERNS: Mapping[str, str] = {
    "tag": "{value} in product.tags",
    "product": "product.id == {value}",
    "category": "product.category == {value}",
    "role": "product.role == {value}",
    "channel": "channel == {value}",
    "account": "account.name == {value}",
    "platform": "account.platform == {value}",
    "group": "budget.group == {value}",
    "budget": "budget.id == {value}",
    "campaign": "{value} in campaign.ids",
    "weekday": "date.getDayOfWeek() == {value}",
    "month": "date.getMonth() == {value}",
    "from": "date >= date({value})",
    "to": "date <= date({value})",
    "event": "event.name == {value}",
    "phase": "event.phase == {value}",
}
"""Short patterns and the condition each stands for. A list means any of them; several keys mean all of them."""

WHEN_PATTERNS = frozenset({"weekday", "month", "from", "to", "event", "phase"})


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition. `text` is CEL; `names` the documented names that it uses, sorted."""

    text: str
    names: tuple[str, ...]
    source: Source | None = None

    @classmethod
    def read(cls, written: object, source: Source | None = None, *, when: bool = False) -> Condition:
        """From CEL text or a short pattern. Raises ConfigError with the place inside the text.

        `when` allows only names that say something about the day.
        """
        if isinstance(written, Mapping):
            text = _from_pattern(written, source, when=when)
        elif isinstance(written, str):
            text = written
        else:
            raise ConfigError([Fault(source, f"expected a condition such as channel == 'search', was {written}")])
        names = _names(text, source)
        if when:
            for name in names:
                if name.partition(".")[0] not in WHEN_ROOTS:
                    message = f"{name}: `when` picks days ({', '.join(sorted(WHEN_ROOTS))}); use `where` for budgets"
                    raise ConfigError([Fault(source, message)])
        try:
            _program(text)
        except ValueError as e:
            raise ConfigError([_parse_fault(str(e), source)]) from e
        result = cls(text, names, source)
        result._try(source)
        return result

    def chosen(self, attributes: Attributes) -> NDArray[np.bool_]:
        """Which budgets it holds for, in Snapshot order: for any of a budget's products, where it asks about products.

        A budget of which a needed value is unknown is not chosen. Plain comparisons are answered over whole
        columns, all else once per distinct set of values.
        """
        budgets, products = attributes.pairs
        plain = plain_of(self.text) if self.names else None
        if plain is not None:
            return _any_product(budgets, plain(attributes), attributes)
        entities = {"product": products, "budget": budgets, "day": np.zeros_like(budgets)}
        mark = np.zeros(len(budgets), dtype=np.int64)
        columns = []
        for name in self.names:
            codes, values = attributes.distinct(name)
            column = codes[entities[NAMES[name].of]]
            columns.append((name, values, column))
            mark = mark * len(values) + column
            if len(columns) > 1:  # packed anew, so that the next product cannot pass 2^63
                mark = np.unique(mark, return_inverse=True)[1].reshape(-1)
        _, first, which = np.unique(mark, return_index=True, return_inverse=True)
        picked = [[values[code] for code in column[first].tolist()] for _, values, column in columns]
        answers = self.answers([name for name, _, _ in columns], picked, len(first))
        return _any_product(budgets, answers[which.reshape(-1)], attributes)

    def answers(self, names: Sequence[str], values: Sequence[Sequence[Any]], count: int) -> NDArray[np.bool_]:
        """Whether it holds for each of `count` rows of values, a list a name."""
        program, functions = _program(self.text), {"date": _date}
        if not names:
            return np.full(count, _true(program, {}, functions))
        parts = [name.partition(".") for name in names]
        result = np.zeros(count, dtype=np.bool_)
        for place, row in enumerate(zip(*values, strict=True)):
            variables: dict[str, Any] = {}
            for (root, dot, attribute), value in zip(parts, row, strict=True):
                if value is None:
                    variables.setdefault(root, {})
                elif dot:
                    variables.setdefault(root, {})[attribute] = value
                else:
                    variables[root] = value
            result[place] = _true(program, variables, functions)
        return result

    def holds(self, attributes: Attributes) -> bool:
        """Whether it holds on the decided day (`when`); where it asks for events, whether it does for any budget."""
        if any(NAMES[name].of != "day" for name in self.names):
            return bool(self.chosen(attributes).any())
        return self._holds({name: attributes.column(name)[0] for name in self.names})

    def _holds(self, values: Mapping[str, object]) -> bool:
        return bool(self.answers(list(values), [[value] for value in values.values()], 1)[0])

    def _try(self, source: Source | None) -> None:
        """Runs it on two samples of every name: types that cannot be compared show at load."""
        for pick in (0, 1):
            values = {name: NAMES[name].samples[pick] for name in self.names}
            try:
                answer = _program(self.text).execute(_context(values))
            except _UNTOLD as e:
                reason = " ".join(str(e).split())[:160]
                raise ConfigError([Fault(source, f"condition cannot be evaluated: {reason}")]) from e
            if not isinstance(answer, bool):
                message = f"expected a condition that is true or false, was one that gives {answer!r}"
                raise ConfigError([Fault(source, message)])


def _any_product(budgets: IntArray, holds: NDArray[np.bool_], attributes: Attributes) -> NDArray[np.bool_]:
    """The budgets of the pairs that it holds for."""
    result = np.zeros(len(attributes.snapshot.budgets), dtype=np.bool_)
    result[budgets[holds]] = True
    return result


@lru_cache(maxsize=4096)
def _program(text: str) -> Any:
    from cel import compile as compile_cel  # late: 5 ms that commands without rules need not pay

    return compile_cel(text)


def _true(program: Any, variables: dict[str, Any], functions: dict[str, Any]) -> bool:
    """Whether it holds; a value that it needs and that is unknown cannot be told, so it chooses nothing."""
    from cel import Context

    try:
        return program.execute(Context(variables=variables, functions=functions)) is True
    except _UNTOLD:
        return False


def _context(values: Mapping[str, object]) -> Any:
    from cel import Context

    variables: dict[str, Any] = {}
    for name, value in values.items():
        root, dot, attribute = name.partition(".")
        if dot:
            variables.setdefault(root, {})[attribute] = value
        else:
            variables[root] = value
    return Context(variables=variables, functions={"date": _date})


def _date(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)


def _from_pattern(written: Mapping[Any, Any], source: Source | None, *, when: bool) -> str:
    allowed = [key for key in PATTERNS if (key in WHEN_PATTERNS) == when]
    parts = []
    for key, value in written.items():
        if key not in allowed:
            message = f"{key}: no such pattern{did_you_mean(str(key), allowed)}; known are {', '.join(allowed)}"
            raise ConfigError([Fault(source, message)])
        values = list(value) if isinstance(value, list | tuple) else [value]
        if not values:
            raise ConfigError([Fault(source, f"{key}: expected a value, was an empty list")])
        parts.append("(" + " || ".join(PATTERNS[key].format(value=_literal(key, v, source)) for v in values) + ")")
    if not parts:
        raise ConfigError([Fault(source, "expected a pattern such as {tag: hero}, was an empty one")])
    return " && ".join(parts)


def _literal(key: str, value: object, source: Source | None) -> str:
    if isinstance(value, datetime | bool) or not isinstance(value, str | int | date) or value == "":
        raise ConfigError([Fault(source, f"{key}: expected a word, was {value!r}")])
    text = value.isoformat() if isinstance(value, date) else str(value)
    if isinstance(value, int) and key in _NEVER_NUMBERS:
        raise ConfigError([Fault(source, f"{key}: expected a word, was {value}")])
    if key in _WHOLE:
        short, whole = _SHORT[key], text.lower()
        if whole[:3] not in short or not any(one.startswith(whole) for one in _WHOLE[key]):
            raise ConfigError([Fault(source, f"{key}: expected {_NAMED[key]}, was {text!r}")])
        return str(short.index(whole[:3]))
    if key in ("from", "to"):
        try:
            date.fromisoformat(text)
        except ValueError as e:
            raise ConfigError([Fault(source, f"{key}: expected a date such as 2026-11-11, was {text!r}")]) from e
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """(kind, text, where it begins) of each part of CEL: string, name or rest, which is a single character."""
    for match in _TOKEN.finditer(text):
        if match.lastgroup not in ("comment", "space"):
            yield str(match.lastgroup), match[0], match.start()


def _names(text: str, source: Source | None) -> tuple[str, ...]:
    """The documented names in the text. Raises ConfigError for all that are none, each with its place."""
    parsed = list(tokens(text))
    bound = {
        parsed[index + 2][1]
        for index, (kind, word, _) in enumerate(parsed[:-2])
        if kind == "name" and word.rpartition(".")[2] in _MACROS and parsed[index + 1][1] == "("
    }
    found: set[str] = set()
    faults: list[Fault] = []
    for index, (kind, word, start) in enumerate(parsed):
        if kind != "name":
            continue
        parts = re.split(r"\s*\.\s*", word)
        called = index + 1 < len(parsed) and parsed[index + 1][1] == "("
        before = parsed[index - 1][1] if index else ""
        if before == ".":  # a member of something computed: ("a" + "b").size()
            continue
        message = _check_name(parts, called=called, bound=bound, found=found)
        if message:
            faults.append(Fault(inside(source, text, start), message))
    if faults:
        raise ConfigError(faults)
    return tuple(sorted(found))


def _check_name(parts: list[str], *, called: bool, bound: set[str], found: set[str]) -> str | None:
    if called and parts[0] in _OPERATORS:
        return f"{parts[0]}: write {_OPERATORS[parts[0]]} instead"
    if called and len(parts) == 1:
        known = _FUNCTIONS
        return None if parts[0] in known else f"{parts[0]}: no such function{did_you_mean(parts[0], known)}"
    if called:
        method = parts.pop()
        if method not in _METHODS:
            return f"{method}: no such function{did_you_mean(method, _METHODS)}"
    if parts[0] in bound or (len(parts) == 1 and parts[0] in _WORDS):
        return None
    name = ".".join(parts)
    if name in NAMES:
        found.add(name)
        return None
    if name in _OPERATORS:
        return f"{name}: write {_OPERATORS[name]} instead"
    roots = sorted({known.partition(".")[0] for known in NAMES})
    if parts[0] not in roots:
        hint = did_you_mean(parts[0], [*roots, *NAMES])
        return f"{name}: no such name{hint or '; known are ' + ', '.join(roots)}"
    own = [known.partition(".")[2] for known in NAMES if known.startswith(parts[0] + ".")]
    if not own:
        return f"{name}: {parts[0]} has no parts"
    if len(parts) == 1:
        return f"{name}: say which part: {', '.join(f'{name}.{part}' for part in own)}"
    full = [f"{parts[0]}.{part}" for part in own]
    near = did_you_mean(parts[1], own).replace("mean ", f"mean {parts[0]}.")
    return f"{name}: no such name{near or '; known are ' + ', '.join(full)}"


def _parse_fault(reason: str, source: Source | None) -> Fault:
    match = _PARSE_PLACE.search(reason)
    if match is None:
        return Fault(source, f"condition cannot be read: {reason.splitlines()[0][:160]}")
    line, column, text = int(match[1]), int(match[2]), match[3].strip()
    text = re.sub(r"expecting \{.*", "", text).strip()
    hint = "; write == to compare" if "'= '" in text or "'='" in text else ""
    where = source
    if source is not None and source.line:
        where = Source(source.file, source.line + line - 1, source.column + column - 1 if line == 1 else column)
    return Fault(where, f"condition cannot be read at character {column}: {text}{hint}")


def inside(source: Source | None, text: str, start: int) -> Source | None:
    """The place of a character of the text, reckoned from where the text starts."""
    if source is None or not source.line:
        return source
    line = text.count("\n", 0, start)
    column = start - (text.rfind("\n", 0, start) + 1)
    return Source(source.file, source.line + line, source.column + column if line == 0 else column + 1)
