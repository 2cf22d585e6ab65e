"""A word that nothing ever is: refused where bidder has the list, warned about where the configuration has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidder.config.asked import asked
from bidder.config.load import load
from bidder.errors import ConfigError
from tests.config.whole_shop import ENVIRONMENT, FILES, write_whole_shop

RULES = "rules/rules.yaml"
LINE = FILES[RULES].count("\n") + 1


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_whole_shop(tmp_path)


def with_rule(shop: Path, rule: str) -> Path:
    (shop.parent / RULES).write_text(f"{FILES[RULES]}- {{name: one more, {rule}}}\n", "utf-8")
    return shop


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("where: {role: heroe}", "product.role: is never 'heroe'; did you mean hero?"),
        ("where: \"product.role in ['hero', 'helper']\"", "product.role: is never 'helper'; did you mean hero?"),
        ("where: \"'activ' == budget.status\"", "budget.status: is never 'activ'; did you mean active?"),
        ("where: \"account.mode != 'aply'\"", "account.mode: is never 'aply'; did you mean apply?"),
        ("when: {phase: [burst, brst]}", "event.phase: is never 'brst'; did you mean burst?"),
        ("when: {phase: 5}", "phase: expected a word, was 5"),
        ("where: {channel: 5}", "channel: expected a word, was 5"),
        ("when: {weekday: mondya}", "weekday: expected mon … sun, was 'mondya'"),
        ("when: {month: sepp}", "month: expected jan … dec, was 'sepp'"),
    ],
)
def test_a_word_of_bidders_own_lists_is_refused_when_misspelt(shop: Path, condition: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(with_rule(shop, f"{condition}, budget: {{max: 500}}"), env=ENVIRONMENT)
    (fault,) = refused.value.faults
    assert said in fault.message
    assert fault.source is not None
    assert fault.source.line == LINE


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("when: {event: 619}, budget: {max: 500}", "no event of the calendar is '619'; did you mean 618?"),
        ("where: {category: tee}, budget: {max: 500}", "no product's category is 'tee'; did you mean tea?"),
        ("where: {budget: wxtt/1}, budget: {max: 500}", "one of the accounts wxt, hand, was 'wxtt/1'"),
        ("where: {channel: serch}, budget: {max: 500}", "channel 'serch'; did you mean search?"),
        ("total: {max: 1500000, per: week}", "more than all budgets together may be, 9000 a day over 7 days"),
        ("total: {max: 9500}", "more than all budgets together may be, 9000"),
    ],
)
def test_what_the_rest_of_the_configuration_does_not_have_is_warned_about(shop: Path, rule: str, said: str) -> None:
    warnings = load(with_rule(shop, rule), env=ENVIRONMENT).warnings
    assert [one.source.line for one in warnings if one.source and said in one.message] == [LINE], warnings


@pytest.mark.parametrize(
    "rule",
    [
        "when: {event: 双11}, budget: {max: 500}",  # offered, not joined
        "when: {weekday: [monday, tues]}, budget: {max: 500}",
        "where: \"product.role == ''\", budget: {max: 500}",
        "where: {channel: shelf}, budget: {max: 500}",
        "total: {max: 8000}",
        "total: {max: 60000, per: week, by: channel}",
    ],
)
def test_what_is_there_or_may_be_there_is_not(shop: Path, rule: str) -> None:
    assert load(with_rule(shop, rule), env=ENVIRONMENT).warnings == ()


def test_every_comparison_with_a_text_is_found() -> None:
    text = "channel == 'a' && 'b' != budget.name || product.role in ['c', \"d\"] && !('e' in product.tags) // 'f'"
    found = [(name, value) for name, value, _ in asked(text)]
    assert found == [("channel", "a"), ("budget.name", "b"), ("product.role", "c"), ("product.role", "d")]
