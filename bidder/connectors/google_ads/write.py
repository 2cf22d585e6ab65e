"""Sets daily budgets on Google Ads: Money → micros, and what a reply proves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bidder.catalog import Budget
from bidder.connectors.google_ads import parse
from bidder.connectors.google_ads.client import Client
from bidder.connectors.google_ads.proof import is_id, proof_of
from bidder.connectors.google_ads.set_levers import SetsBids
from bidder.connectors.http import Reply, dig, listed
from bidder.connectors.own import own
from bidder.connectors.writer import proven, unanswered, unfit
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money, minor_unit
from bidder.plan import Outcome, Refused

__all__ = ["GoogleAdsWriter", "learned", "outcome_of"]


class GoogleAdsWriter(SetsBids):
    """Writes budgets, bids and targets of one account."""

    async def read(self, budget: BudgetId) -> Budget:
        """The budget as the platform has it now. Raises ConnectorError."""
        own(self.account.id, "budgets", budget)
        if not is_id(budget.native):
            raise ConnectorError(self.account.id, "budgets", f"{budget} is no budget: expected digits", error="schema")
        await self._client.believe(self.account)
        pages = await self._client.campaigns_of(budget.native)
        found = [one for one in parse.budgets(pages, self.account) if one.id == budget]
        if not found:
            raise ConnectorError(self.account.id, "budgets", f"there is no daily budget {budget}", error="schema")
        return learned(found, self._client)[0]

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """Asks for an absolute daily amount. Raises ConnectorError for another account's budget, never for a reply."""
        own(self.account.id, "budgets", budget)
        unit = minor_unit(self.account.currency)
        refusal = unfit(self.account, amount, Money(unit, self.account.currency))
        if refusal is not None:
            return refusal
        if not is_id(budget.native):
            return Refused(f"not sent: {budget} is no budget of this platform: expected digits")
        sent = await self._client.set_amount(budget.native, amount.micros)
        if not isinstance(sent, Reply):
            return unanswered(sent)
        self._learn(budget.native, sent)
        return self._client.http.redacted(outcome_of(sent, budget, amount))

    def _learn(self, native: str, reply: Reply) -> None:
        """Keeps the smallest amount that a refusal names."""
        micros = _minimum(reply.data)
        if micros is not None:
            self._client.http.memory.setdefault("minimum", {})[native] = Money(micros, self.account.currency)


def learned(budgets: list[Budget], client: Client) -> list[Budget]:
    """The same with the minimums that refusals have named."""
    known: dict[str, Money] = client.http.memory.get("minimum", {})
    return [replace(one, minimum=known.get(one.id.native, one.minimum)) for one in budgets]


def outcome_of(reply: Reply, budget: BudgetId, sent: Money) -> Outcome:
    """What a reply to one operation proves, before the read-back."""

    def stored(result: Any) -> str | None:
        found = dig(result, "campaignBudget", "amountMicros")
        return None if found is None or str(found) == str(sent.micros) else f"{found} micros instead of {sent.micros}"

    taken, reason = proof_of(reply, f"/campaignBudgets/{budget.native}", stored)
    return proven(sent, taken, reason)


def _minimum(data: Any) -> int | None:
    """The daily minimum that BUDGET_BELOW_PER_DAY_MINIMUM names."""
    envelope = dig(data, "partialFailureError") or dig(data, "error")
    for detail in listed(envelope, "details"):
        for error in listed(detail, "errors"):
            named = dig(error, "details", "budgetPerDayMinimumErrorDetails")
            for name, value in (named or {}).items() if isinstance(named, dict) else ():
                if name.endswith("Micros") and str(value).isascii() and str(value).isdigit():
                    return int(value)
    return None
