"""Whatever is sent to the server of a real daemon: no server error, no traceback, and the daemon goes on.

The API is tried by schemathesis from the description that bidder serves, the pages by seeded junk of our own.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.failures.processes import TOKEN, get, make_shop, running, until

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,ignored_auth"
)
PAGES = (
    "/", "/plan", "/what-if", "/products", "/products/P01", "/rules", "/activities", "/todo", "/journal", "/status",
    "/sign-in", "/journal/evidence.csv", "/metrics", "/static/bidder.css", "/favicon.ico", "/events",
)  # fmt: skip
FORMS = ("/sign-in", "/sign-out", "/plan/7f3c", "/plan-anew", "/state", "/hold", "/todo", "/rules/confirm")


@dataclass(frozen=True)
class Served:
    """A daemon with its page."""

    process: subprocess.Popen[str]
    url: str
    home: Path

    def log(self) -> str:
        return (self.home / "log-0").read_text("utf-8")

    def sound(self) -> None:
        """It still runs, its loop turns, and nothing in its log is a fault of its own."""
        assert self.process.poll() is None
        assert get(self.url + "-/healthy") == "healthy\n"
        for fault in ("Traceback", "page_failed", "server_failed", "Unhandled", TOKEN):
            assert fault not in self.log()


pytestmark = pytest.mark.xdist_group("fuzz over HTTP")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    make_shop(home, "propose", "activity:\n  - {name: till, source: http}\n")
    with running(home) as (process, url):
        until(lambda: get(url + "api/v1/plan"))
        yield Served(process, url, home)


def schemathesis(served: Served, examples: int, seed: int) -> None:
    """A run with the token, so that it gets where something happens; `ignored_auth` tries without as well."""
    program = Path(sys.executable).with_name("schemathesis")
    words = ["run", served.url + "api/v1/openapi.json", "-H", f"Authorization: Bearer {TOKEN}", "--checks", CHECKS]
    more = ["--phases", "coverage,fuzzing", "-n", str(examples), "--seed", str(seed), "--generation-database", "none"]
    done = subprocess.run(
        [program, *words, *more, "--no-color", "--continue-on-failure"],
        cwd=served.home, capture_output=True, text=True, timeout=3000,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tested: 15" in done.stdout or "Tested: 16" in done.stdout, done.stdout
    served.sound()


def test_no_request_that_the_description_allows_or_forbids_is_a_server_error(served: Served) -> None:
    schemathesis(served, 8, seed=1)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(2, 6))
def test_longer_no_request_is_a_server_error(served: Served, seed: int) -> None:
    schemathesis(served, 400, seed)


PIECES = ("", "0", "-1", "9" * 400, "NaN", "1e309", "2026-02-30", "../../etc/passwd", "%00", "\0", "\ud800", "茶" * 90,
          "<script>alert(1)</script>", "{{7*7}}", "' OR 1=1 --", "\r\nX-Injected: yes", "wxt/1001", "zh", "rule a=off",
          "total=+20%", "pin wxt/1001=nan", "total=" + "9" * 5000)  # fmt: skip


def junk(rng: random.Random) -> str:
    """A value that somebody might send, or nobody would."""
    if rng.random() < 0.7:
        return rng.choice(PIECES)
    return "".join(chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x2FFF)))) for _ in range(rng.randrange(40)))


def quoted(text: str) -> str:
    return urllib.parse.quote(text.encode("utf-8", "surrogatepass"), safe="")


def asked(request: urllib.request.Request) -> tuple[int, str, bytes]:
    """Status, headers and body of whatever is answered; a redirect is not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object, **__: object) -> None:
            return None

    try:
        with urllib.request.build_opener(Stay).open(request, timeout=60) as reply:
            return reply.status, str(reply.headers), reply.read(200_000)
    except urllib.error.HTTPError as e:
        with e:
            return e.code, str(e.headers), e.read()


def pages(served: Served, requests: int, seed: int) -> None:
    """Pages with junk in path, query, cookie and language; forms with junk in their fields."""
    rng, names = random.Random(seed), ("lang", "next", "ask", "since", "account", "budget", "day", "key")
    for _ in range(requests):
        query = "&".join(f"{rng.choice(names)}={quoted(junk(rng))}" for _ in range(rng.randrange(4)))
        path, data = rng.choice(PAGES), None
        if rng.random() < 0.3:
            path = f"{path.rstrip('/')}/{quoted(junk(rng))}"
        if rng.random() < 0.3:
            path, data = rng.choice(FORMS), f"csrf={quoted(junk(rng))}&token={quoted(junk(rng))}".encode()
        if path == "/events":
            continue  # a stream has no end to wait for
        request = urllib.request.Request(f"{served.url.rstrip('/')}{path}?{query}", data)
        for name in ("Accept-Language", "If-None-Match", "Accept", "Sec-Fetch-Site", "Content-Type"):
            if rng.random() < 0.2:
                request.add_header(name, "".join(c for c in junk(rng) if 32 <= ord(c) < 127))
        request.add_header("Cookie", f"bidder_session={quoted(junk(rng))}")
        status, headers, body = asked(request)
        assert status < 500, (request.full_url, status, body)
        assert "X-Injected" not in headers
        assert "Content-Security-Policy" in headers
        assert b"Traceback" not in body
        assert b"<script>alert" not in body
    served.sound()


def test_junk_on_the_pages_is_no_server_error(served: Served) -> None:
    pages(served, 120, seed=1)


@pytest.mark.chaos
def test_longer_junk_on_the_pages_is_no_server_error(served: Served) -> None:
    pages(served, 5_000, seed=2)


RAW = (
    b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer SECRET\x00\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
    b"POST /api/v1/halt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/v1/halt HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    b"POST /api/v1/halt HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a browser that expects TLS",
    b"\xff\xfe\x00" * 300,
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: [\r\n\r\n",
)


def test_what_is_no_http_is_a_line_in_the_log_without_what_was_sent(served: Served) -> None:
    host, _, port = served.url.removeprefix("http://").rstrip("/").rpartition(":")
    for sent in RAW:
        with socket.create_connection((host, int(port)), timeout=60) as to:
            to.sendall(sent)
            to.shutdown(socket.SHUT_WR)
            answer = b""
            while part := to.recv(65_536):
                answer += part
        assert not answer or (answer.startswith(b"HTTP/1.") and int(answer[9:12]) < 500), (sent[:80], answer)
        assert b"Traceback" not in answer
    assert '"event": "not_http"' in served.log()
    assert "SECRET" not in served.log()
    served.sound()
