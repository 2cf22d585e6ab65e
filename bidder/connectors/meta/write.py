"""Sets daily budgets on Meta: Money → the platform's smallest unit, and what a reply proves."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bidder.catalog import Account, Budget
from bidder.connectors.http import Meaning, NotSent, Reply, dig
from bidder.connectors.meta import parse
from bidder.connectors.meta.client import Client
from bidder.connectors.meta.reading import believe
from bidder.connectors.meta.set_levers import SetsGoals
from bidder.connectors.meta.settings import unit_of
from bidder.connectors.meta.usage import proves_refusal, verdict
from bidder.connectors.own import own
from bidder.connectors.writer import unanswered, unfit
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.plan import Applied, Outcome, Refused, Unresolved

__all__ = ["EDITS_AN_HOUR", "MetaWriter", "outcome_of"]

EDITS_AN_HOUR = 4
"""The fifth change of a budget within an hour is refused and locks it for another."""

_HOUR = timedelta(hours=1)


class MetaWriter(SetsGoals):
    """Writes budgets and ROAS goals of one ad account.

    `edits` remembers for longer than a writer lives when a budget was changed.
    """

    edits_an_hour = EDITS_AN_HOUR
    """`apply` counts too, across restarts."""

    def __init__(self, client: Client, account: Account, edits: dict[str, list[datetime]] | None = None) -> None:
        super().__init__(client, account)
        self._edits = {} if edits is None else edits

    async def read(self, budget: BudgetId) -> Budget:
        """The budget as the platform has it now. Raises ConnectorError, also where it is no daily one."""
        own(self.account.id, "budgets", budget)
        if not _is_id(budget.native):
            raise ConnectorError(self.account.id, "budgets", f"{budget} is no budget: expected digits", error="schema")
        minimum = await believe(self._client, self.account)
        found = parse.budget_of(await self._client.node(budget.native), self.account, budget.native, minimum)
        self._client.http.memory.setdefault("daily", set()).add(budget.native)
        return found

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """Asks for an absolute daily amount. Raises ConnectorError for another account's budget, never for a reply."""
        own(self.account.id, "budgets", budget)
        unit = unit_of(self.account.currency)
        refusal = unfit(self.account, amount, Money(unit, self.account.currency))
        if refusal is not None:
            return refusal
        if not _is_id(budget.native):
            return Refused(f"not sent: {budget} is no budget of this platform: expected digits")
        try:
            minimum = await believe(self._client, self.account)
            if budget.native not in self._client.http.memory.get("daily", ()):
                await self.read(budget)  # a daily amount must not be written where a lifetime's stands
        except ConnectorError as e:
            return Refused(f"not sent: {e.reason}")
        if minimum is not None and amount < minimum:
            return Refused(f"not sent: {amount} is less than the {minimum} that the platform takes")
        edits = self._changed(budget.native)
        if len(edits) >= EDITS_AN_HOUR:
            again = (edits[0] + _HOUR).isoformat(timespec="minutes")
            return Refused(f"not sent: changed {len(edits)} times within the hour, a fifth would lock it; from {again}")
        sent = await self._client.set_daily_budget(budget.native, amount.micros // unit)
        if not isinstance(sent, NotSent):
            edits.append(self._client.http.timing.now())
        if not isinstance(sent, Reply):
            return unanswered(sent)
        outcome = outcome_of(sent, amount)
        if isinstance(outcome, Refused):
            edits.pop()  # nothing was changed
        return self._client.http.redacted(outcome)

    def _changed(self, native: str) -> list[datetime]:
        """When this process changed that budget within the last hour."""
        since = self._client.http.timing.now() - _HOUR
        self._edits[native] = [at for at in self._edits.get(native, ()) if at > since]
        return self._edits[native]


def outcome_of(reply: Reply, sent: Money) -> Outcome:
    """What a reply proves, before the read-back."""
    said = verdict(reply)
    if said.meaning is Meaning.OK:
        if dig(reply.data, "success") is True:
            return Applied(sent)
        return Unresolved("the reply does not say success")
    return Refused(said.reason) if proves_refusal(reply) else Unresolved(said.reason)


def _is_id(native: str) -> bool:
    return re.fullmatch(r"\d{1,25}", native, re.ASCII) is not None
