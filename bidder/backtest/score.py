"""Runs → what a person compares: uplift with interval, regret, turnover, reversals, breaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bidder.backtest.document import PolicyLine, Span, UpliftLine, WorldLine, WorldsPart
from bidder.backtest.run import Run
from bidder.money import NO_CURRENCY, Currency, exponent_of
from bidder.snapshot import FloatArray

__all__ = ["Outcome", "student", "words_of", "worlds_part"]

T_90 = (3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350, 1.345, 1.341)
T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
Z_90, Z_975 = 1.281552, 1.959964


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One world's runs by policy."""

    world: str
    total: float
    hindsight: float | None
    runs: Mapping[str, Run]
    holds: Mapping[str, int]


def student(freedom: int) -> tuple[float, float]:
    """The 0.9 and 0.975 quantiles of Student's t. Beyond 15 degrees by Fisher's expansion (error below 0.002)."""
    if freedom <= len(T_90):
        return T_90[freedom - 1], T_975[freedom - 1]
    low, high = (
        z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2) for z in (Z_90, Z_975)
    )
    return low, high


def words_of(currency: Currency) -> tuple[str | None, int]:
    """The currency's code (None: no figure names one) and its digits."""
    return (None if currency == NO_CURRENCY else str(currency)), exponent_of(currency)


def worlds_part(
    ground: str, outcomes: Sequence[Outcome], titles: Mapping[str, str], days: int, currency: Currency
) -> WorldsPart:
    """The table of one ground; the first of `titles` is bidder, the others are what it is compared with."""
    code, digits = words_of(currency)
    names = list(titles)
    profit = {name: np.array([one.runs[name].earned.profit.mean() for one in outcomes]) for name in names}
    best = [one.hindsight for one in outcomes]
    hindsight = None if any(one is None for one in best) else np.array(best, dtype=np.float64)

    def policy(name: str) -> PolicyLine:
        runs = [one.runs[name] for one in outcomes]
        regret = None if hindsight is None else float((hindsight - profit[name]).mean())
        share = (
            None if regret is None or hindsight is None or hindsight.mean() <= 0 else regret / float(hindsight.mean())
        )
        holds: dict[str, int] = {}
        for one in outcomes if name == names[0] else ():
            for check, count in one.holds.items():
                holds[check] = holds.get(check, 0) + count
        return PolicyLine(
            policy=name,
            title=titles[name],
            profit=f"{profit[name].mean():.{digits}f}",
            spend=f"{np.mean([run.earned.spend.mean() for run in runs]):.{digits}f}",
            regret=None if regret is None else f"{regret:.{digits}f}",
            regret_share=None if share is None else round(share, 4),
            turnover=round(float(np.mean([run.turnover for run in runs])), 4),
            reversals=round(float(np.mean([run.reversals for run in runs])), 3),
            cap_breaches=sum(run.breaches for run in runs),
            holds=dict(sorted(holds.items())),
        )

    return WorldsPart(
        ground=ground,
        days=days,
        currency=code,
        policies=[policy(name) for name in names],
        uplifts=[_uplift(name, titles[name], profit[names[0]], profit[name], digits) for name in names[1:]],
        worlds=[
            WorldLine(
                world=one.world,
                total=f"{one.total:.{digits}f}",
                hindsight=None if one.hindsight is None else f"{one.hindsight:.{digits}f}",
                profit={name: f"{profit[name][place]:.{digits}f}" for name in names},
            )
            for place, one in enumerate(outcomes)
        ],
        by_day={
            name: np.round(np.mean([one.runs[name].earned.profit for one in outcomes], axis=0), digits).tolist()
            for name in names
        },
    )


def _uplift(name: str, title: str, ours: FloatArray, other: FloatArray, digits: int) -> UpliftLine:
    difference, base = ours - other, float(other.mean())
    share = float(difference.mean()) / base if base > 0 else None
    spans: list[Span | None] = [None, None]
    if share is not None and len(difference) > 1:
        error = float(difference.std(ddof=1)) / len(difference) ** 0.5 / base
        spans = [
            Span(low=round(share - t * error, 4), high=round(share + t * error, 4))
            for t in student(len(difference) - 1)
        ]
    return UpliftLine(
        over=name,
        title=title,
        mean=f"{difference.mean():.{digits}f}",
        share=None if share is None else round(share, 4),
        interval_80=spans[0],
        interval_95=spans[1],
        worst=round(float((difference / other).min()), 4) if (other > 0).all() else None,
        won=int((difference > 0).sum()),
    )
