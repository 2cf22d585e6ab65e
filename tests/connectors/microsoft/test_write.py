"""What is written to Microsoft Advertising, what its answers prove, and its ever changing refresh token."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bidder.connectors.http import Meaning, Reply
from bidder.connectors.microsoft.codes import verdict
from bidder.connectors.microsoft.write import outcome_of
from bidder.ids import BudgetId
from bidder.money import MICROS, Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.testing.case import error_of
from tests.connectors.http.fake import CANARIES
from tests.connectors.http.server import Answer, page
from tests.connectors.microsoft.fake import FakeMicrosoft, fault

USD = Currency("USD")
AT = datetime(2026, 10, 15, 20, tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money.parse(amount, USD)


async def test_a_budget_is_set_where_it_is_kept_and_its_kind_stays(served: Callable[..., Any]) -> None:
    """Each with a new process; the fake asserts that nothing else is in the body."""
    made = await served(FakeMicrosoft)
    for place, budget in enumerate(made.budgets):
        amount = usd(f"{90 + place}.25")
        assert await made.writer().set(budget, amount) == Applied(amount)
        assert (await made.writer().read(budget)).now == made.in_force(budget) == amount
    assert [method for method, _ in made.posted] == ["Campaigns", "Campaigns", "Budgets"]
    assert made.posted[0][1]["Campaigns"][0]["BudgetType"] == "DailyBudgetAccelerated"
    assert made.posted[2][1] == {"Budgets": [{"Id": 8801, "Amount": 92.25}]}


async def test_the_read_of_a_shared_budget_names_its_campaigns(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    assert (await made.writer().read(made.shared)).campaigns == ("5503", "5504")


async def test_a_campaign_that_shares_its_budget_has_none_of_its_own(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    for native, words in (("5503", "shared"), ("77", "no daily budget"), ("shared-77", "no daily budget")):
        budget = BudgetId(made.account.id, native)
        outcome = await made.writer().set(budget, usd("90"))
        assert isinstance(outcome, Refused), native
        assert words in (await error_of(made.writer().read(budget))).reason or words == "shared"
    assert made.states["shared-8801"].micros == 120 * MICROS


async def test_yen_are_written_whole(served: Callable[..., Any]) -> None:
    made = await served(lambda: FakeMicrosoft("Asia/Tokyo", "JPY"))
    yen = Currency("JPY")
    assert await made.writer().set(made.budgets[0], Money(9001 * MICROS, yen)) == Applied(Money(9001 * MICROS, yen))
    assert b'"DailyBudget":9001,' in made.server.got[-1].body
    assert isinstance(await made.writer().set(made.budgets[0], Money(9_001_500_000, yen)), Refused)


def told(data: Any, status: int = 200) -> Reply:
    if isinstance(data, Answer):
        return Reply("set", data.status, data.headers, data.body, AT)
    return Reply("set", status, {}, data if isinstance(data, bytes) else json.dumps(data).encode(), AT)


def entry(code: Any, index: Any = 0) -> dict[str, Any]:
    return {"PartialErrors": [{"Code": code, "ErrorCode": "X", "Message": "m", "Index": index}]}


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (told({"PartialErrors": []}), Applied),
        (told({"PartialErrors": None}), Applied),
        (told(entry(1030)), Refused),
        (told(entry("1030")), Refused),
        (told(entry(1030, 3)), Unresolved),
        (told(entry(0)), Unresolved),
        (told(entry(None)), Unresolved),
        (told({"PartialErrors": ["?"]}), Unresolved),
        (told({"PartialErrors": {"Code": 1030}}), Unresolved),
        (told({}), Unresolved),
        (told([]), Unresolved),
        (told({"PartialErrors": []}, 202), Unresolved),
        (told(page(200)), Unresolved),
        (told(page(503)), Unresolved),
        (told(fault(1030, "X")), Refused),
        (told(fault(1030, "X", under="BatchErrors")), Refused),
        (told(fault(100, "NullRequest", under="Errors")), Refused),
        (told({"ApiFaultDetail": {"OperationErrors": [{"Code": 106, "ErrorCode": "X"}]}}, 400), Refused),
        (told({"Code": 1030, "Message": "m"}, 400), Refused),
        (told(fault(0, "InternalError", status=500)), Unresolved),
        (told(fault(0, "InternalError", status=400)), Unresolved),
        (told(fault(1030, "X", status=500)), Unresolved),
        (told(fault(117, "CallRateExceeded", status=500)), Refused),
        (told(fault(109, "AuthenticationTokenExpired", status=401)), Refused),
        (told(b"", 429), Refused),
        (told(b"", 408), Unresolved),
        (told({"Message": "?"}, 400), Unresolved),
    ],
)
def test_what_a_reply_proves(reply: Reply, kind: type[Outcome]) -> None:
    outcome = outcome_of(reply, usd("90"))
    assert isinstance(outcome, kind), outcome
    assert isinstance(outcome, Applied) or outcome.reason


@pytest.mark.parametrize(
    ("reply", "meaning", "wait", "error"),
    [
        (told({"Campaigns": []}), "ok", None, "other"),
        (told(fault(109, "AuthenticationTokenExpired")), "expired", None, "auth"),
        (told(fault(105, "InvalidCredentials", status=500)), "expired", None, "auth"),
        (told(b"", 401), "expired", None, "auth"),
        (told(fault(106, "UserIsNotAuthorized")), "failed", None, "auth"),
        (told(fault(117, "CallRateExceeded")), "throttled", 60, "throttled"),
        (told(fault(207, "ConcurrentRequestOverLimit")), "throttled", 30, "throttled"),
        (told(b"slow down", 429), "throttled", 60, "throttled"),
        (told(Answer(429, b"{}", {"Retry-After": "7"})), "throttled", 7, "throttled"),
        (told(fault(205, "InvalidVersion")), "failed", None, "http_4xx"),
        (told(b"no such service", 404), "failed", None, "http_4xx"),
        (told(fault(1030, "X")), "failed", None, "http_4xx"),
        (told(fault(0, "InternalError")), "passing", None, "http_5xx"),
        (told(fault(1030, "X", status=502)), "passing", None, "http_5xx"),
        (told(page(503)), "passing", None, "http_5xx"),
        (told(page(200)), "passing", None, "decode"),
    ],
)
def test_what_a_reply_means(reply: Reply, meaning: str, wait: float | None, error: str) -> None:
    found = verdict(reply)
    assert (found.meaning, found.wait, found.error) == (Meaning(meaning), wait, error)


# ---- tokens


async def test_the_newest_refresh_token_is_used_and_kept_for_the_next_process(
    served: Callable[..., Any], tmp_path: Path
) -> None:
    kept = tmp_path / "msads.token"
    made = await served(FakeMicrosoft)
    reader = made.reader(token_file=kept)
    await reader.budgets()
    made.expired.add("canary-access-5b21-1")
    await reader.budgets()
    await made.reader(token_file=kept).budgets()
    sent = [
        got.body.decode().split("refresh_token=")[-1].split("&")[0] for got in made.server.got if got.path == "/token"
    ]
    assert sent == [CANARIES["refresh_token"], *made.kept[:2]]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert json.loads(kept.read_text("utf-8"))["refresh_token"] == made.kept[-1]
    assert list(tmp_path.iterdir()) == [kept], "nothing is left beside it"


async def test_a_kept_token_that_is_refused_is_not_said(served: Callable[..., Any], tmp_path: Path) -> None:
    kept = tmp_path / "msads.token"
    made = await served(FakeMicrosoft)
    await made.reader(token_file=kept).budgets()
    made.refused = True
    error = await error_of(made.reader(token_file=kept).budgets())
    assert (error.error, error.waiting_helps) == ("auth", False)
    assert "AADSTS: ***" in error.reason
    assert not [secret for secret in made.secrets if secret in str(error)]
