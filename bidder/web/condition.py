"""The status page and the journal: accounts, how fresh they are, holds, open writes, leases; and what happened."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bidder.explain.experiment import effect_lines
from bidder.store.protocol import JournalLine
from bidder.watch.hold import SHOP
from bidder.web import pages
from bidder.web.visit import Visit

__all__ = ["KINDS", "Fresh", "journal", "quiet_poll", "status"]

KINDS = (
    *("decided", "approved", "rejected", "outcome", "foreign_edit", "polled", "imported", "refused_file", "typed"),
    *("bid_outcome", "bid_foreign_edit", "alert", "state", "note", "intent", "bid_intent", "started", "stopped"),
)
LINES = 300
LOOKED_AT = 5_000
"""Lines that a search goes through."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """One account: its mode in words, when it was last read and how long ago."""

    account: str
    platform: str
    mode: str
    mode_word: str
    polled: str
    ago: str
    stale: bool
    error: str


def status(v: Visit) -> dict[str, Any]:
    """Everything that a person asks when something looks odd."""
    at = _now(v)
    state, since, reason = v.store.state_since()
    return {
        "state": v.now["state"],
        "since": v.w.instant(since, v.zone),
        "reason": reason if state.value == v.now["state"] else v.now["reason"],
        "accounts": [_fresh(v, one, at) for one in v.now["accounts"]],
        "held": [
            {
                "item": one.item,
                "item_word": v.w.say("status.shop") if one.item == SHOP else one.item,
                "check": one.check,
                "reason": one.reason,
                "effect": one.effect.value,
                "since": v.w.instant(one.since, v.zone),
                "until": "" if one.until is None else v.w.instant(one.until, v.zone),
            }
            for one in v.store.holds(at)
        ],
        "open": [
            {
                "budget": str(one.budget),
                "before": v.w.number(str(one.before)),
                "after": v.w.number(str(one.after)),
                "at": v.w.instant(one.at, v.zone),
            }
            for one in v.store.open_intents()
        ],
        "leases": [
            {
                "name": v.w.term("lease", name),
                "holder": lease.holder,
                "until": v.w.instant(lease.until, v.zone),
                "token": lease.token,
                "given_back": lease.until.timestamp() <= 0,
            }
            for name in ("daemon", "write")
            if (lease := v.store.lease(name)) is not None
        ],
        "versions": {
            "bidder": v.now.get("version", ""),
            "Python": platform.python_version(),
            "policy": "" if v.clerk is None else v.clerk.config().digest,
        },
        "experiment": _experiment(v),
        "items": [SHOP, *(one["account"] for one in v.now["accounts"]), *(str(b.budget.id) for b in v.store.budgets())],
    }


def _experiment(v: Visit) -> list[str]:
    """What the experiment says that bidder earned; nothing where none was ever begun."""
    digest = None if v.clerk is None else v.clerk.digest()
    if digest is None or digest.experiment is None:
        return []
    return effect_lines(digest.experiment, "zh" if v.w.language == "zh" else "en")


def _fresh(v: Visit, one: Mapping[str, Any], at: datetime) -> Fresh:
    polled = None if one["polled_at"] is None else datetime.fromisoformat(one["polled_at"])
    minutes = None if polled is None else max(0, round((at - polled).total_seconds() / 60))
    return Fresh(
        account=one["account"],
        platform=one["platform"],
        mode=one["mode"],
        mode_word=v.w.term("mode", one["mode"]),
        polled=v.w.instant(polled, v.zone),
        ago=""
        if minutes is None
        else v.w.say("status.minutes_ago", n=minutes)
        if minutes < 120
        else v.w.say("status.hours_ago", n=round(minutes / 60)),
        stale=minutes is None or minutes > 26 * 60,
        error=one["error"] or "",
    )


def _now(v: Visit) -> datetime:
    """The daemon's instant: a simulated shop has a time of its own."""
    said = v.now.get("at")
    return datetime.fromisoformat(said) if said else datetime.now(UTC)


def journal(v: Visit) -> dict[str, Any]:
    """The newest lines of a kind that mention a text."""
    kind = v.query.get("kind", "")
    kind = kind if kind in KINDS else ""
    text = v.query.get("q", "").strip()[:100]
    names = _names(v)
    lines = v.store.journal(LINES if kind and not text else LOOKED_AT, kind or None)
    if not kind and not text:
        lines = [line for line in lines if not quiet_poll(line)][:LINES]
    if text:
        lines = [line for line in lines if _mentions(line, text, names)][:LINES]
    return {
        "entries": pages.entries(v.w, lines, v.zone, names),
        "kinds": KINDS,
        "kind": kind,
        "text": text,
        "accounts": [one["account"] for one in v.now["accounts"]],
    }


def quiet_poll(line: JournalLine) -> bool:
    """A poll that went well: the light says so, and there are many."""
    results = line.facts.get("results") or ()
    return line.kind == "polled" and bool(results) and all(one.get("ok", True) for one in results)


def _names(v: Visit) -> dict[str, str]:
    bids = {str(one.id): one.name for one in v.store.levers() if one.name}
    return {**bids, **{str(one.budget.id): one.budget.name for one in v.store.budgets() if one.budget.name}}


def _mentions(line: JournalLine, text: str, names: Mapping[str, str]) -> bool:
    """Whether a line's facts, or the name of its budget, hold the text."""
    said = json.dumps(dict(line.facts), ensure_ascii=False)
    return (
        text.casefold()
        in f"{said} {names.get(str(line.facts.get('budget') or line.facts.get('lever', '')), '')}".casefold()
    )
