"""deploy/compose.yml: what it mounts is there and loads, nothing is open to others, nothing runs as root."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bidder.config import secrets
from bidder.config.load import load
from tests.conftest import missing

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORDS = {
    "build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "image", "init", "logging", "mem_limit",
    "networks", "pids_limit", "ports", "read_only", "restart", "secrets", "security_opt", "shm_size",
    "stop_grace_period", "tmpfs", "user", "volumes",
}  # fmt: skip
"""What this file uses of the Compose specification: a slip of the pen is none of them."""


def mounts(service: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Source, target, mode of each volume."""
    found = []
    for one in service.get("volumes", []):
        source, target, *mode = one.split(":")
        found.append((source, target, mode[0] if mode else "rw"))
    return found


def test_everything_that_the_product_needs_beside_it_is_there() -> None:
    assert set(SERVICES) == {"bidder", "postgres", "mosquitto", "prometheus", "alertmanager", "grafana"}
    assert set(COMPOSE) == {"name", "x-hardened", "services", "networks", "secrets", "volumes"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_and_no_way_to_more(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= WORDS
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert group.isdigit()
    assert service["restart"] == "unless-stopped"
    assert service["mem_limit"]
    assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", service["image"]), "an image of one version"
    check = service["healthcheck"]
    assert check["test"][0] == "CMD", "no shell"
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)


@pytest.mark.parametrize("name", SERVICES)
def test_only_loopback_is_opened(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port
    assert "ports" not in SERVICES["postgres"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == ["back"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_in_the_repository_and_read_only(name: str) -> None:
    for source, target, mode in mounts(SERVICES[name]):
        if not source.startswith("."):
            assert source in COMPOSE["volumes"]
            continue
        assert (DEPLOY / source).exists(), source
        assert mode == "ro"
        assert target.startswith("/")


def test_secrets_are_files_and_no_password_stands_in_an_environment(tmp_path: Path) -> None:
    made = tmp_path / "secrets"
    subprocess.run([sys.executable, str(DEPLOY / "make_secrets.py"), str(made)], check=True)
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
        assert (made / name).read_text("utf-8").strip()
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        for key, value in service.get("environment", {}).items():
            assert isinstance(value, str)
            if re.search("PASSWORD|SECRET|TOKEN", key):
                assert key.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    before = {path.name: path.read_text("utf-8") for path in made.iterdir()}
    subprocess.run([sys.executable, str(DEPLOY / "make_secrets.py"), str(made)], check=True)
    assert {path.name: path.read_text("utf-8") for path in made.iterdir()} == before, "made once, kept since"


def test_the_shop_that_is_mounted_loads_with_the_secrets_that_are_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "secrets"
    subprocess.run([sys.executable, str(DEPLOY / "make_secrets.py"), str(made)], check=True)
    shop = tmp_path / "shop"
    shutil.copytree(DEPLOY / "shop", shop)
    text = (shop / "bidder.yaml").read_text("utf-8")
    named = set(re.findall(r"/run/secrets/(\w+)", text))
    assert named == set(SERVICES["bidder"]["secrets"])
    (shop / "bidder.yaml").write_text(text.replace("/run/secrets", str(made)), "utf-8")
    monkeypatch.setattr(secrets, "DOCKER_SECRETS", made)
    config = load(shop / "bidder.yaml", env=SERVICES["bidder"]["environment"])
    assert config.store_url.startswith("postgresql://bidder:")
    assert config.warnings == ()
    host = config.store_url.partition("@")[2].partition("/")[0]
    assert host in SERVICES
    assert all(account.mode.value == "observe" for account, _ in config.accounts)


@pytest.mark.service
def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        missing("promtool (Debian package prometheus)")
    for source, target, _ in mounts(SERVICES["prometheus"]):
        if source.startswith("."):
            shutil.copy(DEPLOY / source, tmp_path / Path(target).name)
    done = subprocess.run(
        ["promtool", "check", "config", str(tmp_path / "prometheus.yml")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rules found" in done.stdout
    config = yaml.safe_load((tmp_path / "prometheus.yml").read_text("utf-8"))
    for job in config["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            host = target.partition(":")[0]
            assert host in SERVICES or host == "127.0.0.1"
    assert config["scrape_configs"][0]["job_name"] == "bidder", "the alerts select on it"


def test_alertmanager_has_a_receiver_for_every_route() -> None:
    config = yaml.safe_load((ROOT / "dashboards" / "alertmanager.yml").read_text("utf-8"))
    named = {one["name"] for one in config["receivers"]}
    assert {config["route"]["receiver"], *(one["receiver"] for one in config["route"]["routes"])} <= named


def test_grafana_finds_its_data_and_its_dashboards() -> None:
    folder = DEPLOY / "grafana" / "provisioning"
    (data,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text("utf-8"))["datasources"]
    assert data["url"] == "http://prometheus:9090"
    scraped = yaml.safe_load((DEPLOY / "prometheus.yml").read_text("utf-8"))["global"]["scrape_interval"]
    assert data["jsonData"]["timeInterval"] == scraped, "$__rate_interval is made from it"
    (provider,) = yaml.safe_load((folder / "dashboards" / "bidder.yml").read_text("utf-8"))["providers"]
    there = {target: source for source, target, _ in mounts(SERVICES["grafana"])}
    boards = list((DEPLOY / there[provider["options"]["path"]]).glob("*.json"))
    assert all(json.loads(board.read_text("utf-8"))["uid"] for board in boards)
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.name in {board.name for board in boards}


def test_the_image_runs_what_was_locked_with_a_server_for_a_store() -> None:
    def versions(path: Path) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9_.-]+)==([^ ;]+)", path.read_text("utf-8"), re.MULTILINE))

    base, image = versions(ROOT / "requirements.lock"), versions(DEPLOY / "requirements.lock")
    assert base.items() <= image.items()
    assert {"psycopg", "psycopg-binary"} <= set(image)
    text = (ROOT / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \./?\S*$", text, re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert names == allowed
    assert all((ROOT / name).exists() for name in names)
    assert SERVICES["bidder"]["user"] == re.findall(r"^USER (.+)$", text, re.MULTILINE)[-1]
