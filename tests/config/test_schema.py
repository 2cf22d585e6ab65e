"""The published schemas: equal to the models, true of the examples, and no milder than the reader of files."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bidder.config.faults import known_keys
from bidder.config.file import File
from bidder.config.marks import read_yaml
from bidder.config.schema import SCHEMAS, schema_text
from bidder.rules.words import WORDS
from tests.config.mutations import EXAMPLE, mutations

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = [
    ("bidder", EXAMPLE / "bidder.yaml"),
    ("bidder", ROOT / "bidder/cli/demo_shop/bidder.yaml"),
    ("rules", EXAMPLE / "rules/base.yaml"),
    ("rules", EXAMPLE / "rules/steps.yaml"),
    ("rules", EXAMPLE / "rules/events.yaml"),
    ("calendar", EXAMPLE / "calendar.yaml"),
    ("rules", ROOT / "bidder/cli/demo_shop/rules.yaml"),
    ("tests", EXAMPLE / "rules.test.yaml"),
    ("bidder", ROOT / "examples/02-rest-yaml/bidder.yaml"),
    ("rules", ROOT / "examples/02-rest-yaml/rules.yaml"),
    ("bidder", ROOT / "examples/03-shop-activity/ga4.yaml"),
    ("bidder", ROOT / "examples/03-shop-activity/woocommerce.yaml"),
]


def plain(value: Any) -> Any:
    """As JSON has it."""
    return json.loads(json.dumps(value, default=lambda number: float(number) if isinstance(number, Decimal) else None))


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(schema_text(name)))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    assert (EXAMPLE / "schema" / f"{name}.json").read_text("utf-8") == schema_text(name), (
        f"bidder schema {name} differs"
    )


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text(name)))


@pytest.mark.parametrize(("name", "path"), EXAMPLES, ids=lambda value: getattr(value, "name", value))
def test_every_example_is_valid(name: str, path: Path) -> None:
    validator(name).validate(plain(read_yaml(path.read_text("utf-8"), path.name).value))


def test_misspelt_keys_of_the_example_are_refused_by_the_schema_as_well() -> None:
    checked = 0
    for mutation in mutations():
        if "misspelt" not in mutation.what:
            continue
        value = plain(read_yaml(mutation.text, mutation.file).value)
        name = "bidder" if mutation.file == "bidder.yaml" else "rules"
        own = mutation.file == "bidder.yaml" and 19 < mutation.line < 29  # a platform's own keys are open
        if own or not isinstance(value, dict | list):
            continue
        assert not validator(name).is_valid(value), str(mutation)
        checked += 1
    assert checked > 60


def test_every_key_and_word_has_its_description() -> None:
    def lacking(schema: Any, path: str = "") -> list[str]:
        if not isinstance(schema, dict):
            return []
        found = []
        for key, value in schema.get("properties", {}).items():
            if not {"description", "$ref"} & set(value) and "/where" not in path and "/when" not in path:
                found.append(f"{path}/{key}")
            found += lacking(value, f"{path}/{key}")
        for name, value in schema.get("$defs", {}).items():
            found += lacking(value, f"{path}/{name}")
        return found + lacking(schema.get("items"), f"{path}/items")

    for name in SCHEMAS:
        schema = json.loads(schema_text(name))
        patterns = [one for one in lacking(schema) if "/where/" not in one and "/when/" not in one]
        assert patterns == []


def test_defaults_are_shown_as_a_person_writes_them() -> None:
    guard = json.loads(schema_text("bidder"))["$defs"]["GuardSettings"]["properties"]
    stale = json.loads(schema_text("bidder"))["$defs"]["StaleAfter"]["properties"]
    decide = json.loads(schema_text("bidder"))["$defs"]["DecideSection"]["properties"]
    assert guard["raise"]["default"] == "30%"
    assert "check_history" not in guard
    assert (stale["api"]["default"], stale["stock"]["default"]) == ("26h", "1d")
    assert decide["from"]["default"] == "09:30"
    poll = json.loads(schema_text("bidder"))["$defs"]["ScheduleSection"]["properties"]["poll"]
    assert poll["default"] == "30m"


def test_keys_are_known_at_every_depth() -> None:
    assert "budget" in known_keys(File)
    assert known_keys(File, ("budget", "day")) == ["max", "event"]
    assert "platform" in known_keys(File, ("accounts", 0))
    assert known_keys(File, ("store", "deeper")) == []
    assert known_keys(File, ("no-such",)) == []
    assert known_keys(WORDS["step"]) == ["max", "raise", "cut", "min", "cooldown"]
