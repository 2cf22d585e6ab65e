"""Pages as HTML: reads the store, draws what is new, fills the templates. Runs in a thread of the server."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import jinja2

from bidder.ids import PlanId
from bidder.snapshot import day_number
from bidder.store.protocol import JournalLine, StoredPlan, StoreReader
from bidder.web import charts, pages, series
from bidder.web.view import Status
from bidder.web.words import Words

__all__ = ["Renderer"]

_LAST_LINES = 8
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
        self._lock = threading.Lock()

    def today(
        self, w: Words, store: StoreReader, status: Status, document: Mapping[str, Any] | None, ready: bool
    ) -> str:
        """The first screen. Raises StoreError."""
        day = date.fromisoformat(status["day"])
        names = _names(store, document)
        in_force, traces = self._in_force(store, status, day)
        layers, legend = series.stacked(in_force, names)
        limit = status["day_limit"]
        drawn = None
        if len(in_force.days) > 1 and len(layers):
            titles = [one.name or w.say("chart.others", n=one.count) for one in legend]
            cap = None if limit is None else float(limit)
            drawn = self._both(
                ("budgets", w.language, *_fingerprint(in_force.days, layers.tobytes()), cap),
                lambda size: charts.draw_budgets(in_force.days, layers, titles, cap, size),
            )
        plans = store.plans(2 * _CHART_DAYS)
        spent = series.actual(
            store.reports(since_day=day_number(day) - _CHART_DAYS),
            plans,
            currency=status["currency"],
            exchange=status.get("exchange", {}),
            today=day,
        )
        actual = None
        if len(spent.days) > 1:
            actual = self._both(
                ("actual", *_fingerprint(spent.days, spent.spent.tobytes() + spent.planned.tobytes())),
                lambda size: charts.draw_actual(spent, size),
            )
        return self._fill(
            "today.html",
            w,
            status,
            light=pages.light(w, status, document, ready),
            tiles=pages.tiles(w, status, document),
            document=document,
            lines=[] if document is None else pages.lines(w, document, traces, status["holds"]),
            holds=[] if document is None else [*status["holds"], *document["holds"]],
            names=names,
            budgets_chart=drawn,
            actual_chart=actual,
            legend=legend,
            entries=pages.entries(w, _told(store.journal(4 * _LAST_LINES)), status["timezone"], names),
        )

    def plan(self, w: Words, store: StoreReader, status: Status, plan: str) -> str | None:
        """One plan as it was shown, with everything it says; None when there is none of this id. Raises StoreError."""
        stored = store.plan(PlanId(plan))
        if stored is None:
            return None
        names = _names(store, stored.document)
        _, traces = self._in_force(store, status, date.fromisoformat(stored.day))
        earlier: Sequence[StoredPlan] = [one for one in store.plans(_EARLIER_PLANS + 1) if one.id != stored.id]
        return self._fill(
            "plan.html",
            w,
            status,
            stored=stored,
            document=stored.document,
            lines=pages.lines(w, stored.document, traces),
            holds=stored.document["holds"],
            names=names,
            earlier=earlier[:_EARLIER_PLANS],
        )

    def journal(self, w: Words, store: StoreReader, status: Status) -> str:
        """What was read, decided and written, newest first. Raises StoreError."""
        names = _names(store, None)
        entries = pages.entries(w, store.journal(_JOURNAL_LINES), status["timezone"], names)
        return self._fill("journal.html", w, status, entries=entries)

    def error(self, w: Words, code: int, sentence: str) -> str:
        """A page that says in one sentence what is wrong."""
        return self._templates.get_template("error.html").render(w=w, code=code, sentence=sentence, page="error")

    def _in_force(
        self, store: StoreReader, status: Status, day: date
    ) -> tuple[series.BudgetSeries, dict[str, series.Trace]]:
        in_force = series.budgets_by_day(
            store.budget_history(series.since(day)),
            zone=status["timezone"],
            currency=status["currency"],
            exchange=status.get("exchange", {}),
            today=day,
            days=_CHART_DAYS,
        )
        return in_force, series.traces(in_force)

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

    def _fill(self, template: str, w: Words, status: Status, **values: Any) -> str:
        page = template.partition(".")[0]
        return self._templates.get_template(template).render(w=w, status=status, page=page, **values)


def _told(journal: Sequence[JournalLine]) -> list[JournalLine]:
    """The newest lines that tell a reader something: what came of an intent says it all again."""
    return [line for line in journal if line.kind != "intent"][:_LAST_LINES]


def _fingerprint(days: Sequence[date], figures: bytes) -> tuple[Any, ...]:
    return (days[0], days[-1], figures)


def _names(store: StoreReader, document: Mapping[str, Any] | None) -> dict[str, str]:
    """What people call each budget."""
    names = {str(one.budget.id): one.budget.name for one in store.budgets() if one.budget.name}
    for line in () if document is None else document["budgets"]:
        if line["name"]:
            names[line["id"]] = line["name"]
    return names
