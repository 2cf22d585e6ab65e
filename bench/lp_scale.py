#!/usr/bin/env python3
"""bidder's optimizer on an instance of `lp_bench.py`: reads INSTANCE.npz, writes ANSWER.npz in that format.

    lp_scale.py INSTANCE.npz ANSWER.npz [--start YESTERDAY.npz]

Prints one line of JSON: status, certificate and the seconds from the arrays in memory to the answer (reading and
writing files excluded, finding the patterns included). `--start` begins from the prices of another answer. When no
amounts keep all rows, the status is `infeasible`, `rows` names those that clash, `proof` is Farkas' (positive: nothing
is feasible), and the exit code is 3.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidder.optimizer.certify import farkas, prove
from bidder.optimizer.large import optimum
from bidder.optimizer.program import Program
from bidder.optimizer.solve import solve

Arrays = Mapping[str, NDArray[Any]]

SECONDS = 120.0
"""For one small program; the whole has no limit of its own."""


def program_of(instance: Arrays) -> Program:
    """The instance as a Program: columns that meet the same rows with the same coefficients share a pattern.

    A row whose coefficients differ between its columns has them as a bend; such rows share one where none overlaps.
    """
    columns, starts = len(instance["value"]), instance["indptr"].tolist()
    rows = len(starts) - 1
    marks = np.random.default_rng(2024).integers(1, 2**63, size=rows, dtype=np.uint64)
    mark = np.zeros(columns, dtype=np.uint64)
    weight, bend = np.zeros(rows), np.zeros(rows, dtype=np.int64)
    bends: list[NDArray[np.float64]] = []
    for row in range(rows):
        place = instance["indices"][starts[row] : starts[row + 1]]
        figures = instance["data"][starts[row] : starts[row + 1]]
        if not len(place):
            continue
        mark[place] ^= marks[row]
        if figures[0] == figures[-1] and (figures == figures[0]).all():
            weight[row] = figures[0]
            continue
        weight[row] = 1.0
        free = [index for index, taken in enumerate(bends) if not taken[place].any()]
        if not free:
            bends.append(np.zeros(columns))
        bend[row] = (free or [len(bends) - 1])[0] + 1
        bends[bend[row] - 1][place] = figures
    pattern, first = _numbered(mark)
    place_of = np.full(columns, -1, dtype=np.int64)
    place_of[first] = np.arange(len(first))
    weights = np.zeros((rows, len(first)))
    for row in range(rows):
        found = place_of[instance["indices"][starts[row] : starts[row + 1]]]
        weights[row, found[found >= 0]] = weight[row]
    return Program(
        instance["value"],
        instance["width"],
        pattern,
        weights,
        np.array(bends, dtype=np.float64).reshape(len(bends), columns),
        bend,
        instance["lower"],
        instance["upper"],
    )


def _numbered(mark: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A small number for each distinct mark, and where each first stands. A sort of a sample does for most columns."""
    known = np.unique(mark[:: max(1, len(mark) // 20_000)])
    place = np.minimum(np.searchsorted(known, mark), len(known) - 1)
    missed = known[place] != mark
    if missed.any():
        known = np.union1d(known, mark[missed])
        place = np.searchsorted(known, mark)
    first = np.zeros(len(known), dtype=np.int64)
    first[place[::-1]] = np.arange(len(mark) - 1, -1, -1)
    return place.astype(np.int64), first


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance", type=Path)
    parser.add_argument("answer", type=Path)
    parser.add_argument("--start", type=Path, help="an answer whose prices to begin from")
    arguments = parser.parse_args()
    with np.load(arguments.instance) as file:
        instance = {name: file[name] for name in file.files}
    start = None
    if arguments.start:
        with np.load(arguments.start) as file:
            start = file["duals"]
    begun = time.perf_counter()
    program = program_of(instance)
    answer = optimum(program, lambda small: solve(small, SECONDS), start)
    seconds = time.perf_counter() - begun
    told: dict[str, Any] = {"status": answer.status, "seconds": round(seconds, 4), "columns": program.columns}
    if answer.status == "infeasible":
        told["proof"] = farkas(program, answer.prices)
        told["rows"] = instance["row_names"][np.flatnonzero(answer.prices)].tolist()
    else:
        proof = prove(program, answer.amounts, answer.prices)
        told |= {"objective": proof.objective, "gap": proof.gap, "violation": proof.violation}
    np.savez(arguments.answer, x=answer.amounts, duals=answer.prices, seconds=seconds)
    print(json.dumps(told))
    return {"optimal": 0, "infeasible": 3}.get(answer.status, 1)


if __name__ == "__main__":
    sys.exit(main())
