"""What keeps others out, tried from outside on a real daemon, and read in the source where only that shows it.

The pages' own tests hold the rest: who may act (`tests/web/test_acting.py`), headers (`tests/web/test_app.py`),
secrets in files (`tests/config/test_load.py`), secrets that never come out (`tests/canary.py`, every test).
"""

from __future__ import annotations

import ast
import re
import socket
import sqlite3
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

from bidder.web.app import create_app
from tests.failures.processes import TOKEN, get, make_shop, running, until
from tests.web.fake_shop import FakeView

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "bidder").rglob("*.py"))


@dataclass(frozen=True)
class Served:
    """A daemon that nobody told where to listen."""

    url: str
    home: Path

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Message]:
        request = urllib.request.Request(self.url.rstrip("/") + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                reply.read()
                return reply.status, reply.headers
        except urllib.error.HTTPError as e:
            with e:
                e.read()
                return e.code, e.headers

    def written(self) -> tuple[int, ...]:
        """What a request could have left behind: lines of the journal, states, holds, plans."""
        with closing(sqlite3.connect(self.home / "bidder.db")) as store:
            tables = ("journal", "holds", "plans", "intents", "activity")
            return tuple(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


pytestmark = pytest.mark.xdist_group("security")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    make_shop(home, "propose", "activity:\n  - {name: till, source: http}\n")
    with running(home) as (_, url):
        until(lambda: get(url + "api/v1/plan"))
        yield Served(url, home)


def routes(method: str) -> list[str]:
    """Every address that takes the method, as the application knows them."""
    found = set()
    for route in create_app(FakeView()).router.routes():
        if route.method == method and route.resource is not None:
            found.add(re.sub(r"\{\w+(:[^}]*\}?)?\}", "x", route.resource.canonical))
    if method == "POST":  # one resource for four words
        found = {*found - {"/api/v1/x"}, *(f"/api/v1/{word}" for word in ("halt", "reduce", "resume", "hold"))}
    return sorted(found)


def test_by_default_only_this_machine_is_listened_to(tmp_path: Path) -> None:
    """As the configuration is read where nobody wrote `web`, and as the kernel shows a daemon's socket."""
    from bidder.config.load import load

    (tmp_path / "bidder.yaml").write_text("shop: {name: tea}\n", "utf-8")
    config = load(tmp_path / "bidder.yaml", env={})
    assert (config.listen, config.token) == ("127.0.0.1:9108", None)


def test_a_loopback_daemon_is_not_there_for_others(served: Served) -> None:
    port = int(served.url.rstrip("/").rpartition(":")[2])
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    ]
    assert listening == [f"0100007F:{port:04X}"]
    with socket.socket() as other:
        other.settimeout(5)
        assert other.connect_ex(("127.0.0.2", port)) != 0


@pytest.mark.parametrize("path", routes("POST"))
@pytest.mark.parametrize("who", ["nobody", "a wrong token", "half the token", "the token where it does not belong"])
def test_nothing_is_changed_by_who_has_no_token(served: Served, path: str, who: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if who == "a wrong token":
        headers["Authorization"] = "Bearer wrong"
    elif who == "half the token":
        headers["Authorization"] = f"Bearer {TOKEN[:-1]}"
    elif who == "the token where it does not belong":
        path, headers["Cookie"] = f"{path}?token={TOKEN}", f"bidder_session={TOKEN}; token={TOKEN}"
    before = served.written()
    status, _ = served.ask("POST", path, b"{}", **headers)
    assert status in (401, 403), status
    assert served.written() == before


def test_looking_changes_nothing_whatever_is_looked_at(served: Served) -> None:
    before = served.written()
    for path in routes("GET"):
        if path == "/events":
            continue  # a stream has no end
        for method in ("GET", "HEAD"):
            status, headers = served.ask(method, path)
            assert status < 500, (path, status)
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert "default-src 'self'" in headers["Content-Security-Policy"]
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert served.ask(method, "/api/v1/halt")[0] == 405
    assert served.written() == before


@pytest.mark.parametrize(
    ("path", "largest"), [("/api/v1/halt", 64 << 10), ("/sign-in", 64 << 10), ("/api/v1/observations", 4 << 20)]
)
def test_a_body_that_is_too_large_is_refused(served: Served, path: str, largest: int) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        status, _ = served.ask("POST", path, b"a=" + b"x" * largest, **headers)
    except urllib.error.URLError as e:  # refused before all of it was sent
        status = 413 if isinstance(e.reason, ConnectionError) else 0
    assert status == 413
    assert get(served.url + "-/healthy") == "healthy\n"


FORBIDDEN = {"pickle", "cPickle", "dill", "marshal", "shelve", "cloudpickle", "joblib"}


def nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            yield path, node


def test_no_part_reads_data_that_could_be_a_program() -> None:
    found = []
    for path, node in nodes():
        match node:
            case ast.Import(names=names):
                found += [f"{path}: {one.name}" for one in names if one.name.partition(".")[0] in FORBIDDEN]
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in FORBIDDEN:
                found.append(f"{path}: {module}")
            case ast.Call(func=ast.Name(id="eval" | "exec" | "__import__" as name)):
                found.append(f"{path}:{node.lineno} {name}")
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "load_all" | "unsafe_load" as name)
            ):
                found.append(f"{path}:{node.lineno} yaml.{name}")
            case ast.Attribute(value=ast.Name(id="yaml"), attr="Loader" | "UnsafeLoader" | "FullLoader" as name):
                found.append(f"{path}:{node.lineno} yaml.{name}")
            case ast.keyword(arg="shell", value=ast.Constant(value=True)):
                found.append(f"{path}: shell=True")
            case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                found.append(f"{path}: allow_pickle=True")
    assert found == []


def test_no_secret_is_compared_in_a_time_that_tells() -> None:
    found = []
    for path, node in nodes():
        if isinstance(node, ast.Compare) and "get_secret_value" in ast.dump(node):
            found.append(f"{path}:{node.lineno}")
    assert found == []


def test_the_rules_about_security_are_on_and_each_exception_has_a_reason() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert [one for one in lint["ignore"] if re.match(r"S\d", one)] == ["S101"]
    loosened = [
        path for path, rules in lint["per-file-ignores"].items() if any(re.match(r"S\d*$", one) for one in rules)
    ]
    assert sorted(loosened) == ["bench/**", "tests/**"]
    for path in SOURCES:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            assert not re.search(r"noqa(: S\d+)?\s*$", line), f"{path}:{number}: an exception without its reason"
