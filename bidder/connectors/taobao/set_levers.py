"""Sets keyword prices of 直通车: millionths → fen, and what a reply proves. Targets of 万相台无界 are typed in."""

from __future__ import annotations

import json
import re

from bidder.bidding import Lever, LeverId, LeverKind, LeverOutcome, shown
from bidder.catalog import Account
from bidder.connectors.http import Ask, Meaning, Payload, Reply, dig
from bidder.connectors.own import own
from bidder.connectors.taobao import levers, simba
from bidder.connectors.taobao.client import Client
from bidder.connectors.taobao.read_levers import WORDS, keywords_by_id, read_targets
from bidder.connectors.taobao.reading import believe, scenes
from bidder.connectors.taobao.settings import Api
from bidder.connectors.taobao.top import proves_refusal, unwrapped, verdict
from bidder.connectors.writer import Writer, proven, unanswered
from bidder.errors import ConnectorError
from bidder.outcome import Refused

__all__ = ["SetsBids"]

_TYPED = "万相台无界 documents no method that sets a target: type it in there"


class SetsBids(Writer[Client]):
    """The part of the writer that concerns bids and targets."""

    async def read_lever(self, lever: LeverId) -> Lever:
        """The price or target as the platform has it now. Raises ConnectorError."""
        own(self.account.id, "bids", lever, "bid")
        client, account = self._client, self.account
        believe(account, client)
        missing = ConnectorError(account.id, "bids", f"there is no {lever}", error="schema")
        if client.settings.api is not Api.SIMBA:
            found = await read_targets(client, account, await scenes(client, account))
            mine = [one for one in found if one.id == lever]
            if not mine:
                raise missing
            return mine[0]
        if not _is_keyword(lever):
            raise missing
        payload, words = await keywords_by_id(client, account, lever.native)
        word = next((one for one in words if one.id == lever.native), None)
        if word is None:
            raise missing
        online = levers.online_campaigns(simba.campaigns(await client.simba_campaigns(), account))
        return levers.lever_of(word, account, payload, online.get(word.campaign, False))

    async def set_lever(self, lever: LeverId, value: int) -> LeverOutcome:
        """Asks for an absolute price. Raises ConnectorError for another account's, never for a reply."""
        own(self.account.id, "bids", lever, "bid")
        if self._client.settings.api is not Api.SIMBA:
            return Refused(f"not sent: {_TYPED}")
        if not _is_keyword(lever):
            return Refused(f"not sent: {lever} is no keyword of this platform")
        if value <= 0 or value % levers.FEN:
            return Refused(f"not sent: {shown(value)} is no price of whole fen above 0")
        if not levers.MINIMUM <= value <= levers.MAXIMUM:
            least, most = shown(levers.MINIMUM), shown(levers.MAXIMUM)
            return Refused(f"not sent: {shown(value)} is outside {least} to {most}, which the platform takes")
        fen = value // levers.FEN
        try:
            believe(self.account, self._client)
            known: dict[str, levers.Word] = self._client.http.memory.get(WORDS, {})
            if lever.native not in known:
                _, words = await keywords_by_id(self._client, self.account, lever.native)
                known = {one.id: one for one in words}
        except ConnectorError as e:  # a read before the write: nothing has been sent
            return Refused(f"not sent: {e.reason}")
        if lever.native not in known:
            return Refused(f"not sent: there is no {lever}")
        word = known[lever.native]
        asked = json.dumps([word.with_bid(fen)], separators=(",", ":"))
        form = {"method": "taobao.simba.keywords.pricevon.set", "keywordid_prices": asked}
        sent = await self._client.http.write(Ask("set", "POST", "", form=form))
        if not isinstance(sent, Reply):
            return self._client.http.redacted(unanswered(sent))
        taken, reason = _proof(sent, self.account, word, fen)
        return self._client.http.redacted(proven(value, taken, reason))


def _proof(reply: Reply, account: Account, word: levers.Word, fen: int) -> tuple[bool | None, str]:
    """Whether a reply proves that the one price was set, or that it was not (None: neither), and why.

    The platform lists the keywords that it has set: one that is not among them was refused without a word.
    """
    said = verdict(reply)
    if said.meaning is not Meaning.OK:
        if isinstance(dig(reply.data, "error_response"), dict):
            return False if proves_refusal(reply) else None, said.reason
        return False if said.meaning is Meaning.FAILED and reply.status == 200 else None, said.reason
    body = unwrapped(reply.data)
    if not isinstance(body, dict) or "keywords" not in body:
        return None, "the reply does not say which keywords were set"
    try:
        set_ = levers.words(Payload(reply.received_at, body), account)
    except ConnectorError as e:
        return None, f"an unknown reply: {e.reason}"
    mine = next((one for one in set_ if one.id == word.id), None)
    if mine is None:
        return None, "the platform does not list the keyword among those that it has set"
    if mine.bid != fen:
        return None, f"the platform stored {mine.bid} fen instead of {fen}"
    return True, ""


def _is_keyword(lever: LeverId) -> bool:
    return lever.kind is LeverKind.KEYWORD and re.fullmatch(r"\d{1,20}", lever.native, re.ASCII) is not None
