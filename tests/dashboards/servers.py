"""A real Prometheus and a real Alertmanager on ports of their own, with rules and routes made quick for a test."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.failures.processes import get, until

FOLDER = Path(__file__).resolve().parents[2] / "dashboards"
BINARIES = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")


def missing_binaries() -> list[str]:
    """Which of the four are not here."""
    return [one for one in BINARIES if shutil.which(one) is None]


def quick_rules() -> dict[str, Any]:
    """alerts.yml as it is, but that nothing is waited for: groups every second, `for` of a second."""
    rules: dict[str, Any] = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))
    for group in rules["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = "1s"
    return rules


def quick_routes(hook: int) -> dict[str, Any]:
    """alertmanager.yml as it is, but with its receivers at this port, and no waiting for more of a group."""
    text = (FOLDER / "alertmanager.yml").read_text("utf-8")
    routes: dict[str, Any] = yaml.safe_load(text.replace("http://127.0.0.1:9180/", f"http://127.0.0.1:{hook}/"))
    for one in (routes["route"], *routes["route"]["routes"]):
        one |= {"group_wait": "1s", "group_interval": "1s"}
    return routes


@contextmanager
def an_alertmanager(folder: Path, hook: int) -> Iterator[str]:
    """Its address; alerts go to the webhook at port `hook`."""
    config = folder / "alertmanager.yml"
    config.write_text(yaml.safe_dump(quick_routes(hook), sort_keys=False), "utf-8")
    command = ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder}/alertmanager"]
    with _running(folder, [*command, "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="]) as at:
        yield at


@contextmanager
def a_prometheus(folder: Path, targets: Mapping[str, str], alertmanager: str) -> Iterator[str]:
    """Its address. It scrapes these targets (name → host:port) every second as job `bidder`."""
    (folder / "rules.yml").write_text(yaml.safe_dump(quick_rules(), sort_keys=False), "utf-8")
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}]},
        "scrape_configs": [
            {
                "job_name": "bidder",
                "static_configs": [
                    {"targets": [target], "labels": {"instance": name}} for name, target in targets.items()
                ],
            }
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config), "utf-8")
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/prometheus"]
    with _running(folder, [*command, "--web.listen-address=127.0.0.1:0"]) as at:
        yield at


def asked(prometheus: str, query: str) -> list[dict[str, Any]]:
    """What an instant query gives."""
    with urllib.request.urlopen(f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}") as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return found


@contextmanager
def _running(folder: Path, command: list[str]) -> Iterator[str]:
    """Starts it; the address that it took is in its log."""
    log = folder / f"{command[0]}.log"
    with log.open("w") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
    try:

        def ready() -> str | None:
            assert process.poll() is None, log.read_text("utf-8")[-3000:]
            found = re.search(r'msg="Listening on" address=(127\.0\.0\.1:\d+)', log.read_text("utf-8"))
            return f"http://{found[1]}" if found and get(f"http://{found[1]}/-/ready") is not None else None

        yield str(until(ready))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
