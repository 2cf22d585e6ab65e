"""agency.yaml: who looks after many shops, which files the shops are, and where the page of all of them listens.

Read by :mod:`bidder.config.shops`. The file may be left out: `shops/*.yaml` beside `template.yaml` are many shops too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from pydantic import ValidationError

from bidder.alerts import Receiver
from bidder.config.alerts import read_receivers
from bidder.config.faults import faults_of
from bidder.config.fields import Address, Alias, Clock, Code, Listen, Reference, Section, Zone
from bidder.config.file import AlertSection
from bidder.config.marks import Document, read_yaml
from bidder.config.rates import Rates, WrittenRates, read_rates
from bidder.config.secrets import resolve
from bidder.errors import ConfigError, Fault, Source
from bidder.ids import ALIAS
from bidder.money import Currency

__all__ = ["AGENCY_FILE", "Agency", "AgencyFile", "agency_of", "find_agency", "load_agency"]

AGENCY_FILE = "agency.yaml"
SCHEMA = "agency"
"""The agency's own, in a database that names none."""
_TEMPLATE = "template.yaml"
_ABOVE = 3
"""Folders above a shop's file in which its agency is looked for."""


class AgencyWeb(Section):
    """The page of all shops."""

    listen: Listen = "127.0.0.1:9108"
    """Address; loopback by default. Everybody who looks has a token (`bidder token create`)."""


class AgencyFile(Section):
    """agency.yaml."""

    name: Alias = "agency"
    """A short name."""
    title: str = ""
    """How people call it."""
    currency: Code = Currency("CNY")
    """The currency in which shops are compared and summed (ISO 4217)."""
    timezone: Zone = "Asia/Shanghai"
    """The zone of the agency's morning (IANA)."""
    rates: WrittenRates | None = None
    """Exchange rates of shops in other currencies: `{USD: {CNY: 7.1, date: 2026-11-01}}`, or a CSV file."""
    template: str | None = None
    """What every shop's file is laid over: a bidder.yaml whose `rules` are the agency's; `$shop` stands for the shop's
    name. `template.yaml` where there is one."""
    shops: tuple[str, ...] = ("shops/*.yaml",)
    """The files of the shops, each named after its shop; * stands for any name."""
    store: Address = "sqlite:///agency.db"
    """Where people, their tokens and the journal of access are kept: sqlite:///PATH or postgresql://user@host/database;
    {env: NAME} or {file: path} where the address holds a password."""
    web: AgencyWeb = AgencyWeb()
    """The page of all shops."""
    digest: Clock | None = None
    """When the agency's digest is sent to the receivers under `alerts`, in the agency's zone; after most shops have
    decided, such as "11:15"."""
    alerts: tuple[AlertSection, ...] = ()
    """Who gets the agency's digest, and hears of shops that have come to need somebody."""


@dataclass(frozen=True, slots=True)
class Agency:
    """What agency.yaml says, read and checked."""

    path: Path
    """agency.yaml, whether there is one or not."""
    name: str
    title: str
    currency: Currency
    timezone: str
    rates: Rates
    template: Path | None
    shops: tuple[str, ...]
    """Patterns of the files of the shops, from `folder` on."""
    store_url: str = field(repr=False)
    """May hold a password."""
    listen: str
    digest_at: time | None = None
    """When the digest is sent, in the agency's zone; None: it is not."""
    receivers: tuple[Receiver, ...] = ()
    warnings: tuple[Fault, ...] = ()

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.path.parent


def find_agency(asked: Path | None, env: Mapping[str, str]) -> Path:
    """agency.yaml: `asked` (it or its folder), else $BIDDER_AGENCY, else in this folder."""
    named = env.get("BIDDER_AGENCY", "").strip()
    path = asked or (Path(named) if named else Path(AGENCY_FILE))
    return path / AGENCY_FILE if path.is_dir() else path


def load_agency(asked: Path | None = None, env: Mapping[str, str] | None = None) -> Agency:
    """Reads agency.yaml, or takes the defaults where there is none. Raises ConfigError with every fault."""
    env = os.environ if env is None else env
    path = find_agency(asked, env)
    document = _document(path)
    faults, warnings = list[Fault](), list[Fault]()
    try:
        file = AgencyFile.model_validate(document.value or {})
    except ValidationError as e:
        raise ConfigError(faults_of(e, AgencyFile, document)) from e
    template = path.parent / (file.template or _TEMPLATE)
    if file.template is not None and not template.is_file():
        faults.append(Fault(document.at(("template",)), f"{template}: no such file"))
    receivers = read_receivers(file.alerts, document, env, faults, warnings, chinese=file.currency == "CNY")
    rates = _rates(file, document, faults)
    store = _store(file, document, env, faults, warnings)
    if faults:
        raise ConfigError(faults)
    return Agency(
        path=path,
        name=file.name,
        title=file.title or file.name,
        currency=file.currency,
        timezone=file.timezone,
        rates=rates,
        template=template if template.is_file() else None,
        shops=file.shops,
        store_url=store,
        listen=env.get("BIDDER_LISTEN", "").strip() or file.web.listen,
        digest_at=file.digest,
        receivers=receivers,
        warnings=tuple(warnings),
    )


def agency_of(shop: Path, env: Mapping[str, str]) -> Agency | None:
    """The agency that a file is a shop of: its folder is one or two above, and its `shops` name the file.

    Raises ConfigError for faults of agency.yaml.
    """
    for folder in list(shop.absolute().parents)[:_ABOVE]:
        if not ((folder / AGENCY_FILE).is_file() or (folder / _TEMPLATE).is_file()):
            continue
        near = Path(os.path.relpath(folder)) if not shop.is_absolute() else folder
        found = load_agency(near / AGENCY_FILE, env)
        ours = {(folder / one.replace("*", shop.stem)).resolve() for one in found.shops}
        return found if ALIAS.match(shop.stem) and shop.resolve() in ours else None
    return None


def _document(path: Path) -> Document:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if not (path.parent / "shops").is_dir() and not (path.parent / _TEMPLATE).is_file():
            what = "no agency here: expected agency.yaml, or a folder shops/ with a file for each shop"
            raise ConfigError([Fault(Source(str(path)), what)]) from None
        return Document(str(path))
    except OSError as e:
        raise ConfigError([Fault(Source(str(path)), f"cannot be read: {e.strerror or e}")]) from e
    try:
        document = read_yaml(content.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as e:
        line = content.count(b"\n", 0, e.start) + 1
        raise ConfigError([Fault(Source(str(path), line), "expected UTF-8 text; save the file as UTF-8")]) from e
    if document.value is not None and not isinstance(document.value, dict):
        raise ConfigError([Fault(document.at(()), "expected sections such as shops: [shops/*.yaml]")])
    return document


def _rates(file: AgencyFile, document: Document, faults: list[Fault]) -> Rates:
    if file.rates is None:
        return Rates()
    content, name, place = None, "", document.key_at(("rates",))
    if isinstance(file.rates, str):
        path = document.folder(("rates",)) / file.rates
        name = str(path)
        try:
            content = path.read_bytes()
        except OSError as e:
            faults.append(Fault(place, f"{path}: cannot be read: {e.strerror or e}"))
            return Rates()
    rates, wrong = read_rates(file.rates, content, name, place, file.currency)
    faults.extend(wrong)
    return rates


def _store(
    file: AgencyFile, document: Document, env: Mapping[str, str], faults: list[Fault], warnings: list[Fault]
) -> str:
    place, said = document.at(("store",)), file.store
    if isinstance(said, Reference):
        found = resolve(said, place, env, faults, warnings)
        said = "" if found is None else found.get_secret_value()
    if said.startswith(("postgresql://", "postgres://")) and not re.search(r"[?&]schema=", said):
        return f"{said}{'&' if '?' in said else '?'}schema={SCHEMA}"  # beside the shops' and the queue's tables
    prefix = "sqlite:///"
    return f"{prefix}{document.folder(('store',)) / said.removeprefix(prefix)}" if said.startswith(prefix) else said
