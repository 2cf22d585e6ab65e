"""Sets ROAS goals of ad sets: millionths → ten-thousandths, and what a reply proves."""

from __future__ import annotations

import re

from bidder.bidding import Lever, LeverId, LeverKind, LeverOutcome, shown
from bidder.connectors.body import Node
from bidder.connectors.http import Meaning, Reply, dig
from bidder.connectors.meta import levers
from bidder.connectors.meta.client import Client
from bidder.connectors.meta.reading import believe
from bidder.connectors.meta.usage import proves_refusal, verdict
from bidder.connectors.own import own
from bidder.connectors.writer import Writer, unanswered
from bidder.errors import ConnectorError
from bidder.outcome import Applied, Refused, Unresolved

__all__ = ["SetsGoals"]


class SetsGoals(Writer[Client]):
    """The part of the writer that concerns targets."""

    async def read_lever(self, lever: LeverId) -> Lever:
        """The goal as the platform has it now. Raises ConnectorError, also where the ad set has none."""
        own(self.account.id, "bids", lever, "target")
        if not _is_goal(lever):
            raise ConnectorError(self.account.id, "bids", f"{lever} is no goal of this platform", error="schema")
        await believe(self._client, self.account)
        page = await self._client.goal(lever.native)
        found = levers.goal_of(Node(self.account.id, "bids", page.body), self.account, page)
        if found is None or found.id != lever:
            raise ConnectorError(self.account.id, "bids", f"there is no {lever}", error="schema")
        return found

    async def set_lever(self, lever: LeverId, value: int) -> LeverOutcome:
        """Asks for an absolute goal. Raises ConnectorError for another account's, never for a reply."""
        own(self.account.id, "bids", lever, "target")
        if not _is_goal(lever):
            return Refused(f"not sent: {lever} is no goal of this platform")
        if value <= 0 or value % levers.STEP:
            return Refused(f"not sent: {shown(value)} is no goal of whole hundredths above 0")
        try:
            await self.read_lever(lever)  # a goal must not be set where the ad set is bid otherwise
        except ConnectorError as e:
            return Refused(f"not sent: {e.reason}")
        sent = await self._client.set_goal(lever.native, value // levers.UNIT)
        if not isinstance(sent, Reply):
            return unanswered(sent)
        said, redact = verdict(sent), self._client.http.redact
        if said.meaning is Meaning.OK:
            taken = dig(sent.data, "success") is True
            return Applied(value) if taken else Unresolved("the reply does not say success")
        return Refused(redact(said.reason)) if proves_refusal(sent) else Unresolved(redact(said.reason))


def _is_goal(lever: LeverId) -> bool:
    return lever.kind is LeverKind.TARGET_ROAS and re.fullmatch(r"\d{1,25}", lever.native, re.ASCII) is not None
