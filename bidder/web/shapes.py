"""What programs send and get about shops and tokens: the models of the HTTP API of many shops."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "FaultLine", "Faults", "Given", "Overlap", "Removed", "Revoked", "Rights", "ShopFile", "ShopText", "TokenLine",
    "TokenLines", "TokenWish", "Usable",
]  # fmt: skip

RoleName = Literal["viewer", "operator", "admin"]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ShopText(_Shape):
    """A shop's file, as it is to be."""

    yaml: str = Field(max_length=60_000)
    """The whole file: what it leaves out is the template's."""


class ShopFile(_Shape):
    """A shop's file, as it is."""

    shop: str
    tag: str
    """Names this very text; `If-Match` with it lets it be changed only while it is this one."""
    yaml: str

    @classmethod
    def of(cls, shop: str, text: str) -> ShopFile:
        """The file of a text."""
        return cls(shop=shop, tag=sha256(text.encode()).hexdigest()[:24], yaml=text)


class FaultLine(_Shape):
    """One thing that is wrong in a file."""

    file: str | None
    line: int | None
    column: int | None
    message: str


class Faults(_Shape):
    """Why nothing was written: every fault at once."""

    error: str
    faults: list[FaultLine]


class Usable(_Shape):
    """A file without a fault."""

    ok: bool


class Removed(_Shape):
    """A shop that was taken away; its store stays."""

    shop: str
    removed: bool


class TokenWish(_Shape):
    """A token to be given."""

    name: str
    """Whose: a person or a program."""
    role: RoleName = "viewer"
    shops: list[str] = Field(min_length=1, max_length=5_000)
    """Names of shops, or `*` for all."""
    days: int = Field(default=365, ge=1, le=3_650)
    """It counts for so many."""


class Rights(_Shape):
    """What a token is to count for from now on."""

    role: RoleName
    shops: list[str] = Field(min_length=1, max_length=5_000)


class Overlap(_Shape):
    """How long a replaced token counts on."""

    hours: int = Field(default=0, ge=0, le=720)


class TokenLine(_Shape):
    """A token that was given. The token itself stands nowhere."""

    id: str
    name: str
    role: RoleName
    shops: list[str]
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    used_at: str | None
    """About when it was last used."""
    ended: str | None
    """Why it counts no more."""


class TokenLines(_Shape):
    """All tokens that whoever asks may give and take."""

    tokens: list[TokenLine]


class Given(TokenLine):
    """A new token: its text is shown this once."""

    token: str


class Revoked(_Shape):
    """A token that counts no more."""

    id: str
    revoked: bool
