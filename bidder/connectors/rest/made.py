"""Reports that a described platform makes when it is asked: asked for, waited for, fetched as rows or as a file.

How long is waited, and that the next poll goes on waiting for the same one: :mod:`bidder.connectors.http.jobs`. A file
lies at an address that the platform names, often another host's: it is fetched without any credential.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from bidder.connectors.http import Ask, Http, Payload
from bidder.connectors.http.jobs import Empty, Failed, Job, JobPace, JobState, Pending, Ready, report_of
from bidder.connectors.http.message import decoded
from bidder.connectors.rest.calls import Call, JobCall, ReportCall
from bidder.connectors.rest.meaning import is_true
from bidder.connectors.rest.path import CannotLook, found_at
from bidder.connectors.rest.template import Day, Values

__all__ = ["made"]

FORGOTTEN = timedelta(hours=6)
"""A report that is not ready after so long is asked for anew."""

LARGEST = 256 << 20
"""Bytes of a file, packed or not."""


class Speaks(Protocol):
    """What of a client is needed here."""

    http: Http

    async def one(self, operation: str, call: Call, values: Values) -> Payload:
        """The reply to a call."""

    async def listed(self, operation: str, call: ReportCall, values: Values) -> list[Payload]:
        """Every page of a list."""


async def made(client: Speaks, call: ReportCall, job: JobCall, values: Values) -> list[Payload]:
    """The pages of a report once it is made. Raises ConnectorError, one that waiting helps while it is not ready."""
    http = client.http

    async def create() -> str:
        reply = await client.one("report", job, values)
        found = _found(http, "job.id", job.id, reply)
        if isinstance(found, bool) or not isinstance(found, str | int) or not 0 < len(str(found)) <= 200:
            http.fail("report", f"job.id ({job.id}): expected an id", error="schema")
        return str(found)

    async def state(report: str) -> JobState:
        asked = job.state
        reply = await client.one("report", asked, {"job": report})
        if asked.failed is not None and is_true(asked.failed, reply.body):
            return Failed()
        if asked.empty is not None and is_true(asked.empty, reply.body):
            return Empty(reply.received_at)
        if not is_true(asked.ready, reply.body):
            return Pending()
        if asked.url is None:
            return Ready(report)
        found = _found(http, "job.state.url", asked.url, reply)
        return Ready(_address(http, asked.url, found))

    async def fetch(where: str) -> Payload | None:
        if job.state.url is not None:
            return await _file(http, where, job)
        pages = await client.listed("report", call, {"job": where})
        return Payload(pages[0].received_at, [page.body for page in pages])

    days = [one.day.date for one in values.values() if isinstance(one, Day)]
    pace = JobPace(job.wait, job.patience, timedelta(minutes=job.keep), FORGOTTEN)
    whole = await report_of(http, ("rest", call.model_dump_json(), *days), Job(create, state, fetch), pace)
    return [Payload(whole.received_at, body) for body in whole.body]


def _found(http: Http, name: str, path: str, reply: Payload) -> Any:
    try:
        return found_at(path, reply.body)
    except CannotLook as e:
        http.fail("report", f"{name} ({path}): {e}", error="schema")


def _address(http: Http, path: str, found: Any) -> str:
    """An address that is fetched from: https, or http where the API itself is a test server."""
    own = urlsplit(http.manners.base_url).scheme
    parts = urlsplit(found) if isinstance(found, str) else None
    if parts is None or parts.scheme not in ("https", own) or not parts.hostname:
        http.fail("report", f"job.state.url ({path}): expected an address with https", error="schema")
    return str(found)


async def _file(http: Http, url: str, job: JobCall) -> Payload | None:
    """A file's rows as one page; None where its address has expired."""
    reply = await http.read(Ask("download", "GET", url, signed=False, accept=frozenset({403, 404, 410}), limit=LARGEST))
    if reply.status != 200:
        return None
    try:
        plain = _unpacked(reply.body)
        body = decoded(plain) if job.file == "json" else _table(plain)
    except (ValueError, csv.Error, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as e:
        why = f"the file ({len(reply.body)} bytes) cannot be read as {job.file}: {str(e)[:100]}"
        http.fail("report", why, error="decode", waiting_helps=True)
    return Payload(reply.received_at, [body])


def _unpacked(body: bytes) -> bytes:
    """What is in a file that may be packed by gzip or zip. Raises ValueError and what those raise."""
    if body[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            files = [one for one in archive.infolist() if not one.is_dir()]
            if len(files) != 1:
                raise ValueError(f"expected one file in the archive, were {len(files)}")
            with archive.open(files[0]) as file:
                plain = file.read(LARGEST + 1)
        return _whole(plain)
    if body[:2] != b"\x1f\x8b":
        return body
    plain = b""
    while body:  # a packed file may be made of several, one after another
        unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
        plain += unpack.decompress(body, LARGEST - len(plain) + 1)
        if not unpack.eof:
            raise ValueError("it ends before its end, or is larger than a report may be")
        body = unpack.unused_data
    return _whole(plain)


def _whole(plain: bytes) -> bytes:
    if len(plain) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    return plain


def _table(plain: bytes) -> list[dict[str, str]]:
    """Rows by the names of the first line; an empty cell is left out of its row: unknown, and not zero."""
    lines = csv.reader(io.StringIO(plain.decode("utf-8-sig"), newline=""), strict=True)
    header = [one.strip() for one in next(lines, [])]
    if not any(header) or len(set(header)) < len(header):
        raise ValueError("its first line does not name each column once")
    rows = []
    for cells in lines:
        if any(cells):
            if len(cells) != len(header):
                raise ValueError(f"line {lines.line_num} has {len(cells)} cells, its header {len(header)}")
            rows.append({name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()})
    return rows
