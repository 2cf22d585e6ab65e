"""What is written to TikTok: the call for each kind of campaign, and what its answers prove."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bidder.connectors.http import Reply
from bidder.connectors.tiktok.ways import Way
from bidder.connectors.tiktok.write import outcome_of
from bidder.ids import BudgetId
from bidder.money import MICROS, Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.testing import WriteFault
from bidder.testing.case import error_of
from tests.connectors.http.server import page
from tests.connectors.tiktok.fake import KEYS, RENEWABLE, FakeTikTok, FakeTikTokApp

USD = Currency("USD")
AT = datetime(2026, 10, 15, 20, tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money.parse(amount, USD)


@pytest.mark.parametrize("polled", [True, False], ids=["after a poll", "in a new process"])
async def test_each_budget_is_set_by_the_call_for_its_kind_and_by_nothing_else(
    served: Callable[..., Any], polled: bool
) -> None:
    """The fake refuses every other call, and asserts that a body holds nothing but the amount."""
    made = await served(FakeTikTok)
    made.with_gmv_max()
    reader, writer = made.reader(gmv_max=True), made.writer(gmv_max=True)
    for place, budget in enumerate(made.budgets):
        if polled:
            writer = made.writer(gmv_max=True)
            await reader.budgets()
            writer._client.http.memory |= reader._client.http.memory
        amount = usd(f"{90 + place}.50")
        assert await writer.set(budget, amount) == Applied(amount), budget
        assert (await writer.read(budget)).now == made.in_force(budget) == amount
    assert [path for path, _ in made.posted] == [made.way(budget.native) for budget in made.budgets]
    assert len({path for path, _ in made.posted}) == 6
    assert made.mutations == 7


async def test_what_has_no_daily_budget_of_its_own_is_never_sent(served: Callable[..., Any]) -> None:
    made = await served(FakeTikTok)
    for native, words in (
        ("1803000", "no daily budget of its own"),  # over a lifetime
        ("1802000", "no daily budget of its own"),  # a cap over its ad groups
        ("1801011", "no daily budget of its own"),  # its campaign holds it
        ("1803011", "no daily budget of its own"),
        ("9", "not in this account"),
    ):
        outcome = await made.writer().set(BudgetId(made.account.id, native), usd("60"))
        assert isinstance(outcome, Refused), native
        assert words in outcome.reason, native
        assert words in (await error_of(made.writer().read(BudgetId(made.account.id, native)))).reason
    assert made.mutations == 0


@pytest.mark.parametrize(("clock", "sent"), [("23:54:59", True), ("23:55:00", False), ("23:59:59", False)])
async def test_nothing_is_sent_in_the_last_five_minutes_of_the_accounts_day(
    served: Callable[..., Any], clock: str, sent: bool
) -> None:
    made = await served(FakeTikTok)
    made.advance(datetime.fromisoformat(f"2026-10-15T{clock}-04:00"))
    outcome = await made.writer().set(made.budgets[0], usd("90"))
    assert isinstance(outcome, Applied if sent else Refused)
    assert made.mutations == int(sent)


async def test_less_than_what_was_spent_already_is_refused_with_the_platforms_words(
    served: Callable[..., Any],
) -> None:
    made = await served(FakeTikTok)
    budget = made.budgets[0]
    made.spent_today[budget.native] = 70
    outcome = await made.writer().set(budget, usd("72"))
    assert isinstance(outcome, Refused)
    assert "105%" in outcome.reason
    assert await made.writer().set(budget, usd("74")) == Applied(usd("74"))


async def test_a_cut_that_the_platform_makes_tomorrow_shows_in_the_read_back(served: Callable[..., Any]) -> None:
    made = await served(FakeTikTok)
    made.lowers_tomorrow = True
    budget, before = made.budgets[1], made.in_force(made.budgets[1])
    await made.writer().set(budget, usd("30"))
    assert (await made.writer().read(budget)).now == before


async def test_an_entry_that_a_success_lists_as_failed_is_refused(served: Callable[..., Any]) -> None:
    made = await served(FakeTikTok)
    for budget in made.budgets[:2]:
        made.fail_next_write(WriteFault.PARTIAL)
        outcome = await made.writer().set(budget, usd("90"))
        assert isinstance(outcome, Refused)
        assert budget.native in outcome.reason


def told(data: Any, status: int = 200) -> Reply:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Reply("set", status, {}, body, AT)


def coded(code: int, data: Any = None, status: int = 200) -> Reply:
    return told({"code": code, "message": "m", "data": data}, status)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (coded(0), Applied),
        (coded(0, {}), Applied),
        (coded(0, {"campaign_id": "5", "budget": 90}), Applied),
        (coded(0, {"campaign_id": "5", "budget": 90.0, "failed_list": []}), Applied),
        (coded(0, {"campaign_id": "5", "budget": 91}), Unresolved),
        (coded(0, {"campaign_id": "5", "budget": "?"}), Unresolved),
        (coded(0, {"failed_adgroup_ids": ["5"]}), Refused),
        (coded(0, {"error_list": [{"adgroup_id": 5, "error_message": "No."}]}), Refused),
        (coded(0, {"failed_adgroup_ids": ["6"]}), Unresolved),
        (coded(20001), Unresolved),
        (coded(20001, {"failed_list": [{"campaign_id": "5"}]}), Refused),
        (coded(0, status=500), Unresolved),
        (coded(40002), Refused),
        (coded(40001), Refused),
        (coded(40100), Refused),
        (coded(40105), Refused),
        (coded(40002, status=500), Unresolved),
        (coded(40700), Unresolved),
        (coded(41000), Unresolved),
        (coded(50000), Unresolved),
        (told({"message": "slow down"}, 429), Refused),
        (told({}), Unresolved),
        (told([]), Unresolved),
        (told(page(200).body), Unresolved),
        (told(b"404 page not found", 404), Unresolved),
        (told(b"", 408), Unresolved),
    ],
)
def test_what_a_reply_proves(reply: Reply, kind: type[Outcome]) -> None:
    outcome = outcome_of(reply, BudgetId(FakeTikTok().account.id, "5"), usd("90"))
    assert isinstance(outcome, kind), outcome
    assert isinstance(outcome, Applied) or outcome.reason


# ---- tokens


async def test_a_renewed_token_is_kept_for_the_next_process(served: Callable[..., Any], tmp_path: Path) -> None:
    kept = tmp_path / "tiktok.token"
    made = await served(FakeTikTokApp)
    made.expired.add(KEYS["access_token"])
    assert len(await made.reader(token_file=kept).budgets()) == 6
    assert made.renewals == 1
    assert kept.stat().st_mode & 0o777 == 0o600
    assert await made.writer(token_file=kept).set(made.budgets[0], usd("90")) == Applied(usd("90"))
    sent = [got.json["refresh_token"] for got in made.server.got if "oauth2" in got.path]
    assert sent == [RENEWABLE["refresh_token"], "canary-renewed-41c7-refresh-1"]


async def test_a_refresh_that_is_refused_is_said_with_what_to_do_and_without_the_token(
    served: Callable[..., Any],
) -> None:
    made = await served(FakeTikTokApp)
    made.expired.add(KEYS["access_token"])
    made.refused = True
    error = await error_of(made.reader().budgets())
    assert (error.error, error.waiting_helps) == ("auth", False)
    assert "authorise the app again" in error.reason
    assert "***" in error.reason
    assert not [secret for secret in made.secrets if secret in str(error)]


async def test_an_amount_is_sent_in_the_currencys_own_unit(served: Callable[..., Any]) -> None:
    made = await served(lambda: FakeTikTok("Asia/Tokyo", "JPY", "1802011"))
    yen = Currency("JPY")
    assert await made.writer().set(made.budgets[0], Money(9001 * MICROS, yen)) == Applied(Money(9001 * MICROS, yen))
    assert made.posted[-1][1]["budget"] == [{"adgroup_id": "1802011", "budget": 9001.0}]
    assert isinstance(await made.writer().set(made.budgets[0], Money(9_001_500_000, yen)), Refused)
    with pytest.raises(ValueError, match="above 0"):
        await made.client().set_daily_budget(Way.CAMPAIGN, "1", 0)
