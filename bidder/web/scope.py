"""Whose pages a request asks for: the one shop of a daemon, or the shop of an agency that its gate let through.

Every address of a shop is served by the same handlers. With one daemon the shop is the application's; behind an
agency's gate (:mod:`bidder.web.gate`) it is that of the address, below `/shops/NAME`, and who asks is known already.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from bidder.web.clerk import Clerk, clerk_of
from bidder.web.view import ShopView

if TYPE_CHECKING:
    from bidder.web.sessions import Session, Sessions

__all__ = ["VIEW", "Scope", "for_programs", "gated", "let_in", "scope_of", "session_of", "view_of"]

VIEW = web.AppKey("view", ShopView)
"""The shop of an application that has one."""

_FOR_PROGRAMS = re.compile(r"(/shops/[^/]*)?/(api|metrics|-)(/|\Z)")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a gate found out of a request."""

    view: ShopView
    root: str
    """Before every address of the shop: `/shops/tea-house`."""
    by: str
    """As journals call whoever asks."""
    acts: bool
    """Whether whoever asks may act on the shop."""
    session: Session | None = None
    """Of a browser; None for a program."""
    shops: tuple[str, ...] = ()
    """Shops that the page can be switched to; empty for more than a list can hold."""


_KEY = web.RequestKey("scope", Scope)


def for_programs(path: str) -> bool:
    """Whether an address is for programs: it speaks JSON or plain text, and knows no session of a browser."""
    return _FOR_PROGRAMS.match(path) is not None


def let_in(request: web.Request, scope: Scope) -> None:
    """The gate's word on a request."""
    request[_KEY] = scope


def scope_of(request: web.Request) -> Scope:
    """The gate's word, or that of the one shop that there is."""
    found = request.get(_KEY)
    return found if found is not None else Scope(request.app[VIEW], "", "http", acts=True)


def gated(request: web.Request) -> bool:
    """Whether a gate has asked already who this is and what he may."""
    return _KEY in request


def view_of(request: web.Request) -> ShopView:
    """The shop of a request."""
    return scope_of(request).view


def session_of(request: web.Request, sessions: Sessions) -> Session | None:
    """The signed-in browser of a request."""
    if gated(request):
        return scope_of(request).session
    clerk: Clerk | None = clerk_of(view_of(request))
    return sessions.of(request, None if clerk is None else clerk.token)
