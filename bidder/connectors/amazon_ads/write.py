"""Sets daily budgets on Amazon Ads: Money → currency units, and what a reply proves."""

from __future__ import annotations

from bidder.catalog import Budget
from bidder.connectors.amazon_ads import parse
from bidder.connectors.amazon_ads.client import CAMPAIGNS
from bidder.connectors.amazon_ads.proof import is_id, proof_of
from bidder.connectors.amazon_ads.set_levers import SetsBids
from bidder.connectors.http import Reply
from bidder.connectors.own import own
from bidder.connectors.writer import proven, unanswered, unfit
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money, exponent_of, minor_unit
from bidder.plan import Outcome, Refused

__all__ = ["AmazonAdsWriter", "outcome_of"]


class AmazonAdsWriter(SetsBids):
    """Writes budgets and bids of one profile."""

    async def read(self, budget: BudgetId) -> Budget:
        """The budget as the platform has it now. Raises ConnectorError."""
        own(self.account.id, "campaigns", budget)
        if not is_id(budget.native):
            raise ConnectorError(self.account.id, "campaigns", f"{budget} is none: expected digits", error="schema")
        country = await self._client.believe(self.account)
        pages = await self._client.campaigns(budget.native)
        found = [one for one in parse.budgets(pages, self.account, country) if one.id == budget]
        if not found:
            reason = f"there is no campaign with a daily budget {budget}"
            raise ConnectorError(self.account.id, "campaigns", reason, error="schema")
        return found[0]

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """Asks for an absolute daily amount. Raises ConnectorError for another account's budget, never for a reply."""
        own(self.account.id, "campaigns", budget)
        unit = minor_unit(self.account.currency)
        refusal = unfit(self.account, amount, Money(unit, self.account.currency))
        if refusal is not None:
            return refusal
        if not is_id(budget.native):
            return Refused(f"not sent: {budget} is no campaign of this platform: expected digits")
        number = float(amount.to_decimal()) if exponent_of(amount.currency) else int(amount.to_decimal())
        sent = await self._client.set_budget(budget.native, number)
        if not isinstance(sent, Reply):
            return unanswered(sent)
        return self._client.http.redacted(outcome_of(sent, budget, amount))


def outcome_of(reply: Reply, budget: BudgetId, sent: Money) -> Outcome:
    """What a reply to one entry proves, before the read-back."""
    taken, reason = proof_of(reply, CAMPAIGNS, budget.native)
    return proven(sent, taken, reason)
