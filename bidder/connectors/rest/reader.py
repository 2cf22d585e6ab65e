"""Reads an account of ads, and the shop behind it, as its description says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bidder.account_day import AccountDay
from bidder.activity import Activity
from bidder.catalog import Account, Budget, Product
from bidder.connectors.http import Payload, Speaking
from bidder.connectors.identity import TOLD, as_told
from bidder.connectors.rest import parse
from bidder.connectors.rest.calls import ListCall, ReadCall
from bidder.connectors.rest.client import Client
from bidder.connectors.rest.fields import BudgetFields
from bidder.connectors.rest.lists import keyed
from bidder.connectors.rest.row import Beside, Style
from bidder.connectors.rest.settings import RestSettings
from bidder.connectors.rest.template import Day, Values
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.reports import Reports

__all__ = ["Reading", "RestReader", "RestShop", "RestShopWithActivity", "read_call"]


class Reading:
    """What reader, writer and shop of one account share: the client, and how bodies are understood."""

    def __init__(self, client: Client, written: Account) -> None:
        self.client = client
        self.written = written

    @property
    def account(self) -> Account:
        """The account; its currency and zone are compared with the platform's before anything else."""
        return as_told(self.written, self.client.http.memory)

    def style(self, operation: str) -> Style:
        """How this account writes money and days."""
        settings = self.client.settings
        return Style(self.account, operation, settings.money, settings.dates)

    def days(self, first: date, last: date) -> Values:
        """What fills {first} and {last}."""
        zone, style = self.account.timezone, self.client.settings.dates
        style = "%Y-%m-%d" if style == "iso" else style
        return {"first": Day(AccountDay(zone, first), style), "last": Day(AccountDay(zone, last), style)}

    async def pages(self, operation: str, call: ListCall, values: Values) -> list[Payload]:
        """Every page of a list, with those lists beside it that its rows are joined with. Raises ConnectorError."""
        lists = {
            name: keyed(name, other, await self.client.listed(operation, other, {}), self.style(operation))
            for name, other in call.lists.items()
        }
        pages = await self.client.pages(operation, call, values)
        return [Beside(page.received_at, page.body, lists) for page in pages] if lists else pages

    async def believe(self) -> None:
        """Compares currency and zone with the platform's, once, where it says them. Raises ConnectorError."""
        call, http = self.client.settings.account, self.client.http
        if call is not None and TOLD not in http.memory:
            payload = await self.client.one("account", call, {})
            http.memory[TOLD] = parse.identity(payload, call, self.style("account"), self.written, http.timing.now())

    async def budgets(self) -> list[Budget]:
        """Every budget. Raises ConnectorError."""
        settings = self._ads()
        await self.believe()
        found: dict[BudgetId, Budget] = {}
        for call in settings.budgets:
            pages = await self.pages("budgets", call, {})
            for one in parse.budgets(pages, call, call.fields, self.style("budgets")):
                if one.id in found:
                    reason = f"budget {one.id.native} is in two of the lists"
                    raise ConnectorError(self.written.id, "budgets", reason, error="schema")
                found[one.id] = one
        return list(found.values())

    async def budget(self, budget: BudgetId) -> Budget:
        """One budget as it is now. Raises ConnectorError, also when it is not there."""
        settings = self._ads()
        if settings.read is None:
            found = await self.budgets()
        else:
            await self.believe()
            call, fields = read_call(settings, settings.read)
            pages = await self.pages("read", call, {"budget": budget.native})
            found = parse.budgets(pages, call, fields, self.style("read"))
        chosen = [one for one in found if one.id == budget]
        if not chosen:
            raise ConnectorError(self.written.id, "budgets", f"there is no budget {budget}", error="schema")
        return chosen[0]

    async def performance(self, first: date, last: date) -> Reports:
        """Figures of these days. Raises ConnectorError."""
        settings = self._ads()
        await self.believe()
        found = []
        for call in settings.report:
            pages = await self.pages("report", call, self.days(first, last))
            found.append(parse.reports(pages, call, self.style("report")))
        return parse.joined_reports(found, self.style("report"))

    def _ads(self) -> RestSettings:
        settings = self.client.settings
        if not isinstance(settings, RestSettings):
            raise ConnectorError(self.written.id, "budgets", "a shop has no budgets")
        return settings


def read_call(settings: RestSettings, read: ReadCall) -> tuple[ReadCall, BudgetFields]:
    """The call that reads one budget, and where its facts are: as under `budgets`, lists and all, unless told."""
    if read.fields is not None:
        return read, read.fields
    first = settings.budgets[0]
    return read.model_copy(update={"lists": read.lists or first.lists}), first.fields


class RestReader(Speaking[Client]):
    """Reads one account."""

    def __init__(self, reading: Reading, settings: RestSettings) -> None:
        self._reading = reading
        self._client = reading.client
        self.restated_days = settings.restated_days
        """So many days back figures still change, as described."""
        self.now = reading.client.http.timing.now
        """The instant of reading: a simulated platform's own."""

    @property
    def account(self) -> Account:
        """The account, with what its platform tells."""
        return self._reading.account

    async def budgets(self) -> Sequence[Budget]:
        """Every budget with the amount in force now. Raises ConnectorError."""
        return await self._reading.budgets()

    async def performance(self, first: date, last: date) -> Reports:
        """A row a campaign (and product) and account day. Raises ConnectorError."""
        return await self._reading.performance(first, last)

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()


class RestShop(Speaking[Client]):
    """Reads what a shop sells."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._client = reading.client

    @property
    def account(self) -> Account:
        """The account, with what its platform tells."""
        return self._reading.account

    async def products(self) -> Sequence[Product]:
        """Every product; none where they are not described. Raises ConnectorError."""
        call = self._client.settings.products
        if call is None:
            return ()
        await self._reading.believe()
        pages = await self._reading.pages("products", call, {})
        return parse.products(pages, call, self._reading.style("products"))

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()


class RestShopWithActivity(RestShop):
    """Reads also what the shop did."""

    async def activity(self, first: date, last: date) -> Activity:
        """Figures a day, of the shop and of its products. Raises ConnectorError."""
        await self._reading.believe()
        found = []
        for call in self._client.settings.activity:
            pages = await self._reading.pages("activity", call, self._reading.days(first, last))
            seen, style = self._client.http.timing.now(), self._reading.style("activity")
            found.append(parse.activity(pages, call, style, first, last, seen))
        return parse.joined(found)
