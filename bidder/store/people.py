"""People and what they may: tokens bound to shops and a role, kept in the agency's store beside its journal.

A token is `bidder_ID_SECRET`. Of the secret, 32 random bytes, the store has a SHA-256 alone: whoever reads the store
cannot sign in with it, and no guess is short enough to be tried. Comparing takes as long for a token that never was as
for one that is nearly right. Whatever is given, changed or taken back stands in the journal (kind `access`).
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, select, update

from bidder.errors import ConfigError, Fault
from bidder.ids import ALIAS
from bidder.store import journal
from bidder.store.database import instant, micros_of
from bidder.store.sql import SqlStore
from bidder.store.tables import tokens

__all__ = ["ALL_SHOPS", "LONGEST_NAME", "AgencyStore", "Refusal", "Role", "Token"]

ALL_SHOPS = "*"
"""Instead of names of shops: every shop, also those to come."""
LONGEST_NAME = 40
PREFIX = "bidder"
SEEN_EVERY = timedelta(minutes=10)
"""How often it is noted that a token is in use."""
_NOBODY = sha256(b"no such token").digest()
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class Role(StrEnum):
    """What somebody may. Each may what those before it may."""

    VIEWER = "viewer"
    """Looks."""
    OPERATOR = "operator"
    """Also approves, refuses, stops, resumes, holds, types in."""
    ADMIN = "admin"
    """Also changes the files of its shops, and gives and takes tokens for them."""

    def may(self, asked: Role) -> bool:
        """Whether this role is enough for what `asked` may."""
        order = list(Role)
        return order.index(self) >= order.index(asked)


class Refusal(StrEnum):
    """Why a token was not taken; for the journal, never for whoever tried."""

    UNKNOWN = "unknown"
    WRONG = "wrong secret"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Token:
    """Somebody's right to look or act. Holds no secret."""

    id: str
    name: str
    """Whose: a person or a program, as the journal calls it."""
    role: Role
    shops: tuple[str, ...]
    """Names, or `*` alone for all."""
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    """About when it was last used, to ten minutes."""

    @property
    def by(self) -> str:
        """As journals write it."""
        return f"{self.name} ({self.id})"

    def sees(self, shop: str) -> bool:
        """Whether it is bound to that shop, whether there is one or not."""
        return ALL_SHOPS in self.shops or shop in self.shops

    def covers(self, other: Token | Sequence[str]) -> bool:
        """Whether all the shops of another are among its own."""
        names = other.shops if isinstance(other, Token) else tuple(other)
        return ALL_SHOPS in self.shops or (ALL_SHOPS not in names and set(names) <= set(self.shops))

    def ended(self, at: datetime) -> Refusal | None:
        """Why it counts no more at an instant; None while it does."""
        if self.revoked_at is not None and self.revoked_at <= at:
            return Refusal.REVOKED
        if self.expires_at is not None and self.expires_at <= at:
            return Refusal.EXPIRED
        return None


class AgencyStore(SqlStore):
    """The agency's own store: journal and memory as any, and the tokens. Raises StoreError."""

    def tokens(self) -> Sequence[Token]:
        """All that were ever given, oldest first."""
        query = select(tokens).order_by(tokens.c.created_at, tokens.c.id)
        with self._database.reading() as connection:
            return [_token(row) for row in connection.execute(query)]

    def token(self, id_: str) -> Token | None:
        """One by its id."""
        with self._database.reading() as connection:
            row = connection.execute(select(tokens).where(tokens.c.id == id_)).one_or_none()
        return None if row is None else _token(row)

    def known(self, text: str, at: datetime) -> Token | Refusal:
        """Whose token a text is, or why it is nobody's."""
        prefix, _, rest = text.partition("_")
        id_, _, secret = rest.partition("_")
        with self._database.reading() as connection:
            row = connection.execute(select(tokens).where(tokens.c.id == id_)).one_or_none()
        wanted = _NOBODY if row is None else bytes.fromhex(row.hash)
        same = hmac.compare_digest(_hash(secret), wanted)
        if row is None or prefix != PREFIX:
            return Refusal.UNKNOWN
        if not same:
            return Refusal.WRONG
        token = _token(row)
        return token.ended(at) or token

    def give(
        self,
        name: str,
        role: Role,
        shops: Sequence[str],
        at: datetime,
        by: str,
        expires_at: datetime | None = None,
        **facts: Any,
    ) -> tuple[Token, str]:
        """A new token and its text, which is shown once. Raises ConfigError for what no token can have."""
        named = _checked(name, shops, at, expires_at)
        token = Token(_id(), named[0], role, named[1], at, by, expires_at)
        secret = secrets.token_urlsafe(32)
        row = {
            "id": token.id,
            "name": token.name,
            "role": token.role.value,
            "shops": journal.canonical(list(token.shops)),
            "hash": _hash(secret).hex(),
            "created_by": by,
            "created_at": micros_of(at),
            "expires_at": None if expires_at is None else micros_of(expires_at),
        }
        with self._database.writing() as connection:
            connection.execute(insert(tokens), row)
            journal.append(connection, "access", at, {"what": "token given", **_facts(token), "by": by, **facts})
        return token, f"{PREFIX}_{token.id}_{secret}"

    def rotate(self, id_: str, at: datetime, by: str, overlap: timedelta = timedelta()) -> tuple[Token, str]:
        """A new token with the rights of an old one, which counts for `overlap` longer and no more.

        Raises ConfigError for one that there is not, or that has ended.
        """
        old = self._standing(id_, at)
        new = self.give(old.name, old.role, old.shops, at, by, old.expires_at, instead_of=old.id)
        self._end(old, at, by, "token replaced", expires_at=_sooner(old.expires_at, at + overlap))
        return new

    def revoke(self, id_: str, at: datetime, by: str) -> Token:
        """The token counts no more, from now on. Raises ConfigError for one that there is not, or that has ended."""
        old = self._standing(id_, at)
        self._end(old, at, by, "token revoked", revoked_at=at)
        return old

    def change(self, id_: str, role: Role, shops: Sequence[str], at: datetime, by: str) -> Token:
        """Another role or other shops for the same token. Raises ConfigError."""
        old = self._standing(id_, at)
        _, names = _checked(old.name, shops, at, None)
        changed = update(tokens).where(tokens.c.id == id_)
        with self._database.writing() as connection:
            connection.execute(changed.values(role=role.value, shops=journal.canonical(list(names))))
            facts = {"role": role.value, "shops": list(names), "role_before": old.role.value}
            before = {"shops_before": list(old.shops), "by": by}
            told = {"what": "token changed", "token": old.id, "name": old.name, **facts, **before}
            journal.append(connection, "access", at, told)
        return Token(old.id, old.name, role, names, old.created_at, old.created_by, old.expires_at)

    def used(self, token: Token, at: datetime, said: str = "") -> bool:
        """Notes that a token is in use, at most every ten minutes; the first use of a day gets a line of the journal.

        Whether anything was written.
        """
        before = token.used_at
        if before is not None and at - before < SEEN_EVERY:
            return False
        with self._database.writing() as connection:
            connection.execute(update(tokens).where(tokens.c.id == token.id).values(used_at=micros_of(at)))
            if before is None or before.date() != at.date():
                told = {"what": "token in use", "token": token.id, "name": token.name, "from": said}
                journal.append(connection, "access", at, told)
        return True

    def _standing(self, id_: str, at: datetime) -> Token:
        found = self.token(id_)
        if found is None:
            raise ConfigError([Fault(None, f"no token {id_}: `bidder token list` names them")])
        ended = found.ended(at)
        if ended is not None:
            raise ConfigError([Fault(None, f"the token {id_} of {found.name} is {ended.value} already")])
        return found

    def _end(self, old: Token, at: datetime, by: str, what: str, **when: datetime) -> None:
        values = {name: micros_of(moment) for name, moment in when.items()}
        with self._database.writing() as connection:
            connection.execute(update(tokens).where(tokens.c.id == old.id).values(**values))
            said = {name: moment.isoformat() for name, moment in when.items()}
            journal.append(connection, "access", at, {"what": what, **_facts(old), "by": by, **said})


def _checked(name: str, shops: Sequence[str], at: datetime, expires_at: datetime | None) -> tuple[str, tuple[str, ...]]:
    faults = []
    shown = " ".join("".join(c for c in name if c.isprintable()).split())
    if not 0 < len(shown) <= LONGEST_NAME:
        faults.append(Fault(None, f"name: expected 1 to {LONGEST_NAME} characters, was {len(shown)}"))
    names = tuple(sorted(set(shops)))
    wrong = [one for one in names if one != ALL_SHOPS and not ALIAS.match(one)]
    if wrong:
        faults.append(Fault(None, f"shops: expected names of shops or *, was {', '.join(wrong)}"))
    if not names:
        faults.append(Fault(None, "shops: expected at least one, or * for all"))
    if expires_at is not None and expires_at <= at:
        faults.append(Fault(None, f"expires: expected an instant to come, was {expires_at.isoformat()}"))
    if faults:
        raise ConfigError(faults)
    return shown, (ALL_SHOPS,) if ALL_SHOPS in names else names


def _sooner(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)


def _facts(token: Token) -> dict[str, Any]:
    return {"token": token.id, "name": token.name, "role": token.role.value, "shops": list(token.shops)}


def _token(row: Any) -> Token:
    return Token(
        row.id,
        row.name,
        Role(row.role),
        tuple(json.loads(row.shops)),
        instant(row.created_at),
        row.created_by,
        *(None if one is None else instant(one) for one in (row.expires_at, row.revoked_at, row.used_at)),
    )


def _id() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(10))


def _hash(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
