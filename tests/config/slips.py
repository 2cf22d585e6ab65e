"""Slips of a tired hand, drawn at random, in every file of the whole shop: keys, types, units, signs, factors of 100.

`slips(seed, count)` draws places and mistakes evenly over kinds, so that rare kinds are tried as often as common ones.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml

from tests.config.whole_shop import FILES

__all__ = ["Slip", "slips"]

FREE_TEXT = ("note", "title", "name", "to", "env", "path", "topic", "url", "keep", "product", "tag", "category")
"""Values of which any text is one: another word there is another shop, not a slip that could be seen."""


@dataclass(frozen=True)
class Slip:
    """One file with one place changed; `lines` are those where a person may be led."""

    kind: str
    what: str
    file: str
    lines: frozenset[int]
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.file}:{min(self.lines)} {self.what}"


@dataclass(frozen=True)
class _Place:
    """A key with its value, somewhere in a file."""

    file: str
    text: str
    path: tuple[str, ...]
    key: yaml.Node
    value: yaml.Node
    inline: bool

    @property
    def word(self) -> str:
        return str(self.key.value)

    @property
    def was(self) -> str:
        return self.text[self.value.start_mark.index : self.value.end_mark.index].strip()

    @property
    def block(self) -> bool:
        """Whether its value stands on lines of its own."""
        return self.value.end_mark.line != self.value.start_mark.line

    def lines(self) -> frozenset[int]:
        """Where a person may be led: the key, its value, and a second one right behind."""
        first, last = self.key.start_mark.line + 1, self.value.end_mark.line + 1
        return frozenset({first, self.value.start_mark.line + 1, last, last + 1})

    def with_key(self, word: str) -> str:
        return self.text[: self.key.start_mark.index] + word + self.text[self.key.end_mark.index :]

    def with_value(self, word: str) -> str:
        end = "\n" if self.block and self.text[self.value.end_mark.index - 1] in "\n -" else ""
        if end:
            return self.text[: self.value.start_mark.index].rstrip(" \n-") + f" {word}\n" + self.text[self._after() :]
        return self.text[: self.value.start_mark.index] + word + self.text[self.value.end_mark.index :]

    def _after(self) -> int:
        """Where the line begins on which something else stands."""
        return self.text.rfind("\n", 0, self.value.end_mark.index) + 1

    def twice(self) -> str:
        start, end = self.key.start_mark.index, self.value.end_mark.index
        joint = ", " if self.inline else "\n" + " " * self.key.start_mark.column
        pair = self.text[start:end].rstrip()
        return self.text[:start] + pair + joint + self.text[start:]


def _places(file: str) -> Iterator[_Place]:
    text = FILES[file]
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert node is not None

    def walk(node: yaml.Node, path: tuple[str, ...]) -> Iterator[_Place]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                here = (*path, str(key.value))
                yield _Place(file, text, here, key, value, bool(node.flow_style))
                yield from walk(value, here)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from walk(item, path)

    yield from walk(node, ())


def _typo(word: str, draw: random.Random) -> str:
    at = draw.randrange(len(word))
    letter = draw.choice("abcdefghijklmnopqrstuvwxyz")
    return draw.choice(
        [word[:at] + word[at + 1 :] or "x", word[:at] + letter + word[at:], word[:at] + word[at : at + 1] + word[at:]]
        + ([word[:at] + word[at + 1] + word[at] + word[at + 2 :]] if at + 1 < len(word) else [])
    )


def _renamed(place: _Place, draw: random.Random) -> str | None:
    word = _typo(place.word, draw)
    if word == place.word or re.fullmatch(r"2026-\d\d", place.word):
        return None
    return place.with_key(word)


def _duplicated(place: _Place, draw: random.Random) -> str | None:
    return place.twice()


def _wrong_type(place: _Place, draw: random.Random) -> str | None:
    if place.word in ("note", "title"):
        return None
    choices = ["[[1]]", "{zzz: 1}", "[]", "true", "3.7"]
    if isinstance(place.value, yaml.SequenceNode):
        choices = ["{zzz: 1}", "true", "3.7", "[[[1]]]"]
    if place.was in ("true", "false"):
        choices.remove("true")
    if place.word == "from" or not isinstance(place.value, yaml.ScalarNode):
        choices.append("5")
    wrong = draw.choice(choices)
    if wrong == "3.7" and re.fullmatch(r"\d+(\.\d+)?|break_even.*", place.was):
        return None  # a number where one is meant
    if wrong in ("3.7", "5") and place.path[-2:] == ("step", "min"):
        return None
    if wrong == "3.7" and place.word in (*FREE_TEXT, "day", "month", "max", "name"):
        return None
    return place.with_value(wrong)


def _wrong_unit(place: _Place, draw: random.Random) -> str | None:
    was = place.was
    if match := re.fullmatch(r"(-?\d+)%", was):
        number = match[1]
        if place.path[-2:] == ("step", "min"):  # a whole number is another meaning: so much money
            return place.with_value(draw.choice([str(int(number) / 100), f"{number}‰", f"{number}d"]))
        return place.with_value(
            draw.choice([number, str(int(number) / 100), f"{number}‰", f"{number}d", f"{number} CNY"])
        )
    if match := re.fullmatch(r"(\d+)[mhd]", was):
        return place.with_value(
            draw.choice([match[1], f"{match[1]}x", f"{match[1]} days", f"{match[1]}%", f"{match[1]}y"])
        )
    if re.fullmatch(r"\d+(\.\d+)?", was) and place.word not in ("name", "seed", "priority"):
        return place.with_value(draw.choice([f"{was}%", f"{was}d", f"{was} XYZ", f"{was}元", f"{was}k", f"{was},000"]))
    return None


def _sign(place: _Place, draw: random.Random) -> str | None:
    if re.fullmatch(r"\d+(\.\d+)?[%mhd]?", place.was) and place.word not in ("name", "seed"):
        if place.path[-2:] == ("step", "max"):
            return None  # below zero it has a meaning of its own
        return place.with_value("-" + place.was)
    return None


def _hundred(place: _Place, draw: random.Random) -> str | None:
    match = re.fullmatch(r"(\d+)(%|[mhd])?", place.was)
    if match is None or place.word in ("name", "seed", "priority") or int(match[1]) == 0:
        return None
    return place.with_value(f"{int(match[1]) * 100}{match[2] or ''}")


def _trap(place: _Place, draw: random.Random) -> str | None:
    if place.word in (*FREE_TEXT,):
        return None
    return place.with_value(draw.choice(["no", "1_000", "10:30", "010", "&a 5", "*a", "!x 5", ".nan", "1e3", "~"]))


def _dropped(place: _Place, draw: random.Random) -> str | None:
    """The key with its value; where only the value is gone it is empty."""
    return place.with_value("") if isinstance(place.value, yaml.ScalarNode) and place.word not in ("note",) else None


def _misspelt(place: _Place, draw: random.Random) -> str | None:
    """A word of a condition or a choice with a letter too few or too many."""
    was = place.was
    if place.word in ("where", "when", "goods") and was[:1] in "\"'":
        words = [one for one in re.finditer(r"[a-z_]{3,}", was) if was[one.end() : one.end() + 1] != "("]
        word = draw.choice(words)
        return place.with_value(was[: word.start()] + _typo(word[0], draw) + was[word.end() :])
    free = {*FREE_TEXT, "keep"} - {"tag", "product", "category"}
    if not isinstance(place.value, yaml.ScalarNode) or not re.fullmatch(r"[a-z_]{3,}|P\d\d", was) or place.word in free:
        return None
    return place.with_value(_typo(was, draw))


KINDS: dict[str, Callable[[_Place, random.Random], str | None]] = {
    "renamed": _renamed,
    "duplicated": _duplicated,
    "wrong type": _wrong_type,
    "wrong unit": _wrong_unit,
    "sign": _sign,
    "off by 100": _hundred,
    "trap": _trap,
    "dropped": _dropped,
    "misspelt": _misspelt,
}


def _of_sheet(draw: random.Random) -> Slip | None:
    """A slip in products.csv."""
    text = FILES["products.csv"]
    rows = [line.split(",") for line in text.splitlines()]
    header, kind = (
        rows[0],
        draw.choice(["renamed", "duplicated", "wrong type", "wrong unit", "sign", "off by 100", "row"]),
    )
    column = draw.randrange(len(header))
    row = draw.randrange(1, len(rows))
    name, cell = header[column], rows[row][column]
    lines = frozenset({row + 1})
    if kind == "renamed":
        rows[0][column], lines = _typo(name, draw), frozenset({1})
        if rows[0][column] == name:
            return None
    elif kind == "duplicated":
        lines = frozenset({row + 1, row + 2, 1})
        if draw.random() < 0.5:
            rows.insert(row + 1, list(rows[row]))
        else:
            rows[0][column] = header[(column + 1) % len(header)]
    elif kind == "row":
        rows[row] = rows[row][:-1] if draw.random() < 0.5 else [*rows[row], "x"]
    else:
        if name in ("id", "name", "tags", "category", "campaigns"):
            return None
        dated = name == "restock_date"
        share = name in ("fee_rate", "return_rate", "resale")
        wrong = {
            "wrong type": ["abc", "true", "[1]", "nan", "inf"],
            "wrong unit": ["01/07/2026", "7月1日"] if dated else [f"{cell}元", f"{cell} CNY", f"{cell}kg"],
            "sign": ["-2026-07-01"] if dated else [f"-{cell}"],
            "off by 100": [] if dated or not share else [f"{float(cell) * 100:g}"],
        }[kind]
        if not wrong or (kind == "sign" and not dated and float(cell) == 0):
            return None
        rows[row][column] = draw.choice(wrong)
        if kind == "off by 100" and float(rows[row][column]) <= 1:
            return None
    changed = "\n".join(",".join(one) for one in rows) + "\n"
    return None if changed == text else Slip(kind, f"{name} of line {row + 1}: {cell}", "products.csv", lines, changed)


def slips(seed: int, count: int) -> Iterator[Slip]:
    """`count` of them."""
    draw = random.Random(seed)
    places = {file: list(_places(file)) for file in FILES if file.endswith(".yaml")}
    made = 0
    while made < count:
        file = draw.choice(list(FILES))
        if file == "products.csv":
            slip = _of_sheet(draw)
        else:
            place, kind = draw.choice(places[file]), draw.choice(list(KINDS))
            changed, slip = KINDS[kind](place, draw), None
            if changed is not None and changed != place.text:
                slip = Slip(kind, f"{'.'.join(place.path)}: {place.was[:30]}", file, place.lines(), changed)
        if slip is not None:
            made += 1
            yield slip
