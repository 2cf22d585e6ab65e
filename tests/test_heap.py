"""Memory of all threads comes from one place."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from bidder.heap import one_arena

THREADS = """
import ctypes, threading
from bidder.heap import one_arena
assert one_arena()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
both = threading.Barrier(8)
def take():
    both.wait()
    for _ in range(200):
        libc.malloc(ctypes.c_size_t(4096))
threads = [threading.Thread(target=take) for _ in range(8)]
[one.start() for one in threads]
[one.join() for one in threads]
libc.malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arenas are glibc's")
def test_threads_share_one_arena() -> None:
    said = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True).stderr
    assert "Arena 0" in said
    assert "Arena 1" not in said


def test_where_there_is_no_such_library_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bidder.heap.platform.libc_ver", lambda: ("", ""))
    assert not one_arena()
