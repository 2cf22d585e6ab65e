"""Nothing of another account is read or written by a writer, whatever it is asked."""

from __future__ import annotations

from bidder.bidding import LeverId
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId

__all__ = ["own"]


def own(account: AccountId, operation: str, item: BudgetId | LeverId, what: str = "budget") -> None:
    """Raises ConnectorError where the item is another account's."""
    if item.account != account:
        raise ConnectorError(account, operation, f"{item} is a {what} of another account")
