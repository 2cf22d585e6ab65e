"""Pages as HTML: reads the store, draws what is new, fills the templates. Runs in a thread of the server."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import jinja2

from bidder.explain.band import Band
from bidder.explain.digest_document import DigestDocument
from bidder.explain.digest_text import finding_text
from bidder.ids import PlanId
from bidder.reports import Reports
from bidder.snapshot import FloatArray, day_number
from bidder.store.protocol import JournalLine, StoredPlan, StoreReader
from bidder.web import charts, pages, product, series
from bidder.web.rulebook import shown_source
from bidder.web.standing import standing_of
from bidder.web.view import Status
from bidder.web.visit import Visit
from bidder.web.words import Words

__all__ = ["Renderer"]

_LAST_LINES = 8
_READ_LINES = 200  # in which so many are found that tell something
_SHOWN_LINES = 40
_EARLIER_PLANS = 7
_KEPT_DRAWINGS = 48
_CHART_DAYS = 30
_HOT = 4
_TODOS = 3


Make = Callable[[Visit], Mapping[str, Any] | None]
"""The values of a page; None when there is nothing of that name."""


class Renderer:
    """Templates, and the drawings of the newest plans (each takes a tenth of a second)."""

    def __init__(self) -> None:
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("bidder.web"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._drawings: OrderedDict[tuple[Any, ...], str] = OrderedDict()
        self._reports: tuple[tuple[int, date], Reports] | None = None
        self._lock = threading.Lock()

    def page(self, template: str, visit: Visit, make: Make) -> str | None:
        """A page of these values; None when there is nothing to show under its address. Raises StoreError."""
        values = make(visit)
        return None if values is None else self._fill(template, visit, **values)

    def plain(self, template: str, values: Mapping[str, Any]) -> str:
        """A page that is no shop's, of these values alone."""
        return self._templates.get_template(template).render(**values)

    def today(self, v: Visit) -> dict[str, Any]:
        """The first screen. Raises StoreError."""
        w, store, document = v.w, v.store, v.document
        now = _with_reason(v.now, store)
        newest = store.journal(_READ_LINES)
        day = date.fromisoformat(now["day"])
        reports = self._newest_reports(store, day, newest)
        names = _names(store, document)
        in_force, traces = self._in_force(store, now, day)
        layers, legend = series.stacked(in_force, names)
        holds = [] if document is None else _distinct([*now["holds"], *document["holds"]])
        lines = [] if document is None else pages.lines(w, document, traces, holds)
        moving = len([line for line in lines if line.direction != "still"])
        shown = lines[: max(moving, _SHOWN_LINES)]
        stored = None if document is None else store.plan(PlanId(document["plan"]))
        standing = standing_of(stored, store, now, _policy(v))
        digest = None if v.clerk is None else v.clerk.digest()
        return {
            "now": now,
            "light": pages.light(w, now, document, v.ready, standing),
            "tiles": pages.tiles(w, now, document),
            "todos": _todos(v, digest),
            "digest": digest,
            "document": document,
            "standing": standing,
            "lines": shown,
            "more": len(lines) - len(shown),
            "holds": holds,
            "names": names,
            "cards": product.cards(v)["cards"][:_HOT],
            "budgets_chart": self._budgets_chart(w, now, in_force, layers, legend),
            "actual_chart": self._actual_chart(now, reports, store.plans(2 * _CHART_DAYS)),
            "legend": legend,
            "entries": pages.entries(w, _told(newest), now["timezone"], names),
        }

    def plan(self, v: Visit) -> dict[str, Any] | None:
        """One plan as it was shown, with everything it says; the newest without a name. Raises StoreError."""
        stored = v.store.plan(PlanId(v.key) if v.key else None)
        if stored is None:
            return None if v.key else {"stored": None}
        earlier: Sequence[StoredPlan] = [one for one in v.store.plans(_EARLIER_PLANS + 1) if one.id != stored.id]
        return {
            "stored": stored,
            "standing": standing_of(stored, v.store, v.now, _policy(v)),
            "document": stored.document,
            "lines": pages.lines(v.w, stored.document, {}),
            "holds": stored.document["holds"],
            "names": _names(v.store, stored.document),
            "earlier": earlier[:_EARLIER_PLANS],
            "source": _shown_source(v),
        }

    def product(self, v: Visit) -> dict[str, Any] | None:
        """One product with its pictures. Raises StoreError."""
        values = product.product(v)
        if values is None:
            return None
        history = values["history"]
        drawn = None
        if len(history.days) > 1:
            drawn = self._both(
                ("history", v.key, history.days, history.spend.tobytes(), history.revenue.tobytes()),
                lambda size: charts.draw_history(history.days, history.spend, history.revenue, size),
            )
        curves = [
            (
                band,
                self._both(
                    ("band", band.budget, band.mean.tobytes(), band.high.tobytes(), band.now, band.planned),
                    _curve(band, place),
                    charts.HALF,
                ),
            )
            for place, band in enumerate(values["bands"])
        ]
        return {**values, "history_chart": drawn, "curves": curves}

    def error(self, visit: Visit | None, w: Words, code: int, sentence: str) -> str:
        """A page that says in one sentence what is wrong; whoever can sign in gets the way there."""
        link = visit.link if visit is not None else (lambda path, **_: f"{path}?lang={w.language}")
        template = self._templates.get_template("error.html")
        return template.render(w=w, code=code, sentence=sentence, page="error", link=link, visit=visit)

    def _newest_reports(self, store: StoreReader, day: date, journal: Sequence[JournalLine]) -> Reports:
        """The reports of a month and more; read again only when the journal says that something has happened."""
        version = (journal[0].number if journal else 0, day)
        with self._lock:
            if self._reports is None or self._reports[0] != version:
                self._reports = (version, store.reports(since_day=day_number(day) - _CHART_DAYS - 1))
            return self._reports[1]

    def _in_force(
        self, store: StoreReader, now: Status, day: date
    ) -> tuple[series.BudgetSeries, dict[str, series.Trace]]:
        in_force = series.budgets_by_day(
            store.budget_history(series.since(day)),
            zone=now["timezone"],
            currency=now["currency"],
            exchange=now.get("exchange", {}),
            today=day,
            days=_CHART_DAYS,
        )
        return in_force, series.traces(in_force)

    def _budgets_chart(
        self,
        w: Words,
        now: Status,
        in_force: series.BudgetSeries,
        layers: FloatArray,
        legend: Sequence[series.Legend],
    ) -> dict[str, str] | None:
        if len(in_force.days) < 2 or not len(layers):
            return None
        titles = [one.name or w.say("chart.others", n=one.count) for one in legend]
        cap = None if now["day_limit"] is None else float(now["day_limit"])
        return self._both(
            ("budgets", w.language, in_force.days, layers.tobytes(), cap),
            lambda size: charts.draw_budgets(in_force.days, layers, titles, cap, size),
        )

    def _actual_chart(self, now: Status, reports: Reports, plans: Sequence[StoredPlan]) -> dict[str, str] | None:
        spent = series.actual(
            reports,
            plans,
            currency=now["currency"],
            exchange=now.get("exchange", {}),
            today=date.fromisoformat(now["day"]),
        )
        if len(spent.days) < 2:
            return None
        return self._both(
            ("actual", spent.days, spent.spent.tobytes(), spent.planned.tobytes()),
            lambda size: charts.draw_actual(spent, size),
        )

    def _both(
        self, key: tuple[Any, ...], draw: Callable[[tuple[int, int]], str], wide: tuple[int, int] = charts.WIDE
    ) -> dict[str, str]:
        """The picture for wide screens and the one for phones, drawn once for the same figures."""
        return {"wide": self._drawn((*key, "wide"), lambda: draw(wide)),
                "narrow": self._drawn((*key, "narrow"), lambda: draw(charts.NARROW))}  # fmt: skip

    def _drawn(self, key: tuple[Any, ...], draw: Callable[[], str]) -> str:
        with self._lock:
            if key not in self._drawings:
                self._drawings[key] = draw()
                while len(self._drawings) > _KEPT_DRAWINGS:
                    self._drawings.popitem(last=False)
            self._drawings.move_to_end(key)
            return self._drawings[key]

    def _fill(self, template: str, v: Visit, **values: Any) -> str:
        page = template.partition(".")[0]
        shown = {"now": v.now, **values}
        return self._templates.get_template(template).render(
            w=v.w, page=page, link=v.link, visit=v, visitor=v.visitor, **shown
        )


def _policy(v: Visit) -> str | None:
    return None if v.clerk is None else v.clerk.config().digest


def _curve(band: Band, place: int) -> Callable[[tuple[int, int]], str]:
    return lambda size: charts.draw_band(band, size, f"k{place}x")


def _with_reason(now: Status, store: StoreReader) -> Status:
    """The status with why the state is what it is, and who said so."""
    state, _, reason = store.state_since()
    return {**now, "reason": reason} if state.value == now["state"] != "ACTIVE" and reason else now


def _todos(v: Visit, digest: DigestDocument | None) -> list[str]:
    """At most three things for a person, dearest first: what the daemon knows, and what the digest found."""
    told = []
    for todo in v.now.get("todos", ()):
        worth = "" if "worth" not in todo else v.w.say("todo.worth", amount=v.w.money(todo["worth"], v.now["currency"]))
        told.append(f"{todo['text']} {worth}".strip())
    if digest is not None:
        told += [finding_text(one, "zh" if v.w.language == "zh" else "en") for one in digest.todo]
    return told[:_TODOS]


def _shown_source(v: Visit) -> Callable[[str], str]:
    """Places as they are found from the configuration's folder."""
    config = None if v.clerk is None else v.clerk.config()
    base = Path() if config is None or config.path is None else config.path.parent
    return lambda source: shown_source(source, base)


def _told(journal: Sequence[JournalLine]) -> list[JournalLine]:
    """The newest lines that tell a reader something.

    What came of an intent says it all again, and a poll that went well is what the light says.
    """
    return [line for line in journal if line.kind not in ("intent", "bid_intent") and not _quiet_poll(line)][
        :_LAST_LINES
    ]


def _quiet_poll(line: JournalLine) -> bool:
    return line.kind == "polled" and all(one.get("ok", True) for one in line.facts.get("results", []))


def _distinct(holds: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each hold once: the daemon and the plan may both name it."""
    return list({(hold["check"], hold["budget"], hold["reason"]): hold for hold in holds}.values())


def _names(store: StoreReader, document: Mapping[str, Any] | None) -> dict[str, str]:
    """What people call each budget."""
    names = {str(one.budget.id): one.budget.name for one in store.budgets() if one.budget.name}
    for line in () if document is None else document["budgets"]:
        if line["name"]:
            names[line["id"]] = line["name"]
    return names
