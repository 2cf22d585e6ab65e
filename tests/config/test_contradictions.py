"""What cannot be kept whatever the figures is refused with both rules and the numbers; what can be is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidder.config.contradictions import contradictions
from bidder.config.load import load
from bidder.config.marks import read_yaml
from bidder.config.rules import rules_of
from bidder.config.tried import Verdict, verdict
from bidder.errors import ConfigError, Fault
from bidder.money import Currency
from bidder.rules.base import Rule
from bidder.rules.conditions import Condition

CNY = Currency("CNY")


def rules(text: str) -> list[Rule]:
    faults: list[Fault] = []
    read = rules_of(read_yaml(text, "r.yaml"), faults)
    assert faults == []
    return read


def told(*lines: str) -> list[str]:
    written = "\n".join(f"- {{name: r{number}, {line}}}" for number, line in enumerate(lines, 1))
    return [str(fault) for fault in contradictions(rules(written + "\n"), CNY)]


CLASHES = [
    (
        ["budget: {min: 300}, where: {channel: search}", "budget: {max: 200}"],
        "r.yaml:2:14  r2: cannot be kept beside r1 (r.yaml:1:14): budget.min 300 and budget.max 200 of the",
    ),
    (
        ["budget: {max: 200}, where: {tag: hero}", "budget: {min: 300}, where: {tag: hero}"],
        "budget.min 300 and budget.max 200",
    ),
    (["pin: {at: 50}, where: {channel: feed}", "budget: {min: 60}, where: {channel: [feed, site]}"], "pin.at 50"),
    (["pin: {at: 50}, where: {budget: a/1}", "pin: {at: 60}, where: {budget: a/1}"], "pin.at 60 and pin.at 50"),
    (["total: {max: 200}", "budget: {min: 300}, where: {tag: new}"], "at least 300 under total.max 200"),
    (
        [
            "total: {max: 250}, where: {channel: [feed, site]}",
            "budget: {min: 90}, where: {budget: [a/1, a/2, a/3]}",
            "total: {max: 260}",
        ],
        "r3: cannot be kept beside r2 (r.yaml:2:14): at least 3 × 90 under total.max 260",
    ),
    (
        ["total: {max: 100}", "budget: {min: 60}, where: {channel: feed}", "budget: {min: 70}, where: {channel: site}"],
        "at least 70 + 60 = 130 under total.max 100",
    ),
    (
        ["share: {min: 60%}, where: {channel: feed}", "share: {min: 50%}, where: {channel: site}"],
        "60% + 50% = 110% of the total",
    ),
    (
        [
            "share: {min: 40%}, where: {channel: feed}",
            "share: {min: 40%}, where: {channel: site}",
            "share: {min: 30%}, where: channel == 'search' || channel == 'live'",
        ],
        "= 110% of the total",
    ),
    (
        ["share: {max: 30%}, where: {channel: [feed, site]}", "share: {min: 40%}, where: {channel: site}"],
        "share.min 40% of a part of share.max 30%",
    ),
    (
        ["share: {max: 30%, by: channel}", "share: {min: 40%}, where: \"channel == 'site' && product.margin > 0.2\""],
        "share.min 40%",
    ),
    (
        [
            "total: {max: 1000}",
            "share: {max: 10%}, where: {channel: feed}",
            "budget: {min: 120}, where: {channel: feed}",
        ],
        "at least 120 where share.max 10% of total.max 1000 leaves 100",
    ),
    (
        [
            "total: {max: 50}, where: {channel: feed}",
            "share: {min: 50%}, where: {channel: feed}",
            "budget: {min: 80}, where: {channel: site}",
        ],
        "share.min 50% beside at least 80 is 80.00, above total.max 50",
    ),
    (["launch: {max: 80, day: 100}, where: {tag: new}"], "launch.day 100 is more than launch.max 80"),
    (
        ["budget: {min: 300}, when: {weekday: mon}", "budget: {max: 200}, when: {weekday: mon}"],
        "budget.min 300 and budget.max 200",
    ),
    (["budget: {min: 300}, when: {weekday: mon}", "budget: {max: 200}"], "budget.min 300 and budget.max 200"),
    (["budget: {min: 300}", 'budget: {max: "200 CNY"}'], "budget.min 300 and budget.max 200"),
]


@pytest.mark.parametrize(("lines", "message"), CLASHES, ids=range(len(CLASHES)))
def test_a_contradiction_is_refused_with_both_rules_and_the_numbers(lines: list[str], message: str) -> None:
    found = told(*lines)
    assert len([one for one in found if message in one]) == 1, found


FITS = [
    ["budget: {min: 300}, where: {channel: search}", "budget: {max: 200}, where: {channel: feed}"],
    ["budget: {min: 300}, where: {tag: hero}", "budget: {max: 200}, where: {tag: new}"],  # perhaps of no product
    ["budget: {min: 300}, when: {weekday: mon}", "budget: {max: 200}, when: {weekday: tue}"],
    ["budget: {min: 300}, priority: 45", "budget: {max: 200}, priority: 40"],  # who gives way is said
    ["budget: {min: 300}, enabled: false", "budget: {max: 200}"],
    ["budget: {min: 300}, where: \"channel == 'a' && channel == 'b'\"", "budget: {max: 200}"],
    ["budget: {min: 300}", 'budget: {max: "40 USD"}'],
    ["budget: {min: 300}", "budget: {max: minimum}"],
    ["total: {max: 300}", "budget: {min: 200}, where: {tag: a}", "budget: {min: 200}, where: {tag: b}"],
    ["share: {min: 60%}, where: {tag: a}", "share: {min: 60%}, where: {tag: b}"],
    ["share: {max: 30%, by: channel}", "share: {min: 40%}, where: {channel: [feed, site]}"],
    ["share: {max: 30%, by: category}", "share: {min: 40%}, where: {category: tea}"],
    ["share: {min: 60%}", "share: {min: 60%}, where: {channel: feed}"],
    ["total: {max: 200, per: week}", "budget: {min: 300}"],
    ["total: {max: 200, by: channel}", "budget: {min: 150}"],
    ["launch: {max: 800, day: minimum}, where: {tag: new}"],
]


@pytest.mark.parametrize("lines", FITS, ids=range(len(FITS)))
def test_what_may_be_kept_is_not_refused(lines: list[str]) -> None:
    assert told(*lines) == []


def test_the_day_cap_of_the_configuration_is_one_of_the_rules(tmp_path: Path) -> None:
    (tmp_path / "bidder.yaml").write_text("budget: {day: {max: 90}}\nrules: [r.yaml]\n", "utf-8")
    (tmp_path / "r.yaml").write_text("- {name: new, where: {tag: new}, budget: {min: 100}}\n", "utf-8")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "bidder.yaml", env={})
    assert "r.yaml:1:34  new: cannot be kept beside day max" in str(refused.value)
    assert "at least 100 under total.max 90" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", Verdict.ALWAYS),
        ("1 > 2", Verdict.NEVER),
        ("product.margin >= 0.0", Verdict.ALWAYS),
        ("product.margin < 0.15", Verdict.DEPENDS),
        ("product.margin < 0.1 && product.margin > 0.2", Verdict.NEVER),
        ("product.margin < 0.2 || product.margin >= 0.2", Verdict.ALWAYS),
        ("channel == 'a' && channel == 'b'", Verdict.NEVER),
        ("channel == 'a' || channel != 'a'", Verdict.ALWAYS),
        ("channel in ['a', 'b']", Verdict.DEPENDS),
        ("'hero' in product.tags && 'new' in product.tags", Verdict.DEPENDS),
        ("'hero' in product.tags && !('hero' in product.tags)", Verdict.NEVER),
        ("product.stock < 1 && product.stock > 0", Verdict.NEVER),
        ("product.stock_cover_days < product.lead_days + 3", Verdict.DEPENDS),
        ("product.price < product.cost", Verdict.DEPENDS),
        ("budget.target_driven && !budget.target_driven", Verdict.NEVER),
        (
            " && ".join(
                f"'{n}' in budget.products && '{n}' in campaign.ids && '{n}' in product.tags" for n in range(6)
            ),
            Verdict.DEPENDS,
        ),
    ],
)
def test_a_condition_is_tried_where_its_own_text_makes_it_turn(text: str, expected: Verdict) -> None:
    assert verdict(Condition.read(text)) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"from": "2026-11-11", "to": "2026-11-01"}, Verdict.NEVER),
        ({"from": "2026-11-01", "to": "2026-11-11"}, Verdict.DEPENDS),
        ({"weekday": "mon"}, Verdict.DEPENDS),
        ({"month": ["nov", "dec"]}, Verdict.DEPENDS),
        ("date.getMonth() == 12", Verdict.NEVER),
    ],
)
def test_days_are_tried_over_a_year(when: object, expected: Verdict) -> None:
    assert verdict(Condition.read(when, when=True)) is expected
    assert verdict(None) is Verdict.DEPENDS


def test_check_says_what_is_always_or_never_true(tmp_path: Path) -> None:
    (tmp_path / "bidder.yaml").write_text("rules: [r.yaml]\n", "utf-8")
    text = (
        "- {name: a, where: product.margin >= 0.0, budget: {max: 200}}\n"
        "- {name: b, when: {from: 2026-11-11, to: 2026-11-01}, budget: {max: 200}}\n"
        "- {name: c, where: \"channel == 'x' && channel == 'y'\", budget: {max: 200}, enabled: false}\n"
    )
    (tmp_path / "r.yaml").write_text(text, "utf-8")
    warned = [str(one) for one in load(tmp_path / "bidder.yaml", env={}).warnings]
    assert any("r.yaml:1:20  a: this where is always true" in one for one in warned)
    assert any("r.yaml:2:19  b: this when can never be true" in one for one in warned)
    assert not any(one.endswith("c: this where can never be true; the rule does nothing") for one in warned)


def test_brackets_and_quotes_are_read_as_they_are_meant() -> None:
    odd = 'where: "((channel == \'a)(\') && (budget.name == \\"x && y\\"))"'
    assert told(f"budget: {{min: 300}}, {odd}", f"budget: {{max: 200}}, {odd}")
    assert told("budget: {min: 300}, where: \"(channel == 'a') || (channel == 'b')\"", "budget: {max: 200}")
