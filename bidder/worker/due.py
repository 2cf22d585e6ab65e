"""What is due when, for every shop: a row for each thing that recurs, by the shop's clock.

Rows are claimed by a tick, which makes jobs of them, and set anew by the job when it is done: so nothing is made up for
one by one after a rest, and a job that came to nothing leaves a claim that runs out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bidder.worker.queue import Queue

__all__ = ["BEGIN", "DECIDE", "DIGEST", "MOST", "NEVER", "POLL", "Due", "Row", "fair"]

BEGIN, DECIDE, DIGEST, POLL = "begin", "decide", "digest", "poll:"
"""What recurs; `poll:` is followed by the account."""

NEVER = datetime(9999, 1, 1, tzinfo=UTC)

MOST = 5_000
"""Rows that one tick takes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is due. `seconds`: what it took the last time."""

    shop: str
    what: str
    at: datetime
    seconds: float = 0.0


def fair(rows: Iterable[Row]) -> list[Row]:
    """One of each shop first, then the second of each, the oldest first."""
    rank: dict[str, int] = {}
    ranked = []
    for row in sorted(rows, key=lambda row: (row.at, row.shop, row.what)):
        rank[row.shop] = rank.get(row.shop, 0) + 1
        ranked.append((rank[row.shop], row))
    return [row for _, row in sorted(ranked, key=lambda one: one[0])]


class Due:
    """The rows of a fleet."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    async def sync(self, stamps: Mapping[str, str], now: datetime) -> None:
        """Shops that are new, or whose file is another, are to be begun; of shops that are gone nothing is due."""
        names = sorted(stamps)
        await self._queue.run("DELETE FROM bidder_due WHERE NOT shop = ANY(%(names)s)", names=names)
        await self._queue.run("DELETE FROM bidder_pushed WHERE NOT shop = ANY(%(names)s)", names=names)
        await self._queue.run(
            "INSERT INTO bidder_due (shop, what, at, stamp) SELECT shop, 'begin', %(now)s, stamp"
            " FROM unnest(%(names)s::text[], %(stamps)s::text[]) AS new (shop, stamp)"
            " ON CONFLICT (shop, what) DO UPDATE SET at = excluded.at, stamp = excluded.stamp, claimed = NULL"
            " WHERE bidder_due.stamp <> excluded.stamp",
            names=names,
            stamps=[stamps[name] for name in names],
            now=now,
        )

    async def claim(self, now: datetime, patience: timedelta) -> list[Row]:
        """What is due and nobody has at hand: one of each shop first, then the second of each, the oldest first."""
        rows = await self._queue.rows(
            "UPDATE bidder_due SET claimed = now() WHERE (shop, what) IN (SELECT shop, what FROM bidder_due"
            " WHERE at <= %(now)s AND (claimed IS NULL OR claimed < now() - make_interval(secs => %(patience)s))"
            " ORDER BY at LIMIT %(most)s) RETURNING shop, what, at, seconds",
            now=now,
            patience=patience.total_seconds(),
            most=MOST,
        )
        return fair([Row(**row) for row in rows])

    async def done(self, rows: Sequence[Row]) -> None:
        """These are due next at their `at`, and took so long."""
        await self._queue.run(
            "UPDATE bidder_due SET at = new.at, seconds = new.seconds, claimed = NULL, fault = ''"
            " FROM unnest(%(shops)s::text[], %(whats)s::text[], %(ats)s::timestamptz[], %(seconds)s::float8[])"
            " AS new (shop, what, at, seconds) WHERE bidder_due.shop = new.shop AND bidder_due.what = new.what",
            shops=[row.shop for row in rows],
            whats=[row.what for row in rows],
            ats=[row.at for row in rows],
            seconds=[row.seconds for row in rows],
        )

    async def begun(self, shop: str, rows: Sequence[Row]) -> None:
        """A shop's configuration was read: this recurs. What ran before under the same name goes on as it is."""
        names = [row.what for row in rows]
        await self._queue.run(
            "DELETE FROM bidder_due WHERE shop = %(shop)s AND NOT what = ANY(%(names)s)",
            shop=shop,
            names=[BEGIN, *names],
        )
        await self._queue.run(
            "INSERT INTO bidder_due (shop, what, at) SELECT %(shop)s, what, at"
            " FROM unnest(%(names)s::text[], %(ats)s::timestamptz[]) AS new (what, at)"
            " ON CONFLICT (shop, what) DO NOTHING",
            shop=shop,
            names=names,
            ats=[row.at for row in rows],
        )
        await self.done([Row(shop, BEGIN, NEVER)])

    async def broken(self, shop: str, fault: str, again_at: datetime) -> None:
        """A shop's configuration cannot be used; it is looked at again at that instant."""
        await self._queue.run(
            "UPDATE bidder_due SET at = %(at)s, fault = %(fault)s, claimed = NULL"
            " WHERE shop = %(shop)s AND what = %(what)s",
            shop=shop,
            what=BEGIN,
            at=again_at,
            fault=fault[:2000],
        )

    async def soon(self, shop: str, what: str, at: datetime) -> None:
        """Something is due earlier than it was."""
        await self._queue.run(
            "UPDATE bidder_due SET at = %(at)s WHERE shop = %(shop)s AND what = %(what)s AND at > %(at)s",
            shop=shop,
            what=what,
            at=at,
        )

    async def pushed(self, shop: str, digest: str | None) -> None:
        """A broker pushes to this shop, whose configuration has that digest; None: no broker does."""
        if digest is None:
            await self._queue.run("DELETE FROM bidder_pushed WHERE shop = %(shop)s", shop=shop)
        else:
            await self._queue.run(
                "INSERT INTO bidder_pushed (shop, digest) VALUES (%(shop)s, %(digest)s)"
                " ON CONFLICT (shop) DO UPDATE SET digest = excluded.digest",
                shop=shop,
                digest=digest,
            )

    async def pushed_to(self) -> dict[str, str]:
        """The shops that a broker pushes to, each with its configuration's digest."""
        return {row["shop"]: row["digest"] for row in await self._queue.rows("SELECT shop, digest FROM bidder_pushed")}

    async def counts(self) -> dict[str, Any]:
        """Shops known and shops whose configuration cannot be used."""
        (row,) = await self._queue.rows(
            "SELECT count(*) AS shops, count(*) FILTER (WHERE fault <> '') AS broken"
            " FROM bidder_due WHERE what = 'begin'"
        )
        return row
