"""What a person does on the page: signing in and out, approving, stopping, holding, confirming. Forms, no scripts.

Each address answers with a redirect to a page that says what came of it. Without `web.token` all of them refuse; so do
they without a session, without the session's own secret in the form, and when another site made the browser send it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiohttp import web
from multidict import MultiDictProxy

from bidder.apply import WriteResult
from bidder.apply_bids import BidResult
from bidder.errors import BidderError
from bidder.plan import State
from bidder.web.clerk import Clerk, clerk_of
from bidder.web.control import Acting
from bidder.web.reload import Reloading, ReloadingOne
from bidder.web.scope import scope_of, session_of, view_of
from bidder.web.sessions import COOKIE, Session, Sessions, TooManyTries, foreign, same
from bidder.web.words import Words

__all__ = ["add", "local"]

log = structlog.get_logger("bidder.web")

Form = MultiDictProxy[str | bytes | bytearray | web.FileField]
WordsOf = Callable[[web.Request], Words]
Act = Callable[["_Said"], Awaitable[str]]
"""Does it; gives the sentence that says so. Raises BidderError."""

LONGEST = 200
"""Signs of a reason that are kept."""
_STATES = {"halt": State.HALTED, "reduce": State.REDUCING, "resume": State.ACTIVE}


class _Said:
    """One form of a signed-in person."""

    def __init__(self, request: web.Request, form: Form, session: Session, clerk: Clerk, w: Words) -> None:
        self.request, self.session, self.clerk, self.w = request, session, clerk, w
        self._form = form
        self.tone = "good"
        """Of what is said afterwards; bad where something did not come to pass."""

    def one(self, name: str) -> str:
        """A field, cut to a sane length; empty when it is not there."""
        value = self._form.get(name, "")
        return value.strip()[:LONGEST] if isinstance(value, str) else ""

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for value in self._form.getall(name, []) if isinstance(value, str)]


class _Counter:
    """The handlers, with the sessions that they share."""

    def __init__(self, sessions: Sessions, words_of: WordsOf) -> None:
        self._sessions, self._words = sessions, words_of

    # ---- signing in and out

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        form, w = await _form(request), self._words(request)
        clerk = clerk_of(view_of(request))
        if clerk is None or clerk.token is None or foreign(request):
            raise web.HTTPForbidden
        given, name = form.get("token", ""), form.get("name", "")
        back = local(str(form.get("next", "/")))
        try:
            cookie = self._sessions.sign_in(str(given), str(name), clerk.token)
        except TooManyTries:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "60"}) from None
        if cookie is None:
            log.warning("sign_in_refused", remote=request.remote)
            raise web.HTTPUnauthorized
        response = _see(back, w)
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="Strict", secure=request.secure, path="/")
        return response

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        said = await self._said(request)
        self._sessions.sign_out(request)
        response = _see("/", said.w)
        response.del_cookie(COOKIE, path="/")
        return response

    # ---- acting

    def handler(self, act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """An address that does one thing."""

        async def answer(request: web.Request) -> web.StreamResponse:
            said = await self._said(request)
            try:
                sentence = await act(said)
            except BidderError as e:
                sentence, said.tone = said.w.say("act.refused", reason=str(e)), "bad"
            said.session.said.append((said.tone, sentence))
            return _see(scope_of(request).root + local(said.one("next") or "/"), said.w)

        return answer

    async def _said(self, request: web.Request) -> _Said:
        """The form, once it is sure who sent it. Raises HTTPForbidden."""
        clerk, session = clerk_of(view_of(request)), session_of(request, self._sessions)
        if clerk is None or session is None or foreign(request):
            raise web.HTTPForbidden
        form = await _form(request)
        if not same(str(form.get("csrf", "")), session.csrf):
            raise web.HTTPForbidden
        return _Said(request, form, session, clerk, self._words(request))

    # ---- the acts

    async def plan(self, said: _Said) -> str:
        """`yes` or `no` of a button: `all`, `chosen` (the ticked lines), or one budget."""
        plan = said.request.match_info["id"]
        word = "yes" if said.one("yes") else "no"
        asked = said.one(word)
        only = {"all": [], "chosen": said.all("line")}.get(asked, [asked])
        if not asked or (asked == "chosen" and not only):
            return said.w.say("act.nothing_chosen")
        if word == "yes":
            written = await said.clerk.approve(plan, only, said.session.by)
            if not all(one.row()["outcome"] == "Applied" for one in written):
                said.tone = "bad"
            return _outcome(said.w, written)
        await said.clerk.reject(plan, only, said.session.by)
        return said.w.say("act.rejected_lines", n=len(only)) if only else said.w.say("act.rejected")

    async def anew(self, said: _Said) -> str:
        """Today's plan made again, after the configuration has changed."""
        await said.clerk.anew(said.session.by)
        return said.w.say("act.anew")

    async def state(self, said: _Said) -> str:
        """Halt, reduce, resume."""
        what = said.one("what")
        view = view_of(said.request)
        if what not in _STATES or not isinstance(view, Acting):
            raise web.HTTPBadRequest
        switch = view.controlling.switch
        found = switch.halt_file()
        if what != "halt" and found is not None:
            return said.w.say("act.halt_file", name=found.name)
        await switch.set(_STATES[what], f"{said.session.by}: {said.one('reason') or 'by hand'}")
        return said.w.term("said", what)

    async def hold(self, said: _Said) -> str:
        """Lets an item only fall, or ends what holds it."""
        item = said.one("item")
        view = view_of(said.request)
        if not item or not isinstance(view, Acting):
            raise web.HTTPBadRequest
        switch, reason = view.controlling.switch, f"{said.session.by}: {said.one('reason') or 'by hand'}"
        if said.one("what") == "resume":
            ended = await switch.end_hold(item, reason)
            return said.w.say("act.released", item=item) if ended else said.w.say("act.not_held", item=item)
        if item not in await asyncio.to_thread(self._items, said.clerk):
            return said.w.say("act.unknown_item", item=item)
        await switch.hold(item, reason)
        return said.w.say("act.held", item=item)

    def _items(self, clerk: Clerk) -> set[str]:
        """What can be held: the shop, an account, a budget."""
        decision = clerk.decision()
        budgets = set() if decision is None else {str(one.id) for one in decision.snapshot.budgets}
        return {"shop", *(str(account.id) for account, _ in clerk.config().accounts), *budgets}

    async def done(self, said: _Said) -> str:
        """What was typed into manual accounts: the ticked lines, each with the amount beside it."""
        lines = [f"{one}={said.one(f'amount {one}')}" if said.one(f"amount {one}") else one for one in said.all("line")]
        if not lines:
            return said.w.say("act.nothing_chosen")
        return said.w.say("act.done", n=await said.clerk.done(lines, said.session.by))

    async def confirm(self, said: _Said) -> str:
        """Lets a waiting configuration take effect."""
        await said.clerk.confirm(said.one("digest"), said.session.by)
        return said.w.say("act.confirmed")

    async def reload(self, said: _Said) -> str:
        """Asks for the files to be read again."""
        view = view_of(said.request)
        if isinstance(view, ReloadingOne):
            await view.reload(said.session.by)
        elif isinstance(view, Reloading):
            view.ask_reload()
        else:
            raise web.HTTPBadRequest
        return said.w.say("act.reload")


def add(app: web.Application, sessions: Sessions, words_of: WordsOf, prefix: str = "") -> None:
    """Adds the addresses; all of them refuse where the view has no clerk. Signing in is once for all shops."""
    desk = _Counter(sessions, words_of)
    if not prefix:
        app.router.add_post("/sign-in", desk.sign_in)
    app.router.add_post(f"{prefix}/sign-out", desk.sign_out)
    app.router.add_post(prefix + "/plan/{id:[A-Za-z0-9_-]{1,64}}", desk.handler(desk.plan))
    for path, act in (
        ("/plan-anew", desk.anew),
        ("/state", desk.state),
        ("/hold", desk.hold),
        ("/todo", desk.done),
        ("/rules/confirm", desk.confirm),
        ("/rules/reload", desk.reload),
    ):
        app.router.add_post(prefix + path, desk.handler(act))


async def _form(request: web.Request) -> Form:
    """The fields of a form. Raises HTTPBadRequest for what is none."""
    try:
        return await request.post()
    except (ValueError, LookupError):  # bytes that are no text, a charset that nobody knows
        raise web.HTTPBadRequest from None


def local(address: str) -> str:
    """An address of this site; the first page for anything else."""
    fine = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if fine and "\\" not in address else "/"


def _see(address: str, w: Words) -> web.Response:
    """A redirect that is fetched with GET, in the same language."""
    if "lang=" not in address:
        address += f"{'&' if '?' in address else '?'}lang={w.language}"
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def _outcome(w: Words, written: Sequence[WriteResult | BidResult]) -> str:
    """How many lines landed, and each one that did not."""
    rows = [one.row() for one in written]
    good = sum(row["outcome"] == "Applied" for row in rows)
    told = [w.say("act.approved", n=good)] if good or not written else []
    for row in rows:
        if row["outcome"] != "Applied":
            told.append(f"{row['budget']}: {w.term('outcome', row['outcome'].lower())}, {row['reason']}")
    return " ".join(told)
