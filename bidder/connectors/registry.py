"""The word after `platform:` → its connector. Built-in ones by a lazy import, others by entry points.

A package of somebody else's adds a platform by an entry point in the group `bidder.connectors` that names an object
with the members of `ConnectorKind`. A built-in name cannot be taken over.
"""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from pydantic import BaseModel

from bidder.connectors.protocol import ConnectorKind
from bidder.errors import ConfigError, Fault, Source

__all__ = ["GROUP", "has_ads", "kind", "names", "sunset"]

GROUP = "bidder.connectors"

_BUILT_IN = {
    "amazon_ads": "bidder.connectors.amazon_ads",
    "files": "bidder.connectors.files.account",
    "google_ads": "bidder.connectors.google_ads",
    "meta": "bidder.connectors.meta",
    "microsoft": "bidder.connectors.microsoft",
    "rest": "bidder.connectors.rest",
    "rest_shop": "bidder.connectors.rest.shop",
    "sandbox": "bidder.connectors.sandbox",
    "shopify": "bidder.connectors.shopify",
    "taobao": "bidder.connectors.taobao",
    "tiktok": "bidder.connectors.tiktok",
}
_MEMBERS = ("name", "settings", "reader", "shop", "writer")


def names() -> tuple[str, ...]:
    """Every platform that can be written after `platform:`, sorted. Imports none of them."""
    return tuple(sorted({*_BUILT_IN, *_others()}))


def kind(name: str, source: Source | None = None) -> ConnectorKind:
    """The platform of that name; only its own folder is imported.

    Raises ConfigError (at `source`, where the name was written) when there is none, or its package does not work.
    """
    if name in _BUILT_IN:
        found: ConnectorKind = import_module(_BUILT_IN[name]).kind
        return found
    others = _others()
    if name in others:
        return _loaded(others[name], source)
    near = get_close_matches(name, names(), n=1, cutoff=0.6)
    hint = f"nearest is {near[0]}" if near else f"there are {', '.join(names())}"
    raise ConfigError([Fault(source, f"platform: no such connector {name!r}; {hint}")])


def has_ads(name: str) -> bool:
    """Whether accounts of that platform have budgets; a shop alone (`ads = False` on its kind) has none."""
    return bool(getattr(kind(name), "ads", True))


def sunset(name: str, settings: BaseModel) -> date | None:
    """When the version of the API that an account uses ends, where its platform knows."""
    told = getattr(kind(name), "sunset", None)
    found: date | None = None if told is None else told(settings)
    return found


def _others() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in _BUILT_IN}


def _loaded(point: EntryPoint, source: Source | None) -> ConnectorKind:
    package = point.dist.name if point.dist else point.value
    try:
        found: ConnectorKind = point.load()
    except Exception as e:  # another package's import may fail in any way; the fault is its, and is said so
        raise ConfigError([Fault(source, f"platform: {point.name}, of {package}, cannot be loaded: {e!r}")]) from e
    missing = [member for member in _MEMBERS if not hasattr(found, member)]
    if missing or found.name != point.name:
        reason = f"lacks {', '.join(missing)}" if missing else f"calls itself {found.name!r}"
        raise ConfigError([Fault(source, f"platform: {point.name}, of {package}, {reason}")])
    return found
