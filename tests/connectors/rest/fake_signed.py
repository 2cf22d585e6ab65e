"""The other shop's ad system: every request is signed, rows of campaigns share a plan, days are instants."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, date, datetime
from typing import Any

from bidder.catalog import BudgetStatus
from bidder.testing import ReadFault, Row, WriteFault
from tests.connectors.http.server import Answer, Got, answer
from tests.connectors.rest.fake import KEYS, FakeRest

__all__ = ["SIGNED", "FakeSigned"]

SIGNED = """
auth:
  hmac:
    key: sign_key
    parts: ["'v1'", method, path, query, timestamp, body_hash, credentials.shop_key]
    join: "\\n"
    encoding: base64
    timestamp: {header: X-Time, format: millis}
    put: {header: X-Sign}
    prefix: "V1 "
  basic: {user: shop_key, password: sign_key}
account: {get: /me, fields: {currency: me.money, timezone: me.zone}}
budgets:
  get: /campaigns
  query: {per_page: "2"}
  rows: items
  paging: {by: page, name: page, pages: of}
  fields:
    id: plan.id
    amount: plan.amount
    step: plan.grid
    status: {path: plan.on, active: ["true"], paused: ["false"], removed: ["gone"]}
    campaigns: campaign
report:
  get: /daily
  query: {since: "{first:seconds}", until: "{last+1:seconds}"}
  rows: items
  total: size
  paging: {by: link}
  fields:
    day: {path: at, format: seconds}
    budget: plan
    campaign: {path: campaign}
    impressions: shown
    clicks: clicks
    spend: cost
    orders: to_number(orders)
    units: pieces
    revenue: paid
  sum: true
set:
  patch: /plans
  query: {id: "{budget}"}
  form: {amount: "{amount}"}
  applied: "amount == _amount_text && plan == _budget"
  refused:
    - {status: [404, 422, 429]}
    - {status: [200], when: problem}
replies:
  failed: [{when: problem, say: the platform says no}]
  reason: problem
"""


class FakeSigned(FakeRest):
    """Every request is signed; rows of campaigns share a plan; days are instants; pages by number and by Link."""

    description = SIGNED
    used = ("shop_key", "sign_key")
    faults = frozenset({ReadFault.EXPIRED, WriteFault.EXPIRED, ReadFault.NOT_READY})

    def __init__(self, zone: str = "Asia/Tokyo", currency: str = "JPY") -> None:
        super().__init__(zone, currency)
        self.grid = 50
        for state in self.states.values():
            state.micros = (state.micros or 0) // 50 * 50

    def is_write(self, got: Got) -> bool:
        return got.method == "PATCH"

    def is_report(self, got: Got) -> bool:
        return got.path == "/daily"

    def unauthorized(self, got: Got) -> Answer:
        return answer({"problem": "who are you?"}, 401)

    def error(self, got: Got) -> Answer:
        return answer({"broken": True}, 503)

    def ended(self, got: Got) -> Answer:
        return answer({"problem": "use another api_version"}, 400)

    def throttled(self, got: Got, *, long: bool) -> Answer:
        return answer({"slow": "down"}, 429, Retry_After="3600" if long else "1")

    def _needs_token(self, got: Got) -> bool:
        return self.refused or not self._signed(got)

    def _before(self, got: Got, write: bool) -> Answer | None:
        if self.reading[:1] == [ReadFault.REFUSED]:
            self.reading.pop(0)
            self.refused = True
        return self.unauthorized(got) if self.refused or not self._signed(got) else None

    def _signed(self, got: Got) -> bool:
        from urllib.parse import quote, urlencode

        query = urlencode(sorted(got.query.items()), quote_via=quote)
        parts = ["v1", got.method, quote(got.path), query, got.headers["X-Time"]]
        parts += [hashlib.sha256(got.body).hexdigest(), KEYS["shop_key"]]
        digest = hmac.new(KEYS["sign_key"].encode(), "\n".join(parts).encode(), hashlib.sha256).digest()
        pair = base64.b64encode(f"{KEYS['shop_key']}:{KEYS['sign_key']}".encode()).decode()
        right = got.headers["Authorization"] == f"Basic {pair}"
        return right and got.headers["X-Sign"] == f"V1 {base64.b64encode(digest).decode()}"

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        match got.path:
            case "/me":
                return answer({"me": {"money": self.currency, "zone": self.zone}})
            case "/campaigns":
                rows = [row for native in self.states for row in self._campaigns(native)]
                number, size = int(got.query["page"]), int(got.query["per_page"])
                chosen = rows[(number - 1) * size : number * size]
                return answer({"items": chosen, "of": -(-len(rows) // size)})
            case "/daily":
                return self._linked(got, fault)
        return answer({"problem": "no such thing"}, 404)

    def _campaigns(self, native: str) -> list[dict[str, Any]]:
        state = self.states[native]
        assert state.micros is not None
        on = "gone" if state.status is BudgetStatus.REMOVED else state.status is BudgetStatus.ACTIVE
        plan = {"id": native, "amount": state.micros / 1e6, "grid": self.grid * self.unit / 1e6, "on": on}
        names = [f"{native}-a", f"{native}-b"] if native == "p-3" else [native]
        return [{"plan": plan, "campaign": name} for name in names]

    def _linked(self, got: Got, fault: ReadFault | None) -> Answer:
        since, until, begin = (int(got.query.get(one, "0")) for one in ("since", "until", "begin"))
        first, end = (datetime.fromtimestamp(at, UTC) for at in (since, until))
        rows = [row for row in map(self._instant, self.planted) if first.timestamp() <= row["at"] < end.timestamp()]
        chosen = rows[begin : begin + 3]
        if fault is ReadFault.MISSING_ROWS:
            chosen = chosen[:-1]
        said = answer({"items": chosen, "size": len(rows)})
        if begin + 3 >= len(rows):
            return said
        query = f"since={since}&until={until}&begin={begin + 3}"
        link = f'<{self.server.url}/daily?since=0>; rel="first", </daily?{query}>; rel="next"'
        return Answer(said.status, said.body, {**said.headers, "Link": link})

    def _instant(self, row: Row) -> dict[str, Any]:
        p, noon = row.performance, _noon(row.day, self.zone)
        assert p.spend is not None
        assert p.revenue is not None
        found: dict[str, Any] = {
            "at": noon,
            "plan": row.budget.native,
            "campaign": row.budget.native,
            "shown": p.impressions,
        }
        found |= {"clicks": p.clicks, "cost": p.spend.micros / 1e6, "orders": str(p.orders), "pieces": p.units}
        return {**found, "paid": f"{p.revenue.micros / 1e6:.6f}"}

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        native, text = got.query["id"], dict(one.split("=") for one in got.body.decode().split("&"))["amount"]
        if fault is WriteFault.PARTIAL:
            return answer({"problem": "not today"})
        state = self.states.get(native)
        if state is None or state.status is BudgetStatus.REMOVED:
            return answer({"problem": "no such plan"}, 404)
        micros = round(float(text) * 1e6)
        if micros % (self.grid * self.unit):
            return answer({"problem": f"not on the grid of {self.grid}"}, 422)
        self.apply(native, micros, fault)
        return answer({"plan": native, "amount": text})


def _noon(day: date, zone: str) -> int:
    from zoneinfo import ZoneInfo

    return int(datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).timestamp())
