"""How replies of many rows say how many there are: a page with rows missing is never taken for a whole one."""

from __future__ import annotations

from bidder.connectors.body import Node
from bidder.connectors.taobao.top import listed
from bidder.errors import ConnectorError

__all__ = ["bulk", "rows_of", "taken", "top_result"]


def top_result(body: Node) -> Node:
    """What stands under `top_result` (older methods: `result`). Raises ConnectorError where there is none."""
    return body["result"] if body.get("top_result") is None and body.get("result") is not None else body["top_result"]


def bulk(body: Node) -> tuple[Node, str]:
    """The part of a 万相台 reply that holds `count` and a list, and the list's name. Raises ConnectorError."""
    top = top_result(body)
    parts = [name for name in top.value if name.endswith("_top_bulk_data")] if isinstance(top.value, dict) else []
    data = top[parts[0]] if len(parts) == 1 else top
    names = [name for name in data.value if name.endswith("_list")] if isinstance(data.value, dict) else []
    if len(names) > 1:
        raise data.error("", f"expected one list, were {', '.join(sorted(names))}")
    return data, names[0] if names else "list"


def rows_of(body: Node) -> list[Node]:
    """The rows of one page of a 万相台 reply. Raises ConnectorError."""
    data, name = bulk(body)
    return [] if data.whole("count") == 0 and data.get(name) is None else listed(data, name)


def taken(data: Node, name: str, left: int, size: int) -> int:
    """How many rows the page brought. Raises ConnectorError when it is not as many as are left, or fit on a page."""
    expected = max(0, min(left, size))
    came = 0 if expected == 0 and data.get(name) is None else len(listed(data, name))
    if came != expected:
        where = f"{data.path}.{name}".strip(".")
        reason = f"{where}: expected {expected} rows on the page, {came} came"
        raise ConnectorError(data.account, data.operation, reason, waiting_helps=True, error="schema")
    return came
