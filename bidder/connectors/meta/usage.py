"""What a reply of the Graph API means: its error codes, and the headers that say how much of the quota is used.

Throttles come with HTTP 400; how long to stay away stands in a header, in minutes. Calling on while blocked lengthens
the block, so the whole account waits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bidder.connectors.http import Meaning, Reply, Verdict, dig, plain_verdict

__all__ = ["TOO_MUCH", "error_code", "is_throttle", "proves_refusal", "verdict"]

TOO_MUCH = "too much data for one request"
"""How a reason begins that asks for a job instead."""

MINUTE = 60.0
_NO_HEADER = 2 * MINUTE

_THROTTLES = frozenset({4, 17, 32, 341, 613})
_EDITS = 1487632
"""Subcode: too many changes of one budget within the hour; it alone is locked."""
_MUTATIONS = 5044001
_TOKEN = frozenset({102, 190, 463, 467})
_TOO_MUCH = frozenset({99, 1487534})


def verdict(reply: Reply) -> Verdict:
    """What a reply means."""
    error = dig(reply.data, "error")
    if not isinstance(error, Mapping):
        plain = plain_verdict(reply)
        if plain.meaning is not Meaning.OK:
            return plain
        if not isinstance(reply.data, Mapping | list):
            return Verdict(Meaning.PASSING, f"{reply.status} without data", None, "decode")
        wait = _slower(reply)
        return Verdict(Meaning.OK, "the quota is nearly used up, says the platform" if wait else "", wait)
    code, sub, words = error_code(reply), _number(error.get("error_subcode")), _words(reply)
    if code in _TOKEN or sub in (463, 467) or (reply.status == 401 and code is None):
        return Verdict(Meaning.EXPIRED, words, None, "auth")
    if is_throttle(code):
        return Verdict(Meaning.THROTTLED, words, _rest(reply, sub), "throttled")
    if code == 2635:
        reason = f"this version of the API has ended: set api_version under the account ({words})"
        return Verdict(Meaning.FAILED, reason, None, "http_4xx")
    if code in (3, 10) or (code is not None and 200 <= code < 300):
        return Verdict(Meaning.FAILED, words, None, "auth")
    if sub in _TOO_MUCH or (code == 1 and "reduce the amount of data" in words):
        return Verdict(Meaning.FAILED, f"{TOO_MUCH}: {words}", None, "http_4xx")
    if code in (1, 2) or error.get("is_transient") is True or reply.status >= 500:
        return Verdict(Meaning.PASSING, words, None, "http_5xx")
    return Verdict(Meaning.FAILED, words, None, "http_4xx")


def error_code(reply: Reply) -> int | None:
    """The code of an error, None where there is none."""
    return _number(dig(reply.data, "error", "code"))


def is_throttle(code: int | None) -> bool:
    """Whether a code says that too many requests came."""
    return code is not None and (code in _THROTTLES or 80_000 <= code < 80_100)


def proves_refusal(reply: Reply) -> bool:
    """Whether an error says that nothing was done: a documented one does, unless it may pass (`is_transient`)."""
    code = error_code(reply)
    if code is None or reply.status >= 500 or dig(reply.data, "error", "is_transient") is True:
        return False
    return is_throttle(code) or code in _TOKEN or code in (3, 10, 100, 2635) or 200 <= code < 300


def _words(reply: Reply) -> str:
    error = dig(reply.data, "error")
    code, sub = dig(error, "code"), dig(error, "error_subcode")
    number = f"{code}/{sub}" if sub else str(code)
    # the message for people says more where there is one
    message = dig(error, "error_user_msg") or dig(error, "message") or "without a reason"
    return f"{reply.status} {number}: {message}"


def _rest(reply: Reply, sub: int | None) -> float | None:
    """Seconds that the account has to be left alone after a throttle."""
    if sub == _EDITS:
        return None
    if sub == _MUTATIONS:
        return 2.0
    minutes = [entry[1] for entry in _usage(reply) if entry[1] > 0]
    return max(minutes) * MINUTE if minutes else _NO_HEADER


def _slower(reply: Reply) -> float | None:
    """Seconds to hold back while the quota is nearly used up."""
    wait = 0.0
    for used, minutes in _usage(reply):
        if used >= 100:
            wait = max(wait, minutes * MINUTE or _NO_HEADER)
        elif used >= 75:
            wait = max(wait, 5.0 if used >= 90 else 1.0)
    return wait or None


def _usage(reply: Reply) -> Iterator[tuple[float, float]]:
    """Each percentage in the headers, with the minutes until access comes back (0: not said)."""
    by_use = _decoded(reply.header("X-Business-Use-Case-Usage"))
    for entries in by_use.values():
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping):
                yield _highest(entry), _positive(entry.get("estimated_time_to_regain_access"))
    for name in ("X-App-Usage", "X-Ad-Account-Usage", "X-FB-Ads-Insights-Throttle"):
        found = _decoded(reply.header(name))
        if found:
            yield _highest(found), _positive(found.get("reset_time_duration")) / MINUTE


def _highest(entry: Mapping[str, Any]) -> float:
    names = ("call_count", "total_time", "total_cputime", "acc_id_util_pct", "app_id_util_pct")
    return max(_positive(entry.get(name)) for name in names)


def _positive(value: Any) -> float:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6
    return float(value) if usable else 0.0


def _decoded(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _number(value: Any) -> int | None:
    return int(value) if str(value).isascii() and str(value).isdigit() else None
