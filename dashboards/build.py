"""Builds the Grafana dashboards of this folder: `python -m dashboards.build` writes them, a test builds them again.

The JSON files are what Grafana provisions and are never edited; a panel is changed in `shop_boards.py` or
`running_boards.py`, what all have in common in `panels.py`.
"""

from __future__ import annotations

from pathlib import Path

from dashboards.panels import built
from dashboards.running_boards import daemon, platforms
from dashboards.shop_boards import decisions, many_shops, shop_today

__all__ = ["FOLDER", "files"]

FOLDER = Path(__file__).resolve().parent
BOARDS = (shop_today, decisions, platforms, daemon, many_shops)


def files() -> dict[str, str]:
    """Every dashboard of this folder: file name → content."""
    return {f"{make.__name__.replace('_', '-')}.json": built(make()) for make in BOARDS}


if __name__ == "__main__":
    for name, content in files().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
        print(FOLDER / name)
