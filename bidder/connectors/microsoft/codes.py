"""What a reply of the Microsoft Advertising API means: the codes of its errors before the status of HTTP.

Errors of the whole request stand under one of several names, with whatever status (the cap on reports that are being
made comes with 400); those of one entry stand in `PartialErrors` of a success.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bidder.connectors.http import Meaning, Reply, Verdict, dig, plain_verdict, retry_after

__all__ = ["INTERNAL", "Failure", "failures", "partial", "proves_refusal", "verdict", "words_of"]

INTERNAL = 0
"""An error of the platform itself: it does not say whether anything was done."""

MINUTE, REPORTS = 60.0, 30.0
"""Seconds to wait after too many calls (the quota is of a sliding minute), and after too many reports at once."""

_TOKEN = frozenset({105, 109})
_PERMISSION = frozenset({104, 106, 110, 111, 2003})
_VERSION = frozenset({204, 205})
_THROTTLES = {117: MINUTE, 207: REPORTS, 4204: 15 * MINUTE}
_LISTS = ("OperationErrors", "Errors", "BatchErrors", "EditorialErrors")


@dataclass(frozen=True, slots=True)
class Failure:
    """One error of the platform."""

    code: int | None
    name: str
    message: str
    index: int | None = 0
    """Which entry of the request it is about; None: it says something that is no number."""

    def __str__(self) -> str:
        return ": ".join(str(part) for part in (self.name or self.code, self.message) if part not in (None, ""))


def failures(data: Any) -> list[Failure]:
    """The errors of a whole request, under whichever name."""
    if not isinstance(data, Mapping):
        return []
    detail = data.get("ApiFaultDetail") or data.get("AdApiFaultDetail") or data
    found = [one for name in _LISTS for one in _listed(dig(detail, name))]
    if not found and data.get("Code") is not None and "Message" in data:
        found = [_failure(data)]
    return found


def partial(data: Any) -> list[Failure]:
    """The errors of single entries in a success."""
    return _listed(dig(data, "PartialErrors"))


def words_of(found: list[Failure]) -> str:
    """All of them for a person."""
    return "; ".join(dict.fromkeys(str(one) for one in found))


def verdict(reply: Reply) -> Verdict:
    """What a reply means."""
    if reply.operation == "download":
        return plain_verdict(reply)  # a file, not an answer of the API
    found = failures(reply.data)
    if not found:
        return _without_code(reply)
    words, codes = f"{reply.status} {words_of(found)}", {one.code for one in found}
    if codes & _TOKEN:
        return Verdict(Meaning.EXPIRED, words, None, "auth")
    waits = [_THROTTLES[code] for code in codes if code in _THROTTLES]
    if waits or reply.status == 429:
        told = retry_after(reply)
        return Verdict(Meaning.THROTTLED, words, max(waits or [MINUTE]) if told is None else told, "throttled")
    if codes & _PERMISSION:
        return Verdict(Meaning.FAILED, f"{words}: check account_id and customer_id", None, "auth")
    if codes & _VERSION:
        return Verdict(
            Meaning.FAILED, f"this version of the API has ended: see api_version ({words})", None, "http_4xx"
        )
    if INTERNAL in codes or reply.status >= 500:
        return Verdict(Meaning.PASSING, words, None, "http_5xx")
    return Verdict(Meaning.FAILED, words, None, "http_4xx")


def proves_refusal(reply: Reply) -> bool:
    """Whether errors of the whole request say that nothing was done: documented ones do, but for the platform's own."""
    found = failures(reply.data)
    codes = {one.code for one in found}
    if not found or INTERNAL in codes or None in codes:
        return False
    known = _TOKEN | _PERMISSION | _VERSION | _THROTTLES.keys()
    return reply.status < 500 or bool(codes & known)


def _without_code(reply: Reply) -> Verdict:
    plain = plain_verdict(reply)
    if reply.status in (404, 410):
        reason = f"{plain.reason}: this version of the API has ended or is unknown: see api_version"
        return Verdict(Meaning.FAILED, reason, None, "http_4xx")
    if plain.meaning is Meaning.THROTTLED and plain.wait is None:
        return Verdict(Meaning.THROTTLED, plain.reason, MINUTE, "throttled")
    if plain.meaning is Meaning.OK and not isinstance(reply.data, Mapping):
        return Verdict(Meaning.PASSING, f"{reply.status} without data", None, "decode")
    return plain


def _listed(found: Any) -> list[Failure]:
    return [_failure(one) for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _failure(one: Mapping[str, Any]) -> Failure:
    message = str(one.get("Message") or one.get("Details") or "")
    index = 0 if one.get("Index") is None else _whole(one["Index"])
    return Failure(_whole(one.get("Code")), str(one.get("ErrorCode") or ""), message, index)


def _whole(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None
