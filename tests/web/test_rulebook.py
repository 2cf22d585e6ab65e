"""The rules page shows a rule as it was written, with its price, and a fault among its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidder.config.load import Config, load
from bidder.web.rulebook import excerpt, shown_source

FILES = {
    "bidder.yaml": """
shop: {name: tea, currency: CNY, timezone: Asia/Shanghai}
budget: {day: {max: 2000}}
rules: [rules/*.yaml]
""",
    "rules/a.yaml": "# only a comment\n[]\n",
    "rules/base.yaml": """# what the shop wants
- name: heroes carry the shop
  where: "'hero' in product.tags"
  share: {min: 40%, max: 70%}

# about steps
- name: gentle
  note: 稳着来。
  step:
    raise: 30%
    cut: 40%
""",
    "rules/more.yaml": "- {name: dear, roas: {min: 2}}\n",
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "rules").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    return load(tmp_path / "bidder.yaml", env={})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "heroes carry the shop",
            "- name: heroes carry the shop\n  where: \"'hero' in product.tags\"\n  share: {min: 40%, max: 70%}",
        ),
        ("gentle", "- name: gentle\n  note: 稳着来。\n  step:\n    raise: 30%\n    cut: 40%"),
        ("dear", "- {name: dear, roas: {min: 2}}"),
    ],
)
def test_a_rule_stands_there_as_it_was_written(config: Config, name: str, text: str) -> None:
    rule = next(one for one in config.policy.rules if one.name == name)
    assert excerpt(rule, config) == text


def test_a_cap_is_said_by_its_word(config: Config) -> None:
    cap = next(one for one in config.policy.rules if one.name == "day max")
    assert excerpt(cap, config) == "total: {max: 2000}"


def test_a_place_is_found_from_the_folder_of_the_configuration() -> None:
    assert shown_source("/shop/rules/base.yaml:3:5", Path("/shop")) == "rules/base.yaml:3:5"
    assert shown_source("rules/base.yaml:3:5", Path()) == "rules/base.yaml:3:5"
