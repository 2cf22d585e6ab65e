"""What the writers of platforms share: whose they are, which amounts are not even asked for, what no answer proves."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from bidder.catalog import Account
from bidder.connectors.http import Http, Lost, NotSent
from bidder.connectors.identity import as_told
from bidder.money import Money
from bidder.outcome import Applied, OutcomeOf, Refused, Unresolved

__all__ = ["Writer", "proven", "unanswered", "unfit"]


class _Client(Protocol):
    http: Http

    async def close(self) -> None: ...


C = TypeVar("C", bound=_Client)
V = TypeVar("V")


class Writer(Generic[C]):
    """A writer of one account, whose client speaks over an Http."""

    def __init__(self, client: C, account: Account) -> None:
        self._client = client
        self._account = account

    @property
    def account(self) -> Account:
        """The account it writes to; its currency and zone are compared with the platform's before anything else."""
        return as_told(self._account, self._client.http.memory)

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()


def unfit(account: Account, amount: Money, unit: Money) -> Refused[Money] | None:
    """Why an amount is not even asked for: another currency than the account's, none above 0, no multiple of `unit`."""
    if amount.currency != account.currency:
        return Refused(f"not sent: the account is in {account.currency}, the amount in {amount.currency}")
    if amount.micros <= 0 or amount.micros % unit.micros:
        return Refused(f"not sent: {amount} is no amount of whole {unit} above 0")
    return None


def unanswered(sent: NotSent | Lost) -> Refused[V] | Unresolved:
    """What it proves that no reply came: nothing happened where it never left, nothing at all where it may have."""
    return Refused(f"not sent: {sent.reason}") if isinstance(sent, NotSent) else Unresolved(sent.reason)


def proven(value: V, taken: bool | None, reason: str) -> OutcomeOf[V]:
    """The outcome of a reply that proves that the value was taken, that it was not, or neither (None)."""
    if taken is None:
        return Unresolved(reason)
    return Applied(value) if taken else Refused(reason)
