"""What a person may write about estimation (bidder.yaml: `response`). The defaults work without being touched."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ResponseSettings"]


class ResponseSettings(BaseModel):
    """How what was seen becomes an expectation."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    window: int = Field(default=90, ge=7, le=400)
    """Days of history that are looked at, the last complete one included."""

    half_life: float | None = Field(default=None, gt=0)
    """Days after which a day of history counts half. Without it the shop's own history says how fast it changes."""

    elasticity: float = Field(default=0.65, gt=0.05, lt=0.97)
    """Expected elasticity of results to spend at the usual spend, before data (0.65: 10 % more, 6.5 % more results)."""

    elasticity_sd: float = Field(default=0.9, gt=0)
    """How much that differs between products: standard deviation of the elasticity's logit."""

    start_up: float = Field(default=0.15, ge=0, lt=1)
    """Expected share of products that need a minimum spend before anything sells (S-shaped response)."""

    late: tuple[float, ...] = (0.55, 0.68, 0.77, 0.84, 0.89, 0.92, 0.94, 0.96)
    """Share of a day's orders known when its report is 0, 1, 2, … days old; after the last it rises to 1 at day 14."""

    follow: Literal["auto", "always", "never"] = "auto"
    """Whether clicks and orders per click are followed from day to day (best where budgets move) or averaged over the
    window (best where they stood still); `auto` looks at how much they moved."""

    learning_clicks: float = Field(default=150.0, ge=0)
    """Below this many clicks a budget counts as learning."""

    learning_days: int = Field(default=7, ge=0)
    """Below this many days with spend a budget counts as learning."""
