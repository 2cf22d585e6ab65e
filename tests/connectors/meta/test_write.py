"""What a reply to a write proves, and how often a budget may be changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bidder.connectors.http import Reply
from bidder.connectors.meta.write import MetaWriter, outcome_of
from bidder.ids import BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from tests.connectors.meta.fake import FakeMeta

USD = Currency("USD")
SENT = Money(90_000_000, USD)


def judged(data: Any, status: int = 200) -> Outcome:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return outcome_of(Reply("set", status, {}, body, datetime(2026, 10, 15, tzinfo=UTC)), SENT)


@pytest.mark.parametrize(
    ("data", "status", "kind"),
    [
        ({"success": True}, 200, Applied),
        ({"success": False}, 200, Unresolved),
        ({"success": "true"}, 200, Unresolved),
        ({}, 200, Unresolved),
        ([], 200, Unresolved),
        (None, 200, Unresolved),
        (b"<html>", 200, Unresolved),
        (b"<html>", 502, Unresolved),
        ({"error": {"code": 100, "error_subcode": 1885272}}, 400, Refused),
        ({"error": {"code": 100, "is_transient": True}}, 400, Unresolved),
        ({"error": {"code": 613, "error_subcode": 1487632}}, 400, Refused),
        ({"error": {"code": 80004}}, 400, Refused),
        ({"error": {"code": 190}}, 401, Refused),
        ({"error": {"code": 200}}, 403, Refused),
        ({"error": {"code": 1}}, 500, Unresolved),
        ({"error": {"code": 2, "is_transient": True}}, 500, Unresolved),
        ({"error": {"code": 368}}, 400, Unresolved),
        ({"error": {"message": "?"}}, 400, Unresolved),
    ],
)
def test_what_a_reply_proves(data: Any, status: int, kind: type[Outcome]) -> None:
    found = judged(data, status)
    assert isinstance(found, kind), found


async def test_only_the_budget_is_in_the_body_in_minor_units() -> None:
    fake = FakeMeta()
    await fake.start()
    try:
        writer = fake.writer()
        assert await writer.set(fake.budgets[0], SENT) == Applied(SENT)
        assert await writer.set(fake.budgets[1], Money(33_330_000, USD)) == Applied(Money(33_330_000, USD))
        assert fake.posted == ["daily_budget=9000", "daily_budget=3333"]
        for micros in (33_335_000, 990_000, 0, -1):
            assert isinstance(await writer.set(fake.budgets[0], Money(micros, USD)), Refused)
        assert fake.mutations == 2
    finally:
        await fake.close()


async def test_a_daily_amount_is_never_written_where_a_lifetimes_stands() -> None:
    fake = FakeMeta()
    await fake.start()
    try:
        for native in ("230003", "231011", "999"):
            outcome = await fake.writer().set(BudgetId(fake.account.id, native), SENT)
            assert isinstance(outcome, Refused), outcome
        assert fake.mutations == 0
    finally:
        await fake.close()


async def test_a_fifth_change_within_the_hour_is_not_sent_and_a_new_writer_knows_that() -> None:
    fake = FakeMeta()
    edits: dict[Any, list[datetime]] = {}
    await fake.start()
    try:
        for k in range(4):
            writer = MetaWriter(fake.client(), fake.account, edits)
            assert isinstance(await writer.set(fake.budgets[0], Money((90 + k) * 1_000_000, USD)), Applied)
            await writer.close()
        writer = MetaWriter(fake.client(), fake.account, edits)
        refused = await writer.set(fake.budgets[0], SENT)
        assert isinstance(refused, Refused)
        assert "within the hour" in refused.reason
        assert fake.mutations == 4
        assert isinstance(await writer.set(fake.budgets[1], SENT), Applied), "each budget has its own count"
        fake.advance(fake.now() + timedelta(minutes=61))
        assert isinstance(await writer.set(fake.budgets[0], SENT), Applied)
    finally:
        await fake.close()
