"""How one shop stands: a line of `bidder shops`, of the page of all shops, of the agency's digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bidder.agency.needs import Need, needs_of
from bidder.agency.seen import AccountStanding, Seen
from bidder.config.load import Config
from bidder.errors import Fault

__all__ = ["ShopStanding", "broken", "standing", "unread"]


@dataclass(frozen=True, slots=True)
class ShopStanding:
    """A line of `bidder shops`. Amounts in `currency`; None is unknown."""

    name: str
    title: str
    currency: str = ""
    state: str = "BROKEN"
    """ACTIVE, REDUCING, HALTED; BROKEN: its files cannot be used; UNREAD: its store cannot be read, or is not there."""
    reason: str = ""
    modes: tuple[str, ...] = ()
    day: str = ""
    """The account day that it is in."""
    plan: str = ""
    plan_day: str = ""
    plan_status: str = ""
    planned: float | None = None
    waits: int = 0
    """Changes that wait for a person."""
    holds: Mapping[str, int] = field(default_factory=dict)
    """By check, what is held: of the plan and of the store together."""
    unresolved: int = 0
    in_force: float | None = None
    spent_yesterday: float | None = None
    revenue_yesterday: float | None = None
    spent_month: float | None = None
    month_budget: float | None = None
    pace: float | None = None
    """The month's spend over what its part of the month allows; 1 comes out even. None without a month's budget."""
    polled_at: str | None = None
    """The oldest of the accounts' last good polls."""
    needs: tuple[Need, ...] = ()
    """What a person has to look at, most money first."""
    at_risk: float = 0.0
    """Money a day of the gravest need, in the shop's currency."""
    planned_at: float = 0.0
    """When the newest plan was made, Unix seconds; 0 never."""
    changes: int = 0
    """Budgets that it changes."""
    objective: float | None = None
    """What it expects to earn a day."""
    objective_before: float | None = None
    """What the budgets before it would."""
    day_limit: float | None = None
    over_cap: bool = False
    """Whether yesterday cost more than the cap of a day, by what the accounts report."""
    accounts: tuple[AccountStanding, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def first(self) -> Need | None:
        """The gravest need."""
        return self.needs[0] if self.needs else None


def broken(name: str, faults: Sequence[Fault], title: str = "") -> ShopStanding:
    """A shop whose files cannot be used."""
    said = str(faults[0]) if faults else ""
    more = f" (+{len(faults) - 1})" if len(faults) > 1 else ""
    need = Need("broken", said + more)
    return ShopStanding(name, title or name, reason=said, needs=(need,), faults=tuple(faults))


def unread(config: Config, reason: str) -> ShopStanding:
    """A shop whose store is not there yet, or cannot be read."""
    return ShopStanding(
        config.shop.name,
        config.shop.title or config.shop.name,
        config.shop.currency,
        state="UNREAD",
        reason=reason,
        modes=_modes(config),
        needs=(Need("unread", reason),),
    )


def standing(seen: Seen) -> ShopStanding:
    """The line of a shop."""
    status, config, stored = seen.status, seen.config, seen.stored
    month = status["month"]
    spent, budget = float(month["spent"]), float(month["budget"] or 0)
    polled = [one["polled_at"] for one in status["accounts"]]
    holds = Counter(one.check for one in seen.held)
    if stored is not None and stored.day == status["day"]:
        holds.update(one["check"] for one in stored.document["holds"])
    needs = needs_of(seen)
    return ShopStanding(
        name=config.shop.name,
        title=status["title"],
        currency=config.shop.currency,
        state=status["state"],
        reason=status["reason"],
        modes=_modes(config),
        day=status["day"],
        plan="" if stored is None else stored.id,
        plan_day="" if stored is None else stored.day,
        plan_status="" if stored is None else stored.status,
        planned=None if stored is None else float(stored.document["planned"]),
        waits=len(seen.waits),
        holds=dict(sorted(holds.items())),
        unresolved=status.get("unresolved", 0),
        in_force=seen.in_force,
        spent_yesterday=seen.spent_yesterday,
        revenue_yesterday=seen.revenue_yesterday,
        spent_month=spent,
        month_budget=budget or None,
        pace=spent / (budget * month["passed"]) if budget and month["passed"] > 0 else None,
        polled_at=min((one for one in polled if one is not None), default=None) if all(polled) else None,
        needs=needs,
        at_risk=max((one.at_risk for one in needs), default=0.0),
        planned_at=0.0 if stored is None else stored.decided_at.timestamp(),
        changes=0 if stored is None else sum(one["now"] != one["planned"] for one in stored.document["budgets"]),
        objective=None if stored is None else float(stored.document["expected"]["mean"]),
        objective_before=None if stored is None else float(stored.document["expected_now"]),
        day_limit=None if status["day_limit"] is None else float(status["day_limit"]),
        over_cap=_over_cap(seen),
        accounts=tuple(seen.accounts),
    )


def _over_cap(seen: Seen) -> bool:
    cap = seen.config.caps().day
    return cap is not None and seen.spent_yesterday > cap.to_float()


def _modes(config: Config) -> tuple[str, ...]:
    return tuple(sorted({account.mode.value for account, _ in config.accounts}))
