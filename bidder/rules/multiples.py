"""By what rules multiply each budget at an instant: `budget: {multiply: 3}`, and the way back after an event.

A multiple is a function of the calendar, the rules and the instant alone, so that nothing has to be remembered: what is
in force carries the multiple of the instant at which it was written. Once an event is in `recover`, what its phases had
multiplied last is taken back in three steps, a day each: of 3 are left 2.08, 1.44 and 1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.promotion import Phase
from bidder.response.event_days import covered, in_force_at, of_budgets
from bidder.rules.attributes import Attributes
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.rules.chosen import members_of, when_holds
from bidder.rules.events import STEPS_BACK
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, Snapshot

__all__ = ["Multiples", "with_purse"]

NOON = timedelta(hours=12)
"""A change of which only the day is known is taken for one of the middle of the day."""


def with_purse(snapshot: Snapshot, at: datetime | None = None) -> NDArray[np.bool_]:
    """Budgets that are in an event which has a purse."""
    return np.array(
        [one is not None and one.promotion.purse is not None for one in of_budgets(snapshot, at)], dtype=np.bool_
    )


@dataclass(slots=True)
class Multiples:
    """The multiples of one Snapshot's rules at any instants; what was asked before is not reckoned again."""

    rules: Sequence[Rule]
    attributes: Attributes
    _members: dict[int, NDArray[np.bool_]] = field(default_factory=dict)
    _held: dict[tuple[int, date, tuple[str, ...]], NDArray[np.bool_]] = field(default_factory=dict)
    _moments: dict[datetime, Attributes] = field(default_factory=dict)

    @property
    def snapshot(self) -> Snapshot:
        """What they are of."""
        return self.attributes.snapshot

    @property
    def zone(self) -> str:
        """The zone that says which day an instant is of."""
        return self.snapshot.accounts[0].timezone if self.snapshot.accounts else "UTC"

    def places(self, *, purse: bool | None = None) -> list[int]:
        """Which rules multiply; only those that draw on a purse, or only those that do not."""
        found = []
        for place, rule in enumerate(self.rules):
            kind = rule.kind
            if not isinstance(kind, BudgetRange) or kind.multiply is None or not rule.enabled or rule.when is None:
                continue
            if purse is None or (kind.from_ == "purse") == purse:
                found.append(place)
        return found

    def holds(self, place: int, at: datetime, day: date | None = None) -> NDArray[np.bool_]:
        """The budgets that a rule multiplies at an instant of a day (default: the instant's)."""
        rule = self.rules[place]
        decided = day or AccountDay.of(at, self.zone).date
        phases = tuple(f"{one.promotion.name} {one.span.phase} {one.day(at)}" for one in in_force_at(self.snapshot, at))
        key = (place, decided, phases)
        if key not in self._held:
            if place not in self._members:
                self._members[place] = members_of(rule, self.attributes)
            held = when_holds(rule, self._at(at, decided)) & self._members[place]
            assert isinstance(rule.kind, BudgetRange)
            self._held[key] = held & with_purse(self.snapshot, at) if rule.kind.from_ == "purse" else held
        return self._held[key]

    def of(self, at: datetime, day: date | None = None, *, purse: bool | None = None) -> FloatArray:
        """(n,) by what each budget's ordinary amount is multiplied at an instant."""
        factor = np.ones(len(self.snapshot.budgets))
        for place in self.places(purse=purse):
            kind = self.rules[place].kind
            assert isinstance(kind, BudgetRange)
            assert kind.multiply is not None
            held = self.holds(place, at, day)
            factor[held] *= kind.multiply
            for mask, share in self._coming_back(place, at):
                factor[mask & ~held] *= kind.multiply**share
        return factor

    def changed(self, *, purse: bool | None = None) -> FloatArray:
        """(n,) the multiple that stands in the amount in force: that of bidder's last change."""
        factor = np.ones(len(self.snapshot.budgets))
        if not self.places(purse=purse):
            return factor
        edges = self._edges()
        written: dict[tuple[int, int], tuple[datetime, list[int]]] = {}
        for index, budget in enumerate(self.snapshot.budgets):
            number = self.snapshot.changed.get(budget.id)
            if number is not None and number >= 0:
                at = self.snapshot.changed_at.get(budget.id) or self._noon(number)
                written.setdefault((number, bisect_right(edges, at)), (at, []))[1].append(index)
        for (number, _), (at, indices) in written.items():
            factor[indices] = self.of(at, date.fromordinal(number + EPOCH_ORDINAL), purse=purse)[indices]
        return factor

    def _edges(self) -> list[datetime]:
        """The instants between which no event changes its phase, nor a day of its phase begins."""
        edges: set[datetime] = set()
        for promotion in self.snapshot.calendar:
            for span in promotion.lasting:
                days = int((span.closes - span.opens) / timedelta(days=1)) + 1
                edges.update(span.opens + timedelta(days=n) for n in range(days))
                edges.add(span.closes)
        return sorted(edges)

    def _noon(self, number: int) -> datetime:
        return AccountDay(self.zone, date.fromordinal(number + EPOCH_ORDINAL)).start_at + NOON

    def coming_back(self, at: datetime) -> NDArray[np.bool_]:
        """Budgets that an event had multiplied and that are on their way back."""
        back = np.zeros(len(self.snapshot.budgets), dtype=np.bool_)
        for place in self.places():
            held = self.holds(place, at)
            for mask, _ in self._coming_back(place, at):
                back |= mask & ~held
        return back

    def _coming_back(self, place: int, at: datetime) -> list[tuple[NDArray[np.bool_], float]]:
        """Budgets of events in `recover` that this rule multiplied just before, and what is left of its logarithm."""
        rule = self.rules[place]
        assert rule.when is not None
        if not any(name.startswith("event.") for name in rule.when.names):
            return []
        found = []
        own = of_budgets(self.snapshot, at)
        for one in in_force_at(self.snapshot, at):
            if one.span.phase is not Phase.RECOVER or one.day(at) >= STEPS_BACK:
                continue
            mine = np.array([other is not None and other.promotion == one.promotion for other in own], dtype=np.bool_)
            before = self.holds(place, one.span.opens - timedelta(seconds=1))
            mask = mine & before & covered(self.snapshot, one.promotion)
            if mask.any():
                found.append((mask, (STEPS_BACK - 1 - one.day(at)) / STEPS_BACK))
        return found

    def _at(self, at: datetime, day: date) -> Attributes:
        moment = self._moments.get(at)
        if moment is None or moment.snapshot.day != day:
            moment = self._moments[at] = Attributes(replace(self.snapshot, as_of=at, day=day))
        return moment
