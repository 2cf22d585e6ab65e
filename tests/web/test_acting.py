"""Who may act on the page: only who has the token, from the page's own forms, and the journal says who it was."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from bidder.apply import WriteResult
from bidder.config.load import Config, load
from bidder.decide import Decision
from bidder.errors import ConfigError, Fault, Source, UnsafePlan
from bidder.explain.activities import ActivityAdvice
from bidder.explain.digest_document import DigestDocument
from bidder.explain.document import WhatIf
from bidder.ids import AccountId
from bidder.plan import Applied, Refused, State
from bidder.web.app import create_app
from bidder.web.clerk import Waiting
from bidder.web.control import Controlling
from bidder.web.forms import local
from bidder.web.openapi import OPERATIONS
from bidder.web.sessions import COOKIE, LASTING, TRIES, Sessions, TooManyTries
from tests.web.fake_shop import PLAN, TODAY, FakeView, budget_id, yuan

TOKEN = "oolong"
CONFIG = "shop: {name: tea, currency: CNY, timezone: Asia/Shanghai}\n"


class FakeClerk:
    """A clerk who writes down what it is told."""

    def __init__(self, home: Path) -> None:
        (home / "bidder.yaml").write_text(CONFIG, "utf-8")
        self.token: SecretStr | None = SecretStr(TOKEN)
        self.loaded = load(home / "bidder.yaml", env={})
        self.told: list[tuple[Any, ...]] = []
        self.refuses: Exception | None = None
        self.wrong: tuple[Fault, ...] = ()
        self.waits: Waiting | None = None

    def config(self) -> Config:
        return self.loaded

    def faults(self) -> Sequence[Fault]:
        return self.wrong

    def waiting(self) -> Waiting | None:
        return self.waits

    def today(self) -> date:
        return TODAY

    def decision(self) -> Decision | None:
        return None

    def digest(self) -> DigestDocument | None:
        return None

    def advice(self) -> Sequence[ActivityAdvice]:
        return ()

    def what_if(self, asked: Sequence[str]) -> WhatIf | None:
        if self.refuses is not None:
            raise self.refuses
        return None

    def manual(self) -> Sequence[AccountId]:
        return [AccountId("wxt")]

    async def approve(self, plan: str, only: Sequence[str], by: str) -> Sequence[WriteResult]:
        if self.refuses is not None:
            raise self.refuses
        self.told.append(("approve", plan, list(only), by))
        amount = yuan(360)
        return [
            WriteResult(budget_id("1002"), amount, Applied(amount), amount, ""),
            WriteResult(budget_id("1001"), amount, Refused("it was moved"), None, "it was moved"),
        ]

    async def reject(self, plan: str, only: Sequence[str], by: str) -> None:
        self.told.append(("reject", plan, list(only), by))

    async def anew(self, by: str) -> None:
        self.told.append(("anew", by))

    async def done(self, lines: Sequence[str], by: str) -> int:
        self.told.append(("done", list(lines), by))
        return len(lines)

    async def confirm(self, digest: str, by: str) -> None:
        self.told.append(("confirm", digest, by))


class Switch:
    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []
        self.file: Path | None = None

    def halt_file(self) -> Path | None:
        return self.file

    async def set(self, state: State, reason: str) -> None:
        self.said.append((state, reason))

    async def end_hold(self, item: str, reason: str) -> int:
        self.said.append(("end", item, reason))
        return 1

    async def hold(self, item: str, reason: str) -> None:
        self.said.append(("hold", item, reason))


class StaffedView(FakeView):
    def __init__(self, home: Path) -> None:
        super().__init__()
        self.clerk = FakeClerk(home)
        self.switch = Switch()
        self.reloads = 0

    @property
    def controlling(self) -> Controlling:
        return Controlling(self.switch, self.clerk.token)

    @property
    def token(self) -> SecretStr | None:
        return self.clerk.token

    def ask_reload(self) -> None:
        self.reloads += 1


Client = TestClient[Any, Any]


@pytest.fixture
def view(tmp_path: Path) -> StaffedView:
    return StaffedView(tmp_path)


@pytest.fixture
async def client(view: StaffedView) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(view))) as client:
        yield client


async def sign_in(client: Client, name: str = "Lin") -> str:
    """Signs in; gives the secret that forms carry."""
    answer = await client.post("/sign-in", data={"token": TOKEN, "name": name}, allow_redirects=False)
    assert answer.status == 303
    text = await (await client.get("/status?lang=en")).text()
    return text.partition('name="csrf" value="')[2].partition('"')[0]


FORMS = [
    (f"/plan/{PLAN}", {"yes": "all"}, ("approve", PLAN, [], "page: Lin")),
    (f"/plan/{PLAN}", {"yes": "chosen", "line": "wxt/1002"}, ("approve", PLAN, ["wxt/1002"], "page: Lin")),
    (f"/plan/{PLAN}", {"no": "wxt/1002"}, ("reject", PLAN, ["wxt/1002"], "page: Lin")),
    (f"/plan/{PLAN}", {"no": "all"}, ("reject", PLAN, [], "page: Lin")),
    ("/plan-anew", {}, ("anew", "page: Lin")),
    ("/todo", {"line": "2", "amount 2": "350"}, ("done", ["2=350"], "page: Lin")),
    ("/rules/confirm", {"digest": "abc"}, ("confirm", "abc", "page: Lin")),
]
SWITCHES = [
    ("/state", {"what": "halt", "reason": "flood"}, (State.HALTED, "page: Lin: flood")),
    ("/state", {"what": "reduce"}, (State.REDUCING, "page: Lin: by hand")),
    ("/state", {"what": "resume"}, (State.ACTIVE, "page: Lin: by hand")),
    ("/hold", {"what": "hold", "item": "shop", "reason": "odd"}, ("hold", "shop", "page: Lin: odd")),
    ("/hold", {"what": "resume", "item": "wxt"}, ("end", "wxt", "page: Lin: by hand")),
]


@pytest.mark.parametrize(("path", "form", "told"), FORMS)
async def test_a_signed_in_person_acts_under_their_name(
    client: Client, view: StaffedView, path: str, form: dict[str, str], told: tuple[Any, ...]
) -> None:
    secret = await sign_in(client)
    answer = await client.post(path, data={**form, "csrf": secret, "next": "/plan"}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/plan?lang=en")
    assert view.clerk.told == [told]


@pytest.mark.parametrize(("path", "form", "said"), SWITCHES)
async def test_the_stop_says_who_pressed_it(
    client: Client, view: StaffedView, path: str, form: dict[str, str], said: tuple[Any, ...]
) -> None:
    secret = await sign_in(client)
    await client.post(path, data={**form, "csrf": secret}, allow_redirects=False)
    assert view.switch.said == [said]


@pytest.mark.parametrize(
    ("path", "form"), [one[:2] for one in [*FORMS, *SWITCHES]] + [("/rules/reload", {}), ("/sign-out", {})]
)
@pytest.mark.parametrize("lacks", ["session", "secret", "right secret", "own site", "own origin", "token"])
async def test_nothing_is_done_for_anybody_else(
    client: Client, view: StaffedView, path: str, form: dict[str, str], lacks: str
) -> None:
    secret, headers = await sign_in(client), {}
    sent = {**form, "csrf": secret}
    if lacks == "session":
        client.session.cookie_jar.clear()
    elif lacks == "secret":
        del sent["csrf"]
    elif lacks == "right secret":
        sent["csrf"] = secret[:-1]
    elif lacks == "own site":
        headers = {"Sec-Fetch-Site": "same-site"}
    elif lacks == "own origin":
        headers = {"Origin": "http://elsewhere.example"}
    else:
        view.clerk.token = None
    answer = await client.post(path, data=sent, headers=headers, allow_redirects=False)
    assert answer.status == 403
    assert (view.clerk.told, view.switch.said, view.reloads) == ([], [], 0)


async def test_what_came_of_it_is_said_once(client: Client, view: StaffedView) -> None:
    secret = await sign_in(client)
    await client.post(f"/plan/{PLAN}", data={"yes": "all", "csrf": secret}, allow_redirects=False)
    text = await (await client.get("/?lang=en")).text()
    assert "1 change written and read back. wxt/1001: Refused, it was moved" in text
    assert "said bad" in text
    assert "written and read back" not in await (await client.get("/?lang=en")).text()


@pytest.mark.parametrize("error", [UnsafePlan(["it is of yesterday <b>"]), ConfigError([Fault(None, "no such line")])])
async def test_a_refusal_is_a_sentence(client: Client, view: StaffedView, error: Exception) -> None:
    secret = await sign_in(client)
    view.clerk.refuses = error
    await client.post(f"/plan/{PLAN}", data={"yes": "all", "csrf": secret}, allow_redirects=False)
    text = await (await client.get("/?lang=en")).text()
    assert "Not done: " in text
    assert "<b>" not in text.partition("Not done")[2][:60]


async def test_nothing_chosen_is_nothing_done(client: Client, view: StaffedView) -> None:
    secret = await sign_in(client)
    for form in ({"yes": "chosen"}, {}):
        await client.post(f"/plan/{PLAN}", data={**form, "csrf": secret}, allow_redirects=False)
    await client.post("/todo", data={"csrf": secret}, allow_redirects=False)
    assert view.clerk.told == []


async def test_a_halt_file_and_unknown_items_are_said(client: Client, view: StaffedView, tmp_path: Path) -> None:
    secret = await sign_in(client)
    view.switch.file = tmp_path / "halt"
    for path, form, shown in (
        ("/state", {"what": "resume"}, "The file halt halts it"),
        ("/hold", {"what": "hold", "item": "nobody"}, "No account or budget is called nobody."),
    ):
        await client.post(path, data={**form, "csrf": secret, "next": "/status"}, allow_redirects=False)
        assert shown in await (await client.get("/status?lang=en")).text()
    assert view.switch.said == []
    assert (await client.post("/state", data={"what": "explode", "csrf": secret})).status == 400


async def test_the_session_is_a_cookie_that_no_script_sees(client: Client) -> None:
    answer = await client.post("/sign-in", data={"token": TOKEN}, allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie
    assert TOKEN not in cookie


async def test_signing_out_ends_it_and_so_does_another_token(client: Client, view: StaffedView) -> None:
    secret = await sign_in(client)
    view.clerk.token = SecretStr("puer")
    assert (await client.post("/state", data={"what": "halt", "csrf": secret})).status == 403
    view.clerk.token = SecretStr(TOKEN)
    secret = await sign_in(client)
    assert (await client.post("/sign-out", data={"csrf": secret}, allow_redirects=False)).status == 303
    assert (await client.post("/state", data={"what": "halt", "csrf": secret})).status == 403


async def test_without_a_configured_token_nobody_is_let_in(client: Client, view: StaffedView) -> None:
    view.clerk.token = None
    assert (await client.post("/sign-in", data={"token": ""})).status == 403
    assert "no token is configured" in await (await client.get("/sign-in?lang=en")).text()


async def test_guessing_is_slowed_and_the_next_minute_is_free(client: Client) -> None:
    for _ in range(TRIES):
        assert (await client.post("/sign-in", data={"token": "guess"})).status == 401
    answer = await client.post("/sign-in", data={"token": TOKEN})
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    at = 0.0
    sessions = Sessions(lambda: at)
    for _ in range(TRIES):
        assert sessions.sign_in("guess", "", SecretStr(TOKEN)) is None
    with pytest.raises(TooManyTries):
        sessions.sign_in(TOKEN, "", SecretStr(TOKEN))
    at = 61.0
    assert sessions.sign_in(TOKEN, "", SecretStr(TOKEN)) is not None


def test_a_quiet_session_is_over() -> None:
    class Asked:
        def __init__(self) -> None:
            self.cookies: dict[str, str] = {}

    at = 0.0
    sessions = Sessions(lambda: at)
    asked, token = Asked(), SecretStr(TOKEN)
    asked.cookies = {COOKIE: sessions.sign_in(TOKEN, " 小\x07王 ", token) or ""}
    found = sessions.of(asked, token)  # type: ignore[arg-type]  # all that is looked at
    assert found is not None
    assert found.by == "page: 小王"
    at = LASTING + 1
    assert sessions.of(asked, token) is None  # type: ignore[arg-type]  # all that is looked at


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere", "javascript:alert(1)", "", "/a\nb"]
)
def test_a_redirect_stays_at_home(address: str) -> None:
    assert local(address) == "/"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"token=%ff%fe\xff", "application/x-www-form-urlencoded", 401),
        (b"token=\xff", "application/x-www-form-urlencoded; charset=klingon", 400),
        (b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"--x", "multipart/form-data", 400),
    ],
)
async def test_what_is_no_form_is_refused_plainly(client: Client, body: bytes, kind: str, status: int) -> None:
    answer = await client.post("/sign-in", data=body, headers={"Content-Type": kind}, allow_redirects=False)
    assert answer.status in (status, 400), await answer.text()
    assert "Traceback" not in await answer.text()


async def test_faults_and_a_waiting_configuration_stand_on_the_rules_page(
    client: Client, view: StaffedView, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("- name: a\n  share: {min: 40}\n", "utf-8")
    view.clerk.wrong = (Fault(Source(str(rules), 2, 16), "expected a percentage <script>"),)
    view.clerk.waits = Waiting("abc", 2000.0, 600.0)
    text = await (await client.get("/rules?lang=en")).text()
    assert "rules.yaml:2:16" in text
    assert "&lt;script&gt;" in text
    assert "share: {min: 40}" in text
    assert "from CNY 2,000 to CNY 600" in text
    assert "Let it take effect" not in text  # who is not signed in may not
    await sign_in(client)
    assert "Let it take effect" in await (await client.get("/rules?lang=en")).text()


BEARER = {"Authorization": f"Bearer {TOKEN}"}


class TestForPrograms:
    """The same over JSON, with the bearer token."""

    async def test_approve_and_refuse(self, client: Client, view: StaffedView) -> None:
        body = json.dumps({"only": ["wxt/1002"]})
        answer = await client.post(f"/api/v1/plans/{PLAN}/approve", data=body, headers=BEARER)
        assert answer.status == 200
        shown = await answer.json()
        assert [(one["budget"], one["outcome"]) for one in shown["written"]] == [
            ("wxt/1002", "Applied"),
            ("wxt/1001", "Refused"),
        ]
        await client.post(f"/api/v1/plans/{PLAN}/reject", headers=BEARER)
        await client.post("/api/v1/confirm", data='{"digest": "abc"}', headers=BEARER)
        assert view.clerk.told == [
            ("approve", PLAN, ["wxt/1002"], "http"), ("reject", PLAN, [], "http"), ("confirm", "abc", "http")
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "path", [f"/api/v1/plans/{PLAN}/approve", f"/api/v1/plans/{PLAN}/reject", "/api/v1/confirm"]
    )
    @pytest.mark.parametrize(
        ("headers", "status"),
        [({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": f"Basic {TOKEN}"}, 401)],
    )
    async def test_nobody_else(
        self, client: Client, view: StaffedView, path: str, headers: dict[str, str], status: int
    ) -> None:
        await sign_in(client)  # a cookie does not count here
        assert (await client.post(path, headers=headers)).status == status
        view.clerk.token = None
        assert (await client.post(path, headers=BEARER)).status == 403
        assert view.clerk.told == []

    @pytest.mark.parametrize("body", ["[]", "{", '{"only": "wxt"}', '{"every": 1}', '{"only": ["\\ud800"]}'])
    async def test_what_cannot_be_meant(self, client: Client, view: StaffedView, body: str) -> None:
        answer = await client.post(f"/api/v1/plans/{PLAN}/approve", data=body, headers=BEARER)
        assert answer.status == 422
        assert view.clerk.told == []

    async def test_refusals_have_their_status(self, client: Client, view: StaffedView) -> None:
        view.clerk.refuses = UnsafePlan(["stale"])
        answer = await client.post(f"/api/v1/plans/{PLAN}/approve", headers=BEARER)
        assert (answer.status, await answer.json()) == (409, {"error": "stale"})
        view.clerk.refuses = ConfigError([Fault(None, "no such rule")])
        assert (await client.get("/api/v1/what-if", params={"ask": "rule x=off"})).status == 422
        assert (await client.get("/api/v1/what-if")).status == 422
        view.clerk.refuses = None
        assert (await client.get("/api/v1/what-if", params={"ask": "total=+20%"})).status == 404

    async def test_the_description_is_of_every_address_and_of_nothing_else(self, client: Client) -> None:
        document = await (await client.get("/api/v1/openapi.json")).json()
        told = {(method, path) for path, one in document["paths"].items() for method in one}
        assert told == {(one.method, one.path) for one in OPERATIONS}
        there = set()
        for route in client.app.router.routes():
            path = route.resource.canonical if route.resource is not None else ""
            if route.method != "HEAD" and path.startswith(("/api/", "/-/", "/metrics")):
                names = ("halt", "reduce", "resume", "hold") if "{what}" in path else ("",)
                there |= {(route.method.lower(), path.replace("{what}", name)) for name in names}
        assert told == there
        assert document["openapi"].startswith("3.1")
