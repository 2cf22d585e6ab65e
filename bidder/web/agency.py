"""The server of an agency: the page of all shops, each shop's pages below `/shops/NAME`, people and their tokens.

What a shop shows is what a single daemon shows, by the same handlers; who may see it, the gate says
(:mod:`bidder.web.gate`). The addresses for programs are in :mod:`bidder.web.agency_api`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog
from aiohttp import web

from bidder.errors import BidderError
from bidder.explain.agency_document import NeedLine, ShopLine
from bidder.explain.agency_words import Language, need_text
from bidder.store.people import Refusal, Role
from bidder.web import agency_api, reload
from bidder.web.desk import AgencyDesk
from bidder.web.forms import local
from bidder.web.gate import Gate, Principal, principal_of
from bidder.web.routes import bare, of_a_shop, page, renderer_of, words_of
from bidder.web.sessions import COOKIE, Session, Sessions, TooManyTries, foreign, same
from bidder.web.words import Words

__all__ = ["DESK", "SESSIONS_KEPT", "agency_application"]

log = structlog.get_logger("bidder.web")

DESK = agency_api.DESK
SESSIONS_KEPT = 2_000
_OF_A_SHOP = "/shops/{shop:[a-z0-9][a-z0-9_-]{0,31}}"
_LISTED = 200
"""So many shops that need nobody are listed; the rest is a number."""
_DAYS = 365
"""A token that is given on the page counts for so many days, unless one says otherwise."""


def agency_application(desk: AgencyDesk) -> web.Application:
    """The application with all its routes."""
    sessions = Sessions(most=SESSIONS_KEPT)
    gate = Gate(desk, sessions)
    app = bare(sessions, gate.middleware)
    app[DESK] = desk
    counter = _Counter(desk, sessions)
    app.router.add_get("/", _overview)
    app.router.add_get("/go", _go)
    app.router.add_get("/people", _people)
    app.router.add_post("/people", counter.form(counter.give))
    app.router.add_post("/people/{id:[a-z0-9]{1,20}}", counter.form(counter.token))
    app.router.add_get("/sign-in", _sign_in)
    app.router.add_post("/sign-in", counter.sign_in)
    app.router.add_post("/sign-out", counter.sign_out)
    app.router.add_get("/-/healthy", _well)
    app.router.add_get("/-/ready", _well)
    agency_api.add(app)
    of_a_shop(app, _OF_A_SHOP)
    reload.add_of_many(app, _OF_A_SHOP)
    return app


# ---- pages


async def _overview(request: web.Request) -> web.Response:
    """All shops that somebody sees, those that need him first."""
    desk, who = request.app[DESK], principal_of(request)
    document = await asyncio.to_thread(desk.overview, who.token.sees)
    first = document.shops[: document.needing]
    rest = document.shops[document.needing :]
    asked = request.query.get("q", "").strip().casefold()
    if asked:
        first, rest = (
            [one for one in part if asked in one.shop or asked in one.title.casefold()] for part in (first, rest)
        )
    values = {
        "document": document,
        "first": first[:_LISTED],
        "rest": rest[:_LISTED],
        "more": max(0, len(first) - _LISTED) + max(0, len(rest) - _LISTED),
        "asked": request.query.get("q", ""),
        "told": lambda need, one: _need(words_of(request), need, one),
    }
    return await _shown(request, "shops.html", who, values)


def _need(w: Words, need: NeedLine, one: ShopLine) -> str:
    language: Language = "zh" if w.language == "zh" else "en"
    return need_text(need.kind, need.detail, float(need.at_risk), w.unit(one.currency), language)


async def _people(request: web.Request) -> web.Response:
    """Tokens that this admin may give and take."""
    desk, who = request.app[DESK], principal_of(request)
    found = await asyncio.to_thread(desk.people.tokens)
    at = desk.now()
    values = {
        "tokens": [(one, one.ended(at)) for one in reversed(found) if who.token.covers(one)],
        "roles": list(Role),
        "days": _DAYS,
        "zone": "UTC",
    }
    return await _shown(request, "people.html", who, values)


async def _sign_in(request: web.Request) -> web.Response:
    return await _shown(request, "agency_sign_in.html", None, {"next": local(request.query.get("next", "/"))})


async def _go(request: web.Request) -> web.Response:
    """The shop that was chosen from the list, or typed."""
    shop = request.query.get("shop", "").strip().casefold()
    if not shop.isascii() or "/" in shop or not shop:
        raise web.HTTPNotFound
    w = words_of(request)
    return web.Response(
        status=303, headers={"Location": f"/shops/{shop}/?lang={w.language}", "Cache-Control": "no-store"}
    )


async def _shown(
    request: web.Request, template: str, who: Principal | None, values: Mapping[str, Any], status: int = 200
) -> web.Response:
    desk, session = request.app[DESK], None if who is None else who.session
    said = [] if session is None else list(session.said)
    if session is not None:
        session.said.clear()
    around = {
        "w": words_of(request),
        "title": desk.title,
        "who": None if who is None else who.token,
        "admin": who is not None and who.token.role.may(Role.ADMIN),
        "csrf": None if session is None else session.csrf,
        "said": said,
        "path": request.path,
        "page": template.partition(".")[0],
    }
    html = await asyncio.to_thread(renderer_of(request).plain, template, {**around, **values})
    return page(request, html, status)


async def _well(_: web.Request) -> web.Response:
    return web.Response(text="well\n")


# ---- forms


Act = Callable[[web.Request, Mapping[str, Any], Principal, Words], Awaitable[str]]


class _Counter:
    """What people do outside of a shop: signing in and out, giving and taking tokens."""

    def __init__(self, desk: AgencyDesk, sessions: Sessions) -> None:
        self._desk, self._sessions = desk, sessions

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        form, w, at = await _form(request), words_of(request), self._desk.now()
        if foreign(request):
            raise web.HTTPForbidden
        back = local(str(form.get("next", "/")))
        try:
            self._sessions.trying()
        except TooManyTries:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "60"}) from None
        found = await asyncio.to_thread(self._desk.people.known, str(form.get("token", "")).strip(), at)
        if isinstance(found, Refusal):
            self._sessions.wrong()
            log.warning("sign_in_refused", why=found.value, remote=request.remote)
            raise web.HTTPUnauthorized
        await asyncio.to_thread(self._desk.people.used, found, at, "page")
        response = _see(back, w)
        cookie = self._sessions.begin(found.name, holder=found.id)
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="Strict", secure=request.secure, path="/")
        return response

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        _, session = principal_of(request), self._session(request)
        await self._checked(request, session)
        self._sessions.sign_out(request)
        response = _see("/sign-in", words_of(request))
        response.del_cookie(COOKIE, path="/")
        return response

    def form(self, act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """An address that does one thing, then shows the people again."""

        async def answer(request: web.Request) -> web.StreamResponse:
            who, session = principal_of(request), self._session(request)
            form, w = await self._checked(request, session), words_of(request)
            tone = "good"
            try:
                sentence = await act(request, form, who, w)
            except BidderError as e:
                sentence, tone = w.say("act.refused", reason=str(e)), "bad"
            session.said.append((tone, sentence))
            return _see("/people", w)

        return answer

    async def give(self, _: web.Request, form: Mapping[str, Any], who: Principal, w: Words) -> str:
        """A new token, shown this once."""
        shops = str(form.get("shops", "")).replace(",", " ").split()
        days = str(form.get("days", "")).strip()
        if not who.token.covers(shops) or (form.get("role") not in list(Role)):
            raise web.HTTPForbidden
        at = self._desk.now()
        until = at + timedelta(days=int(days) if days.isdecimal() and 0 < int(days) <= 3650 else _DAYS)
        name, role = str(form.get("name", "")), Role(str(form["role"]))
        token, text = await asyncio.to_thread(self._desk.people.give, name, role, shops, at, who.token.by, until)
        return w.say("people.given", name=token.name, token=text)

    async def token(self, request: web.Request, form: Mapping[str, Any], who: Principal, w: Words) -> str:
        """Replaces a token, or takes it back."""
        id_, at, people = request.match_info["id"], self._desk.now(), self._desk.people
        found = await asyncio.to_thread(people.token, id_)
        if found is None or not who.token.covers(found):
            raise web.HTTPNotFound
        if form.get("what") == "rotate":
            new, text = await asyncio.to_thread(people.rotate, id_, at, who.token.by)
            return w.say("people.given", name=new.name, token=text)
        if form.get("what") != "revoke":
            raise web.HTTPBadRequest
        await asyncio.to_thread(people.revoke, id_, at, who.token.by)
        return w.say("people.revoked", name=found.name)

    def _session(self, request: web.Request) -> Session:
        session = principal_of(request).session
        if session is None or foreign(request):
            raise web.HTTPForbidden
        return session

    async def _checked(self, request: web.Request, session: Session) -> Mapping[str, Any]:
        form = await _form(request)
        if not same(str(form.get("csrf", "")), session.csrf):
            raise web.HTTPForbidden
        return form


async def _form(request: web.Request) -> Mapping[str, Any]:
    try:
        return await request.post()
    except (ValueError, LookupError):  # bytes that are no text, a charset that nobody knows
        raise web.HTTPBadRequest from None


def _see(address: str, w: Words) -> web.Response:
    """A redirect that is fetched with GET, in the same language."""
    if "lang=" not in address:
        address += f"{'&' if '?' in address else '?'}lang={w.language}"
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
