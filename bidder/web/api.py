"""JSON for programs beside the stop and the pushes: approve, refuse, what-if. The token in `Authorization: Bearer`.

Bodies are small JSON objects; a refusal says why. No cookie counts here, so no other page can make a browser act.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from bidder.errors import BidderError, ConfigError, SolveError, StoreError, UnsafePlan
from bidder.web.clerk import Clerk, clerk_of
from bidder.web.observations import allowed

__all__ = ["Approval", "Confirmation", "Written", "WrittenLine", "add"]

BY = "http"
"""What the journal calls whoever has the token and no name."""
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


def add(app: web.Application, view: object) -> None:
    """Adds the addresses."""
    clerk = clerk_of(view)
    app.router.add_get("/api/v1/what-if", _what_if(clerk))
    app.router.add_post("/api/v1/plans/{id:[A-Za-z0-9_-]{1,64}}/approve", _acting(clerk, Approval, _approve))
    app.router.add_post("/api/v1/plans/{id:[A-Za-z0-9_-]{1,64}}/reject", _acting(clerk, Approval, _reject))
    app.router.add_post("/api/v1/confirm", _acting(clerk, Confirmation, _confirm))


def _what_if(clerk: Clerk | None) -> Callable[[web.Request], Awaitable[web.Response]]:
    one_at_a_time = asyncio.Semaphore(1)

    async def answer(request: web.Request) -> web.Response:
        asked = request.query.getall("ask", [])
        if clerk is None:
            return _answer(404, error="nothing here can be asked")
        if not 0 < len(asked) <= MOST_ASKED:
            return _answer(422, error="say what: ask=total=%2B20%25, ask=rule NAME=off, ask=pin BUDGET=AMOUNT")
        try:
            async with one_at_a_time:
                found = await asyncio.to_thread(clerk.what_if, asked)
        except BidderError as e:
            return _answer(_status(e), error=str(e))
        if found is None:
            return _answer(404, error="no plan has been made yet")
        return _answer(200, **found.model_dump(mode="json"))

    return answer


def _acting(clerk: Clerk | None, shape: type[BaseModel], act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    """An address that changes something: asks for the token, reads the body, does it."""

    async def answer(request: web.Request) -> web.Response:
        if clerk is None:
            return _answer(404, error="nothing here can act")
        if clerk.token is None:
            return _answer(403, error="no token is configured: set web.token to act over HTTP")
        if not allowed(request.headers.get("Authorization", ""), clerk.token):
            response = _answer(401, error="the token is missing or wrong")
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        body = await request.read()
        try:
            said = shape.model_validate_json(body.strip() or b"{}")
        except ValidationError as e:
            first = e.errors(include_url=False)[0]
            where = ".".join(str(one) for one in first["loc"])
            return _answer(422, error=f"{where or 'body'}: {first['msg']}")
        try:
            done = await act(request, clerk, said)
        except BidderError as e:
            return _answer(_status(e), error=str(e))
        return _answer(200, **(done.model_dump(mode="json") if isinstance(done, BaseModel) else done))

    return answer


async def _approve(request: web.Request, clerk: Clerk, said: Approval) -> Written:
    plan = request.match_info["id"]
    written = await clerk.approve(plan, said.only, BY)
    return Written(
        plan=plan,
        written=[
            WrittenLine(
                budget=str(one.budget),
                requested=str(one.requested),
                outcome=type(one.outcome).__name__,
                actual=None if one.actual is None else str(one.actual),
                reason=one.reason,
            )
            for one in written
        ],
    )


async def _reject(request: web.Request, clerk: Clerk, said: Approval) -> dict[str, Any]:
    plan = request.match_info["id"]
    await clerk.reject(plan, said.only, BY)
    return {"plan": plan, "rejected": said.only}


async def _confirm(_: web.Request, clerk: Clerk, said: Confirmation) -> dict[str, Any]:
    await clerk.confirm(said.digest, BY)
    return {"digest": said.digest, "confirmed": True}


def _status(e: BidderError) -> int:
    """409 for what is unsafe or stale, 422 for what cannot be meant, 503 when it could not be saved."""
    if isinstance(e, UnsafePlan | SolveError):
        return 409
    if isinstance(e, ConfigError):
        return 422
    return 503 if isinstance(e, StoreError) else 500


def _answer(status: int, **content: Any) -> web.Response:
    text = json.dumps(content, ensure_ascii=False) + "\n"
    return web.Response(
        text=text, status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
