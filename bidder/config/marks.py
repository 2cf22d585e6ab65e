"""YAML in which every value knows its file:line:column, and in which nothing is guessed.

Called by :mod:`bidder.config.load`. YAML has ways to write one thing and mean another (`no`, `1_000`, `10:30`, `010`,
anchors, merge keys, duplicate keys, tabs); here each is a fault with its place and the way to write what is meant.
Numbers with a point come back as Decimal, so that a setting can tell 0.4 from 40%.

A file without fault is read by libyaml where PyYAML was built with it, a tenth of the time. Whatever is not in order
is read again by PyYAML's own reader, which alone says what is wrong and where.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from bidder.errors import ConfigError, Fault, Source

__all__ = ["LARGEST", "Document", "read_yaml"]

LARGEST = 2_000_000
"""A configuration of more bytes is none."""

_DEEPEST = 40
_QUICK = getattr(yaml, "CSafeLoader", None)
_READ_OTHERWISE = re.compile("[\t?\x85\u2028\u2029\ufeff]")
"""Signs that the two readers do not take alike: tabs, a ? inside brackets, rare ends of lines."""
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+\Z")
_TRAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i:y|n|yes|no|on|off)\Z"), 'may be read as true or false: write true, false or "{0}" in quotes'),
    (re.compile(r"[-+]?\d[\d_]*_[\d_]*(\.\d+)?\Z"), "may be read as a number: write it without _"),
    (re.compile(r"[-+]?\d+(:[0-5]?\d)+(\.\d*)?\Z"), 'may be read as a number to base 60: write "{0}" in quotes'),
    (re.compile(r"[-+]?0[0-9]+\Z"), 'may be read as octal: write "{0}" in quotes, or the number without its zero'),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F]+\Z"), "write numbers to base 10"),
    (re.compile(r"(?i:[-+]?\.inf|\.nan)\Z"), "is no number that can be used"),
    (re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+\Z"), "write the number out"),
    (re.compile(r"[-+]?(\d+\.|\.\d+)\Z"), "write the number with a digit on both sides of its point"),
)
_MESSAGES = {
    "found character '\\t'": "a tab: YAML wants spaces here",
    "found character '%'": "text that begins with % needs quotes",
    "found character '@'": "text that begins with @ needs quotes",
    "found character '`'": "text that begins with ` needs quotes",
    "mapping values are not allowed": "a colon is not allowed here; text with ': ' in it needs quotes",
    "could not find expected ':'": "expected key: value; is a colon missing?",
    "found unexpected end of stream": "the file ends inside quotes",
    "did not find expected": "does not fit the lines above it; is the indentation right?",
    "expected <block end>": "does not fit what stands before it; text that begins with a quote needs quotes around all",
    "expected ',' or": "a bracket before this is not closed, or a comma is missing",
}

Step = str | int


@dataclass(slots=True)
class Document:
    """The content of a file as plain values, with the place of every key and value."""

    file: str
    value: Any = None
    text: str = ""
    warnings: list[Fault] = field(default_factory=list)
    _values: dict[tuple[Step, ...], Source] = field(default_factory=dict)
    _keys: dict[tuple[Step, ...], Source] = field(default_factory=dict)
    _styles: dict[tuple[Step, ...], str] = field(default_factory=dict)

    def at(self, path: Sequence[Step]) -> Source:
        """The place of the value at a path, or of the nearest above it; steps that the file lacks are skipped."""
        return self._find(path, self._values)

    def key_at(self, path: Sequence[Step]) -> Source:
        """The place of the key at a path, where it has one; else that of its value."""
        reached = self._reached(path, self._values)
        exact = self._keys.get(reached) if reached[-1:] == tuple(path[-1:]) else None
        return exact or self._find(path, self._values)

    def has_key(self, path: Sequence[Step]) -> bool:
        """Whether the file has this very key."""
        return tuple(path) in self._keys

    def text_at(self, path: Sequence[Step]) -> tuple[Source, bool]:
        """Where a text begins, behind its quote; and whether places inside it can be counted from there (one line)."""
        place = self.at(path)
        style = self._styles.get(tuple(path), "")
        if style and style in "'\"":
            return Source(place.file, place.line, place.column + 1), True
        return place, style == ""

    def folder(self, path: Sequence[Step] = ()) -> Path:
        """Where a relative path begins that is written there: the folder of the file that says it."""
        return Path(self.at(path).file).parent

    def take_marks(self, other: Document, source: tuple[Step, ...], path: tuple[Step, ...]) -> None:
        """What another document knows of the place of one of its values is known here of the value at a path."""
        for theirs, ours in ((other._values, self._values), (other._keys, self._keys)):
            if source in theirs:
                ours[path] = theirs[source]
        if source in other._styles:
            self._styles[path] = other._styles[source]

    def _find(self, path: Sequence[Step], places: dict[tuple[Step, ...], Source]) -> Source:
        return places.get(self._reached(path, places), Source(self.file, 1, 1))

    def _reached(self, path: Sequence[Step], places: dict[tuple[Step, ...], Source]) -> tuple[Step, ...]:
        """The path without steps that the file lacks: a value alone, where a list may stand, has no number."""
        known: tuple[Step, ...] = ()
        for step in path:
            if (*known, step) in places:
                known = (*known, step)
        return known


def read_yaml(text: str, file: str) -> Document:
    """One YAML document. Raises ConfigError with every fault of the file at once."""
    if len(text) > LARGEST:
        raise ConfigError([Fault(Source(file), f"expected a configuration, was a file of {len(text)} characters")])
    return _quickly(text, file) or _carefully(text, file)


def _quickly(text: str, file: str) -> Document | None:
    """The document; None where it has a fault, is empty, or may be read otherwise by the other reader."""
    if _QUICK is None or _READ_OTHERWISE.search(text):
        return None
    document = Document(file, text=text)
    faults: list[Fault] = []
    try:
        if any(_indirections(text, file, _QUICK)):
            return None
        node = yaml.compose(text, Loader=_QUICK)
        if node is None:
            return None
        document.value = _value(node, (), document, faults)
    except (yaml.YAMLError, UnicodeEncodeError):
        return None
    return None if faults else document


def _carefully(text: str, file: str) -> Document:
    document = Document(file, text=text)
    faults: list[Fault] = []
    try:
        faults.extend(_indirections(text, file, yaml.SafeLoader))
        if faults:
            raise ConfigError(faults)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            document.value = _value(node, (), document, faults)
    except yaml.MarkedYAMLError as e:
        raise ConfigError([*faults, _syntax_fault(e, file)]) from e
    except yaml.reader.ReaderError as e:
        line = text.count("\n", 0, e.position) + 1
        place = Source(file, line, e.position - (text.rfind("\n", 0, e.position) + 1) + 1)
        raise ConfigError([Fault(place, f"a character that a text file cannot have: {e.character!r}")]) from e
    except RecursionError as e:
        raise ConfigError([Fault(Source(file, 1, 1), "nested too deeply")]) from e
    if faults:
        raise ConfigError(faults)
    return document


def _indirections(text: str, file: str, loader: Any) -> Iterator[Fault]:
    """Anchors, aliases, tags and second documents: what is meant then stands elsewhere than where it is used."""
    documents = depth = 0
    for event in yaml.parse(text, Loader=loader):
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            yield Fault(_place(event.start_mark, file), f"*{anchor}: aliases are not used here; write the value out")
        elif anchor is not None:
            yield Fault(
                _place(event.start_mark, file), f"&{anchor}: anchors are not used here; text with & needs quotes"
            )
        if tag is not None and tag != "!":
            yield Fault(
                _place(event.start_mark, file), f"{tag}: tags are not used here; text that begins with ! needs quotes"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                yield Fault(_place(event.start_mark, file), "nested too deeply")
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents == 2:
                yield Fault(_place(event.start_mark, file), "a second document (---): one file holds one")


def _value(node: yaml.Node, path: tuple[Step, ...], document: Document, faults: list[Fault]) -> Any:
    document._values[path] = _place(node.start_mark, document.file)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document, faults)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), document, faults) for index, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    if node.style:
        document._styles[path] = node.style
        return node.value
    return _plain(node.value, document._values[path], faults)


def _mapping(node: yaml.MappingNode, path: tuple[Step, ...], document: Document, faults: list[Fault]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        place = _place(key_node.start_mark, document.file)
        if not isinstance(key_node, yaml.ScalarNode):
            faults.append(Fault(place, "expected a word as key, was a list or a mapping"))
            continue
        key = str(key_node.value)
        if key == "<<" and not key_node.style:
            faults.append(Fault(place, "<<: merge keys are not used here; write the values out"))
            continue
        if not key_node.style and not isinstance(_plain(key, place, faults), str):
            faults.append(Fault(place, f"expected a word as key, was {key or 'nothing'}"))
            continue
        if key in result:
            first = document._keys[(*path, key)]
            faults.append(Fault(place, f"{key}: written twice; it stands in line {first.line} already"))
            continue
        document._keys[(*path, key)] = place
        result[key] = _value(value_node, (*path, key), document, faults)
        if result[key] is None:
            faults.append(Fault(place, f"{key}: nothing is written behind it; give a value or leave the key out"))
    return result


def _plain(text: str, place: Source, faults: list[Fault]) -> Any:
    """A value without quotes: nothing, true, false, a number to base 10, or text."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.match(text):
        return int(text) if len(text) < 30 else Decimal(text)
    if _DECIMAL.match(text):
        return Decimal(text)
    for pattern, message in _TRAPS:
        if pattern.match(text):
            faults.append(Fault(place, f"{text} {message.format(text)}"))
            break
    return text


def _place(mark: Any, file: str) -> Source:
    return Source(file, mark.line + 1, mark.column + 1)


def _syntax_fault(error: yaml.MarkedYAMLError, file: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    place = Source(file, 1, 1) if mark is None else _place(mark, file)
    problem = str(error.problem or error.context or "cannot be read as YAML")
    for known, message in _MESSAGES.items():
        if known in problem:
            return Fault(place, message)
    return Fault(place, f"cannot be read as YAML: {problem}")
