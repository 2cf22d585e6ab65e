"""What the metrics have to know of a configuration before anything happens."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from bidder.catalog import Account
from bidder.config.load import Config
from bidder.connectors.registry import has_ads, sunset
from bidder.guard import CHECKS
from bidder.instrumentation import Metrics, PollSource, ShopFacts
from bidder.promotion import Promotion

__all__ = ["metrics_for", "shop_facts"]


def shop_facts(config: Config) -> ShopFacts:
    """What the metrics have to know of the configuration before anything happens."""
    accounts = tuple(account for account, _ in config.accounts)
    poll_every = config.schedule.poll
    ends = {account.id: sunset(account.platform, settings) for account, settings in config.accounts}
    caps = config.caps()
    return ShopFacts(
        shop=config.shop.name,
        currency=config.shop.currency,
        timezone=config.shop.timezone,
        accounts=accounts,
        sources=(
            *(PollSource(account.id, kind, poll_every) for account in accounts for kind in _kinds(account)),
            *(PollSource(account, "bids", poll_every) for account in config.bids),
            *(PollSource(one.name, "activity", poll_every) for one in config.incoming.watched if one.account is None),
        ),
        feeds=config.incoming.names,
        promotions=tuple(dict.fromkeys(one.name for one in _calendar(config))),
        channels=tuple(one.name for one in config.receivers),
        plan_interval=timedelta(days=1),
        day_limit=caps.day,
        month_budget=caps.month,
        rules=tuple(rule.name for rule in config.policy.rules),
        sunsets={name: datetime.combine(day, time(), UTC) for name, day in ends.items() if day is not None},
        bids=tuple(config.bids),
        guards=tuple(check.__name__ for check in CHECKS),
    )


def _calendar(config: Config) -> tuple[Promotion, ...]:
    """The activities of the calendar: those that the shop has joined, and those that it may."""
    return (*config.calendar.events, *(one.event for one in config.calendar.candidates))


def _kinds(account: Account) -> tuple[str, ...]:
    """What is asked of an account; one of files is known by its reports alone, one of a shop has no ads."""
    if account.platform == "files":
        return ("performance",)
    return ("performance", "budgets", "stock") if has_ads(account.platform) else ("stock", "orders")


def metrics_for(config: Config, at: datetime) -> Metrics:
    """The metrics of a daemon with this configuration, every series born."""
    return Metrics(shop_facts(config), at)
