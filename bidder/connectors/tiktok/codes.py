"""What a reply of TikTok's API means: HTTP says 200 for errors too, so its `code` does.

Too many requests are one code for three quotas, each with a wait of its own: the rest of the second, five minutes, or
until midnight in UTC. Which one it is stands at best in the words; two within a minute are taken for the minute's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from bidder.connectors.http import Meaning, Reply, Verdict, dig, plain_verdict

__all__ = ["PARTLY", "Judge", "code_of", "proves_refusal", "words_of"]

PARTLY = 20001
"""Some of what was asked for was done."""

SECOND, MINUTES = 1.0, 300.0
_SOON = timedelta(seconds=60)

_NO_PERMISSION, _BAD_PARAMETER, _THROTTLED, _BUSY = 40001, 40002, 40100, 40700
_TOKEN = frozenset({40102, 40103, 40104, 40105})
_DAY = re.compile(r"\b(?:QPD|day|daily)\b", re.IGNORECASE)
_MINUTE = re.compile(r"\b(?:QPM|minutes?)\b", re.IGNORECASE)
_SECOND = re.compile(r"\b(?:QPS|seconds?)\b", re.IGNORECASE)


class Judge:
    """The verdicts of one account: it remembers when the account was last called too often."""

    def __init__(self) -> None:
        self._throttled_at: datetime | None = None

    def __call__(self, reply: Reply) -> Verdict:
        """What a reply means."""
        code = code_of(reply)
        if code is None:
            return _without_code(reply)
        words = words_of(reply)
        if code == 0:
            plain = plain_verdict(reply)
            return plain if plain.meaning is not Meaning.OK else Verdict(Meaning.OK)
        if code == _THROTTLED:
            return Verdict(Meaning.THROTTLED, words, self._rest(reply), "throttled")
        if code in _TOKEN:
            return Verdict(Meaning.EXPIRED, words, None, "auth")
        if code == _NO_PERMISSION:
            return Verdict(Meaning.FAILED, f"{words}: check advertiser_id and the app's scopes", None, "auth")
        if code in (_BUSY, PARTLY) or code >= 50_000 or reply.status >= 500:
            return Verdict(Meaning.PASSING, words, None, "http_5xx")
        return Verdict(Meaning.FAILED, words, None, "http_4xx")

    def _rest(self, reply: Reply) -> float:
        """Seconds that the account has to be left alone."""
        said, now = str(dig(reply.data, "message") or ""), reply.received_at
        before, self._throttled_at = self._throttled_at, now
        if _DAY.search(said):
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            return (midnight - now).total_seconds()
        if _MINUTE.search(said):
            return MINUTES
        if _SECOND.search(said):
            return SECOND
        return MINUTES if before is not None and before != now and now - before < _SOON else SECOND


def code_of(reply: Reply) -> int | None:
    """The code of a reply, None where it has none."""
    code = dig(reply.data, "code")
    return int(code) if not isinstance(code, bool) and str(code).isascii() and str(code).isdigit() else None


def words_of(reply: Reply) -> str:
    """Code and message."""
    return f"{dig(reply.data, 'code')}: {dig(reply.data, 'message') or 'without a reason'}"


def proves_refusal(code: int) -> bool:
    """Whether a documented code says that nothing was done."""
    return code in (_NO_PERMISSION, _BAD_PARAMETER, _THROTTLED) or code in _TOKEN


def _without_code(reply: Reply) -> Verdict:
    plain = plain_verdict(reply)
    if reply.status in (404, 410):
        reason = f"{plain.reason}: this version of the API has ended or is unknown: see api_version under the account"
        return Verdict(Meaning.FAILED, reason, None, "http_4xx")
    if plain.meaning is not Meaning.OK:
        return plain
    what = "without a code" if isinstance(reply.data, Mapping) else "without data"
    return Verdict(Meaning.PASSING, f"{reply.status} {what}", None, "decode")
