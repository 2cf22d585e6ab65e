"""What a description gets wrong of joined lists and of reports that are made when asked. Called by `sense`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from bidder.connectors.rest.calls import FILE, Call, JobCall, ListCall, ReportCall
from bidder.connectors.rest.meaning import is_true
from bidder.written import did_you_mean

__all__ = ["job_wrong", "lists_wrong"]

_USED = re.compile(r"\b_lists\.(\w+|\"[^\"]+\")")
Path = tuple[str | int, ...]


def lists_wrong(path: Path, call: Call) -> Iterator[tuple[Path, str]]:
    """Lists that a field names and nobody describes, and those that are read and not used."""
    if not isinstance(call, ListCall):
        return
    name = ".".join(str(step) for step in path if not isinstance(step, int))
    used: set[str] = set()
    for inner, text in _expressions(call):
        for match in _USED.finditer(text):
            wanted = str(match[1]).strip('"')
            used.add(wanted)
            if wanted not in call.lists:
                there = f"there are {', '.join(call.lists)}" if call.lists else "the call has no `lists`"
                yield (*path, *inner), f"{name}: no list {wanted!r}{did_you_mean(wanted, call.lists) or f'; {there}'}"
    for one, other in call.lists.items():
        if one not in used and used <= set(call.lists) and getattr(call, "fields", None) is not None:
            yield (*path, "lists", one), f"{name}.lists.{one}: no field looks into it: `get(_lists.{one}, its_id)`"
        if other.lists:
            yield (*path, "lists", one, "lists"), f"{name}.lists.{one}: a list that is joined has no lists of its own"


def job_wrong(path: Path, call: ReportCall, job: JobCall) -> Iterator[tuple[Path, str]]:
    """A job that an empty reply would finish, and a file that is fetched like a list."""
    for key in ("ready", "failed", "empty"):
        text = getattr(job.state, key)
        if text is not None and (is_true(text, {}) or is_true(text, [])):
            what = "ask for what has to be there, such as status == 'DONE'"
            yield (*path, "job", "state", key), f"report.job.state: {text!r} is true of an empty reply too; {what}"
    if job.state.url is None and "file" in job.model_fields_set:
        yield (*path, "job", "file"), "report.job.file: says what a file holds, and no `state.url` says where one is"
    if job.state.url is not None:
        if call.method != "GET" or call.path != FILE:
            yield (*path, call.method.lower()), 'report: a file is fetched by `get: "{url}"` and nothing beside it'
        for key in ("query", "headers", "paging"):
            if getattr(call, key):
                yield (*path, key), f"report.{key}: the address of a file is taken as it is: leave {key} out"


def _expressions(call: ListCall) -> Iterator[tuple[Path, str]]:
    """Every expression of a row, with its path in the call."""
    for key in ("where", "each"):
        if getattr(call, key) is not None:
            yield (key,), getattr(call, key)
    fields: Any = getattr(call, "fields", None)
    if isinstance(fields, BaseModel):
        for name in fields.model_fields_set:
            found = getattr(fields, name)
            if found is not None:
                yield ("fields", name), str(found.path)
