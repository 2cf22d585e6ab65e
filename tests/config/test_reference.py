"""The reference page is that of the models, in both languages, and its examples are rules."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from bidder.config.marks import read_yaml
from bidder.config.reference import FILES, main, rules_page
from bidder.config.reference_words import EXAMPLES
from bidder.config.rules import rules_of
from bidder.config.schema import schema_text
from bidder.errors import Fault
from bidder.rules.words import WORDS
from tests.config.test_schema import plain

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("language", sorted(FILES))
def test_the_page_is_current(language: str) -> None:
    kept = (DOCS / FILES[language]).read_text("utf-8")  # type: ignore[index]  # the keys themselves
    assert kept == rules_page(language), "python -m bidder.config.reference docs"  # type: ignore[arg-type]  # likewise


def test_every_word_stands_in_it_with_every_field() -> None:
    page = rules_page("en")
    for word, kind in WORDS.items():
        section = page.split(f"\n## {word}\n")[1].split("\n## ")[0]
        for name, field in kind.model_fields.items():
            assert f"| `{field.alias or name}` |" in section


@pytest.mark.parametrize("word", list(WORDS))
def test_every_example_is_a_rule_and_valid_by_the_schema(word: str) -> None:
    faults: list[Fault] = []
    document = read_yaml(EXAMPLES[word], "example.yaml")
    rules = rules_of(document, faults)
    assert faults == []
    assert {rule.kind.word for rule in rules} == {word}
    jsonschema.Draft202012Validator(json.loads(schema_text("rules"))).validate(plain(document.value))


def test_it_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES.values())
    assert "投产比" in (tmp_path / "rules.zh.md").read_text("utf-8")
