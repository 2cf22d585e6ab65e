"""The activities page: the events of the calendar with their phases, and which of the others are worth joining."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bidder.errors import BidderError
from bidder.explain.activities import ActivityAdvice
from bidder.promotion import Promotion
from bidder.web.visit import Visit

__all__ = ["EventLine", "SpanLine", "activities"]


@dataclass(frozen=True, slots=True)
class SpanLine:
    """A phase: its word, from and to in the shop's zone, whether it is in force, and its bar (0 to 100)."""

    phase: str
    word: str
    opens: str
    closes: str
    now: bool
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event with what is written about it; `advice` for one that is not joined yet."""

    name: str
    standing: str
    """before, now or over."""
    spans: list[SpanLine]
    today: float | None
    """Where today lies on the bar, 0 to 100."""
    facts: list[tuple[str, str]]
    advice: ActivityAdvice | None = None
    deadline: str = ""


def activities(v: Visit) -> dict[str, Any]:
    """Joined events first, as they come; then candidates with advice."""
    if v.clerk is None:
        return {"joined": [], "candidates": [], "fault": "", "names": {}}
    calendar = v.clerk.config().calendar
    said = v.now.get("at")
    now = datetime.fromisoformat(said) if said else None
    fault, advice, names = "", {}, {}
    decision = v.clerk.decision()
    if decision is not None:
        names = {str(one.id): one.name or str(one.id) for one in decision.snapshot.products}
    try:
        advice = {one.name: one for one in v.clerk.advice()}
    except BidderError as e:
        fault = str(e)
    return {
        "joined": [_event(v, one, now) for one in sorted(calendar.events, key=lambda one: one.opens)],
        "candidates": [
            _event(v, one.event, now, advice.get(one.event.name), "" if one.deadline is None else v.w.day(one.deadline))
            for one in calendar.candidates
        ],
        "fault": fault,
        "names": names,
    }


def _event(
    v: Visit, event: Promotion, now: datetime | None, advice: ActivityAdvice | None = None, deadline: str = ""
) -> EventLine:
    opens, closes = event.opens, event.closes
    whole = (closes - opens) / timedelta(days=1) or 1.0

    def part(at: datetime) -> float:
        return round(100 * ((at - opens) / timedelta(days=1)) / whole, 2)

    in_force = None if now is None else event.at(now)
    spans = [
        SpanLine(
            phase=one.phase.value,
            word=v.w.term("phase", one.phase.value),
            opens=_hour(v, one.opens),
            closes=_hour(v, one.closes),
            now=in_force is not None and one == in_force,
            x=part(one.opens),
            width=max(part(one.closes) - part(one.opens), 0.8),
        )
        for one in event.lasting
    ]
    standing = "before" if now is None or now < opens else "over" if now >= closes else "now"
    facts = []
    if event.discount:
        facts.append((v.w.say("event.discount"), f"{event.discount:.0%}"))
    for word, money in ((v.w.say("event.fee"), event.fee), (v.w.say("event.purse"), event.purse)):
        if money is not None and money.micros:
            facts.append((word, v.w.money(str(money), money.currency)))
    if event.lift is not None:
        facts.append((v.w.say("event.lift"), f"× {event.lift:g}"))
    today = part(now) if now is not None and standing == "now" else None
    return EventLine(event.name, standing, spans, today, facts, advice, deadline)


def _hour(v: Visit, at: datetime) -> str:
    local = at.astimezone(ZoneInfo(v.zone))
    if local.hour == local.minute == 0:
        return v.w.day(local.date())
    return f"{v.w.day(local.date())} {local:%H:%M}"
