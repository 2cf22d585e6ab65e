"""Posterwall itself, on a real socket: what its documents would say, and the faults that the contract asks for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aiohttp import web
from bidder_posterwall import Credentials, Posterwall, Settings, opened
from pydantic import SecretStr

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.http import Timing
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.testing import NotOffered, ReadFault, Row, WriteFault

KEY = "canary-poster-key-31"
STATES = {BudgetStatus.ACTIVE: "on", BudgetStatus.PAUSED: "off", BudgetStatus.REMOVED: "gone"}
PAGE = 100


class FakePosterwall:
    """The platform's side of one account, with the handles of bidder.testing.FakePlatform."""

    lacks = ("units",)
    secrets = (KEY,)
    not_there = frozenset(
        # keys do not end, reports are there at once, there is one version
        {ReadFault.EXPIRED, WriteFault.EXPIRED, ReadFault.NOT_READY, ReadFault.ENDED}
    )

    def __init__(self) -> None:
        self.account = Account(AccountId("wall"), "posterwall", Currency("EUR"), "Europe/Berlin")
        self.currency: str = "EUR"
        self.amounts = {
            f"p{k}": Money.parse(text, self.account.currency) for k, text in enumerate(["80", "45.50", "120"])
        }
        self.states = dict.fromkeys(self.amounts, BudgetStatus.ACTIVE)
        self.rows: list[Row] = []
        self.mutations, self.url, self.refusing = 0, "", False
        self._reading: list[ReadFault] = []
        self._writing: list[WriteFault] = []
        self._now, self._slept, self._ticks = datetime(2026, 10, 15, 12, tzinfo=UTC), 0.0, 0
        self._given: list[Posterwall] = []

    # ---- the server

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answered)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])

    async def close(self) -> None:
        for one in self._given:
            await one.close()
        await self._runner.cleanup()

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        if request.method == "PUT":
            self.mutations += 1
            return self._written(request, request.path.rpartition("/")[2], (await request.json())["daily"])
        if request.headers.get("X-Key") != KEY or self.refusing:
            return web.json_response({"error": "no such key"}, status=401)
        if request.path == "/account":
            return web.json_response({"currency": self.currency, "timezone": self.account.timezone})
        fault = self._reading[0] if self._reading else None
        if fault in (ReadFault.RESHAPED, ReadFault.MISSING_ROWS) and request.path != "/figures":
            fault = None
        if fault is not None:
            self._reading.pop(0)
        match fault:
            case ReadFault.ERROR:
                return web.json_response({"error": "busy"}, status=503)
            case ReadFault.THROTTLED | ReadFault.THROTTLED_LONG:
                wait = "3600" if fault is ReadFault.THROTTLED_LONG else "1"
                return web.json_response({"error": "slow down"}, status=429, headers={"Retry-After": wait})
            case ReadFault.CUT:
                return self._cut(request)
            case ReadFault.UNREADABLE:
                return web.Response(text='{"rows": [{"bud')
            case ReadFault.PAGE:
                return web.Response(text="<html>Back soon</html>", content_type="text/html")
            case ReadFault.REFUSED:
                self.refusing = True
                return web.json_response({"error": "no such key"}, status=401)
        if request.path == "/budgets":
            return self._page(request, [self._budget(native) for native in self.amounts], fault)
        if request.path == "/figures":
            first, last = request.query["from"], request.query["to"]
            found = [self._figures(row) for row in self.rows if first <= row.day.isoformat() <= last]
            return self._page(request, found, fault)
        native = request.path.rpartition("/")[2]
        if native not in self.amounts:
            return web.json_response({"error": "no such budget"}, status=404)
        return web.json_response(self._budget(native))

    def _page(self, request: web.Request, rows: list[dict[str, object]], fault: ReadFault | None) -> web.Response:
        begin = int(request.query["offset"])
        chosen = rows[begin : begin + PAGE]
        if fault is ReadFault.MISSING_ROWS:
            chosen = []
        text = json.dumps({"total": len(rows), "rows": chosen})
        text = text.replace('"cost"', '"price"') if fault is ReadFault.RESHAPED else text
        return web.Response(text=text, content_type="application/json")

    def _budget(self, native: str) -> dict[str, object]:
        state = STATES[self.states[native]]
        return {"id": native, "name": f"Wall {native}", "daily": str(self.amounts[native]), "state": state}

    def _figures(self, row: Row) -> dict[str, object]:
        p = row.performance
        about = {"budget": row.budget.native, "day": row.day.isoformat(), "views": p.impressions, "clicks": p.clicks}
        return {**about, "cost": str(p.spend), "sales": p.orders, "worth": str(p.revenue)}

    def _written(self, request: web.Request, native: str, daily: str) -> web.StreamResponse:
        fault = self._writing.pop(0) if self._writing else None
        if fault is WriteFault.LOST_REQUEST:
            return self._cut(request)
        if fault is WriteFault.THROTTLED:
            return web.json_response({"error": "slow down"}, status=429, headers={"Retry-After": "1"})
        if fault is WriteFault.ERROR_UNAPPLIED:
            return web.json_response({"error": "busy"}, status=503)
        if fault is WriteFault.PARTIAL:
            return web.json_response({"error": "the wall is being painted"})
        if native not in self.amounts or self.states[native] is BudgetStatus.REMOVED:
            return web.json_response({"error": "no such budget"}, status=404)
        asked = Money.parse(daily, self.account.currency)
        if fault is WriteFault.RAISED:
            self.amounts[native] = Money(asked.micros + 5_000_000, asked.currency)
        elif fault is not WriteFault.SILENT_NOOP:
            self.amounts[native] = asked
        if fault is WriteFault.LOST_REPLY:
            return self._cut(request)
        if fault is WriteFault.ERROR_APPLIED:
            return web.json_response({"error": "busy"}, status=503)
        if fault is WriteFault.UNREADABLE_REPLY:
            return web.Response(text="<html>Thank you</html>", content_type="text/html")
        return web.json_response({"id": native, "daily": daily})

    def _cut(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    # ---- the handles

    def _opened(self) -> Posterwall:
        settings = Settings(credentials=Credentials(key=SecretStr(KEY)), base_url=self.url, attempts=1)
        timing = Timing(now=self.now, monotonic=lambda: 1000.0 + self._slept, sleep=self._sleep)
        self._given.append(Posterwall(opened(self.account, settings, timing), self.account))
        return self._given[-1]

    async def _sleep(self, seconds: float) -> None:
        self._slept += seconds
        await asyncio.sleep(0)

    def reader(self) -> Posterwall:
        return self._opened()

    def writer(self) -> Posterwall:
        return self._opened()

    def shop(self) -> None:
        return None

    @property
    def budgets(self) -> Sequence[BudgetId]:
        return [BudgetId(self.account.id, one) for one in self.amounts if self.states[one] is BudgetStatus.ACTIVE]

    def product(self, budget: BudgetId) -> None:  # noqa: ARG002 - the protocol's signature
        return None

    def now(self) -> datetime:
        self._ticks += 1
        return self._now + timedelta(microseconds=self._ticks)

    def advance(self, to: datetime) -> None:
        self._now = to

    def report(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)

    def in_force(self, budget: BudgetId) -> Money:
        return self.amounts[budget.native]

    def status(self, budget: BudgetId) -> BudgetStatus:
        return self.states[budget.native]

    def edit(self, budget: BudgetId, amount: Money) -> None:
        self.amounts[budget.native] = amount

    def set_status(self, budget: BudgetId, status: BudgetStatus) -> None:
        self.states[budget.native] = status

    def becomes(self, currency: Currency) -> None:
        self.currency = currency

    def fail_next_read(self, fault: ReadFault) -> None:
        if fault in self.not_there:
            raise NotOffered(f"Posterwall has no {fault}")
        self._reading.append(fault)

    def fail_next_write(self, fault: WriteFault) -> None:
        if fault in self.not_there:
            raise NotOffered(f"Posterwall has no {fault}")
        self._writing.append(fault)
