"""The section `experiment` of bidder.yaml: a holdout or a switchback of the whole shop. Off unless written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from bidder.config.marks import Document
from bidder.errors import Fault
from bidder.rules.base import Rule
from bidder.rules.holdout import Experiment, Holdout
from bidder.rules.switchback import Switchback
from bidder.written import Fraction, read_percent

__all__ = ["ExperimentSection", "experiment_rules", "only_one"]

NAME = "experiment"
"""The rule's name in plans, prices and limits."""


def _holdout(value: Any) -> Any:
    """`10%` stands for {share: 10%}, and `0%` for none."""
    if isinstance(value, str):
        return {"share": value} if read_percent(value, low=0.0, high=1.0) > 0 else None
    if isinstance(value, int | float):
        raise ValueError(f"expected a share such as 10%, or {{share: 10%, weeks: 4}}, was {value}")
    return value


class ExperimentSection(BaseModel):
    """How bidder is to show what it earns itself. Off unless written."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    holdout: Annotated[Holdout | None, BeforeValidator(_holdout, json_schema_input_type=Fraction | Holdout | None)] = (
        None
    )
    """A part of the products is left on its old amounts: `10%`, or {share: 10%, weeks: 4, from: 2026-12-01}. `0%`:
    none. Heroes and event days are never held out."""
    switchback: Switchback | None = None
    """bidder is on and off in blocks of days: {block: 7d, weeks: 8}."""

    @model_validator(mode="after")
    def _one(self) -> ExperimentSection:
        if self.holdout is not None and self.switchback is not None:
            raise ValueError("expected holdout or switchback: two at once would be taken for each other")
        return self


def experiment_rules(section: ExperimentSection, document: Document) -> list[Rule]:
    """The section as the rule that it is."""
    kind = section.holdout or section.switchback
    return [] if kind is None else [Rule(NAME, kind, document.key_at((NAME, kind.word)))]


def only_one(rules: Sequence[Rule]) -> list[Fault]:
    """A fault for each experiment beside the first."""
    running = [rule for rule in rules if isinstance(rule.kind, Experiment) and rule.enabled]
    return [
        Fault(rule.source, f"{rule.kind.word}: one experiment at a time; another is at {running[0].source}")
        for rule in running[1:]
    ]
