"""Posterwall for bidder. The platform is invented; the connector is whole: reads, writes, throttles, read-backs.

Its API: `X-Key` in each request; `GET /account`, `/budgets`, `/budgets/ID`, `/figures?from=DAY&to=DAY`;
`PUT /budgets/ID` with `{"daily": "90.00"}`. Lists say their `total`. Amounts are decimal text. A refusal may
come with 200.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.body import Node
from bidder.connectors.http import Ask, Http, Lost, Manners, NotSent, Payload, PlatformSettings, Shared, Timing, dig
from bidder.connectors.identity import check_identity
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money, minor_unit
from bidder.performance import Observation, Performance
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.reports import Reports

STATES = {"on": BudgetStatus.ACTIVE, "off": BudgetStatus.PAUSED, "gone": BudgetStatus.REMOVED}


class Credentials(BaseModel):
    """What is secret: written as {env: NAME} or {file: PATH}."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    key: SecretStr


class Settings(PlatformSettings):
    """The keys beside `platform: posterwall`."""

    credentials: Credentials


def opened(account: Account, settings: Settings, timing: Timing | None = None) -> Http:
    """The network of one account: where it is, how requests are signed, how fast they may come."""
    key = settings.credentials.key.get_secret_value()

    def prepare(ask: Ask, _token: str) -> Ask:
        return replace(ask, headers={**ask.headers, "X-Key": key})

    manners = Manners("https://api.posterwall.example", prepare=prepare, rate=10.0)
    return Http(account.id, manners.as_set(settings), secrets=[key], timing=timing)


class Posterwall:
    """Reads and writes one account."""

    restated_days = 7

    def __init__(self, http: Http, account: Account) -> None:
        self.http, self.account, self._closed = http, account, False

    async def budgets(self) -> Sequence[Budget]:
        return [self._budget(page, row) for page, row in await self._rows("budgets", "/budgets")]

    async def performance(self, first: date, last: date) -> Reports:
        query = {"from": first.isoformat(), "to": last.isoformat()}
        return Reports.of([self._seen(page, row) for page, row in await self._rows("figures", "/figures", query)])

    async def read(self, budget: BudgetId) -> Budget:
        if budget.account != self.account.id:
            raise ConnectorError(self.account.id, "budgets", f"{budget} is a budget of another account")
        await self._believe()
        page = await self.http.payload(Ask("budgets", "GET", f"/budgets/{budget.native}"))
        return self._budget(page, Node(self.account.id, "budgets", page.body))

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """What the reply proves: Applied, Refused (nothing happened), else Unresolved, which is read back."""
        if budget.account != self.account.id:
            raise ConnectorError(self.account.id, "set", f"{budget} is a budget of another account")
        if amount.currency != self.account.currency or amount.micros <= 0:
            return Refused(f"not sent: {amount} {amount.currency} is no daily amount of this account")
        sent = await self.http.write(Ask("set", "PUT", f"/budgets/{budget.native}", json={"daily": str(amount)}))
        match sent:
            case NotSent(reason):
                return Refused(f"not sent: {reason}")
            case Lost(reason):
                return Unresolved(reason)
        refusal = dig(sent.data, "error")
        if refusal is not None and sent.status < 500:
            return self.http.redacted(Refused(f"{sent.status} {refusal}"))
        if sent.status == 200 and dig(sent.data, "daily") == str(amount):
            return Applied(amount)
        return Unresolved(f"{sent.status}: the reply does not say that it was set")

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await self.http.close()

    async def _believe(self) -> None:
        """Once: is the account in the currency and zone that bidder.yaml says?"""
        if "believed" not in self.http.memory:
            page = await self.http.payload(Ask("account", "GET", "/account"))
            body = Node(self.account.id, "account", page.body)
            zone, now = body.text("timezone"), page.received_at
            check_identity(self.account, currency=body.text("currency"), timezone=zone, now=now)
            self.http.memory["believed"] = True

    async def _rows(self, operation: str, path: str, query: dict[str, str] | None = None) -> list[tuple[Payload, Node]]:
        """Every page; fewer rows than the platform says there are is an error and never a short list."""
        await self._believe()
        found: list[tuple[Payload, Node]] = []
        while True:
            asked = {**(query or {}), "offset": str(len(found))}
            page = await self.http.payload(Ask(operation, "GET", path, query=asked))
            body = Node(self.account.id, operation, page.body)
            rows, total = list(body.items("rows")), body.whole("total")
            found += [(page, row) for row in rows]
            if len(found) == total:
                return found
            if not rows or len(found) > total:
                self.http.fail(operation, f"total: said {total}, {len(found)} came", error="schema", waiting_helps=True)

    def _budget(self, page: Payload, row: Node) -> Budget:
        native, unit = row.text("id"), minor_unit(self.account.currency)
        return Budget(
            id=BudgetId(self.account.id, native),
            name=row.text("name"),
            currency=self.account.currency,
            now=row.units("daily", self.account.currency),
            read_at=page.received_at,
            campaigns=(native,),
            step=Money(unit, self.account.currency),
            status=STATES[row.text("state")],
        )

    def _seen(self, page: Payload, row: Node) -> Observation:
        native, currency = row.text("budget"), self.account.currency
        return Observation(
            account=self.account.id,
            budget=BudgetId(self.account.id, native),
            campaign=native,
            product=None,
            day=AccountDay(self.account.timezone, row.day("day")),
            observed_at=page.received_at,
            performance=Performance(
                impressions=row.whole("views"),
                clicks=row.whole("clicks"),
                spend=row.units("cost", currency),
                orders=float(row.number("sales")),
                revenue=row.units("worth", currency),
            ),
        )


class Kind:
    """What bidder asks for: see bidder.connectors.protocol.ConnectorKind."""

    name = "posterwall"
    settings: type[BaseModel] = Settings

    def __init__(self) -> None:
        self._shared = Shared()

    def reader(self, account: Account, settings: Any) -> Posterwall:
        return Posterwall(self._shared.of((account, settings), lambda: opened(account, settings)), account)

    def shop(self, account: Account, settings: Any) -> None:  # noqa: ARG002 - the protocol's signature
        return None

    def writer(self, account: Account, settings: Any) -> Posterwall:
        return self.reader(account, settings)


kind = Kind()
