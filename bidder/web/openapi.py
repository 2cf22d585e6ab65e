"""`/api/v1/openapi.json`: the HTTP API described for programs, generated from the models that the answers are made of.

Every address below /api and /- stands in OPERATIONS; a test holds that list against the routes of the application.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from bidder import __version__
from bidder.explain.document import PlanDocument, WhatIf
from bidder.web.api import Approval, Confirmation, Written
from bidder.web.view import Status

__all__ = ["OPERATIONS", "Error", "Operation", "described", "document"]

_REFERENCE = "#/components/schemas/{model}"


class Error(BaseModel):
    """Why nothing was done, in one sentence."""

    error: str


class Switched(BaseModel):
    """The state after a switch, or what became of a hold."""

    model_config = ConfigDict(extra="forbid")

    state: str | None = None
    item: str | None = None
    held: bool | None = None
    ended: int | None = None


class Reason(BaseModel):
    """Why, and for what: both go into the journal."""

    reason: str = "over HTTP"
    item: str | None = None


class Rejected(BaseModel):
    """A refused plan, or the refused lines of it."""

    plan: str
    rejected: list[str]


class Confirmed(BaseModel):
    """A configuration that may take effect."""

    digest: str
    confirmed: bool


class PushedLine(BaseModel):
    """What became of one pushed observation."""

    line: int
    result: str
    reason: str | None = None
    unknown_metrics: int | None = None


class PushedLines(BaseModel):
    """What became of a push, in sums and line by line."""

    accepted: int
    duplicate: int
    stale: int
    invalid: int
    oversize: int
    lines: list[PushedLine]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `answers`: status → model (None: plain text). `token`: a bearer token is asked for."""

    method: str
    path: str
    summary: str
    answers: Mapping[int, Any]
    body: Any = None
    token: bool = False
    queries: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


_ACTING = {401: Error, 403: Error, 404: Error, 409: Error, 413: Error, 422: Error, 503: Error}
_ASK = {
    "name": "ask",
    "in": "query",
    "required": True,
    "description": "A change, as `bidder plan --what-if` takes it: total=+20%, rule NAME=off, pin BUDGET=AMOUNT.",
    "schema": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 20},
}

OPERATIONS = (
    Operation("get", "/api/v1/plan", "The newest plan, as `plan --json` prints it", {200: PlanDocument, 404: Error}),
    Operation("get", "/api/v1/status", "What is going on now", {200: Status}),
    Operation("get", "/api/v1/openapi.json", "This description", {200: dict[str, Any]}),
    Operation(
        "get",
        "/api/v1/what-if",
        "What would be other with a change; nothing is written",
        {200: WhatIf, 404: Error, 409: Error, 422: Error, 503: Error},
        queries=(_ASK,),
    ),
    Operation(
        "post",
        "/api/v1/plans/{id}/approve",
        "Writes a plan or some of its lines, as `bidder apply` does",
        {200: Written, **_ACTING},
        Approval,
        True,
    ),
    Operation(
        "post",
        "/api/v1/plans/{id}/reject",
        "Refuses a plan or some of its lines, as `bidder reject` does",
        {200: Rejected, **_ACTING},
        Approval,
        True,
    ),
    Operation(
        "post",
        "/api/v1/confirm",
        "Lets a waiting configuration take effect",
        {200: Confirmed, **_ACTING},
        Confirmation,
        True,
    ),
    Operation("post", "/api/v1/halt", "No budget is changed any more", {200: Switched, **_ACTING}, Reason, True),
    Operation("post", "/api/v1/reduce", "Budgets may only fall", {200: Switched, **_ACTING}, Reason, True),
    Operation(
        "post",
        "/api/v1/resume",
        "bidder may write again; with an item, ends its holds",
        {200: Switched, **_ACTING},
        Reason,
        True,
    ),
    Operation(
        "post", "/api/v1/hold", "Lets an account or a budget only fall", {200: Switched, **_ACTING}, Reason, True
    ),
    Operation(
        "post",
        "/api/v1/observations",
        "Takes what a shop's own systems push: an object, an array, NDJSON",
        {200: PushedLines, 401: Error, 403: Error, 404: Error, 413: Error, 422: PushedLines, 503: Error},
        dict[str, Any] | list[dict[str, Any]],
        True,
    ),
    Operation("post", "/-/reload", "Asks for the configuration to be read again", {202: None, 401: None}, None, True),
    Operation("get", "/-/healthy", "The loop turns", {200: None, 503: None}),
    Operation("get", "/-/ready", "Started: the first poll is done", {200: None, 503: None}),
    Operation("get", "/metrics", "For Prometheus; OpenMetrics when asked for", {200: None}),
)

_IN_PATH = {
    "shop": ("The shop's name.", "^[a-z0-9][a-z0-9_-]{0,31}$"),
    "id": ("The id of what is meant: a plan, a token.", "^[A-Za-z0-9_-]{1,64}$"),
}

_PHRASES = {
    200: "done",
    201: "made",
    202: "asked",
    401: "the token is missing or wrong",
    403: "it is not allowed, or no token is configured",
    404: "there is none",
    409: "refused as unsafe or stale",
    413: "too much at once",
    422: "it cannot be meant so",
    503: "not now: it could not be saved, or is not ready",
}


@cache
def described() -> str:
    """The OpenAPI 3.1 document as JSON text."""
    told = (
        "Reading needs no token; what changes something asks for `Authorization: Bearer` with the token of "
        "`web.token`. Amounts are decimal strings, instants ISO 8601."
    )
    return document(OPERATIONS, "bidder", told)


def document(operations: Sequence[Operation], title: str, told: str) -> str:
    """The OpenAPI 3.1 document of these addresses as JSON text."""
    schemas: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method] = _operation(one, schemas)
    made = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": __version__, "description": told},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _operation(one: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    answers = {
        str(status): {"description": _PHRASES[status], "content": _content(model, schemas)}
        for status, model in sorted(one.answers.items())
    }
    name = "_".join(part.strip("{}-.") for part in one.path.split("/") if part.strip("{}-."))
    told: dict[str, Any] = {"operationId": f"{one.method}_{name}", "summary": one.summary, "responses": answers}
    parameters = [*one.queries]
    for place, (name, (meaning, pattern)) in enumerate(_IN_PATH.items()):
        if f"{{{name}}}" in one.path:
            named = {"name": name, "in": "path", "required": True, "description": meaning}
            parameters.insert(place, {**named, "schema": {"type": "string", "pattern": pattern}})
    if parameters:
        told["parameters"] = parameters
    if one.body is not None:
        told["requestBody"] = {"content": _content(one.body, schemas, "validation")}
    if one.token:
        told["security"] = [{"token": []}]
    return told


def _content(
    model: Any, schemas: dict[str, Any], mode: Literal["validation", "serialization"] = "serialization"
) -> dict[str, Any]:
    """The media type of a model, its parts collected in `schemas`."""
    if model is None:
        return {"text/plain": {"schema": {"type": "string"}}}
    schema = TypeAdapter(model).json_schema(ref_template=_REFERENCE, mode=mode)
    for name, part in schema.pop("$defs", {}).items():
        schemas[name] = part
    if isinstance(schema.get("title"), str) and "properties" in schema:
        schemas[schema["title"]] = schema
        schema = {"$ref": _REFERENCE.format(model=schema["title"])}
    return {"application/json": {"schema": schema}}
