"""A request as a platform's client says it, what came back, and what that means. Values only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

__all__ = [
    "Ask",
    "Lost",
    "Meaning",
    "NotSent",
    "Payload",
    "Reply",
    "Sent",
    "Verdict",
    "ahead_of",
    "dig",
    "listed",
    "plain_verdict",
    "retry_after",
    "said_in",
]

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `operation` is the word for it in errors and logs.

    `path` is joined to the base URL unless it is a whole URL. At most one of `json`, `form`, `body` is given. `signed`
    says whether the platform's `prepare` (token, signature) is applied: not for a pre-signed address. Statuses in
    `accept` come back as they are instead of raising. `limit` bounds the body in bytes, after decompression.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)
    signed: bool = True
    accept: frozenset[int] = frozenset()
    limit: int = 64 * MEGABYTE


class Reply:
    """What came back: a status, headers (names in any case), a whole body, and when.

    `data` is the body as JSON with exact decimals (no float), None when it is none.
    """

    def __init__(
        self, operation: str, status: int, headers: Mapping[str, str], body: bytes, received_at: datetime
    ) -> None:
        self.operation = operation
        self.status = status
        self.body = body
        self.received_at = received_at
        self._headers = {name.lower(): value for name, value in headers.items()}
        self._data: Any = None
        self._is_json: bool | None = None

    def __repr__(self) -> str:
        return f"Reply({self.operation!r}, {self.status}, {len(self.body)} bytes)"

    def header(self, name: str) -> str:
        """That header, "" where there is none."""
        return self._headers.get(name.lower(), "")

    @property
    def data(self) -> Any:
        """The body as JSON, None when it cannot be read as such."""
        return self._data if self.is_json else None

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON; it is decoded once."""
        if self._is_json is None:
            try:
                self._data, self._is_json = decoded(self.body), True
            except ValueError:
                self._is_json = False
        return self._is_json


@dataclass(frozen=True, slots=True)
class Payload:
    """A decoded body, and when it came: what parse.py gets."""

    received_at: datetime
    body: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request provably never left: nothing happened."""

    reason: str
    error: str = "other"
    wait: float | None = None
    """Seconds after which it may be tried, where the platform or the circuit says so."""


@dataclass(frozen=True, slots=True)
class Lost:
    """It may have arrived; no whole reply came."""

    reason: str
    error: str = "other"


Sent = Reply | NotSent | Lost


class Meaning(StrEnum):
    """What a reply means for whoever asked."""

    OK = "ok"
    THROTTLED = "throttled"
    """Not done: too many requests."""
    EXPIRED = "expired"
    """Not done: the token is no longer good."""
    PASSING = "passing"
    """The platform has a fault that may pass; a read is asked again."""
    FAILED = "failed"
    """Asking again would not help."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reply's meaning, the reason in words, seconds to hold the account back, and the class of the failure."""

    meaning: Meaning
    reason: str = ""
    wait: float | None = None
    error: str = "other"


def plain_verdict(reply: Reply) -> Verdict:
    """What a status means by HTTP alone."""
    status = reply.status
    if 200 <= status < 300:
        return Verdict(Meaning.OK)
    words = said_in(reply)
    if status == 401:
        return Verdict(Meaning.EXPIRED, words, error="auth")
    if status == 403:
        return Verdict(Meaning.FAILED, words, error="auth")
    if status == 429:
        return Verdict(Meaning.THROTTLED, words, retry_after(reply), "throttled")
    if status >= 500 or status == 408:
        return Verdict(Meaning.PASSING, words, retry_after(reply), "http_5xx")
    return Verdict(Meaning.FAILED, words, error="http_4xx" if status >= 400 else "other")


def retry_after(reply: Reply) -> float | None:
    """The seconds of Retry-After (a number, or a date against the reply's own), None where there is none."""
    text = reply.header("Retry-After").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text)) if float(text) < 1e7 else None
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(text)
        date = reply.header("Date")
        now = parsedate_to_datetime(date) if date else reply.received_at
        return max(0.0, (until.astimezone(UTC) - now.astimezone(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def ahead_of(reply: Reply, now: datetime) -> float | None:
    """Seconds by which `now` is ahead of the reply's Date; None where it has none, or came out of a cache."""
    try:
        date = parsedate_to_datetime(reply.header("Date")) if not reply.header("Age") else None
    except (ValueError, TypeError):
        return None
    if date is None or date.tzinfo is None:
        return None
    return (now - date).total_seconds()


def said_in(reply: Reply) -> str:
    """The status and, as far as one is found, the platform's own words about an error; never a page of HTML."""
    data = reply.data[0] if isinstance(reply.data, list) and reply.data else reply.data
    found = _words(data)
    if found:
        return f"{reply.status} {found}"
    if reply.data is None and reply.body.lstrip()[:1] == b"<":
        return f"{reply.status} with a page instead of data"
    return f"{reply.status} without a reason"


def dig(value: Any, *path: str | int) -> Any:
    """The value at a path inside decoded JSON, None where there is no such path."""
    for step in path:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def listed(value: Any, *path: str | int) -> list[Any]:
    """The list at a path inside decoded JSON, an empty one where there is none."""
    found = dig(value, *path)
    return found if isinstance(found, list) else []


def decoded(body: bytes) -> Any:
    """Strict JSON: exact decimals, no NaN. Raises ValueError, also for a nesting that is no message."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError as e:
        raise ValueError("nested too deeply") from e


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no figure")


def _words(data: Any, depth: int = 0) -> str:
    """Code and message of the usual envelopes of errors, whole: half a secret would not be known for one."""
    if isinstance(data, str):
        return data
    if not isinstance(data, Mapping) or depth > 3:
        return ""
    inner = next((data[key] for key in ("error", "error_response", "errors") if data.get(key)), None)
    if isinstance(inner, list):
        inner = inner[0] if inner else None
    message = next((data[k] for k in _MESSAGES if isinstance(data.get(k), str | int) and data.get(k)), "")
    code = next((data[k] for k in ("status", "code") if isinstance(data.get(k), str | int) and data.get(k)), "")
    if inner is not None and not (isinstance(inner, str) and message):
        return _words(inner, depth + 1)
    if isinstance(inner, str):
        code = inner
    return ": ".join(str(part) for part in (code, message) if part)


_MESSAGES = ("message", "msg", "sub_msg", "error_description", "detail", "details", "description")
