"""Every mistake in the example is refused where it stands, or warned about; none is ignored, none is a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidder.config.load import load
from bidder.errors import ConfigError, Fault
from tests.config.mutations import EXAMPLE, Mutation, copy_of_example, mutations

ALL = list(mutations())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_example(tmp_path_factory.mktemp("shop") / "config")


def _told(path: Path, mutation: Mutation) -> tuple[list[Fault], bool]:
    """What is said of the mutated example, and whether it was refused."""
    target = path.parent / mutation.file
    original = target.read_text("utf-8")
    target.write_text(mutation.text, "utf-8")
    try:
        return list(load(path, env={}).warnings), False
    except ConfigError as e:
        return list(e.faults), True
    finally:
        target.write_text(original, "utf-8")


def test_there_are_hundreds_of_mistakes() -> None:
    assert len(ALL) >= 200


def test_the_example_itself_is_without_fault_or_warning(shop: Path) -> None:
    assert load(shop, env={}).warnings == ()


@pytest.mark.parametrize("part", range(8))
def test_each_mistake_is_refused_where_it_stands_or_warned_about(shop: Path, part: int) -> None:
    silent, elsewhere = [], []
    for mutation in ALL[part::8]:
        told, refused = _told(shop, mutation)
        lines = {one.source.line for one in told if one.source and one.source.file.endswith(mutation.file)}
        if not told:
            silent.append(str(mutation))
        elif refused and mutation.line not in lines:
            elsewhere.append(f"{mutation}: {'; '.join(map(str, told))}")
    assert silent == []
    assert elsewhere == []


def test_all_mistakes_at_once_are_told_at_once(tmp_path: Path) -> None:
    path = copy_of_example(tmp_path / "config")
    path.write_text(path.read_text("utf-8").replace("mode: propose", "mode: propos").replace("poll: 30m", "pol: 30m"))
    rules = path.parent / "rules/base.yaml"
    rules.write_text(rules.read_text("utf-8").replace("share:", "shre:"), "utf-8")
    products = path.parent / "products.csv"
    products.write_text(products.read_text("utf-8").replace("268", "-268"), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, env={})
    text = str(caught.value)
    for word in ("did you mean propose?", "did you mean poll?", "did you mean share?", "products.csv:2:17"):
        assert word in text
    places = [fault.source for fault in caught.value.faults]
    assert places == sorted(places, key=lambda place: place or pytest.fail("a fault without a place"))


def test_no_mutation_leaves_the_example_as_it_was() -> None:
    for mutation in ALL:
        assert mutation.text != (EXAMPLE / mutation.file).read_text("utf-8"), str(mutation)
