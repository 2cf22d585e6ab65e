"""Disks that are full and have room again: a small tmpfs where one may be mounted, else a limit on sizes of files."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Disk", "a_limit", "a_tmpfs"]


@dataclass(frozen=True)
class Disk:
    """A folder on it, and how to fill and to free it."""

    folder: Path
    fill: Callable[[], None]
    free: Callable[[], None]


@contextmanager
def a_tmpfs(folder: Path, kilobytes: int) -> Iterator[Disk | None]:
    """A file system of that size in memory; None where this user may not mount one."""
    folder.mkdir(mode=0o755)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        yield None
        return
    filler = folder / "filler"

    def fill() -> None:
        with filler.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                return

    try:
        yield Disk(folder, fill, lambda: filler.unlink(missing_ok=True))
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def a_limit(folder: Path) -> Iterator[Disk]:
    """No file of this process may grow beyond the largest one here."""
    folder.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> None:
        largest = max(path.stat().st_size for path in folder.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))

    def free() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    try:
        yield Disk(folder, fill, free)
    finally:
        free()
