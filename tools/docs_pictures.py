"""Draws the pictures of docs/how-it-decides.md from what `bidder plan` and `bidder explain` say of the sandbox shop.

Run from the repository: `python tools/docs_pictures.py docs/pictures`. The days of the sandbox end today: the figures
move with the date of the drawing, what they show does not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "bidder", "font.size": 11, "axes.spines.top": False, "axes.spines.right": False})

from matplotlib import pyplot as plt  # noqa: E402 - the backend is chosen first

GREEN, SAND, CLAY = "#2f7d63", "#d9a441", "#a4542f"
SHOP = """
shop: {name: tea-house, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 60000, day: {max: 2000}}
accounts:
  - {name: wxt, platform: sandbox, mode: propose, timezone: Asia/Shanghai, seed: 0, path: platform.json}
store: sqlite:///bidder.db
"""


def asked(folder: Path, *words: str) -> Any:
    """What a command of bidder prints as JSON."""
    command = [sys.executable, "-m", "bidder", *words, "--json"]
    said = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603 - our own words
    return json.loads(said.stdout)


def draw_believed(entities: list[dict[str, Any]], file: Path) -> None:
    """Counted conversion beside the believed one with its interval, fewest clicks first."""
    rows = sorted(
        (b["counts"]["clicks"], r["raw"], r["believed"], r["low"], r["high"], b["id"])
         for b in entities for r in b["rates"] if r["rate"] == "cvr" and r["low"] is not None
    )  # fmt: skip
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    for x, (_, raw, believed, low, high, _) in enumerate(rows):
        axes.plot([x, x], [100 * low, 100 * high], color=GREEN, linewidth=5, alpha=0.35, solid_capstyle="round")
        axes.plot(x, 100 * raw, "o", color=SAND, markersize=7, label="counted" if x == 0 else None)
        axes.plot(x, 100 * believed, "D", color=GREEN, markersize=6, label="believed, with 80 %" if x == 0 else None)
    axes.set_xticks(
        range(len(rows)), [f"{name.split('/')[1]}\n{clicks:,.0f}" for clicks, *_, name in rows], fontsize=8, rotation=30
    )
    axes.set_ylabel("conversion, %")
    axes.set_xlabel("budget, and its clicks")
    axes.legend(frameon=False)
    save(figure, file)


def draw_curve(entity: dict[str, Any], file: Path) -> None:
    """Profit a day over the amount: today, the plan, and where one more unit earns nothing."""
    points = [(0.0, 0.0, None), *((p["amount"], p["profit"], p["at"]) for p in entity["curve"])]
    figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
    axes.plot([p[0] for p in points], [p[1] for p in points], color=GREEN, linewidth=2.5)
    for amount, profit, at in points:
        if at is not None:
            colour = {"now": SAND, "planned": CLAY}[at]
            axes.plot(amount, profit, "o", color=colour, markersize=9)
            axes.annotate(f"{at} {amount:.0f}", (amount, profit), (8, -14), textcoords="offset points", color=colour)
    axes.set_xlabel(f"daily budget of {entity['id']}, CNY")
    axes.set_ylabel("profit a day, CNY")
    axes.set_ylim(bottom=0)
    save(figure, file)


def save(figure: Any, file: Path) -> None:
    """Without a date, so that the same figures give the same file."""
    figure.savefig(file, metadata={"Date": None, "Creator": None})
    plt.close(figure)


def main(folder: Path) -> None:
    """Writes believed.svg and curve.svg."""
    with tempfile.TemporaryDirectory() as name:
        shop = Path(name)
        (shop / "bidder.yaml").write_text(SHOP, "utf-8")
        asked(shop, "poll")
        plan = asked(shop, "plan")
        entities = [asked(shop, "explain", one["id"])["budgets"][0] for one in plan["budgets"]]
    draw_believed(entities, folder / "believed.svg")
    raised = max(entities, key=lambda one: float(one["difference"]))
    draw_curve(raised, folder / "curve.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
