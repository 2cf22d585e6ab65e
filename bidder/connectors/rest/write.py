"""Sets daily budgets on a described platform: Money → its unit, and what a reply proves."""

from __future__ import annotations

from decimal import Decimal

from bidder.catalog import Account, Budget
from bidder.connectors.http import Http, Meaning, Reply, Sent
from bidder.connectors.identity import as_told
from bidder.connectors.own import own
from bidder.connectors.rest.calls import SetCall
from bidder.connectors.rest.meaning import is_true, matching, said
from bidder.connectors.rest.reader import Reading
from bidder.connectors.rest.settings import RestSettings
from bidder.connectors.rest.template import Number, Values
from bidder.connectors.writer import unanswered, unfit
from bidder.ids import BudgetId
from bidder.money import Money, minor_unit
from bidder.plan import Applied, Outcome, Refused, Unresolved

__all__ = ["RestWriter", "outcome_of"]

AGAIN_WITHIN = 15.0
"""Seconds within which a write may be sent again."""

PAUSE = 1.0
"""Seconds at most before a write is sent again that provably did nothing."""


class RestWriter:
    """Writes budgets of one account."""

    def __init__(self, reading: Reading, settings: RestSettings, call: SetCall) -> None:
        self._reading = reading
        self._settings = settings
        self._call = call
        if settings.edits_an_hour is not None:
            self.edits_an_hour = settings.edits_an_hour

    @property
    def account(self) -> Account:
        """The account it writes to; compared with what the platform tells before anything else."""
        return as_told(self._reading.written, self._http.memory)

    async def read(self, budget: BudgetId) -> Budget:
        """The budget as the platform has it now. Raises ConnectorError."""
        own(self._reading.written.id, "budgets", budget)
        return await self._reading.budget(budget)

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """Asks for an absolute daily amount. Raises ConnectorError for another account's budget, never for a reply."""
        own(self._reading.written.id, "budgets", budget)
        currency = self.account.currency
        unit = self._call.unit or self._settings.money
        smallest = max(minor_unit(currency), 1 if unit.value == "units" else unit.micros(currency))
        refusal = unfit(self.account, amount, Money(smallest, currency))
        if refusal is not None:
            return refusal
        number = Number(Decimal(amount.micros) / unit.micros(currency))
        values: Values = {"budget": budget.native, "amount": number}
        clock, sent_at = self._http.timing.monotonic, self._http.timing.monotonic()
        for tried in range(self._call.again + 1):
            sent = await self._reading.client.write("set", self._call, values)
            outcome = self._http.redacted(self._outcome(sent, budget, amount, number))
            if tried == self._call.again or not isinstance(outcome, Refused) or not self._later(sent):
                break
            if clock() - sent_at > AGAIN_WITHIN:  # whoever stopped bidder meanwhile is heard
                break
            await self._http.timing.sleep(min(PAUSE, self._http.manners.gap))  # a longer wait is the session's
        return outcome

    async def close(self) -> None:
        """Gives the connection back."""
        await self._reading.client.close()

    def _outcome(self, sent: Sent, budget: BudgetId, amount: Money, number: Number) -> Outcome:
        if not isinstance(sent, Reply):
            return unanswered(sent)
        return outcome_of(sent, self._call, self._settings, budget, amount, number)

    def _later(self, sent: Sent) -> bool:
        """Whether a reply that proved that nothing happened says that it may later."""
        later = (Meaning.THROTTLED, Meaning.PASSING)
        return isinstance(sent, Reply) and self._http.verdict(sent).meaning in later

    @property
    def _http(self) -> Http:
        return self._reading.client.http


def outcome_of(
    reply: Reply, call: SetCall, settings: RestSettings, budget: BudgetId, amount: Money, number: Number
) -> Outcome:
    """What a reply proves, before the read-back: what is described as a refusal, as taken; anything else is open.

    A refusal by status alone counts only where the body is JSON: a proxy's page proves nothing about the platform.
    """
    refused = matching(reply, call.refused)
    if refused is not None and (reply.is_json or refused.when is not None):
        return Refused(said(reply, settings.replies, refused))
    applied = call.applied
    taken = reply.status in applied.status if applied.status else 200 <= reply.status < 300
    if not taken or (applied.when is not None and not isinstance(reply.data, dict | list)):
        return Unresolved(said(reply, settings.replies))
    if matching(reply, settings.replies.failed) is not None:
        return Unresolved(said(reply, settings.replies))
    told = {"_budget": budget.native, "_amount": number.value, "_amount_text": number.text}
    seen = {**reply.data, **told} if isinstance(reply.data, dict) else {"_body": reply.data, **told}
    if applied.when is None or is_true(applied.when, seen):
        return Applied(amount)
    return Unresolved(f"the reply does not say that it was taken (applied: {applied.when})")
