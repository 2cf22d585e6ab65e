"""The reference page of rules, made from the models: every word, field, unit, default and example, in two languages.

`python -m bidder.config.reference docs` writes docs/rules.md, docs/rules.zh.md and docs/rest-keys.md; tests hold them
to the models.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from bidder.config.calendar_file import calendar_json_schema
from bidder.config.reference_calendar import calendar_section, files_section, products_section
from bidder.config.reference_rest import REST_FILE, rest_page
from bidder.config.reference_words import EXAMPLES, PAGE, ZH
from bidder.config.schema import rules_schema
from bidder.rules.attributes import NAMES
from bidder.rules.conditions import PATTERNS, WHEN_PATTERNS
from bidder.rules.words import WORDS

__all__ = ["FILES", "rules_page"]

Language = Literal["en", "zh"]

FILES: Mapping[Language, str] = {"en": "rules.md", "zh": "rules.zh.md"}
"""Language → the page's name."""


def rules_page(language: Language) -> str:
    """The whole page, as Markdown."""
    text = PAGE[language]
    lines = [f"# {text['title']}", "", text["intro"], "", *files_section(language), "", *_common(language), ""]
    for word in WORDS:
        lines += [*_word(word, language), ""]
    lines += [f"## {text['conditions']}", "", text["conditions_intro"], ""]
    lines += [f"| {text['name']} | {text['meaning']} |", "|---|---|"]
    lines += [f"| `{name}` | {_said(one.meaning, language)} |" for name, one in NAMES.items()]
    lines += ["", text["patterns_intro"], "", f"| {text['pattern']} | CEL | {text['key']} |", "|---|---|---|"]
    for key, stands in PATTERNS.items():
        cell = stands.format(value="…").replace("|", "\\|")
        lines.append(f"| `{{{key}: …}}` | `{cell}` | `{'when' if key in WHEN_PATTERNS else 'where'}` |")
    lines += ["", *calendar_section(language, _calendar_units(language)), "", *products_section(language)]
    return "\n".join(lines) + "\n"


def _calendar_units(language: Language) -> Mapping[str, str]:
    """How the value of each key of calendar.yaml is written; keys of a phase begin with `phases.`."""
    definitions = calendar_json_schema()["$defs"]
    found = {}
    for prefix, name in (("", "EventSection"), ("phases.", "PhaseSection")):
        for key, one in definitions[name]["properties"].items():
            found[prefix + key] = _calendar_unit(key, one, language)
    return found


def _calendar_unit(key: str, schema: Mapping[str, Any], language: Language) -> str:
    text = PAGE[language]
    kinds = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    if "$ref" in kinds[0]:
        return text["phase"]
    if kinds[0].get("type") == "boolean":
        return "`true`, `false`"
    if kinds[0].get("format") == "date":
        return text["date"]
    if str(kinds[0].get("pattern", "")).startswith("^\\d{4}"):
        return text["instant"]
    if kinds[0].get("type") == "number" and "maximum" in kinds[0]:
        return text["number"]
    own = {"name": text["text"], "goods": "CEL, `{tag: hero}`", "approved": "`{burst: 6000}`"}
    own |= dict.fromkeys(("fee", "fee_each", "new_worth"), text["money"])
    if key in own:
        return own[key]
    return _unit({name: value for name, value in kinds[0].items() if name != "default"}, language)


def _common(language: Language) -> Iterator[str]:
    text = PAGE[language]
    properties = rules_schema()["items"]["properties"]
    yield f"| {text['key']} | {text['meaning']} |"
    yield "|---|---|"
    for key in ("name", "where", "when", "priority", "enabled", "note"):
        yield f"| `{key}` | {_said(properties[key]['description'], language)} |"


def _word(word: str, language: Language) -> Iterator[str]:
    text = PAGE[language]
    schema = rules_schema()["$defs"][word]
    yield f"## {word}"
    yield ""
    yield _said(schema["description"], language)
    yield ""
    yield f"| {text['field']} | {text['unit']} | {text['default']} | {text['meaning']} |"
    yield "|---|---|---|---|"
    needed = set(schema.get("required", ()))
    for field, one in schema["properties"].items():
        default = one.get("default")
        shown = text["needed"] if field in needed else "–" if default in (None, []) else f"`{_plain(default)}`"
        yield f"| `{field}` | {_unit(one, language)} | {shown} | {_said(one['description'], language)} |"
    yield ""
    yield "```yaml"
    yield from EXAMPLES[word].strip().splitlines()
    yield "```"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unit(schema: Mapping[str, Any], language: Language) -> str:
    """What may be written, told from the schema of the field."""
    text = PAGE[language]
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        parts = [_unit(one, language) for one in schema["anyOf"]]
        return f" {text['or']} ".join(dict.fromkeys(parts))
    pattern = schema.get("pattern", "")
    if "%" in pattern:
        return text["percent"]
    if "[mhd]" in pattern:
        return text["duration"]
    if "break_even" in pattern:
        return "`break_even`, `break_even * 1.2`"
    if "[A-Za-z]{3}" in pattern:
        return text["money"]
    if schema.get("type") == "number":
        return text["money"] if schema.get("exclusiveMinimum") == 0 and "maximum" not in schema else text["number"]
    if schema.get("format") == "date":
        return text["date"]
    return {"integer": text["whole"], "array": text["list"], "string": text["text"]}[schema.get("type", "string")]


def _said(words: str, language: Language) -> str:
    plain = " ".join(words.split()).replace("|", "\\|")
    if language == "en":
        return plain
    return ZH[" ".join(words.split())]


def main(folder: Path) -> None:
    """Writes the pages."""
    (folder / REST_FILE).write_text(rest_page(), "utf-8")
    for language, name in FILES.items():
        (folder / name).write_text(rules_page(language), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
