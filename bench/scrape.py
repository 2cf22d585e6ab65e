"""`/metrics` of 10,000 products on four accounts: series, size, and how long a scrape takes, also while deciding.

    python -m bench.scrape [--products 10000] [--scrapes 40]

An HTTP server answers from memory in one thread, as the daemon's does; another thread decides over and over. Prints
seconds of a scrape at rest and beside a decision (median and the slowest but one in twenty), and their ratio. Targets
(issue "Seen and heard"): 5,000 series, 200 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import threading
import time
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aiohttp import web

from bench.decide_scale import a_shop
from bidder.account_day import AccountDay
from bidder.catalog import Account, Mode
from bidder.decide import Policy, decide
from bidder.errors import Source
from bidder.guard import CHECKS, GuardSettings
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.instrumentation import Metrics, PollSource, ShopFacts
from bidder.money import Money, currency_of
from bidder.performance import Observation, Performance
from bidder.reports import Reports
from bidder.rules.base import Rule
from bidder.rules.total import Total
from bidder.snapshot import Snapshot

__all__ = ["main", "metrics_of"]

CNY = currency_of("CNY")
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACCOUNTS = tuple(AccountId(name) for name in ("shop", "two", "three", "four"))
RULES = 30


def metrics_of(products: int, shop: Snapshot) -> Metrics:
    """A daemon's metrics after some polls of that many products and a decision of `shop`."""
    facts = ShopFacts(
        shop="bench",
        currency=CNY,
        timezone="UTC",
        accounts=tuple(Account(name, "sandbox", CNY, "UTC", Mode.APPLY) for name in ACCOUNTS),
        sources=tuple(
            PollSource(name, kind, timedelta(hours=1))
            for name in ACCOUNTS
            for kind in ("performance", "budgets", "stock")
        ),
        plan_interval=timedelta(days=1),
        day_limit=Money.reported(1e7, CNY),
        month_budget=Money.reported(1e8, CNY),
        rules=tuple(f"rule {number}" for number in range(RULES)),
        guards=tuple(check.__name__ for check in CHECKS),
    )
    made = Metrics(facts, NOW)
    for more in (0.0, 5.0):
        for place, account in enumerate(ACCOUNTS):
            own = [number for number in range(products) if number % len(ACCOUNTS) == place]
            made.reported(account, _reports(account, own, more), at=NOW)
            budgets = [
                replace(one, id=BudgetId(account, one.id.native), products=(ProductId(f"SKU-{number:05}"),))
                for number, one in enumerate(shop.budgets)
                if number % len(ACCOUNTS) == place
            ]
            made.budgets_read(account, budgets)
    made.stock_covered({f"SKU-{number:05}": 86400.0 * (number % 90) for number in range(products)})
    made.planned(decide(shop, _policy(shop)), at=NOW)
    return made


def _reports(account: AccountId, products: list[int], more: float) -> Reports:
    return Reports.of(
        [
            Observation(
                account=account,
                budget=BudgetId(account, f"c{number}"),
                campaign=f"c{number}",
                product=ProductId(f"SKU-{number:05}"),
                day=AccountDay("UTC", NOW.date()),
                observed_at=NOW + timedelta(minutes=more),
                performance=Performance(
                    impressions=500,
                    clicks=10,
                    spend=Money.reported(number % 97 + 1 + more, CNY),
                    orders=1.0,
                    revenue=Money.reported(90.0, CNY),
                ),
            )
            for number in products
        ]
    )


def _policy(shop: Snapshot) -> Policy:
    total = sum(one.now.to_float() for one in shop.budgets if one.now is not None)
    rule = Rule("total", Total.model_validate({"max": f"{total:.2f}"}), Source("bench"))
    return Policy((rule,), guard=GuardSettings(check_history=False))


async def _measured(metrics: Metrics, shop: Snapshot, scrapes: int) -> tuple[list[float], list[float], bytes]:
    async def answer(request: web.Request) -> web.Response:
        body, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/metrics", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"
    ended = threading.Event()
    decided = 0

    def deciding() -> None:
        nonlocal decided
        while not ended.is_set():
            decide(shop, _policy(shop))
            decided += 1

    rest = [await asyncio.to_thread(_scrape, url) for _ in range(scrapes)]
    thread = threading.Thread(target=deciding)
    thread.start()
    busy: list[tuple[float, bytes]] = []
    while len(busy) < scrapes or not decided:
        busy.append(await asyncio.to_thread(_scrape, url))
        await asyncio.sleep(0.05)
    ended.set()
    await asyncio.to_thread(thread.join)
    await runner.cleanup()
    return [one for one, _ in rest], [one for one, _ in busy], rest[-1][1]


def _scrape(url: str) -> tuple[float, bytes]:
    begun = time.perf_counter()
    with urllib.request.urlopen(url) as reply:
        body: bytes = reply.read()
    return time.perf_counter() - begun, body


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--scrapes", type=int, default=40)
    asked = parser.parse_args()
    shop = a_shop(asked.products, 28)
    metrics = metrics_of(asked.products, shop)
    rest, busy, body = asyncio.run(_measured(metrics, shop, asked.scrapes))
    series = sum(not line.startswith(b"#") for line in body.splitlines())

    def told(seconds: list[float]) -> str:
        return (
            f"{1000 * statistics.median(seconds):.0f} ms ({1000 * statistics.quantiles(seconds, n=20)[-1]:.0f} ms p95)"
        )

    print(
        f"scrape {asked.products} products: {series} series, {len(body) / 1000:.0f} kB; at rest {told(rest)}, while "
        f"deciding {told(busy)}, {statistics.median(busy) / statistics.median(rest):.1f} times"
    )


if __name__ == "__main__":
    main()
