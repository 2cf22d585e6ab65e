"""Sets bids of Sponsored Products: millionths → currency units, and what a reply proves."""

from __future__ import annotations

from bidder.bidding import Lever, LeverId, LeverOutcome
from bidder.connectors.amazon_ads import levers
from bidder.connectors.amazon_ads.client import AD_GROUPS, Client
from bidder.connectors.amazon_ads.proof import is_id, proof_of
from bidder.connectors.http import Reply
from bidder.connectors.own import own
from bidder.connectors.writer import Writer, proven, unanswered
from bidder.errors import ConnectorError
from bidder.money import Money, exponent_of, minor_unit
from bidder.outcome import Refused

__all__ = ["SetsBids"]


class SetsBids(Writer[Client]):
    """The part of the writer that concerns bids."""

    async def read_lever(self, lever: LeverId) -> Lever:
        """The bid as the platform has it now, its ad group's state with it. Raises ConnectorError."""
        own(self.account.id, "bids", lever, "bid")
        entity = levers.ENTITY.get(lever.kind)
        if entity is None or not is_id(lever.native):
            raise ConnectorError(self.account.id, "bids", f"{lever} is no bid of this platform", error="schema")
        await self._client.believe(self.account)
        pages = await self._client.listed(entity, lever.native)
        found = [one for one in levers.levers(lever.kind, pages, self.account) if one.id == lever]
        if not found:
            raise ConnectorError(self.account.id, entity.name, f"there is no {lever}", error="schema")
        if entity is AD_GROUPS:
            return found[0]
        groups = levers.ad_groups(await self._client.listed(AD_GROUPS, found[0].ad_group), self.account)
        return levers.levers(lever.kind, pages, self.account, groups)[0]

    async def set_lever(self, lever: LeverId, value: int) -> LeverOutcome:
        """Asks for an absolute bid. Raises ConnectorError for another account's, never for a reply."""
        own(self.account.id, "bids", lever, "bid")
        entity, currency = levers.ENTITY.get(lever.kind), self.account.currency
        unit = minor_unit(currency)
        if entity is None or not is_id(lever.native):
            return Refused(f"not sent: {lever} is no bid of this platform")
        if value <= 0 or value % unit:
            amount, whole = Money(value, currency), Money(unit, currency)
            return Refused(f"not sent: {amount} is no bid of whole {whole} above 0")
        amount = Money(value, currency)
        number = float(amount.to_decimal()) if exponent_of(currency) else int(amount.to_decimal())
        sent = await self._client.change(entity, lever.native, {levers.BID_FIELD[lever.kind]: number})
        if not isinstance(sent, Reply):
            return unanswered(sent)
        taken, reason = proof_of(sent, entity, lever.native)
        return self._client.http.redacted(proven(value, taken, reason))
