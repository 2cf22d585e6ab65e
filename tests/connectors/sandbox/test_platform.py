"""The sandbox account as bidder meets it: one platform for all sides and processes, with a clock of its own."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.sandbox import Fault, Sandbox, SandboxKind, SandboxSettings, even_split, even_split_profit
from bidder.connectors.sandbox.server import Reply
from bidder.connectors.sandbox.shop import CAMPAIGNS, PRODUCTS
from bidder.connectors.sandbox.state import BrokenState
from bidder.connectors.sandbox.write import outcome_of
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied, Refused, Unresolved

START = date(2026, 9, 1)
ACCOUNT = Account(AccountId("wxt"), "sandbox", Currency("CNY"), "Asia/Shanghai")
BUDGET = BudgetId(ACCOUNT.id, "search-P02")


class OfAnotherKind(BaseModel):
    """Somebody else's settings."""


def yuan(amount: int | str) -> Money:
    return Money.parse(amount, Currency("CNY"))


def still(seed: int = 0, **settings: Any) -> Sandbox:
    """A platform whose clock stands until it is advanced."""
    return Sandbox(ACCOUNT, SandboxSettings(seed=seed, start=START, speed=0, **settings))


def at(sandbox: Sandbox, day: int, hour: float = 0.0) -> None:
    """Advances to an hour of a day's number."""
    start = datetime(2026, 8, 31, 16, 0, tzinfo=UTC)  # midnight in Shanghai
    sandbox.advance(start + timedelta(days=day, hours=hour))


async def test_a_new_shop_has_28_days_of_history_under_its_owners_habits() -> None:
    sandbox = still()
    found = await sandbox.reader().performance(date(2026, 1, 1), date(2027, 1, 1))
    days = found.day[found.spend > 0]
    assert len(np.unique(days)) == 28
    assert found.observation(0).day.date == date(2026, 8, 4)
    assert set(found.channel) == {"search", "feed", "site"}
    budgets = await sandbox.reader().budgets()
    assert len(budgets) == len(CAMPAIGNS) == 13
    assert sum(one.now.to_float() for one in budgets if one.now) == 1_960
    assert {one.minimum for one in budgets} == {yuan(30)}
    assert {one.overdelivery for one in budgets} == {1.2}


async def test_figures_of_the_running_day_are_partial_and_grow() -> None:
    sandbox = still()
    spends = []
    for hour in (0.0, 9.5, 15.0, 23.9):
        at(sandbox, 3, hour)
        rows = await sandbox.reader().performance(date(2026, 9, 4), date(2026, 9, 4))
        spends.append(int(rows.spend.sum()))
    assert spends[0] == 0
    assert spends == sorted(set(spends))
    assert 0.15 < spends[1] / spends[3] < 0.35  # at night little passes


async def test_days_to_come_are_not_reported() -> None:
    sandbox = still()
    assert len(await sandbox.reader().performance(date(2026, 9, 2), date(2026, 9, 30))) == 0


async def test_a_budget_set_in_the_morning_moves_the_day_from_then_on() -> None:
    raised, kept = still(), still()
    for sandbox in (raised, kept):
        at(sandbox, 0, 9.5)
    assert await raised.writer().set(BUDGET, yuan(30)) == Applied(yuan(30))
    day = date(2026, 9, 1)
    for sandbox in (raised, kept):
        at(sandbox, 1, 1.0)
    mine, other = (
        {str(o.budget): o for o in map(rows.observation, range(len(rows)))}
        for rows in [await sandbox.reader().performance(day, day) for sandbox in (raised, kept)]
    )
    changed = {name for name in mine if mine[name].performance != other[name].performance}
    assert changed == {str(BUDGET)}  # luck of one budget does not depend on another's
    assert mine[str(BUDGET)].amount == yuan(30)


async def test_the_score_counts_complete_days_with_the_budgets_that_were_really_in_force() -> None:
    sandbox = still(3)
    assert sandbox.score().days == 0
    for budget, amount in even_split(yuan(2_000)).items():
        assert await sandbox.writer().set(BudgetId(ACCOUNT.id, budget), amount) == Applied(amount)
    at(sandbox, 10, 5.0)
    assert sandbox.score() == even_split_profit(3, 10, yuan(2_000), START)
    assert sandbox.score(4) == even_split_profit(3, 4, yuan(2_000), START)
    spent = await sandbox.reader().performance(START, START + timedelta(days=9))
    assert spent.spend.sum() / 1e6 == pytest.approx(sandbox.score().spend, abs=1.0)


async def test_the_stock_out_is_seen_in_stock_and_announced_by_a_restock_date() -> None:
    sandbox = still(0)
    truth = sandbox.server.world.truth
    levels = []
    for day in range(truth.sold_out_from - 13, truth.sold_out_from + truth.sold_out_days + 1):
        at(sandbox, day, 9.0)
        product = (await sandbox.shop().products())[truth.sold_out]
        out = truth.is_sold_out(truth.sold_out, day)
        assert (product.stock == 0) == out
        assert product.restock_date is None or product.restock_date > sandbox.today().date
        assert (product.restock_date is not None) == (0 <= day - truth.sold_out_from + 12 < 12 + truth.sold_out_days)
        levels.append(product.stock)
    falling = levels[1:14]
    assert falling == sorted(falling, key=lambda level: -(level or 0))


async def test_products_carry_the_margin_of_their_cost_lines() -> None:
    found = await still().shop().products()
    assert [one.id for one in found] == [goods.id for goods in PRODUCTS]
    p01 = found[0]
    assert (p01.price, p01.cost, p01.return_rate, p01.lead_days) == (yuan(268), yuan(112), 0.06, 20)
    assert p01.margin == pytest.approx(123.08 / 268, abs=1e-4)
    assert p01.tags == {"hero", "tea", "gift"}
    assert all(one.stock is not None and one.stock > 0 for one in found)


async def test_a_removed_campaign_leaves_later_reports_and_a_paused_one_stays_without_spend() -> None:
    sandbox = still()
    other = BudgetId(ACCOUNT.id, "feed-P12")
    sandbox.edit(BUDGET, status=BudgetStatus.PAUSED)
    sandbox.edit(other, status=BudgetStatus.REMOVED)
    at(sandbox, 2, 12.0)
    rows = await sandbox.reader().performance(START + timedelta(days=1), START + timedelta(days=1))
    spend = {str(rows.budget[k]): int(rows.spend[k]) for k in range(len(rows))}
    assert spend[BUDGET.native] == 0
    assert other.native not in spend
    sandbox.edit(BUDGET, amount=yuan(200), status=BudgetStatus.ACTIVE)
    assert (await sandbox.writer().read(BUDGET)).now == yuan(200)
    with pytest.raises(KeyError):
        sandbox.edit(BudgetId(ACCOUNT.id, "nothing"), yuan(100))


def test_time_cannot_be_taken_back() -> None:
    sandbox = still()
    at(sandbox, 3)
    with pytest.raises(ValueError, match="at or after 2026-09-03T16:00"):
        at(sandbox, 2)
    assert sandbox.clock() == datetime(2026, 9, 3, 16, tzinfo=UTC)
    assert sandbox.today().date == date(2026, 9, 4)


def test_without_a_start_the_shop_begins_today_and_follows_the_wall_clock() -> None:
    wall = [datetime(2027, 2, 3, 20, 0, tzinfo=UTC)]
    sandbox = Sandbox(ACCOUNT, SandboxSettings(), lambda: wall[0])
    assert sandbox.clock() == wall[0]
    assert sandbox.server.world.start == date(2027, 2, 4)  # it is the 4th in Shanghai
    wall[0] += timedelta(days=2)
    assert sandbox.clock() == wall[0]
    assert Sandbox(ACCOUNT, SandboxSettings()).clock() - datetime.now(UTC) < timedelta(seconds=10)


def test_the_promotion_day_is_announced() -> None:
    sandbox = still()
    assert sandbox.event_date() == START + timedelta(days=sandbox.server.world.truth.event_day)


PROCESS = """
import asyncio, sys
from datetime import date
from pathlib import Path
from bidder.catalog import Account
from bidder.connectors.sandbox import Sandbox, SandboxSettings
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money

account = Account(AccountId("wxt"), "sandbox", Currency("CNY"), "Asia/Shanghai")
sandbox = Sandbox(account, SandboxSettings(seed=0, start=date(2026, 9, 1), speed=0, path=Path(sys.argv[1])))
budget = BudgetId(account.id, "search-P02")
print(asyncio.run(sandbox.writer().read(budget)).now)
print(asyncio.run(sandbox.writer().set(budget, Money.parse(sys.argv[2], Currency("CNY")))))
"""


async def test_separate_processes_see_one_platform(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    sandbox = still(path=path)
    at(sandbox, 2, 9.5)
    assert await sandbox.writer().set(BUDGET, yuan(310)) == Applied(yuan(310))
    said = subprocess.run(
        [sys.executable, "-c", PROCESS, str(path), "320"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert said[0] == "310.00"
    assert said[1].startswith("Applied(")
    assert (await sandbox.writer().read(BUDGET)).now == yuan(320)
    at(sandbox, 5)
    again = still(path=path)
    assert again.clock() == sandbox.clock()
    assert again.score() == sandbox.score()
    found, mine = [await one.reader().performance(date(2026, 1, 1), date(2027, 1, 1)) for one in (again, sandbox)]
    assert found.spend.tolist() == mine.spend.tolist()
    assert found.orders.tolist() == mine.orders.tolist()


def test_a_state_of_another_seed_is_refused(tmp_path: Path) -> None:
    still(1, path=tmp_path / "shop.json").clock()
    with pytest.raises(BrokenState, match="seed 1, the settings say 2"):
        still(2, path=tmp_path / "shop.json")
    with pytest.raises(ConnectorError, match=r"wxt: state: .*seed 1"):
        SandboxKind().reader(ACCOUNT, SandboxSettings(seed=2, start=START, path=tmp_path / "shop.json"))


async def test_a_state_that_breaks_while_running_is_an_error_and_never_a_guess(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    sandbox = still(path=path)
    path.write_text("{")
    with pytest.raises(ConnectorError, match="not the state of a sandbox") as caught:
        await sandbox.reader().budgets()
    assert not caught.value.waiting_helps
    assert isinstance(await sandbox.writer().set(BUDGET, yuan(100)), Unresolved)


async def test_sides_of_one_kind_meet_and_two_kinds_do_not() -> None:
    options = SandboxSettings(start=START, speed=0)
    kind, other = SandboxKind(), SandboxKind()
    assert await kind.writer(ACCOUNT, options).set(BUDGET, yuan(99)) == Applied(yuan(99))
    seen = {one.id: one.now for one in await kind.reader(ACCOUNT, options).budgets()}
    assert seen[BUDGET] == yuan(99)
    assert (await other.writer(ACCOUNT, options).read(BUDGET)).now != yuan(99)
    assert len(await kind.shop(ACCOUNT, options).products()) == 12
    with pytest.raises(TypeError, match="SandboxSettings"):
        kind.sandbox(ACCOUNT, OfAnotherKind())


async def test_the_platform_tells_its_own_currency_and_zone_whatever_was_configured(tmp_path: Path) -> None:
    settings = SandboxSettings(seed=0, start=START, speed=0, path=tmp_path / "shop.json")
    Sandbox(ACCOUNT, settings).clock()
    wrong = Account(ACCOUNT.id, "sandbox", Currency("USD"), "America/Los_Angeles")
    reader = Sandbox(wrong, settings).reader()
    assert (reader.account.currency, reader.account.timezone) == ("CNY", "Asia/Shanghai")
    assert len(await reader.performance(START - timedelta(days=1), START)) > 0


async def test_faults_strike_as_often_as_they_were_asked_for_and_the_same_way_each_time() -> None:
    async def outcomes() -> list[str]:
        sandbox = still(faults={Fault.LOST_REPLY: 0.2, Fault.SILENT_NOOP: 0.1, Fault.READ_THROTTLED: 0.25})
        found = [type(await sandbox.writer().set(BUDGET, yuan(100 + k))).__name__ for k in range(200)]
        for _ in range(200):
            try:
                await sandbox.reader().budgets()
                found.append("read")
            except ConnectorError as e:
                found.append(e.reason.split()[0])
        return found

    found = await outcomes()
    assert found == await outcomes()
    assert 20 <= found.count("Unresolved") <= 60
    assert 30 <= found.count("429") <= 70
    assert found.count("read") + found.count("429") == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"speed": -1},
        {"speed": float("nan")},
        {"faults": {"lost_reply": 1.5}},
        {"faults": {"gremlin": 0.1}},
        {"sed": 1},
        {"start": "yesterday"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SandboxSettings.model_validate(wrong)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(200, {"data": {"campaign_id": "search-P02", "budget_type": "daily", "day_budget": 9_900}}), Applied),
        (Reply(200, {"data": {"campaign_id": "search-P02", "budget_type": "daily", "day_budget": 9_901}}), Unresolved),
        (Reply(200, {"data": {"campaign_id": "search-P03", "budget_type": "daily", "day_budget": 9_900}}), Unresolved),
        (Reply(200, {"error": {"code": "Partial", "message": "1 of 1 failed"}}), Unresolved),
        (Reply(200, "ok"), Unresolved),
        (Reply(202, {}), Unresolved),
        (Reply(400, {"error": {"code": "BelowMinimum", "message": "at least 30 yuan"}}), Refused),
        (Reply(404, "gone"), Refused),
        (Reply(429, None), Refused),
        (Reply(409, {}), Unresolved),
        (Reply(500, {}), Unresolved),
        (Reply(503, "<html>"), Unresolved),
    ],
)
def test_a_reply_proves_what_it_says_and_nothing_else(reply: Reply, kind: type) -> None:
    assert isinstance(outcome_of(reply, BUDGET, yuan(99)), kind)


async def test_an_empty_answer_is_no_rows_of_anything() -> None:
    """An empty success is told as it is: whether to believe it is not the connector's to say."""
    sandbox = still(faults={Fault.READ_EMPTY: 1.0})
    assert len(await sandbox.reader().performance(START - timedelta(days=3), START)) == 0
    assert await sandbox.reader().budgets() == []
    assert await sandbox.shop().products() == []


def test_a_budget_without_its_kind_or_amount_is_refused_and_never_taken_as_no_limit() -> None:
    sandbox = still()
    before = sandbox.server.view().in_force(BUDGET.native)
    for sent in ({}, {"day_budget": 9_900}, {"budget_type": "daily"}, {"budget_type": "daily", "day_budget": None}):
        assert sandbox.server.request("PUT", f"/campaigns/{BUDGET.native}", sent).status == 400
    assert sandbox.server.view().in_force(BUDGET.native) == before
