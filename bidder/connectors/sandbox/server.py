"""The platform's side: answers requests as an advertising platform does, from the world and the State.

Money on the wire is whole fen; instants are never sent, days are the account's. Nothing here knows bidder's own types
of money, budgets or reports: that is `parse.py` and `write.py`. A request either returns a Reply or raises
TimeoutError or ConnectionResetError, as a network would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np

from bidder.catalog import BudgetStatus
from bidder.connectors.sandbox.settings import Fault, SandboxSettings
from bidder.connectors.sandbox.shop import CAMPAIGN_INDEX, CAMPAIGNS, MINIMUM_FEN, STEP_FEN
from bidder.connectors.sandbox.state import BrokenState, Edit, Keeper, State
from bidder.connectors.sandbox.view import Runs, View
from bidder.connectors.sandbox.world import World

__all__ = ["PAGE", "Reply", "Server"]

PAGE = 400
"""Rows of a report that one reply holds."""


class Reply(NamedTuple):
    """A status as HTTP has it, and a body."""

    status: int
    body: Any


class Server:
    """One simulated platform account."""

    def __init__(self, keeper: Keeper, settings: SandboxSettings, wall: Callable[[], datetime]) -> None:
        self._keeper = keeper
        self._settings = settings
        self._wall = wall
        self._luck = np.random.default_rng([settings.seed, 9])
        self._runs: Runs = {}
        self.forced: list[Fault] = []
        """Faults that the next requests of their kind meet, before any chance."""
        self.mutations = 0
        """How many requests that would change something have arrived."""
        state = keeper.read()
        if state.seed != settings.seed:
            raise BrokenState(
                f"the state is that of seed {state.seed}, the settings say {settings.seed}; take another path"
            )
        self.world = World(state.seed, state.start)
        self.zone = state.zone

    def now(self) -> datetime:
        """The platform's clock."""
        return self._keeper.read().now(self._wall(), self._settings.speed).astimezone(UTC)

    def advance(self, to: datetime) -> None:
        """Moves the clock forwards. Raises ValueError for a step back: what was reported cannot be taken back."""

        def later(state: State) -> State:
            if to < state.now(self._wall(), self._settings.speed):
                raise ValueError(f"expected an instant at or after {self.now().isoformat()}, was {to.isoformat()}")
            return state.moved(to, self._wall())

        self._keeper.change(later)

    def edit(self, campaign: str, amount: int | None = None, status: BudgetStatus | None = None) -> None:
        """Changes a budget (fen) or a status now, unasked and unchecked: a person in the platform's own pages."""
        if campaign not in CAMPAIGN_INDEX:
            raise KeyError(campaign)
        self._keeper.change(
            lambda state: state.edited(Edit(state.now(self._wall(), self._settings.speed), campaign, amount, status))
        )

    def request(self, method: str, path: str, sent: Mapping[str, Any] | None = None) -> Reply:
        """Answers one request; faults strike here."""
        writing = method != "GET"
        self.mutations += writing
        fault = self._fault(writing)
        match fault:
            case Fault.LOST_REQUEST | Fault.READ_CUT:
                raise TimeoutError("no answer") if writing else ConnectionResetError("connection reset by peer")
            case Fault.ERROR_UNAPPLIED:
                return _error(500, "Internal", "please try again later")
            case Fault.READ_ERROR:
                return _error(503, "Unavailable", "please try again later")
            case Fault.WRITE_THROTTLED | Fault.READ_THROTTLED:
                return _error(429, "Throttled", "too many requests")
            case Fault.READ_UNREADABLE:
                return Reply(200, "<html>502 Bad Gateway</html>")
            case Fault.SILENT_NOOP:
                return Reply(200, {"data": {"campaign_id": path.rpartition("/")[2], **dict(sent or {})}})
        if writing:
            return self._write(path, sent or {}, fault)
        return _damaged(self._read(path, sent or {}), fault)

    def view(self) -> View:
        """The account at this instant."""
        state = self._keeper.read()
        return View(self.world, state, state.now(self._wall(), self._settings.speed), self._runs)

    def rows(self, first: date, last: date) -> list[dict[str, Any]]:
        """The report of these days, as rows of the wire."""
        return self.view().rows(first, last)

    def _fault(self, writing: bool) -> Fault | None:
        for fault in self.forced:
            if fault.hits_writes == writing:
                self.forced.remove(fault)
                return fault
        chances = [(f, p) for f, p in sorted(self._settings.faults.items()) if f.hits_writes == writing]
        if not chances:
            return None
        drawn = float(self._luck.random())
        for fault, chance in chances:
            drawn -= chance
            if drawn < 0:
                return fault
        return None

    def _write(self, path: str, sent: Mapping[str, Any], fault: Fault | None) -> Reply:
        campaign = path.removeprefix("/campaigns/")
        if campaign not in CAMPAIGN_INDEX or self.view().in_force(campaign)[1] is BudgetStatus.REMOVED:
            return _error(404, "CampaignNotFound", f"no campaign {campaign}")
        amount = sent.get("day_budget")
        if sent.get("budget_type") != "daily" or not isinstance(amount, int):
            return _error(400, "BadRequest", "budget_type and day_budget are required")
        if amount < MINIMUM_FEN:
            return _error(400, "BelowMinimum", f"day_budget: at least {MINIMUM_FEN} fen, was {amount}")
        if amount % STEP_FEN:
            return _error(400, "NotAMultiple", f"day_budget: a multiple of {STEP_FEN} fen, was {amount}")
        self.edit(campaign, amount + (amount // 1000 * 100 if fault is Fault.RAISED else 0))
        match fault:
            case Fault.LOST_REPLY:
                raise TimeoutError("no answer")
            case Fault.ERROR_APPLIED:
                return _error(500, "Internal", "please try again later")
            case Fault.UNREADABLE_REPLY:
                return Reply(200, "ok")
        return Reply(200, {"data": {"campaign_id": campaign, "budget_type": "daily", "day_budget": amount}})

    def _read(self, path: str, sent: Mapping[str, Any]) -> Reply:
        if path == "/report":
            return self._report(date.fromisoformat(sent["from"]), date.fromisoformat(sent["to"]), int(sent["page"]))
        if path == "/items":
            return Reply(200, {"data": {"currency": self._settings.money, "items": self.view().items()}})
        wanted = [c.id for c in CAMPAIGNS] if path == "/campaigns" else [path.removeprefix("/campaigns/")]
        if wanted[0] not in CAMPAIGN_INDEX:
            return _error(404, "CampaignNotFound", f"no campaign {wanted[0]}")
        view = self.view()
        return Reply(
            200, {"data": {"currency": self._settings.money, "campaigns": [view.campaign(one) for one in wanted]}}
        )

    def _report(self, first: date, last: date, page: int) -> Reply:
        rows = self.rows(first, last)
        shown = rows[(page - 1) * PAGE : page * PAGE]
        data = {
            "currency": self._settings.money,
            "timezone": self.zone,
            "attribution_days": 7,
            "total": len(rows),
            "rows": shown,
        }
        return Reply(200, {"data": {**data, "has_more": page * PAGE < len(rows)}})


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message}})


def _damaged(reply: Reply, fault: Fault | None) -> Reply:
    """What a fault makes of a good reply."""
    if fault is None or reply.status != 200:
        return reply
    data = dict(reply.body["data"])
    key = next(name for name in ("rows", "campaigns", "items") if name in data)
    if fault is Fault.READ_EMPTY:
        data |= {key: [], "total": 0, "has_more": False}
    elif fault is Fault.MISSING_ROWS:
        data |= {key: data[key][: len(data[key]) // 2], "has_more": False}
    elif fault is Fault.READ_RESHAPED:
        old = {"rows": "cost", "campaigns": "day_budget", "items": "price"}[key]
        data[key] = [{("amount" if name == old else name): value for name, value in row.items()} for row in data[key]]
    return Reply(200, {"data": data})
