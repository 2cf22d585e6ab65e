"""What the agency is told without asking: its digest in the morning, and shops that have come to need somebody.

One message names each such shop once with all that it needs, so that a platform that fails for fifty shops at once is
one message and not fifty. What was told is remembered in the agency's store, so that a restart does not repeat it; it
is told again when it has gone and come back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from bidder.agency.digest import agency_digest
from bidder.agency.overview import ahead, line_of
from bidder.agency.standing import ShopStanding
from bidder.alerts import Level, Receiver, send
from bidder.config.agency import Agency
from bidder.explain.agency_digest import agency_page, agency_text, message_text
from bidder.explain.agency_words import Language
from bidder.store.people import AgencyStore

__all__ = ["GRAVE", "Messages"]

log = structlog.get_logger("bidder.agency")

GRAVE = frozenset({"broken", "unread", "unresolved", "halted", "no_plan", "stale", "over_pace"})
"""Kinds of needs that are told at once; the others wait for the morning."""
NEW_SHOP = "nothing was read yet"
TOLD, DIGEST_DAY = "agency_told", "agency_digest_day"
REST = timedelta(minutes=15)
"""Least time between two messages: what comes meanwhile is told together."""

Post = Callable[..., str | None]


class Messages:
    """Of one agency. `post` hands a message to a receiver and gives why it was not taken (default: apprise)."""

    def __init__(self, agency: Agency, people: AgencyStore, post: Post = send) -> None:
        self._agency, self._people, self._post = agency, people, post
        self._sent_at: datetime | None = None

    def after_round(self, shops: Sequence[ShopStanding], now: datetime) -> None:
        """Tells what there is to tell. *Slow*. Raises StoreError."""
        if self._agency.receivers:
            self._tell(shops, now)
            self._digest(shops, now)

    def _tell(self, shops: Sequence[ShopStanding], now: datetime) -> None:
        grave = {
            f"{one.name}:{need.kind}" for one in shops for need in one.needs if need.kind in GRAVE and _counts(one)
        }
        told = set(self._people.value(TOLD) or ())
        new = grave - told
        if new and self._sent_at is not None and now - self._sent_at < REST:
            return
        if grave != told:
            self._people.set_value(TOLD, sorted(grave))
        if new:
            self._sent_at = now
            names = {one.partition(":")[0] for one in new}
            found = [line_of(one) for one in ahead(shops, self._agency, now.date()) if one.name in names]
            self._people.append("alert", now, what="shops need somebody", shops=sorted(names), needs=sorted(new))
            self._send(
                lambda language: (message_text(found, self._agency.title, GRAVE, language), None),
                [one for one in self._agency.receivers if one.levels & {Level.WARNING, Level.CRITICAL}],
                Level.WARNING,
            )

    def _digest(self, shops: Sequence[ShopStanding], now: datetime) -> None:
        at = self._agency.digest_at
        local = now.astimezone(ZoneInfo(self._agency.timezone))
        if at is None or local.time() < at or self._people.value(DIGEST_DAY) == local.date().isoformat():
            return
        self._people.set_value(DIGEST_DAY, local.date().isoformat())
        shown = agency_digest(shops, self._agency, now)
        self._send(
            lambda language: (agency_text(shown, language), agency_page(shown, language)),
            [one for one in self._agency.receivers if one.digest],
            Level.INFO,
        )

    def _send(
        self,
        make: Callable[[Language], tuple[list[str], str | None]],
        receivers: Collection[Receiver],
        level: Level,
    ) -> None:
        for one in receivers:
            (title, *rest), page = make(one.language)
            why = self._post(one, title, "\n".join(rest), level=level, html=page)
            (log.info if why is None else log.error)("told", to=one.name, level=level.value, why=why)


def _counts(one: ShopStanding) -> bool:
    """A shop that was just added is not missing anything."""
    return one.reason != NEW_SHOP
