"""Pages as HTML: reads the store, draws what is new, fills the templates. Runs in a thread of the server."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import jinja2

from bidder.ids import PlanId
from bidder.reports import Reports
from bidder.snapshot import FloatArray, day_number
from bidder.store.protocol import JournalLine, StoredPlan, StoreReader
from bidder.web import charts, pages, series
from bidder.web.view import Status
from bidder.web.words import Words

__all__ = ["Renderer"]

_LAST_LINES = 8
_READ_LINES = 200  # in which so many are found that tell something
_SHOWN_LINES = 40
_JOURNAL_LINES = 300
_EARLIER_PLANS = 7
_KEPT_DRAWINGS = 8
_CHART_DAYS = 30


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

    def today(
        self,
        w: Words,
        store: StoreReader,
        now: Status,
        document: Mapping[str, Any] | None,
        ready: bool,
    ) -> str:
        """The first screen. Raises StoreError."""
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
        return self._fill(
            "today.html",
            w,
            now,
            light=pages.light(w, now, document, ready),
            tiles=pages.tiles(w, now, document),
            document=document,
            lines=shown,
            more=len(lines) - len(shown),
            holds=holds,
            names=names,
            budgets_chart=self._budgets_chart(w, now, in_force, layers, legend),
            actual_chart=self._actual_chart(now, reports, store.plans(2 * _CHART_DAYS)),
            legend=legend,
            entries=pages.entries(w, _told(newest), now["timezone"], names),
        )

    def plan(self, w: Words, store: StoreReader, now: Status, plan: str) -> str | None:
        """One plan as it was shown, with everything it says; None when there is none of this id. Raises StoreError."""
        stored = store.plan(PlanId(plan))
        if stored is None:
            return None
        earlier: Sequence[StoredPlan] = [one for one in store.plans(_EARLIER_PLANS + 1) if one.id != stored.id]
        return self._fill(
            "plan.html",
            w,
            now,
            stored=stored,
            document=stored.document,
            lines=pages.lines(w, stored.document, {}),
            holds=stored.document["holds"],
            names=_names(store, stored.document),
            earlier=earlier[:_EARLIER_PLANS],
        )

    def journal(self, w: Words, store: StoreReader, now: Status) -> str:
        """What was read, decided and written, newest first. Raises StoreError."""
        entries = pages.entries(w, store.journal(_JOURNAL_LINES), now["timezone"], _names(store, None))
        return self._fill("journal.html", w, now, entries=entries)

    def error(self, w: Words, code: int, sentence: str) -> str:
        """A page that says in one sentence what is wrong."""
        return self._templates.get_template("error.html").render(w=w, code=code, sentence=sentence, page="error")

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

    def _both(self, key: tuple[Any, ...], draw: Callable[[tuple[int, int]], str]) -> dict[str, str]:
        """The picture for wide screens and the one for phones, drawn once for the same figures."""
        return {"wide": self._drawn((*key, "wide"), lambda: draw(charts.WIDE)),
                "narrow": self._drawn((*key, "narrow"), lambda: draw(charts.NARROW))}  # fmt: skip

    def _drawn(self, key: tuple[Any, ...], draw: Callable[[], str]) -> str:
        with self._lock:
            if key not in self._drawings:
                self._drawings[key] = draw()
                while len(self._drawings) > _KEPT_DRAWINGS:
                    self._drawings.popitem(last=False)
            self._drawings.move_to_end(key)
            return self._drawings[key]

    def _fill(self, template: str, w: Words, now: Status, **values: Any) -> str:
        page = template.partition(".")[0]
        return self._templates.get_template(template).render(w=w, now=now, page=page, **values)


def _told(journal: Sequence[JournalLine]) -> list[JournalLine]:
    """The newest lines that tell a reader something.

    What came of an intent says it all again, and a poll that went well is what the light says.
    """
    return [line for line in journal if line.kind != "intent" and not _quiet_poll(line)][:_LAST_LINES]


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
