"""Bad weather at a platform: spells of one kind of fault each, drawn from a seed, on a clock that is handed in."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from bidder.testing import ReadFault, WriteFault
from tests.connectors.http.fake import FakeHttp
from tests.connectors.http.server import CUT, Answer, Got, page

__all__ = ["Mood", "Spell", "Weather"]


class Mood(Enum):
    """What a platform does in a spell."""

    FINE = "answers"
    DOWN = "503 to everything, tokens too"
    ERRORS = "its own server error, now and then"
    THROTTLED = "too many requests, for a while each time"
    CUT = "the connection ends without a word"
    SILENT = "no answer in time"
    SLOW = "an answer, but late"
    JUNK = "half a body, or a proxy's page with 200"
    EXPIRED = "tokens end again and again"
    REVOKED = "no token is good, nor is a new one to be had"
    LOSES = "pages of reports are missing"


DEAD = frozenset({Mood.DOWN, Mood.CUT, Mood.SILENT, Mood.REVOKED})
"""Moods in which nothing can come of a call."""


class Spell(NamedTuple):
    """From, until, and how it is."""

    begins: datetime
    ends: datetime
    mood: Mood

    @property
    def dead(self) -> bool:
        return self.mood in DEAD

    @property
    def minutes(self) -> float:
        return (self.ends - self.begins) / timedelta(minutes=1)


class Weather:
    """Stands before a fake platform's own answers. Every request is noted with its instant."""

    def __init__(self, fake: FakeHttp, now: Callable[[], datetime], seed: int, silences: int = 3) -> None:
        self.fake = fake
        self.spells: list[Spell] = []
        self.calls: list[datetime] = []
        self._now = now
        self._draw = random.Random(seed)
        self._silences = silences
        """How many requests may really wait for their end: real time. Then they are cut."""
        self._own = fake.server._handle
        fake.server._handle = self._answer

    def forecast(self, begins: datetime, until: datetime) -> None:
        """Fills the time with spells of ten minutes to four hours, every second one fine."""
        bad = [mood for mood in Mood if mood is not Mood.FINE]
        fine = self._draw.random() < 0.5
        while begins < until:
            length = timedelta(minutes=self._draw.choice((10, 20, 45, 90, 240)))
            ends = min(until, begins + length)
            self.spells.append(Spell(begins, ends, Mood.FINE if fine else self._draw.choice(bad)))
            begins, fine = ends, not fine

    def mood(self) -> Mood:
        now = self._now()
        return next((one.mood for one in self.spells if one.begins <= now < one.ends), Mood.FINE)

    def calls_in(self, spell: Spell) -> int:
        return sum(spell.begins <= at < spell.ends for at in self.calls)

    def _answer(self, got: Got) -> Answer | Awaitable[Answer]:
        self.calls.append(self._now())
        fake, mood, luck = self.fake, self.mood(), self._draw.random()
        token = got.path.endswith("/token")
        if mood is Mood.FINE:
            fake.refused = False
            return self._own(got)
        match mood:
            case Mood.DOWN:
                return page(503)
            case Mood.CUT:
                return CUT
            case Mood.SILENT:
                self._silences -= 1
                return Answer(cut=True, slow=60.0 if self._silences >= 0 else 0.0)
            case Mood.SLOW:
                return Answer(*self._plain(got), slow=0.02)
            case Mood.REVOKED:
                if token:
                    fake.refused = True
                    return self._own(got)
                return fake.unauthorized(got)
        if token:
            return self._own(got)
        write = fake.is_write(got)
        match mood:
            case Mood.ERRORS if luck < 0.4:
                return self._own(got) if write and self._unlucky_write(luck) else fake.error(got)
            case Mood.THROTTLED if luck < 0.6:
                return fake.throttled(got, long=luck < 0.05)
            case Mood.JUNK if luck < 0.6:
                return self._own(got) if write and self._unlucky_write(luck) else self._junk(got, luck)
            case Mood.EXPIRED if luck < 0.5 and ReadFault.EXPIRED not in fake.faults:
                fake.expired.update(self._tokens(got))
            case Mood.EXPIRED if luck < 0.5:
                return fake.unauthorized(got)  # no token that could be renewed: a person does, in time
            case Mood.LOSES if not write:
                status = Answer(*self._plain(got))
                return Answer(status.status, _without_rows(status.body), status.headers)
        return self._own(got)

    def _plain(self, got: Got) -> tuple[int, bytes, dict[str, str]]:
        found = self._own(got)
        assert isinstance(found, Answer)
        return found.status, found.body, dict(found.headers)

    def _unlucky_write(self, luck: float) -> bool:
        """A write that is done, or not, and nobody is told."""
        faults: Sequence[WriteFault] = (WriteFault.LOST_REPLY, WriteFault.LOST_REQUEST, WriteFault.ERROR_APPLIED)
        self.fake.writing.append(faults[int(luck * 1000) % len(faults)])
        return True

    def _junk(self, got: Got, luck: float) -> Answer:
        status, body, headers = self._plain(got)
        return page(200) if luck < 0.3 else Answer(status, body[: len(body) // 2], headers)

    def _tokens(self, got: Got) -> set[str]:
        said = got.headers.get("Authorization", "").removeprefix("Bearer ")
        return {said} if said else set()


def _without_rows(body: bytes) -> bytes:
    """An answer that holds nothing, with the status of a success: a page that was lost."""
    return b"{}" if body[:1] == b"{" else b"[]" if body[:1] == b"[" else body
