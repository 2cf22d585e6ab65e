"""Tests of rules as people write them: given these figures on this day, these limits or these amounts (OPERATOR 8).

Read from YAML with file:line:column for every fault; run by `bidder rules test`. A case builds a small shop whose past
days are all alike, lets `decide` plan it, and compares. Each case uses the products of products.csv, with what it says
about them on top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bidder.config.faults import faults_of
from bidder.config.marks import Document, read_yaml
from bidder.errors import ConfigError, Fault, Source
from bidder.rules.base import Rule
from bidder.written import did_you_mean

__all__ = ["Case", "Expect", "GivenBudget", "GivenProduct", "RuleTest", "read_tests"]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, populate_by_name=True)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


class _Numbers(_Shape):
    @model_validator(mode="before")
    @classmethod
    def _decimals(cls, written: Any) -> Any:
        return {key: _number(value) for key, value in written.items()} if isinstance(written, Mapping) else written


class GivenProduct(_Numbers):
    """What is other about a product than in products.csv, or a product of its own."""

    id: str
    """Its id in products.csv, or a new one."""
    price: float | None = Field(default=None, gt=0)
    """Average paid price."""
    margin: float | None = Field(default=None, gt=-10, lt=1)
    """Contribution of an order over its price (0.42)."""
    return_rate: float | None = Field(default=None, ge=0, le=1)
    """Share of sales refunded (0.06)."""
    stock: int | None = Field(default=None, ge=0)
    """Pieces in stock."""
    cover: float | None = Field(default=None, gt=0)
    """Days that the stock lasts at what its budgets sell: the stock is set so."""
    lead_days: int | None = Field(default=None, ge=0)
    """Days until ordered goods arrive."""
    tags: tuple[str, ...] | None = None
    """Its tags, instead of those written."""
    category: str | None = None
    """Its category."""


class GivenBudget(_Numbers):
    """A budget whose past days are all alike."""

    id: str
    """account/budget, for example `wxt/p10`."""
    products: tuple[str, ...] = ()
    """Ids of what it advertises."""
    channel: str = ""
    """search, feed, site, …"""
    group: str = ""
    """Its group, for example a portfolio."""
    now: float = Field(default=100.0, gt=0)
    """The amount in force."""
    spend: float | None = Field(default=None, ge=0)
    """Spent a day; the amount in force when left out."""
    clicks: float | None = Field(default=None, ge=0)
    """Clicks a day; as many as money spent when left out."""
    orders: float | None = Field(default=None, ge=0)
    """Orders a day; from ROAS and price when left out."""
    revenue: float | None = Field(default=None, ge=0)
    """Revenue a day."""
    roas: float | None = Field(default=None, ge=0)
    """Revenue over spend (投产比), instead of `revenue`."""
    net_roas: float | None = Field(default=None, ge=0)
    """The same after refunds (净投产比), by the return rate of its first product."""
    days: int = Field(default=28, ge=0, le=90)
    """Days of history."""
    minimum: float | None = Field(default=None, gt=0)
    """The platform's minimum."""
    target_driven: bool = False
    """Whether a target steers it."""
    changed_days_ago: int | None = Field(default=None, ge=0)
    """When bidder itself last changed it."""

    @model_validator(mode="after")
    def _one_return(self) -> GivenBudget:
        said = [name for name in ("revenue", "roas", "net_roas") if getattr(self, name) is not None]
        if len(said) > 1:
            raise ValueError(f"expected one of revenue, roas and net_roas, was {' and '.join(said)}")
        if "/" not in self.id:
            raise ValueError(f"id: expected account/budget such as wxt/p10, was {self.id!r}")
        return self


class Given(_Shape):
    """The figures of a case."""

    budgets: tuple[GivenBudget, ...] = Field(min_length=1)
    """The shop's budgets: these alone."""
    products: tuple[GivenProduct, ...] = ()
    """What is other about its products than in products.csv."""


class Between(_Numbers):
    """From `min` to `max`."""

    min: float | None = None
    """At least."""
    max: float | None = None
    """At most."""


class Expect(_Numbers):
    """What is expected of one budget; several keys must all hold."""

    budget: str
    """The budget's id."""
    rule: str | None = None
    """The rule that `at_most`, `at_least` and `allows` ask; all rules of people together when left out."""
    at_most: float | None = None
    """The rule leaves it at most so much."""
    at_least: float | None = None
    """The rule leaves it at least so much."""
    allows: float | None = None
    """The rule's most is not below so much."""
    selected_by: tuple[str, ...] = ()
    """Rules that mean this budget on this day."""
    not_selected_by: tuple[str, ...] = ()
    """Rules that do not."""
    raised: bool | None = None
    """Whether the plan raises it."""
    cut: bool | None = None
    """Whether the plan cuts it."""
    planned: float | Between | None = None
    """The planned amount, or its range: {min: 90, max: 120}."""

    @field_validator("planned", mode="before")
    @classmethod
    def _amount(cls, value: Any) -> Any:
        return _number(value)

    @model_validator(mode="after")
    def _something(self) -> Expect:
        if not self.model_fields_set - {"budget", "rule"}:
            raise ValueError("expected something of it: at_most, at_least, allows, selected_by, raised, cut or planned")
        return self


class RuleTest(_Shape):
    """One case: given these figures on this day, this is expected."""

    name: str = Field(min_length=1)
    """What is promised."""
    day: date = date(2026, 9, 22)
    """The day that is decided."""
    rules: tuple[str, ...] | None = None
    """Only these rules of the configuration; all when left out."""
    given: Given
    """The figures."""
    expect: tuple[Expect, ...] = Field(min_length=1)
    """What should come of them."""


@dataclass(frozen=True, slots=True)
class Case:
    """A test and where it stands; `places` are those of its expectations."""

    test: RuleTest
    source: Source
    places: tuple[Source, ...]

    @property
    def as_of(self) -> datetime:
        """The instant of the decision: nine in the morning, UTC."""
        return datetime.combine(self.test.day, time(9), UTC)


def read_tests(path: Path, rules: Sequence[Rule]) -> list[Case]:
    """The cases of a file. Raises ConfigError with every fault, misspelt names of rules and budgets among them."""
    try:
        document = read_yaml(path.read_text("utf-8-sig"), str(path))
    except OSError as e:
        raise ConfigError([Fault(Source(str(path)), f"cannot be read: {e.strerror or e}")]) from e
    except UnicodeDecodeError as e:
        raise ConfigError([Fault(Source(str(path)), "expected UTF-8 text; save the file as UTF-8")]) from e
    if not isinstance(document.value, list):
        raise ConfigError([Fault(document.at(()), "expected a list of tests, each beginning with `- name:`")])
    faults: list[Fault] = []
    cases = []
    for index, written in enumerate(document.value):
        case = _case(written, index, document, faults)
        if case is not None:
            _check_names(case, index, document, [rule.name for rule in rules], faults)
            cases.append(case)
    if faults:
        raise ConfigError(faults)
    return cases


def _case(written: Any, index: int, document: Document, faults: list[Fault]) -> Case | None:
    try:
        test = RuleTest.model_validate(written)
    except ValidationError as e:
        faults.extend(faults_of(e, RuleTest, document, (index,)))
        return None
    places = tuple(document.at((index, "expect", place)) for place in range(len(test.expect)))
    return Case(test, document.at((index,)), places)


def _check_names(case: Case, index: int, document: Document, rules: Sequence[str], faults: list[Fault]) -> None:
    budgets = [one.id for one in case.test.given.budgets]
    asked: list[tuple[tuple[str | int, ...], str, Sequence[str], str]] = [
        (("rules", place), name, rules, "rule") for place, name in enumerate(case.test.rules or ())
    ]
    for place, one in enumerate(case.test.expect):
        asked.append((("expect", place, "budget"), one.budget, budgets, "budget of this test"))
        asked += [(("expect", place, "rule"), one.rule, rules, "rule")] if one.rule is not None else []
        for key in ("selected_by", "not_selected_by"):
            asked += [(("expect", place, key, at), name, rules, "rule") for at, name in enumerate(getattr(one, key))]
    for path, name, known, what in asked:
        if name not in known:
            hint = did_you_mean(name, known) or (f"; there are {', '.join(known)}" if len(known) < 6 else "")
            faults.append(Fault(document.at((index, *path)), f"{name}: no such {what}{hint}"))
