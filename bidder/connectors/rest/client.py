"""Requests as a description has them: places filled, pages followed. Bodies out, nothing understood."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from bidder.catalog import Account
from bidder.connectors.http import Ask, Http, Manners, Payload, Reply, Sent, Timing
from bidder.connectors.rest.auth import prepared, recipe, secrets_of
from bidder.connectors.rest.calls import Call, ListCall, Paging, ReportCall
from bidder.connectors.rest.made import made
from bidder.connectors.rest.meaning import is_true, judged_by
from bidder.connectors.rest.path import CannotLook, found_at
from bidder.connectors.rest.row import raw_rows
from bidder.connectors.rest.settings import RestSettings, RestShopSettings
from bidder.connectors.rest.template import Values, filled

__all__ = ["Client", "asked", "opened"]

_MOST_PAGES = 10_000


def opened(account: Account, settings: RestSettings | RestShopSettings, timing: Timing | None = None) -> Http:
    """The network of one account. Opens nothing yet."""
    known = {name: secret.get_secret_value() for name, secret in settings.credentials.items()}
    now = (timing or Timing()).wall
    manners = Manners(
        settings.base_url,
        verdict=judged_by(settings.replies),
        prepare=prepared(settings.auth, known, settings.base_url, now),
        tokens=recipe(settings.auth, known),
        rate=5.0,
    )
    return Http(account.id, manners.as_set(settings), secrets=secrets_of(settings.auth, known), timing=timing)


def asked(operation: str, call: Call, values: Values, headers: Mapping[str, str]) -> Ask:
    """The request of a call, its places filled."""
    return Ask(
        operation,
        call.method,
        filled(call.path, values, quoted=lambda text: quote(text, safe="")),
        query=_texts(call.query, values),
        headers={"Accept": "application/json", **headers, **_texts(call.headers, values)},
        json=filled(call.body, values),
        form=None if call.form is None else _texts(call.form, values),
    )


def _texts(given: Mapping[str, str], values: Values) -> dict[str, str]:
    found = filled(given, values)
    return {name: str(value) for name, value in found.items()}


class Client:
    """Speaks to one account of the platform."""

    def __init__(self, http: Http, settings: RestSettings | RestShopSettings) -> None:
        self.http = http
        self.settings = settings
        self._closed = False

    async def one(self, operation: str, call: Call, values: Values) -> Payload:
        """The reply to a call. Raises ConnectorError."""
        return await self.http.payload(asked(operation, call, values, self.settings.headers))

    async def pages(self, operation: str, call: ListCall, values: Values) -> list[Payload]:
        """Every page of a list, of a report once it is made. Raises ConnectorError."""
        if isinstance(call, ReportCall) and call.job is not None:
            return await made(self, call, call.job, values)
        return await self.listed(operation, call, values)

    async def listed(self, operation: str, call: ListCall, values: Values) -> list[Payload]:
        """Every page of a list. Raises ConnectorError."""
        return [page async for page in self._pages(operation, call, values)]

    async def write(self, operation: str, call: Call, values: Values) -> Sent:
        """Sent once, whatever comes back."""
        return await self.http.write(asked(operation, call, values, self.settings.headers))

    async def close(self) -> None:
        """Gives the connection back; again is no error."""
        if not self._closed:
            self._closed = True
            await self.http.close()

    async def _pages(self, operation: str, call: ListCall, values: Values) -> AsyncIterator[Payload]:
        ask = asked(operation, call, values, self.settings.headers)
        turn, before = _Turn.first(call.paging), b""
        for _ in range(_MOST_PAGES):
            reply = await self.http.read(turn.put(ask))
            if not reply.is_json:
                what = "is no JSON" if reply.body.strip() else "is empty"
                self.http.fail(operation, f"the reply {what}", error="decode", waiting_helps=True)
            if call.complete is not None and not is_true(call.complete, reply.data):
                self.http.fail(operation, "it is not whole yet, says the reply", error="timeout", waiting_helps=True)
            yield Payload(reply.received_at, reply.data)
            following = self._next(operation, call, turn, reply)
            if following is None:
                return
            if reply.body == before:  # a platform that does not know the page's name answers the first for ever
                self.http.fail(operation, "paging: the same page again", error="schema")
            turn, before = following, reply.body
        self.http.fail(operation, f"more than {_MOST_PAGES} pages", error="schema")

    def _next(self, operation: str, call: ListCall, turn: _Turn, reply: Reply) -> _Turn | None:
        paging = call.paging
        if paging is None:
            return None
        match paging.by:
            case "cursor" | "url":
                told = self._told(operation, paging, reply)
                if told is None or (paging.more is not None and not is_true(paging.more, reply.data)):
                    return None
                found = turn.at(self._own(operation, told)) if paging.by == "url" else turn.on(told)
            case "link":
                address = _link(reply.header("Link"))
                if address is None:
                    return None
                found = turn.at(self._own(operation, address))
            case _:
                rows = len(raw_rows(call, Payload(reply.received_at, reply.data), self.http.account, operation))
                if not rows or not _follows(paging, turn.number, rows, reply):
                    return None
                found = turn.on(str(turn.number + (1 if paging.by == "page" else rows)))
        if found == turn:
            self.http.fail(operation, "paging: the same page again", error="schema")
        return found

    def _told(self, operation: str, paging: Paging, reply: Reply) -> str | None:
        assert paging.next is not None
        try:
            found = found_at(paging.next, reply.data)
        except CannotLook as e:
            self.http.fail(operation, f"paging.next ({paging.next}): {e}", error="schema")
        if found is None or found is False or found == "":
            return None
        if not isinstance(found, str | int) or isinstance(found, bool):
            self.http.fail(operation, f"paging.next ({paging.next}): expected text", error="schema")
        return str(found)

    def _own(self, operation: str, address: str) -> str:
        """The next page's address. A token goes to no other host, whatever a reply says."""
        whole = urljoin(f"{self.settings.base_url}/", address)
        own, other = urlsplit(self.settings.base_url), urlsplit(whole)
        if (own.scheme, own.netloc) != (other.scheme, other.netloc):
            self.http.fail(operation, f"paging: the next page is at another host, {other.hostname}", error="schema")
        return whole


@dataclass(frozen=True, slots=True)
class _Turn:
    """Which page comes: a cursor or number put into the request, or an address of its own."""

    paging: Paging | None
    value: str | None = None
    address: str | None = field(default=None, repr=False)

    @classmethod
    def first(cls, paging: Paging | None) -> _Turn:
        if paging is not None and paging.by in ("page", "offset"):
            return cls(paging, str(paging.first if paging.by == "page" else 0))
        return cls(paging)

    @property
    def number(self) -> int:
        return int(self.value or 0)

    def on(self, value: str) -> _Turn:
        return replace(self, value=value)

    def at(self, address: str) -> _Turn:
        return replace(self, address=address)

    def put(self, ask: Ask) -> Ask:
        """The request for this page."""
        if self.address is not None:
            parts = urlsplit(self.address)
            path = f"{parts.scheme}://{parts.netloc}{parts.path}"
            return replace(ask, path=path, query=dict(parse_qsl(parts.query, keep_blank_values=True)))
        if self.paging is None or self.value is None or self.paging.name is None:
            return ask
        name, value = self.paging.name, self.value
        match self.paging.place:
            case "json":
                given: dict[str, Any] = ask.json if isinstance(ask.json, dict) else {}
                same = given.get(name)
                typed = (
                    int(value)
                    if value.isdigit() and not isinstance(same, str) and self.paging.by != "cursor"
                    else value
                )
                return replace(ask, json={**given, name: typed})
            case "form":
                return replace(ask, form={**(ask.form or {}), name: value})
        return replace(ask, query={**ask.query, name: value})


def _follows(paging: Paging, number: int, rows: int, reply: Reply) -> bool:
    """Whether there is a page after this one, as far as it is told."""
    if paging.more is not None:
        return is_true(paging.more, reply.data)
    if paging.pages is not None:
        try:
            found = found_at(f"to_number({paging.pages})", reply.data)
        except CannotLook:
            found = None
        return found is not None and number - paging.first + 1 < found
    return paging.size is not None and rows >= paging.size


def _link(header: str) -> str | None:
    """The address of rel="next" in a Link header (RFC 8288)."""
    for address, attributes in re.findall(r"<([^<>]*)>([^<]*)", header):
        words = {one.strip().rstrip(",").replace('"', "").lower() for one in attributes.split(";")}
        if "rel=next" in words:
            return str(address)
    return None
