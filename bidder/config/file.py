"""The shape of bidder.yaml: its sections, made of the settings classes of the parts that they set.

Docstrings under fields are what an editor shows and what the reference page says. Read by :mod:`bidder.config.load`.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from bidder.alerts import Level
from bidder.bids.settings import BidSettings, Written
from bidder.catalog import Mode
from bidder.config.experiment import ExperimentSection
from bidder.config.fields import Address, Alias, Clock, Code, Listen, Reference, Section, Zone
from bidder.config.rates import WrittenRates
from bidder.guard import GuardSettings
from bidder.money import Currency
from bidder.optimizer.objective import Objective
from bidder.written import Duration, MonthlyAmount, Overdelivery, PositiveAmount

__all__ = [
    "LATER",
    "AccountSection",
    "ActivitySection",
    "AlertSection",
    "BudgetSection",
    "DayCap",
    "DecideSection",
    "File",
    "PlanSection",
    "SalesPlan",
    "ScheduleSection",
    "ShopSection",
    "WebSection",
]

LATER: dict[tuple[str, ...], str] = {
    ("schedule", "raises_after"): "raises that wait for midnight",
    ("guard", "check_history"): "switching the history check off",
}
"""Keys of the language that this version does not have: refused by name, never ignored."""


class ShopSection(Section):
    """Whose money it is."""

    name: Alias = "shop"
    """A short name, the label of metrics."""
    title: str = ""
    """How people call the shop."""
    currency: Code = Currency("CNY")
    """The currency of caps and rules that name none (ISO 4217)."""
    timezone: Zone = "Asia/Shanghai"
    """The zone of the shop's day and month (IANA)."""


class DayCap(Section):
    """The cap of a day."""

    max: PositiveAmount
    """Hard cap on the sum of budgets in force on any day."""
    event: PositiveAmount | None = None
    """The hard cap instead on days of an event with a purse, from its preheat until budgets are back."""

    @model_validator(mode="after")
    def _more(self) -> DayCap:
        if self.event is not None and self.event.currency == self.max.currency and self.event.value < self.max.value:
            raise ValueError(f"event: expected at least max, was {self.event} below {self.max}")
        return self


class BudgetSection(Section):
    """The caps that nothing lifts."""

    month: MonthlyAmount | None = None
    """Hard cap of the calendar month's spend; the last days reckon with the worst a platform may overspend. Months
    with events may have their own: `{usual: 60000, 2026-11: 135000}`."""
    day: DayCap | None = None
    """Hard cap of each day's budgets."""
    overdelivery: Overdelivery = None
    """What a platform may spend of a daily budget: `platform` for its own figure, or at least `120%`."""


class SalesPlan(Section):
    """What the shop means to sell."""

    month: MonthlyAmount
    """Sales of a calendar month, before refunds; months may have their own: `{usual: 450000, 2026-11: 900000}`."""


class PlanSection(Section):
    """What the shop means to reach."""

    sales: SalesPlan | None = None
    """Sales, split over days by weekday and by the events of the calendar."""


class AccountSection(BaseModel):
    """One advertiser account. Further keys are its platform's own."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    name: Alias
    """A short name, the first part of budget ids and a label of metrics."""
    platform: str
    """The connector."""
    mode: Mode = Mode.OBSERVE
    """observe: only look. propose: a person approves. apply: written. manual: a person types it."""
    timezone: Zone | None = None
    """The zone of the account's day (IANA); the shop's when left out."""
    currency: Code | None = None
    """The account's currency; the shop's when left out."""
    bids: Written | None = None
    """Bids and targets of this account: what is left out holds as under `bids` of the shop."""


class ActivitySection(Section):
    """Where the shop's own activity comes from: downloaded files, a broker, or pushes over HTTP."""

    name: Alias
    """A short name, a label of metrics."""
    source: Literal["files", "mqtt", "http"]
    """files: a watched folder. mqtt: a broker. http: POST /api/v1/observations, which needs web.token."""
    path: str | tuple[str, ...] | None = None
    """files: which, such as inbox/advisor/*.xlsx; * stands for any name."""
    url: str | None = None
    """mqtt: mqtt://HOST:1883, or mqtts://HOST:8883 with TLS."""
    topic: str | None = None
    """mqtt: such as shop/#; messages come to shop/SHOP/product/ID/metrics."""
    username: str | None = None
    """mqtt: the user."""
    password: Reference | None = None
    """mqtt: its password."""
    ca: str | None = None
    """mqtt: a file with the certificate that signed the broker's, where the system does not know it."""
    counts: Literal["running", "added"] = "running"
    """mqtt and http: whether figures are the day's totals so far, or what was added since the last message."""

    @model_validator(mode="after")
    def _keys(self) -> ActivitySection:
        own = {"files": {"path"}, "mqtt": {"url", "topic", "username", "password", "ca", "counts"}, "http": {"counts"}}
        wrong = sorted(self.model_fields_set - {"name", "source"} - own[self.source])
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: no key of source: {self.source}")
        needed = {"files": ("path",), "mqtt": ("url", "topic"), "http": ()}[self.source]
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(f"source: {self.source} needs {' and '.join(missing)}")
        return self


class WebSection(Section):
    """The page and /metrics."""

    listen: Listen = "127.0.0.1:9108"
    """Address; loopback by default."""
    token: Reference | None = None
    """Asked of whoever acts on the page."""


class DecideSection(Section):
    """When the day's decision is made, in the shop's zone."""

    when: Literal["complete"] = "complete"
    """Once yesterday's figures of every account are in."""
    from_: Clock = Field(default=time(9, 30), alias="from")
    """Not before this."""
    until: Clock = time(11, 0)
    """At the latest then, with what is there."""

    @model_validator(mode="after")
    def _window(self) -> DecideSection:
        if self.from_ >= self.until:
            raise ValueError(f'expected from before until, was "{self.from_:%H:%M}" and "{self.until:%H:%M}"')
        return self


class ScheduleSection(Section):
    """When the daemon does what."""

    poll: Duration = timedelta(minutes=30)
    """How often every account is asked."""
    decide: DecideSection = DecideSection()
    """When budgets are decided."""
    digest: Literal["after_decide"] | None = None
    """after_decide: the morning digest is sent to the receivers under `alerts` once the day's plan is made."""
    lookback_days: int = Field(default=14, ge=1, le=90, strict=True)
    """How many days back a poll asks again, since sales of past days still change."""

    @model_validator(mode="after")
    def _slow_enough(self) -> ScheduleSection:
        if not timedelta(minutes=1) <= self.poll <= timedelta(days=1):
            raise ValueError("poll: expected 1m to 24h")
        return self


class AlertSection(Section):
    """Where messages go."""

    to: Reference
    """An apprise address: json://HOST/PATH, mailtos://USER:PASSWORD@HOST?to=…, dingtalk://…, wecombot://…, feishu://…,
    tgram://…, slack://…"""
    levels: tuple[Level, ...] = (Level.WARNING, Level.CRITICAL)
    """Which: info (something to approve), warning, critical."""
    digest: bool = True
    """Whether the morning digest goes there too."""
    language: Literal["zh", "en"] | None = None
    """zh or en; by default Chinese where the shop's currency is CNY."""


class File(Section):
    """bidder.yaml."""

    shop: ShopSection = ShopSection()
    """Whose money it is."""
    objective: Literal["profit", "revenue", "orders"] = "profit"
    """What the shop wants more of."""
    budget: BudgetSection = BudgetSection()
    """The caps that nothing lifts."""
    accounts: tuple[AccountSection, ...] = ()
    """Advertiser accounts."""
    activity: tuple[ActivitySection, ...] = ()
    """What the shop itself did: visitors, orders, sales, from files, MQTT or HTTP."""
    budgets: str | None = Field(default=None, min_length=1)
    """budgets.csv: the daily budgets in force of manual accounts (budget, amount)."""
    rates: WrittenRates | None = None
    """Exchange rates of accounts in other currencies: `{USD: {CNY: 7.1, date: 2026-11-01}}`, more than one as a list,
    or a CSV file with date, currency, rate. A rate holds from its date on; how old it may be stands under `guard`."""
    products: str | None = Field(default=None, min_length=1)
    """products.csv: id, name, price, cost, stock, tags, …"""
    calendar: str | None = Field(default=None, min_length=1)
    """calendar.yaml: platform activities (大促) with phases, goods, prices and purses."""
    plan: PlanSection = PlanSection()
    """What the shop means to reach."""
    rules: tuple[str, ...] = ()
    """Rule files; * stands for any name. They are read in this order, files of one pattern by name."""
    store: Address = "sqlite:///bidder.db"
    """Where the state is kept: sqlite:///PATH or postgresql://user@host/database; {env: NAME} or {file: path} where the
    address holds a password."""
    web: WebSection = WebSection()
    """The page and /metrics."""
    schedule: ScheduleSection = ScheduleSection()
    """When the daemon does what."""
    alerts: tuple[AlertSection, ...] = ()
    """Who is told by message what is wrong, and gets the morning digest."""
    guard: GuardSettings = GuardSettings()
    """The brake."""
    bids: Written = BidSettings()
    """Bids and targets: `bids: propose`, or a mapping. Budgets come first; this is a second switch."""
    experiment: ExperimentSection = ExperimentSection()
    """How bidder is to show what it earns itself; off."""

    @property
    def wants(self) -> Objective:
        """The objective."""
        return Objective(self.objective)
