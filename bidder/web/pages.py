"""What each page shows, as plain values for the templates: nothing here knows HTTP, nothing here writes HTML.

A page is made of the plan's document (the same that `plan --json` prints), the daemon's status and the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bidder.store.protocol import JournalLine
from bidder.web.series import Trace
from bidder.web.standing import Standing
from bidder.web.view import Status
from bidder.web.words import Words

__all__ = ["Entry", "Light", "Line", "Tile", "entries", "light", "lines", "tiles"]

_UNTOLD = frozenset({"intent", "currency", "policy", "actual", "seen", "total"})
"""Facts of the journal that its sentences leave out."""
_WORTH_SAYING = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Light:
    """The one light with its sentence. `colour`: green, amber, red or grey."""

    colour: str
    sentence: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the first screen. `filled` and `mark` are parts of a bar, 0 to 1; None leaves the bar out."""

    label: str
    figure: str
    unit: str
    notes: tuple[str, ...]
    filled: float | None = None
    mark: float | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One budget of the plan. `direction`: up, down or still; `trace` is its sparkline, None without history."""

    id: str
    name: str
    where: str
    now: str
    planned: str
    difference: str
    direction: str
    state: str
    state_word: str
    reason: str
    limits: tuple[str, ...]
    profit: str
    profit_range: str
    orders: str
    next_unit: str
    trace: Trace | None
    product: str = ""
    """The first product that it advertises."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal: its time, what kind it is, and a sentence."""

    number: int
    at: str
    kind: str
    kind_word: str
    text: str
    tone: str


def light(
    w: Words, now: Status, document: Mapping[str, Any] | None, ready: bool, standing: Standing | None = None
) -> Light:
    """The worst thing that is true decides the colour; a green one says what happens today.

    `standing` says which changes still wait for a person; without it all of a plan to be approved do.
    """
    problems = list(now["problems"])
    if now.get("unresolved"):
        problems.append(w.say("light.open_writes", n=now.get("unresolved")))
    if now["state"] == "HALTED":
        return Light("red", w.say("light.halted"), now["reason"])
    if document is None or not ready:
        if problems:
            return Light("amber", w.say("light.problem"), problems[0])
        return Light("grey", w.say("light.starting"), w.say("light.starting_more"))
    if now["state"] == "REDUCING":
        return Light("amber", w.say("light.reducing"), now["reason"])
    whole = [hold["reason"] for hold in [*now["holds"], *document["holds"]] if hold["budget"] is None]
    if whole:
        return Light("amber", w.say("light.held"), whole[0])
    if problems:
        return Light("amber", w.say("light.problem"), problems[0])
    changes = len([line for line in document["budgets"] if _moved(line)])
    if not changes:
        return Light("green", w.say("light.still"))
    modes = {account["mode"] for account in now["accounts"]}
    if "apply" in modes or not modes:
        return Light("green", w.say("light.well", n=changes))
    if "propose" in modes and standing is not None:
        if document.get("day", now["day"]) != now["day"]:
            return Light("grey", w.say("light.yesterdays"))
        if standing.outdated:
            return Light("amber", w.say("light.outdated"))
        if standing.waits:
            return Light("amber", w.say("light.waiting", n=len(standing.waits)))
        if standing.written or standing.rejected:
            return Light("green", w.say("light.answered", yes=standing.written, no=standing.rejected))
    for mode, key in (("propose", "light.waiting"), ("manual", "light.manual")):
        if mode in modes:
            return Light("amber", w.say(key, n=changes))
    return Light("green", w.say("light.observing", n=changes))


def tiles(w: Words, now: Status, document: Mapping[str, Any] | None) -> list[Tile]:
    """Today, the month, and what the plan is expected to earn."""
    currency, unit, month = now["currency"], w.unit(now["currency"]), now["month"]
    result = []
    if document is not None:
        limit = now["day_limit"] or document["total"]
        notes = [w.say("tile.of_limit", limit=w.money(limit, currency))]
        if now["spent_today"] is not None and document.get("day", now["day"]) == now["day"]:
            notes.append(w.say("tile.spent_today", amount=w.money(now["spent_today"], currency)))
        if Decimal(document["unallocated"]) > 0:
            notes.append(w.say("tile.unallocated", amount=w.money(document["unallocated"], currency)))
        part = _part(document["planned"], limit)
        figure = w.rough(document["planned"])
        result.append(Tile(w.say("tile.today"), figure, unit, tuple(notes), part, None, (part or 0) > 1))
    label, spent = w.say("tile.month", month=w.month(date.fromisoformat(now["day"]))), w.rough(month["spent"])
    if month["budget"] is None:
        result.append(Tile(label, spent, unit, (w.say("tile.month_open"),)))
    else:
        part = _part(month["spent"], month["budget"]) or 0.0
        pace = w.say("tile.month_passed", spent=w.percent(part), time=w.percent(month["passed"]))
        limits = (w.say("tile.of_budget", budget=w.money(month["budget"], currency)), pace)
        result.append(Tile(label, spent, unit, limits, part, month["passed"], part > 1))
    if document is not None and "expected" in document:
        result.append(_earnings(w, document, currency))
    return result


def _earnings(w: Words, document: Mapping[str, Any], currency: str) -> Tile:
    """The objective's money: what the plan should earn, how sure that is, and beside leaving all alone."""
    expected, now = document["expected"], document.get("expected_now")
    low, high = w.rough(expected["p10"]), w.rough(expected["p90"])
    notes = [w.say("tile.interval", low=low, high=high)]
    if now is not None:
        gain = Decimal(expected["mean"]) - Decimal(now)
        if gain >= _WORTH_SAYING:
            notes.append(w.say("tile.gain", amount=w.money(w.rounded(gain), currency)))
        elif gain <= -_WORTH_SAYING:
            notes.append(w.say("tile.loss", amount=w.money(w.rounded(gain), currency)))
    worth = document.get("value_of_total") or 0.0
    if worth >= 0.005 and w.unit(currency):
        amount = w.money(f"{worth:.2f}", currency)
        notes.append(w.say("tile.next_unit", unit=w.unit(currency), amount=amount))
    if document.get("margin_known") is False:
        notes.append(w.say("tile.margin_unknown"))
    label = w.say("tile.profit") if document.get("objective", "profit") == "profit" else w.say("tile.revenue")
    return Tile(label, w.rough(expected["mean"]), w.unit(currency), tuple(notes))


def lines(
    w: Words, document: Mapping[str, Any], traces: Mapping[str, Trace], holds: Sequence[Mapping[str, Any]] = ()
) -> list[Line]:
    """The plan's budgets, most money moved first, those left alone last."""
    held = {hold["budget"] for hold in [*holds, *document["holds"]] if hold["budget"] is not None}
    ranked = sorted(document["budgets"], key=_by_money)
    return [_line(w, one, traces.get(one["id"]), one["id"] in held) for one in ranked]


def _by_money(one: Mapping[str, Any]) -> tuple[Decimal, Decimal, str]:
    """Where a budget stands in a list by money moved, all in the plan's currency."""
    shown = one.get("shop") or one
    return -abs(_difference(shown)), -Decimal(shown["planned"]), str(one["id"])


def _own(w: Words, one: Mapping[str, Any], amount: str | None) -> str:
    """An amount as its platform has it: with its currency where that is not the plan's."""
    return w.money(amount, one["currency"]) if one.get("shop") else w.number(amount)


def _line(w: Words, one: Mapping[str, Any], trace: Trace | None, held: bool) -> Line:
    difference = _difference(one)
    direction = "still" if not _moved(one) else "up" if difference > 0 else "down"
    state = "held" if held or one["state"].startswith("held") else one["state"]
    profit = one["expected"]["profit"]
    account = one["id"].partition("/")[0]
    channel = w.term("channel", one["channel"]) if one["channel"] else ""
    reason = _reason(w, one, state)
    return Line(
        id=one["id"],
        name=one["name"] or one["id"],
        where=" · ".join(filter(None, (account, channel))),
        now=_own(w, one, one["now"]),
        planned=_own(w, one, one["planned"]),
        difference=w.number(difference, sign=True) if direction != "still" else "",
        direction=direction,
        state=state,
        state_word=w.term("state", state),
        reason=reason,
        limits=tuple(
            dict.fromkeys(
                f"{x['rule']} · {x['source']}" for x in one["limits"] if x["source"] and x["source"] not in reason
            )
        ),
        profit=w.number(round(Decimal(profit["mean"])), sign=True),
        profit_range=f"{w.number(round(Decimal(profit['p10'])))} … {w.number(round(Decimal(profit['p90'])))}",
        orders=f"{one['expected']['orders']:,.1f}",
        next_unit=w.number(f"{round(float(one['marginal_return']), 2):.2f}"),
        trace=trace,
        product=one["products"][0] if one["products"] else "",
    )


def _reason(w: Words, one: Mapping[str, Any], state: str) -> str:
    """Why, in the page's language: the document's own sentence is English, so Chinese is made of its parts."""
    if w.language == "en":
        return str(one["reason"])
    if state in ("held", "paused"):
        return w.say(f"why.{state}")
    difference, marginal = _difference(one), round(float(one["marginal_return"]), 2)
    worth = w.say("why.worth" if marginal >= 0 else "why.worth_loss", amount=f"{abs(marginal):.2f}")
    if not _moved(one):
        return w.say("why.still", worth=worth)
    direction = "raised" if difference > 0 else "cut"
    if not one["limits"]:
        return w.say(f"why.{direction}", worth=worth)
    return w.say(f"why.{direction}_limit", rule=w.rule(one["limits"][0]["rule"]), worth=worth)


def entries(w: Words, journal: Sequence[JournalLine], zone: str, names: Mapping[str, str]) -> list[Entry]:
    """Lines of the journal as sentences, newest first as given. `names` are the budgets' names by id."""
    return [
        Entry(
            number=line.number,
            at=w.instant(line.at, zone),
            kind=line.kind,
            kind_word=w.term("kind", line.kind),
            text=_sentence(w, line.facts, names),
            tone=_tone(line),
        )
        for line in journal
    ]


def _sentence(w: Words, facts: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The facts of a line, those first that a person asks for; the rest as `word value`."""
    rest = {key: value for key, value in facts.items() if key not in _UNTOLD}
    parts = []
    for key in ("budget", "lever"):
        if key in rest:
            what = str(rest.pop(key))
            parts.append(names.get(what, what))
    for before, after in (("before", "after"), ("expected", "found")):
        if before in rest and after in rest:
            parts.append(f"{w.number(rest.pop(before))} → {w.number(rest.pop(after))}")
    for key in ("outcome", "result"):
        if isinstance(rest.get(key), str):
            parts.append(w.term("outcome", str(rest.pop(key)).lower()))
    for key in ("state", "what", "text", "reason"):
        if rest.get(key):
            parts.append(str(rest.pop(key)))
    for key in ("results", "held"):
        parts += [_part_of(w, one) for one in rest.pop(key, [])]
    parts += [
        f"{w.term('fact', key)} {_plain(value)}" for key, value in rest.items() if value not in (None, "", [], {})
    ]
    return " · ".join(parts)


def _part_of(w: Words, one: Any) -> str:
    """One source of a poll: what came, or why nothing did; anything else as it is."""
    if not isinstance(one, Mapping):
        return str(one)
    said = one.get("reason") or one.get("error") or w.say("fact.new", n=one.get("new") or 0)
    return f"{one.get('account', '')} {w.term('poll', str(one.get('kind', '')))} {said}"


def _plain(value: Any) -> str:
    """A fact as one would write it; a list is counted rather than poured out."""
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, list | dict):
        return str(len(value))
    return str(value)


def _tone(line: JournalLine) -> str:
    """good, bad or plain: what a reader's eye should stop at."""
    result = str(line.facts.get("outcome", line.facts.get("result", ""))).lower()
    if line.kind in ("alert", "foreign_edit", "bid_foreign_edit", "rejected") or result in ("refused", "unresolved"):
        return "bad"
    return "good" if result == "applied" or line.kind == "approved" else "plain"


def _difference(one: Mapping[str, Any]) -> Decimal:
    return Decimal(one["planned"]) - Decimal(one["now"] or 0)


def _moved(one: Mapping[str, Any]) -> bool:
    return one["now"] is None or Decimal(one["now"]) != Decimal(one["planned"])


def _part(amount: str | float, whole: str) -> float | None:
    """Amount over whole; None over nothing."""
    return None if not Decimal(whole) else float(amount) / float(whole)
