"""The reference page is that of the models, in both languages, and its examples are rules."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from bidder.config.calendar import calendar_of
from bidder.config.calendar_file import calendar_json_schema
from bidder.config.file import ShopSection
from bidder.config.load import load
from bidder.config.marks import read_yaml
from bidder.config.products import COLUMNS, read_products
from bidder.config.reference import FILES, main, rules_page
from bidder.config.reference_calendar import EXAMPLE as CALENDAR_EXAMPLE
from bidder.config.reference_calendar import SHEET
from bidder.config.reference_rest import REST_FILE, rest_page
from bidder.config.reference_words import EXAMPLES
from bidder.config.rules import rules_of
from bidder.config.schema import schema_text
from bidder.connectors.rest.calls import Paging, ReportCall, SetCall
from bidder.connectors.rest.fields import ActivityFields, BudgetFields
from bidder.connectors.rest.settings import Replies, RestSettings
from bidder.errors import Fault
from bidder.money import Currency
from bidder.promotion import Phase
from bidder.rules.words import WORDS
from tests.config.test_schema import plain

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("language", sorted(FILES))
def test_the_page_is_current(language: str) -> None:
    kept = (DOCS / FILES[language]).read_text("utf-8")  # type: ignore[index]  # the keys themselves
    assert kept == rules_page(language), "python -m bidder.config.reference docs"  # type: ignore[arg-type]  # likewise


def test_the_page_of_described_platforms_is_current_and_has_every_key() -> None:
    page = (DOCS / REST_FILE).read_text("utf-8")
    assert page == rest_page(), "python -m bidder.config.reference docs"
    for model in (RestSettings, SetCall, ReportCall, BudgetFields, ActivityFields, Paging, Replies):
        for name, field in model.model_fields.items():
            assert f"| `{field.alias or name}` |" in page, f"{model.__name__}.{name}"


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


def test_every_key_of_the_calendar_and_every_column_of_products_stands_in_it() -> None:
    for language in ("en", "zh"):
        page = rules_page(language)
        calendar, sheet = page.split("\n## calendar.yaml\n")[1].split("\n## products.csv\n")
        definitions = calendar_json_schema()["$defs"]
        for key in (*definitions["EventSection"]["properties"], *definitions["PhaseSection"]["properties"]):
            assert f"| `{key}` |" in calendar
        for phase in Phase:
            assert f"| `{phase.value}` |" in calendar
        for column in COLUMNS:
            assert f"| `{column}` |" in sheet


def test_its_calendar_and_products_are_read_as_they_stand() -> None:
    faults: list[Fault] = []
    sheet = read_products(SHEET.encode(), "products.csv", Currency("CNY"))
    assert (sheet.faults, len(sheet.products)) == ([], 2)
    document = read_yaml(CALENDAR_EXAMPLE, "calendar.yaml")
    calendar = calendar_of(document, ShopSection(), sheet.products, faults)
    assert faults == []
    assert (len(calendar.events), len(calendar.candidates)) == (1, 1)
    jsonschema.Draft202012Validator(json.loads(schema_text("calendar"))).validate(plain(document.value))


def test_the_least_that_runs_runs(tmp_path: Path) -> None:
    """What the page gives as the least, with the page's own products and calendar beside it."""
    least = rules_page("zh").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "bidder.yaml").write_text(least, "utf-8")
    (tmp_path / "products.csv").write_text(SHEET, "utf-8")
    (tmp_path / "calendar.yaml").write_text(CALENDAR_EXAMPLE, "utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/base.yaml").write_text(EXAMPLES["total"], "utf-8")
    assert len(load(tmp_path / "bidder.yaml", env={}).accounts) == 1


def test_it_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*FILES.values(), REST_FILE}
    assert "投产比" in (tmp_path / "rules.zh.md").read_text("utf-8")
