"""The parts of a description: places, expressions, signatures, units, proofs, rows."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bidder.account_day import AccountDay
from bidder.catalog import Account, BudgetStatus
from bidder.connectors.http import Ask, Payload, Reply
from bidder.connectors.rest import RestSettings, parse
from bidder.connectors.rest.auth import prepared, secrets_of
from bidder.connectors.rest.path import CannotLook, checked_path, found_at
from bidder.connectors.rest.row import Style
from bidder.connectors.rest.settings import Auth
from bidder.connectors.rest.template import Day, Number, filled, places
from bidder.connectors.rest.words import Unit
from bidder.connectors.rest.write import outcome_of
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied, Refused, Unresolved
from tests.connectors.rest.fake import DESCRIPTION, KEYS, settings_of

AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
CNY = Account(AccountId("own"), "rest", Currency("CNY"), "Asia/Shanghai")


# ---- places


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{first}", "22.11.2026"),
        ("{first:%Y%m%d}", "20261122"),
        ("{first-1:%Y-%m-%dT23:59:59}", "2026-11-21T23:59:59"),
        ("{last+1}", "24.11.2026"),
        ("{first:utc}", "2026-11-21T16:00:00Z"),
        ("{first:seconds}", "1795276800"),
        ("{first:millis}", "1795276800000"),
        ("a {{b}} {first:%d}", "a {b} 22"),
    ],
)
def test_a_day_is_written_as_the_place_says(text: str, expected: str) -> None:
    day = {
        name: Day(AccountDay("Asia/Shanghai", date(2026, 11, 22 + n)), "%d.%m.%Y")
        for n, name in enumerate(("first", "last"))
    }
    assert filled(text, day) == expected


@pytest.mark.parametrize("text", ["{", "}", "{a{b}}", "{ }", "{1a}", "{first:xyz}", "{budget+1}", "{budget:%Y}"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="'"):
        places(text)


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10) ** 9, places=2))
def test_an_amount_is_written_exactly_as_number_and_as_text(amount: Decimal) -> None:
    number = Number(amount)
    assert Decimal(repr(number.json)) == amount
    assert Decimal(number.text) == amount
    assert "E" not in number.text
    assert filled({"a": "{amount}", "b": "{amount:text}", "c": ["x{amount}"]}, {"amount": number}) == {
        "a": number.json,
        "b": number.text,
        "c": [f"x{number.text}"],
    }


# ---- expressions


def test_expressions_look_at_exact_decimals() -> None:
    row = {"a": [{"x": "0.1"}, {"x": Decimal("0.2")}, {"x": 3}], "by": {"7": 5, "8": 0}, "id": 8, "t": "a/b/c"}
    assert found_at("sum(a[].to_number(x))", row) == Decimal("3.3")
    assert found_at("get(by, id)", row) == 0
    assert found_at("get(none, id) || `4`", row) == 4
    assert found_at("items(by)[?value > `0`].key", row) == ["7"]
    assert found_at("split(t, '/')[-1]", row) == "c"
    assert found_at("minus(times(a[1].x, `3`), a[2].x)", row) == Decimal("-2.4")
    assert found_at("over(`1`, `0`)", row) is None
    assert found_at("to_number('NaN')", row) is None
    with pytest.raises(CannotLook):
        found_at("sum(t)", row)


@pytest.mark.parametrize("text", ["", "a[", "nothing(a)", "get(a)", "a ||", "`{`", "a == `on`"])
def test_an_expression_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"JMESPath|function|takes|no JSON"):
        checked_path(text)


# ---- who asks


def test_a_signature_is_over_the_named_parts_and_what_is_sent() -> None:
    auth = Auth.model_validate(
        {
            "hmac": {
                "key": "secret",
                "parts": ["credentials.secret", "params", "nonce", "timestamp", "credentials.secret"],
                "algorithm": "md5",
                "encoding": "HEX",
                "put": {"query": "sign"},
                "nonce": {"header": "X-Nonce"},
                "timestamp": {"query": "ts", "format": "iso"},
            },
            "query": {"app": "{app}"},
        }
    )
    known = {"secret": "canary-sign", "app": "12"}
    sign = prepared(auth, known, "https://x.test/api", lambda: AT)
    first, second = (sign(Ask("set", "POST", "/p", form={"b": "2", "a": "1"}), "") for _ in range(2))
    assert first.headers["X-Nonce"] != second.headers["X-Nonce"]
    stamp = "2026-11-22T01:30:00Z"
    text = f"canary-signa1app12b2ts{stamp}{first.headers['X-Nonce']}{stamp}canary-sign"
    expected = hmac.new(b"canary-sign", text.encode(), hashlib.md5).hexdigest().upper()
    assert dict(first.query) == {"app": "12", "ts": stamp, "sign": expected}


def test_the_body_that_is_signed_is_the_body_that_is_sent() -> None:
    given_ = {"hmac": {"key": "k", "parts": ["method", "path", "body", "'!'"], "join": "|", "put": {"header": "X"}}}
    sign = prepared(Auth.model_validate(given_), {"k": "canary"}, "https://x.test/api", lambda: AT)
    ask = sign(Ask("set", "PUT", "/p", json={"名": 1.5}), "")
    assert ask.json is None
    assert ask.body == '{"名":1.5}'.encode()
    expected = hmac.new(b"canary", b"PUT|/api/p|" + ask.body + b"|!", hashlib.sha256).hexdigest()
    assert ask.headers["X"] == expected
    assert ask.headers["Content-Type"] == "application/json"
    page = sign(Ask("list", "GET", "https://x.test/api/p", query={"page": "2"}), "")
    assert page.headers["X"] == hmac.new(b"canary", b"GET|/api/p||!", hashlib.sha256).hexdigest()


def test_the_form_in_which_a_password_travels_is_a_secret_too() -> None:
    auth = Auth.model_validate({"basic": {"user": "u", "password": "p"}})
    assert "Y2FuYXJ5LXU6Y2FuYXJ5LXA=" in secrets_of(auth, {"u": "canary-u", "p": "canary-p"})


@pytest.mark.parametrize(
    "auth",
    [
        {"bearer": "k", "basic": {"user": "u", "password": "p"}},
        {"bearer": "k", "header": {"authorization": "{k}"}},
        {"oauth": {"token_url": "https://x.test", "client_id": "a", "client_secret": "b", "refresh_token": "c"}},
        {"oauth": {"token_url": "https://x.test", "client_id": "a", "client_secret": "b", "grant": "refresh_token"}},
        {"hmac": {"key": "k", "parts": ["body"], "put": {}}},
        {"hmac": {"key": "k", "parts": ["body"], "put": {"header": "a", "query": "b"}}},
        {"hmac": {"key": "k", "parts": [], "put": {"header": "a"}}},
    ],
)
def test_who_asks_in_two_ways_at_once_is_refused(auth: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Auth.model_validate(auth)


# ---- rows


def described(**changed: Any) -> RestSettings:
    return settings_of(DESCRIPTION, "http://127.0.0.1:9", KEYS, **changed)


def budgets(rows: list[dict[str, Any]], unit: Unit = Unit.UNITS, currency: str = "CNY") -> list[Any]:
    fields = "{id: id, amount: amount, step: step, status: {path: state, active: ['true'], paused: ['false']}}"
    call = yaml.safe_load(f"{{get: /b, rows: b, fields: {fields}}}")
    settings = described(budgets=call)
    account = replace(CNY, currency=Currency(currency))
    style = Style(account, "budgets", unit, "%Y-%m-%d")
    return parse.budgets([Payload(AT, {"b": rows})], settings.budgets[0], settings.budgets[0].fields, style)


@given(st.integers(min_value=1, max_value=10**9), st.sampled_from(list(Unit)), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_what_is_written_in_a_unit_is_read_back_as_the_same_amount(steps: int, unit: Unit, currency: str) -> None:
    size = max(unit.micros(Currency(currency)), 1) if unit is not Unit.UNITS else 10_000
    money = Money(steps * size, Currency(currency))
    number = Number(Decimal(money.micros) / unit.micros(Currency(currency)))
    for shown in (number.text, number.value):
        (found,) = budgets([{"id": 7, "amount": shown, "state": True}], unit, currency)
        assert found.now == money


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e30", "", "12,5", "-1", True, None, [], {}, "ten"])
def test_an_amount_that_is_none_is_an_error_that_names_it(amount: Any) -> None:
    with pytest.raises(ConnectorError, match=r"fields\.amount \(amount\) of row 1: expected an amount"):
        budgets([{"id": 7, "amount": amount, "state": True}])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"id": None, "amount": 5, "state": True}, r"fields\.id \(id\).*found nothing; the row has id, amount"),
        ({"id": {"a": 1}, "amount": 5, "state": True}, "expected text, was an object"),
        ({"id": "a\nb", "amount": 5, "state": True}, "expected an id"),
        ({"id": 7, "amount": 5, "state": "maybe"}, "'maybe' stands under none of"),
        ({"id": 7, "amount": 5}, r"fields\.status \(state\)"),
        ({"id": 7, "amount": 5, "state": True, "step": 0}, "step.*expected more than 0"),
    ],
)
def test_a_row_that_is_wrong_is_an_error_that_names_the_field(row: dict[str, Any], says: str) -> None:
    with pytest.raises(ConnectorError, match=says) as caught:
        budgets([row], Unit.MINOR)
    assert caught.value.error == "schema"


def test_one_budget_in_two_rows_has_one_amount() -> None:
    rows = [{"id": 7, "amount": 5, "state": False}, {"id": 7, "amount": 5, "state": True}]
    (found,) = budgets(rows)
    assert found.status is BudgetStatus.ACTIVE
    rows[1]["amount"] = 6
    with pytest.raises(ConnectorError, match="two amounts at once"):
        budgets(rows)


def report(rows: Any, **more: Any) -> Any:
    call = {"get": "/r", "rows": "r", "query": {"a": "{first}{last}"}, **more}
    call["fields"] = {"day": "day", "campaign": "c", "spend": "cost", "clicks": "clicks", "product": "p"}
    style = Style(CNY, "report", Unit.UNITS, "%Y-%m-%d")
    return parse.reports([Payload(AT, {"r": rows})], described(report=call).report[0], style)


def test_rows_of_one_day_are_added_up_only_where_that_is_said() -> None:
    rows = [{"day": "2026-11-21", "c": 1, "cost": "1.10", "clicks": n} for n in (2, 3)]
    with pytest.raises(ConnectorError, match=r"1 2026-11-21 came twice; write sum: true"):
        report(rows)
    found = report(rows, sum=True).observation(0)
    assert (found.performance.clicks, found.performance.spend) == (5, Money(2_200_000, Currency("CNY")))
    assert found.performance.orders is None


def test_a_figure_that_is_described_and_not_there_is_no_zero() -> None:
    with pytest.raises(ConnectorError, match=r"fields\.clicks \(clicks\) of row 1: expected a number, found nothing"):
        report([{"day": "2026-11-21", "c": 1, "cost": 2}])


@pytest.mark.parametrize(
    ("more", "body", "says"),
    [
        ({}, None, r"rows \(r\): expected a list, was nothing"),
        ({}, "text", "expected a list, was 'text'"),
        ({"each": "lines"}, [{"lines": None}], r"each \(lines\) of row 1: expected a list"),
        ({"total": "n"}, [], r"total \(n\): found no number"),
    ],
)
def test_rows_that_are_not_there_are_an_error_and_never_empty(more: dict[str, Any], body: Any, says: str) -> None:
    with pytest.raises(ConnectorError, match=says):
        report(body, **more)


# ---- proofs


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"ok": true, "data": {"daily": "5000"}}', Applied),
        (200, b'{"ok": true, "data": {"daily": "5001"}}', Unresolved),
        (200, b'{"ok": true}', Unresolved),
        (200, b"{}", Unresolved),
        (200, b"[]", Unresolved),
        (200, b"null", Unresolved),
        (200, b"<html>all is well</html>", Unresolved),
        (200, b"", Unresolved),
        (200, b'{"ok": false, "error": {"code": 31, "text": "no"}}', Refused),
        (200, b'{"ok": false, "error": {"code": 500, "text": "no"}}', Unresolved),
        (404, b'{"ok": false, "error": {"code": 4, "text": "no"}}', Refused),
        (404, b"<html>not found</html>", Unresolved),
        (429, b"", Unresolved),
        (400, b'{"error": {"code": 4}}', Unresolved),
        (500, b'{"ok": false, "error": {"code": 31}}', Unresolved),
        (302, b'{"ok": true, "data": {"daily": "5000"}}', Unresolved),
    ],
)
def test_only_what_is_described_is_proven(status: int, body: bytes, expected: type) -> None:
    settings = described()
    assert settings.set is not None
    money, number = Money(50_000_000, Currency("EUR")), Number(Decimal(5000))
    reply = Reply("set", status, {}, body, AT)
    found = outcome_of(reply, settings.set, settings, BudgetId(AccountId("own"), "p-1"), money, number)
    assert isinstance(found, expected), found
