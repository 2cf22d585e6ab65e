"""What may be written under an account with `platform: rest` (ads) or `platform: rest_shop` (a shop alone)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from bidder.connectors.http import BaseUrl, PlatformSettings
from bidder.connectors.rest.calls import (
    AccountCall,
    ActivityCall,
    BudgetsCall,
    Call,
    ProductsCall,
    Proof,
    ReadCall,
    ReportCall,
    SetCall,
)
from bidder.connectors.rest.words import DayStyle, Expression, Section, Template, Unit

__all__ = ["Auth", "ClockSection", "Hmac", "OAuth", "Replies", "RestSettings", "RestShopSettings", "Throttled"]

PARTS = ("method", "path", "query", "params", "timestamp", "nonce", "body", "body_hash")
"""What a signature may be made of, beside `credentials.NAME` and 'a text in quotes'."""


class PutAt(Section):
    """Where a value stands in the request."""

    header: str | None = Field(default=None, min_length=1)
    """In this header."""
    query: str | None = Field(default=None, min_length=1)
    """In this query parameter."""

    @model_validator(mode="after")
    def _one(self) -> PutAt:
        if (self.header is None) == (self.query is None):
            raise ValueError("expected header or query, with its name")
        return self


class Stamp(PutAt):
    """The instant of the request."""

    format: Literal["seconds", "millis", "iso"] = "seconds"
    """Seconds or milliseconds since 1970, or 2026-11-22T01:30:00Z."""


class Basic(Section):
    """HTTP basic authentication."""

    user: str
    """The credential that is the user's name."""
    password: str
    """The credential that is the password."""


class OAuth(Section):
    """OAuth 2.0 (RFC 6749): a token is fetched, sent as bearer, and renewed when it is refused."""

    token_url: BaseUrl
    """Where tokens are fetched."""
    grant: Literal["client_credentials", "refresh_token"] = "client_credentials"
    """client_credentials, or refresh_token where a person has given consent."""
    client_id: str
    """The credential that is the client's id."""
    client_secret: str
    """The credential that is its secret."""
    refresh_token: str | None = None
    """The credential that is the refresh token."""
    scope: str | None = None
    """The scopes, with spaces between."""

    @model_validator(mode="after")
    def _token(self) -> OAuth:
        if (self.grant == "refresh_token") != (self.refresh_token is not None):
            raise ValueError("refresh_token belongs to grant: refresh_token, and is needed there")
        return self


class Hmac(Section):
    """A signature over named parts of the request, with a secret as key."""

    key: str
    """The credential that is the key."""
    parts: tuple[str, ...] = Field(min_length=1)
    """What is signed, in order: method, path, query (sorted, encoded), params (names and values of query and form,
    sorted, nothing between), timestamp, nonce, body, body_hash (SHA-256 in hex), credentials.NAME, 'a text'."""
    join: str = ""
    """What stands between the parts."""
    algorithm: Literal["md5", "sha1", "sha256", "sha512"] = "sha256"
    """The hash."""
    encoding: Literal["hex", "HEX", "base64"] = "hex"
    """How the signature is written: hex in small or in capital letters, or base64."""
    put: PutAt
    """Where it goes."""
    prefix: str = ""
    """What stands before it."""
    timestamp: Stamp | None = None
    """Where the instant goes that was signed."""
    nonce: PutAt | None = None
    """Where the random text goes that was signed."""


class Auth(Section):
    """Who asks. Values are names of `credentials`, or texts with them in braces."""

    header: dict[str, Template] = Field(default_factory=dict)
    """Headers, such as {X-Api-Key: "{key}"}."""
    query: dict[str, Template] = Field(default_factory=dict)
    """Query parameters, such as {access_token: "{token}"}."""
    bearer: str | None = None
    """The credential sent as Authorization: Bearer."""
    basic: Basic | None = None
    """User and password."""
    oauth: OAuth | None = None
    """A token that is fetched."""
    hmac: Hmac | None = None
    """A signature."""

    @model_validator(mode="after")
    def _one_authorization(self) -> Auth:
        given = [name for name in ("bearer", "basic", "oauth") if getattr(self, name) is not None]
        given += ["header.Authorization" for name in self.header if name.lower() == "authorization"]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)}: there is one Authorization header")
        return self


class Throttled(Proof):
    """A reply that means: too many requests, nothing was done."""

    wait: Expression | None = None
    """Seconds to wait, inside the reply (a number as `60` in backquotes, for always so many); Retry-After else."""


class Replies(Section):
    """What replies mean where plain HTTP does not say it (429, 401, 5xx are known)."""

    throttled: tuple[Throttled, ...] = ()
    """Too many requests."""
    expired: tuple[Proof, ...] = ()
    """The token is no longer good; nothing was done."""
    passing: tuple[Proof, ...] = ()
    """A fault of the platform that may pass: a read is asked again."""
    failed: tuple[Proof, ...] = ()
    """An error, also with the status of a success."""
    reason: Expression | None = None
    """Where the platform's own words about an error are."""


class ClockSection(Section):
    """The clock of a simulated platform, whose days pass when they are asked to: `bidder run` lives in its time."""

    day: Call
    """Asks which day it is."""
    date: Expression
    """Where the reply says it, as YYYY-MM-DD."""
    next: Call
    """Asks for the day to pass."""
    done: Expression
    """True in the reply of `day` after the last day: then `bidder run` ends."""


def _several(value: object) -> object:
    """One call may be written without a list."""
    return [value] if isinstance(value, dict) else value


Activities = Annotated[
    tuple[ActivityCall, ...],
    BeforeValidator(_several, json_schema_input_type=ActivityCall | tuple[ActivityCall, ...]),
]


BudgetsCalls = Annotated[
    tuple[BudgetsCall, ...],
    BeforeValidator(_several, json_schema_input_type=BudgetsCall | tuple[BudgetsCall, ...]),
]
ReportCalls = Annotated[
    tuple[ReportCall, ...],
    BeforeValidator(_several, json_schema_input_type=ReportCall | tuple[ReportCall, ...]),
]


class _Described(PlatformSettings):
    """What both kinds say."""

    base_url: BaseUrl
    """Where the API is."""
    credentials: dict[str, SecretStr] = Field(default_factory=dict)
    """Secrets by names of your own, such as {key: {env: MARKET_KEY}}."""
    auth: Auth = Auth()
    """Who asks."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Headers of every request that are no secret."""
    money: Unit = Unit.UNITS
    """How amounts are written: units (120.5), minor (分, cents), hundredths, micros; a field may say its own."""
    dates: DayStyle = "%Y-%m-%d"
    """How days are written, in rows and requests; a field may say its own."""
    account: AccountCall | None = None
    """Asks for the account's currency and zone; as written in bidder.yaml when left out."""
    products: ProductsCall | None = None
    """What the shop sells."""
    activity: Activities = ()
    """What the shop did a day; several calls for figures of the shop and of its products."""
    replies: Replies = Replies()
    """What replies mean."""


class RestSettings(_Described):
    """The keys of an account of ads that is described in YAML."""

    budgets: BudgetsCalls
    """All budgets with the amounts in force; several calls where they are in several lists."""
    report: ReportCalls
    """Figures a campaign and day; several calls where they are in several reports."""
    read: ReadCall | None = None
    """One budget; found among `budgets` when left out."""
    set: SetCall | None = None
    """Sets a budget; needed for mode propose and apply."""
    restated_days: int = Field(default=0, ge=0, le=90, strict=True)
    """So many days back the platform still changes its figures."""
    edits_an_hour: int | None = Field(default=None, ge=1, le=1000, strict=True)
    """How often a budget may be changed within an hour, where the platform locks it else."""
    clock: ClockSection | None = None
    """For a simulated platform alone: its own clock."""


class RestShopSettings(_Described):
    """The keys of a shop that is described in YAML; it has no ads."""

    @model_validator(mode="after")
    def _something(self) -> RestShopSettings:
        if self.products is None and not self.activity:
            raise ValueError("expected products, activity, or both")
        return self
