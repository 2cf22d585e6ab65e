"""Amazon Ads as its documents describe it: media types, pages by token, 207 with a result an entry, reports in S3."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.amazon_ads import AmazonAdsReader, AmazonAdsSettings, AmazonAdsWriter
from bidder.connectors.amazon_ads.client import Client, opened
from bidder.ids import AccountId
from bidder.money import MICROS, Currency
from bidder.testing import ReadFault, WriteFault
from tests.connectors.http.fake import CANARIES, FakeHttp, State
from tests.connectors.http.server import Answer, Got, answer

__all__ = ["PROFILE", "FakeAmazonAds"]

PROFILE = "1234567890123"
SIGNATURE = "canary-signature-5b21"
MEDIA = "application/vnd.spCampaign.v3+json"
_STATES = {BudgetStatus.ACTIVE: "ENABLED", BudgetStatus.PAUSED: "PAUSED", BudgetStatus.REMOVED: "ARCHIVED"}


class FakeAmazonAds(FakeHttp):
    """One profile with three campaigns."""

    faults = frozenset({ReadFault.MISSING_ROWS, ReadFault.ENDED})
    secrets = (*FakeHttp.secrets, SIGNATURE)
    page = 2

    def __init__(self, zone: str = "America/Los_Angeles", currency: str = "USD", country: str = "US") -> None:
        account = Account(AccountId("amz"), "amazon_ads", Currency(currency), zone)
        big = 100 if currency == "JPY" else 1
        natives = ["218293333782001", "218293333782002", "218293333782006"]
        states = {native: State((80 + 7 * k) * MICROS * big) for k, native in enumerate(natives)}
        super().__init__(account, states, datetime(2026, 10, 15, 20, 0, tzinfo=UTC))
        self.country = country
        self.reports: dict[str, dict[str, Any]] = {}
        self.pending_asks = 0
        """How often a report says that it is being made before it is ready."""
        self.expired_urls = 0
        """How many addresses have expired before they are used."""
        self.creations = 0
        self.groups = 1
        """In how many ad groups (rows) each planted row is told."""
        self.total: int | None = None
        self.float_noise = False

    def settings(self, **more: Any) -> AmazonAdsSettings:
        keys: dict[str, Any] = {
            "profile_id": int(PROFILE),
            "credentials": {name: CANARIES[name] for name in ("client_id", "client_secret", "refresh_token")},
            "base_url": self.server.url,
            "token_url": f"{self.server.url}/token",
            "attempts": 1,
            "report_every": 0,
        }
        return AmazonAdsSettings.model_validate({**keys, **more})

    def client(self, **more: Any) -> Client:
        settings = self.settings(**more)
        http = opened(self.account, settings, self.timing)
        self.closing.append(http.close)
        return Client(http, settings)

    def reader(self, **more: Any) -> AmazonAdsReader:
        return AmazonAdsReader(self.client(**more), self.account, self.settings(**more))

    def writer(self) -> AmazonAdsWriter:
        return AmazonAdsWriter(self.client(), self.account)

    # ---- what the platform answers

    def is_write(self, got: Got) -> bool:
        return got.method == "PUT"

    def is_report(self, got: Got) -> bool:
        wanted = "/reporting/reports/" if self.reading[:1] == [ReadFault.NOT_READY] else "/s3/"
        return got.path.startswith(wanted)

    def _needs_token(self, got: Got) -> bool:
        return not got.path.startswith("/s3/")

    def unauthorized(self, got: Got) -> Answer:
        return answer({"code": "UNAUTHORIZED", "details": "The access token has expired."}, 401)

    def error(self, got: Got) -> Answer:
        return answer({"code": "500", "details": "Internal error"}, 500)

    def throttled(self, got: Got, *, long: bool) -> Answer:
        return answer({"code": "429", "details": "Too Many Requests"}, 429, Retry_After="3600" if long else "1")

    def reshaped(self, text: str) -> str:
        raise AssertionError("a report is packed")

    def _read(self, got: Got) -> Answer:
        if self.reading[:1] == [ReadFault.RESHAPED] and self.is_report(got):
            self.reading.pop(0)
            rows = json.loads(gzip.decompress(self._download(got).body))
            return Answer(
                200,
                gzip.compress(
                    json.dumps([{("spend" if k == "cost" else k): v for k, v in row.items()} for row in rows]).encode()
                ),
            )
        return super()._read(got)

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        if got.path.startswith("/s3/"):
            return self._download(got)
        if got.headers.get("Amazon-Advertising-API-ClientId") != CANARIES["client_id"]:
            return answer({"code": "401", "details": "No ClientId"}, 401)
        if got.path == "/v2/profiles":
            other = {"profileId": 99, "countryCode": "CA", "currencyCode": "CAD", "timezone": "America/Toronto"}
            mine = {
                "profileId": int(PROFILE),
                "countryCode": self.country,
                "currencyCode": self.currency,
                "timezone": self.zone,
            }
            return answer([other, mine])
        if got.headers.get("Amazon-Advertising-API-Scope") != PROFILE:
            return answer({"code": "UNAUTHORIZED", "details": "Scope header is missing"}, 401)
        if got.path == "/sp/campaigns/list":
            return self._list(got)
        if got.path == "/reporting/reports":
            return self._create(got)
        return self._state(got, fault)

    def _list(self, got: Got) -> Answer:
        if got.headers.get("Content-Type") != MEDIA or got.headers.get("Accept") != MEDIA:
            return answer({"code": "415"}, 415)
        body = got.json
        states = body.get("stateFilter", {}).get("include", list(_STATES.values()))
        wanted = body.get("campaignIdFilter", {}).get("include", list(self.states))
        found = [n for n, s in self.states.items() if n in wanted and _STATES[s.status] in states]
        begin = int(body.get("nextToken", "0"))
        end = begin + min(self.page, body["maxResults"])
        said: dict[str, Any] = {"totalResults": len(found) if self.total is None else self.total}
        said["campaigns"] = [self._campaign(native) for native in found[begin:end]]
        if end < len(found):
            said["nextToken"] = str(end)
        return answer(said)

    def _campaign(self, native: str) -> dict[str, Any]:
        state = self.states[native]
        budget = {} if state.micros is None else {"budget": state.micros / MICROS, "budgetType": "DAILY"}
        return {
            "campaignId": native,
            "name": f"SP {native[-3:]}",
            "state": _STATES[state.status],
            "targetingType": "AUTO",
            "budget": budget,
            "dynamicBidding": {"strategy": "LEGACY_FOR_SALES", "placementBidding": []},
        }

    def _create(self, got: Got) -> Answer:
        asked = got.json
        assert got.headers["Content-Type"] == "application/vnd.createasyncreportrequest.v3+json"
        self.creations += 1
        first, last = (datetime.fromisoformat(asked[name]) for name in ("startDate", "endDate"))
        if (last - first).days > 30:
            return answer({"code": "400", "detail": "configuration maximum range is 31 days"}, 400)
        for known, one in self.reports.items():
            if one["asked"] == asked and not one["done"]:
                return answer({"code": "425", "detail": f"The Request is a duplicate of : {known}"}, 425)
        number = str(UUID(int=len(self.reports) + 1))
        self.reports[number] = {"asked": asked, "done": False, "asks": self.pending_asks}
        return answer({"reportId": number, "status": "PENDING", "url": None, **asked})

    def _state(self, got: Got, fault: ReadFault | None) -> Answer:
        number = got.path.rpartition("/")[2]
        one = self.reports[number]
        if fault is ReadFault.NOT_READY:
            one["asks"] = 10**6
        if one["asks"] > 0:
            one["asks"] -= 1
            return answer({"reportId": number, "status": "PROCESSING", "url": None, **one["asked"]})
        one["done"] = True
        url = f"{self.server.url}/s3/{number}.json.gz?X-Amz-Signature={SIGNATURE}"
        return answer({"reportId": number, "status": "COMPLETED", "url": url, **one["asked"]})

    def _download(self, got: Got) -> Answer:
        if "Authorization" in got.headers:
            return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>")
        if self.expired_urls:
            self.expired_urls -= 1
            return Answer(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
        asked = self.reports[got.path.removeprefix("/s3/").removesuffix(".json.gz")]["asked"]
        names = asked["configuration"]["columns"]
        rows = [
            row
            for one in self.planted
            for row in self._figures(one)
            if asked["startDate"] <= row["date"] <= asked["endDate"]
        ]
        return Answer(
            200,
            gzip.compress(json.dumps([{name: row[name] for name in names if name in row} for row in rows]).encode()),
        )

    def _figures(self, row: Any) -> list[dict[str, Any]]:
        p, parts = row.performance, self.groups
        cents = [p.spend.micros // 10_000 // parts + (k < p.spend.micros // 10_000 % parts) for k in range(parts)]
        return [
            {
                "date": row.day.isoformat(),
                "campaignId": int(row.budget.native),
                "adGroupId": 500 + k,
                "advertisedAsin": "B0TEST",
                "advertisedSku": row.product,
                "impressions": p.impressions if k == 0 else 0,
                "clicks": p.clicks if k == 0 else 0,
                "cost": cents[k] / 100 + (1e-9 if self.float_noise else 0),
                "purchases7d": p.orders if k == 0 else 0,
                "sales7d": p.revenue.micros / MICROS if k == 0 else 0,
            }
            for k in range(parts)
        ]

    def product(self, budget: Any) -> Any:
        return f"sku-{budget.native[-3:]}"

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        assert got.path == "/sp/campaigns"
        assert got.headers["Content-Type"] == got.headers["Accept"] == MEDIA
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for place, one in enumerate(got.json["campaigns"]):
            native = one["campaignId"]
            assert isinstance(native, str)
            kind = self._refusal(native, one["budget"]["budget"])
            if fault is WriteFault.PARTIAL:
                kind = "budgetError"
            if kind:
                value = {
                    kind: {
                        "reason": "TOO_LOW",
                        "message": "No.",
                        "lowerLimit": "1",
                        "cause": {"location": f"$.campaigns[{place}]"},
                    }
                }
                bad.append({"index": place, "errors": [{"errorType": kind, "errorValue": value}]})
                continue
            whole = one["budget"].get("budgetType") == "DAILY"
            self.apply(native, round(one["budget"]["budget"] * MICROS) if whole else None, fault)
            good.append({"index": place, "campaignId": native})
        return answer({"campaigns": {"success": good, "error": bad}}, 207)

    def _refusal(self, native: str, amount: float) -> str:
        if native not in self.states:
            return "entityNotFoundError"
        if self.states[native].status is BudgetStatus.REMOVED:
            return "entityStateError"
        return "rangeError" if amount < (100 if self.currency == "JPY" else 1) else ""
