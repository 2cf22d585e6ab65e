"""Many grounds, each with every policy, over the cores of this machine; the same result however many there are."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

from bidder.backtest.place import Ground
from bidder.backtest.policies import Contender, Ours
from bidder.backtest.run import play
from bidder.backtest.score import Outcome
from bidder.decide import Policy

__all__ = ["played"]

_shared: tuple[Sequence[Ground], Policy, Sequence[Contender]] | None = None
"""What the workers inherit when they are forked: rules hold compiled conditions, which no pickle carries."""


def played(
    grounds: Sequence[Ground],
    policy: Policy,
    others: Sequence[Contender],
    *,
    jobs: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Outcome]:
    """bidder under `policy` and the others on every ground, in the order of the grounds."""
    global _shared  # noqa: PLW0603 - handed to forked workers, and to nobody else
    _shared = (grounds, policy, others)
    results: list[Outcome] = []
    try:
        if jobs > 1 and len(grounds) > 1 and "fork" in multiprocessing.get_all_start_methods():
            context = multiprocessing.get_context("fork")
            with ProcessPoolExecutor(min(jobs, len(grounds)), mp_context=context) as pool:
                for outcome in pool.map(_one, range(len(grounds))):
                    results.append(outcome)
                    progress(outcome.world)
        else:
            for place in range(len(grounds)):
                results.append(_one(place))
                progress(results[-1].world)
    finally:
        _shared = None
    return results


def _one(place: int) -> Outcome:
    assert _shared is not None
    grounds, policy, others = _shared
    ground, ours = grounds[place], Ours(policy)
    runs = {one.name: play(ground, one) for one in (ours, *others)}
    holds: Mapping[str, int] = ours.held
    return Outcome(ground.name, ground.total.to_float(), ground.hindsight(), runs, holds)
