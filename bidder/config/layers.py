"""A shop's file laid over the agency's template: one document in which every value still knows who wrote it, and where.

Called by :mod:`bidder.config.load` for a shop of many. What the shop writes stands; what it leaves out is the
template's. Mappings are joined key by key, `rules` one after the other (the agency's first), and an account or a source
of activity is laid over the template's of the same name; any other list of the shop stands in place of the template's.
In the template `$shop` stands for the shop's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bidder.config.marks import Document, Step, read_yaml
from bidder.rules.base import Rule

__all__ = ["NAME", "Layer", "Papers", "laid_over", "named_in", "store_of"]

NAME = "$shop"
"""Stands for the shop's name in a template."""

_JOINED = ("rules",)
_BY_NAME = (("accounts",), ("activity",))
_NOTHING: Any = object()

_Path = tuple[Step, ...]


@dataclass(slots=True)
class Papers:
    """What many shops read alike is understood once: files by path and content."""

    documents: dict[tuple[str, bytes], Document] = field(default_factory=dict)
    rules: dict[tuple[str, bytes], tuple[Document, tuple[Rule, ...]]] = field(default_factory=dict)
    instead: dict[Path, bytes] = field(default_factory=dict)
    """What is read in place of a file: to try one before it is written."""

    def yaml(self, path: Path, content: bytes) -> Document:
        """The document of a file. Raises UnicodeDecodeError, ConfigError."""
        key = (str(path), content)
        if key not in self.documents:
            self.documents[key] = read_yaml(content.decode("utf-8-sig"), str(path))
        return replace(self.documents[key], warnings=[])


@dataclass(frozen=True, slots=True)
class Layer:
    """What lies under the file of one shop."""

    shop: str
    """The shop's name: that of its file."""
    papers: Papers
    template: Path | None = None
    """The agency's template; None: there is none."""


def named_in(text: str, shop: str) -> str:
    """The text with the shop's name where `$shop` stands."""
    return text.replace(NAME, shop)


def store_of(address: str, shop: str) -> str:
    """The store of one shop: on a server each has a schema of its own, `shop_` and its name with _ for -."""
    said = named_in(address, shop)
    if said.startswith(("postgresql://", "postgres://")) and not re.search(r"[?&]schema=", said):
        said += f"{'&' if '?' in said else '?'}schema=shop_{shop.replace('-', '_')}"
    return said


def laid_over(template: Document | None, own: Document, shop: str) -> Document:
    """The document of a shop. Where it names no shop, the shop is called by the name of its file.

    `own.file` stays the file's name: whatever the joined document lacks is said to be missing there.
    """
    joined = Document(own.file, text=own.text, warnings=own.warnings)
    below = template.value if template is not None and isinstance(template.value, Mapping) else {}
    if own.value is not None and not isinstance(own.value, Mapping):
        return own
    base = template if template is not None else own
    _Joining(base, own, joined, shop).mapping(below, own.value or {}, (), ())
    section = joined.value.setdefault("shop", {})
    if isinstance(section, dict):
        section.setdefault("name", shop)
    return joined


class _Joining:
    """One joining of two documents into a third."""

    def __init__(self, below: Document, own: Document, joined: Document, shop: str) -> None:
        self.below, self.own, self.joined, self.shop = below, own, joined, shop

    def mapping(self, below: Mapping[str, Any], own: Mapping[str, Any], path: _Path, at: _Path) -> dict[str, Any]:
        """Key by key. `path` is the place in the joined document and in the shop's, `at` that in the template."""
        result: dict[str, Any] = {}
        if not path:
            self.joined.value = result
        self._mark(self.own if own or not below else self.below, path, path if own or not below else at)
        for key in [*below, *(one for one in own if one not in below)]:
            ours, theirs = own.get(key, _NOTHING), below.get(key, _NOTHING)
            result[key] = self._value(theirs, ours, (*path, key), (*at, key))
        return result

    def _value(self, below: Any, own: Any, path: _Path, at: _Path) -> Any:
        if own is _NOTHING:
            return self._copied(self.below, below, at, path)
        if isinstance(own, list) and path in _BY_NAME and isinstance(below, list):
            return self._by_name(below, own, path, at)
        if isinstance(own, list) and path == _JOINED and isinstance(below, list):
            kept = [self._copied(self.below, one, (*at, n), (*path, n)) for n, one in enumerate(below)]
            self._mark(self.own, path, path)
            first = len(kept)
            return kept + [self._copied(self.own, one, (*path, n), (*path, first + n)) for n, one in enumerate(own)]
        if isinstance(own, Mapping) and isinstance(below, Mapping) and not (_reference(own) and _reference(below)):
            return self.mapping(below, own, path, at)
        return self._copied(self.own, own, path, path)

    def _by_name(self, below: list[Any], own: list[Any], path: _Path, at: _Path) -> list[Any]:
        self._mark(self.own, path, path)
        named = {one["name"]: n for n, one in enumerate(below) if isinstance(one, Mapping) and "name" in one}
        result: list[Any] = []
        for place, one in enumerate(own):
            found = (
                named.get(one.get("name")) if isinstance(one, Mapping) and isinstance(one.get("name"), str) else None
            )
            if found is None:
                result.append(self._copied(self.own, one, (*path, place), (*path, place)))
            else:
                result.append(self.mapping(below[found], one, (*path, place), (*at, found)))
        return result

    def _copied(self, document: Document, value: Any, source: _Path, path: _Path) -> Any:
        """A value of one document with the places of all its parts."""
        self._mark(document, source=source, path=path)
        if isinstance(value, Mapping):
            return {key: self._copied(document, one, (*source, key), (*path, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self._copied(document, one, (*source, n), (*path, n)) for n, one in enumerate(value)]
        return named_in(value, self.shop) if document is self.below and isinstance(value, str) else value

    def _mark(self, document: Document, path: _Path, source: _Path) -> None:
        self.joined.take_marks(document, source, path)


def _reference(value: Mapping[str, Any]) -> bool:
    """Whether it names a secret: one of the two ways, not both."""
    return len(value) == 1 and set(value) <= {"env", "file"}
