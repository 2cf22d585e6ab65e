"""Bodies are read strictly: what is not what it should be is an error that names the field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from bidder.catalog import Account
from bidder.connectors.body import Node
from bidder.connectors.identity import check_identity
from bidder.connectors.redact import Redactor, hidden
from bidder.errors import ConnectorError
from bidder.ids import AccountId
from bidder.money import Currency, Money

CNY, JPY = Currency("CNY"), Currency("JPY")


def node(value: Any) -> Node:
    return Node("ads", "report", {"x": value}, "rows[3]")


GOOD: list[tuple[Callable[[Node], Any], Any, Any]] = [
    (lambda n: n.text("x"), "tea", "tea"),
    (lambda n: n.id("x"), "218293333782001", "218293333782001"),
    (lambda n: n.id("x"), 218293333782001, "218293333782001"),
    (lambda n: n.number("x"), "12.50", Decimal("12.50")),
    (lambda n: n.number("x", Decimal(0)), None, Decimal(0)),
    (lambda n: n.number("x"), 0, Decimal(0)),
    (lambda n: n.whole("x"), "31", 31),
    (lambda n: n.whole("x"), Decimal("31.0"), 31),
    (lambda n: n.whole("x", 0), None, 0),
    (lambda n: n.micros("x", CNY), "12340000", Money(12_340_000, CNY)),
    (lambda n: n.minor("x", CNY), "1234", Money(12_340_000, CNY)),
    (lambda n: n.minor("x", JPY), 1234, Money(1_234_000_000, JPY)),
    (lambda n: n.units("x", CNY), Decimal("12.34"), Money(12_340_000, CNY)),
    (lambda n: n.units("x", CNY), Decimal("0.1234567"), Money(123_457, CNY)),
    (lambda n: n.units("x", CNY, Decimal(0)), None, Money(0, CNY)),
    (lambda n: n.day("x"), "2026-10-01", date(2026, 10, 1)),
    (lambda n: n["x"].text("y"), {"y": "z"}, "z"),
    (lambda n: [one.value for one in n.items("x")], [1, 2], [1, 2]),
    (lambda n: list(n.items("x", optional=True)), None, []),
    (lambda n: n.get("x", 5), None, 5),
]


@pytest.mark.parametrize(("read", "value", "expected"), GOOD)
def test_what_is_right_is_read(read: Callable[[Node], Any], value: Any, expected: Any) -> None:
    assert read(node(value)) == expected


BAD: list[tuple[Callable[[Node], Any], list[Any]]] = [
    (lambda n: n.text("x"), ["", "  ", 5, None, []]),
    (lambda n: n.id("x"), ["", "12a", "-1", 1.5, True, None, "١٢"]),
    (
        lambda n: n.number("x"),
        ["", "-1", -1, "NaN", Decimal("NaN"), Decimal("Infinity"), "1e5", True, None, [], "1.2.3"],
    ),
    (lambda n: n.whole("x"), [Decimal("1.5"), "1.5", "1e3", 10**18]),
    (lambda n: n.micros("x", CNY), [Decimal("0.5"), "-3"]),
    (lambda n: n.minor("x", JPY), [10**13]),
    (lambda n: n.units("x", CNY), [10**13, "12,50", "¥12"]),
    (lambda n: n.day("x"), ["2026-13-01", 20261001, None, "01.10.2026"]),
    (lambda n: list(n.items("x")), [None, {}, "abc"]),
]


@pytest.mark.parametrize(("read", "value"), [(read, value) for read, values in BAD for value in values])
def test_what_is_not_is_an_error_that_names_its_place(read: Callable[[Node], Any], value: Any) -> None:
    with pytest.raises(ConnectorError) as caught:
        read(node(value))
    assert caught.value.reason.startswith("rows[3].x: ")
    assert caught.value.error == "schema"
    assert len(caught.value.reason) < 140


def test_elements_of_a_list_know_their_place() -> None:
    body = Node("ads", "report", {"results": [{"metrics": {}}, {"metrics": {"clicks": -1}}]})
    with pytest.raises(ConnectorError, match=r"results\[1\].metrics.clicks: expected a number"):
        list(body.items("results"))[1]["metrics"].whole("clicks")
    with pytest.raises(ConnectorError, match=r"^ads: report: \[0\].cost: missing"):
        next(Node("ads", "report", [{}]).items()).number("cost")


@pytest.mark.parametrize("value", [None, [], "text", 5, True])
def test_what_is_no_object_is_said(value: Any) -> None:
    with pytest.raises(ConnectorError, match="expected an object, was"):
        Node("ads", "report", value).get("x")


def test_a_repr_shows_no_body() -> None:
    assert "secret" not in repr(node("secret"))


SECRETS = ("canary-token-of-an-account", "canary-" + "long" * 30, 'canary-"quoted"\\and\nbroken')


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("before", ["", "Bearer ", "x" * 50])
def test_a_secret_that_a_reply_gives_back_is_not_in_the_error(secret: str, before: str) -> None:
    account = Redactor([secret])
    reads: list[Callable[[Node], Any]] = [lambda n: n.number("x"), lambda n: n.day("x"), lambda n: n.id("x")]
    for read in reads:
        with pytest.raises(ConnectorError) as caught:
            read(node(f"{before}{secret}"))
        assert not any(secret[start : start + 8] in str(caught.value) for start in (0, 8)), repr(account)
        assert "***" in str(caught.value)


def test_neither_are_numbers_that_are_secrets() -> None:
    account = Redactor(["4815162342"])
    for value in (-4815162342, Decimal("-4815162342")):
        with pytest.raises(ConnectorError, match=r"was -\*\*\*") as caught:
            node(value).number("x")
        assert "4815" not in str(caught.value), repr(account)


def test_an_account_that_is_closed_hides_nothing_any_more() -> None:
    account: Redactor | None = Redactor(["canary-short-lived"])
    assert hidden("is canary-short-lived") == "is ***"
    del account
    assert hidden("is canary-short-lived") == "is canary-short-lived"


def test_a_currency_that_is_a_secret_is_not_said() -> None:
    _held = Redactor([SECRETS[0]])
    account = Account(AccountId("ads"), "shopify", CNY, "Asia/Shanghai")
    with pytest.raises(ConnectorError, match=r"is in \*\*\*, the configuration says CNY"):
        check_identity(account, currency=SECRETS[0], timezone=None, now=datetime(2026, 10, 1, tzinfo=UTC))
