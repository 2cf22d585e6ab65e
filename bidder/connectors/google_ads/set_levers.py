"""Sets bids and targets of Google Ads: millionths → micros or a ratio, and what a reply proves."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from bidder.bidding import Lever, LeverId, LeverKind, LeverOutcome
from bidder.connectors.google_ads import levers
from bidder.connectors.google_ads.client import Client
from bidder.connectors.google_ads.proof import is_id, proof_of
from bidder.connectors.google_ads.read_levers import STRATEGIES, ad_group_of, keyword_of, target_of
from bidder.connectors.http import Reply, dig
from bidder.connectors.own import own
from bidder.connectors.writer import Writer, proven, unanswered
from bidder.errors import ConnectorError
from bidder.money import MICROS, Money, minor_unit
from bidder.outcome import Refused

__all__ = ["SetsBids"]

_KEYWORD = re.compile(r"\d{1,20}~\d{1,20}", re.ASCII)


class SetsBids(Writer[Client]):
    """The part of the writer that concerns bids and targets."""

    async def read_lever(self, lever: LeverId) -> Lever:
        """The bid or target as the platform has it now. Raises ConnectorError."""
        own(self.account.id, "bids", lever, "bid")
        if not _named(lever):
            raise ConnectorError(self.account.id, "bids", f"{lever} is no bid of this platform", error="schema")
        client, account = self._client, self.account
        await client.believe(account)
        match lever.kind:
            case LeverKind.KEYWORD:
                found = levers.keywords(await keyword_of(client, lever.native), account)
            case LeverKind.AD_GROUP:
                found = levers.ad_groups(await ad_group_of(client, lever.native), account)
            case _:
                steered = levers.targets(await target_of(client, lever.native), account)
                known = client.http.memory.setdefault(STRATEGIES, {})
                known.update({one.native: strategy for one, (_, strategy) in steered.items()})
                found = [one for one, _ in steered.values()]
        mine = [one for one in found if one.id == lever]
        if not mine:
            raise ConnectorError(account.id, "bids", f"there is no {lever}", error="schema")
        return mine[0]

    async def set_lever(self, lever: LeverId, value: int) -> LeverOutcome:
        """Asks for an absolute value. Raises ConnectorError for another account's, never for a reply."""
        own(self.account.id, "bids", lever, "bid")
        if not _named(lever):
            return Refused(f"not sent: {lever} is no bid of this platform")
        ratio = lever.kind is LeverKind.TARGET_ROAS
        step = levers.ROAS_STEP if ratio else minor_unit(self.account.currency)
        if value <= 0 or value % step:
            what = "a target ROAS of whole hundredths" if ratio else f"whole {Money(step, self.account.currency)}"
            return Refused(f"not sent: {Decimal(value) / MICROS} is not {what} above 0")
        try:
            collection, resource, path, sent_value = await self._asked(lever, value)
        except ConnectorError as e:
            return Refused(f"not sent: how it is steered could not be read: {e.reason}")
        sent = await self._client.mutate(collection, resource, path, sent_value)
        if not isinstance(sent, Reply):
            return unanswered(sent)

        def differs(result: Any) -> str | None:
            stored = dig(result, _PARTS[collection], *path.split("."))
            same = stored is None or Decimal(str(stored)) == Decimal(str(sent_value))
            return None if same else f"{stored} instead of {sent_value}"

        taken, reason = proof_of(sent, f"/{collection}/{resource}", differs)
        return self._client.http.redacted(proven(value, taken, reason))

    async def _asked(self, lever: LeverId, value: int) -> tuple[str, str, str, str | float]:
        """Collection, resource, the field's path in it, and the value as the platform writes it."""
        if lever.kind is LeverKind.KEYWORD:
            return "adGroupCriteria", lever.native, "cpcBidMicros", str(value)
        if lever.kind is LeverKind.AD_GROUP:
            return "adGroups", lever.native, "cpcBidMicros", str(value)
        known: dict[str, str] = self._client.http.memory.get(STRATEGIES, {})
        if lever.native not in known:
            await self.read_lever(lever)
            known = self._client.http.memory.get(STRATEGIES, {})
        part, field, kind = levers.FIELDS[known[lever.native]]
        if kind is not lever.kind:
            raise ConnectorError(self.account.id, "bids", f"there is no {lever}", error="schema")
        number: str | float = value / MICROS if kind is LeverKind.TARGET_ROAS else str(value)
        return "campaigns", lever.native, f"{part}.{field}", number


_PARTS = {"adGroupCriteria": "adGroupCriterion", "adGroups": "adGroup", "campaigns": "campaign"}


def _named(lever: LeverId) -> bool:
    """Whether the platform may have such a one."""
    if lever.kind is LeverKind.KEYWORD:
        return _KEYWORD.fullmatch(lever.native) is not None
    return lever.kind is not LeverKind.PRODUCT_TARGET and is_id(lever.native)
