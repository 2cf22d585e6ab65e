"""`alerts` in bidder.yaml → receivers, each with an alias that shows nothing of its address."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bidder.alerts import Receiver
from bidder.config.file import AlertSection
from bidder.config.marks import Document
from bidder.config.secrets import resolve
from bidder.errors import Fault

__all__ = ["read_receivers"]

_SCHEME = re.compile(r"([a-z][a-z0-9]{1,20})://", re.IGNORECASE)


def read_receivers(
    entries: Sequence[AlertSection],
    document: Document,
    env: Mapping[str, str],
    faults: list[Fault],
    warnings: list[Fault],
    *,
    chinese: bool,
) -> tuple[Receiver, ...]:
    """Finds the addresses; adds faults. Whether a service takes them, `bidder alert test` shows.

    `chinese`: the language of those that name none.
    """
    found: list[Receiver] = []
    for index, entry in enumerate(entries):
        place = document.at(("alerts", index, "to"))
        url = resolve(entry.to, place, env, faults, warnings)
        if url is None:
            continue
        scheme = _SCHEME.match(url.get_secret_value())
        if scheme is None:
            what = "expected an apprise address such as json://HOST/PATH or mailtos://…, was something else"
            faults.append(Fault(place, f"to: {what}"))
            continue
        language = entry.language or ("zh" if chinese else "en")
        name = f"{scheme[1].lower()}-{index + 1}"
        found.append(Receiver(name, url, frozenset(entry.levels), entry.digest, language))
    return tuple(found)
