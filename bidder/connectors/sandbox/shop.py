"""The example shop 半日闲茶铺: what it sells, what that costs, and the campaigns it runs on the sandbox platform.

An invented shop. The cost lines are written out in full, so that margin and break-even are computed and never typed.
`Campaign` holds the middle of what its truth is drawn from (`truth.py`); no figure here is what a seed really has.
"""

from __future__ import annotations

from dataclasses import dataclass

from bidder.economics import UnitEconomics

__all__ = [
    "CAMPAIGNS",
    "CAMPAIGN_INDEX",
    "CURRENCY",
    "MINIMUM_FEN",
    "OVERDELIVERY",
    "PRODUCTS",
    "PRODUCT_INDEX",
    "STEP_FEN",
    "Campaign",
    "Goods",
]

CURRENCY = "CNY"
MINIMUM_FEN = 3_000
"""The platform takes no daily budget below 30 yuan."""
STEP_FEN = 100
"""Whole yuan."""
OVERDELIVERY = 1.2
"""A day's spend is at most this much of its budget."""


@dataclass(frozen=True, slots=True)
class Goods:
    """One product: its cost lines (yuan a piece), what is in the warehouse after a delivery, and its tags."""

    id: str
    name: str
    economics: UnitEconomics
    stock: int
    lead_days: int
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign with a budget of its own. `habit` is the shop's daily budget in yuan before bidder came.

    `cpc` (yuan), `cvr` and `scale` (yuan a day at which clicks have become clearly dearer) are middles of the draw.
    """

    id: str
    name: str
    channel: str
    product: str
    habit: int
    cpc: float
    cvr: float
    scale: float


_GOODS = """
P01|明前龙井礼盒 250g|268|112|0.041|6.0|6.0|0.9|0.06|0.95|640|20|hero tea gift
P02|茉莉花茶 罐装 100g|69|19|0.041|4.2|1.5|0.6|0.04|0.9|2300|12|hero tea
P03|正山小种 200g|128|41|0.041|4.5|2.0|0.7|0.04|0.9|900|15|hero tea winter
P04|三色袋泡茶 30 包|39.9|11.5|0.041|3.8|1.0|0.5|0.03|0.8|5200|10|traffic tea
P05|老白茶饼 357g|239|98|0.041|5.5|4.0|0.9|0.07|0.95|310|30|profit tea
P06|陈皮普洱 小罐装|89|27|0.041|4.2|1.8|0.6|0.04|0.9|1200|12|auxiliary tea winter
P07|白瓷三才盖碗|58|16|0.071|7.5|3.5|1.4|0.09|0.8|780|18|auxiliary ware
P08|旅行茶具套装|149|58|0.071|8.5|5.0|1.9|0.14|0.85|420|25|auxiliary ware gift
P09|玻璃煮茶壶|119|47|0.071|10.5|6.0|2.2|0.16|0.75|260|25|auxiliary ware winter
P10|竹制茶盘|199|96|0.071|16.0|7.0|2.4|0.18|0.8|95|35|ware longtail
P11|冷泡茶 15 包|49|14|0.041|3.8|1.0|0.5|0.04|0.85|1500|10|new tea
P12|中秋茶礼盒|128|88|0.041|6.0|0|0.9|0.05|0.9|210|3|clearance tea gift
"""

# channel, product, habit, cpc, cvr, scale
_CAMPAIGNS = """
search|P01|260|2.1|0.044|270
search|P02|300|1.2|0.085|240
search|P03|180|1.6|0.056|190
search|P06|120|1.3|0.062|140
search|P08|130|1.4|0.046|130
search|P09|90|1.2|0.052|110
feed|P02|150|0.8|0.044|170
feed|P04|160|0.65|0.062|180
feed|P08|80|0.8|0.026|120
feed|P10|80|0.75|0.019|100
feed|P11|100|0.75|0.052|130
feed|P12|60|0.75|0.038|90
site|P01|250|1.4|0.027|260
"""

_SCENES = {"search": "关键词", "feed": "人群", "site": "全站"}


def _goods(line: str) -> Goods:
    product, name, *numbers, stock, lead, tags = line.split("|")
    price, cost, fee, ship, pack, insurance, returned, resale = (float(number) for number in numbers)
    economics = UnitEconomics(price, cost, fee, ship, pack, insurance, returned, resale)
    return Goods(product, name, economics, int(stock), int(lead), frozenset(tags.split()))


def _campaign(line: str) -> Campaign:
    channel, product, habit, cpc, cvr, scale = line.split("|")
    name = f"{PRODUCTS[PRODUCT_INDEX[product]].name.split()[0]}·{_SCENES[channel]}"
    return Campaign(f"{channel}-{product}", name, channel, product, int(habit), float(cpc), float(cvr), float(scale))


PRODUCTS = tuple(_goods(line) for line in _GOODS.strip().splitlines())
PRODUCT_INDEX = {goods.id: index for index, goods in enumerate(PRODUCTS)}
CAMPAIGNS = tuple(_campaign(line) for line in _CAMPAIGNS.strip().splitlines())
CAMPAIGN_INDEX = {campaign.id: index for index, campaign in enumerate(CAMPAIGNS)}
