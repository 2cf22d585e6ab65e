"""JSON for programs beside the stop and the pushes: approve, refuse, what-if. The token in `Authorization: Bearer`.

Bodies are small JSON objects; a refusal says why. No cookie counts here, so no other page can make a browser act.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from bidder.errors import BidderError, ConfigError, SolveError, StoreError, UnsafePlan
from bidder.web.bearer import answer, refusal
from bidder.web.clerk import Clerk, clerk_of
from bidder.web.scope import scope_of, view_of

__all__ = ["Approval", "Confirmation", "Written", "WrittenLine", "add"]

MOST_ASKED = 20


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Approval(_Shape):
    """Which lines of a plan are meant."""

    only: list[str] = []
    """Budgets (account/budget); none means the whole plan."""


class Confirmation(_Shape):
    """Which waiting configuration is meant."""

    digest: str
    """As the page and the log name it."""


class WrittenLine(_Shape):
    """What became of one change."""

    budget: str
    requested: str
    outcome: str
    """Applied, Refused or Unresolved."""
    actual: str | None
    """The amount last read; null where nothing could be read."""
    reason: str


class Written(_Shape):
    """What became of an approval."""

    plan: str
    written: list[WrittenLine]


Act = Callable[[web.Request, Clerk, Any], Awaitable[BaseModel | dict[str, Any]]]


def add(app: web.Application, prefix: str = "") -> None:
    """Adds the addresses."""
    plan = prefix + "/api/v1/plans/{id:[A-Za-z0-9_-]{1,64}}"
    app.router.add_get(f"{prefix}/api/v1/what-if", _what_if())
    app.router.add_post(f"{plan}/approve", _acting(Approval, _approve))
    app.router.add_post(f"{plan}/reject", _acting(Approval, _reject))
    app.router.add_post(f"{prefix}/api/v1/confirm", _acting(Confirmation, _confirm))


def _what_if() -> Callable[[web.Request], Awaitable[web.Response]]:
    one_at_a_time = asyncio.Semaphore(1)

    async def respond(request: web.Request) -> web.Response:
        clerk = clerk_of(view_of(request))
        asked = request.query.getall("ask", [])
        if clerk is None:
            return answer(404, error="nothing here can be asked")
        if not 0 < len(asked) <= MOST_ASKED:
            return answer(422, error="say what: ask=total=%2B20%25, ask=rule NAME=off, ask=pin BUDGET=AMOUNT")
        try:
            async with one_at_a_time:
                found = await asyncio.to_thread(clerk.what_if, asked)
        except BidderError as e:
            return answer(_status(e), error=str(e))
        if found is None:
            return answer(404, error="no plan has been made yet")
        return answer(200, **found.model_dump(mode="json"))

    return respond


def _acting(shape: type[BaseModel], act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    """An address that changes something: asks for the token, reads the body, does it."""

    async def respond(request: web.Request) -> web.Response:
        clerk = clerk_of(view_of(request))
        if clerk is None:
            return answer(404, error="nothing here can act")
        if (refused := refusal(request, clerk.token, "act over HTTP")) is not None:
            return refused
        body = await request.read()
        try:
            said = shape.model_validate_json(body.strip() or b"{}")
        except ValidationError as e:
            first = e.errors(include_url=False)[0]
            where = ".".join(str(one) for one in first["loc"])
            return answer(422, error=f"{where or 'body'}: {first['msg']}")
        try:
            done = await act(request, clerk, said)
        except BidderError as e:
            return answer(_status(e), error=str(e))
        return answer(200, **(done.model_dump(mode="json") if isinstance(done, BaseModel) else done))

    return respond


async def _approve(request: web.Request, clerk: Clerk, said: Approval) -> Written:
    plan = request.match_info["id"]
    written = await clerk.approve(plan, said.only, scope_of(request).by)
    return Written(
        plan=plan,
        written=[WrittenLine(**one.row()) for one in written],
    )


async def _reject(request: web.Request, clerk: Clerk, said: Approval) -> dict[str, Any]:
    plan = request.match_info["id"]
    await clerk.reject(plan, said.only, scope_of(request).by)
    return {"plan": plan, "rejected": said.only}


async def _confirm(request: web.Request, clerk: Clerk, said: Confirmation) -> dict[str, Any]:
    await clerk.confirm(said.digest, scope_of(request).by)
    return {"digest": said.digest, "confirmed": True}


def _status(e: BidderError) -> int:
    """409 for what is unsafe or stale, 422 for what cannot be meant, 503 when it could not be saved."""
    if isinstance(e, UnsafePlan | SolveError):
        return 409
    if isinstance(e, ConfigError):
        return 422
    return 503 if isinstance(e, StoreError) else 500
