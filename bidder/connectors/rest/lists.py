"""Lists that a described platform keeps apart, joined by key: budgets in one, their campaigns in another.

Each is read whole beside the rows that are asked for; an expression finds its row by `get(_lists.NAME, key)`.
"""

from __future__ import annotations

from typing import Any

from bidder.connectors.http import Payload
from bidder.connectors.rest.calls import KeyedCall
from bidder.connectors.rest.path import CannotLook, found_at
from bidder.connectors.rest.row import Style, rows_of
from bidder.errors import ConnectorError

__all__ = ["keyed"]


def keyed(name: str, call: KeyedCall, pages: list[Payload], style: Style) -> dict[str, Any]:
    """The rows of a list by their keys. Raises ConnectorError, also where a row has no key or one comes twice."""
    found: dict[str, Any] = {}
    for row in rows_of(call, pages, style):
        where = f"lists.{name}: key ({call.key}) of row {row.number}"
        try:
            key = found_at(call.key, row.looked_at)
        except CannotLook:
            key = None
        if isinstance(key, bool) or not isinstance(key, str | int):
            reason = f"{where}: expected an id; {row.has()}"
            raise ConnectorError(style.account.id, style.operation, reason, error="schema")
        if str(key) in found:
            reason = f"{where}: {str(key)[:60]} came twice"
            raise ConnectorError(style.account.id, style.operation, reason, error="schema")
        found[str(key)] = row.looked_at
    return found
