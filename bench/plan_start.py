"""`bidder plan` from process start: 40 products × 90 days in the store, beside starting Python with NumPy alone.

    python -m bench.plan_start [--products 40] [--days 90] [--runs 5]

Prints the median of each over the runs, and their ratio. The target is 1.5 s on two cores (PRODUCT 8).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np

from bidder.account_day import AccountDay
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Money, currency_of
from bidder.performance import Observation, Performance
from bidder.reports import Reports
from bidder.store import open_store

__all__ = ["fill", "main"]


def fill(url: str, products: int, days: int, seed: int = 1) -> None:
    """A store with so many products and days of plausible figures."""
    chance = np.random.default_rng(seed)
    currency = currency_of("CNY")
    last = date(2026, 11, 22)
    rows = []
    for index in range(products):
        spend, cpc, cvr = chance.uniform(40, 400), chance.uniform(0.6, 2.5), chance.uniform(0.01, 0.06)
        for back in range(days):
            cost = spend * chance.uniform(0.8, 1.2)
            clicks = int(chance.poisson(cost / cpc))
            orders = float(chance.binomial(clicks, cvr))
            account = AccountId("shop")
            day = last - timedelta(days=back)
            rows.append(
                Observation(
                    account=account,
                    budget=BudgetId(account, f"c{index}"),
                    campaign=f"c{index}",
                    product=ProductId(f"p{index}"),
                    day=AccountDay("Asia/Shanghai", day),
                    observed_at=datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC),
                    performance=Performance(
                        impressions=clicks * 50,
                        clicks=clicks,
                        spend=Money.reported(round(cost, 2), currency),
                        orders=orders,
                        revenue=Money.reported(orders * 90, currency),
                    ),
                    amount=Money.reported(round(spend, 2), currency),
                )
            )
    store = open_store(url)
    try:
        store.add_reports(Reports.of(rows))
    finally:
        store.close()


def timed(command: list[str], folder: str, runs: int) -> float:
    """Median seconds of the command as a whole process."""
    environment = {**os.environ, "BIDDER_STORE": f"sqlite:///{folder}/bench.db"}
    environment.pop("BIDDER_CONFIG", None)
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - begun)
    return median(seconds)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=40)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    root = str(Path(__file__).resolve().parents[1])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTHONPATH"] = root
        fill(f"sqlite:///{folder}/bench.db", asked.products, asked.days)
        bare = timed([sys.executable, "-c", "import numpy"], folder, asked.runs)
        plan = timed([sys.executable, "-m", "bidder", "plan", "--json"], folder, asked.runs)
    size = f"{asked.products} products x {asked.days} days, median of {asked.runs}"
    print(f"plan_start ({size}): bidder plan {plan:.2f} s, python + numpy {bare:.2f} s, ratio {plan / bare:.1f}")


if __name__ == "__main__":
    main()
