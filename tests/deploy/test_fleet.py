"""deploy/fleet/: one database, N workers, one web, as compose and as systemd units; what they mount loads."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bidder.cli.main import app
from bidder.config import secrets
from bidder.config.agency import load_agency
from bidder.config.shops import load_shop, shop_files
from tests.deploy.test_compose import WORDS, mounts
from tests.deploy.test_unit import WORST, analyze

FOLDER = Path(__file__).parents[2] / "deploy" / "fleet"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
UNITS = ("bidder-worker@.service", "bidder-web.service")


def test_there_is_one_database_with_workers_and_one_web() -> None:
    assert set(SERVICES) == {"worker", "web", "postgres"}
    assert "ports" not in SERVICES["worker"], "as many as are wanted: none has a port of the host"
    assert "container_name" not in SERVICES["worker"]
    assert SERVICES["postgres"]["networks"] == ["back"]
    assert COMPOSE["networks"]["back"] == {"internal": True}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_and_opens_loopback_alone(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= WORDS
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert int(service["user"].partition(":")[0]) > 0
    assert service["mem_limit"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", service["image"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    for source, _, mode in mounts(service):
        assert source in COMPOSE["volumes"] or ((FOLDER / source).exists() and mode == "ro")
    for secret in service.get("secrets", []):
        assert COMPOSE["secrets"][secret] == {"file": f"../secrets/{secret}"}


@pytest.mark.parametrize("name", ["worker", "web"])
def test_what_is_started_are_words_of_bidder(name: str) -> None:
    words = [word for word in SERVICES[name]["command"] if word.startswith("-") or word in ("worker", "shops", "serve")]
    path = [word for word in words if not word.startswith("-")]
    said = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "300", "TERM": "dumb"})
    assert said.exit_code == 0
    for option in words:
        if option.startswith("-"):
            assert option in said.output


def test_the_shops_that_are_mounted_load_with_the_secrets_that_are_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, agency = tmp_path / "secrets", tmp_path / "agency"
    subprocess.run([sys.executable, str(FOLDER.parent / "make_secrets.py"), str(made)], check=True)
    shutil.copytree(FOLDER / "agency", agency)
    for path in (agency / "agency.yaml", agency / "template.yaml"):
        text = path.read_text("utf-8")
        assert set(re.findall(r"/run/secrets/(\w+)", text)) <= set(SERVICES["worker"]["secrets"])
        path.write_text(text.replace("/run/secrets", str(made)), "utf-8")
    monkeypatch.setattr(secrets, "DOCKER_SECRETS", made)
    found = load_agency(agency, env={})
    assert found.warnings == ()
    stores = [load_shop(found, name, env={}).store_url for name in shop_files(found)]
    assert [one.rpartition("?")[2] for one in stores] == ["schema=shop_silk", "schema=shop_tea_house"]
    assert all(one.startswith((made / "store").read_text("utf-8").strip()) for one in stores)


@pytest.mark.service
@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_no_fault_in_a_unit_and_it_is_hardened(name: str, tmp_path: Path) -> None:
    text = (FOLDER / name).read_text("utf-8")
    unit = tmp_path / name.replace("@", "@1")
    unit.write_text(text.replace("/opt/bidder/bin/bidder", sys.executable), "utf-8")
    done = analyze("verify", "--man=no", str(unit))
    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, [])
    found = re.search(r"exposure level for \S+: ([\d.]+)", analyze("security", "--offline=true", str(unit)).stdout)
    assert found is not None
    assert float(found[1]) <= WORST


def test_the_web_alone_writes_and_only_files_of_shops_that_workers_read() -> None:
    web, worker = ((FOLDER / name).read_text("utf-8").splitlines() for name in ("bidder-web.service", UNITS[0]))
    assert [line for line in web if line.startswith("ReadWritePaths=")] == ["ReadWritePaths=-/etc/bidder/shops"]
    assert list((FOLDER / "agency" / "shops").glob("*.yaml"))
    assert "ProtectSystem=strict" in web
    assert not any(line.startswith("ReadWritePaths=") for line in worker)
    group = "SupplementaryGroups=bidder-shops"
    assert group in web
    assert group in worker
    assert "UMask=0027" in web, "the group may read what is written, nobody else"


def test_units_are_started_again_but_not_on_faults_of_the_configuration() -> None:
    for name in UNITS:
        lines = (FOLDER / name).read_text("utf-8").splitlines()
        for line in ("Restart=on-failure", "RestartPreventExitStatus=2", "DynamicUser=yes", "KillMode=mixed"):
            assert line in lines
        assert any(line.startswith("LoadCredential=store:") for line in lines)
