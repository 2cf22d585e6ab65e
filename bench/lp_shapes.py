#!/usr/bin/env python3
"""Other shapes of budget programs in the format of `lp_bench.py`, to see that the optimizer knows more than one.

    lp_shapes.py {one-row,overlapping,equal,infeasible} --products 10000 --out INSTANCE.npz [--seed 0]

one-row: the total alone. overlapping: 200 rows of random members, every product in about ten. equal: every value is 1,
so that all is tied. infeasible: floors of two categories that the total cannot pay.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def shape(kind: str, products: int, seed: int, segments: int = 8) -> dict[str, NDArray[np.generic]]:
    """The arrays of one instance."""
    random = np.random.default_rng([seed, products])
    first = random.uniform(0.15, 0.6, (products, 1)) * random.lognormal(1.6, 0.7, (products, 1))
    fall = np.cumprod(np.c_[np.ones(products), random.uniform(0.6, 0.95, (products, segments - 1))], axis=1)
    value = np.ones((products, segments)) if kind == "equal" else first * fall
    width = random.lognormal(3.0, 1.0, (products, 1)) * random.uniform(0.5, 1.5, (products, segments)) / segments
    size = width.sum(axis=1)
    budget = 0.35 * float(size.sum())
    members: list[NDArray[np.bool_]] = [np.ones(products, dtype=np.bool_)]
    lower, upper, names = [-np.inf], [budget], ["total"]

    def add(name: str, chosen: NDArray[np.bool_], low: float, high: float) -> None:
        members.append(chosen)
        names.append(name)
        lower.append(low)
        upper.append(high)

    if kind == "overlapping":
        for row in range(199):
            chosen = random.random(products) < random.uniform(0.01, 0.1)
            most = float(size[chosen].sum())
            add(f"group-{row}", chosen, 0.05 * most * float(random.random()), most * float(random.uniform(0.15, 0.6)))
    if kind in {"equal", "infeasible"}:
        category = random.integers(0, 10, products)
        for row in range(10):
            chosen = category == row
            most = float(size[chosen].sum())
            low = 0.3 * most if kind == "equal" else 0.9 * most * (row in {3, 7}) + 0.25 * most * (row not in {3, 7})
            add(f"category-{row}", chosen, low, np.inf if kind == "infeasible" else 0.5 * most)
    columns = [np.flatnonzero(np.repeat(chosen, segments)) for chosen in members]
    return {
        "value": value.ravel(),
        "width": width.ravel(),
        "product": np.repeat(np.arange(products), segments),
        "data": np.ones(sum(len(one) for one in columns)),
        "indices": np.concatenate(columns).astype(np.int32),
        "indptr": np.cumsum([0, *(len(one) for one in columns)]).astype(np.int32),
        "lower": np.array(lower),
        "upper": np.array(upper),
        "row_names": np.array(names),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["one-row", "overlapping", "equal", "infeasible"])
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    np.savez(arguments.out, **shape(arguments.kind, arguments.products, arguments.seed))  # type: ignore[arg-type]  # numpy's own signature


if __name__ == "__main__":
    main()
