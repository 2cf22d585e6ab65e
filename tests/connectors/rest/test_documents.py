"""What the pages and the examples show is in order as it stands, and a real run lives in one time alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bidder.config.load import load
from bidder.connectors.rest.clock import RestClock
from bidder.daemon import WallClock, timekeeper_of
from bidder.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
SHOP = "shop: {name: tea-house, currency: CNY, timezone: Asia/Shanghai}\nbudget: {day: {max: 300}}\n"
WORLD = ROOT / "examples" / "02-rest-yaml" / "bidder.yaml"


@pytest.mark.parametrize("page", ["own-connector.md", "own-connector.zh.md"])
@pytest.mark.parametrize("mode", ["observe", "apply"])
def test_the_description_on_the_page_is_in_order(page: str, mode: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    (whole,) = [block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "platform: rest\n" in block]
    path = tmp_path / "bidder.yaml"
    shop = SHOP.replace("CNY", "EUR") if "EUR" in whole else SHOP
    path.write_text(shop + whole.replace("mode: observe", f"mode: {mode}"), "utf-8")
    assert load(path, env={"OWN_KEY": "canary-own"}).warnings == ()


def test_a_simulated_platform_that_does_not_answer_is_said_and_nothing_is_left_open(tmp_path: Path) -> None:
    text = WORLD.read_text("utf-8").replace("rules: [rules.yaml]\n", "").replace("attempts: 8", "attempts: 1")
    path = tmp_path / "bidder.yaml"
    path.write_text(re.sub(r"base_url: \S+", "base_url: http://127.0.0.1:9", text), "utf-8")
    command = [sys.executable, "-W", "error", "-m", "bidder", "run", "--config", str(path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 1
    assert "market: clock: cannot connect to 127.0.0.1" in ran.stderr
    assert "Unclosed" not in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_simulated_clock_is_lived_in_and_excludes_every_other_account(tmp_path: Path) -> None:
    assert isinstance(timekeeper_of(load(WORLD, env={})), RestClock)
    text = WORLD.read_text("utf-8").replace("rules: [rules.yaml]\n", "")
    path = tmp_path / "bidder.yaml"
    real = (
        text.replace("    clock:", "    # clock:")
        .replace("      day: {get", "      # ")
        .replace("      date: date\n", "")
    )
    real = re.sub(r"    # clock:.*?\n\nschedule", "\nschedule", real, flags=re.DOTALL)
    path.write_text(real, "utf-8")
    assert isinstance(timekeeper_of(load(path, env={})), WallClock)
    second = "  - {name: demo, platform: sandbox, mode: apply}\n\nschedule"
    path.write_text(text.replace("\nschedule", second, 1), "utf-8")
    with pytest.raises(ConfigError, match="has to be the only account"):
        timekeeper_of(load(path, env={}))
