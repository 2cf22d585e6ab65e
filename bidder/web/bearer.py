"""The token in `Authorization: Bearer`, and JSON answers: what every address for programs shares."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from bidder.web.scope import gated
from bidder.web.sessions import same

__all__ = ["allowed", "answer", "refusal"]


def allowed(request: web.Request, token: SecretStr) -> bool:
    """Whether the request's header carries the token; takes as long whatever is wrong with it."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return same(given.strip(), token.get_secret_value()) and scheme.casefold() == "bearer"


def refusal(request: web.Request, token: SecretStr | None, purpose: str) -> web.Response | None:
    """The answer to whoever may not; None for whoever may. `purpose` says what a token would have to be set for."""
    if gated(request):
        return None  # somebody has asked already who this is and what he may
    if token is None:
        return answer(403, error=f"no token is configured: set web.token to {purpose}")
    if allowed(request, token):
        return None
    refused = answer(401, error="the token is missing or wrong")
    refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


def answer(status: int, **content: Any) -> web.Response:
    """A JSON object on a line, never kept by a cache."""
    text = json.dumps(content, ensure_ascii=False) + "\n"
    return web.Response(
        text=text, status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
