"""The terminal: an example for each command, plain where nobody looks, no colour where none is wanted, completion."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bidder.cli.examples import EXAMPLES
from bidder.cli.main import app

ROOT = typer.main.get_command(app)
COLOUR = re.compile(r"\x1b\[[\d;]*(?:3[0-7]|4[0-7]|9[0-7]|38|48)[\d;]*m")


def commands(command: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command by its words; typer brings a click of its own."""
    if hasattr(command, "commands"):
        for name, one in command.commands.items():
            yield from commands(one, (*path, name))
    else:
        yield " ".join(path), command


EVERY = dict(commands())


@pytest.mark.parametrize("name", EVERY)
def test_the_help_of_every_command_shows_an_example(name: str) -> None:
    shown = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    lines = [line.strip() for line in shown.output.splitlines()]
    assert EXAMPLES[name]
    for example in EXAMPLES[name]:
        assert example in lines, shown.output


@pytest.mark.parametrize("name", EVERY)
def test_an_example_is_something_that_the_command_takes(name: str) -> None:
    command = EVERY[name]
    for example in EXAMPLES[name]:
        words = shlex.split(example)
        assert words[: 1 + len(name.split())] == ["bidder", *name.split()]
        command.make_context(name, words[1 + len(name.split()) :], resilient_parsing=False)


def test_what_is_shown_can_be_had_by_programs_too() -> None:
    shows = (
        "plan",
        "explain",
        "journal",
        "status",
        "check",
        "todo",
        "activities",
        "digest",
        "poll",
        "import",
        "backtest",
    )
    for name in shows:
        assert any("--json" in one.opts for one in EVERY[name].params), name


def bidder(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bidder", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**_environment(), **env})


def _environment() -> dict[str, str]:
    loud = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TERM")
    kept = {name: value for name, value in os.environ.items() if name not in loud}
    return {**kept, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "TERM": "xterm-256color"}


def on_a_terminal(*words: str, **env: str) -> str:
    """What a person would see."""
    here, there = pty.openpty()
    command = [sys.executable, "-m", "bidder", *words]
    process = subprocess.Popen(command, stdin=there, stdout=there, stderr=there, env={**_environment(), **env})
    os.close(there)
    shown = b""
    while True:
        try:
            more = os.read(here, 65536)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        shown += more
    process.wait()
    os.close(here)
    return shown.decode()


def test_a_terminal_gets_colours_but_not_where_no_color_is_set() -> None:
    assert COLOUR.search(on_a_terminal("plan", "--help"))
    assert not COLOUR.search(on_a_terminal("plan", "--help", NO_COLOR="1"))


@pytest.fixture
def history(tmp_path: Path) -> str:
    """A file of three weeks of two products."""
    lines = ["date,product,spend,impressions,clicks,orders,revenue"]
    for day in range(1, 22):
        lines += [f"2026-09-{day:02},tea,100.00,5000,100,{4 + day % 3},{(4 + day % 3) * 80}.00"]
        lines += [f"2026-09-{day:02},pots,60.00,3000,60,{1 + day % 2},{(1 + day % 2) * 120}.00"]
    (tmp_path / "report.csv").write_text("\n".join(lines), "utf-8")
    return str(tmp_path / "report.csv")


def test_a_plan_that_is_piped_is_plain_and_one_for_programs_is_json(history: str) -> None:
    asked = ("plan", "--history", history, "--total", "200", "--currency", "CNY")
    shown = bidder(*asked)
    assert shown.returncode == 0, shown.stderr
    assert "\x1b" not in shown.stdout + shown.stderr
    assert "tea" in shown.stdout
    assert {one["id"].rpartition("/")[2] for one in json.loads(bidder(*asked, "--json").stdout)["budgets"]} == {
        "tea",
        "pots",
    }
    assert not COLOUR.search(on_a_terminal(*asked, NO_COLOR="1"))
    assert "\x1b" not in bidder("plan", "--help").stdout


def test_a_shell_completes_commands_and_options() -> None:
    def offered(*words: str) -> list[str]:
        asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_BIDDER_COMPLETE": "complete_bash"}
        return as_bidder(**asked).split()

    assert "complete_bash" in as_bidder(_BIDDER_COMPLETE="source_bash")
    assert offered("bidder", "pl") == ["plan"]
    assert {"halt", "hold"} <= set(offered("bidder", "h"))
    assert "--what-if" in offered("bidder", "plan", "--w")


def as_bidder(**env: str) -> str:
    """What the installed command says, whose name completion goes by."""
    program = "import sys; sys.argv[0] = 'bidder'; from bidder.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, env={**_environment(), **env}
    )
    return done.stdout
