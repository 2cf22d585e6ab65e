"""The table of docs/reliability.md: every number is there, every file it names is there and has a test in it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NUMBERS = {*(str(number) for number in range(1, 59)), "56b"}


def test_every_number_has_a_row_or_a_reason_and_every_row_a_test() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 40
    numbers: set[str] = set()
    for number, _, does, tests in rows:
        numbers |= {one.strip() for one in number.split(",")}
        assert does.strip()
        files = re.findall(r"`(tests/[^`]+)`", tests)
        assert files, f"{number}: no test"
        for name in files:
            path = ROOT / name
            assert path.is_file(), f"{number}: {name} is not there"
            assert re.search(r"^(async )?def test_|^    (async )?def test_", path.read_text("utf-8"), re.M), name
    missing = dict(re.findall(r"^- (\d+b?): (.+)$", text, re.M))
    assert numbers >= NUMBERS - set(missing)
    assert not numbers & set(missing), "done, or not done"
    assert all(len(reason) > 20 for reason in missing.values())
