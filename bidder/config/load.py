"""Files and environment → Config, or one ConfigError that lists every fault with its file:line:column.

Nothing is half read: a Config stands on one state of all its files, whose digest names it in plans and the journal.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bidder.catalog import Product
from bidder.config.accounts import misspelt_keys, read_accounts
from bidder.config.activity import read_incoming
from bidder.config.agency import agency_of
from bidder.config.alerts import read_receivers
from bidder.config.bids import read_bids
from bidder.config.calendar import Calendar, calendar_of
from bidder.config.contradictions import contradictions
from bidder.config.faults import faults_of
from bidder.config.fields import Reference
from bidder.config.file import LATER, DecideSection, File, ScheduleSection, ShopSection
from bidder.config.layers import Layer, Papers, laid_over, named_in, store_of
from bidder.config.marks import Document
from bidder.config.products import read_products
from bidder.config.rates import Rates, read_rates
from bidder.config.reading import Reading
from bidder.config.rule_files import caps_needed, purses_there, read_rules
from bidder.config.secrets import resolve
from bidder.config.sense import sense_of
from bidder.config.whole import Caps, Config
from bidder.connectors.protocol import ConnectorKind
from bidder.connectors.registry import kind as kind_of
from bidder.decide import Policy
from bidder.errors import ConfigError, Fault, Source

__all__ = ["Caps", "Config", "DecideSection", "ScheduleSection", "ShopSection", "find", "load"]

DEFAULT_FILE = "bidder.yaml"

_HIDDEN = frozenset({"check_history"})
"""Settings of the parts that code sets and nobody writes."""

KindOf = Callable[[str, Source | None], ConnectorKind]


def find(path: Path | None, env: Mapping[str, str]) -> Path | None:
    """The configuration's file: `path`, else $BIDDER_CONFIG, else ./bidder.yaml where there is one."""
    if path is not None:
        return path
    named = env.get("BIDDER_CONFIG", "").strip()
    if named:
        return Path(named)
    return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).is_file() else None


def load(
    path: Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    kind: KindOf | None = None,
    under: Layer | None = None,
) -> Config:
    """Reads and checks everything. Raises ConfigError with every fault at once.

    `env` (default: the process's environment) gives BIDDER_CONFIG, BIDDER_LISTEN, BIDDER_STORE, CREDENTIALS_DIRECTORY
    and secrets; `kind` finds a platform's connector (default: the registry). Warnings are in the Config. `under` is
    what lies under the file of one shop of many (:mod:`bidder.config.shops`); it is found where the file is a shop's.
    """
    env = os.environ if env is None else env
    path = find(path, env) if under is None else path
    if under is None and path is not None:
        agency = agency_of(path, env)
        under = None if agency is None else Layer(path.stem, Papers(), agency.template)
    return _Loading(env, kind or kind_of, under).config(path)


class _Loading(Reading):
    """One reading of all files; `kind` finds a platform's connector."""

    def __init__(self, env: Mapping[str, str], kind: KindOf, under: Layer | None) -> None:
        super().__init__(env, under)
        self.kind = kind

    def config(self, path: Path | None) -> Config:
        file, document = self._file(path)
        rates = self._rates(file, document)
        rules = read_rules(self, file, document, rates)
        products = self._products(file, document)
        calendar = self._calendar(file, document, products)
        purses_there(self, rules, calendar)
        self._plan_currency(file, document)
        accounts = read_accounts(file, document, self.env, self.kind, self.faults, self.warnings)
        self._rates_there(file, document, rates)
        many = self.under is not None
        incoming = read_incoming(file, document, self.env, accounts, self.faults, self.warnings, of_many=many)
        chinese = file.shop.currency == "CNY"
        receivers = read_receivers(file.alerts, document, self.env, self.faults, self.warnings, chinese=chinese)
        bids = read_bids(file, document, self.faults, self.warnings)
        token = None
        if file.web.token is not None:
            place = document.at(("web", "token"))
            token = resolve(file.web.token, place, self.env, self.faults, self.warnings)
        store, listen = self._store(file, document), self._listen(file)
        caps_needed(self, file, document, rules)
        self.faults.extend(contradictions(rules, file.shop.currency))
        if self.faults:
            raise ConfigError(dict.fromkeys(self.faults))
        digest = self.hash.hexdigest()[:16]
        accounts_known = [account for account, _ in accounts]
        offered = [one.event for one in calendar.candidates]
        self.warnings.extend(sense_of(file, document, rules, accounts_known, products, calendar.events, offered))
        return Config(
            path=path,
            shop=file.shop,
            objective=file.wants,
            policy=Policy(
                rules=tuple(rules),
                objective=file.wants,
                guard=file.guard,
                digest=digest,
                written=self._written(document, rates),
            ),
            accounts=tuple(accounts),
            products=tuple(products),
            store_url=store,
            listen=listen,
            token=token,
            schedule=file.schedule,
            incoming=incoming,
            receivers=receivers,
            warnings=tuple(sorted(self.warnings, key=lambda one: (one.source or Source(""), one.message))),
            digest=digest,
            files=tuple(self.files),
            patterns=tuple(
                (document.folder(("rules", index)), one)
                for index, one in enumerate(file.rules)
                if any(sign in one for sign in "*?[")
            ),
            calendar=calendar,
            sales=None if file.plan.sales is None else file.plan.sales.month,
            rates=rates,
            bids=bids,
            _caps=Caps(
                None if file.budget.day is None else file.budget.day.max.money(file.shop.currency),
                None if file.budget.month is None else file.budget.month.usual.money(file.shop.currency),
            ),
            _months=file.budget.month,
        )

    def _written(self, document: Document, rates: Rates) -> tuple[tuple[str, str], ...]:
        """What a policy is made of, as files that give the same one: no accounts, no secrets, no paths."""
        whole = document.value if isinstance(document.value, dict) else {}
        kept_sections = ("shop", "objective", "budget", "guard", "experiment")
        sections = {name: whole[name] for name in kept_sections if name in whole}
        if rates.quotes:  # a file of rates is kept as what it says
            sections["rates"] = {
                code: [{one.into: float(one.rate), "date": one.day.isoformat()} for one in quotes]
                for code, quotes in rates.quotes.items()
            }
        names = [f"rules-{number}.yaml" for number in range(1, len(self.rule_texts) + 1)]
        calendar = {"calendar": "calendar.yaml"} if self.calendar_text is not None else {}
        whole_text = json.dumps({**sections, **calendar, "rules": names}, ensure_ascii=False, default=float, indent=1)
        kept = [(DEFAULT_FILE, whole_text), *zip(names, self.rule_texts, strict=True)]
        if self.calendar_text is not None:
            kept.append(("calendar.yaml", self.calendar_text))
        return tuple(kept)

    def _file(self, path: Path | None) -> tuple[File, Document]:
        """bidder.yaml; where it has faults, what of it stands, so that the faults of other files are seen as well."""
        if path is None:
            return File(), Document(DEFAULT_FILE)
        document = self.yaml(path, Source(str(path)))
        if document is not None and self.under is not None:
            document = self._layered(document, self.under)
        if document is None or document.value is None:
            return File(), document or Document(str(path))
        if not isinstance(document.value, dict):
            self.faults.append(Fault(document.at(()), "expected sections such as shop: {name: …}"))
            return File(), document
        for hidden in [steps for steps in LATER if steps[-1] in _HIDDEN and document.has_key(steps)]:
            what = f"{'.'.join(hidden)}: {LATER[hidden]} is not available in this version"
            self.faults.append(Fault(document.key_at(hidden), what))
        try:
            return File.model_validate(document.value), document
        except ValidationError as e:
            self.faults.extend(faults_of(e, File, document, later=LATER))
            self.faults.extend(misspelt_keys(document))
        return _sound_part(document.value), document

    def _layered(self, own: Document, under: Layer) -> Document:
        """The shop's file over the template. A template with faults gives none: its faults are told."""
        template = None if under.template is None else self.yaml(under.template, Source(own.file))
        if template is not None and not isinstance(template.value, Mapping | None):
            self.faults.append(Fault(template.at(()), "expected sections such as accounts: […], as in bidder.yaml"))
            template = None
        document = laid_over(template, own, under.shop)
        said = document.value.get("shop") if isinstance(document.value, Mapping) else None
        if isinstance(said, Mapping) and said.get("name") != under.shop:
            message = f"shop.name: expected {under.shop}, the name of the file, was {said.get('name')}"
            self.faults.append(Fault(document.at(("shop", "name")), message))
        return document

    def _rates(self, file: File, document: Document) -> Rates:
        """The exchange rates, from bidder.yaml or the file that it names."""
        if file.rates is None:
            return Rates()
        place, content, name = document.key_at(("rates",)), None, ""
        if isinstance(file.rates, str):
            path = document.folder(("rates",)) / file.rates
            name, content = str(path), self.content(path, document.at(("rates",)))
            if content is None:
                return Rates()
        rates, faults = read_rates(file.rates, content, name, place, file.shop.currency)
        self.faults.extend(faults)
        return rates

    def _rates_there(self, file: File, document: Document, rates: Rates) -> None:
        """Says which accounts cannot be planned with the others for want of an exchange rate."""
        for index, account in enumerate(file.accounts):
            code, shop = account.currency or file.shop.currency, file.shop.currency
            if code != shop and code not in rates.quotes:
                what = f"currency: no rate from {code} to the shop's {shop} is written, so no plan can be applied: "
                what += f"write rates: {{{code}: {{{shop}: …, date: 2026-11-01}}}}"
                self.warnings.append(Fault(document.at(("accounts", index, "currency")), what))

    def _products(self, file: File, document: Document) -> list[Product]:
        if file.products is None:
            return []
        path = document.folder(("products",)) / file.products
        content = self.content(path, document.at(("products",)))
        if content is None:
            return []
        sheet = read_products(content, str(path), file.shop.currency)
        self.faults.extend(sheet.faults)
        self.warnings.extend(sheet.warnings)
        return sheet.products

    def _calendar(self, file: File, document: Document, products: list[Product]) -> Calendar:
        if file.calendar is None:
            return Calendar()
        read = self.yaml(document.folder(("calendar",)) / file.calendar, document.at(("calendar",)))
        if read is None:
            return Calendar()
        self.calendar_text = read.text
        calendar = calendar_of(read, file.shop, products, self.faults, file.budget.month)
        self.warnings.extend(read.warnings)
        return calendar

    def _plan_currency(self, file: File, document: Document) -> None:
        if file.plan.sales is not None and file.plan.sales.month.currency not in (None, file.shop.currency):
            place = document.at(("plan", "sales", "month"))
            what = f"plan.sales.month: no rate to the shop's {file.shop.currency} is known; write it in that"
            self.faults.append(Fault(place, what))

    def _store(self, file: File, document: Document) -> str:
        override = self.env.get("BIDDER_STORE", "").strip()
        if override:
            address = override if "://" in override else f"sqlite:///{override}"
            return address if self.under is None else store_of(address, self.under.shop)
        place, said = document.at(("store",)), file.store
        if self.under is not None and not document.has_key(("store",)):
            said = f"sqlite:///{self.under.shop}.db"
        if isinstance(said, Reference):
            found = resolve(said, place, self.env, self.faults, self.warnings)
            if found is None:
                return ""
            said = found.get_secret_value()
            if self.under is not None:
                said = named_in(said, self.under.shop)
        elif _holds_password(said):
            fault = "store: a password is not written here; write {env: NAME} or {file: path}, or keep it in ~/.pgpass"
            self.faults.append(Fault(place, fault))
            return ""
        prefix = "sqlite:///"
        if said.startswith(prefix) and said != prefix:
            return f"{prefix}{document.folder(('store',)) / said.removeprefix(prefix)}"
        if not said.startswith(("postgresql://", "postgres://")):
            expected = "sqlite:///PATH such as sqlite:///bidder.db, or postgresql://user@host/database"
            self.faults.append(Fault(place, f"store: no such store; expected {expected}"))
        return said if self.under is None else store_of(said, self.under.shop)

    def _listen(self, file: File) -> str:
        override = self.env.get("BIDDER_LISTEN", "").strip()
        if not override:
            return file.web.listen
        try:
            return File.model_validate({"web": {"listen": override}}).web.listen
        except ValidationError:
            message = f"expected HOST:PORT such as 127.0.0.1:9108, was {override!r}"
            self.faults.append(Fault(Source("$BIDDER_LISTEN"), message))
            return file.web.listen


def _holds_password(url: str) -> bool:
    """Whether an address carries its password: user:password@host, or ?password=."""
    return re.search(r"://[^/@]*:[^/@]*@|[?&](ssl)?password=", url) is not None


def _sound_part(value: Mapping[str, Any]) -> File:
    """The sections without faults, with defaults for the rest."""
    sound: dict[str, Any] = {}
    for key, section in value.items():
        try:
            File.model_validate({key: section})
        except ValidationError:
            continue
        sound[key] = section
    return File.model_validate(sound)
