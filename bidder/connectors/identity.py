"""Is the account at the platform the one that was configured? Currency and time zone, asked once a session.

A wrong one is refused rather than taken over: every cap and every day of the configuration is written in it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bidder.catalog import Account
from bidder.errors import ConnectorError

__all__ = ["check_identity", "same_zone"]


def check_identity(account: Account, *, currency: str | None, timezone: str | None, now: datetime) -> None:
    """Raises ConnectorError when the platform says another currency or zone; None is what it does not say."""
    wrong = []
    if currency is not None and currency.upper() != account.currency:
        wrong.append(f"is in {currency}, the configuration says {account.currency}: write currency: {currency}")
    if timezone is not None and not same_zone(timezone, account.timezone, now):
        wrong.append(f"is in {timezone}, the configuration says {account.timezone}: write timezone: {timezone}")
    if wrong:
        reason = f"the account {'; and '.join(wrong)} under the account"
        raise ConnectorError(account.id, "account", reason, error="schema")


def same_zone(one: str, other: str, now: datetime) -> bool:
    """Whether two names have the same clock for the year before and after (Asia/Calcutta is Asia/Kolkata)."""
    if one == other:
        return True
    try:
        first, second = ZoneInfo(one), ZoneInfo(other)
    except (KeyError, ValueError, OSError):
        return False
    start = now.astimezone(UTC) - timedelta(days=366)
    instants = (start + timedelta(hours=12 * step) for step in range(2 * 2 * 366))
    return all(at.astimezone(first).utcoffset() == at.astimezone(second).utcoffset() for at in instants)
