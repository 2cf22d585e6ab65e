"""`make audit` fails on a flaw, and when it could look nothing up; it passes only on what was looked up."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.audit import Audit, of_report

ROOT = Path(__file__).parents[2]
LOCK = "tea==1.0.0 --hash=sha256:" + "0" * 64 + "\npot==2.0.0 --hash=sha256:" + "1" * 64 + "\n"


@contextmanager
def osv(answer: dict[str, Any]) -> Iterator[str]:
    """A service that says the same of everything."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    running = threading.Thread(target=server.serve_forever)
    running.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        running.join()
        server.server_close()


def audit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "some.lock").write_text(LOCK, "utf-8")
    command = [sys.executable, str(ROOT / "tools" / "audit.py"), "some.lock", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_a_service_that_cannot_be_reached_is_a_failure_and_no_traceback(tmp_path: Path) -> None:
    done = audit(tmp_path, "--osv-url", "http://127.0.0.1:9/v1/query")  # nobody listens at the port of `discard`
    assert done.returncode == 1
    assert "nothing could be audited" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_looked_up_and_has_no_flaw_passes(tmp_path: Path) -> None:
    with osv({}) as url:
        done = audit(tmp_path, "--osv-url", url)
    assert (done.returncode, done.stderr) == (0, "audit: 2 packages looked up, 0 known vulnerabilities\n")


def test_a_flaw_is_a_failure_that_names_it(tmp_path: Path) -> None:
    flaw = {
        "id": "GHSA-tea",
        "aliases": [],
        "summary": "leaks",
        "details": "leaks",
        "affected": [
            {
                "package": {"name": "tea", "ecosystem": "PyPI"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}]}],
            }
        ],
    }
    with osv({"vulns": [flaw]}) as url:
        done = audit(tmp_path, "--osv-url", url)
    assert done.returncode == 1
    assert "tea 1.0.0: GHSA-tea, fixed in 1.2.0" in done.stdout


def test_a_service_that_knows_no_package_has_audited_nothing() -> None:
    """As pip-audit reports it, ending with 0, behind a mirror of an index."""
    report = {"dependencies": [{"name": "tea", "skip_reason": "Dependency not found on PyPI and could not be audited"}]}
    assert of_report(report) == Audit(0, ("tea",), ())


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "deploy/requirements.lock"])
def test_what_is_audited_is_what_is_installed(name: str) -> None:
    from tools.audit import LOCKS

    assert name in LOCKS
    assert (ROOT / name).is_file()


def test_a_lock_that_is_not_there_is_no_success(tmp_path: Path) -> None:
    assert audit(tmp_path, "no.lock").returncode == 1
