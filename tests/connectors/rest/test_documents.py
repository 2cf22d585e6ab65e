"""What the pages and the examples show is in order as it stands, and a real run lives in one time alone."""

from __future__ import annotations

import re
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
