"""An archive of many shops: loading 16 million product-days, and one shop's 90 days out of them.

    python -m bench.history [--shops 2000] [--products 40] [--days 200]

Prints wall and CPU seconds of the load, the median of asking five shops, and the size of a row. Targets: 10 s and
0.3 s on two cores.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from bidder.money import MICROS
from bidder.reports import UNKNOWN_MICROS
from bidder.store.history import History, SeriesKey

__all__ = ["main"]

LAST = 20_780
BLOCK = 100
"""Shops a load."""


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser()
    for name, default in (("shops", 2000), ("products", 40), ("days", 200)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    draw, rows = np.random.default_rng(0), asked.products * asked.days * BLOCK
    clicks = draw.poisson(20, rows).astype(np.float64)
    columns = {
        "day": np.tile(np.arange(LAST - asked.days + 1, LAST + 1), asked.products * BLOCK),
        "impressions": clicks * 30,
        "clicks": clicks,
        "orders": draw.poisson(0.6, rows).astype(np.float64),
        "units": np.full(rows, np.nan),
        "spend": draw.integers(0, 200, rows) * MICROS,
        "revenue": draw.integers(0, 900, rows) * MICROS,
        "amount": np.full(rows, UNKNOWN_MICROS),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.duckdb"
        history = History(path)
        began, cpu = time.perf_counter(), time.process_time()
        for first in range(0, asked.shops, BLOCK):
            keys = [
                SeriesKey(f"shop{shop}", "ads", f"b{n}", f"c{n}", f"P{n}", -1, "CNY")
                for shop in range(first, min(first + BLOCK, asked.shops))
                for n in range(asked.products)
            ]
            known = history.series(keys)
            numbers = [known[key] for key in keys]
            size = len(numbers) * asked.days
            series = np.repeat(np.array(numbers, dtype=np.int32), asked.days)
            history.load({"series": series, **{name: column[:size] for name, column in columns.items()}})
        loaded = time.perf_counter() - began, time.process_time() - cpu
        history.close()
        history = History(path, read_only=True)
        took = []
        for number in np.linspace(0, asked.shops - 1, 5).astype(int):
            began = time.perf_counter()
            found = history.totals(LAST - 89, LAST, shop=f"shop{number}")
            took.append(time.perf_counter() - began)
            assert len(found) == asked.products
            assert all(one.days == 90 for one in found)
        history.close()
        total = asked.shops * asked.products * asked.days
        print(
            f"{total:,} product-days loaded in {loaded[0]:.1f} s ({loaded[1]:.1f} s of CPU), target 10 s for 16 million"
        )
        print(f"90 days of one shop: {median(took):.3f} s, target 0.3 s; {path.stat().st_size / total:.1f} bytes a row")


if __name__ == "__main__":
    main()
