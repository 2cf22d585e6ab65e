"""The addresses of the server: pages, `/metrics`, health, read-only JSON. What is here only reads.

The store and the drawing run in a thread, never on the loop that polls and decides; an unchanged page costs a 304.
What changes something stands in :mod:`bidder.web.forms` (people) and :mod:`bidder.web.control` (programs).
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from importlib.resources import files
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from aiohttp.web_exceptions import HTTPException

from bidder.errors import BidderError, ConfigError
from bidder.explain.evidence import write_evidence
from bidder.web import (
    api,
    condition,
    control,
    festivals,
    forms,
    live,
    observations,
    product,
    reload,
    rulebook,
    trial,
)
from bidder.web.clerk import clerk_of
from bidder.web.openapi import described
from bidder.web.render import Make, Renderer
from bidder.web.scope import VIEW, for_programs, gated, scope_of, session_of, view_of
from bidder.web.sessions import Sessions
from bidder.web.view import DaemonView
from bidder.web.visit import Visit, Visitor
from bidder.web.words import Words, choose_language, words

__all__ = ["application", "bare", "of_a_shop", "page", "renderer_of", "words_of"]

log = structlog.get_logger()

_DAEMON = web.AppKey("daemon", DaemonView)
_RENDERER = web.AppKey("renderer", Renderer)
_SESSIONS = web.AppKey("sessions", Sessions)
_ROOM = web.AppKey("room", asyncio.Semaphore)
_AT_ONCE = 3
"""Pages that are made at the same time: whoever asks for many leaves threads to the daemon."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_STATIC = {
    "bidder.css": "text/css",
    "live.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def application(view: DaemonView) -> web.Application:
    """The application with all its routes."""
    app = bare(Sessions())
    app[VIEW] = app[_DAEMON] = view
    of_a_shop(app)
    app.router.add_get("/sign-in", _shows("sign_in.html", _sign_in))
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/-/healthy", _healthy)
    app.router.add_get("/-/ready", _ready)
    app.router.add_get("/api/v1/openapi.json", _api_description)
    reload.add(app, view)
    return app


def bare(sessions: Sessions, *gates: Middleware) -> web.Application:
    """An application with what stands around every answer, and files. `gates` stand inside the errors' plain words."""
    app = web.Application(middlewares=[_plain_errors, *gates], client_max_size=64 * 1024)
    app[_RENDERER] = Renderer()
    app[_SESSIONS] = sessions
    app[_ROOM] = asyncio.Semaphore(_AT_ONCE)
    app.on_response_prepare.append(_harden)
    app.router.add_get("/static/{name}", _static)
    app.router.add_get("/favicon.ico", _icon)
    return app


def of_a_shop(app: web.Application, prefix: str = "") -> None:
    """Adds every address of a shop: pages, forms, and JSON for programs."""
    renderer = app[_RENDERER]
    shown: list[tuple[str, str, Make]] = [
        ("/", "today.html", renderer.today),
        ("/plan", "plan.html", renderer.plan),
        ("/plan/{key:[A-Za-z0-9_-]{1,64}}", "plan.html", renderer.plan),
        ("/what-if", "what_if.html", trial.what_if),
        ("/products", "products.html", product.cards),
        ("/products/{key:.{1,128}}", "product.html", renderer.product),
        ("/rules", "rules.html", rulebook.rules),
        ("/activities", "activities.html", festivals.activities),
        ("/todo", "todo.html", trial.todo),
        ("/journal", "journal.html", condition.journal),
        ("/status", "status.html", condition.status),
    ]
    for path, template, make in shown:
        app.router.add_get(prefix + path, _shows(template, make))
    app.router.add_get(f"{prefix}/journal/evidence.csv", _evidence)
    forms.add(app, app[_SESSIONS], words_of, prefix)
    live.add(app, prefix)
    app.router.add_get(f"{prefix}/api/v1/plan", _api_plan)
    app.router.add_get(f"{prefix}/api/v1/status", _api_status)
    api.add(app, prefix)
    observations.add(app, prefix)
    control.add(app, prefix)


# ---- pages


def _shows(template: str, make: Make) -> Callable[[web.Request], Awaitable[web.Response]]:
    """An address that shows a page."""

    async def answer(request: web.Request) -> web.Response:
        visit = _visit(request)
        async with request.app[_ROOM]:
            version = await asyncio.to_thread(live.version, view_of(request))
            visit = replace(visit, version=version)
            html = await asyncio.to_thread(request.app[_RENDERER].page, template, visit, make)
        if html is None:
            raise web.HTTPNotFound
        return page(request, html)

    return answer


def _visit(request: web.Request) -> Visit:
    """Who asks for what, with all that the daemon knows of it in memory. What was said to a person is said once."""
    scope = scope_of(request)
    view, clerk = scope.view, clerk_of(scope.view)
    session = session_of(request, request.app[_SESSIONS])
    visitor = Visitor(asked=clerk is not None and clerk.token is not None)
    if session is not None:
        csrf = session.csrf if scope.acts else None
        visitor = Visitor(csrf, session.name, csrf is not None, tuple(session.said), session.csrf)
        session.said.clear()
    return Visit(
        w=words_of(request),
        store=view.store,
        now=view.status(),
        document=view.plan_document(),
        ready=view.ready(),
        clerk=clerk,
        visitor=visitor,
        query=request.query,
        path=request.path.removeprefix(scope.root) or "/",
        key=request.match_info.get("key", ""),
        root=scope.root,
        shops=scope.shops,
    )


def _sign_in(v: Visit) -> dict[str, Any]:
    return {"next": forms.local(v.query.get("next", "/"))}


async def _evidence(request: web.Request) -> web.Response:
    """The refund claim's proof, as a file."""
    store, since = view_of(request).store, request.query.get("since") or None
    account, text = request.query.get("account") or None, io.StringIO()
    try:
        await asyncio.to_thread(write_evidence, store, since, account, text)
    except ConfigError:
        raise web.HTTPBadRequest from None
    response = web.Response(text=text.getvalue(), content_type="text/csv", charset="utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="evidence.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def renderer_of(request: web.Request) -> Renderer:
    """The templates of a request's application."""
    return request.app[_RENDERER]


def page(request: web.Request, html: str, status: int = 200) -> web.Response:
    """An HTML answer with a tag of its content: who has it already gets 304."""
    body = html.encode()
    tag = blake2b(body, digest_size=12).hexdigest()
    known = request.if_none_match
    if status == 200 and known is not None and tag in {one.value for one in known}:
        response = web.Response(status=304)
    else:
        response = web.Response(body=body, content_type="text/html", charset="utf-8", status=status)
        _compress(request, response)
    response.etag = tag
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Accept-Encoding, Cookie"
    return response


def words_of(request: web.Request) -> Words:
    """The words of the reader's language."""
    return words(choose_language(request.query.get("lang"), request.headers.get("Accept-Language", "")))


# ---- for machines


async def _metrics(request: web.Request) -> web.Response:
    body, content_type = request.app[_DAEMON].metrics.exposition(request.headers.get("Accept", ""))
    response = web.Response(body=body, headers={"Content-Type": content_type})
    _compress(request, response)
    return response


async def _healthy(request: web.Request) -> web.Response:
    return _state(request.app[_DAEMON].healthy(), "healthy", "not healthy: the loop stands still")


async def _ready(request: web.Request) -> web.Response:
    return _state(request.app[_DAEMON].ready(), "ready", "not ready: starting")


def _state(good: bool, yes: str, no: str) -> web.Response:
    return web.Response(text=f"{yes if good else no}\n", status=200 if good else 503)


async def _api_plan(request: web.Request) -> web.Response:
    document = view_of(request).plan_document()
    if document is None:
        return _json(request, {"error": "no plan has been made yet"}, 404)
    return _json(request, document)


async def _api_status(request: web.Request) -> web.Response:
    return _json(request, view_of(request).status())


async def _api_description(request: web.Request) -> web.Response:
    response = web.Response(text=await asyncio.to_thread(described), content_type="application/json")
    _compress(request, response)
    return response


def _json(request: web.Request, value: Mapping[str, Any], status: int = 200) -> web.Response:
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    response = web.Response(text=text + "\n", content_type="application/json", status=status)
    response.headers["Cache-Control"] = "no-store"
    _compress(request, response)
    return response


def _compress(request: web.Request, response: web.Response) -> None:
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)


# ---- files


async def _static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in _STATIC:
        raise web.HTTPNotFound
    body = files("bidder.web").joinpath("static", name).read_bytes()
    tag = blake2b(body, digest_size=12).hexdigest()
    known = request.if_none_match
    if known is not None and tag in {one.value for one in known}:
        response = web.Response(status=304)
    else:
        response = web.Response(body=body, content_type=_STATIC[name], charset="utf-8")
        _compress(request, response)
    response.etag = tag
    response.headers["Cache-Control"] = "no-cache"
    return response


async def _icon(_: web.Request) -> web.Response:
    raise web.HTTPMovedPermanently("/static/icon.svg")


# ---- what goes around every answer


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    """Headers that keep a page from being framed, sniffed or scripted from elsewhere."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "bidder"


@web.middleware
async def _plain_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """An error is a page (JSON below /api) with one sentence; what really happened goes to the log."""
    try:
        return await handler(request)
    except HTTPException as e:
        if e.status < 400:
            raise
        response = _error(request, e.status)
        for name in ("Allow", "Retry-After", "WWW-Authenticate"):
            if name in e.headers:
                response.headers[name] = e.headers[name]
        return response
    except BidderError as e:
        log.error("page_failed", path=request.path, error=str(e))
        return _error(request, 503)
    except Exception:
        log.exception("page_failed", path=request.path)
        return _error(request, 500)


def _error(request: web.Request, status: int) -> web.Response:
    w = words_of(request)
    if for_programs(request.path) and "/api/" in request.path:
        return _json(request, {"error": words("en").say(_error_key(words("en"), status))}, status)
    if VIEW not in request.app and not gated(request):
        values = {"w": w, "title": "", "who": None, "csrf": None, "said": (), "path": request.path, "page": "error"}
        sentence = w.say(_error_key(w, status))
        html = request.app[_RENDERER].plain("agency_error.html", {**values, "code": status, "sentence": sentence})
        return page(request, html, status)
    try:
        visit = _visit(request)
    except Exception:  # the error page is shown whatever else is wrong
        log.exception("error_page_bare", path=request.path)
        visit = None
    html = request.app[_RENDERER].error(visit, w, status, w.say(_error_key(w, status)))
    return page(request, html, status)


def _error_key(w: Words, status: int) -> str:
    key = f"error.{status}"
    return key if key in w.table else "error.other"
