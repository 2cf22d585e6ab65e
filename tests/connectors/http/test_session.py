"""What http.py promises, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from bidder.connectors.http import (
    FAILURES_TO_OPEN,
    Ask,
    Http,
    Lost,
    Manners,
    Meaning,
    NotSent,
    Reply,
    Shared,
    Timing,
    Verdict,
    oauth,
    plain_verdict,
    said_in,
)
from bidder.errors import ConnectorError
from bidder.plan import Refused
from tests.connectors.http.server import CUT, Answer, Clock, Got, Server, answer, page

CANARY = "canary-7f3a9-secret"
READ = Ask("campaigns", "GET", "/campaigns")
PUT = Ask("set", "PUT", "/budget", json={"budget": 90.0})
POST = Ask("set", "POST", "/budget", json={"budget": 90.0})


def scripted(*answers: Answer) -> Server:
    """Answers these in turn, the last one for ever."""
    left = list(answers)
    return Server(lambda _got: left.pop(0) if len(left) > 1 else left[0])


def opened(server: Server, clock: Clock | None = None, **manners: Any) -> Http:
    clock = clock or Clock()
    timing = Timing(monotonic=clock.monotonic, sleep=clock.sleep, luck=lambda: 0.5)
    return Http("ads", replace(Manners(server.url), **manners), secrets=[CANARY], timing=timing)


async def failing(http: Http, ask: Ask = READ) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await http.read(ask)
    return caught.value


# ---- writes are sent once


@pytest.mark.parametrize("ask", [PUT, POST])
async def test_a_write_whose_kept_connection_drops_is_lost_and_not_sent_again(ask: Ask) -> None:
    async with scripted(answer(), CUT, answer()) as server:
        http = opened(server)
        await http.read(READ)  # the connection is kept, and the write goes over it
        sent = await http.write(ask)
        await http.close()
    assert isinstance(sent, Lost)
    assert [got.method for got in server.got] == ["GET", ask.method]


async def test_aiohttp_alone_would_send_that_put_twice() -> None:
    """The trap that the test above stands against: should aiohttp stop doing so, this says it."""
    async with scripted(answer(), CUT, answer()) as server, aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/campaigns") as first:
            await first.read()
        async with session.put(f"{server.url}/budget", json={"budget": 90.0}) as second:
            assert second.status == 200
    assert [got.method for got in server.got] == ["GET", "PUT", "PUT"]


async def test_nothing_is_sent_by_an_aiohttp_whose_sending_again_cannot_be_switched_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Other:
        def __init__(self, **_: Any) -> None:
            pass

    async with scripted(answer()) as server:
        monkeypatch.setattr(aiohttp, "ClientSession", Other)
        with pytest.raises(RuntimeError, match="sending requests again"):
            await opened(server).write(PUT)
    assert not server.got


@pytest.mark.parametrize("status", [500, 502, 503, 429, 400, 302])
async def test_a_write_is_sent_once_whatever_is_answered(status: int) -> None:
    async with scripted(Answer(status, b"{}", {"Location": "/elsewhere"})) as server:
        http = opened(server)
        sent = await http.write(PUT)
        await http.close()
    assert isinstance(sent, Reply)
    assert sent.status == status
    assert len(server.got) == 1


async def test_a_write_that_is_not_answered_in_time_is_lost() -> None:
    async with scripted(Answer(slow=0.5)) as server:
        http = opened(server, timeout=0.1)
        sent = await http.write(PUT)
        await http.close()
    assert sent == Lost("no answer in 0.1 s", "timeout")


async def test_a_write_whose_answer_ends_half_way_is_lost() -> None:
    async with scripted(replace(answer({"ok": True}), half=True)) as server:
        http = opened(server)
        sent = await http.write(PUT)
        await http.close()
    assert isinstance(sent, Lost)


async def test_a_write_that_cannot_connect_was_never_sent() -> None:
    async with scripted(answer()) as server:
        pass
    http = opened(server)
    sent = await http.write(PUT)
    await http.close()
    assert isinstance(sent, NotSent)
    assert sent.error == "connect"
    assert "/budget" in sent.reason


async def test_a_write_waits_its_turn_only_so_long() -> None:
    async with scripted(answer({}, 429, Retry_After="3600")) as server:
        http = opened(server)
        await http.write(PUT)
        sent = await http.write(PUT)
        await http.close()
    assert isinstance(sent, NotSent)
    assert sent.error == "throttled"
    assert "3600 s" in sent.reason
    assert len(server.got) == 1


# ---- reads are tried again


@pytest.mark.parametrize("fault", [page(), answer({}, 500), CUT, replace(answer({"a": 1}), half=True)])
async def test_a_read_is_tried_again_until_it_works(fault: Answer) -> None:
    async with scripted(fault, fault, answer({"n": 1.10})) as server:
        clock = Clock()
        http = opened(server, clock)
        payload = await http.payload(READ)
        await http.close()
    assert str(payload.body["n"]) == "1.1"  # a decimal, no float
    assert clock.slept == [0.75, 1.5]  # doubled, and jittered to three quarters here


async def test_gaps_are_jittered_between_a_half_and_the_whole() -> None:
    for luck, expected in ((0.0, [0.5, 1.0]), (1.0, [1.0, 2.0])):
        async with scripted(page(), page(), answer()) as server:
            clock = Clock()
            timing = Timing(monotonic=clock.monotonic, sleep=clock.sleep, luck=lambda luck=luck: luck)  # type: ignore[misc]  # a default binds it
            http = Http("ads", Manners(server.url), timing=timing)
            await http.read(READ)
            await http.close()
        assert clock.slept == expected


@pytest.mark.parametrize(
    ("fault", "error", "helps"),
    [
        (page(503), "http_5xx", True),
        (answer({}, 408), "http_5xx", True),
        (answer({}, 429), "throttled", True),
        (CUT, "connect", True),
        (Answer(slow=0.3), "timeout", True),
        (answer({}, 403), "auth", False),
        (answer({}, 404), "http_4xx", False),
        (answer({}, 307), "other", False),
    ],
)
async def test_a_read_that_goes_on_failing_says_its_class_and_whether_waiting_helps(
    fault: Answer, error: str, helps: bool
) -> None:
    async with scripted(fault) as server:
        http = opened(server, attempts=2, timeout=0.1)
        found = await failing(http)
        await http.close()
    assert (found.account, found.operation) == ("ads", "campaigns")
    assert (found.error, found.waiting_helps) == (error, helps)
    assert found.reason
    assert len(server.got) == (2 if helps else 1)


async def test_a_read_gives_up_rather_than_pass_its_deadline() -> None:
    async with scripted(page()) as server:
        clock = Clock()
        http = opened(server, clock, deadline=2.0, attempts=10)
        await failing(http)
        await http.close()
    assert clock.time - 1000 <= 2.0
    assert len(server.got) == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"<html>", "is no JSON"), (b"", "is empty"), (b'{"a": NaN}', "is no JSON"), (b"[" * 9999, "is no JSON")],
)
async def test_what_is_no_json_is_an_error_and_never_empty(body: bytes, words: str) -> None:
    async with scripted(Answer(200, body)) as server:
        http = opened(server)
        with pytest.raises(ConnectorError, match=words) as caught:
            await http.payload(READ)
        await http.close()
    assert caught.value.error == "decode"


async def test_a_body_larger_than_its_limit_is_refused_also_when_it_is_packed() -> None:
    large = b"[" + b"0," * 500_000 + b"0]"
    for headers, body in (({}, large), ({"Content-Encoding": "gzip"}, gzip.compress(large))):
        async with scripted(Answer(200, body, headers)) as server:
            http = opened(server)
            found = await failing(http, replace(READ, limit=1000))
            assert isinstance(await http.write(replace(PUT, limit=1000)), Lost)
            await http.close()
        assert found.error == "decode"
        assert "larger than 1000 bytes" in found.reason


async def test_a_status_that_is_expected_comes_back_as_it_is() -> None:
    async with scripted(answer({"code": "425"}, 425)) as server:
        http = opened(server)
        reply = await http.read(replace(READ, accept=frozenset({425})))
        await http.close()
    assert reply.status == 425
    assert repr(reply) == "Reply('campaigns', 425, 15 bytes)"


# ---- throttling


@pytest.mark.parametrize(
    ("value", "wait"),
    [("7", 7.0), ("0.5", 0.5), ("Wed, 21 Oct 2026 07:28:10 GMT", 10.0)],
)
async def test_retry_after_is_honoured_as_seconds_and_as_a_date(value: str, wait: float) -> None:
    first = Answer(429, b"{}", {"Retry-After": value, "Date": "Wed, 21 Oct 2026 07:28:00 GMT"})
    async with scripted(first, answer()) as server:
        clock = Clock()
        http = opened(server, clock)
        await http.read(READ)
        await http.close()
    assert wait <= clock.time - 1000 < wait + 1
    assert http.waited == pytest.approx(clock.time - 1000)


@pytest.mark.parametrize("value", ["soon", "-", "1e99", "nan"])
async def test_a_retry_after_that_says_nothing_is_left_aside(value: str) -> None:
    async with scripted(Answer(429, b"{}", {"Retry-After": value}), answer()) as server:
        http = opened(server)
        await http.read(READ)
        await http.close()
    assert http.waited < 2


async def test_a_throttled_account_is_held_back_as_a_whole() -> None:
    async with scripted(answer({}, 429, Retry_After="3000"), answer()) as server:
        clock = Clock()
        http = opened(server, clock)
        first, second = await failing(http), await failing(http)
        assert (first.error, second.error) == ("throttled", "throttled")
        assert "3000 s" in second.reason
        assert second.waiting_helps
        assert len(server.got) == 1
        clock.time += 3001
        await http.read(READ)
        await http.close()


async def test_an_answer_that_says_the_quota_is_nearly_gone_holds_the_next() -> None:
    def verdict(reply: Reply) -> Verdict:
        usage = reply.header("x-usage")
        return Verdict(Meaning.OK, "usage at 98 %", 12.0) if usage else plain_verdict(reply)

    async with scripted(answer({}, x_usage="98"), answer()) as server:
        clock = Clock()
        http = opened(server, clock, verdict=verdict)
        await http.read(READ)
        assert clock.slept == []
        await http.read(READ)
        await http.close()
    assert clock.slept == [12.0]


async def test_requests_leave_no_faster_than_the_rate_allows() -> None:
    async with scripted(answer()) as server:
        clock = Clock()
        http = opened(server, clock, rate=2.0, burst=3, concurrency=1)
        for _ in range(7):
            await http.read(READ)
        await http.close()
    assert clock.time - 1000 == pytest.approx(2.0)  # three at once, then four at two a second


async def test_no_more_requests_are_under_way_than_allowed() -> None:
    under_way, most = 0, 0

    async def slow(_got: Got) -> Answer:
        nonlocal under_way, most
        under_way, most = under_way + 1, max(most, under_way + 1)
        await asyncio.sleep(0.01)
        under_way -= 1
        return answer()

    async with Server(slow) as server:
        http = opened(server, concurrency=3, burst=100)
        await asyncio.gather(*(http.read(READ) for _ in range(12)))
        await http.close()
    assert most == 3


# ---- the circuit


async def test_a_platform_that_is_away_is_asked_once_a_minute_and_then_more_rarely() -> None:
    async with scripted(page(503)) as server:
        clock = Clock()
        http = opened(server, clock, attempts=FAILURES_TO_OPEN)
        await failing(http)
        assert len(server.got) == FAILURES_TO_OPEN
        found = await failing(http)
        assert found.error == "http_5xx"
        assert found.waiting_helps
        assert isinstance(await http.write(PUT), NotSent)
        assert len(server.got) == FAILURES_TO_OPEN
        begun = clock.time
        for _ in range(24 * 60):
            clock.time += 60
            await failing(http)
        await http.close()
    assert (len(server.got) - FAILURES_TO_OPEN) * 60 <= (clock.time - begun) / 5


async def test_a_platform_that_is_back_is_asked_as_before() -> None:
    async with scripted(*[page(503)] * FAILURES_TO_OPEN, answer()) as server:
        clock = Clock()
        http = opened(server, clock, attempts=FAILURES_TO_OPEN)
        await failing(http)
        clock.time += 61
        await http.read(READ)
        await http.read(READ)
        await http.close()
    assert len(server.got) == FAILURES_TO_OPEN + 2


# ---- tokens


class TokenServer(Server):
    """Gives tokens t1, t2, … and takes only those in `good` (all, when it is None)."""

    def __init__(self, token_answers: list[Answer] | None = None, lives: int = 3600) -> None:
        super().__init__(self._said)
        self.tokens = 0
        self.good: set[str] | None = None
        self.token_answers = token_answers or []
        self.lives = lives

    async def _said(self, got: Got) -> Answer:
        if got.path == "/token":
            await asyncio.sleep(0.01)
            if self.token_answers:
                return self.token_answers.pop(0)
            self.tokens += 1
            return answer({"access_token": f"token-{self.tokens}", "expires_in": self.lives, "token_type": "Bearer"})
        token = got.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.good is not None and token not in self.good:
            return answer({"error": {"code": 401, "message": f"token {token} is no good"}}, 401)
        return answer({"token": token})

    def http(self, clock: Clock | None = None, **manners: Any) -> Http:
        recipe = oauth(f"{self.url}/token", {"grant_type": "refresh_token", "refresh_token": CANARY})
        return opened(self, clock, tokens=recipe, **manners)

    def asked(self, path: str) -> int:
        return sum(got.path == path for got in self.got)


async def test_a_token_is_fetched_once_for_all_who_wait_and_kept() -> None:
    async with TokenServer() as server:
        assert isinstance(server, TokenServer)
        http = server.http(burst=100)
        await asyncio.gather(*(http.read(READ) for _ in range(10)))
        await http.read(READ)
        await http.close()
        assert (server.asked("/token"), server.asked("/campaigns")) == (1, 11)
        form = server.got[0]
        assert form.method == "POST"
        assert CANARY in form.body.decode()


async def test_a_token_is_renewed_before_its_end() -> None:
    async with TokenServer() as server:
        assert isinstance(server, TokenServer)
        clock = Clock()
        http = server.http(clock)
        await http.read(READ)
        clock.time += 3200
        await http.read(READ)
        clock.time += 200
        await http.read(READ)
        await http.close()
        assert server.asked("/token") == 2


@pytest.mark.parametrize("value", ["9000000", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_nobody_is_left_alone_for_longer_than_a_day(value: str) -> None:
    clock = Clock()
    async with scripted(answer({}, 429, Retry_After=value), answer()) as server:
        http = opened(server, clock, attempts=1)
        assert (await failing(http)).error == "throttled"
        assert "not asked for" in (await failing(http)).reason
        clock.time += 86_400
        await http.read(READ)
        await http.close()
    assert len(server.got) == 2


@pytest.mark.parametrize("ask", [READ, PUT])
async def test_after_a_401_the_token_is_renewed_once_and_the_request_repeated_once(ask: Ask) -> None:
    async with TokenServer() as server:
        assert isinstance(server, TokenServer)
        http = server.http()
        server.good = {"token-2"}
        got = await (http.read(ask) if ask is READ else http.write(ask))
        await http.close()
        assert isinstance(got, Reply)
        assert got.data == {"token": "token-2"}
        assert (server.asked("/token"), server.asked(ask.path)) == (2, 2)


async def test_many_401s_at_once_renew_the_token_once() -> None:
    async with TokenServer() as server:
        assert isinstance(server, TokenServer)
        http = server.http(burst=100, concurrency=10)
        await http.read(READ)
        server.good = {"token-2"}
        await asyncio.gather(*(http.read(READ) for _ in range(10)))
        await http.close()
        assert server.asked("/token") == 2


async def test_a_fresh_token_that_is_refused_stops_the_account_for_five_minutes() -> None:
    async with TokenServer() as server:
        assert isinstance(server, TokenServer)
        clock = Clock()
        http = server.http(clock)
        server.good = set()
        first, second = await failing(http), await failing(http)
        sent = await http.write(PUT)
        assert (first.error, first.waiting_helps) == ("auth", False)
        assert "is no good" in first.reason
        assert "not tried again for" in second.reason
        assert isinstance(sent, NotSent)
        assert (server.asked("/token"), server.asked("/campaigns")) == (2, 2)
        server.good = None
        clock.time += 301
        await http.read(READ)
        await http.close()


async def test_a_write_refused_twice_says_so_and_stops_the_account() -> None:
    async with TokenServer() as server:
        assert isinstance(server, TokenServer)
        http = server.http()
        server.good = set()
        sent = await http.write(PUT)
        await failing(http)
        await http.close()
        assert isinstance(sent, Reply)
        assert sent.status == 401
        assert (server.asked("/budget"), server.asked("/campaigns")) == (2, 0)


async def test_a_refused_refresh_is_an_auth_error_that_nobody_repeats() -> None:
    refusal = answer({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)
    async with TokenServer([refusal] * 5) as server:
        assert isinstance(server, TokenServer)
        http = server.http()
        found = await failing(http)
        await failing(http)
        assert isinstance(await http.write(PUT), NotSent)
        await http.close()
        assert found.error == "auth"
        assert "invalid_grant" in found.reason
        assert "consent" in found.reason
        assert (server.asked("/token"), server.asked("/campaigns")) == (1, 0)


@pytest.mark.parametrize("fault", [page(), CUT, answer({}, 429)])
async def test_a_token_server_with_a_passing_fault_is_asked_again(fault: Answer) -> None:
    async with TokenServer([fault, fault]) as server:
        assert isinstance(server, TokenServer)
        http = server.http()
        await http.read(READ)
        await http.close()
        assert server.asked("/token") == 3


@pytest.mark.parametrize(
    "nonsense",
    [
        answer({}),
        answer([]),
        answer({"access_token": 5}),
        answer({"access_token": "x", "expires_in": "soon"}),
        page(200),
    ],
)
async def test_a_token_reply_without_a_token_is_an_error(nonsense: Answer) -> None:
    async with TokenServer([nonsense] * 9) as server:
        assert isinstance(server, TokenServer)
        http = server.http()
        assert "no token in the reply" in (await failing(http)).reason
        await http.close()


async def test_a_platform_without_tokens_answers_401_once() -> None:
    async with scripted(answer({"message": "wrong key"}, 401)) as server:
        http = opened(server)
        found = await failing(http)
        await http.close()
    assert found.error == "auth"
    assert len(server.got) == 1


# ---- secrets


@pytest.mark.parametrize("before", range(150, 330, 9))
async def test_no_part_of_a_secret_is_said_wherever_the_words_are_cut(before: int) -> None:
    echo = {"error": {"code": 400, "message": f"{'x' * before} Bearer {CANARY}"}}
    async with Server(lambda _got: answer(echo, 400)) as server:
        http = opened(server)
        found = await failing(http, READ)
        sent = await http.write(PUT)
        await http.close()
    assert isinstance(sent, Reply)
    for text in (str(found), http.words(sent), repr(http.redacted(Refused(said_in(sent))))):
        assert CANARY[:6] not in text


async def test_no_secret_is_said_in_errors_outcomes_logs_or_reprs(caplog: pytest.LogCaptureFixture) -> None:
    echo: Callable[[Got], Answer] = lambda got: answer(  # noqa: E731 - typed in one line
        {"error": {"code": 400, "message": f"bad token {CANARY} {got.headers.get('Authorization')}"}}, 400
    )
    caplog.set_level(logging.DEBUG)
    async with TokenServer() as server:
        assert isinstance(server, TokenServer)
        server._handle = lambda got: server._said(got) if got.path == "/token" else echo(got)
        http = server.http()
        ask = replace(READ, query={"access_token": CANARY}, path="/campaigns")
        found = await failing(http, ask)
        sent = await http.write(replace(PUT, query={"sign": CANARY}))
        await http.close()
        assert isinstance(sent, Reply)
        said = [str(found), repr(found.__cause__), http.words(sent), repr(sent), repr(http), repr(ask), caplog.text]
        said += [repr(http.manners.tokens), repr(http.redact), repr(http._keyring), str(found.__context__)]
    assert "***" in str(found)
    assert "GET 127.0.0.1/campaigns: 400" in caplog.text
    for text in said:
        assert CANARY not in text
        assert "token-1" not in text
    client = next(got for got in server.got if got.path == "/campaigns")
    assert client.query == {"access_token": CANARY}


async def test_an_unsigned_request_carries_no_token_and_its_address_is_not_written_anew() -> None:
    async with TokenServer() as server:
        assert isinstance(server, TokenServer)
        http = server.http()
        await http.read(Ask("download", "GET", f"{server.url}/r%2Fx?sig=a%2Bb%3D", signed=False))
        await http.close()
        assert "Authorization" not in server.got[0].headers
        assert server.got[0].query == {"sig": "a+b="}
        assert server.asked("/token") == 0


async def test_an_address_that_is_none_is_said_and_not_sent() -> None:
    http = Http("ads", Manners("http://"), timing=Timing(sleep=Clock().sleep))
    sent = await http.write(PUT)
    await http.close()
    assert isinstance(sent, NotSent)


# ---- sessions


def test_a_session_outlives_an_event_loop() -> None:
    async def once(http: Http) -> None:
        await http.read(READ)
        await http.close()

    async def all_in(runs: int) -> None:
        async with scripted(answer()) as server:
            http = opened(server)
            for _ in range(runs):
                await once(http)

    for _ in range(2):
        asyncio.run(all_in(2))


async def test_holders_of_one_account_share_a_session_and_the_last_one_closes_it() -> None:
    async with scripted(answer()) as server:
        shared = Shared()
        make = lambda: opened(server)  # noqa: E731 - a factory
        one, two = shared.of("key", make), shared.of("key", make)
        assert one is two
        assert shared.of("other", make) is not one
        await one.read(READ)
        open_sessions = [one._bound is not None]
        for holder in (one, two):
            await holder.close()
            open_sessions.append(one._bound is not None)
        assert open_sessions == [True, True, False]
        await two.close()
        await two.read(READ)
        await two.close()
