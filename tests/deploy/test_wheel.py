"""The wheel, built and installed apart: bidder works where there is no repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Installed:
    """bidder from its wheel, in a folder of its own, run from another."""

    def __init__(self, place: Path, wheel: Path) -> None:
        self.wheel, self.target, self.home = wheel, place / "target", place / "home"
        self.home.mkdir()

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Whatever Python does with it; only the libraries are the test's own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BIDDER_", "PYTHON"))}
        return subprocess.run(
            [sys.executable, "-P", *words],
            cwd=self.home,
            env={**kept, "PYTHONPATH": str(self.target)},
            capture_output=True,
            text=True,
            timeout=240,
        )

    def bidder(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command, by the script that the wheel installs."""
        return self.python(str(self.target / "bin" / "bidder"), *words)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Built and installed once, without an index."""
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    quiet = {**os.environ, "PIP_NO_INDEX": "1"}
    build = [*pip, "wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", str(place), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, env=quiet)
    (wheel,) = place.glob("bidder-*.whl")
    found = Installed(place, wheel)
    install = [*pip, "install", "--no-deps", "--target", str(found.target), str(wheel)]
    subprocess.run(install, check=True, capture_output=True, env=quiet)
    return found


pytestmark = pytest.mark.xdist_group("wheel")


def test_what_runs_is_the_wheel(installed: Installed) -> None:
    said = installed.python("-c", "import bidder; print(bidder.__file__)")
    assert Path(said.stdout.strip()).is_relative_to(installed.target), said.stderr


def test_templates_words_pictures_and_migrations_are_in_it(installed: Installed) -> None:
    names = {name for name in zipfile.ZipFile(installed.wheel).namelist() if ".dist-info/" not in name}
    on_disk = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "bidder").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == on_disk
    assert {"bidder/py.typed", "bidder/web/static/bidder.css", "bidder/store/migrations/env.py"} <= names


def test_the_demo_runs_from_the_wheel(installed: Installed) -> None:
    said = installed.bidder("demo", "--days", "3", "--speed", "max", "--json", "--listen", "127.0.0.1:0")
    assert said.returncode == 0, said.stderr
    figures = json.loads(said.stdout.splitlines()[-1])
    assert (figures["days"], figures["cap_breaches"]) == (3, 0)


def test_schema_and_check_work_from_the_wheel(installed: Installed) -> None:
    said = installed.bidder("schema", "--write", "schema")
    assert said.returncode == 0, said.stderr
    written = {path.name: path.read_text("utf-8") for path in (installed.home / "schema").iterdir()}
    assert written == {path.name: path.read_text("utf-8") for path in (ROOT / "config" / "schema").iterdir()}
    (installed.home / "bidder.yaml").write_text("shop: {name: tea}\nobjectve: profit\n", "utf-8")
    said = installed.bidder("check")
    assert said.returncode == 2
    assert "bidder.yaml:2:1" in said.stderr + said.stdout
    assert "did you mean objective?" in said.stderr + said.stdout
