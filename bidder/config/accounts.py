"""The accounts of bidder.yaml, each with the settings of its platform's own connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from bidder.catalog import Account
from bidder.config.faults import faults_of
from bidder.config.file import AccountSection, File
from bidder.config.marks import Document
from bidder.config.secrets import resolve_all
from bidder.connectors.protocol import ConnectorKind
from bidder.errors import ConfigError, Fault, Source
from bidder.ids import AccountId

__all__ = ["misspelt_keys", "read_accounts"]

_NEEDED = ("name", "platform")


def misspelt_keys(document: Document) -> Iterator[Fault]:
    """Keys of accounts that look like a needed one that is missing; a platform's own keys cannot be told otherwise."""
    accounts = document.value.get("accounts")
    for index, account in enumerate(accounts if isinstance(accounts, list) else ()):
        if not isinstance(account, dict):
            continue
        for key in account:
            near = get_close_matches(key.lower(), [one for one in _NEEDED if one not in account], n=1, cutoff=0.8)
            if near:
                place = document.key_at(("accounts", index, key))
                yield Fault(place, f"accounts.{key}: no such key; did you mean {near[0]}?")


def read_accounts(
    file: File,
    document: Document,
    env: Mapping[str, str],
    kind: Callable[[str, Source | None], ConnectorKind],
    faults: list[Fault],
    warnings: list[Fault],
) -> list[tuple[Account, BaseModel]]:
    """Each account with its platform's settings: secrets resolved, paths starting at the folder of their file."""
    found: list[tuple[Account, BaseModel]] = []
    names: dict[str, int] = {}
    for index, section in enumerate(file.accounts):
        path = ("accounts", index)
        if section.name in names:
            first = document.at(("accounts", names[section.name], "name"))
            faults.append(Fault(document.at((*path, "name")), f"name: {section.name} is taken, line {first.line}"))
            continue
        names[section.name] = index
        try:
            connector = kind(section.platform, document.at((*path, "platform")))
        except ConfigError as e:
            faults.extend(e.faults)
            continue
        own = resolve_all(dict(section.model_extra or {}), path, document, env, faults, warnings)
        settings = _settings(connector.settings, own, path, document, faults)
        if settings is not None:
            account = _account(section, file)
            told = getattr(connector, "wrong", None)
            wrong = told(settings, account.mode) if told else ()
            faults.extend(Fault(document.at((*path, *at)), what) for at, what in wrong)
            found.append((account, _from_folders(settings, document, path)))
    return found


def _settings(
    model: type[BaseModel], own: Mapping[str, Any], path: tuple[str | int, ...], document: Document, faults: list[Fault]
) -> BaseModel | None:
    for name, value in own.items():
        field = model.model_fields.get(name)
        if isinstance(value, bool) and field is not None and field.annotation in (int, float, int | None, float | None):
            faults.append(Fault(document.at((*path, name)), f"{name}: expected a number, was {str(value).lower()}"))
            return None  # pydantic would take true for 1
    try:
        return model.model_validate(own)
    except ValidationError as e:
        faults.extend(faults_of(e, model, document, path, also=AccountSection.model_fields))
        return None


def _account(section: AccountSection, file: File) -> Account:
    return Account(
        id=AccountId(section.name),
        platform=section.platform,
        currency=section.currency or file.shop.currency,
        timezone=section.timezone or file.shop.timezone,
        mode=section.mode,
        zone_written=section.timezone is not None,
    )


def _from_folders(settings: BaseModel, document: Document, path: tuple[str | int, ...]) -> BaseModel:
    """Relative paths among the settings start at the folder of the file that says them."""
    moved = {
        name: document.folder((*path, name)) / value
        for name, value in settings
        if isinstance(value, Path) and not isinstance(value, SecretStr) and not value.is_absolute()
    }
    return settings.model_copy(update=moved) if moved else settings
