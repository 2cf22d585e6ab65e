"""`by: channel`: the same rule for each channel, account, platform, … on its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bidder.snapshot import Snapshot

__all__ = ["By", "groups"]

By = Literal["channel", "account", "platform", "currency", "group", "category"]
"""What budgets can be grouped by."""


def groups(chosen: NDArray[np.bool_], snapshot: Snapshot, by: By) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Each value that the chosen budgets have, with those that have it, by name; a budget without one is in no group.

    A budget of products of several categories is in the group of each.
    """
    platforms = {account.id: account.platform for account in snapshot.accounts}
    categories = {product.id: product.category for product in snapshot.products}
    values: list[set[str]] = []
    for budget in snapshot.budgets:
        match by:
            case "channel":
                values.append({budget.channel})
            case "account":
                values.append({str(budget.id.account)})
            case "platform":
                values.append({platforms.get(budget.id.account, "")})
            case "currency":
                values.append({str(budget.currency)})
            case "group":
                values.append({budget.group})
            case "category":
                values.append({categories.get(product, "") for product in budget.products})
    for name in sorted({one for mine in values for one in mine} - {""}):
        members = chosen & np.array([name in mine for mine in values], dtype=np.bool_)
        if members.any():
            yield name, members
