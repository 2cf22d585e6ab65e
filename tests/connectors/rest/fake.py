"""A shop's own ad system with odd habits, and its description in YAML: nothing of it is known to any code of bidder.

It signs nothing and wants two keys beside a token that is fetched; counts money in minor units as text; writes days as
15.10.2026; answers most errors with 200; pages by a cursor that lies in the body; has words of its own for a status.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import yaml

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.rest import RestReader, RestSettings, RestWriter
from bidder.connectors.rest.client import Client, opened
from bidder.connectors.rest.reader import Reading
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, minor_unit
from bidder.testing import ReadFault, Row, WriteFault
from tests.connectors.http.fake import CANARIES, FakeHttp, State
from tests.connectors.http.server import Answer, Got, answer

__all__ = ["DESCRIPTION", "KEYS", "FakeRest", "settings_of"]

KEYS = {"shop_key": "canary-shop-key-71", "sign_key": "canary-sign-key-71", **CANARIES}
_WORDS = {BudgetStatus.ACTIVE: "running", BudgetStatus.PAUSED: "halted", BudgetStatus.REMOVED: "binned"}

DESCRIPTION = """
auth:
  oauth: {token_url: "BASE/token", client_id: client_id, client_secret: client_secret, scope: ads}
  header: {X-Shop: "{shop_key}"}
money: minor
dates: "%d.%m.%Y"
account: {get: /me, fields: {currency: me.money, timezone: me.zone}}
budgets:
  post: /plans/search
  json: {page_size: 2}
  rows: data.list
  total: data.count
  paging: {by: cursor, next: data.next_mark, name: mark, place: json}
  fields:
    id: plan.id
    name: plan.title
    amount: plan.daily
    minimum: plan.least
    status: {path: plan.state, active: [running], paused: [halted], removed: [binned]}
    channel: "plan.kind && 'search'"
    campaigns: jobs[].id
    overdelivery: "`1.2`"
    currency: money
read: {get: "/plans/{budget}", rows: data.list}
report:
  post: /figures
  json: {from: "{first}", to: "{last}"}
  rows: data.list
  total: data.count
  complete: data.ready
  paging: {by: cursor, next: data.next_mark, name: mark, place: json}
  fields:
    day: day
    budget: plan
    campaign: plan
    impressions: shown
    clicks: clicks
    spend: cost
    orders: orders
    units: pieces
    revenue: {path: paid, unit: micros}
set:
  put: /plans/{budget}/daily
  json: {daily: "{amount:text}", keep: true}
  applied: "ok && data.daily == _amount_text"
  refused:
    - {status: [200], when: "ok == `false` && error.code != `500`"}
    - {status: [404, 429]}
replies:
  throttled: [{when: "error.code == `17`", wait: error.seconds}]
  expired: [{when: "error.code == `12`"}]
  failed:
    - {status: [410], say: set api_version in the paths of this account}
    - {when: "ok == `false`"}
  reason: error.text
"""


def settings_of(text: str, url: str, credentials: Mapping[str, str], **more: Any) -> RestSettings:
    """The settings that a description is, at this address."""
    written = yaml.safe_load(text.replace("BASE", url))
    return RestSettings.model_validate({"base_url": url, "credentials": dict(credentials), **written, **more})


class FakeRest(FakeHttp):
    """Five plans, two a page; one has two campaigns, one is halted."""

    lacks = ()
    secrets = tuple(KEYS.values())
    description = DESCRIPTION
    used: tuple[str, ...] = ("shop_key", "client_id", "client_secret")
    more: Mapping[str, Any] = MappingProxyType({})
    rows_a_page = 3

    def __init__(self, zone: str = "Europe/Berlin", currency: str = "EUR") -> None:
        account = Account(AccountId("own"), "rest", Currency(currency), zone)
        self.unit = minor_unit(Currency(currency))
        amounts = {"p-1": 5000, "p 2/x": 4550, "p-3": 12000, "p-5": 900}
        states = {native: State(amount * self.unit) for native, amount in amounts.items()}
        states["p-4"] = State(700 * self.unit, BudgetStatus.PAUSED)
        super().__init__(account, states, datetime(2026, 10, 15, 20, 0, tzinfo=UTC))
        self.shared = BudgetId(account.id, "p-3")
        self.minimum = 300

    def settings(self, **more: Any) -> RestSettings:
        keys = {name: KEYS[name] for name in self.used}
        given = {"attempts": 1, "requests_per_second": 1000, **self.more, **more}
        return settings_of(self.description, self.server.url, keys, **given)

    def opened(self, **more: Any) -> Reading:
        settings = self.settings(**more)
        http = opened(self.account, settings, self.timing)
        self.closing.append(http.close)
        return Reading(Client(http, settings), self.account)

    def reader(self, **more: Any) -> RestReader:
        return RestReader(self.opened(**more), self.settings(**more))

    def writer(self, **more: Any) -> RestWriter:
        settings = self.settings(**more)
        assert settings.set is not None
        return RestWriter(self.opened(**more), settings, settings.set)

    # ---- what the platform answers

    def is_write(self, got: Got) -> bool:
        return got.method == "PUT"

    def is_report(self, got: Got) -> bool:
        return got.path == "/figures"

    def unauthorized(self, got: Got) -> Answer:
        return self.no(12, "who are you?")

    def no(self, code: int, text: str, **more: Any) -> Answer:
        return answer({"ok": False, "error": {"code": code, "text": text, **more}})

    def error(self, got: Got) -> Answer:
        return answer({"ok": False, "error": {"code": 500, "text": "something broke"}}, 500)

    def ended(self, got: Got) -> Answer:
        return answer({"ok": False, "error": {"code": 99, "text": "gone"}}, 410)

    def throttled(self, got: Got, *, long: bool) -> Answer:
        return self.no(17, "slower, please", seconds="3600" if long else 1)

    def reshaped(self, text: str) -> str:
        return text.replace('"cost"', '"costs"')

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        assert got.headers["X-Shop"] == KEYS["shop_key"]
        match got.path.strip("/").split("/"):
            case ["me"]:
                return answer({"ok": True, "me": {"money": self.currency, "zone": self.zone}})
            case ["plans", "search"]:
                return self._page(got, [self._plan(one) for one in self.states], got.json["page_size"], fault)
            case ["figures"]:
                return self._page(got, self._figures(got.json), self.rows_a_page, fault)
            case ["plans", *rest] if "/".join(rest) in self.states:
                return answer({"ok": True, "data": {"list": [self._plan("/".join(rest))]}})
        return answer({"ok": False, "error": {"code": 404, "text": "no such thing"}}, 404)

    def _page(self, got: Got, rows: list[dict[str, Any]], size: int, fault: ReadFault | None) -> Answer:
        begin = int(str(got.json.get("mark", "m0")).removeprefix("m"))
        chosen = rows[begin : begin + size]
        if fault is ReadFault.MISSING_ROWS:
            chosen = chosen[:-1]
        ready = fault is not ReadFault.NOT_READY
        more = {"next_mark": f"m{begin + size}"} if begin + size < len(rows) else {}
        return answer({"ok": True, "data": {"list": chosen, "count": str(len(rows)), "ready": ready, **more}})

    def _plan(self, native: str) -> dict[str, Any]:
        state = self.states[native]
        assert state.micros is not None
        jobs = [{"id": f"{native}-a"}, {"id": f"{native}-b"}] if native == "p-3" else [{"id": native}]
        plan = {"id": native, "title": f"Plan {native}", "kind": 3, "least": self.minimum}
        plan |= {"daily": str(state.micros // self.unit), "state": _WORDS[state.status]}
        return {"plan": plan, "jobs": jobs, "money": self.currency}

    def _figures(self, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        first, last = (datetime.strptime(asked[one], "%d.%m.%Y").date() for one in ("from", "to"))
        return [self._row(row) for row in self.planted if first <= row.day <= last]

    def _row(self, row: Row) -> dict[str, Any]:
        p = row.performance
        assert p.spend is not None
        assert p.revenue is not None
        found: dict[str, Any] = {
            "day": f"{row.day:%d.%m.%Y}",
            "plan": row.budget.native,
            "shown": p.impressions,
            "clicks": p.clicks,
        }
        found |= {"cost": str(p.spend.micros // self.unit), "orders": p.orders, "pieces": str(p.units)}
        return {**found, "paid": p.revenue.micros}

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        native = got.path.removeprefix("/plans/").removesuffix("/daily")
        assert got.json["keep"] is True
        if fault is WriteFault.PARTIAL:
            return self.no(31, "not today")
        state, amount = self.states.get(native), int(got.json["daily"])
        if state is None or state.status is BudgetStatus.REMOVED:
            return self.no(404, "no such plan")
        if amount < self.minimum:
            return self.no(30, f"at least {self.minimum}")
        self.apply(native, amount * self.unit, fault)
        return answer({"ok": True, "data": {"daily": str(amount)}})

    def apply(self, native: str, micros: int | None, fault: WriteFault | None) -> None:
        """Amounts are whole units there, also where more is set than was asked."""
        super().apply(native, micros, fault)
        stored = self.states[native].micros
        self.states[native].micros = None if stored is None else stored // self.unit * self.unit
