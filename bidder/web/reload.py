"""`POST /-/reload`: asks the daemon to read its configuration again at the next turn of its loop.

Asks for `Authorization: Bearer TOKEN` with the token of `web.token`, compared in constant time; without a configured
token nobody may. What becomes of it is on the page, in the log and in `bidder_config_last_reload_successful`.

Where one web serves many shops, `POST /shops/NAME/-/reload` asks whoever looks after that shop; the gate has asked who
may. It is in the shop's journal.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from aiohttp import web
from pydantic import SecretStr

from bidder.errors import StoreError
from bidder.web.bearer import allowed
from bidder.web.scope import scope_of

__all__ = ["Reloading", "ReloadingOne", "add", "add_of_many"]


@runtime_checkable
class Reloading(Protocol):
    """A daemon that can be asked to read its configuration again."""

    @property
    def token(self) -> SecretStr | None:
        """Asked of whoever asks; None: nobody may."""
        ...

    def ask_reload(self) -> None:
        """Reads it again at the next turn."""
        ...


@runtime_checkable
class ReloadingOne(Protocol):
    """One shop of many, which others look after."""

    async def reload(self, by: str) -> bool:
        """Asks for it, by somebody's name; whether workers were asked. Raises StoreError."""
        ...


_RELOADING = web.AppKey("reloading", Reloading)


def add(app: web.Application, view: object) -> None:
    """Adds the address where the view can reload."""
    if isinstance(view, Reloading):
        app[_RELOADING] = view
        app.router.add_post("/-/reload", _reload)


def add_of_many(app: web.Application, prefix: str) -> None:
    """Adds the address of each shop."""
    app.router.add_post(f"{prefix}/-/reload", _reload_one)


async def _reload_one(request: web.Request) -> web.Response:
    scope = scope_of(request)
    if not isinstance(scope.view, ReloadingOne):
        return web.Response(text="nobody can be asked to read it again\n", status=404)
    try:
        asked = await scope.view.reload(scope.by)
    except StoreError as e:
        return web.Response(text=f"not asked: {e}\n", status=503)
    whom = "a worker reads it again at its next tick" if asked else "a `bidder run` sees by itself that files changed"
    return web.Response(text=f"asked: {whom}\n", status=202)


async def _reload(request: web.Request) -> web.Response:
    daemon = request.app[_RELOADING]
    if daemon.token is None or not allowed(request, daemon.token):
        what = "a token is needed" if daemon.token is not None else "no web.token is configured"
        return web.Response(text=f"{what}\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    daemon.ask_reload()
    return web.Response(text="asked: the configuration is read again at the next turn\n", status=202)
