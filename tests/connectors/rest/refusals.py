"""A description with a mistake: refused at load, with the line and column of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bidder.config.load import load
from bidder.errors import ConfigError, Fault

__all__ = ["refused_at_load"]


def refused_at_load(path: Path, on_line: str, says: str, env: Mapping[str, str]) -> tuple[ConfigError, Fault, str]:
    """All that was said of the file, the fault that says this, and from its column on the line where it is."""
    with pytest.raises(ConfigError) as caught:
        load(path, env=env)
    said = [fault for fault in caught.value.faults if says in fault.message]
    assert said, f"expected {says!r} among {[str(one) for one in caught.value.faults]}"
    source = said[0].source
    assert source is not None
    line = path.read_text("utf-8").splitlines()[source.line - 1]
    assert on_line in line
    assert 0 < source.column <= len(line)
    return caught.value, said[0], line[source.column - 1 :]
