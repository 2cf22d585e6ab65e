"""Slips drawn at random in every file: refused where they stand or warned about, never ignored, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidder.config.load import load
from bidder.errors import ConfigError, Fault
from tests.config.slips import KINDS, Slip, slips
from tests.config.whole_shop import ENVIRONMENT, FILES, write_whole_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whole_shop(tmp_path_factory.mktemp("whole"))


def told(path: Path, slip: Slip) -> list[Fault]:
    """What is said of it, refused or not."""
    target = path.parent / slip.file
    target.write_text(slip.text, "utf-8")
    try:
        return list(load(path, env=ENVIRONMENT).warnings)
    except ConfigError as e:
        return list(e.faults)
    finally:
        target.write_text(FILES[slip.file], "utf-8")


def unsaid(path: Path, seed: int, count: int) -> list[str]:
    """Slips of which nothing is said where they stand."""
    found = []
    for slip in slips(seed, count):
        lines = {one.source.line for one in told(path, slip) if one.source and one.source.file.endswith(slip.file)}
        if not lines & slip.lines:
            found.append(str(slip))
    return found


def test_the_whole_shop_itself_is_without_fault_or_warning(shop: Path) -> None:
    assert load(shop, env=ENVIRONMENT).warnings == ()


def test_slips_of_every_kind_are_drawn_in_every_file() -> None:
    drawn = list(slips(0, 400))
    assert {one.kind for one in drawn} >= {*KINDS, "row"}
    assert {one.file for one in drawn} == set(FILES)


def test_each_slip_is_told_where_it_stands(shop: Path) -> None:
    assert unsaid(shop, seed=11, count=100) == []


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(20))
def test_thousands_of_slips_are_told(shop: Path, seed: int) -> None:
    assert unsaid(shop, seed, 300) == []


HARDLY_MEANT = [
    ("cpa: {max: 60}", "cpa: {max: 0.4}"),
    ("budget: {min: 40, max: 600}", "budget: {min: 4, max: 600}"),
    ("pin: {at: 300}", "pin: {at: 3}"),
    ("total: {max: 15000, per: week}", "total: {max: 150, per: week}"),
    ("cash: {max: 20000, days: 15d}", "cash: {max: 200, days: 15d}"),
    ("step: {raise: 30%,", "step: {raise: 0.3%,"),
    ("step: {max: 20%, min: 5%}", "step: {max: 20%, min: 0.05}"),
    ("floor: 100, others: minimum", "floor: 100, others: 3.7"),
    ("tacos: {max: 15%}", "tacos: {max: 0.15%}"),
    ("marginal_roas: {min: 2.5}", "marginal_roas: {min: 250}"),
    ("roas: {min: break_even * 1.2}", "roas: {min: break_even * 120}"),
]


@pytest.mark.parametrize(("was", "written"), HARDLY_MEANT)
def test_a_hundredth_is_told_as_well(shop: Path, was: str, written: str) -> None:
    text = FILES["rules/rules.yaml"]
    line = text[: text.index(was)].count("\n") + 1
    slip = Slip("off by 100", written, "rules/rules.yaml", frozenset({line}), text.replace(was, written))
    assert [one.source.line for one in told(shop, slip) if one.source] == [line]
