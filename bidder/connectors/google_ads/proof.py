"""What a reply of the Google Ads API to one operation proves, before the read-back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bidder.connectors.google_ads.client import failures
from bidder.connectors.http import Reply, dig, listed

__all__ = ["is_id", "proof_of"]

_PROVES_NOTHING = ("internalError.", "error.")
"""Failures of the platform itself: it does not say whether the operation was done."""


def proof_of(reply: Reply, resource: str, differs: Callable[[Any], str | None]) -> tuple[bool | None, str]:
    """Whether a reply proves that the one operation was done, or that it was not (None: neither), and why.

    `resource` is the end of the name of what was to be set; `differs` says of the result what was stored instead.
    """
    data, found = reply.data, list(failures(reply.data))
    words = "; ".join(dict.fromkeys(f"{code}: {message}" if message else code for code, message in found))
    if reply.status == 200 and dig(data, "partialFailureError") is None:
        result = dig(data, "results", 0)
        name = str(dig(result, "resourceName") or "")
        if len(listed(data, "results")) == 1 and name.endswith(resource):
            other = differs(result)
            return (True, "") if other is None else (None, f"the platform stored {other}")
        return None, "the reply does not name what was set"
    proven = bool(found) and not any(code.startswith(_PROVES_NOTHING) for code, _ in found)
    if reply.status == 200:
        # a partial failure: the one operation was refused, its place among the results is empty
        empty = dig(data, "results") is None or (isinstance(data["results"], list) and not any(data["results"]))
        return (False, words) if proven and empty else (None, words or "an error without a code")
    reason = f"{reply.status} {words}" if words else f"{reply.status} without a reason"
    checked = 400 <= reply.status < 500 and reply.status != 408 and isinstance(dig(data, "error"), dict)
    return (False if checked and (proven or not found) else None), reason


def is_id(native: str) -> bool:
    """Whether something may be asked for by it."""
    return re.fullmatch(r"\d{1,20}", native, re.ASCII) is not None
