"""The thresholds of the brake, as they are written in bidder.yaml under `guard`."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from bidder.written import Duration, Fraction, PercentAbove

__all__ = ["GuardSettings", "MinHistory", "StaleAfter", "TargetDriven"]

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, populate_by_name=True)


class TargetDriven(BaseModel):
    """Brakes of budgets that a target steers: each change restarts what the platform has learned."""

    model_config = _FROZEN

    step: PercentAbove = 0.20
    """At most this part up or down a day."""
    cooldown: Duration = timedelta(days=3)
    """For so long a budget stays after a change."""


class StaleAfter(BaseModel):
    """How old the newest whole day of an account's figures may be, by the kind of its source."""

    model_config = _FROZEN

    api: Duration = timedelta(hours=26)
    """Platforms that are asked."""
    amazon: Duration = timedelta(hours=50)
    """Amazon reports come late."""
    files: Duration = timedelta(hours=78)
    """Files that a person downloads: over a weekend."""
    stock: Duration = timedelta(hours=24)
    """Stock; older stock stops nothing and starts nothing."""
    rates: Duration = timedelta(days=3)
    """Exchange rates: budgets in a currency whose rate is older stay as they are."""

    def of(self, platform: str) -> timedelta:
        """The limit for an account of that platform."""
        return {"amazon": self.amazon, "files": self.files}.get(platform, self.api)


class MinHistory(BaseModel):
    """How much must have been seen of an account before its first write."""

    model_config = _FROZEN

    days: int = Field(default=7, ge=1, strict=True)
    """Days with figures, or"""
    or_clicks: int = Field(default=150, ge=1, strict=True)
    """so many clicks."""


class GuardSettings(BaseModel):
    """The thresholds of the brake (`guard` in bidder.yaml)."""

    model_config = _FROZEN

    raise_: PercentAbove = Field(default=0.30, alias="raise")
    """The most that a budget rises a day where no step rule says otherwise."""
    cut: Fraction = 0.40
    """The most that a budget falls a day where no step rule says otherwise."""
    target_driven: TargetDriven = TargetDriven()
    """The same for budgets that a target steers."""
    max_moved_share: Fraction = 0.40
    """The most of today's money that one plan moves: half of the changes' sum over today's total."""
    stale_after: StaleAfter = StaleAfter()
    """How old figures may be."""
    min_history: MinHistory = MinHistory()
    """How much must have been seen."""
    check_history: bool = Field(default=True, exclude=True)
    """Whether staleness and history are asked; a plan from a bare file does not ask them. Not written in YAML."""
