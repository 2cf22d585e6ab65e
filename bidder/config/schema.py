"""JSON Schema of bidder.yaml and of rule files, from the models: for completion and hover text in editors.

The committed files under config/schema/ are these texts; a test holds them equal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, TypeAdapter

from bidder.config.agency import AgencyFile
from bidder.config.calendar_file import calendar_json_schema
from bidder.config.file import File
from bidder.config.rule_tests import RuleTest
from bidder.connectors.observations import Observation
from bidder.connectors.rest.settings import RestSettings, RestShopSettings
from bidder.rules.conditions import PATTERNS, WHEN_PATTERNS
from bidder.rules.words import WORDS
from bidder.written import show_percent

__all__ = [
    "PRIORITY",
    "SCHEMAS",
    "agency_schema",
    "bidder_schema",
    "calendar_schema",
    "rules_schema",
    "schema_text",
    "tests_schema",
]

PRIORITY = (
    "Which gives way first when rules clash: the lower number, 1 to 49. By kind: explore 5, shares and the hot list "
    "10, ROAS, CPA and TACOS 20, steps 30 (30 to 39 can be written), amounts and totals 40. A total of everything, "
    "stock and platforms stand above."
)
"""What the key `priority` means, in the schema and on the reference page."""

DESCRIBED: Mapping[str, type[BaseModel]] = {"rest": RestSettings, "rest_shop": RestShopSettings}
"""Platforms whose accounts say all that there is to know of them."""

_DURATION = TypeAdapter(timedelta)
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def bidder_schema() -> dict[str, Any]:
    """The schema of bidder.yaml. Keys of an account beside the common ones belong to its platform; where that is
    described in YAML they are known, else they stay open."""
    schema = File.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    definitions["Mode"].pop("description", None)  # says how the code sees it; the field says what it means
    definitions["GuardSettings"]["properties"].pop("check_history", None)
    account = definitions["AccountSection"]
    account["allOf"] = [
        _described(word, model, account["properties"], definitions) for word, model in DESCRIBED.items()
    ]
    return {"$schema": DRAFT, **_tidy(schema), "title": "bidder.yaml"}


def _described(
    word: str, model: type[BaseModel], common: Mapping[str, Any], definitions: dict[str, Any]
) -> dict[str, Any]:
    """The keys of an account whose platform is described in it: an editor completes them, and no other key is taken."""
    own = model.model_json_schema(by_alias=True)
    for name, definition in own.pop("$defs").items():
        if definitions.setdefault(name, definition) != definition:
            raise ValueError(f"two definitions are called {name}")
    own["properties"]["credentials"]["additionalProperties"] = {"$ref": "#/$defs/Reference"}
    return {
        "if": {"properties": {"platform": {"const": word}}, "required": ["platform"]},
        "then": {
            "properties": {**dict.fromkeys(common, True), **own["properties"]},
            "required": own.get("required", []),
            "additionalProperties": False,
        },
    }


def agency_schema() -> dict[str, Any]:
    """The schema of agency.yaml. Its template and its shops' files are written as bidder.yaml is."""
    return {"$schema": DRAFT, **_tidy(AgencyFile.model_json_schema(by_alias=True)), "title": "agency.yaml"}


def rules_schema() -> dict[str, Any]:
    """The schema of a rules file: a list of rules, each with a name and exactly one word."""
    definitions: dict[str, Any] = {}
    words: dict[str, Any] = {}
    for word, model in WORDS.items():
        schema = TypeAdapter(model).json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions.update(schema.pop("$defs", {}))
        definitions[word] = _tidy(schema)
        words[word] = {"$ref": f"#/$defs/{word}", "description": schema.get("description", "")}
    properties = {
        "name": {"type": "string", "minLength": 1, "maxLength": 80, "description": "What plans and prices call it."},
        "where": _condition("Which budgets: CEL, or a short pattern. Without it: every budget.", when=False),
        "when": _condition("On which days: CEL over date and event, or a short pattern.", when=True),
        "priority": {"type": "integer", "description": PRIORITY},
        "enabled": {"type": "boolean", "default": True, "description": "false switches the rule off."},
        "note": {"type": "string", "description": "Why the rule is there; shown beside it."},
        **words,
    }
    rule = {
        "type": "object",
        "properties": properties,
        "required": ["name"],
        "additionalProperties": False,
        "oneOf": [{"required": [word]} for word in WORDS],
    }
    return {
        "$schema": DRAFT,
        "title": "rules of bidder",
        "type": ["array", "null"],
        "items": rule,
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }


def observations_schema() -> dict[str, Any]:
    """The schema of what is pushed over MQTT and HTTP: one observation, or an array of them over HTTP."""
    schema = Observation.model_json_schema(by_alias=True)
    properties = schema["properties"]
    properties["ts"] = {**properties["ts"], "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]}
    properties["metrics"]["propertyNames"] = {"type": "string", "maxLength": 64}
    when = [{"required": ["ts"]}, {"required": ["date"]}]
    one = _tidy(schema)
    definition = {name: value for name, value in one.items() if name != "$defs"}
    return {
        "$schema": DRAFT,
        "title": "observations pushed to bidder",
        "anyOf": [{"$ref": "#/$defs/observation"}, {"type": "array", "items": {"$ref": "#/$defs/observation"}}],
        "$defs": {**one.get("$defs", {}), "observation": {**definition, "oneOf": when}},
    }


def tests_schema() -> dict[str, Any]:
    """The schema of a file of rule tests."""
    schema = RuleTest.model_json_schema(by_alias=True)
    definitions = schema.pop("$defs", {})
    tidied = {name: _tidy(one) for name, one in definitions.items()}
    return {"$schema": DRAFT, "title": "tests of rules", "type": "array", "items": _tidy(schema), "$defs": tidied}


def calendar_schema() -> dict[str, Any]:
    """The schema of calendar.yaml: a list of events."""
    schema = _tidy(calendar_json_schema())
    schema["$defs"]["Phase"].pop("description", None)  # says how the code sees it; the field says what it means
    return {
        "$schema": DRAFT,
        "title": "calendar of bidder",
        "type": ["array", "null"],
        "items": schema["items"],
        "$defs": schema["$defs"],
    }


SCHEMAS: Mapping[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "bidder": (bidder_schema, "bidder.yaml"),
    "agency": (agency_schema, "agency.yaml"),
    "rules": (rules_schema, "rule files"),
    "tests": (tests_schema, "tests of rules"),
    "calendar": (calendar_schema, "calendar.yaml"),
    "observations": (observations_schema, "pushed observations"),
}
"""Name → its maker, and the file it is of."""


def schema_text(name: str) -> str:
    """The schema as it is committed: sorted nowhere, indented, with a newline at the end."""
    return json.dumps(SCHEMAS[name][0](), ensure_ascii=False, indent=2) + "\n"


def _condition(meaning: str, *, when: bool) -> dict[str, Any]:
    word = {"type": ["string", "integer"]}
    keys = [key for key in PATTERNS if (key in WHEN_PATTERNS) == when]
    pattern = {
        "type": "object",
        "properties": {key: {"anyOf": [word, {"type": "array", "items": word, "minItems": 1}]} for key in keys},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {"description": meaning, "anyOf": [{"type": "string", "minLength": 1}, pattern]}


def _tidy(schema: Any) -> Any:
    """As a person writes it: no titles made of names, keys left out instead of null, defaults with their unit."""
    if isinstance(schema, list):
        return [_tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _tidy(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    options = result.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        left = [one for one in options if one != {"type": "null"}]
        result.pop("anyOf")
        result = {**(left[0] if len(left) == 1 else {"anyOf": left}), **result}
    if "default" in result:
        result["default"] = _written(result["default"], result.get("pattern", ""))
        if result["default"] is None or isinstance(result["default"], dict):
            result.pop("default")
    return result


def _written(default: Any, pattern: str) -> Any:
    """A default in the form that a person writes: 0.3 → `30%`, PT26H → `26h`, 09:30:00 → `09:30`."""
    if isinstance(default, float) and "%" in pattern:
        return show_percent(default)
    if isinstance(default, str) and default.startswith("P") and "[mhd]" in pattern:
        minutes = int(_DURATION.validate_python(default).total_seconds()) // 60
        for unit, size in (("d", 1440), ("h", 60)):
            if minutes % size == 0:
                return f"{minutes // size}{unit}"
        return f"{minutes}m"
    if isinstance(default, str) and "[0-5]" in pattern:
        return default[:5]
    return default
