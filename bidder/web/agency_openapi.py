"""`/api/v1/openapi.json` of an agency: its own addresses, and those of a shop below `/shops/{shop}`.

A test tries every one of them with the tokens of others: whatever is added here is held to that by itself.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from bidder.explain.agency_document import ShopsDocument
from bidder.web.openapi import OPERATIONS, Error, Operation, document
from bidder.web.shapes import (
    Faults,
    Given,
    Overlap,
    Removed,
    Revoked,
    Rights,
    ShopFile,
    ShopText,
    TokenLine,
    TokenLines,
    TokenWish,
    Usable,
)

__all__ = ["AGENCY_OPERATIONS", "described"]

OF_A_SHOP = "/shops/{shop}"
_NOT_OF_A_SHOP = ("/api/v1/openapi.json", "/-/healthy", "/-/ready", "/metrics")
_WHO: dict[int, Any] = {401: Error, 403: Error}
_ONE: dict[int, Any] = {**_WHO, 404: Error}
_FILE: dict[int, Any] = {**_ONE, 422: Faults, 503: Error}
_CHANGED: dict[int, Any] = {**_ONE, 422: Faults}
_SHOP = "/api/v1/shops/{shop}"
_TOKENS = "/api/v1/tokens"

_OWN = (
    Operation("get", "/api/v1/shops", "How the shops stand, the neediest first", {200: ShopsDocument, 401: Error}),
    Operation("get", _SHOP, "The file of a shop", {200: ShopFile, **_ONE}),
    Operation("put", _SHOP, "Adds or changes a shop", {200: ShopFile, 201: ShopFile, 409: Error, **_FILE}, ShopText),
    Operation("post", f"{_SHOP}/check", "Every fault of a file; nothing is written", {200: Usable, **_FILE}, ShopText),
    Operation("delete", _SHOP, "Takes a shop's file away; its store stays", {200: Removed, **_ONE}),
    Operation("get", "/api/v1/me", "Whose token this is, and what it may", {200: TokenLine, 401: Error}),
    Operation("get", _TOKENS, "Every token of one's own shops", {200: TokenLines, **_WHO}),
    Operation("post", _TOKENS, "Gives a token for one's own shops", {201: Given, **_WHO, 422: Faults}, TokenWish),
    Operation("post", _TOKENS + "/{id}/change", "Another role, other shops", {200: TokenLine, **_CHANGED}, Rights),
    Operation("post", _TOKENS + "/{id}/rotate", "Another token in its place", {201: Given, **_CHANGED}, Overlap),
    Operation("post", _TOKENS + "/{id}/revoke", "It counts no more", {200: Revoked, **_CHANGED}),
    Operation("get", "/api/v1/openapi.json", "This description", {200: dict[str, Any], 401: Error}),
    Operation("get", "/metrics", "For Prometheus: the shops that the token sees", {200: None, 401: None}),
    Operation("get", "/-/healthy", "It answers", {200: None}),
    Operation("get", "/-/ready", "It answers", {200: None}),
)


def _of_a_shop(one: Operation) -> Operation:
    answers = {**{status: model for status, model in one.answers.items() if status != 403}, **_ONE}
    if one.path == "/-/reload":
        answers[503] = Error
    return replace(one, path=OF_A_SHOP + one.path, answers=answers, token=True)


AGENCY_OPERATIONS = (
    *(replace(one, token=not one.path.startswith("/-/")) for one in _OWN),
    *(_of_a_shop(one) for one in OPERATIONS if one.path not in _NOT_OF_A_SHOP),
)
"""Every address for programs."""

_TOLD = (
    "Everything asks for `Authorization: Bearer` with a token that is bound to shops and a role: viewer, operator, "
    "admin. A shop that a token is not bound to answers as one that there is not. Amounts are decimal strings, "
    "instants ISO 8601."
)


@cache
def described() -> str:
    """The OpenAPI 3.1 document as JSON text."""
    return document(AGENCY_OPERATIONS, "bidder, many shops", _TOLD)
