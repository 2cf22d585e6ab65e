"""A body of the platform becomes figures, or an error that names the field."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.connectors.sandbox import parse
from bidder.connectors.sandbox.client import Payload
from bidder.errors import ConnectorError
from bidder.money import Currency, Money

from .fake import FakeSandbox

AT = datetime(2026, 9, 20, 6, 0, tzinfo=UTC)
ACCOUNT = FakeSandbox().account


def body(path: str) -> Any:
    """What the platform says of this, as it is."""
    sent = {"from": "2026-09-10", "to": "2026-09-11", "page": 1} if path == "/report" else None
    return FakeSandbox().server.request("GET", path, sent).body


def read(path: str, found: Any) -> Any:
    payload = Payload(AT, found)
    if path == "/report":
        return parse.reports([payload], ACCOUNT)
    return (parse.budgets if path == "/campaigns" else parse.products)(payload, ACCOUNT)


LISTS = {"/report": "rows", "/campaigns": "campaigns", "/items": "items"}


@pytest.mark.parametrize("path", LISTS)
def test_a_good_body_is_read(path: str) -> None:
    assert len(read(path, body(path))) in (26, 13, 12)


def test_fen_become_exact_money() -> None:
    found = body("/report")
    found["data"]["rows"][3]["cost"] = 12_345
    one = read("/report", found).observation(3)
    assert one.performance.spend == Money.parse("123.45", Currency("CNY"))
    assert one.window == 7


WRONG: list[tuple[str, str, Any]] = [
    ("/report", "cost", -1),
    ("/report", "cost", 12.5),
    ("/report", "cost", "12"),
    ("/report", "cost", None),
    ("/report", "cost", True),
    ("/report", "clicks", float("nan")),
    ("/report", "clicks", 10**9),
    ("/report", "orders", -3),
    ("/report", "paid", None),
    ("/report", "date", "20/09/2026"),
    ("/report", "date", 20260920),
    ("/report", "campaign_id", ""),
    ("/campaigns", "day_budget", None),
    ("/campaigns", "day_budget", -1),
    ("/campaigns", "budget_type", "unlimited"),
    ("/campaigns", "status", "sleeping"),
    ("/campaigns", "overdelivery", float("inf")),
    ("/campaigns", "overdelivery", "1.2"),
    ("/items", "price", 0),
    ("/items", "return_rate", 6),
    ("/items", "return_rate", float("nan")),
    ("/items", "stock", -2),
    ("/items", "tags", "hero"),
    ("/items", "tags", [1]),
    ("/items", "restock_date", "soon"),
]


@pytest.mark.parametrize(("path", "field", "value"), WRONG)
def test_a_wrong_value_is_an_error_that_names_its_field(path: str, field: str, value: Any) -> None:
    found = body(path)
    found["data"][LISTS[path]][3][field] = value
    with pytest.raises(ConnectorError, match=rf"wxt: \w+: data\.{LISTS[path]}\[3\]\.{field}: expected"):
        read(path, found)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_missing_field_is_an_error_that_names_it(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(LISTS)))
    found = deepcopy(body(path))
    row = data.draw(st.sampled_from(found["data"][LISTS[path]]))
    field = data.draw(st.sampled_from(sorted(set(row) - {"final"})))
    del row[field]
    with pytest.raises(ConnectorError, match=rf"\]\.{field}: missing"):
        read(path, found)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("found", ["<html>", None, [], {}, {"data": []}, {"data": {"currency": "CNY"}}, {"errors": []}])
def test_what_is_no_reply_is_an_error_and_never_empty(path: str, found: Any) -> None:
    with pytest.raises(ConnectorError):
        read(path, found)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_is_none_and_rows_that_are_none_are_errors(path: str) -> None:
    found = body(path)
    rows = found["data"][LISTS[path]]
    found["data"][LISTS[path]] = {"0": rows[0]}
    with pytest.raises(ConnectorError, match=rf"data\.{LISTS[path]}: expected a list, was dict"):
        read(path, found)
    found["data"][LISTS[path]] = [*rows[:2], "row"]
    with pytest.raises(ConnectorError, match=rf"data\.{LISTS[path]}\[2\]: expected an object, was str"):
        read(path, found)


@pytest.mark.parametrize("path", LISTS)
def test_another_currency_is_an_error(path: str) -> None:
    found = body(path)
    found["data"]["currency"] = "USD"
    with pytest.raises(ConnectorError, match=r"data\.currency: expected CNY, was USD"):
        read(path, found)


def test_another_zone_is_an_error() -> None:
    found = body("/report")
    found["data"]["timezone"] = "UTC"
    with pytest.raises(ConnectorError, match=r"data\.timezone: expected Asia/Shanghai, was UTC"):
        read("/report", found)


def test_fewer_rows_than_said_and_a_row_twice_are_errors() -> None:
    found = body("/report")
    rows = found["data"]["rows"]
    found["data"]["rows"] = rows[:-1]
    with pytest.raises(ConnectorError, match="said 26 rows, 25 came"):
        read("/report", found)
    found["data"]["rows"] = [*rows[:-1], rows[0]]
    with pytest.raises(ConnectorError, match="came twice"):
        read("/report", found)
