#!/usr/bin/env python3
"""What the optimizer promises, at full size (the tests hold the same on fewer cases): prints one line of JSON each.

promises.py oracle [--shops 1000]       the worst ratio to water-filling over random shops (SCIENCE 4.1: 0.9995)
promises.py rounding [--vectors 100000] sums above their total, over currencies of 0, 2 and 3 decimals (none)
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

if __package__ in (None, ""):  # run as a file: the repository root is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.objective import Objective, value
from bidder.optimizer.rounding import whole_steps
from bidder.plan import Allocation, Certificate, Price
from tests.optimizer.shops import between, only, random_shop, total, water_filling

SURE = AllocateSettings(doubt=0.0, calm=0.0)


def oracle(shops: int) -> dict[str, float]:
    """The worst of `shops` random shops of 2 to 40 budgets under a total and boxes, beside water-filling."""
    worst, over, outside = np.inf, 0.0, 0.0
    begun = time.perf_counter()
    for seed in range(shops):
        random = np.random.default_rng(seed)
        size = int(random.integers(2, 41))
        shop = random_shop(seed, size, hill=seed % 2 == 1)
        lower, upper = 0.05 * shop.curves.scale, random.uniform(0.5, 4.0, size) * shop.curves.scale
        bound = float(random.uniform(0.3, 1.5) * shop.curves.scale.sum())
        limits = only(total(size, bound), between(size, lower, upper), size=size)
        answer = allocate(shop.curves, limits, Objective.PROFIT, shop.now, SURE)
        best = float(value(Objective.PROFIT, shop.curves, water_filling(shop, lower, upper, bound)).sum())
        worst = min(worst, answer.objective / best)
        over = max(over, float(answer.amounts.sum()) / bound - 1.0)
        beyond = np.maximum(lower - answer.amounts, answer.amounts - upper) / answer.amounts
        outside = max(outside, float(beyond.max()))
    seconds = time.perf_counter() - begun
    return {"shops": shops, "worst": worst, "over_total": over, "outside_bounds": outside, "seconds": seconds}


def rounding(vectors: int) -> dict[str, float]:
    """How many of random vectors round to more than their total, and the most that is left over, in steps."""
    random = np.random.default_rng(0)
    above, left = 0, 0.0
    for turn in range(vectors):
        size, step = int(random.integers(1, 25)), (1_000_000, 10_000, 1_000)[turn % 3]
        amounts = random.lognormal(3.0, 1.0, size)
        bound = float(np.round(amounts.sum(), 3))
        amounts *= min(1.0, bound / amounts.sum())
        limits = only(total(size, bound), size=size)
        price = (Price("day total", 0.0, True, 0.0),)
        given = Allocation(amounts, 0.0, 0.0, amounts, price, (), 0.0, Certificate("optimal", 0.0))
        micros = whole_steps(given, limits, np.ones(size), np.full(size, step), np.full(size, -1))
        above += int(micros.sum()) > round(bound * 1e6)
        left = max(left, (bound * 1e6 - float(micros.sum())) / step)
    return {"vectors": vectors, "above": above, "most_left_in_steps": left}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("promise", choices=["oracle", "rounding"])
    parser.add_argument("--shops", type=int, default=1_000)
    parser.add_argument("--vectors", type=int, default=100_000)
    arguments = parser.parse_args()
    result = oracle(arguments.shops) if arguments.promise == "oracle" else rounding(arguments.vectors)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
