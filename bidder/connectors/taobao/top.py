"""Taobao's open platform (TOP) as a protocol: the signed form, the envelope of replies, what its error codes mean.

One address, a form whose parameters are signed, HTTP 200 for errors too. A reply stands under a root key and lists are
wrapped, or not, depending on `simplify`: every shape is taken.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from bidder.connectors.body import Node
from bidder.connectors.http import Ask, Meaning, Reply, Token, TokenRecipe, Verdict, dig, plain_verdict
from bidder.connectors.taobao.settings import SignMethod, TaobaoSettings

__all__ = [
    "BEIJING",
    "NO_PERMISSION",
    "error_of",
    "listed",
    "prepare",
    "proves_refusal",
    "renewal",
    "sign",
    "unwrapped",
]

BEIJING = timezone(timedelta(hours=8))
"""All instants and days of the platform are in GMT+8, which has no summer time."""

NO_PERMISSION = "isv.permission-api-package-limit"
"""The app has not been given the package of methods that this one is in."""

SHORT_BAN = 1.5
"""Seconds to wait where a throttle names none."""

_BAN = re.compile(r"ban will last for (\d{1,7}) more second")

_SIGNATURE = re.compile(r"(?<![0-9A-F])[0-9A-F]{32}(?:[0-9A-F]{32})?(?![0-9A-F])")
"""Some errors repeat what they were sent."""

_THROTTLES = frozenset({4, 5, 6, 7, 8})
_SESSION = frozenset({26, 27})
_PERMISSION = frozenset({11, 12, 13})
_KEYS = frozenset({25, 28, 29})
_BAD_REQUEST = frozenset({9, *range(21, 26), *range(28, 35), 40, 41, 43})
_HINTS = {
    22: "the platform no longer knows this method",
    25: "check app_secret, and sign_method under the account",
    28: "check app_key",
    29: "check app_key",
    31: "check this computer's clock",
}


def sign(parameters: Mapping[str, str], secret: str, method: SignMethod) -> str:
    """The signature over all parameters, sorted by name: upper-case hex."""
    text = "".join(name + value for name, value in sorted(parameters.items()) if value)
    match method:
        case SignMethod.MD5:
            whole = f"{secret}{text}{secret}".encode()
            return hashlib.md5(whole, usedforsecurity=False).hexdigest().upper()  # the platform's own scheme
        case SignMethod.HMAC:
            return hmac.new(secret.encode(), text.encode(), hashlib.md5).hexdigest().upper()
        case SignMethod.HMAC_SHA256:
            return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest().upper()


def prepare(settings: TaobaoSettings, now: Callable[[], datetime]) -> Callable[[Ask, str], Ask]:
    """Adds the system's parameters and the signature to each try: its timestamp may be ten minutes off at most."""
    keys = settings.credentials

    def signed(ask: Ask, session: str) -> Ask:
        parameters = {
            **(ask.form or {}),
            "app_key": keys.app_key.get_secret_value(),
            "timestamp": now().astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "v": "2.0",
            "format": "json",
            "sign_method": settings.sign_method.value,
        }
        if session:
            parameters["session"] = session
        parameters["sign"] = sign(parameters, keys.app_secret.get_secret_value(), settings.sign_method)
        return replace(ask, form=parameters)

    return signed


def renewal(settings: TaobaoSettings, now: Callable[[], datetime]) -> TokenRecipe | None:
    """How the session is renewed; None without a refresh token: then the seller has to authorise again."""
    keys = settings.credentials
    if keys.refresh_token is None:
        return None
    latest = [keys.refresh_token.get_secret_value()]  # a renewal gives the next one

    def ask() -> Ask:
        if settings.token_url is None:
            form = {"method": "taobao.top.auth.token.refresh", "refresh_token": latest[0]}
            call = Ask("token", "POST", settings.router, form=form, signed=False, limit=1 << 20)
            return prepare(settings, now)(call, "")
        form = {
            "grant_type": "refresh_token",
            "client_id": keys.app_key.get_secret_value(),
            "client_secret": keys.app_secret.get_secret_value(),
            "refresh_token": latest[0],
        }
        return Ask("token", "POST", settings.token_url, form=form, signed=False, limit=1 << 20)

    def token(reply: Reply) -> Token | None:
        found = unwrapped(reply.data)
        inner = dig(found, "token_result")  # JSON inside JSON
        if isinstance(inner, str):
            try:
                found = json.loads(inner)
            except ValueError:
                return None
        session, seconds = dig(found, "access_token"), dig(found, "expires_in")
        following = dig(found, "refresh_token")
        try:
            lives = 3600.0 if seconds is None else float(seconds)
        except (TypeError, ValueError):
            return None
        if not isinstance(session, str) or not session or not 0 < lives < 1e10:
            return None
        if isinstance(following, str) and following:
            latest[0] = following
        return Token(session, lives)

    def fault(reply: Reply) -> Verdict | None:
        if not isinstance(dig(reply.data, "error_response"), Mapping):
            return None
        said = error_of(reply)
        if said.meaning in (Meaning.THROTTLED, Meaning.PASSING):
            return said
        reason = f"{said.reason}; the seller has to authorise the app again"
        return Verdict(Meaning.FAILED, reason, None, "auth")

    return TokenRecipe(ask, token, first=keys.session.get_secret_value(), fault=fault)


def verdict(reply: Reply) -> Verdict:
    """What a reply means: its codes before its status, which is 200 for errors too."""
    if isinstance(dig(reply.data, "error_response"), Mapping):
        return error_of(reply)
    plain = plain_verdict(reply)
    if plain.meaning is not Meaning.OK:
        return plain
    if not isinstance(reply.data, Mapping):
        return Verdict(Meaning.PASSING, f"{reply.status} without data", None, "decode")
    info = result_of(unwrapped(reply.data)).get("info")
    if isinstance(info, Mapping) and str(info.get("ok")).lower() == "false":
        code, message = (str(info.get(name) or "") for name in ("error_code", "message"))
        words = ": ".join(part for part in (code, message) if part) or "not ok, without a reason"
        if code.startswith("isp.") or not code:
            return Verdict(Meaning.PASSING, words, None, "http_5xx")
        return Verdict(Meaning.FAILED, words, None, "http_4xx")
    return Verdict(Meaning.OK)


def error_of(reply: Reply) -> Verdict:
    """What an `error_response` means."""
    code, sub, words = _said(reply.data)
    daily = sub == "accesscontrol.limited-by-app-access-count"
    if code in _THROTTLES or sub.startswith("accesscontrol."):
        wait = _till_midnight(reply.received_at) if daily else _ban(reply.data)
        return Verdict(Meaning.THROTTLED, words, wait, "throttled")
    if code in _SESSION:
        return Verdict(Meaning.EXPIRED, words, None, "auth")
    if sub.startswith("isp.") or code == 10 or (code in (15, 50) and not sub.startswith("isv.")):
        return Verdict(Meaning.PASSING, words, None, "http_5xx")
    if code in _PERMISSION or code in _KEYS:
        return Verdict(Meaning.FAILED, words, None, "auth")
    return Verdict(Meaning.FAILED, words, None, "http_4xx")


def proves_refusal(reply: Reply) -> bool:
    """Whether an error says that nothing was done: by its place (before the service) or as the service's own refusal.

    `isp.*` and codes that are not documented do not say.
    """
    code, sub, _ = _said(reply.data)
    if sub.startswith("isp."):
        return False
    before = code in _THROTTLES | _SESSION | _PERMISSION | _BAD_REQUEST
    return before or (code in (15, 50) and sub.startswith("isv.") and "timeout" not in sub)


def unwrapped(body: Any) -> Any:
    """What stands under the root key of a reply (`…_response`); the body itself where there is none."""
    if isinstance(body, Mapping) and not isinstance(body.get("error_response"), Mapping):
        roots = [name for name in body if name.endswith("_response")]
        if len(roots) == 1 and isinstance(body[roots[0]], Mapping):
            return body[roots[0]]
    return body


def result_of(body: Any) -> Mapping[str, Any]:
    """The `top_result` (older methods: `result`) of an unwrapped reply, {} where there is none."""
    for name in ("top_result", "result"):
        if isinstance(dig(body, name), Mapping):
            found: Mapping[str, Any] = body[name]
            return found
    return {}


def listed(node: Node, name: str) -> list[Node]:
    """The elements of a list, wrapped in an object of one name or not. Raises ConnectorError for anything else."""
    found = node.needed(name)
    if found == "":  # so an empty list comes where JSON was made of XML; the count beside it says whether it may be
        return []
    if isinstance(found, Mapping):
        if not found:
            return []
        if len(found) == 1:
            inner = next(iter(found))
            return list(node[name].items(inner))
    return list(node.items(name))


def _said(data: Any) -> tuple[int, str, str]:
    """Code, sub code, and all in words."""
    error = dig(data, "error_response")
    code, sub = dig(error, "code"), str(dig(error, "sub_code") or "")
    number = int(code) if str(code).isascii() and str(code).isdigit() else 0
    said = [str(code), *(str(dig(error, name) or "") for name in ("msg", "sub_code", "sub_msg"))]
    words = ": ".join(_SIGNATURE.sub("***", part) for part in said if part)
    return number, sub, f"{words} ({_HINTS[number]})" if number in _HINTS else words


def _ban(data: Any) -> float:
    error = dig(data, "error_response")
    for name in ("sub_msg", "msg"):
        match = _BAN.search(str(dig(error, name) or ""))
        if match:
            return float(match[1]) + 1.0
    return SHORT_BAN


def _till_midnight(now: datetime) -> float:
    """Seconds until the day's quota begins anew."""
    here = now.astimezone(BEIJING)
    following = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (following - here).total_seconds()
