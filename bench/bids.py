"""Bids by bidder beside constant bids, on simulated auctions (`bench/auctions.py`): paired seeds, the same budgets.

python -m bench.bids [--seeds 0-19] [--set level=0.8 spread=0.3 …] [--kinds all]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from bench.auctions import Arm, Kind, World
from bidder.bidding import Lever, LeverId, LeverKind
from bidder.bids.case import BudgetFacts, Case, Moved
from bidder.bids.figures import Figures
from bidder.bids.propose import propose
from bidder.bids.settings import BidSettings
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import MICROS, Currency

__all__ = ["KINDS", "Result", "compare", "main"]

ACCOUNT, CNY = AccountId("sim"), Currency("CNY")
FIRST = date(2026, 3, 2)
MICRO = int(MICROS)

KINDS: Mapping[str, Mapping[str, Any]] = {
    "usual": {},
    "one bid for all": {"start": "shop"},
    "an operator's guesses": {"start": "own"},
    "low bids": {"start_level": 0.35},
    "high bids": {"start_level": 1.2},
    "each word's worth": {"start": "worth"},
    "each word's worth: low": {"start": "worth", "start_level": 0.35},
    "each word's worth: high": {"start": "worth", "start_level": 1.0, "budget": 0.3},
    "near the best": {"start": "best"},
    "near the best: budget a product": {"start": "best", "budgets": "product"},
    "budget a product": {"budgets": "product"},
    "loose budget": {"budget": 1.5},
    "tight budget": {"budget": 0.3},
    "no reserve": {"reserve": 0.0},
    "high reserve": {"reserve": 0.5},
    "dense competition": {"spread": 0.15},
    "wide competition": {"spread": 1.0},
    "strong competition": {"level": 0.9},
    "weak competition": {"level": 0.25},
    "others know": {"knows": 0.9},
    "alike keywords": {"keyword_sd": 0.2},
    "near the best: loose budget": {"start": "best", "budget": 1.5},
    "near the best: few clicks": {"start": "best", "volume": 3.0},
    "near the best: dense": {"start": "best", "spread": 0.15, "reserve": 0.5},
    "few clicks": {"volume": 3.0},
    "late orders": {"same_day": 0.1},
    "restless days": {"day_sd": 0.4, "keyword_day_sd": 0.5, "drift_sd": 0.08},
}
"""What the worlds of `--kinds` differ in from the usual one."""


@dataclass(frozen=True, slots=True)
class Result:
    """One seed: profit of both, turns within three days a keyword-month, bids outside their bounds, moves."""

    seed: int
    constant: float
    bidder: float
    turns: float
    outside: int
    moves: float

    @property
    def ratio(self) -> float:
        """Of profits; of the loss saved where constant bids lose money."""
        return 1 + (self.bidder - self.constant) / abs(self.constant)


class Bidder:
    """bidder's bids, from what the platform reported and what the shop knows of its margins."""

    def __init__(self, world: World, settings: BidSettings) -> None:
        self.world, self.settings = world, settings
        self.ids = [LeverId(ACCOUNT, LeverKind.KEYWORD, str(i)) for i in range(world.kind.keywords)]
        self.moves: dict[LeverId, list[Moved]] = {}

    def case(self, arm: Arm) -> Case:
        """All that is known on the morning after the last day."""
        world, day = self.world, FIRST + timedelta(days=arm.day)
        pools = [BudgetId(ACCOUNT, str(pool)) for pool in range(len(world.amount))]
        levers = [
            Lever(
                one,
                "",
                CNY,
                round(float(arm.bids[i]) * MICRO),
                budget=pools[world.pool[i]],
                product=ProductId(str(world.product[i])),
                step=10_000,
            )
            for i, one in enumerate(self.ids)
        ]
        window = slice(max(0, arm.day - 56), arm.day)
        nothing = np.full((len(levers), window.stop - window.start), np.nan)
        figures = Figures(
            tuple(self.ids),
            arm.clicks[:, window],
            np.round(arm.spend[:, window] * MICRO),
            arm.orders()[:, window],
            nothing,
            nothing,
            np.round(arm.value[:, window] * MICRO),
            nothing,
        )
        worth = {one: float(world.contribution[world.product[i]]) * MICRO for i, one in enumerate(self.ids)}
        budgets = {one: BudgetFacts(round(float(world.amount[pool]) * MICRO)) for pool, one in enumerate(pools)}
        return Case(day, levers, figures, worth, budgets, self.moves, {ACCOUNT: self.settings})

    def bids(self, arm: Arm) -> np.ndarray:
        """Tomorrow's bids, decided on the morning after the last day."""
        case = self.case(arm)
        day, made = case.day, propose(case)
        after = arm.bids.copy()
        for i, line in enumerate(made.lines):
            if line.moves and line.after is not None and line.lever.now is not None:
                self.moves.setdefault(line.lever.id, []).append(Moved(day, line.lever.now, line.after))
                after[i] = line.after / MICRO
        return after


def compare(seed: int, kind: Kind, settings: BidSettings | None = None) -> Result:
    """Both policies on the same days."""
    world = World(seed, kind)
    settings = settings or BidSettings.model_validate({"floor": 0.02, "cap": 20})
    constant, own = Arm(world), Arm(world)
    policy = Bidder(world, settings)
    floor, cap = settings.bounds(CNY)
    outside = 0
    for number in range(kind.days):
        day = world.day(number)
        constant.play(day)
        own.play(day)
        own.bids = policy.bids(own)
        micros = np.round(own.bids * MICRO)
        moved = own.bids != world.start
        outside += int((moved & ((micros < (floor or 0)) | (micros > (cap or np.inf)))).sum())
    months = kind.keywords * kind.days / 30
    turns = sum(_turns(one) for one in policy.moves.values()) / months
    moves = sum(len(one) for one in policy.moves.values()) / months
    return Result(seed, constant.profit, own.profit, turns, outside, moves)


def _turns(moves: Sequence[Moved]) -> int:
    both = pairwise(moves)
    return sum((a.after > a.before) != (b.after > b.before) and (b.day - a.day).days <= 3 for a, b in both)


def _summary(name: str, results: Sequence[Result]) -> dict[str, object]:
    total = sum(one.bidder for one in results) / sum(one.constant for one in results)
    return {
        "kind": name,
        "seeds": len(results),
        "profit": round(total, 3),
        "mean": round(float(np.mean([one.ratio for one in results])), 3),
        "worst": round(min(one.ratio for one in results), 3),
        "turns": round(max(one.turns for one in results), 3),
        "outside": sum(one.outside for one in results),
        "moves": round(float(np.mean([one.moves for one in results])), 1),
    }


def main() -> None:
    """The command line: one JSON line a kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0-9", help="first-last")
    parser.add_argument("--kinds", default="usual", help="all, or names with commas between")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="figures of every kind")
    arguments = parser.parse_args()
    first, _, last = arguments.seeds.partition("-")
    usual = Kind()
    types = {field.name: type(getattr(usual, field.name)) for field in fields(Kind)}
    fixed = {name: types[name](value) for name, _, value in (one.partition("=") for one in arguments.set)}
    names = list(KINDS) if arguments.kinds == "all" else arguments.kinds.split(",")
    for name in names:
        kind = replace(Kind(), **{**KINDS[name], **fixed})
        results = [compare(seed, kind) for seed in range(int(first), int(last or first) + 1)]
        print(json.dumps(_summary(name, results)))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
