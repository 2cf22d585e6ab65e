"""What was reported about a day, and the ratios of the field, each defined once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Money

__all__ = ["ACOS", "AOV", "CPC", "CTR", "CVR", "RATIOS", "ROAS", "Observation", "Performance", "Ratio"]


@dataclass(frozen=True, slots=True)
class Performance:
    """Counts as the platform bills and attributes them. None is unknown, which is not zero.

    Orders may be fractional (some platforms share an order between clicks).
    """

    impressions: int | None = None
    clicks: int | None = None
    spend: Money | None = None
    orders: float | None = None
    units: float | None = None
    revenue: Money | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What one report said about one campaign (and product) on one day, and when it was seen.

    A later report of the same day is another Observation: both are kept (as-of memory).
    `amount` is the daily budget that was in force on that day, where the report says so.
    `window` is the attribution window in days, None when the report does not say.
    """

    account: AccountId
    budget: BudgetId
    campaign: str
    product: ProductId | None
    day: AccountDay
    observed_at: datetime
    performance: Performance
    name: str = ""
    channel: str = ""
    group: str = ""
    amount: Money | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """A quotient of two counts: the same definition for one total and for a column.

    Ratios are computed, never stored and never averaged: the CTR of a week is the week's clicks over the week's
    impressions. Over nothing it is None (NaN in a column), since "unknown" and "zero" lead to different budgets.
    """

    over: str
    under: str

    def of(self, total: Performance) -> float | None:
        """The ratio of one total; None when either part is unknown or the divisor is zero."""
        over, under = _number(getattr(total, self.over)), _number(getattr(total, self.under))
        return None if over is None or not under else over / under

    def column(self, over: NDArray[np.float64], under: NDArray[np.float64]) -> NDArray[np.float64]:
        """The ratio of two columns of sums, row by row; NaN where it is unknown."""
        out = np.full(np.shape(over), np.nan)
        np.divide(over, under, out=out, where=np.asarray(under) > 0)
        return out


def _number(value: Money | float | None) -> float | None:
    return value.to_float() if isinstance(value, Money) else value


CTR = Ratio("clicks", "impressions")  # click-through rate, 点击率
CPC = Ratio("spend", "clicks")  # average click cost, 平均点击花费
CVR = Ratio("orders", "clicks")  # conversion rate, 点击转化率
AOV = Ratio("revenue", "orders")  # average order value, 笔单价
ROAS = Ratio("revenue", "spend")  # 投产比
ACOS = Ratio("spend", "revenue")  # 广告费占广告成交比
RATIOS = {"ctr": CTR, "cpc": CPC, "cvr": CVR, "aov": AOV, "roas": ROAS, "acos": ACOS}
