"""The same bidder.yaml without a wire: what the daemon decides when no request fails. For comparison only.

    closed_loop.py --worlds 0 --policy in_process:Policy          # with this folder and the repository on PYTHONPATH

Each morning the marketplace's view is handed to the very descriptions of bidder.yaml, as if it had been read over HTTP;
then come the daemon's own steps: poll, decide, apply. Budgets live in a dictionary.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from for_world import fitted

from bidder.catalog import Account, Budget, Product
from bidder.config.load import load
from bidder.connectors.http import Payload
from bidder.connectors.rest import RestSettings
from bidder.connectors.rest.parse import budgets, products, reports
from bidder.connectors.rest.row import Style
from bidder.cycle import apply_plan, decide_now, save, stored_plan
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.plan import Applied, Outcome
from bidder.poll import poll
from bidder.reports import Reports
from bidder.store import open_store

__all__ = ["Policy"]


class Market:
    """Reader, shop and writer of an account that is a view and a dictionary of amounts."""

    def __init__(self, account: Account, settings: RestSettings) -> None:
        self.account = account
        self.settings = settings
        self.restated_days = settings.restated_days
        self.view: dict[str, Any] = {}
        self.staged: dict[str, float] = {}
        self.now = datetime(2000, 1, 1, tzinfo=UTC)

    def style(self, operation: str) -> Style:
        return Style(self.account, operation, self.settings.money, self.settings.dates)

    def page(self, body: Any) -> list[Payload]:
        return [Payload(self.now, body)]

    async def budgets(self) -> Sequence[Budget]:
        (call,) = self.settings.budgets
        return budgets(self.page({**self.view, "staged": self.staged}), call, call.fields, self.style("budgets"))

    async def performance(self, first: date, last: date) -> Reports:
        rows = [row for row in self.view["history"] if first.isoformat() <= row["date"] <= last.isoformat()]
        body = {"rows": rows, "count": len(rows)}
        (call,) = self.settings.report
        return reports(self.page(body), call, self.style("report"))

    async def products(self) -> Sequence[Product]:
        call = self.settings.products
        return [] if call is None else products(self.page(self.view), call, self.style("products"))

    async def read(self, budget: BudgetId) -> Budget:
        for one in await self.budgets():
            if one.id == budget:
                return one
        raise ConnectorError(self.account.id, "read", f"there is no budget {budget}")

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        self.staged[budget.native] = amount.to_float()
        return Applied(amount)

    async def close(self) -> None:
        pass


class Policy:
    """One world."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="in-process-")
        self.store = open_store(f"sqlite:///{self.folder.name}/bidder.db")
        self.market: Market | None = None

    def decide(self, view: Mapping[str, Any]) -> dict[str, float]:
        """Today's budgets, by one pass of the daemon."""
        if self.market is None:
            self.config = load(fitted(view, "http://127.0.0.1:1", Path(self.folder.name)), env={})
            account, settings = self.config.accounts[0]
            assert isinstance(settings, RestSettings)
            self.market = Market(account, settings)
        market = self.market
        market.view, market.staged = dict(view), {}
        market.now = datetime.combine(date.fromisoformat(view["date"]), time(), UTC)
        asyncio.run(self._pass(market))
        return market.staged

    async def _pass(self, market: Market) -> None:
        store = self.store
        days = self.config.schedule.lookback_days
        await poll([market], [market], store, clock=lambda: market.now, days=days)
        decision = decide_now(self.config, store, market.now)
        stored = stored_plan(decision, save(decision, store, market.now), market.now)
        writers = {market.account.id: market}
        await apply_plan(stored, self.config, store, writers, lambda: market.now, approved=False)
