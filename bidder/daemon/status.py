"""What the first screen says: assembled from the daemon's memory, in the words of `bidder.web.view.Status`."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bidder import __version__
from bidder.account_day import AccountDay
from bidder.config.load import Config
from bidder.money import Money
from bidder.plan import State
from bidder.poll import PollResult
from bidder.web.view import AccountStatus, HoldStatus, MonthStatus, Status

__all__ = ["AccountNews", "status_of"]


@dataclass(frozen=True, slots=True)
class AccountNews:
    """How an account's last polls went."""

    polled_at: datetime | None = None
    data_at: datetime | None = None
    errors: tuple[tuple[str, str], ...] = ()
    """(kind, reason) of what failed last."""

    def after(self, result: PollResult, at: datetime) -> AccountNews:
        """The news after one more result."""
        errors = tuple(one for one in self.errors if one[0] != result.kind)
        if not result.ok:
            return replace(self, errors=(*errors, (result.kind, result.reason or result.error)))
        newest = max((one for one in (self.data_at, result.data_at) if one is not None), default=None)
        return replace(self, polled_at=at, data_at=newest, errors=errors)


def status_of(
    config: Config,
    *,
    now: datetime,
    state: State,
    document: Mapping[str, Any] | None,
    news: Mapping[str, AccountNews],
    spent_today: Money | None,
    spent_month: Money,
    next_at: datetime,
    unresolved: int,
    no_plan: str | None,
) -> Status:
    """The status document of one instant."""
    day = AccountDay.of(now, config.shop.timezone)
    caps = config.caps(day.date)
    data_at = [one.data_at for one in news.values() if one.data_at is not None]
    accounts = [
        _account(account.id, account.platform, account.mode.value, news.get(account.id, AccountNews()))
        for account, _ in config.accounts
    ]
    folders = [one for one in config.incoming.watched if one.account is None]
    held = (document or {}).get("holds", [])
    holds = [HoldStatus(check=one["check"], reason=one["reason"], budget=one["budget"]) for one in held]
    return Status(
        shop=config.shop.name,
        title=config.shop.title or config.shop.name,
        currency=config.shop.currency,
        timezone=config.shop.timezone,
        state=state.value,
        reason="" if state is State.ACTIVE else "by hand",
        day=day.date.isoformat(),
        as_of=max(data_at).isoformat() if data_at else None,
        at=now.isoformat(),
        next_cycle_at=next_at.isoformat(),
        exchange={str(code): rate for code, rate in config.exchange(day.date).rates.items()},
        spent_today=None if spent_today is None else str(spent_today),
        day_limit=None if caps.day is None else str(caps.day),
        month=_month(day, now, spent_month, caps.month),
        holds=holds,
        accounts=accounts,
        problems=[
            *([no_plan] if no_plan else []),
            *(f"{one['account']}: {one['error']}" for one in accounts if one["error"]),
            *(f"{one.name}: {reason}" for one in folders for _, reason in news.get(one.name, AccountNews()).errors),
        ],
        unresolved=unresolved,
        demo=any(account.platform == "sandbox" for account, _ in config.accounts),
        version=__version__,
    )


def _account(name: str, platform: str, mode: str, news: AccountNews) -> AccountStatus:
    return AccountStatus(
        account=name,
        platform=platform,
        mode=mode,
        polled_at=None if news.polled_at is None else news.polled_at.isoformat(),
        error="; ".join(f"{kind}: {reason}" for kind, reason in news.errors) or None,
    )


def _month(day: AccountDay, now: datetime, spent: Money, budget: Money | None) -> MonthStatus:
    length = monthrange(day.date.year, day.date.month)[1]
    first = AccountDay(day.zone, day.date.replace(day=1)).start_at
    end = AccountDay(day.zone, day.date.replace(day=length)).end_at
    return MonthStatus(
        name=f"{day.date:%Y-%m}",
        spent=str(spent),
        budget=None if budget is None else str(budget),
        passed=min(1.0, max(0.0, (now - first) / (end - first))),
    )
