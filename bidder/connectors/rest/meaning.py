"""What a reply means, as `replies` and `refused` describe it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bidder.connectors.http import Meaning, Reply, Verdict, plain_verdict, retry_after
from bidder.connectors.rest.calls import Proof
from bidder.connectors.rest.path import CannotLook, found_at
from bidder.connectors.rest.settings import Replies, Throttled

__all__ = ["is_true", "judged_by", "matching", "said"]

LONGEST_WAIT = 86_400.0
"""A reply that asks for more seconds than a day does not speak of seconds."""


def judged_by(replies: Replies) -> Callable[[Reply], Verdict]:
    """The verdict on a reply: the description's own signals, then what plain HTTP says."""

    def verdict(reply: Reply) -> Verdict:
        plain = plain_verdict(reply)
        throttled = matching(reply, replies.throttled)
        if isinstance(throttled, Throttled):
            wait = _seconds(throttled, reply)
            words = said(reply, replies, throttled)
            return Verdict(Meaning.THROTTLED, words, retry_after(reply) if wait is None else wait, "throttled")
        # what is inside an error whose status says that it may pass does not make it last
        lasts = plain.meaning in (Meaning.OK, Meaning.FAILED)
        lasting = replies.failed if lasts else tuple(one for one in replies.failed if one.status)
        for proofs, meaning, error in (
            (replies.expired, Meaning.EXPIRED, "auth"),
            (replies.passing, Meaning.PASSING, "http_5xx"),
            (lasting, Meaning.FAILED, "http_4xx"),
        ):
            found = matching(reply, proofs)
            if found is not None:
                error = "auth" if reply.status in (401, 403) else error
                return Verdict(meaning, said(reply, replies, found), None, error)
        return plain if plain.meaning is Meaning.OK else replace(plain, reason=said(reply, replies))

    return verdict


def matching(reply: Reply, proofs: Iterable[Proof]) -> Proof | None:
    """The first of them that this reply is."""
    for one in proofs:
        if one.status and reply.status not in one.status:
            continue
        if one.when is None or (isinstance(reply.data, dict | list) and is_true(one.when, reply.data)):
            return one
    return None


def is_true(path: str, value: Any) -> bool:
    """Whether an expression finds something true (not nothing, false, or empty) in decoded JSON."""
    try:
        found = found_at(path, value)
    except CannotLook:
        return False
    return not (found is None or found is False or (isinstance(found, str | list | dict) and not found))


def said(reply: Reply, replies: Replies, proof: Proof | None = None) -> str:
    """The status with the platform's own words, and what the description says beside them."""
    words = plain_verdict(reply).reason or str(reply.status)
    if replies.reason is not None and reply.is_json:
        try:
            found = found_at(replies.reason, reply.data)
        except CannotLook:
            found = None
        if isinstance(found, str | int | Decimal) and str(found).strip():
            words = f"{reply.status} {found}"
    return words if proof is None or proof.say is None else f"{proof.say} ({words})"


def _seconds(throttled: Throttled, reply: Reply) -> float | None:
    if throttled.wait is None:
        return None
    try:
        found = found_at(f"to_number({throttled.wait})", reply.data)
    except CannotLook:
        return None
    if not isinstance(found, int | Decimal) or not 0 <= found <= LONGEST_WAIT:
        return None
    return float(found)
