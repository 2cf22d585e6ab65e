"""JSON for programs about all shops: how they stand, their files, tokens, `/metrics`; of what whoever asks may see.

The token in `Authorization: Bearer` alone; the gate has looked at it before anything here is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from bidder.errors import BidderError, ConfigError, Fault, StoreError, UnsafePlan
from bidder.store.people import Role, Token
from bidder.web.agency_openapi import described
from bidder.web.bearer import answer
from bidder.web.desk import AgencyDesk
from bidder.web.gate import principal_of
from bidder.web.shapes import FaultLine, Faults, Given, Overlap, Rights, ShopFile, ShopText, TokenLine, TokenWish

__all__ = ["DESK", "add"]

DESK = web.AppKey("desk", AgencyDesk)
_SHOP = "/api/v1/shops/{shop:[a-z0-9][a-z0-9_-]{0,31}}"
_ONE_TOKEN = "/api/v1/tokens/{id:[a-z0-9]{1,20}}"  # noqa: S105 - an address

Handler = Callable[[web.Request], Awaitable[web.Response]]
Shape = TypeVar("Shape", bound=BaseModel)


def add(app: web.Application) -> None:
    """Adds the addresses."""
    for method, path, handler in (
        ("GET", "/api/v1/shops", _shops),
        ("GET", _SHOP, _file),
        ("PUT", _SHOP, _put),
        ("POST", f"{_SHOP}/check", _check),
        ("DELETE", _SHOP, _remove),
        ("GET", "/api/v1/me", _me),
        ("GET", "/api/v1/tokens", _tokens),
        ("POST", "/api/v1/tokens", _give),
        ("POST", f"{_ONE_TOKEN}/change", _change),
        ("POST", f"{_ONE_TOKEN}/rotate", _rotate),
        ("POST", f"{_ONE_TOKEN}/revoke", _revoke),
        ("GET", "/api/v1/openapi.json", _openapi),
        ("GET", "/metrics", _metrics),
    ):
        app.router.add_route(method, path, _told(handler))


def _told(handler: Handler) -> Handler:
    """What went wrong is said in JSON."""

    async def respond(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except ConfigError as e:
            return _faults(e.faults)
        except BidderError as e:
            return answer(409 if isinstance(e, UnsafePlan) else 503 if isinstance(e, StoreError) else 500, error=str(e))

    return respond


def _faults(faults: tuple[Fault, ...]) -> web.Response:
    lines = [
        FaultLine(
            file=None if one.source is None else one.source.file,
            line=None if one.source is None else one.source.line or None,
            column=None if one.source is None else one.source.column or None,
            message=one.message,
        )
        for one in faults
    ]
    told = "; ".join(str(one) for one in faults)
    return answer(422, **Faults(error=told, faults=lines).model_dump(mode="json"))


# ---- shops


async def _shops(request: web.Request) -> web.Response:
    document = await asyncio.to_thread(request.app[DESK].overview, principal_of(request).token.sees)
    return answer(200, **document.model_dump(mode="json"))


async def _file(request: web.Request) -> web.Response:
    shop = request.match_info["shop"]
    text = await asyncio.to_thread(request.app[DESK].text, shop)
    if text is None:
        raise web.HTTPNotFound
    return _text(200, ShopFile.of(shop, text))


async def _put(request: web.Request) -> web.Response:
    """Adds a shop, or changes it: `If-Match` with the tag that it was read under keeps one from undoing another."""
    desk, shop, by = request.app[DESK], request.match_info["shop"], principal_of(request).token.by
    said = await _body(request, ShopText)
    instead_of = request.headers.get("If-Match", "").strip().strip('"') or None
    new = await asyncio.to_thread(lambda: desk.put(shop, said.yaml, by, instead_of=instead_of))
    return _text(201 if new else 200, ShopFile.of(shop, said.yaml))


async def _check(request: web.Request) -> web.Response:
    said = await _body(request, ShopText)
    faults = await asyncio.to_thread(request.app[DESK].check, request.match_info["shop"], said.yaml)
    return answer(200, ok=True) if not faults else _faults(tuple(faults))


async def _remove(request: web.Request) -> web.Response:
    shop, by = request.match_info["shop"], principal_of(request).token.by
    if not await asyncio.to_thread(request.app[DESK].remove, shop, by):
        raise web.HTTPNotFound
    return answer(200, shop=shop, removed=True)


def _text(status: int, file: ShopFile) -> web.Response:
    response = answer(status, **file.model_dump(mode="json"))
    response.headers["ETag"] = f'"{file.tag}"'
    return response


# ---- tokens


async def _me(request: web.Request) -> web.Response:
    return answer(200, **_line(principal_of(request).token, request.app[DESK].now()).model_dump(mode="json"))


async def _tokens(request: web.Request) -> web.Response:
    desk, mine = request.app[DESK], principal_of(request).token
    found = await asyncio.to_thread(desk.people.tokens)
    lines = [_line(one, desk.now()).model_dump(mode="json") for one in found if mine.covers(one)]
    return answer(200, tokens=lines)


async def _give(request: web.Request) -> web.Response:
    """Nobody gives what he does not have."""
    desk, mine, said = request.app[DESK], principal_of(request).token, await _body(request, TokenWish)
    if not mine.covers(said.shops):
        raise web.HTTPForbidden
    at = desk.now()
    until = at + timedelta(days=said.days)
    token, text = await asyncio.to_thread(desk.people.give, said.name, Role(said.role), said.shops, at, mine.by, until)
    return answer(201, **Given(**_line(token, at).model_dump(), token=text).model_dump(mode="json"))


async def _change(request: web.Request) -> web.Response:
    desk, mine, said = request.app[DESK], principal_of(request).token, await _body(request, Rights)
    old = await _mine(request)
    if not mine.covers(said.shops):
        raise web.HTTPForbidden
    at = desk.now()
    changed = await asyncio.to_thread(desk.people.change, old.id, Role(said.role), said.shops, at, mine.by)
    return answer(200, **_line(changed, at).model_dump(mode="json"))


async def _rotate(request: web.Request) -> web.Response:
    desk, mine, said = request.app[DESK], principal_of(request).token, await _body(request, Overlap)
    old, at = await _mine(request), desk.now()
    overlap = timedelta(hours=said.hours)
    token, text = await asyncio.to_thread(desk.people.rotate, old.id, at, mine.by, overlap)
    return answer(201, **Given(**_line(token, at).model_dump(), token=text).model_dump(mode="json"))


async def _revoke(request: web.Request) -> web.Response:
    desk, mine, old = request.app[DESK], principal_of(request).token, await _mine(request)
    at = desk.now()
    await asyncio.to_thread(desk.people.revoke, old.id, at, mine.by)
    return answer(200, id=old.id, revoked=True)


async def _mine(request: web.Request) -> Token:
    """The token of the address, where it is one that whoever asks may give and take; else there is none."""
    found = await asyncio.to_thread(request.app[DESK].people.token, request.match_info["id"])
    if found is None or not principal_of(request).token.covers(found):
        raise web.HTTPNotFound
    return found


def _line(token: Token, at: datetime) -> TokenLine:
    def shown(moment: datetime | None) -> str | None:
        return None if moment is None else moment.isoformat()

    ended = token.ended(at)
    return TokenLine(
        id=token.id,
        name=token.name,
        role=token.role.value,
        shops=list(token.shops),
        created_at=token.created_at.isoformat(),
        created_by=token.created_by,
        expires_at=shown(token.expires_at),
        revoked_at=shown(token.revoked_at),
        used_at=shown(token.used_at),
        ended=None if ended is None else ended.value,
    )


# ---- the rest


async def _openapi(_: web.Request) -> web.Response:
    return web.Response(text=await asyncio.to_thread(described), content_type="application/json")


async def _metrics(request: web.Request) -> web.Response:
    desk, sees = request.app[DESK], principal_of(request).token.sees
    body, content_type = await asyncio.to_thread(desk.metrics, sees, request.headers.get("Accept", ""))
    response = web.Response(body=body, headers={"Content-Type": content_type})
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response


async def _body(request: web.Request, shape: type[Shape]) -> Shape:
    """The JSON object of a request; a shop's file may come as plain YAML."""
    raw = await request.read()
    if shape is ShopText and request.content_type in ("application/yaml", "text/yaml", "text/plain"):
        try:
            return shape.model_validate({"yaml": raw.decode("utf-8-sig")})
        except UnicodeDecodeError:
            raise ConfigError([Fault(None, "expected UTF-8 text")]) from None
    try:
        return shape.model_validate_json(raw.strip() or b"{}")
    except ValidationError as e:
        first = e.errors(include_url=False)[0]
        where = ".".join(str(one) for one in first["loc"])
        raise ConfigError([Fault(None, f"{where or 'body'}: {first['msg']}")]) from e
