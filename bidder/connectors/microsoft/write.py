"""Sets daily budgets on Microsoft Advertising: Money → currency units, on the campaign or on the budget it shares."""

from __future__ import annotations

import re

from bidder.catalog import Budget
from bidder.connectors.http import Payload, Reply, dig
from bidder.connectors.microsoft import parse
from bidder.connectors.microsoft.client import Client
from bidder.connectors.microsoft.codes import INTERNAL, failures, partial, proves_refusal, words_of
from bidder.connectors.own import own
from bidder.connectors.writer import Writer, unanswered, unfit
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money, exponent_of, minor_unit
from bidder.plan import Applied, Outcome, Refused, Unresolved

__all__ = ["MicrosoftWriter", "outcome_of"]


class MicrosoftWriter(Writer[Client]):
    """Writes budgets of one account."""

    async def read(self, budget: BudgetId) -> Budget:
        """The budget as the platform has it now. Raises ConnectorError."""
        own(self.account.id, "campaigns", budget)
        if not _is_id(budget.native):
            reason = f"{budget} is none: expected digits, or {parse.SHARED} and digits"
            raise ConnectorError(self.account.id, "campaigns", reason, error="schema")
        await self._client.believe(self.account)
        shared = budget.native.removeprefix(parse.SHARED)
        if shared != budget.native:
            campaigns, pages = await self._client.campaigns(), await self._client.shared_budgets([shared])
            found = parse.budgets(_of(campaigns, shared), pages, self.account)
        else:
            found = parse.budgets(await self._client.campaign(budget.native), [], self.account)
        self._kinds.update(found.kinds)
        for one in found.budgets:
            if one.id == budget:
                return one
        reason = f"Campaigns: there is no daily budget {budget}"
        raise ConnectorError(self.account.id, "campaigns", reason, error="schema")

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """Asks for an absolute daily amount. Raises ConnectorError for another account's budget, never for a reply."""
        own(self.account.id, "campaigns", budget)
        unit = minor_unit(self.account.currency)
        refusal = unfit(self.account, amount, Money(unit, self.account.currency))
        if refusal is not None:
            return refusal
        if not _is_id(budget.native):
            return Refused(f"not sent: {budget} is no budget of this platform")
        number = float(amount.to_decimal()) if exponent_of(amount.currency) else int(amount.to_decimal())
        shared = budget.native.removeprefix(parse.SHARED)
        try:
            await self._client.believe(self.account)
            if shared == budget.native and budget.native not in self._kinds:
                await self.read(budget)  # its kind of budget is sent along, so that it stays as it is
        except ConnectorError as e:
            return Refused(f"not sent: {e.reason}")
        if shared != budget.native:
            sent = await self._client.set_shared_budget(shared, number)
        else:
            sent = await self._client.set_campaign_budget(budget.native, number, self._kinds[budget.native])
        if not isinstance(sent, Reply):
            return unanswered(sent)
        return self._client.http.redacted(outcome_of(sent, amount))

    @property
    def _kinds(self) -> dict[str, str]:
        found: dict[str, str] = self._client.http.memory.setdefault("kinds", {})
        return found


def outcome_of(reply: Reply, sent: Money) -> Outcome:
    """What a reply to one entry proves, before the read-back."""
    found = failures(reply.data)
    if found:
        reason = f"{reply.status} {words_of(found)}"
        return Refused(reason) if proves_refusal(reply) else Unresolved(reason)
    if reply.status == 429:
        return Refused("429: too many requests")
    if reply.status != 200 or not isinstance(reply.data, dict) or "PartialErrors" not in reply.data:
        return Unresolved(f"{reply.status}: the reply does not say what became of the budget")
    told = dig(reply.data, "PartialErrors")
    if told is None or told == []:
        return Applied(sent)
    errors = partial(reply.data)
    reason = words_of(errors) or "an error without a code"
    single = isinstance(told, list) and len(errors) == len(told) and {one.index for one in errors} == {0}
    proven = single and all(one.code not in (INTERNAL, None) for one in errors)
    return Refused(reason) if proven else Unresolved(reason)


def _of(campaigns: Payload, shared: str) -> Payload:
    """The list with the campaigns that share that budget alone."""
    rows = dig(campaigns.body, "Campaigns")
    if not isinstance(rows, list):
        return campaigns  # said to be wrong by who reads it
    return Payload(campaigns.received_at, {"Campaigns": [one for one in rows if str(dig(one, "BudgetId")) == shared]})


def _is_id(native: str) -> bool:
    return re.fullmatch(rf"(?:{parse.SHARED})?\d{{1,18}}", native, re.ASCII) is not None
