"""`POST /-/reload`: only with the token, and it only asks."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from bidder.web import reload


class Asked:
    """A daemon that counts."""

    def __init__(self, token: str | None) -> None:
        self.token = None if token is None else SecretStr(token)
        self.times = 0

    def ask_reload(self) -> None:
        self.times += 1


@pytest.mark.parametrize(
    ("token", "given", "status"),
    [("secret", "Bearer secret", 202), ("secret", "Bearer other", 401), ("secret", None, 401), (None, "Bearer ", 401)],
)
async def test_only_who_has_the_token_may_ask(token: str | None, given: str | None, status: int) -> None:
    daemon, app = Asked(token), web.Application()
    reload.add(app, daemon)
    async with TestClient(TestServer(app)) as client:
        headers = {} if given is None else {"Authorization": given}
        answer = await client.post("/-/reload", headers=headers)
        assert answer.status == status
        assert (await client.get("/-/reload")).status == 405
    assert daemon.times == (status == 202)


async def test_what_cannot_reload_has_no_such_address() -> None:
    app = web.Application()
    reload.add(app, object())
    async with TestClient(TestServer(app)) as client:
        assert (await client.post("/-/reload")).status == 404
