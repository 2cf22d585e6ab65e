"""Is the account at the platform the one that was configured? Currency and time zone, asked once a session.

What is written and wrong is refused rather than taken over: every cap and every day of the configuration is written in
it. A zone that nobody wrote is the platform's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bidder.catalog import Account
from bidder.connectors.redact import hidden
from bidder.errors import ConnectorError

__all__ = ["TOLD", "as_told", "check_identity", "same_zone"]

TOLD = "account"
"""Under this name an Http remembers what :func:`check_identity` gave."""


def check_identity(account: Account, *, currency: str | None, timezone: str | None, now: datetime) -> Account:
    """The account, in the zone that the platform tells where nobody wrote one.

    Raises ConnectorError when the platform says another currency or zone; None is what it does not say.
    """
    wrong = []
    if currency is not None and currency.upper() != account.currency:
        wrong.append(f"is in {currency}, the configuration says {account.currency}: write currency: {currency}")
    told = timezone is not None and not account.zone_written and _is_zone(timezone)
    if timezone is not None and not told and not same_zone(timezone, account.timezone, now):
        wrong.append(f"is in {timezone}, the configuration says {account.timezone}: write timezone: {timezone}")
    if wrong:
        reason = f"the account {'; and '.join(wrong)} under the account"
        raise ConnectorError(account.id, "account", hidden(reason), error="schema")
    return replace(account, timezone=timezone) if told and timezone is not None else account


def as_told(account: Account, memory: Mapping[str, Any]) -> Account:
    """The account as the platform told it, once it has been asked."""
    told: Account = memory.get(TOLD, account)
    return told


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        return False
    return True


def same_zone(one: str, other: str, now: datetime) -> bool:
    """Whether two names have the same clock for the year before and after (Asia/Calcutta is Asia/Kolkata)."""
    if one == other:
        return True
    try:
        first, second = ZoneInfo(one), ZoneInfo(other)
    except (KeyError, ValueError, OSError, TypeError):
        return False
    start = now.astimezone(UTC) - timedelta(days=366)
    instants = (start + timedelta(hours=12 * step) for step in range(2 * 2 * 366))
    return all(at.astimezone(first).utcoffset() == at.astimezone(second).utcoffset() for at in instants)
