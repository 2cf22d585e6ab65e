"""`bidder init` writes what `bidder check` passes, and never over anything."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bidder.cli.main import app
from bidder.config.starting import PLATFORMS
from bidder.errors import ConfigError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIDDER_CONFIG", raising=False)
    return tmp_path


def run(*words: str, env: dict[str, str] | None = None, code: int = 0) -> Result:
    told = CliRunner().invoke(app, list(words), env=env)
    assert told.exit_code == code, told.output
    return told


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_written_for_each_platform_passes_the_check(platform: str, folder: Path) -> None:
    run("init", "shop", "--platform", platform)
    text = (folder / "shop/bidder.yaml").read_text("utf-8")
    env = {name: f"canary-{name.lower()}-1" for name in re.findall(r"env: ([A-Z_]+)", text)}
    told = json.loads(run("check", "--config", "shop/bidder.yaml", "--json", env=env).stdout)
    assert told["ok"] is True
    assert not re.findall(r"canary-\S+", text), "keys stay in the environment"
    assert "mode: apply\n" not in text
    assert "#" in text


def test_all_platforms_in_one_shop(folder: Path) -> None:
    run("init", "shop", *(word for one in PLATFORMS for word in ("--platform", one)))
    text = (folder / "shop/bidder.yaml").read_text("utf-8")
    env = dict.fromkeys(re.findall(r"env: ([A-Z_]+)", text), "canary-x-1")
    assert json.loads(run("check", "--config", "shop/bidder.yaml", "--json", env=env).stdout)["ok"] is True


def test_an_export_fills_the_accounts_and_the_products(folder: Path) -> None:
    rows = [f"2026-10-0{day},{name},tea-{name},{5 + day},10,1,1,9" for day in (1, 2) for name in ("P2", "P1")]
    text = "date,product,campaign,spend,impressions,clicks,orders,revenue\n" + "\n".join(rows)
    (folder / "report.csv").write_text(text.replace("P2,tea-P2,6", "P2,tea-P2,60"), "utf-8")
    run("init", "shop", "--from", "report.csv", "--currency", "USD", "--timezone", "America/New_York")
    written = (folder / "shop/bidder.yaml").read_text("utf-8")
    assert "currency: USD" in written
    assert "  - name: file\n" in written
    assert [line.split(",")[0] for line in (folder / "shop/products.csv").read_text("utf-8").splitlines()] == [
        "id", "P2", "P1",
    ]  # fmt: skip
    assert json.loads(run("check", "--config", "shop/bidder.yaml", "--json").stdout)["ok"] is True


@pytest.mark.parametrize("there", ["bidder.yaml", "products.csv", "rules/base.yaml"])
def test_nothing_is_written_over(there: str, folder: Path) -> None:
    kept = folder / "shop" / there
    kept.parent.mkdir(parents=True)
    kept.write_text("mine", "utf-8")
    told = CliRunner().invoke(app, ["init", "shop"])
    assert isinstance(told.exception, ConfigError)
    assert "is there already" in str(told.exception)
    assert kept.read_text("utf-8") == "mine"
    assert [one for one in (folder / "shop").rglob("*") if one.is_file()] == [kept]


def test_a_platform_that_nobody_knows_is_named_with_those_that_are_there(folder: Path) -> None:
    told = CliRunner().invoke(app, ["init", "shop", "--platform", "googel"])
    assert isinstance(told.exception, ConfigError)
    assert "google_ads" in str(told.exception)
    assert not (folder / "shop").exists()
