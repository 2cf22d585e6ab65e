"""A shop's own days again: what would have been planned on what was known, and how well it was foreseen.

No outcome of a budget that was not in force is known (SCIENCE 10), so nothing here says what a plan would have earned:
forecasts at the amounts really in force are held against what came, and proposals are valued by curves fitted on all
days, under that label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from bidder.backtest.document import Calibration, HistoryPart, MoveLine, ValueLine
from bidder.backtest.past import Past, complete
from bidder.backtest.policies import Contender, Keep, Ours
from bidder.backtest.policies.ours import capped, day_total, in_force
from bidder.backtest.score import words_of
from bidder.decide import Decision, Policy, decide
from bidder.errors import SolveError
from bidder.ids import AccountId, BudgetId
from bidder.limits import Quantity
from bidder.money import Money
from bidder.report_rows import finest
from bidder.reports import UNKNOWN_MICROS
from bidder.response.estimate import estimate
from bidder.response.forecast import forecast
from bidder.snapshot import FloatArray, Snapshot, day_number

__all__ = ["Replayed", "replay"]

MOST_MOVES = 10

RIPE = 0.95
"""A day whose orders are known in part alone judges no forecast: what is still to come is an assumption itself, and one
export's last orders come later than another's."""

Figures = dict[tuple[int, BudgetId], tuple[float, float, float, float, float]]
"""By day and budget: spend, orders, revenue, daily amount (NaN: unknown), completeness of the orders."""


@dataclass(slots=True)
class Replayed:
    """The days replayed so far."""

    proposed: dict[date, Mapping[BudgetId, Money]] = field(default_factory=dict)
    """What bidder's plan says for each budget, by day; a held plan keeps what was in force."""
    forecasts: list[dict[str, float]] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)
    orders: list[tuple[float, float]] = field(default_factory=list)
    turnover: list[float] = field(default_factory=list)


def replay(
    past: Past,
    policy: Policy,
    days: Sequence[date],
    total: Money | None,
    others: Sequence[Contender],
    *,
    own_cap: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[HistoryPart, Replayed]:
    """Decides each day on what was known then, under `total`; None: the caps of the policy's rules (`own_cap`), else
    the sum in force on each day."""
    ours, seen = Ours(policy), Replayed()
    figures = _figures(past)
    final = past.now()
    curves = estimate(final, policy.response)
    names: list[Contender] = [ours, *(one for one in others if not isinstance(one, Keep))]
    values: dict[str, list[float]] = {one.name: [] for one in names}
    held: list[float] = []
    moved: dict[BudgetId, list[tuple[float, float]]] = {}

    def worth(amounts: Mapping[BudgetId, float]) -> float:
        table = np.array([amounts.get(one.id, 0.0) for one in final.budgets])
        return float(curves.expected(Quantity.PROFIT, table).sum())

    for day in days:
        progress(f"{day}")
        snapshot = past.snapshot(day)
        try:
            decision = decide(snapshot, policy if own_cap else capped(policy, total or in_force(snapshot)))
        except SolveError:
            ours.held["no plan"] = ours.held.get("no plan", 0) + 1
            continue
        cap = day_total(decision)
        _foresee(decision, figures, seen)
        now = _floats(snapshot, {})
        written = ours.written(decision)
        plan = _floats(snapshot, written)
        seen.proposed[day] = {one.id: written.get(one.id, one.now) for one in snapshot.budgets if one.now is not None}
        seen.turnover.append(sum(abs(plan[one] - now[one]) for one in plan) / 2 / max(sum(now.values()), 1e-12))
        for budget in plan:
            moved.setdefault(budget, []).append((now[budget], plan[budget]))
        held.append(worth(now))
        values[ours.name].append(worth(plan))
        for contender in names[1:]:
            values[contender.name].append(worth(_floats(snapshot, contender.amounts(snapshot, cap))))
    return _part(past, days, seen, ours, names, values, held, moved, final), seen


def _part(
    past: Past,
    days: Sequence[date],
    seen: Replayed,
    ours: Ours,
    names: Sequence[Contender],
    values: Mapping[str, list[float]],
    held: Sequence[float],
    moved: Mapping[BudgetId, list[tuple[float, float]]],
    final: Snapshot,
) -> HistoryPart:
    code, digits = words_of(final.currency)

    def money(amount: float) -> str:
        text = f"{amount:.{digits}f}"
        return text[1:] if float(text) == 0 and text.startswith("-") else text

    means = {one: tuple(np.mean(np.array(pairs), axis=0).tolist()) for one, pairs in moved.items()}
    top = sorted(means, key=lambda one: (-abs(means[one][1] - means[one][0]), one))[:MOST_MOVES]
    came, foreseen = sum(one for one, _ in seen.orders), sum(one for _, one in seen.orders)
    inside = [one["low"] <= one["came"] <= one["high"] for one in seen.forecasts]
    value = [
        ValueLine(
            policy=one.name,
            title=one.title,
            expected=money(float(np.mean(values[one.name]))),
            over_history=money(float(np.mean(values[one.name]) - np.mean(held))),
        )
        for one in names
        if values[one.name]
    ]
    return HistoryPart(
        first=days[0].isoformat(),
        last=days[-1].isoformat(),
        days=len(days),
        currency=code,
        as_of=past.remembers,
        calibration=Calibration(
            days=len(seen.forecasts),
            budget_days=len(seen.covered),
            orders_covered=round(float(np.mean(seen.covered)), 3) if seen.covered else None,
            profit_covered=round(float(np.mean(inside)), 3) if inside else None,
            orders_ratio=round(came / foreseen, 3) if foreseen > 0 else None,
        ),
        turnover=round(float(np.mean(seen.turnover)), 4) if seen.turnover else 0.0,
        moves=[
            MoveLine(
                budget=str(one),
                now=money(means[one][0]),
                planned=money(means[one][1]),
                difference=money(means[one][1] - means[one][0]),
            )
            for one in top
        ],
        value=value,
        forecasts=[{name: round(number, digits) for name, number in one.items()} for one in seen.forecasts],
        holds=dict(sorted(ours.held.items())),
    )


def _figures(past: Past) -> Figures:
    """What came of each budget and day, as known today."""
    rows = finest(past.final())
    result: Figures = {}
    # a later reading that said the same left no version: the newest reading of all tells how old the figures are
    newest = float(past.versions.observed.max()) if len(past.versions) else 0.0
    age = np.floor(newest / 86_400.0 - rows.day + 1e-6)
    known = complete(age, past.late)
    for row in range(len(rows)):
        key = (int(rows.day[row]), BudgetId(AccountId(str(rows.account[row])), str(rows.budget[row])))
        spend, orders, revenue, amount, _ = result.get(key, (0.0, 0.0, 0.0, float("nan"), 1.0))
        result[key] = (
            spend + (_major(rows.spend[row]) or 0.0),
            orders + float(rows.orders[row]),
            revenue + float(_major(rows.revenue[row]) or 0.0),
            float(np.fmax(amount, _major(rows.amount[row]) or float("nan"))),
            float(known[row]),
        )
    return result


def _major(micros: int) -> float | None:
    return None if micros == UNKNOWN_MICROS else micros / 1_000_000


def _foresee(decision: Decision, figures: Figures, seen: Replayed) -> None:
    """The day's forecast at the amounts really in force, against what came of them."""
    snapshot, curves = decision.snapshot, decision.curves
    n = len(snapshot.budgets)
    rate = np.array([snapshot.rate(one.currency) for one in snapshot.budgets])
    table = np.full((n, 5), np.nan)
    for index, one in enumerate(snapshot.budgets):
        table[index] = figures.get((day_number(snapshot.day), one.id), (np.nan,) * 5)
    spend, came, revenue, stated, reported = table.T
    spent = spend * rate
    known = np.isfinite(spent) & np.isfinite(came) & (spend > 0) & (reported >= RIPE)
    if not known.any():
        return
    amounts = np.where(known, np.where(np.isfinite(stated), stated * rate, spent), 0.0)
    # where no amount is stated the money really spent is all that is known of it: no delivery to foresee
    exactly = np.where(np.isfinite(stated) & known, np.nan, np.where(known, spent, 0.0))
    day = forecast(curves, amounts, spent=exactly, known=np.where(known, reported, 1.0))
    seen.covered += ((day.orders_low <= came) & (came <= day.orders_high))[known].tolist()
    seen.orders.append((float(came[known].sum()), float(day.orders[known].sum())))
    # what orders were really worth, at the margin that is known of them; no revenue reported: at their usual worth
    share = curves.margin_per_order / curves.revenue_per_order
    worth = np.where(revenue > 0, revenue * rate * share, came * curves.margin_per_order)
    mean, low, high = day.total
    seen.forecasts.append(
        {
            "day": float(day_number(snapshot.day)),
            "low": low,
            "mean": mean,
            "high": high,
            "came": float((worth - spent)[known].sum()),
        }
    )


def _floats(snapshot: Snapshot, amounts: Mapping[BudgetId, Money]) -> dict[BudgetId, float]:
    """Amounts after these changes, in the shop's currency; a budget not in force has none."""
    result: FloatArray = np.nan_to_num(snapshot.now)
    return {
        one.id: amounts[one.id].to_float() * snapshot.rate(one.currency) if one.id in amounts else float(result[index])
        for index, one in enumerate(snapshot.budgets)
        if one.status == "active"
    }
