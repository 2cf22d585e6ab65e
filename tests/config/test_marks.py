"""YAML without guesses: what could mean two things is refused at its place."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.config.marks import LARGEST, _carefully, _quickly, read_yaml
from bidder.errors import ConfigError, Fault, Source
from tests.config.mutations import EXAMPLE, FILES


def test_values_are_what_is_written_and_nothing_more() -> None:
    text = 'a: 1\nb: -2.50\nc: true\nd: "yes"\ne: 30%\nf: 2026-11-11\ng: [x, ~]\nh: {i: "007"}\nj: "1_000"\n'
    assert read_yaml(text, "f").value == {
        "a": 1,
        "b": Decimal("-2.50"),
        "c": True,
        "d": "yes",
        "e": "30%",
        "f": "2026-11-11",
        "g": ["x", None],
        "h": {"i": "007"},
        "j": "1_000",
    }
    assert read_yaml("", "f").value is None
    assert read_yaml("big: 123456789012345678901234567890123", "f").value == {
        "big": Decimal("1.23456789012345678901234567890123e32")
    }


def test_every_value_knows_its_place() -> None:
    document = read_yaml("shop:\n  name: tea\nrules:\n  - a.yaml\n  - 'b.yaml'\nnote: |\n  two\n  lines\n", "f.yaml")
    assert document.at(("shop", "name")) == Source("f.yaml", 2, 9)
    assert document.key_at(("shop", "name")) == Source("f.yaml", 2, 3)
    assert document.at(("rules", 1)) == Source("f.yaml", 5, 5)
    assert document.key_at(("rules", 1)) == Source("f.yaml", 5, 5)
    assert document.text_at(("rules", 1)) == (Source("f.yaml", 5, 6), True)
    assert document.text_at(("rules", 0)) == (Source("f.yaml", 4, 5), True)
    assert document.text_at(("note",))[1] is False
    assert document.at(("shop", "no-such", "step", "name")) == Source("f.yaml", 2, 9)
    assert document.at(("nowhere",)) == Source("f.yaml", 1, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: no", '1:4  no may be read as true or false: write true, false or "no" in quotes'),
        ("a: On", "1:4  On may be read"),
        ("yes: 1", "1:1  yes may be read"),
        ("a: 1_000", "1:4  1_000 may be read as a number: write it without _"),
        ("a: 10:30", '1:4  10:30 may be read as a number to base 60: write "10:30"'),
        ("a: 010", "1:4  010 may be read as octal"),
        ("a: 0x1F", "1:4  0x1F write numbers to base 10"),
        ("a: 0o17", "base 10"),
        ("a: .inf", "is no number"),
        ("a: .NaN", "is no number"),
        ("a: 1e3", "write the number out"),
        ("a: .5", "both sides of its point"),
        ("a: 5.", "both sides of its point"),
        ("a: 1\na: 2", "2:1  a: written twice; it stands in line 1 already"),
        ("a:\n\t- b", "2:1  a tab: YAML wants spaces here"),
        ("a: &x 1", "1:4  &x: anchors are not used here"),
        ("a: &x 1\nb: *x", "2:4  *x: aliases are not used here"),
        ("<<: {a: 1}", "1:1  <<: merge keys"),
        ("a: !!int 1", "1:4  tag:yaml.org,2002:int: tags are not used"),
        ("a: !x 1", "!x: tags are not used"),
        ("a: 1\n---\nb: 1", "2:1  a second document"),
        ("? [a]\n: 1", "1:3  expected a word as key"),
        ("1: a", "1:1  expected a word as key, was 1"),
        ("? \n: a", "expected a word as key, was nothing"),
        ("a:", "1:1  a: nothing is written behind it"),
        ("a: null", "1:1  a: nothing is written behind it"),
        ("a: 'x", "the file ends inside quotes"),
        ("a: b: c", "1:5  a colon is not allowed here"),
        ("a: [1, 2", "a bracket before this is not closed"),
        ("a: %x", "1:4  text that begins with % needs quotes"),
        ("a: @x", "text that begins with @"),
        ("where: 'hero' in product.tags", "1:15  does not fit what stands before it; text that begins with a quote"),
        ("a: {b: 1", "not closed"),
        ("a: \x07", "1:4  a character that a text file cannot have"),
        ("a\nb: 1", "2:2  a colon is not allowed here"),
        ("a: !<tag:x", "cannot be read as YAML"),
        ("[" * 60, "nested too deeply"),
        ("a: " + "x" * LARGEST, "expected a configuration"),
    ],
)
def test_what_could_mean_two_things_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_yaml(text, "f.yaml")
    assert told in str(caught.value)
    assert str(caught.value).startswith("f.yaml")


def test_all_faults_of_a_file_come_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read_yaml("a: no\nb: 1_0\na: 2\nc:", "f.yaml")
    assert [fault.source.line for fault in caught.value.faults if fault.source] == [1, 2, 3, 4]


def _faults_of(text: str) -> tuple[Fault, ...]:
    """What is wrong with a text; anything but a ConfigError fails the test."""
    try:
        read_yaml(text, "f.yaml")
    except ConfigError as e:
        return e.faults
    return ()


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=300)
def test_any_text_is_read_or_refused_and_never_more(text: str) -> None:
    assert all(fault.source is not None for fault in _faults_of(text))


@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@` \n\t0.1,?~<", max_size=40))
@settings(deadline=None, max_examples=300)
def test_any_signs_of_yaml_are_read_or_refused_and_never_more(text: str) -> None:
    assert all(fault.source is not None for fault in _faults_of(text))


LINES = [line for file in FILES for line in (EXAMPLE / file).read_text("utf-8").splitlines() if line.strip()]
SIGNS = st.text(alphabet="ab:-[]{}#&*!|>'\"%@` \n0.1,~<茶", max_size=4)


@given(st.lists(st.sampled_from(LINES), max_size=6), st.lists(st.tuples(st.integers(0, 200), SIGNS), max_size=3))
@settings(deadline=None, max_examples=200)
def test_what_is_read_quickly_is_what_is_read_carefully(lines: list[str], slips: list[tuple[int, str]]) -> None:
    """Every value, each of its places and its quotes."""
    text = "\n".join(lines)
    for at, signs in slips:
        text = text[:at] + signs + text[at:]
    quick = _quickly(text, "f.yaml")
    if quick is not None:
        assert quick == _carefully(text, "f.yaml")


@pytest.mark.parametrize("file", FILES)
def test_the_example_is_read_quickly(file: str) -> None:
    text = (EXAMPLE / file).read_text("utf-8")
    quick = _quickly(text, file)
    assert quick is not None
    assert quick == _carefully(text, file)
