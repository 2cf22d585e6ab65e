"""pydantic's errors as faults at the line and column where the value was written, with the nearest known word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bidder.config.marks import Document, Step
from bidder.errors import Fault
from bidder.written import did_you_mean

__all__ = ["faults_of", "known_keys"]

_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "date_type": "a date such as 2026-11-11",
    "date_parsing": "a date such as 2026-11-11",
    "date_from_datetime_parsing": "a date such as 2026-11-11",
    "path_type": "a path",
}


def faults_of(
    error: ValidationError,
    model: type[BaseModel],
    document: Document,
    path: Sequence[Step] = (),
    *,
    later: Mapping[tuple[str, ...], str] | None = None,
    also: Iterable[str] = (),
) -> list[Fault]:
    """Every fault of a mapping at `path`. `later` are keys this version does not have, `also` keys known beside."""
    return [_fault(one, model, document, tuple(path), later or {}, tuple(also)) for one in error.errors()]


def known_keys(model: type[BaseModel], location: Sequence[Step] = ()) -> list[str]:
    """The keys that a person may write in the mapping at a location inside the model."""
    found: type[BaseModel] | None = model
    for step in location:
        if found is None:
            return []
        if isinstance(step, int):
            continue
        fields = {field.alias or name: field.annotation for name, field in found.model_fields.items()}
        found = _model_in(fields.get(step))
    if found is None:
        return []
    return [field.alias or name for name, field in found.model_fields.items() if not field.exclude]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `tuple[Model, ...] | None`."""
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    if get_origin(annotation) in (Union, UnionType, Annotated, tuple, list, dict):
        for part in get_args(annotation):
            found = _model_in(part)
            if found is not None:
                return found
    return None


def _fault(
    error: Any,
    model: type[BaseModel],
    document: Document,
    path: tuple[Step, ...],
    later: Mapping[tuple[str, ...], str],
    also: tuple[str, ...],
) -> Fault:
    location: tuple[Step, ...] = tuple(error["loc"])
    name = ".".join(str(step) for step in location if not isinstance(step, int) and not str(step).endswith("]"))
    kind = error["type"]
    if kind == "extra_forbidden":
        key = str(location[-1])
        planned = later.get(tuple(str(step) for step in location))
        if planned is not None:
            message = f"{name}: {planned} is not available in this version"
        else:
            known = [*known_keys(model, location[:-1]), *(also if len(location) == 1 else ())]
            message = f"{name}: no such key{did_you_mean(key, known) or '; known are ' + ', '.join(known)}"
        return Fault(document.key_at((*path, *location)), message)
    if kind == "missing":
        return Fault(document.at((*path, *location[:-1])), f"{name}: is missing")
    return Fault(document.at((*path, *location)), f"{name}: {_message(error)}" if name else _message(error))


def _message(error: Any) -> str:
    kind, shown = error["type"], _shown(error.get("input"))
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind in _TYPES:
        return f"expected {_TYPES[kind]}, was {shown}"
    if kind in ("enum", "literal_error"):
        expected = str(error["ctx"]["expected"]).replace("'", "")
        words = [word.strip() for word in expected.replace(" or ", ",").split(",")]
        return f"expected {expected}, was {shown}{did_you_mean(str(error.get('input')), words)}"
    text = str(error["msg"])
    return f"{text[:1].lower()}{text[1:]}, was {shown}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else str(value)
