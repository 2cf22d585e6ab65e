"""What of all that is wrong is worth a message now: each thing once, grouped by cause, nothing at night that can wait.

Its memory is JSON that the daemon keeps in the store, so that a restart says nothing twice. No clock: `now` comes in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bidder.alerts.kinds import KINDS, Level, Message, Status, Trouble

__all__ = ["QUIET", "Desk"]

QUIET = (time(23, 0), time(8, 0))
"""From, until: in the shop's zone."""
CLEAR = timedelta(minutes=15)
"""So long a trouble must be gone before its end is said: it may only have flickered."""
TOGETHER = timedelta(hours=1)
"""After a warning, others of its kind wait so long and are then said together."""
FLICKER = timedelta(hours=6)
"""What comes back within this time must last TOGETHER before it is said anew."""


@dataclass(slots=True)
class _Entry:
    """A trouble that is open, or gone for less than CLEAR."""

    kind: str
    subject: str
    level: Level
    since: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    sent: datetime | None = None
    repeated: bool = False
    gone: datetime | None = None
    muted: bool = False


class Desk:
    """Holds what is open. `remembered` is what `memory` gave before; anything else is taken as nothing."""

    def __init__(self, remembered: Any = None) -> None:
        self._open: dict[tuple[str, str], _Entry] = {}
        self._told: dict[str, datetime] = {}
        self._closed: dict[tuple[str, str], datetime] = {}
        self.held_back = 0
        """How many new troubles the last look did not say: muted, or at night."""
        try:
            self._recall(remembered or {})
        except (KeyError, TypeError, ValueError, AttributeError):  # an older version's, or damaged: begin anew
            self._open, self._told, self._closed = {}, {}, {}

    def look(self, troubles: Iterable[Trouble], now: datetime, zone: str, *, event: bool = False) -> list[Message]:
        """What is to be said at `now`; `event`: a day on which nights are not quiet."""
        quiet = not event and _quiet(now, zone)
        fresh = self._note(troubles, now)
        due: dict[tuple[Status, str], list[_Entry]] = {}
        for entry in self._open.values():
            status = self._due(entry, now)
            if status is None:
                continue
            if entry.muted or (quiet and not KINDS[entry.kind].night):
                continue
            due.setdefault((status, entry.kind), []).append(entry)
        messages = [
            self._message(status, kind, entries, now)
            for (status, kind), entries in due.items()
            if status != "firing" or not self._wait_for_more(kind, entries, now)
        ]
        self.held_back = sum(one.muted or (quiet and not KINDS[one.kind].night) for one in fresh)
        self._forget(now)
        return sorted(messages, key=lambda one: (-one.level.rank, list(KINDS).index(one.kind), one.status))

    def memory(self) -> dict[str, Any]:
        """What to remember across restarts, as JSON."""
        return {
            "open": [
                {
                    "kind": one.kind,
                    "subject": one.subject,
                    "level": one.level.value,
                    "since": one.since.isoformat(),
                    "facts": dict(one.facts),
                    "sent": _text(one.sent),
                    "repeated": one.repeated,
                    "gone": _text(one.gone),
                }
                for one in self._open.values()
            ],
            "told": {kind: at.isoformat() for kind, at in self._told.items()},
            "closed": [[kind, subject, at.isoformat()] for (kind, subject), at in self._closed.items()],
        }

    def _recall(self, remembered: Mapping[str, Any]) -> None:
        for one in remembered.get("open", ()):
            if one["kind"] in KINDS:
                self._open[one["kind"], one["subject"]] = _Entry(
                    one["kind"],
                    one["subject"],
                    Level(one["level"]),
                    datetime.fromisoformat(one["since"]),
                    one["facts"],
                    _instant(one["sent"]),
                    bool(one["repeated"]),
                    _instant(one["gone"]),
                )
        self._told = {kind: datetime.fromisoformat(at) for kind, at in remembered.get("told", {}).items()}
        self._closed = {(k, s): datetime.fromisoformat(at) for k, s, at in remembered.get("closed", ())}

    def _note(self, troubles: Iterable[Trouble], now: datetime) -> list[_Entry]:
        """Brings what is open up to date; gives what was not open before."""
        fresh, seen = [], set()
        for one in troubles:
            key, level = (one.kind, one.subject), one.level or KINDS[one.kind].level
            seen.add(key)
            entry = self._open.get(key)
            if entry is None:
                entry = self._open[key] = _Entry(one.kind, one.subject, level, one.since)
                fresh.append(entry)
            entry.facts, entry.level, entry.muted, entry.gone = one.facts, level, one.muted, None
        for key, entry in self._open.items():
            if key not in seen and entry.gone is None:
                entry.gone = now
        return fresh

    def _due(self, entry: _Entry, now: datetime) -> Status | None:
        """What there is to say of it now."""
        kind = KINDS[entry.kind]
        if entry.gone is not None:
            over = entry.sent is not None and kind.lasting and now - entry.gone >= CLEAR
            return "resolved" if over and not self._others_last(entry, now) else None
        if entry.sent is None:
            closed = self._closed.get((entry.kind, entry.subject))
            wait = kind.wait if closed is None or now - closed > FLICKER else max(kind.wait, TOGETHER)
            return "firing" if now - entry.since >= wait else None
        if kind.again is not None and not entry.repeated and now - entry.sent >= kind.again:
            return "again"
        return None

    def _others_last(self, entry: _Entry, now: datetime) -> bool:
        """What began in one message ends in one, where the rest of it ends within TOGETHER."""
        assert entry.gone is not None
        others = [one for one in self._open.values() if one.kind == entry.kind and one.sent == entry.sent]
        return now - entry.gone < TOGETHER and any(one.gone is None or now - one.gone < CLEAR for one in others)

    def _wait_for_more(self, kind: str, entries: Sequence[_Entry], now: datetime) -> bool:
        told = self._told.get(kind)
        return told is not None and now - told < TOGETHER and all(one.level is not Level.CRITICAL for one in entries)

    def _message(self, status: Status, kind: str, entries: list[_Entry], now: datetime) -> Message:
        entries.sort(key=lambda one: (-one.level.rank, -float(one.facts.get("weight", 0.0)), one.since, one.subject))
        level = entries[0].level if status != "again" else Level.CRITICAL
        since, at = min(one.since for one in entries), now
        if status == "resolved":
            at = max(one.gone for one in entries if one.gone is not None)
        for one in entries:
            if status == "firing":
                one.sent = self._told[kind] = now
            elif status == "again":
                one.repeated = True
            else:
                del self._open[one.kind, one.subject]
                self._closed[one.kind, one.subject] = now
        subjects = tuple(one.subject for one in entries)
        return Message(status, kind, level, subjects, tuple(one.facts for one in entries), since, at)

    def _forget(self, now: datetime) -> None:
        """Lets go of what is over without a word."""
        for key, entry in list(self._open.items()):
            said = entry.sent is not None and KINDS[entry.kind].lasting
            if entry.gone is not None and now - entry.gone >= CLEAR and not said:
                del self._open[key]
        self._closed = {key: at for key, at in self._closed.items() if now - at <= FLICKER}


def _quiet(now: datetime, zone: str) -> bool:
    clock = now.astimezone(ZoneInfo(zone)).time()
    return clock >= QUIET[0] or clock < QUIET[1]


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
