"""How often one thing was changed, where a platform locks what is changed too often. Used by `door`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from bidder.store.protocol import Store

__all__ = ["Edits"]

EDITS_SPAN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Edits:
    """How often one thing was changed within the last hour, kept across restarts, where a platform counts that.

    `most` is the writer's `edits_an_hour`; None: the platform does not count.
    """

    store: Store
    item: str
    most: int | None

    async def too_often(self, now: datetime) -> str | None:
        """Why one change more would lock it."""
        if self.most is None:
            return None
        edits = await self._known(now)
        if len(edits) < self.most:
            return None
        again = datetime.fromisoformat(edits[-self.most]) + EDITS_SPAN
        return f"changed {len(edits)} times within the hour: one more would lock it; from {again:%H:%M} UTC"

    async def count(self, now: datetime) -> list[str]:
        """Counts a change before it is sent; what is counted then."""
        if self.most is None:
            return []
        edits = [*await self._known(now), now.isoformat()]
        await asyncio.to_thread(self.store.set_value, self._key, edits)
        return edits

    async def uncount(self, edits: list[str]) -> None:
        """Nothing was changed, so it is not counted."""
        if edits:
            await asyncio.to_thread(self.store.set_value, self._key, edits[:-1])

    async def _known(self, now: datetime) -> list[str]:
        known = await asyncio.to_thread(self.store.value, self._key) or []
        return [at for at in known if now - datetime.fromisoformat(at) < EDITS_SPAN]

    @property
    def _key(self) -> str:
        return f"edits:{self.item}"
