"""A shop whose keywords are sold by auction every day: what a bidding policy is judged on. Nothing here knows bidder.

Second price with a reserve: each click that could be had goes to the shop where its bid is at least the highest other
bid and the reserve, and costs the larger of those two. 200 keywords of 20 products; how many clicks there are, how hard
others bid and how well a click sells differ by product and keyword, and by day (weekday, the shop's luck, each
keyword's, and a slow drift of the others' bids). A budget pays for clicks in their order through the day and ends when
it is spent. Orders come up to two weeks after their click and are reported from the day on which they came.

All luck is drawn before bids are looked at, so two policies on one seed meet the same clicks (paired).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

__all__ = ["Arm", "Kind", "World", "near_best"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

QUANTILES: Floats = np.array([NormalDist().inv_cdf(part / 100) for part in range(1, 100)])


@dataclass(frozen=True, slots=True)
class Kind:
    """What worlds of one kind have in common. Money in major units."""

    products: int = 20
    keywords: int = 200
    days: int = 60
    volume: float = 10.0
    """Median clicks a keyword could have a day."""
    volume_sd: float = 1.0
    cvr: float = 0.03
    cvr_sd: float = 0.4
    """Spread of products' orders a click, of the log; `keyword_sd` that of keywords within a product."""
    keyword_sd: float = 0.6
    level: float = 0.5
    """Median highest other bid, beside what a click is worth to the shop on average in its product."""
    level_sd: float = 0.5
    """How much that differs between keywords."""
    knows: float = 0.3
    """How far the others' bids follow the keyword's own worth (0 to 1)."""
    spread: float = 0.5
    """Spread of the highest other bid from auction to auction, of the log: how dense the competition is."""
    reserve: float = 0.1
    """Beside what a click is worth in the product."""
    day_sd: float = 0.2
    keyword_day_sd: float = 0.2
    drift_sd: float = 0.03
    same_day: float = 0.55
    """Orders that come on the day of their click; the others days later, 4 on average, 14 at most."""
    budget: float = 0.6
    """The daily budget beside what the constant bids would cost without one."""
    budgets: str = "one"
    """one: a budget for all. product: one a product."""
    start: str = "product"
    """How the constant bids were made: shop (one bid for all), product (a part of the product's worth), own (product
    with an operator's guesses), worth (a part of each keyword's true worth), best (near the best)."""
    start_level: float = 0.7
    """The constant bid beside what a click is worth."""
    start_sd: float = 0.4


class World:
    """What holds of a seed, and each day's luck."""

    def __init__(self, seed: int, kind: Kind) -> None:
        random = np.random.default_rng([seed, 71])
        k, p = kind.keywords, kind.products
        self.kind, self.seed = kind, seed
        self.product: Integers = np.arange(k, dtype=np.int64) * p // k
        self.contribution = random.lognormal(np.log(40.0), 0.5, p)
        product_cvr = kind.cvr * random.lognormal(0.0, kind.cvr_sd, p)
        self.cvr = np.minimum(product_cvr[self.product] * random.lognormal(0.0, kind.keyword_sd, k), 0.5)
        self.worth = self.cvr * self.contribution[self.product]
        around = (product_cvr * self.contribution)[self.product]
        known = around ** (1 - kind.knows) * self.worth**kind.knows
        self.others = kind.level * known * random.lognormal(0.0, kind.level_sd, k)
        self.reserve = kind.reserve * around
        self.volume = kind.volume * random.lognormal(0.0, kind.volume_sd, k)
        self.ctr = 0.05 * random.lognormal(0.0, 0.3, k)
        self.weekday = np.array([1.0, 0.95, 0.95, 1.0, 1.05, 1.15, 1.1])
        self.luck = random.lognormal(0.0, kind.day_sd, kind.days)
        self.drift = np.exp(np.cumsum(random.normal(0.0, kind.drift_sd, kind.days)))
        level = random.lognormal(0.0, kind.start_sd, k)
        start = {
            "shop": np.full(k, kind.start_level * float(np.average(around, weights=self.volume))),
            "product": kind.start_level * around,
            "own": kind.start_level * around * level,
            "worth": kind.start_level * self.worth,
            "best": kind.start_level * self.worth,
        }[kind.start]
        self.start: Floats = np.maximum(np.round(start, 2), 0.01)
        self.pool: Integers = self.product if kind.budgets == "product" else np.zeros(k, dtype=np.int64)
        cost = self.expected(self.start)[1]
        self.amount: Floats = np.maximum(np.round(kind.budget * np.bincount(self.pool, cost), 2), 1.0)
        if kind.start == "best":
            self.start = np.maximum(np.round(near_best(self), 2), 0.01)

    def expected(self, bids: Floats) -> tuple[Floats, Floats]:
        """Clicks and cost of each keyword on an ordinary day without a budget, by 99 quantiles of the others' bids."""
        at = np.exp(self.kind.spread * QUANTILES)
        price = np.maximum(self.others[:, None] * at, self.reserve[:, None])
        won = price <= bids[:, None]
        return self.volume * won.mean(axis=1), self.volume * (won * price).mean(axis=1)

    def day(self, number: int) -> Day:
        """The clicks that could be had on a day, in their order."""
        return Day(self, number)


class Day:
    """A day's clicks: whose keyword, the price to beat, whether it sells, and how many days later."""

    def __init__(self, world: World, number: int) -> None:
        kind = world.kind
        random = np.random.default_rng([world.seed, 72, number])
        mean = world.volume * world.weekday[number % 7] * world.luck[number]
        mean = mean * random.lognormal(-0.5 * kind.keyword_day_sd**2, kind.keyword_day_sd, kind.keywords)
        count = random.poisson(mean)
        keyword = np.repeat(np.arange(kind.keywords), count)
        random.shuffle(keyword)
        others = world.others[keyword] * world.drift[number] * random.lognormal(0.0, kind.spread, len(keyword))
        sells = random.random(len(keyword)) < world.cvr[keyword]
        later = np.where(random.random(len(keyword)) < kind.same_day, 0, random.geometric(0.25, len(keyword)))
        order = np.argsort(world.pool[keyword], kind="stable")
        self.keyword, self.price = keyword[order], np.maximum(others, world.reserve[keyword])[order]
        self.sells, self.later = sells[order], np.minimum(later, 14)[order]
        self.pool = world.pool[self.keyword]
        self.world = world

    def sold(self, bids: Floats) -> tuple[Floats, Floats, Floats]:
        """Clicks (k,), spend (k,) and orders (k, 15) by days after the click, of these bids within the budgets."""
        world = self.world
        won = self.price <= bids[self.keyword]
        paid = np.where(won, self.price, 0.0)
        running = np.cumsum(paid)
        begins = np.searchsorted(self.pool, np.arange(len(world.amount)))
        before = np.concatenate([[0.0], running])[begins]
        taken = won & (running - before[self.pool] <= world.amount[self.pool])
        size = world.kind.keywords
        clicks = np.bincount(self.keyword[taken], minlength=size).astype(np.float64)
        spend = np.asarray(np.bincount(self.keyword[taken], self.price[taken], size), dtype=np.float64)
        bought = taken & self.sells
        orders = np.bincount(self.keyword[bought] * 15 + self.later[bought], minlength=size * 15)
        return clicks, spend, orders.reshape(size, 15).astype(np.float64)


class Arm:
    """One policy's run of a world: what its platform reported, and what it earned."""

    def __init__(self, world: World) -> None:
        kind = world.kind
        self.world = world
        self.bids = world.start.copy()
        self.clicks = np.zeros((kind.keywords, kind.days))
        self.spend = np.zeros((kind.keywords, kind.days))
        self.value = np.zeros((kind.keywords, kind.days))
        self._orders = np.zeros((kind.keywords, kind.days, 15))
        self.day = 0

    def play(self, day: Day) -> None:
        """One day with the bids in force."""
        clicks, spend, orders = day.sold(self.bids)
        self.clicks[:, self.day], self.spend[:, self.day] = clicks, spend
        self._orders[:, self.day], self.value[:, self.day] = orders, self.bids
        self.day += 1

    def orders(self) -> Floats:
        """(k, days so far): orders reported by the morning after the last day."""
        age = self.day - 1 - np.arange(self.day)
        known = np.arange(15)[None, :] <= age[:, None]
        return np.asarray((self._orders[:, : self.day] * known).sum(axis=2))

    @property
    def profit(self) -> float:
        """Contribution of all orders, those still to come too, less what clicks cost."""
        orders = self._orders.sum(axis=(1, 2))
        return float((orders * self.world.contribution[self.world.product]).sum() - self.spend.sum())


def near_best(world: World) -> Floats:
    """Bids near the best that anybody could know: worth/(1 + λ), λ such that an ordinary day costs the budget."""
    bids = world.worth.copy()
    for pool in range(len(world.amount)):
        mine = world.pool == pool
        low, high = 0.0, np.log(50.0)
        for _ in range(40):
            middle = (low + high) / 2
            cost = float(world.expected(world.worth / np.exp(middle))[1][mine].sum())
            low, high = (middle, high) if cost > world.amount[pool] else (low, middle)
        bids[mine] = world.worth[mine] / np.exp(low if low < 1e-6 else high)
    return bids
