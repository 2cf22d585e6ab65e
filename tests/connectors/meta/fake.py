"""The Marketing API as its documents describe it: edges with cursors, budgets in minor units, throttles with 400."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.meta import MetaReader, MetaSettings, MetaWriter
from bidder.connectors.meta.client import Client, opened
from bidder.ids import AccountId
from bidder.money import Currency
from bidder.testing import ReadFault, Row, WriteFault
from tests.connectors.http.fake import FakeHttp, State
from tests.connectors.http.server import Answer, Got, answer

__all__ = ["KEYS", "NUMBER", "FakeMeta", "failure"]

NUMBER = "1234567890"
KEYS = {"access_token": "canary-token-93be", "app_secret": "canary-app-93be"}
_STATES = {BudgetStatus.ACTIVE: "ACTIVE", BudgetStatus.PAUSED: "PAUSED", BudgetStatus.REMOVED: "DELETED"}
_WHOLE = ("JPY", "KRW", "TWD", "CLP", "COP", "CRC", "HUF", "IDR", "ISK", "PYG", "VND")


def failure(code: int | str, message: str = "No.", status: int = 400, **more: Any) -> Answer:
    """The envelope of an error."""
    said = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Ax1", **more}
    return answer({"error": said}, status)


class FakeMeta(FakeHttp):
    """Campaign 230001 holds the budget of its ad sets; those of 230002 have their own; 230003 is over a lifetime."""

    faults = frozenset({ReadFault.EXPIRED, WriteFault.EXPIRED, ReadFault.NOT_READY, WriteFault.PARTIAL})
    secrets = tuple(KEYS.values())
    rows_a_page = 150
    more: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, zone: str = "America/New_York", currency: str = "USD") -> None:
        account = Account(AccountId("meta"), "meta", Currency(currency), zone)
        self.unit = 1_000_000 if currency in _WHOLE else 10_000
        amounts = {"230001": 8000, "231021": 4550, "231022": 12000}
        states = {native: State(amount * self.unit) for native, amount in amounts.items()}
        super().__init__(account, states, datetime(2026, 10, 15, 20, 0, tzinfo=UTC))
        self.campaigns = {"230001": "daily", "230002": "", "230003": "lifetime"}
        self.adsets = {
            "231011": "230001",
            "231012": "230001",
            "231021": "230002",
            "231022": "230002",
            "231031": "230003",
        }
        self.minimum = 100
        self.usage: dict[str, str] = {}
        self.deleted: set[str] = set()
        """Ad sets whose figures are left out unless they are asked for."""
        self.products: dict[str, int] = {}
        """Shares (in percent) of all rows, by product."""
        self.shares = [100, 0]
        """What the two ad sets of a campaign have of its rows, in percent; days without delivery have no row."""
        self.posted: list[str] = []
        self.job: dict[str, str] = {}
        self.jobs = 0
        self.jobs_not_done = 0
        self.too_much = False

    def settings(self, **more: Any) -> MetaSettings:
        keys: dict[str, Any] = {
            "ad_account_id": f"act_{NUMBER}",
            "credentials": KEYS,
            "base_url": self.server.url,
            "attempts": 1,
            "requests_per_second": 1000,
        }
        return MetaSettings.model_validate({**keys, **self.more, **more})

    def client(self, **more: Any) -> Client:
        settings = self.settings(**more)
        http = opened(self.account, settings, self.timing)
        self.closing.append(http.close)
        return Client(http, settings)

    def reader(self, **more: Any) -> MetaReader:
        return MetaReader(self.client(**more), self.account)

    def writer(self, **more: Any) -> MetaWriter:
        return MetaWriter(self.client(**more), self.account)

    # ---- what the platform answers

    def is_write(self, got: Got) -> bool:
        return got.method != "GET" and not got.path.endswith("/insights")

    def is_report(self, got: Got) -> bool:
        level = got.query.get("level") or self.job.get("level")
        return got.path.endswith("/insights") and got.method == "GET" and level != "account"

    def unauthorized(self, got: Got) -> Answer:
        return failure(190, "Error validating access token: Session has expired.", 401, error_subcode=463)

    def error(self, got: Got) -> Answer:
        return failure(2, "An unexpected error has occurred. Please retry later.", 500, is_transient=True)

    def ended(self, got: Got) -> Answer:
        return failure(2635, "You are calling a deprecated version of the Ads API.")

    def throttled(self, got: Got, *, long: bool) -> Answer:
        kind = "ads_management" if self.is_write(got) else "ads_insights"
        entry = {"type": kind, "call_count": 100, "total_cputime": 20, "total_time": 30}
        entry["estimated_time_to_regain_access"] = 60 if long else 1
        said = failure(80004 if self.is_write(got) else 80000, "There have been too many calls to this ad-account.")
        return Answer(said.status, said.body, {"X-Business-Use-Case-Usage": json.dumps({NUMBER: [entry]})})

    def reshaped(self, text: str) -> str:
        return text.replace('"spend"', '"cost"')

    def _handled(self, got: Got) -> Answer:
        proof = got.query.get("appsecret_proof", "")
        assert len(proof) == 64, "this app asks for a proof"
        assert "access_token" not in got.query, "a token in an address is in every log"
        found = super()._handled(got)
        return Answer(found.status, found.body, {**self.usage, **found.headers}, cut=found.cut)

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        path = got.path.removeprefix("/v25.0")
        if path == got.path:
            return failure(2635, "You are calling an unknown version.")
        match path.strip("/").split("/"):
            case [name] if name == f"act_{NUMBER}":
                about = {"id": name, "currency": self.currency, "timezone_name": self.zone, "account_status": 1}
                return answer({**about, "min_daily_budget": self.minimum})
            case [name, "campaigns"] if name == f"act_{NUMBER}":
                return self._page(got, [self._campaign(one) for one in self.campaigns if self._listed(one)], fault)
            case [name, "adsets"] if name == f"act_{NUMBER}":
                return self._page(got, [self._adset(one) for one in self.adsets if self._listed(one)], fault)
            case [name, "insights"] if name == f"act_{NUMBER}":
                if got.method == "POST":
                    self.jobs += 1
                    self.job = dict(parse_qsl(got.body.decode()))
                    return answer({"report_run_id": f"602{self.jobs}"})
                if self.too_much:
                    return failure(1, "Please reduce the amount of data you're asking for", 500)
                return self._page(got, self._insights(got.query), fault)
            case [run, "insights"] if run == f"602{self.jobs}":
                return self._page(got, self._insights(self.job), fault)
            case [run] if run == f"602{self.jobs}":
                self.jobs_not_done -= 1
                done = self.jobs_not_done < 0
                status = "Job Completed" if done or self.jobs_not_done == 0 else "Job Running"
                return answer({"id": run, "async_status": status, "async_percent_completion": 100 if done else 80})
            case [native] if native in self.campaigns:
                return answer(self._campaign(native))
            case [native] if native in self.adsets:
                found = self._adset(native)
                return answer({name: found[name] for name in got.query["fields"].split(",") if name in found})
        return failure(100, "Unsupported get request. Object does not exist", error_subcode=33)

    def _page(self, got: Got, rows: list[dict[str, Any]], fault: ReadFault | None) -> Answer:
        begin = int(got.query.get("after", "c0").removeprefix("c"))
        size = min(int(got.query["limit"]), self.rows_a_page)
        chosen = rows[begin : begin + size]
        if fault is ReadFault.MISSING_ROWS:
            chosen = chosen[:-1]
        paging: dict[str, Any] = {"cursors": {"before": f"c{begin}", "after": f"c{begin + size}"}}
        if begin + size < len(rows):
            paging["next"] = f"{self.server.url}{got.path}?access_token={KEYS['access_token']}&after=c{begin + size}"
        return answer({"data": chosen, "paging": paging})

    def _listed(self, native: str) -> bool:
        return native not in self.states or self.states[native].status is not BudgetStatus.REMOVED

    def _budget(self, native: str) -> dict[str, str]:
        state = self.states.get(native)
        if state is None or state.micros is None:
            return {}
        return {"daily_budget": str(state.micros // self.unit), "lifetime_budget": "0"}

    def _status(self, native: str) -> dict[str, str]:
        word = _STATES[self.states[native].status] if native in self.states else "ACTIVE"
        return {"status": word, "effective_status": word}

    def _campaign(self, native: str) -> dict[str, Any]:
        own = {"daily_budget": "0", "lifetime_budget": "500000"} if self.campaigns[native] == "lifetime" else {}
        bid = {"bid_strategy": "COST_CAP" if native == "230002" else "LOWEST_COST_WITHOUT_CAP"}
        return {
            "id": native,
            "name": f"campaign {native}",
            **self._status(native),
            **self._budget(native),
            **own,
            **bid,
        }

    def _adset(self, native: str) -> dict[str, Any]:
        about = {"id": native, "name": f"ad set {native}", "campaign_id": self.adsets[native]}
        return {**about, **self._status(native), **self._budget(native)}

    def _insights(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        assert query["time_increment"] == "1"
        between = json.loads(query["time_range"])
        found = []
        for row in self.planted:
            if not between["since"] <= row.day.isoformat() <= between["until"]:
                continue
            parts = self._parts(row)
            if query["level"] == "account":
                found.append(self._figures(row, 100))
            elif "breakdowns" in query:
                found += [
                    {**about, **self._figures(row, share * part // 100), "product_id": f"{item}, Kettle"}
                    for item, part in self.products.items()
                    for about, share in parts
                ]
            elif query.get("filtering"):
                found += [
                    {**about, **self._figures(row, share)}
                    for about, share in parts
                    if about["adset_id"] in self.deleted
                ]
            else:
                found += [
                    {**about, **self._figures(row, share)}
                    for about, share in parts
                    if about["adset_id"] not in self.deleted
                ]
        return found

    def _parts(self, row: Row) -> list[tuple[dict[str, str], int]]:
        """The ad sets that a planted row is of, with their shares in percent."""
        native = row.budget.native
        under = [one for one, campaign in self.adsets.items() if native in (one, campaign)]
        shares = [100] if len(under) == 1 else self.shares
        return [
            (
                {"adset_id": one, "adset_name": f"ad set {one}", "campaign_id": self.adsets[one], "campaign_name": "c"},
                share,
            )
            for one, share in zip(under, shares, strict=True)
            if share
        ]

    def _figures(self, row: Row, share: int) -> dict[str, Any]:
        p = row.performance
        assert p.spend is not None
        assert p.revenue is not None
        assert p.impressions is not None
        assert p.clicks is not None
        assert p.orders is not None
        orders = f"{int(p.orders) * share // 100}"
        paid = f"{p.revenue.micros * share / 100 / 1e6:.2f}"
        kinds = ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase", "link_click")
        return {
            "date_start": row.day.isoformat(),
            "date_stop": row.day.isoformat(),
            "spend": f"{p.spend.micros * share / 100 / 1e6:.2f}",
            "impressions": str(p.impressions * share // 100),
            "clicks": str(p.clicks * share // 100),
            **({"actions": [{"action_type": kind, "value": orders} for kind in kinds]} if p.orders else {}),
            **({"action_values": [{"action_type": kind, "value": paid} for kind in kinds[:2]]} if p.orders else {}),
        }

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        native = got.path.removeprefix("/v25.0/")
        form = dict(parse_qsl(got.body.decode()))
        self.posted.append(got.body.decode())
        assert set(form) == {"daily_budget"}, "nothing else in the body"
        state = self.states.get(native)
        if state is None or state.status is BudgetStatus.REMOVED:
            return failure(100, "Object does not exist", error_subcode=33)
        if not form["daily_budget"].isdigit() or int(form["daily_budget"]) < self.minimum:
            return failure(100, "Invalid parameter", error_subcode=1885272, error_user_msg="Your budget is too low.")
        self.apply(native, int(form["daily_budget"]) * self.unit, fault)
        return answer({"success": True})

    def apply(self, native: str, micros: int | None, fault: WriteFault | None) -> None:
        """Amounts are whole units there, also where more is set than was asked."""
        super().apply(native, micros, fault)
        stored = self.states[native].micros
        self.states[native].micros = None if stored is None else stored // self.unit * self.unit


class FakeMetaJobs(FakeMeta):
    """Figures come by jobs alone."""

    faults = frozenset({ReadFault.EXPIRED, WriteFault.EXPIRED, WriteFault.PARTIAL})

    def fail_next_read(self, fault: ReadFault) -> None:
        """A job that is never done stays so."""
        if fault is ReadFault.NOT_READY:
            self.jobs_not_done = 10_000
        else:
            super().fail_next_read(fault)

    more: Mapping[str, Any] = MappingProxyType({"reports": "job"})
