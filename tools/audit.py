"""`make audit`: known vulnerabilities of everything that is locked, by pip-audit. Fails when nothing could be audited.

pip-audit ends well when a service knows none of the packages (a mirror, a proxy that answers for it, no network), which
proves nothing. So what was really looked up is counted here, and the services are tried in turn.

    python tools/audit.py [LOCK…] [--osv-url URL]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCKS = ("requirements.lock", "requirements-dev.lock", "deploy/requirements.lock")
PATIENCE = 1_200
"""Seconds for one service."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What became of one look at one service."""

    looked_up: int
    left_out: tuple[str, ...]
    found: tuple[str, ...]
    """`package version: id, fixed in …`, a line a vulnerability."""


def of_report(report: Any) -> Audit:
    """From pip-audit's JSON."""
    known = [one for one in report["dependencies"] if "skip_reason" not in one]
    left_out = sorted({one["name"] for one in report["dependencies"] if "skip_reason" in one})
    found = {
        f"{one['name']} {one['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'nothing yet'}"
        for one in known
        for flaw in one["vulns"]
    }
    return Audit(len({(one["name"], one["version"]) for one in known}), tuple(left_out), tuple(sorted(found)))


def ask(locks: Sequence[str], service: Sequence[str]) -> Audit | str:
    """What a service says of the locks; why it cannot be asked."""
    files = [word for lock in locks for word in ("-r", lock)]
    how = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    try:
        command = [sys.executable, "-m", "pip_audit", *how, *service, *files]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired:
        return f"no answer in {PATIENCE} seconds"
    try:
        return of_report(json.loads(done.stdout))
    except ValueError:
        return done.stderr.strip().rpartition("\n")[2][:300] or f"exit {done.returncode} and no report"


def main(words: Sequence[str]) -> int:
    """0: what could be looked up has no known flaws. 1: there are some, or nothing could be looked up."""
    parser = argparse.ArgumentParser(prog="audit")
    parser.add_argument("locks", nargs="*", default=LOCKS)
    parser.add_argument("--osv-url", help="ask this service alone, as OSV is asked")
    asked = parser.parse_args(words)
    missing = [lock for lock in asked.locks if not Path(lock).is_file()]
    if missing:
        print(f"audit: no such file: {', '.join(missing)}", file=sys.stderr)
        return 1
    services = [["-s", "pypi"], ["-s", "osv"]] if asked.osv_url is None else [["-s", "osv", "--osv-url", asked.osv_url]]
    for service in services:
        audit = ask(asked.locks, service)
        if isinstance(audit, str) or audit.looked_up == 0:
            why = audit if isinstance(audit, str) else "it knows none of the packages"
            print(f"audit: {service[1]} cannot be asked: {why}", file=sys.stderr)
            continue
        for line in audit.found:
            print(line)
        if audit.left_out:
            print(f"audit: not looked up: {', '.join(audit.left_out)}", file=sys.stderr)
        print(f"audit: {audit.looked_up} packages looked up, {len(audit.found)} known vulnerabilities", file=sys.stderr)
        return 1 if audit.found else 0
    print("audit: nothing could be audited; run it where a vulnerability service is reachable", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
