"""Meta with ad sets that are bid by a ROAS goal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from bidder.bidding import LeverId, LeverKind
from bidder.testing import NotOffered, Row, WriteFault
from bidder.testing.lever_platform import LeverRow
from tests.connectors.http.server import Answer, Got, answer
from tests.connectors.meta.fake import FakeMeta, failure

__all__ = ["FakeMetaGoals"]


class FakeMetaGoals(FakeMeta):
    """231011 and 231012 share their campaign's budget; 231021 and 231022 have their own; 231031's is over a lifetime.
    231022 has a cost cap instead.
    """

    def __init__(self, zone: str = "America/New_York", currency: str = "USD") -> None:
        super().__init__(zone, currency)
        self.goals = {"231011": 30_000, "231012": 25_500, "231021": 41_000, "231031": 20_000}
        self.resting: dict[str, str] = {}
        self.lever_rows: list[LeverRow] = []

    def _adset(self, native: str) -> dict[str, Any]:
        found = super()._adset(native)
        if native in self.resting:
            found |= dict.fromkeys(("status", "effective_status"), self.resting[native])
        if native not in self.goals:
            return {**found, "bid_strategy": "COST_CAP"}
        bid = {"bid_strategy": "LOWEST_COST_WITH_MIN_ROAS"}
        return {**found, **bid, "bid_constraints": {"roas_average_floor": self.goals[native]}}

    def _listed(self, native: str) -> bool:
        return self.resting.get(native) != "DELETED" and super()._listed(native)

    def _insights(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        between = json.loads(query["time_range"])
        found = []
        for row in self.lever_rows:
            if between["since"] <= row.day.isoformat() <= between["until"]:
                native = row.lever.native
                about = {"adset_id": native, "campaign_id": self.adsets[native]}
                figures = self._figures(Row(row.day, self.budgets[0], None, row.performance), 100)
                found.append({**about, **figures})
        return found or super()._insights(query)

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        form = dict(parse_qsl(got.body.decode()))
        if "bid_constraints" not in form:
            return super().written(got, fault)
        assert set(form) == {"bid_constraints"}, "nothing else in the body"
        native, constraints = got.path.removeprefix("/v25.0/"), json.loads(form["bid_constraints"])
        assert set(constraints) == {"roas_average_floor"}
        if native not in self.adsets or self.resting.get(native) == "DELETED":
            return failure(100, "Object does not exist", error_subcode=33)
        floor = constraints["roas_average_floor"]
        if not isinstance(floor, int) or floor < 100:
            return failure(100, "Invalid parameter", error_subcode=1885272)
        if fault is WriteFault.RAISED:
            floor = floor * 11 // 10 // 100 * 100
        if fault is not WriteFault.SILENT_NOOP:
            self.goals[native] = floor
        return answer({"success": True})

    def fail_next_write(self, fault: WriteFault | Any) -> None:
        if fault is WriteFault.PARTIAL:
            raise NotOffered("one object a call: nothing is partial")
        super().fail_next_write(fault)

    # ---- the handles

    @property
    def levers(self) -> Sequence[LeverId]:
        daily = [native for native in self.goals if native != "231031"]
        return [LeverId(self.account.id, LeverKind.TARGET_ROAS, native) for native in daily]

    @property
    def inheriting(self) -> LeverId | None:
        return None

    @property
    def figured(self) -> Sequence[LeverId]:
        return self.levers

    def lever_in_force(self, lever: LeverId) -> int:
        return self.goals[lever.native] * 100

    def edit_lever(self, lever: LeverId, value: int) -> None:
        self.goals[lever.native] = value // 100

    def lever_active(self, lever: LeverId) -> bool:
        return lever.native not in self.resting

    def pause_lever(self, lever: LeverId) -> None:
        self.resting[lever.native] = "PAUSED"

    def remove_lever(self, lever: LeverId) -> None:
        self.resting[lever.native] = "DELETED"

    def report_levers(self, rows: Sequence[LeverRow]) -> None:
        self.lever_rows = list(rows)
