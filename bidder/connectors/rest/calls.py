"""The requests of a description: which address, what is sent, where the rows are, how pages follow one another."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bidder.connectors.rest.fields import (
    AccountFields,
    ActivityFields,
    BudgetFields,
    ProductFields,
    ReportFields,
)
from bidder.connectors.rest.template import places
from bidder.connectors.rest.words import Body, Expression, Section, Status, Template, Unit

__all__ = [
    "FILE",
    "METHODS",
    "AccountCall",
    "ActivityCall",
    "BudgetsCall",
    "Call",
    "JobCall",
    "KeyedCall",
    "ListCall",
    "Paging",
    "ProductsCall",
    "Proof",
    "ReadCall",
    "ReportCall",
    "SetCall",
    "StateCall",
]

METHODS = ("get", "post", "put", "patch", "delete")


FILE = "{url}"
"""The path of a report whose file lies where its job says."""


def _address(text: str) -> str:
    places(text)
    if text == FILE:
        return text
    if not text.startswith("/") or text.startswith("//") or any(one in text for one in "?# "):
        raise ValueError(f"expected a path from base_url such as /v1/report, its query under `query`; was {text!r}")
    return text


Address = Annotated[str, AfterValidator(_address)]


class Call(Section):
    """A request: one of get, post, put, patch, delete with its path, and what is sent."""

    get: Address | None = None
    """A path from base_url."""
    post: Address | None = None
    """Likewise."""
    put: Address | None = None
    """Likewise."""
    patch: Address | None = None
    """Likewise."""
    delete: Address | None = None
    """Likewise."""
    query: dict[str, Template] = Field(default_factory=dict)
    """What stands behind the question mark."""
    headers: dict[str, Template] = Field(default_factory=dict)
    """Headers of this request."""
    body: Body = Field(default=None, alias="json")
    """A JSON body."""
    form: dict[str, Template] | None = None
    """A form as body."""

    @model_validator(mode="after")
    def _one_method(self) -> Call:
        given = [name for name in METHODS if getattr(self, name) is not None]
        if len(given) != 1:
            what = "none" if not given else " and ".join(given)
            raise ValueError(f"expected one of {', '.join(METHODS)} with a path, was {what}")
        if self.body is not None and self.form is not None:
            raise ValueError("json and form: a request has one body")
        if given == ["get"] and (self.body is not None or self.form is not None):
            raise ValueError("a get has no body: write query, or post")
        return self

    @property
    def method(self) -> str:
        """GET, POST, …"""
        return next(name for name in METHODS if getattr(self, name) is not None).upper()

    @property
    def path(self) -> str:
        """Its path with places."""
        return str(getattr(self, self.method.lower()))


_PAGING = {
    "cursor": {"next", "name", "place", "more"},
    "page": {"name", "place", "first", "size", "more", "pages"},
    "offset": {"name", "place", "size", "more"},
    "link": set(),
    "url": {"next"},
}
_PAGING_NEEDS = {
    "cursor": {"next", "name"},
    "page": {"name"},
    "offset": {"name", "size"},
    "link": set(),
    "url": {"next"},
}


class Paging(Section):
    """How the pages of a list follow one another."""

    by: Literal["cursor", "page", "offset", "link", "url"]
    """cursor: a reply names the next one. page: 1, 2, 3. offset: rows to skip. link: the Link header. url: a reply
    holds the next page's address."""
    next: Expression | None = None
    """cursor, url: where the reply says it; nothing there is the last page."""
    name: str | None = Field(default=None, min_length=1)
    """cursor, page, offset: what it is called in the request."""
    place: Literal["query", "json", "form"] = "query"
    """cursor, page, offset: where it stands in the request."""
    first: int = Field(default=1, ge=0, strict=True)
    """page: the number of the first."""
    size: int | None = Field(default=None, ge=1, strict=True)
    """page, offset: rows a page; fewer are the last page."""
    more: Expression | None = None
    """cursor, page, offset: true where another page follows."""
    pages: Expression | None = None
    """page: how many pages there are."""

    @model_validator(mode="after")
    def _keys(self) -> Paging:
        written = self.model_fields_set - {"by"}
        wrong = sorted(written - _PAGING[self.by])
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: no key of by: {self.by}")
        missing = sorted(one for one in _PAGING_NEEDS[self.by] if getattr(self, one) is None)
        if missing:
            raise ValueError(f"by: {self.by} needs {' and '.join(missing)}")
        if self.by == "page" and (self.size, self.more, self.pages) == (None, None, None):
            raise ValueError("by: page needs size, more or pages, to know the last one")
        return self


class ListCall(Call):
    """A request whose reply has rows."""

    rows: Expression = "@"
    """Where the rows are: a list, or one object."""
    each: Expression | None = None
    """Inside a row: the list that it is taken apart into; its own fields are `_row` then."""
    where: Expression | None = None
    """Which rows count: those for which this is true."""
    total: Expression | None = None
    """How many rows there are over all pages: fewer is an error, so that a lost page is noticed."""
    complete: Expression | None = None
    """False where the reply says that it is not whole yet: then it is an error and not a figure."""
    paging: Paging | None = None
    """How pages follow one another; one page when left out."""
    lists: dict[str, KeyedCall] = Field(default_factory=dict)
    """Other lists that rows are joined with, by names of your own: `get(_lists.NAME, its_id).amount` in a field is
    the amount in the row of that list with that key."""


class KeyedCall(ListCall):
    """A list that others are joined with: read whole, its rows found by their key."""

    key: Expression
    """What a row is known by, inside it; a key that comes twice is an error."""


class AccountCall(Call):
    """What the platform says of the account."""

    fields: AccountFields
    """Where its currency and zone are."""


class BudgetsCall(ListCall):
    """All budgets with the amounts in force. Rows with the same id are one budget with several campaigns."""

    fields: BudgetFields
    """Where the facts of a budget are."""


class ReadCall(ListCall):
    """One budget, by {budget}; found among all of `budgets` when left out."""

    fields: BudgetFields | None = None
    """As under `budgets` when left out."""


class StateCall(Call):
    """Asks how far the report {job} is."""

    ready: Expression
    """True in a reply that says it can be fetched."""
    failed: Expression | None = None
    """True in a reply that says it will not be made; another one is asked for at the next poll."""
    empty: Expression | None = None
    """True in a reply that says it holds nothing: there is nothing to fetch."""
    url: Expression | None = None
    """Where the reply says the file's address; the report's own path is {url} then. Fetched without credentials."""


class JobCall(Call):
    """Asks for a report of {first} to {last} to be made."""

    id: Expression
    """Where the reply says the id that fills {job}."""
    state: StateCall
    """Asks how far it is."""
    wait: float = Field(default=5.0, ge=1, le=600)
    """Seconds between two questions how far it is; gaps grow."""
    patience: float = Field(default=60.0, ge=1, le=3600)
    """Seconds that a poll waits; the next one goes on waiting for the same report."""
    keep: int = Field(default=60, ge=0, le=1440, strict=True)
    """Minutes in which a report that was fetched is not asked for again."""
    file: Literal["json", "csv"] = "json"
    """What a file at {url} holds, packed by gzip or zip or not. csv: rows by the names in its first line."""


class ReportCall(ListCall):
    """Figures a campaign (and product) and day, for the account days from {first} to {last}."""

    job: JobCall | None = None
    """Where a report is made first and fetched when it is ready: {job} in its path, or {url} alone."""
    fields: ReportFields
    """Where the figures are."""
    sum: bool = False
    """Whether rows of the same campaign, product and day are added up; else they are an error."""


class ProductsCall(ListCall):
    """What the shop sells."""

    fields: ProductFields
    """Where its facts are."""


class ActivityCall(ListCall):
    """What the shop did on the days from {first} to {last}."""

    fields: ActivityFields
    """Where the figures are."""
    sum: bool = False
    """Whether rows of the same product and day are added up; else they are an error."""
    zeros: bool = False
    """Whether a day of which the shop has no row had none of it, rather than being unknown. For rows of orders."""


class Proof(Section):
    """A reply that means something: by its status, by what is in it, or both."""

    status: tuple[Status, ...] = ()
    """Any of these statuses."""
    when: Expression | None = None
    """True inside the reply."""
    say: str | None = Field(default=None, min_length=1)
    """What a person is told beside the platform's own words."""

    @model_validator(mode="after")
    def _something(self) -> Proof:
        if not self.status and self.when is None:
            raise ValueError("expected status, when, or both")
        return self


def _when(value: object) -> object:
    """A proof may be written as its expression alone."""
    return {"when": value} if isinstance(value, str) else value


class SetCall(Call):
    """Sets {budget} to the absolute {amount}, sent once. What its reply does not prove is unresolved."""

    unit: Unit | None = None
    """How {amount} is written; what `money` says when left out."""
    applied: Annotated[Proof, BeforeValidator(_when, json_schema_input_type=str | Proof)]
    """A reply that says it was taken, 2xx where no status is written; `_budget`, `_amount` (a number) and
    `_amount_text` are what was asked."""
    refused: tuple[Proof, ...] = ()
    """Replies that prove that nothing happened."""
    again: int = Field(default=0, ge=0, le=10, strict=True)
    """How often it is sent again after such a reply that says to come later (throttled, or a fault that passes)."""


ListCall.model_rebuild()
