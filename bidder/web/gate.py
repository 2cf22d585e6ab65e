"""The gate before an agency's pages: who asks, for which shop, and whether he may. Nothing behind it asks again.

A program shows its token in `Authorization: Bearer`; a browser has a session, opened with a token, that ends with it.
For JSON below `/api/` a session counts for nothing, so that no other page can make a browser act there. Who has no
good token learns nothing, of no address: 401. Who asks for a shop that his token is not bound to gets the very answer
of a shop that there is not, before anybody has looked whether there is one: 404. A role that is not enough is 403.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from urllib.parse import quote

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from bidder.errors import StoreError
from bidder.store.people import AgencyStore, Refusal, Role, Token
from bidder.web.desk import AgencyDesk
from bidder.web.scope import Scope, for_programs, let_in
from bidder.web.sessions import Session, Sessions

__all__ = ["ADMIN", "OPEN", "Gate", "Principal", "principal_of"]

log = structlog.get_logger("bidder.web")

OPEN = ("/sign-in", "/static/", "/favicon.ico", "/-/healthy", "/-/ready")
"""Addresses that ask for nothing: they show nothing of any shop."""
ADMIN = ("/people", "/api/v1/tokens", "/api/v1/shops/")
"""Addresses that only an admin is let to, whatever the method (with `/` at the end: only what changes)."""
_LISTED = 200
"""So many shops a page can be switched to from a list."""
_SPARE = 60.0
"""Seconds in which the same refusal is journaled once."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: the token as it stands now, and the browser's session where it is one."""

    token: Token
    session: Session | None = None


_KEY = web.RequestKey("principal", Principal)


def principal_of(request: web.Request) -> Principal:
    """Who the gate let in. Raises HTTPUnauthorized for an address that asks for nothing."""
    found: Principal | None = request.get(_KEY)
    if found is None:
        raise web.HTTPUnauthorized
    return found


class Gate:
    """One agency's."""

    def __init__(self, desk: AgencyDesk, sessions: Sessions) -> None:
        self._desk, self._sessions = desk, sessions
        self._said: dict[tuple[str, str], float] = {}

    @property
    def middleware(self) -> Middleware:
        """What stands before every address."""

        @web.middleware
        async def pass_(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path in OPEN or request.path.startswith("/static/"):
                return await handler(request)
            found = await self._who(request)
            if found is None:
                return self._nobody(request)
            request[_KEY] = found
            await self._let(request, found)
            if request.method in ("GET", "HEAD"):
                return await handler(request)
            status = 500
            try:
                response = await handler(request)
                status = response.status
                return response
            except web.HTTPException as e:
                status = e.status
                raise
            finally:
                await self._acted(request, found, status)

        return pass_

    async def _who(self, request: web.Request) -> Principal | None:
        """Whose request it is; None for nobody's."""
        people, at = self._desk.people, self._desk.now()
        given = request.headers.get("Authorization")
        if given is not None:
            scheme, _, text = given.partition(" ")
            token = await asyncio.to_thread(people.known, text.strip(), at)
            if isinstance(token, Refusal) or scheme.casefold() != "bearer":
                await self._refused(request, text.strip(), token, at)
                return None
            await asyncio.to_thread(people.used, token, at, "http")
            return Principal(token)
        session = None if for_programs(request.path) else self._sessions.held(request)
        if session is None:
            return None
        found = await asyncio.to_thread(people.token, session.holder)
        if found is None or found.ended(at) is not None:
            self._sessions.sign_out(request)
            return None
        await asyncio.to_thread(people.used, found, at, "page")
        return Principal(found, session)

    async def _let(self, request: web.Request, who: Principal) -> None:
        """Lets him through, with his shop at hand. Raises HTTPNotFound, HTTPForbidden, BidderError."""
        token, shop = who.token, request.match_info.get("shop")
        if shop is not None and not token.sees(shop):
            await self._denied(request, token, "another shop")
            raise web.HTTPNotFound
        if not token.role.may(_needed(request)):
            await self._denied(request, token, "the role is not enough")
            raise web.HTTPForbidden
        if shop is None or not request.path.startswith("/shops/"):
            return
        view = await asyncio.to_thread(self._desk.view, shop)
        if view is None:
            raise web.HTTPNotFound
        listed = tuple(one for one in await asyncio.to_thread(self._desk.names) if token.sees(one))
        acts = token.role.may(Role.OPERATOR)
        listed = listed if len(listed) <= _LISTED else ()
        let_in(request, Scope(view, f"/shops/{shop}", token.by, acts, who.session, listed))

    def _nobody(self, request: web.Request) -> web.StreamResponse:
        """The same for every address, whether there is one or not."""
        if request.method == "GET" and not for_programs(request.path):
            there = quote(request.path_qs, safe="/?=&")
            return web.Response(status=303, headers={"Location": f"/sign-in?next={quote(there)}"})
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})

    async def _refused(self, request: web.Request, text: str, why: Token | Refusal, at: datetime) -> None:
        said = why.value if isinstance(why, Refusal) else "no bearer"
        log.warning("token_refused", why=said, remote=request.remote)
        known = text.split("_")[1] if text.count("_") >= 2 else ""
        if why in (Refusal.EXPIRED, Refusal.REVOKED, Refusal.WRONG) and self._spare(known, said):
            await self._journal(at, what="token refused", token=known, why=said, remote=str(request.remote))

    async def _denied(self, request: web.Request, token: Token, why: str) -> None:
        if self._spare(token.id, why):
            asked = f"{request.method} {request.path[:200]}"
            facts = {"token": token.id, "name": token.name, "why": why, "asked": asked}
            await self._journal(self._desk.now(), what="access denied", **facts)

    async def _acted(self, request: web.Request, who: Principal, status: int) -> None:
        asked = f"{request.method} {request.path[:200]}"
        facts = {"token": who.token.id, "name": who.token.name, "asked": asked, "status": status}
        await self._journal(self._desk.now(), what="acted", **facts)

    async def _journal(self, at: datetime, **facts: object) -> None:
        people: AgencyStore = self._desk.people
        try:
            await asyncio.to_thread(lambda: people.append("access", at, **facts))
        except StoreError as e:  # what was done stands in the shop's own journal too
            log.error("access_not_journaled", error=str(e), **facts)

    def _spare(self, who: str, what: str) -> bool:
        """Whether it is worth a line: the same is not journaled again and again."""
        now, key = monotonic(), (who, what)
        if now - self._said.get(key, float("-inf")) < _SPARE:
            return False
        self._said = {one: at for one, at in self._said.items() if now - at < _SPARE} | {key: now}
        return True


def _needed(request: web.Request) -> Role:
    """The role that an address asks for."""
    looks = request.method in ("GET", "HEAD")
    for one in ADMIN:
        if request.path == one.rstrip("/") or request.path.startswith(one if one.endswith("/") else f"{one}/"):
            if one.endswith("/") and looks:
                continue
            return Role.ADMIN
    if request.path == "/sign-out" or request.path.endswith("/sign-out"):
        return Role.VIEWER
    return Role.VIEWER if looks else Role.OPERATOR
