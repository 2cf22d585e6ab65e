"""What a person writes about bids and targets: `bids` in bidder.yaml, for the shop and for single accounts.

`bids: observe` stands for `bids: {mode: observe}`. What an account leaves out holds as the shop wrote it.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from bidder.catalog import Mode
from bidder.money import Currency
from bidder.written import PositiveAmount, read_duration, read_percent

__all__ = ["BidMode", "BidSettings", "TargetSettings", "Written", "combined"]

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

_PERCENT = {"type": "string", "pattern": r"^\s*\+?\d+(\.\d+)?\s*%\s*$", "examples": ["20%"]}
_DURATION = {"type": "string", "pattern": r"^\s*\d+\s*[mhd]\s*$", "examples": ["3d"]}


def _percent(low: float, high: float) -> tuple[BeforeValidator, WithJsonSchema]:
    return BeforeValidator(partial(read_percent, low=low, high=high)), WithJsonSchema(_PERCENT)


def _days(least: int, most: int) -> tuple[BeforeValidator, WithJsonSchema]:
    def read(value: Any) -> timedelta:
        found = read_duration(value)
        if found % timedelta(days=1) or not timedelta(days=least) <= found <= timedelta(days=most):
            raise ValueError(f"expected whole days, {least}d to {most}d, was {value}")
        return found

    return BeforeValidator(read), WithJsonSchema(_DURATION)


_LEAST_STEP, _STEP = _percent(0.01, 0.5)
_LEAST_KEEP, _KEEP = _percent(0.05, 1.0)
_LEAST_TARGET, _TARGET = _percent(0.01, 0.1)
_LEAST_REST, _REST = _days(1, 30)
_LEAST_TARGET_REST, _TARGET_REST = _days(5, 60)
_LEAST_AGE, _AGE = _days(1, 14)


class BidMode(StrEnum):
    """What bidder may do with bids and targets: a second switch beside the account's mode, which is never passed."""

    OBSERVE = "observe"
    PROPOSE = "propose"
    APPLY = "apply"

    def within(self, account: Mode) -> BidMode:
        """What is left of it in an account of that mode: in `manual` a person types, so it is proposed at most."""
        most = {Mode.OBSERVE: BidMode.OBSERVE, Mode.APPLY: BidMode.APPLY}.get(account, BidMode.PROPOSE)
        order = list(BidMode)
        return min(self, most, key=order.index)


class TargetSettings(BaseModel):
    """Target ROAS and cost per order of campaigns that steer themselves: each change restarts what they learnt."""

    model_config = _FROZEN

    step: Annotated[float, _LEAST_TARGET, _TARGET] = 0.10
    """The most that a target moves at once; never above 10%."""
    rest: Annotated[timedelta, _LEAST_TARGET_REST, _TARGET_REST] = timedelta(days=5)
    """For so long a target stays after a move; never below 5d."""


class BidSettings(BaseModel):
    """Bids and targets. Budgets come first; this is a second switch."""

    model_config = _FROZEN

    mode: BidMode = BidMode.OBSERVE
    """observe: only look. propose: shown in the plan, a person approves. apply: written. The account's own mode is
    never passed."""
    step: Annotated[float, _LEAST_STEP, _STEP] = 0.20
    """The most that a bid moves at once, up or down."""
    rest: Annotated[timedelta, _LEAST_REST, _REST] = timedelta(days=2)
    """For so long a bid stays after a move; a move back waits at least 4d."""
    floor: PositiveAmount | None = None
    """No bid falls below it; in the account's currency. Without it: the platform's minimum."""
    cap: PositiveAmount | None = None
    """No bid rises above it; in the account's currency. Without it: a click's worth, and the platform's maximum."""
    keep_share: Annotated[float, _LEAST_KEEP, _KEEP] = 1.0
    """The part of a click's value that may be bid for it; below 100% where part of the orders would come anyway."""
    min_clicks: int = Field(default=20, ge=1, le=10_000, strict=True)
    """Clicks that must have been seen, of the bid itself or of its product, before it moves."""
    first_page: bool = False
    """Bids at least what the platform says the first page costs, as far as a click is worth it."""
    rank: float | None = Field(default=None, ge=1, le=100)
    """Bids up, as far as a click is worth it, while the mean display position is behind this one (1 is the first)."""
    stale_after: Annotated[timedelta, _LEAST_AGE, _AGE] = timedelta(days=3)
    """Nothing moves where the newest day of an account's bid reports is older."""
    target: TargetSettings = TargetSettings()
    """Targets of campaigns that steer themselves."""

    @model_validator(mode="after")
    def _bounds(self) -> BidSettings:
        if self.floor is not None and self.cap is not None:
            if self.floor.currency != self.cap.currency:
                raise ValueError("expected floor and cap in one currency")
            if self.floor.value > self.cap.value:
                raise ValueError(f"expected floor at most cap, was {self.floor} above {self.cap}")
        if self.first_page and self.rank is not None:
            raise ValueError("expected first_page or rank: one goal at a time")
        return self

    def bounds(self, currency: Currency) -> tuple[int | None, int | None]:
        """Floor and cap in millionths of an account's currency; None where not written. Raises ValueError."""
        for name, one in (("floor", self.floor), ("cap", self.cap)):
            if one is not None and one.currency not in (None, currency):
                raise ValueError(f"{name}: {one} in an account in {currency}; write it there, in {currency}")
        floor, cap = (None if one is None else one.money(currency).micros for one in (self.floor, self.cap))
        return floor, cap


def _bare(value: Any) -> Any:
    """`observe` stands for {mode: observe}."""
    return {"mode": value} if isinstance(value, str) else value


Written = Annotated[BidSettings, BeforeValidator(_bare, json_schema_input_type=BidMode | BidSettings)]
"""As in YAML: a mode alone, or a mapping."""


def combined(shop: BidSettings, account: BidSettings | None) -> BidSettings:
    """The account's own words over the shop's. Raises ValueError where the two do not fit together."""
    if account is None:
        return shop
    words = {name: getattr(shop, name) for name in shop.model_fields_set}
    words |= {name: getattr(account, name) for name in account.model_fields_set}
    if "target" in account.model_fields_set:
        both = {one: getattr(shop.target, one) for one in shop.target.model_fields_set}
        words["target"] = both | {one: getattr(account.target, one) for one in account.target.model_fields_set}
    return BidSettings.model_validate(words)
