"""Who asks: keys, tokens and signatures put on a request, as `auth` describes. Pure, but for the clock handed in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit

from bidder.connectors.http import Ask, TokenRecipe, oauth, with_bearer
from bidder.connectors.rest.settings import Auth, Basic, Hmac, PutAt, Stamp
from bidder.connectors.rest.template import filled

__all__ = ["prepared", "recipe", "secrets_of"]


def secrets_of(auth: Auth, known: Mapping[str, str]) -> list[str]:
    """What must never be said: the credentials, and the form in which user and password travel."""
    return [*known.values(), *([] if auth.basic is None else [_pair(auth.basic, known)])]


def _pair(basic: Basic, known: Mapping[str, str]) -> str:
    return base64.b64encode(f"{known[basic.user]}:{known[basic.password]}".encode()).decode()


def recipe(auth: Auth, known: Mapping[str, str]) -> TokenRecipe | None:
    """How a token is fetched, where one is."""
    if auth.oauth is None:
        return None
    form = {"grant_type": auth.oauth.grant, "client_id": known[auth.oauth.client_id]}
    form["client_secret"] = known[auth.oauth.client_secret]
    if auth.oauth.refresh_token is not None:
        form["refresh_token"] = known[auth.oauth.refresh_token]
    if auth.oauth.scope is not None:
        form["scope"] = auth.oauth.scope
    return oauth(auth.oauth.token_url, form)


def prepared(
    auth: Auth, known: Mapping[str, str], base_url: str, now: Callable[[], datetime]
) -> Callable[[Ask, str], Ask]:
    """What is applied to each try of a request: with the token that was fetched, the others as they are."""

    def prepare(ask: Ask, token: str) -> Ask:
        headers = dict(ask.headers) | {name: filled(text, known) for name, text in auth.header.items()}
        query = dict(ask.query) | {name: filled(text, known) for name, text in auth.query.items()}
        if auth.basic is not None:
            headers["Authorization"] = f"Basic {_pair(auth.basic, known)}"
        ask = with_bearer(replace(ask, headers=headers, query=query), known[auth.bearer] if auth.bearer else token)
        return ask if auth.hmac is None else _signed(ask, auth.hmac, known, base_url, now())

    return prepare


def _signed(ask: Ask, how: Hmac, known: Mapping[str, str], base_url: str, now: datetime) -> Ask:
    body, ask = _with_body(ask)
    address = ask.path if ask.path.startswith(("https://", "http://")) else f"{base_url}{ask.path}"
    parts = {"method": ask.method, "path": urlsplit(address).path, "body": body.decode()}
    parts["body_hash"] = hashlib.sha256(body).hexdigest()
    if how.timestamp is not None:
        parts["timestamp"] = _stamp(now, how.timestamp)
        ask = _put(ask, how.timestamp, parts["timestamp"])
    if how.nonce is not None:
        parts["nonce"] = secrets.token_hex(16)
        ask = _put(ask, how.nonce, parts["nonce"])
    parts["query"] = urlencode(sorted(ask.query.items()), quote_via=quote)
    given = {**ask.query, **(ask.form or {})}
    parts["params"] = "".join(f"{name}{given[name]}" for name in sorted(given))
    text = how.join.join(_part(one, parts, known) for one in how.parts)
    digest = hmac.new(known[how.key].encode(), text.encode(), getattr(hashlib, how.algorithm))
    match how.encoding:
        case "base64":
            signature = base64.b64encode(digest.digest()).decode()
        case "HEX":
            signature = digest.hexdigest().upper()
        case _:
            signature = digest.hexdigest()
    return _put(ask, how.put, f"{how.prefix}{signature}")


def _with_body(ask: Ask) -> tuple[bytes, Ask]:
    """The very bytes that are sent, so that they are what is signed."""
    if ask.json is not None:
        body = json.dumps(ask.json, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        return body, replace(ask, json=None, body=body, headers={"Content-Type": "application/json", **ask.headers})
    if ask.form is not None:
        return urlencode(ask.form).encode(), ask
    return ask.body or b"", ask


def _part(name: str, parts: Mapping[str, str], known: Mapping[str, str]) -> str:
    if name.startswith("'"):
        return name[1:-1]
    return known[name.removeprefix("credentials.")] if name.startswith("credentials.") else parts[name]


def _stamp(now: datetime, stamp: Stamp) -> str:
    match stamp.format:
        case "iso":
            return f"{now:%Y-%m-%dT%H:%M:%SZ}"
        case "millis":
            return str(int(now.timestamp() * 1000))
    return str(int(now.timestamp()))


def _put(ask: Ask, place: PutAt, value: str) -> Ask:
    if place.header is not None:
        return replace(ask, headers={**ask.headers, place.header: value})
    return replace(ask, query={**ask.query, str(place.query): value})
