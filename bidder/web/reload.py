"""`POST /-/reload`: asks the daemon to read its configuration again at the next turn of its loop.

Asks for `Authorization: Bearer TOKEN` with the token of `web.token`, compared in constant time; without a configured
token nobody may. What becomes of it is on the page, in the log and in `bidder_config_last_reload_successful`.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from aiohttp import web
from pydantic import SecretStr

from bidder.web.bearer import allowed

__all__ = ["Reloading", "add"]


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


_RELOADING = web.AppKey("reloading", Reloading)


def add(app: web.Application, view: object) -> None:
    """Adds the address where the view can reload."""
    if isinstance(view, Reloading):
        app[_RELOADING] = view
        app.router.add_post("/-/reload", _reload)


async def _reload(request: web.Request) -> web.Response:
    daemon = request.app[_RELOADING]
    if daemon.token is None or not allowed(request, daemon.token):
        what = "a token is needed" if daemon.token is not None else "no web.token is configured"
        return web.Response(text=f"{what}\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    daemon.ask_reload()
    return web.Response(text="asked: the configuration is read again at the next turn\n", status=202)
