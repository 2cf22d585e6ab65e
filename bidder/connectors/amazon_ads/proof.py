"""What a reply of the Amazon Ads API to a change of one thing proves, before the read-back."""

from __future__ import annotations

import re

from bidder.connectors.amazon_ads.client import Entity
from bidder.connectors.http import Reply, dig, listed, said_in

__all__ = ["is_id", "proof_of"]

_PROVES_NOTHING = frozenset({"internalServerError", "otherError", ""})
"""Errors of an entry that do not say whether it was done."""


def proof_of(reply: Reply, entity: Entity, native: str) -> tuple[bool | None, str]:
    """Whether a reply to one entry proves that it was done, or that it was not (None: neither), and why."""
    if reply.status not in (200, 207):
        checked = 400 <= reply.status < 500 and reply.status not in (408, 425) and isinstance(reply.data, dict)
        return False if checked else None, said_in(reply)
    taken = dig(reply.data, entity.name, "success")
    refused = dig(reply.data, entity.name, "error")
    taken, refused = (one if isinstance(one, list) else [] for one in (taken, refused))
    if len(taken) == 1 and not refused and str(dig(taken, 0, entity.id)) == native:
        return True, ""
    if len(refused) == 1 and not taken and str(dig(refused, 0, "index") or 0) == "0":
        kinds = {str(dig(one, "errorType") or "") for one in listed(refused, 0, "errors") or [{}]}
        reason = "; ".join(_reason(one) for one in listed(refused, 0, "errors"))
        return (False, reason or "refused") if kinds.isdisjoint(_PROVES_NOTHING) else (None, reason or "an error")
    return None, f"the reply does not say what became of {entity.name}"


def _reason(error: object) -> str:
    kind = str(dig(error, "errorType") or "error")
    value = dig(error, "errorValue", kind)
    parts = [dig(value, "reason"), dig(value, "message")]
    for name in ("lowerLimit", "upperLimit"):
        if dig(value, name) is not None:
            parts.append(f"{name} {dig(value, name)}")
    return ": ".join([kind, *(str(part) for part in parts if part)])


def is_id(native: str) -> bool:
    """Whether something may be asked for by it."""
    return re.fullmatch(r"\d{1,20}", native, re.ASCII) is not None
