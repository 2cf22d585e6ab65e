"""Decision → the plan's document (JSON, page, journal); `plan_table` shows it in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import numpy as np

from bidder.bids.shop import not_used_up
from bidder.catalog import Budget, BudgetStatus
from bidder.decide import Decision
from bidder.explain.clashes import clash_lines, hot_lines, passed_caps, silent_rules
from bidder.explain.costs import Costs, costs_of, rule_of
from bidder.explain.document import (
    BudgetLine,
    CertificateLine,
    Expected,
    HoldLine,
    InShop,
    Interval,
    LimitLine,
    PlanDocument,
    RateLine,
    RuleLine,
)
from bidder.explain.economy import break_even_of, roas_of, unknown_costs
from bidder.explain.reason import bindings, reason_of, total_limit
from bidder.explain.what_if import beside
from bidder.limits import Bounds, Limit
from bidder.money import NO_CURRENCY, Currency, exponent_of
from bidder.plan import Change
from bidder.response.forecast import forecast
from bidder.response.own_sales import DAYS, overlap
from bidder.rules.cautious import CAUTIOUS_STEP
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["document"]


def document(
    decision: Decision, notes: tuple[str, ...] = (), *, without: Decision | None = None, asked: Sequence[str] = ()
) -> PlanDocument:
    """The plan with its reasons, lines sorted by budget id; beside the plan `without` what was asked, where given."""
    snapshot, allocation, plan = decision.snapshot, decision.allocation, decision.plan
    planned = _planned(decision)
    expected = forecast(decision.curves, planned)
    total = total_limit(decision)
    costs = costs_of(decision)
    money = _Words(snapshot.currency)
    before = float(np.nansum(snapshot.now))
    cap = float(planned.sum()) if total is None else total.bound
    roas = roas_of(decision, planned)
    lines = [_line(decision, index, expected, money, roas) for index in range(len(snapshot.budgets))]
    margin_known = decision.curves.facts.get("margin_known")
    known = margin_known is None or bool(np.all(margin_known > 0))
    said = [*notes, *passed_caps(decision)]
    if not known:
        said.append("no margin is known: an order counts at its whole revenue; give products.csv with cost or margin")
    lacking = unknown_costs(decision)
    said += [*([] if lacking is None else [lacking]), *silent_rules(decision), *_held_rates(decision)]
    if decision.doubt is not None:
        said.append(
            f"cautious: {decision.doubt}; no budget moves by more than {CAUTIOUS_STEP:.0%} until they agree again"
        )
    idle = not_used_up(snapshot)
    if idle:
        said.append(
            f"{', '.join(map(str, idle))}: not used up for 3 days, so to change the budget does nothing; the target is "
            "the lever (预算没花完，改预算无效，应动目标投产比)"
        )
    over = overlap(snapshot)
    if over is not None and over > 1.0:
        said.append(
            f"platforms claim {over:.2f} times what the shop sold in {DAYS} days: their sales are divided by it"
        )
    profit, low, high = expected.total
    certificate = allocation.certificate
    gap = _round(certificate.gap, 12) if np.isfinite(certificate.gap) else None
    return PlanDocument(
        plan=plan.id,
        as_of=snapshot.as_of.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        day=snapshot.day.isoformat(),
        currency=_code(snapshot.currency),
        objective=decision.policy.objective.value,
        policy=decision.policy.digest,
        total=money(cap),
        now=money(before),
        planned=money(float(planned.sum())),
        unallocated=money(max(0.0, cap - float(planned.sum()))),
        value_of_total=_round(allocation.value_of_total),
        value_up=None if costs.up is None else _round(costs.up),
        value_down=None if costs.down is None else _round(costs.down),
        expected=Interval(mean=money(profit), p10=money(low), p90=money(high)),
        expected_now=money(float(forecast(decision.curves, np.nan_to_num(snapshot.now)).profit.sum())),
        margin_known=known,
        certificate=CertificateLine(status=certificate.status, gap=gap),
        budgets=sorted(lines, key=lambda line: line.id),
        limits=_rules(decision, costs, money),
        holds=[
            HoldLine(check=held.check, reason=held.reason, budget=None if held.budget is None else str(held.budget))
            for held in decision.held
        ],
        notes=said,
        clashes=clash_lines(decision),
        hot=hot_lines(decision),
        rates=_rates(decision),
        what_if=None if without is None else beside(decision, without, asked),
    )


def _rates(decision: Decision) -> list[RateLine]:
    """The rates of the currencies that the budgets are in, but the shop's own."""
    snapshot = decision.snapshot
    foreign = sorted({budget.currency for budget in snapshot.budgets} - {snapshot.currency})
    return [RateLine(currency=code, rate=snapshot.rate(code), on=_rate_day(snapshot, code)) for code in foreign]


def _held_rates(decision: Decision) -> list[str]:
    """Why budgets stay for want of a fresh exchange rate, each reason once."""
    snapshot = decision.snapshot
    foreign = [one for one in snapshot.budgets if one.currency != snapshot.currency and one.id in snapshot.held]
    old = {one.currency: snapshot.held[one.id] for one in foreign if snapshot.held[one.id].startswith("the rate of ")}
    return [f"{old[code]}: its budgets stay as they are, and count at it" for code in sorted(old)]


def _rate_day(snapshot: Snapshot, currency: Currency) -> str | None:
    day = snapshot.exchange_days.get(currency)
    return None if day is None else day.isoformat()


def _in_shop(snapshot: Snapshot, budget: Budget, change: Change, money: _Words) -> InShop | None:
    """A line's amounts in the shop's currency; None where they are in it."""
    if budget.currency == snapshot.currency:
        return None
    rate = snapshot.rate(budget.currency)
    return InShop(
        now=None if change.before is None else money(change.before.to_float() * rate),
        planned=money(change.after.to_float() * rate),
        difference=money(change.difference.to_float() * rate),
        rate=rate,
        on=_rate_day(snapshot, budget.currency),
    )


class _Words:
    """Floats of one currency as decimal strings."""

    def __init__(self, currency: Currency) -> None:
        self.digits = exponent_of(currency)

    def __call__(self, amount: float) -> str:
        text = f"{amount:.{self.digits}f}"
        return text[1:] if float(text) == 0 and text.startswith("-") else text


def _round(value: float, digits: int = 6) -> float:
    return round(float(value), digits) + 0.0


def _code(currency: Currency) -> str | None:
    return None if currency == NO_CURRENCY else currency


def _planned(decision: Decision) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The planned amounts in Snapshot order and the shop's currency."""
    after = {change.budget: change.after for change in decision.plan.changes}
    snapshot = decision.snapshot
    return np.array([after[b.id].to_float() * snapshot.rate(b.currency) for b in snapshot.budgets], dtype=np.float64)


def _line(decision: Decision, index: int, expected: Any, money: _Words, roas: FloatArray) -> BudgetLine:
    budget = decision.snapshot.budgets[index]
    change = next(one for one in decision.plan.changes if one.budget == budget.id)
    held, floor = bindings(decision, index), break_even_of(decision, index)
    state = decision.curves.state[index] if budget.status is BudgetStatus.ACTIVE else budget.status.value
    return BudgetLine(
        id=str(budget.id),
        name=budget.name,
        products=[str(product) for product in budget.products],
        channel=budget.channel,
        now=None if change.before is None else str(change.before),
        planned=str(change.after),
        difference=str(change.difference),
        currency=_code(budget.currency),
        state=state,
        marginal_return=_round(decision.allocation.marginal[index]),
        expected=Expected(
            orders=_round(expected.orders[index], 3),
            revenue=money(expected.revenue[index]),
            spend=money(expected.spend[index]),
            profit=Interval(
                mean=money(expected.profit[index]),
                p10=money(expected.profit_low[index]),
                p90=money(expected.profit_high[index]),
            ),
        ),
        reason=reason_of(decision, index, held),
        limits=[LimitLine(rule=one.rule, source=one.source, price=_round(one.price)) for one in held],
        shop=_in_shop(decision.snapshot, budget, change, money),
        roas=None if np.isnan(roas[index]) else _round(roas[index], 4),
        break_even_roas=None if floor is None else _round(floor, 4),
    )


def _rules(decision: Decision, costs: Costs, money: _Words) -> list[RuleLine]:
    """Every limit once; the cost of a rule as a whole stands on the first of its lines that binds."""
    limits, allocation = decision.limits, decision.allocation
    left = dict(costs.rules)

    def line(one: Bounds | Limit, binding: bool, price: float, relaxed: float) -> RuleLine:
        cost = left.pop(rule_of(one), None) if binding else 0.0
        return RuleLine(
            rule=one.rule,
            source=str(one.source) if one.source else None,
            binding=binding,
            price=_round(price),
            cost_per_day=None if cost is None else money(cost) if binding else "0",
            relaxed=_round(relaxed),
        )

    gave = allocation.bound_relaxed or tuple(np.zeros(limits.size) for _ in limits.bounds)
    lines = [
        line(
            bound,
            bool(np.any(np.abs(prices) > 1e-9)),
            float(np.abs(prices).max(initial=0.0)),
            float(by.max(initial=0.0)),
        )
        for bound, prices, by in zip(limits.bounds, allocation.bound_prices, gave, strict=True)
    ]
    return lines + [
        line(limit, priced.binding, priced.price, priced.relaxed)
        for limit, priced in zip(limits.limits, allocation.prices, strict=True)
    ]
