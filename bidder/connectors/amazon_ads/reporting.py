"""Reports of the Amazon Ads API (reporting v3): asked for, waited for, fetched; rows out, not understood here."""

from __future__ import annotations

import re
import zlib
from datetime import date, timedelta
from typing import Any, NamedTuple

from bidder.connectors.amazon_ads import parse
from bidder.connectors.amazon_ads.settings import AmazonAdsSettings
from bidder.connectors.http import Ask, Http, Job, JobPace, JobState, Payload, Reply, dig, report_of
from bidder.connectors.http.message import decoded
from bidder.errors import ConnectorError

__all__ = ["LONGEST_REPORT", "PRODUCTS", "TARGETING", "ReportKind", "Reporting"]

LONGEST_REPORT = 31
"""Days that one report may hold."""

LARGEST_REPORT = 512 << 20
"""Bytes of a report after decompression."""

FORGOTTEN = timedelta(hours=6)
"""A report that is not ready after so long (it takes up to three hours) is asked for anew."""

CREATION_GAPS = (8.0, 16.0, 32.0)
"""Seconds between the tries of a throttled creation, after the usual ones."""

_REPORT = "application/vnd.createasyncreportrequest.v3+json"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DUPLICATE = re.compile(r"duplicate of\s*:?\s*([\w-]{1,100})", re.ASCII | re.IGNORECASE)


class ReportKind(NamedTuple):
    """A report type of Sponsored Products, what it is grouped by, and the columns beside the usual ones."""

    type: str
    group: str
    own: tuple[str, ...]
    named: str = ""
    """Added to the name that the report gets on the platform."""

    def columns(self, window: int) -> tuple[str, ...]:
        """Every column, with sales in that many days after the click."""
        keys = ("date", "campaignId", "adGroupId", *self.own)
        return (*keys, "impressions", "clicks", "cost", f"purchases{window}d", f"sales{window}d")


PRODUCTS = ReportKind("spAdvertisedProduct", "advertiser", ("advertisedAsin", "advertisedSku"))
"""By advertised product."""

TARGETING = ReportKind(
    "spTargeting", "targeting", ("keywordId", "keywordType", "keywordBid", "topOfSearchImpressionShare"), " bids"
)
"""By keyword and target."""


class Reporting:
    """Reports of one profile."""

    def __init__(self, http: Http, settings: AmazonAdsSettings) -> None:
        self.http = http
        self._settings = settings

    async def of(self, what: ReportKind, first: date, last: date) -> Payload:
        """Figures of a kind a day, at most LONGEST_REPORT days. Raises ConnectorError.

        Made by the platform in minutes or hours: what is not ready in `report_patience` is an error that waiting
        helps, and the next call goes on waiting for the same report. One that was fetched is given again for
        `report_every` hours.
        """
        job = Job(lambda: self._created(what, first, last), self._state, self._fetched)
        fresh = timedelta(hours=self._settings.report_every)
        pace = JobPace(self._settings.report_wait, self._settings.report_patience, fresh, FORGOTTEN)
        return await report_of(self.http, (what.type, first, last), job, pace)

    async def _created(self, what: ReportKind, first: date, last: date) -> str:
        """The id of the report, also of one that is being made already."""
        columns = what.columns(self._settings.attribution)
        asked = {
            "name": f"bidder{what.named} {first.isoformat()} {last.isoformat()}",
            "startDate": first.isoformat(),
            "endDate": last.isoformat(),
            "configuration": {
                "adProduct": "SPONSORED_PRODUCTS",
                "reportTypeId": what.type,
                "groupBy": [what.group],
                "timeUnit": "DAILY",
                "format": "GZIP_JSON",
                "columns": list(columns),
            },
        }
        headers = {"Content-Type": _REPORT, "Accept": "application/json"}
        ask = Ask("report", "POST", "/reporting/reports", headers=headers, json=asked, accept=frozenset({425}))
        reply = await self._asked_for(ask)
        if reply.status == 425:  # the same one is being made: a success in disguise
            said = str(dig(reply.data, "detail") or dig(reply.data, "details") or "")
            match, named = _UUID.search(said), _DUPLICATE.search(said)
            found = match[0] if match else named[1] if named else None
            if found is not None:
                parse.check_same_report(await self._status(found), self.http.account, asked)
        else:
            found = dig(reply.data, "reportId")
        if not isinstance(found, str) or not re.fullmatch(r"[\w-]{1,100}", found, re.ASCII):
            error = "schema" if reply.is_json else "decode"
            raise ConnectorError(self.http.account, "report", "reportId: missing", waiting_helps=True, error=error)
        return found

    async def _asked_for(self, ask: Ask) -> Reply:
        """The answer to a creation. Its throttle names no time, and needs longer gaps than other requests'."""
        for pause in CREATION_GAPS:
            try:
                return await self.http.read(ask)
            except ConnectorError as e:
                if e.error != "throttled" or e.wait is not None:
                    raise
            await self.http.timing.sleep(pause)
        return await self.http.read(ask)

    async def _state(self, report: str) -> JobState:
        return parse.report_state(await self._status(report), self.http.account)

    async def _status(self, report: str) -> Payload:
        return await self.http.payload(
            Ask("report", "GET", f"/reporting/reports/{report}", headers={"Accept": "application/json"})
        )

    async def _fetched(self, url: str) -> Payload | None:
        """The report's rows; None when its address has expired. Without a token: the store refuses one."""
        if not url.startswith(self._allowed()):
            self.http.fail("report", "url: expected https", error="schema")
        ask = Ask("download", "GET", url, signed=False, accept=frozenset({403}), limit=LARGEST_REPORT)
        reply = await self.http.read(ask)
        if reply.status == 403:
            return None
        rows, why = _unpacked(reply.body)
        if why:
            self.http.fail("report", why, error="decode", waiting_helps=True)
        return Payload(reply.received_at, rows)

    def _allowed(self) -> tuple[str, ...]:
        """Beginnings of addresses that are fetched from: https, and http where the API itself is a test server."""
        return ("https://", "http://") if self._settings.api.startswith("http://") else ("https://",)


def _unpacked(body: bytes) -> tuple[Any, str]:
    """The rows of a report, packed or not; or why they cannot be read."""
    try:
        plain = b""
        while body[:2] == b"\x1f\x8b":  # a packed file may be made of several, one after another
            unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
            plain += unpack.decompress(body, LARGEST_REPORT - len(plain) + 1)
            if not unpack.eof or len(plain) > LARGEST_REPORT:
                return None, "the file ends before its end, or is larger than a report may be"
            body = unpack.unused_data
        return decoded(plain or body), ""
    except (ValueError, zlib.error):
        return None, f"the file ({len(body)} bytes) cannot be read"
