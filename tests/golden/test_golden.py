"""What a person reads: `bidder plan` and `bidder explain`, word for word, over small shops written in CSV and YAML.

A case is a folder with its files, `commands`, and `expected.txt`: the commands with what they print. Numbers may differ
by 2 % (other processors round otherwise), plan ids, instants and widths of columns do; all else is exact. After a
wanted change: `BIDDER_GOLDEN=write pytest tests/golden`, and read the difference before it is committed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bidder.cli.main import app
from bidder.errors import BidderError

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/commands"))

NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?")
INSTANT = re.compile(r"\b\d{4}-\d\d-\d\dT\S+")
PLAN_ID = re.compile(r"\b[0-9a-f]{12}\b")


def transcript(folder: Path) -> str:
    """Each command with what it says."""
    parts = []
    for line in (folder / "commands").read_text("utf-8").splitlines():
        result = CliRunner().invoke(app, shlex.split(line)[1:], env={"COLUMNS": "100"})
        said = str(result.exception) if isinstance(result.exception, BidderError) else result.stdout
        assert result.exception is None or isinstance(result.exception, BidderError | SystemExit), result.exception
        parts.append(f"$ {line}\n" + "\n".join(row.rstrip() for row in said.rstrip().splitlines()))
    return "\n\n".join(parts) + "\n"


def words(text: str) -> list[str]:
    """The text without its numbers, plan ids, bars and widths."""
    bare = PLAN_ID.sub("PLAN", INSTANT.sub("INSTANT", re.sub(r"[▏▎▍▌▋▊▉█]+", "", text)))
    return NUMBER.sub("0", bare).split()


def numbers(text: str) -> list[float]:
    """Its numbers, plan ids left out."""
    return [float(one.replace(",", "")) for one in NUMBER.findall(PLAN_ID.sub("", INSTANT.sub("", text)))]


@pytest.mark.parametrize("case", CASES)
def test_what_a_person_reads(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / case
    shutil.copytree(HERE / case, folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("BIDDER_CONFIG", raising=False)
    monkeypatch.delenv("BIDDER_STORE", raising=False)
    said = transcript(folder)
    expected = HERE / case / "expected.txt"
    if os.environ.get("BIDDER_GOLDEN") == "write":
        expected.write_text(said, "utf-8")
    kept = expected.read_text("utf-8")
    how = "a wanted change? BIDDER_GOLDEN=write pytest tests/golden"
    assert words(said) == words(kept), how
    assert numbers(said) == pytest.approx(numbers(kept), rel=0.02, abs=0.05), how


def test_there_are_cases() -> None:
    assert CASES
