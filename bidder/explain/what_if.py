"""`--what-if`: a policy as it would be with a change, and what that changes in the plan.

Pure: called by `bidder plan`, and by whoever shows a plan beside the one without the change.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

import numpy as np

from bidder.catalog import Budget
from bidder.decide import Decision, Policy
from bidder.errors import ConfigError, Fault, Source
from bidder.explain.document import WhatIf, WhatIfLine
from bidder.explain.reason import total_limit
from bidder.limits import Quantity
from bidder.money import exponent_of
from bidder.optimizer.objective import Objective
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.rules.conditions import Condition
from bidder.rules.step import DefaultStep
from bidder.rules.total import Total
from bidder.snapshot import FloatArray
from bidder.written import did_you_mean

__all__ = ["beside", "changed_policy"]

PLACE = Source("--what-if")

FORMS = "total=+20%, total=1500, objective=revenue, 'rule NAME=off' or 'pin BUDGET=AMOUNT'"

DEFAULT_STEP = "default step"

LARGEST = 10**12
"""Nobody spends more a day; beyond it numbers are slips of the hand."""


def changed_policy(base: Decision, asked: Sequence[str]) -> Policy:
    """The policy of `base` with every change that was asked about. Raises ConfigError with all that is wrong."""
    policy, faults = base.policy, list[Fault]()
    for text in asked:
        name, equals, value = text.rpartition("=")
        word, _, subject = name.strip().partition(" ")
        try:
            policy = _changed(base, policy, word, subject.strip(), value.strip() if equals else "", text)
        except ConfigError as e:
            faults.extend(e.faults)
    if faults:
        raise ConfigError(faults)
    return replace(policy, digest=f"{policy.digest} what if {json.dumps(list(asked), ensure_ascii=False)}")


def _changed(base: Decision, policy: Policy, word: str, subject: str, value: str, text: str) -> Policy:
    match word, bool(subject), bool(value):
        case "total", False, True:
            return _total(base, policy, value)
        case "objective", False, True:
            if value not in {one.value for one in Objective}:
                choices = ", ".join(one.value for one in Objective)
                raise _fault(f"objective: expected one of {choices}, was {value!r}")
            return replace(policy, objective=Objective(value))
        case "rule", True, True:
            return _switched(policy, subject, value)
        case "pin", True, True:
            return _pinned(base, policy, subject, value)
    raise _fault(f"expected {FORMS}, was {text!r}")


def _total(base: Decision, policy: Policy, value: str) -> Policy:
    """Another total in place of every cap on all budgets of a day. The month's cap stays."""
    cap = total_limit(base)
    now = float(np.nansum(base.snapshot.now)) if cap is None else cap.bound
    amount = _amount("total", value, now)
    kept = tuple(one for one in policy.rules if not (isinstance(one.kind, Total) and one.where is None))
    return replace(policy, rules=(*kept, Rule("total", Total.model_validate({"max": str(amount)}), PLACE)))


def _amount(what: str, value: str, now: float) -> Decimal:
    """1500, +200, -20%: an amount, or a change of `now`."""
    number = value.removesuffix("%").replace(",", "")
    try:
        amount = Decimal(number)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise _fault(f"{what}: expected an amount such as 1500 or +20%, was {value!r}")
    base = Decimal(repr(now))
    if value.endswith("%"):
        amount = base * (1 + amount / 100)
    elif number[:1] in "+-":
        amount = base + amount
    if abs(amount) > LARGEST:
        raise _fault(f"{what}: expected at most {LARGEST:,}, was {value!r}")
    amount = round(amount, 2)
    if amount <= 0:
        raise _fault(f"{what}: expected more than 0, was {value!r}")
    return amount


def _switched(policy: Policy, name: str, value: str) -> Policy:
    """One rule off or on."""
    if value not in ("on", "off"):
        raise _fault(f"rule {name}: expected on or off, was {value!r}")
    if name == DEFAULT_STEP:
        kept = tuple(one for one in policy.rules if not isinstance(one.kind, DefaultStep))
        if value == "on":
            return policy
        free = DefaultStep.model_validate(
            {"raise": "1000%", "cut": "100%", "target_step": "1000%", "target_cooldown": "0d"}
        )
        return replace(policy, rules=(*kept, Rule(DEFAULT_STEP, free, PLACE)))
    names = [one.name for one in policy.rules]
    if name not in names:
        known = ", ".join(dict.fromkeys([*names, DEFAULT_STEP]))
        raise _fault(f"no rule is called {name!r}{did_you_mean(name, [*names, DEFAULT_STEP])}; there are {known}")
    enabled = value == "on"
    return replace(policy, rules=tuple(replace(r, enabled=enabled) if r.name == name else r for r in policy.rules))


def _pinned(base: Decision, policy: Policy, name: str, value: str) -> Policy:
    """One budget at an amount; platform, stock and the total still rank above."""
    budgets = base.snapshot.budgets
    found = [one for one in budgets if name in (str(one.id), one.id.native, one.name)]
    if len(found) != 1:
        ids = [str(one.id) for one in budgets]
        how = "several budgets are" if found else "no budget is"
        raise _fault(f"pin: {how} called {name!r}{did_you_mean(name, ids)}; write account/budget")
    amount = _amount(f"pin {name}", value, _now(base, found[0]))
    where = Condition.read(f"budget.id == {json.dumps(str(found[0].id), ensure_ascii=False)}", PLACE)
    kind = BudgetRange.model_validate({"min": str(amount), "max": str(amount)})
    return replace(policy, rules=(*policy.rules, Rule(f"pin {found[0].id}", kind, PLACE, where=where)))


def _now(base: Decision, budget: Budget) -> float:
    return 0.0 if budget.now is None else budget.now.to_float() * base.snapshot.rate(budget.currency)


def _fault(message: str) -> ConfigError:
    return ConfigError([Fault(PLACE, message)])


def beside(decision: Decision, base: Decision, asked: Sequence[str]) -> WhatIf:
    """What is other in `decision` than in `base`, both of one Snapshot and judged by the same curves."""
    snapshot = base.snapshot
    digits = exponent_of(snapshot.currency)

    def money(amount: float) -> str:
        text = f"{amount:.{digits}f}"
        return text[1:] if float(text) == 0 and text.startswith("-") else text

    with_it, without = _amounts(decision), _amounts(base)

    def more(quantity: Quantity) -> float:
        curves = base.curves
        return float((curves.expected(quantity, with_it) - curves.expected(quantity, without)).sum())

    lines = [
        WhatIfLine(id=str(c.budget), without=str(b.after), planned=str(c.after), difference=str(c.after - b.after))
        for c, b in zip(decision.plan.changes, base.plan.changes, strict=True)
        if c.after != b.after
    ]
    cap = total_limit(base)
    return WhatIf(
        asked=list(asked),
        without=base.plan.id,
        total=money(float(without.sum()) if cap is None else cap.bound),
        planned=money(float((with_it - without).sum())),
        spend=money(more(Quantity.SPEND)),
        orders=round(more(Quantity.ORDERS), 3) + 0.0,
        revenue=money(more(Quantity.REVENUE)),
        profit=money(more(Quantity.PROFIT)),
        budgets=sorted(lines, key=lambda line: (-abs(float(line.difference)), line.id)),
    )


def _amounts(decision: Decision) -> FloatArray:
    """The planned amounts in Snapshot order and the shop's currency."""
    after = {change.budget: change.after for change in decision.plan.changes}
    snapshot = decision.snapshot
    return np.array([after[b.id].to_float() * snapshot.rate(b.currency) for b in snapshot.budgets], dtype=np.float64)
