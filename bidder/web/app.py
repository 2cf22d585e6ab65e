"""The web server's face: `create_app` for the daemon, which runs it on its own event loop.

aiohttp and Jinja2 are imported with the first call, so that commands which serve nothing start fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bidder.web.view import DaemonView, Status

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["DaemonView", "Status", "create_app"]


def create_app(view: DaemonView) -> web.Application:
    """The pages, `/metrics`, the health checks and the read-only JSON, all of `view`.

    Run it with an AppRunner whose `shutdown_timeout` is short: no answer takes long, no connection is kept open.
    """
    from bidder.web.routes import application

    return application(view)
