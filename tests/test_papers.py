"""What is written beside the code stays true: commands that exist, files that are there, nothing of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bidder.cli.main import app

ROOT = Path(__file__).resolve().parents[1]


def tracked() -> list[Path]:
    """Every text file that is part of the project."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name]
    return [ROOT / name for name in names if Path(name).suffix not in {".png", ".ico", ".xlsx", ".xls"}]


@pytest.mark.parametrize("paper", ["README.md", "CONTRIBUTING.md"])
def test_every_command_that_a_paper_names_exists(paper: str) -> None:
    text = (ROOT / paper).read_text("utf-8")
    code = " \n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)) + "\n"
    commands = set(re.findall(r"\bbidder ([a-z]+)(?=[ `\n])", code))
    assert commands or paper != "README.md"
    known = {command.name or "" for command in app.registered_commands}
    assert commands <= known
    targets = set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)`", text, re.MULTILINE))
    targets = {name for pair in targets for name in pair if name}
    assert {"demo", "test"} <= targets
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("paper", ["README.md", "CONTRIBUTING.md"])
def test_every_link_of_a_paper_leads_somewhere(paper: str) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", (ROOT / paper).read_text("utf-8")):
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_every_command_explains_itself() -> None:
    for command in app.registered_commands:
        shown = CliRunner().invoke(app, [str(command.name), "--help"])
        assert shown.exit_code == 0
        assert len(shown.output) > 200


def test_nothing_of_one_machine_is_written_down() -> None:
    own = re.compile(r"/(?:work|root|home)/[a-z]|--(?:extra-)?index-url[= ]http|--registry[= ]http")
    found = [
        f"{path.relative_to(ROOT)}: {m[0]}"
        for path in tracked()
        for m in own.finditer(path.read_text("utf-8", "replace"))
    ]
    assert found == []
