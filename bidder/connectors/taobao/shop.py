"""The shop behind a seller's account: items with their stock; what was sold and paid back, from trades and refunds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from bidder.activity import Activity
from bidder.catalog import Account, Product
from bidder.connectors.body import Node
from bidder.connectors.http import Payload, Speaking
from bidder.connectors.identity import as_told
from bidder.connectors.taobao import trade
from bidder.connectors.taobao.client import Client
from bidder.connectors.taobao.pages import taken
from bidder.connectors.taobao.reading import believe
from bidder.errors import ConnectorError

__all__ = ["TaobaoShop"]

_UNPAID = timedelta(days=3)
"""So long an order may wait for its payment: trades are asked for by when they were made, and count when paid."""

_MOST_PAGES = 2_000
_ITEM = "num_iid,title,price,num"
_TRADE = "tid,created,pay_time,payment,buyer_open_uid,orders.num_iid,orders.num,orders.payment,orders.divide_order_fee"
_REFUND = "refund_id,tid,num_iid,refund_fee,status,modified"


class TaobaoShop(Speaking[Client]):
    """Reads one shop."""

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self._account = account

    @property
    def account(self) -> Account:
        """The account that the shop stands behind."""
        return as_told(self._account, self._client.http.memory)

    async def products(self) -> Sequence[Product]:
        """Every item with price and stock; one that is not on sale has none to sell. Raises ConnectorError."""
        believe(self.account, self._client)
        onsale = await self._pages("items", "taobao.items.onsale.get", "items", {"fields": _ITEM}, 200)
        stored = await self._pages("items", "taobao.items.inventory.get", "items", {"fields": _ITEM}, 200)
        return trade.products(onsale, stored, self.account)

    async def activity(self, first: date, last: date) -> Activity:
        """Paid orders, pieces, revenue and refunds a day, of the shop and by item, both days included.

        Raises ConnectorError.
        """
        believe(self.account, self._client)
        asked = {
            "fields": _TRADE,
            "start_created": f"{first - _UNPAID} 00:00:00",
            "end_created": f"{last} 23:59:59",
        }
        trades = await self._pages("trades", "taobao.trades.sold.get", "trades", asked, 100)
        asked = {
            "fields": _REFUND,
            "start_modified": f"{first} 00:00:00",
            "end_modified": f"{last} 23:59:59",
        }
        refunds = await self._pages("refunds", "taobao.refunds.receive.get", "refunds", asked, 100)
        at = min(page.received_at for page in (*trades, *refunds))
        return trade.activity(trades, refunds, self.account, first, last, at)

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()

    async def _pages(
        self, operation: str, method: str, name: str, asked: Mapping[str, str], size: int
    ) -> list[Payload]:
        pages: list[Payload] = []
        came = 0
        while len(pages) < _MOST_PAGES:
            form = {**asked, "page_no": str(len(pages) + 1), "page_size": str(size)}
            pages.append(await self._client.call(operation, method, form))
            body = Node(self.account.id, operation, pages[-1].body)
            count = body.whole("total_results")
            came += taken(body, name, count - came, size)
            if came >= count:
                return pages
        raise ConnectorError(self.account.id, operation, f"more than {_MOST_PAGES} pages", error="schema")
