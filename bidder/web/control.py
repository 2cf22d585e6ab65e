"""`POST /api/v1/halt`, `/reduce`, `/resume`, `/hold`: the stop over HTTP. Asks for the token of `web.token`.

Bodies are small JSON objects: `{"reason": "…"}`; `resume` with `{"item": "account/budget"}` ends the holds of that item
alone; `hold` with an item lets it only fall from now on (the hook for another system's quality alarm). There is no
cookie and no form, so that no other page can make a browser act: the token is asked for in `Authorization: Bearer`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from aiohttp import web
from pydantic import SecretStr

from bidder.errors import StoreError
from bidder.plan import State
from bidder.web.bearer import answer, refusal
from bidder.web.scope import gated, scope_of, view_of

__all__ = ["Acting", "Controlling", "Controls", "add"]

LONGEST = 200
"""Signs of a reason that are kept."""


class Controls(Protocol):
    """What can be asked for; each is durable when it returns, and raises StoreError when it is not."""

    def halt_file(self) -> Path | None:
        """The file that halts, where there is one."""
        ...

    async def set(self, state: State, reason: str) -> None:
        """Changes the state."""
        ...

    async def end_hold(self, item: str, reason: str) -> int:
        """Ends the holds of an item; how many."""
        ...

    async def hold(self, item: str, reason: str) -> None:
        """Lets an item only fall."""
        ...


@dataclass(frozen=True, slots=True)
class Controlling:
    """The switch, and the token that it asks for."""

    switch: Controls
    token: SecretStr | None


@runtime_checkable
class Acting(Protocol):
    """A daemon that can be stopped."""

    @property
    def controlling(self) -> Controlling:
        """Its switch."""
        ...


_STATES = {"halt": State.HALTED, "reduce": State.REDUCING, "resume": State.ACTIVE}


def add(app: web.Application, prefix: str = "") -> None:
    """Adds the addresses; they say so where nothing can be stopped."""
    app.router.add_post(prefix + "/api/v1/{what:halt|reduce|resume|hold}", _act)


async def _act(request: web.Request) -> web.Response:
    acting = view_of(request)
    if not isinstance(acting, Acting):
        return answer(404, error="nothing here can be stopped")
    control = acting.controlling
    if (refused := refusal(request, control.token, "act over HTTP")) is not None:
        return refused
    said = _said(await request.read())
    if said is None:
        return answer(422, error='expected a JSON object such as {"reason": "…"}')
    what, reason, item = request.match_info["what"], said.get("reason", "over HTTP"), said.get("item")
    if gated(request):
        reason = f"{scope_of(request).by}: {reason}"
    try:
        if what == "hold":
            return await _hold(control.switch, item, reason)
        if what == "resume":
            return await _resume(control.switch, item, reason)
        await control.switch.set(_STATES[what], reason)
    except StoreError as e:
        return answer(503, error=f"it could not be saved: {e}")
    return answer(200, state=_STATES[what].value)


async def _hold(switch: Controls, item: str | None, reason: str) -> web.Response:
    if not item:
        return answer(422, error="name what is held: item, an account or account/budget")
    await switch.hold(item, reason)
    return answer(200, item=item, held=True)


async def _resume(switch: Controls, item: str | None, reason: str) -> web.Response:
    if item:
        ended = await switch.end_hold(item, reason)
        return answer(200 if ended else 404, item=item, ended=ended)
    found = switch.halt_file()
    if found is not None:
        return answer(409, error=f"the file {found.name} halts it: remove that first")
    await switch.set(State.ACTIVE, reason)
    return answer(200, state=State.ACTIVE.value)


def _said(body: bytes) -> dict[str, str] | None:
    """The object's words, cut to a sane length; None for anything else."""
    try:
        found = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        return None
    if any("\ud800" <= sign <= "\udfff" for value in found.values() for sign in value):
        return None  # half a character: nobody can write it down
    return {name: value[:LONGEST] for name, value in found.items() if name in ("reason", "item")}
