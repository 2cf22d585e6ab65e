"""What a shop needs of people, and how much money a day hangs on it: the order of the agency's morning.

At risk is, in the shop's currency a day: for a shop that nobody steers (halted, no plan, figures that stopped coming)
the budgets that run on meanwhile; for writes without a known outcome the larger amounts; for a plan that is held or
waits the profit that it expects above today's budgets; for a month that runs over what it would spend too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bidder.account_day import AccountDay
from bidder.agency.seen import Seen
from bidder.catalog import Mode
from bidder.connectors.registry import has_ads

__all__ = ["KINDS", "Need", "needs_of"]

KINDS = (
    "broken", "unread", "unresolved", "halted", "no_plan", "stale", "over_pace", "held", "reducing", "poll_failed",
    "approve", "by_hand",
)  # fmt: skip
"""Gravest first, where money does not say."""
OVER_PACE = 1.10
"""From so much of the month's pace on somebody should look (the alert BidderMonthPacingOff)."""
EARLIEST_PACE = 3 / 30
"""Before so much of the month has passed its pace says nothing."""
PATIENCE = 3
"""Intervals without a good poll after which figures are said to have stopped coming (the alert BidderPollStale)."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing for a person. `detail` is for people; `at_risk` money a day in the shop's currency."""

    kind: str
    detail: str
    at_risk: float = 0.0

    @property
    def unknown(self) -> bool:
        """Whether nobody knows how much hangs on it: it then comes first."""
        return self.kind in ("broken", "unread")


def needs_of(seen: Seen) -> tuple[Need, ...]:
    """What the shop needs, most money first; nothing for a shop that is well."""
    found = [*_stops(seen), *_gaps(seen), *_plans(seen), *_pace(seen)]
    return tuple(sorted(found, key=lambda one: (-one.at_risk, KINDS.index(one.kind), one.detail)))


def _stops(seen: Seen) -> list[Need]:
    """What stands still by somebody's word, or by a write that nobody knows the end of."""
    status, found = seen.status, list[Need]()
    if seen.unsettled or status.get("unresolved"):
        found.append(Need("unresolved", f"{status.get('unresolved', 0)}", seen.unsettled))
    if status["state"] == "HALTED":
        found.append(Need("halted", status["reason"], seen.in_force))
    if status["state"] == "REDUCING":
        found.append(Need("reducing", status["reason"], _gain(seen)))
    return found


def _gaps(seen: Seen) -> list[Need]:
    """What should have come and did not: figures, and the day's plan."""
    status, config, found = seen.status, seen.config, list[Need]()
    every = config.schedule.poll
    ads = {
        str(account.id) for account, _ in config.accounts if has_ads(account.platform) and account.platform != "files"
    }
    stale = []
    for one in status["accounts"]:
        if one["account"] not in ads:
            continue
        at = None if one["polled_at"] is None else datetime.fromisoformat(one["polled_at"])
        if at is None or seen.now - at > PATIENCE * every:
            stale.append(one["account"])
        elif one["error"]:
            found.append(Need("poll_failed", f"{one['account']}: {one['error']}", 0.0))
    if stale:
        found.append(Need("stale", ", ".join(stale), seen.in_force))
    failed = next((one for one in status["problems"] if one.startswith("no plan for")), None)
    day = AccountDay.of(seen.now, config.shop.timezone)
    until = config.schedule.decide.until
    late = seen.now > day.start_at + timedelta(hours=until.hour + 1, minutes=until.minute)
    planned_today = seen.stored is not None and seen.stored.day == status["day"]
    if failed is not None:
        found.append(Need("no_plan", failed, seen.in_force))
    elif late and not planned_today and not stale and status["state"] != "HALTED" and ads:
        last = "" if seen.stored is None else seen.stored.day
        found.append(Need("no_plan", last, seen.in_force))
    return found


def _plans(seen: Seen) -> list[Need]:
    """A plan that waits for somebody."""
    stored, found = seen.stored, list[Need]()
    if stored is None or stored.day != seen.status["day"]:
        return found
    whole = [one for one in stored.document["holds"] if one["budget"] is None]
    if whole:
        found.append(Need("held", f"{whole[0]['check']}: {whole[0]['reason']}", _gain(seen)))
    elif seen.waits:
        found.append(Need("approve", str(len(seen.waits)), _gain(seen)))
    modes = {account.mode for account, _ in seen.config.accounts}
    if Mode.MANUAL in modes and not whole and stored.status == "proposed":
        by_hand = {str(account.id) for account, _ in seen.config.accounts if account.mode is Mode.MANUAL}
        lines = [one for one in stored.document["budgets"] if one["id"].partition("/")[0] in by_hand and _moves(one)]
        if lines:
            found.append(Need("by_hand", str(len(lines)), _gain(seen)))
    held = [one for one in seen.held if one.item == "shop"]
    if held and not whole:
        found.append(Need("held", f"{held[0].check}: {held[0].reason}", _gain(seen)))
    return found


def _pace(seen: Seen) -> list[Need]:
    """A month that will cost more than it may."""
    month = seen.status["month"]
    if month["budget"] is None or month["passed"] < EARLIEST_PACE:
        return []
    spent, budget = float(month["spent"]), float(month["budget"])
    pace = spent / (budget * month["passed"]) if budget else 0.0
    if pace <= OVER_PACE:
        return []
    days = _length(date.fromisoformat(seen.status["day"]))
    too_much = (spent / month["passed"] - budget) / days
    return [Need("over_pace", f"{pace:.0%}", too_much)]


def _gain(seen: Seen) -> float:
    """What the newest plan expects to earn a day above the budgets in force; never below zero."""
    stored = seen.stored
    if stored is None:
        return 0.0
    document: Any = stored.document
    return max(0.0, float(document["expected"]["mean"]) - float(document["expected_now"]))


def _moves(line: Any) -> bool:
    return line["now"] is None or float(line["now"]) != float(line["planned"])


def _length(day: date) -> int:
    following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return (following - day.replace(day=1)).days
