"""Everything of `make bench`, one after the other: speeds and qualities as ratios within one run.

python -m bench.all
"""

from __future__ import annotations

import subprocess
import sys

__all__ = ["PARTS", "main"]

PARTS = (
    ("bench.plan_start",),
    ("bench.history",),
    ("bench.decide_scale", "--products", "40,1000,100000"),
    ("bench.rules_scale",),
    ("bench.scrape",),
    ("bench.promises", "oracle"),
    ("bench.promises", "rounding"),
    ("bench.lp_shapes",),
    ("bench.page",),
    ("bench.fleet", "--shops", "200", "--batch", "25"),
    ("bench.fleet_day", "--shops", "20"),
    ("bench.bids", "--kinds", "all", "--seeds", "0-4"),
)
"""Modules and their arguments, cheapest first."""


def main() -> None:
    """Runs every part; ends with 1 when one of them failed."""
    failed = [part for part in PARTS if subprocess.run([sys.executable, "-m", *part], check=False).returncode]
    for part in failed:
        print(f"failed: {' '.join(part)}", file=sys.stderr)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
