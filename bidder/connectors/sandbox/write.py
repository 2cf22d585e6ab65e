"""Sets daily budgets on the sandbox platform: Money → fen, and what a reply proves."""

from __future__ import annotations

from typing import Any

from bidder.catalog import Account, Budget
from bidder.connectors.own import own
from bidder.connectors.sandbox import parse
from bidder.connectors.sandbox.client import Client
from bidder.connectors.sandbox.server import Reply
from bidder.connectors.sandbox.state import BrokenState
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money, minor_unit
from bidder.plan import Applied, Outcome, Refused, Unresolved

__all__ = ["SandboxWriter", "outcome_of"]

_PROVES_NOTHING_HAPPENED = frozenset({400, 404, 429})
"""The platform checks and throttles before it changes anything; of its other errors it does not say."""


class SandboxWriter:
    """Writes budgets of one account."""

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self._account = account

    @property
    def account(self) -> Account:
        """The account it writes to, with the platform's currency and zone."""
        return self._account

    async def read(self, budget: BudgetId) -> Budget:
        """The budget as the platform has it now. Raises ConnectorError."""
        own(self._account.id, "campaigns", budget)
        found = parse.budgets(await self._client.campaign(budget.native), self._account)
        if [one.id for one in found] != [budget]:
            raise ConnectorError(self._account.id, "campaigns", f"data.campaigns: expected {budget.native} alone")
        return found[0]

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """Asks for an absolute daily amount. Raises ConnectorError for another account's budget, never for a reply."""
        own(self._account.id, "campaigns", budget)
        unit = minor_unit(self._account.currency)
        if amount.currency != self._account.currency:
            return Refused(f"not sent: the account is in {self._account.currency}, the amount in {amount.currency}")
        if amount.micros <= 0 or amount.micros % unit:
            return Refused(f"not sent: {amount} is no amount of whole fen above 0")
        try:
            reply = await self._client.set_day_budget(budget.native, amount.micros // unit)
        except BrokenState as e:
            return Unresolved(str(e))
        except OSError as e:
            return Unresolved(f"no reply: {e}")
        return outcome_of(reply, budget, amount)

    async def close(self) -> None:
        """Nothing is held."""


def outcome_of(reply: Reply, budget: BudgetId, sent: Money) -> Outcome:
    """What a reply proves, before the read-back."""
    if reply.status in _PROVES_NOTHING_HAPPENED:
        return Refused(_reason(reply))
    data: Any = reply.body.get("data") if isinstance(reply.body, dict) else None
    taken = {
        "campaign_id": budget.native,
        "budget_type": "daily",
        "day_budget": sent.micros // minor_unit(sent.currency),
    }
    if reply.status == 200 and data == taken:
        return Applied(sent)
    return Unresolved(_reason(reply) if reply.status != 200 else "the reply does not repeat what was asked")


def _reason(reply: Reply) -> str:
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    if not isinstance(error, dict):
        return str(reply.status)
    return f"{reply.status} {error.get('code')}: {error.get('message')}"
