"""Files and environment → Config, or one ConfigError that lists every fault with its file:line:column.

Nothing is half read: a Config stands on one state of all its files, whose digest names it in plans and the journal.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from bidder.alerts import Receiver
from bidder.bids.settings import BidSettings
from bidder.catalog import Account, Mode, Product
from bidder.config.accounts import misspelt_keys, read_accounts
from bidder.config.activity import Incoming, read_incoming
from bidder.config.agency import agency_of
from bidder.config.alerts import read_receivers
from bidder.config.bids import read_bids
from bidder.config.calendar import Calendar, calendar_of
from bidder.config.contradictions import contradictions
from bidder.config.experiment import experiment_rules, only_one
from bidder.config.faults import faults_of
from bidder.config.fields import Reference
from bidder.config.file import LATER, DecideSection, File, ScheduleSection, ShopSection
from bidder.config.layers import Layer, Papers, laid_over, named_in, store_of
from bidder.config.marks import Document, read_yaml
from bidder.config.products import read_products
from bidder.config.rates import Exchange, Rates, read_rates
from bidder.config.rules import rules_of
from bidder.config.secrets import resolve
from bidder.config.sense import sense_of
from bidder.connectors.protocol import ConnectorKind
from bidder.connectors.registry import kind as kind_of
from bidder.decide import Policy
from bidder.errors import ConfigError, Fault, Source
from bidder.ids import AccountId
from bidder.money import Currency, Money
from bidder.optimizer.objective import Objective
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.rules.month import Month
from bidder.rules.step import DefaultStep
from bidder.rules.total import DayCap, Total
from bidder.written import Monthly

__all__ = ["Caps", "Config", "DecideSection", "ScheduleSection", "ShopSection", "find", "load"]

DEFAULT_FILE = "bidder.yaml"

_HIDDEN = frozenset({"check_history"})
"""Settings of the parts that code sets and nobody writes."""

KindOf = Callable[[str, Source | None], ConnectorKind]


@dataclass(frozen=True, slots=True)
class Caps:
    """The caps of `budget` in bidder.yaml; None where there is none."""

    day: Money | None = None
    """Of an ordinary day."""
    month: Money | None = None
    """Of the month that was asked for, else the usual one."""


@dataclass(frozen=True, slots=True)
class Config:
    """All that people wrote, read and checked."""

    path: Path | None
    """bidder.yaml; None when there is none and every default holds."""
    shop: ShopSection
    objective: Objective
    policy: Policy
    accounts: tuple[tuple[Account, BaseModel], ...]
    """Each account with the settings of its platform."""
    products: tuple[Product, ...]
    store_url: str = field(repr=False)
    """Where the state is kept; may hold a password."""
    listen: str
    """HOST:PORT of the page and /metrics."""
    token: SecretStr | None
    """Asked of whoever acts on the page; None: the page only shows."""
    schedule: ScheduleSection
    incoming: Incoming = field(default_factory=Incoming)
    """What comes in by itself: files, messages, amounts typed by hand."""
    receivers: tuple[Receiver, ...] = ()
    """Who is told by message."""
    warnings: tuple[Fault, ...] = ()
    digest: str = ""
    """The first digits of a SHA-256 over every file that was read."""
    calendar: Calendar = field(default_factory=Calendar)
    """The events that the shop takes part in, and those that it may still join."""
    sales: Monthly | None = None
    """What the shop means to sell in a month; None where it does not say."""
    files: tuple[Path, ...] = ()
    """Every file that was read."""
    patterns: tuple[tuple[Path, str], ...] = ()
    """Folders and patterns whose files are rules: a new one changes the configuration."""
    rates: Rates = field(default_factory=Rates)
    """Exchange rates into the shop's currency."""
    bids: Mapping[AccountId, BidSettings] = field(default_factory=dict)
    """What bidder may do with bids and targets, by account."""
    _caps: Caps = field(default_factory=Caps)
    _months: Monthly | None = None

    def caps(self, day: date | None = None) -> Caps:
        """The caps of the day and of the month (of `day`, where months differ)."""
        if day is None or self._months is None:
            return self._caps
        return Caps(self._caps.day, self._months.of(day).money(self.shop.currency))

    def sales_of_month(self, day: date) -> Money | None:
        """What the shop means to sell in the month of a day; None where it does not say."""
        return None if self.sales is None else self.sales.of(day).money(self.shop.currency)

    def exchange(self, day: date) -> Exchange:
        """The exchange rates of a day: those older than `guard.stale_after.rates` are said to be stale."""
        return self.rates.at(day, self.policy.guard.stale_after.rates)

    def limits_shown(self) -> dict[str, str | None]:
        """The caps as the page's status says them."""
        day, month = self._caps.day, self._caps.month
        return {"day_limit": None if day is None else str(day), "month_limit": None if month is None else str(month)}

    @property
    def host(self) -> str:
        """The host that the page listens on."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port that the page listens on."""
        return int(self.listen.rpartition(":")[2])

    @property
    def has_total(self) -> bool:
        """Whether an absolute cap on all budgets is written somewhere."""
        return any(isinstance(r.kind, Total | Month) and r.where is None and r.enabled for r in self.policy.rules)


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
    return _Reading(env, kind or kind_of, under).config(path)


class _Reading:
    """One reading: what was read so far, and what was wrong with it."""

    def __init__(self, env: Mapping[str, str], kind: KindOf, under: Layer | None = None) -> None:
        self.env = env
        self.kind = kind
        self.under = under
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self.hash = sha256()
        self.rule_texts: list[str] = []
        self.calendar_text: str | None = None
        self.files: list[Path] = []

    def config(self, path: Path | None) -> Config:
        file, document = self._file(path)
        rates = self._rates(file, document)
        rules = self._rules(file, document, rates)
        products = self._products(file, document)
        calendar = self._calendar(file, document, products)
        self._purses_there(rules, calendar)
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
        self._caps_needed(file, document, rules)
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

    def _read(self, path: Path, place: Source | None) -> bytes | None:
        """A file's content, counted into the digest; None and a fault when it cannot be read."""
        self.files.append(path)
        tried = None if self.under is None else self.under.papers.instead.get(path)
        try:
            content = path.read_bytes() if tried is None else tried
        except OSError as e:
            self.faults.append(Fault(place, f"{path}: cannot be read: {e.strerror or e}"))
            return None
        self.hash.update(f"{len(content)}:".encode() + content)
        return content

    def _yaml(self, path: Path, place: Source | None) -> Document | None:
        content = self._read(path, place)
        return None if content is None else self._document(path, content)

    def _document(self, path: Path, content: bytes) -> Document | None:
        """What a file's content says; None and faults where it cannot be understood."""
        try:
            if self.under is not None:
                return self.under.papers.yaml(path, content)
            return read_yaml(content.decode("utf-8-sig"), str(path))
        except UnicodeDecodeError as e:
            line = content.count(b"\n", 0, e.start) + 1
            self.faults.append(Fault(Source(str(path), line), "expected UTF-8 text; save the file as UTF-8"))
        except ConfigError as e:
            self.faults.extend(e.faults)
        return None

    def _file(self, path: Path | None) -> tuple[File, Document]:
        """bidder.yaml; where it has faults, what of it stands, so that the faults of other files are seen as well."""
        if path is None:
            return File(), Document(DEFAULT_FILE)
        document = self._yaml(path, Source(str(path)))
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
        template = None if under.template is None else self._yaml(under.template, Source(own.file))
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
            name, content = str(path), self._read(path, document.at(("rates",)))
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

    def _rules(self, file: File, document: Document, rates: Rates) -> list[Rule]:
        currency = file.shop.currency
        rules: list[Rule] = []
        if file.budget.day is not None:
            cap = DayCap(max=file.budget.day.max, event=file.budget.day.event)
            rules.append(Rule("day max", cap, document.key_at(("budget", "day", "max"))))
        if file.budget.month is not None:
            month = Month(max=file.budget.month, overdelivery=file.budget.overdelivery)
            rules.append(Rule("month", month, document.key_at(("budget", "month"))))
        rules.extend(experiment_rules(file.experiment, document))
        names = {rule.name: rule.source for rule in rules}
        lent: dict[str, int] = {}
        seen: set[Path] = set()
        for index, pattern in enumerate(file.rules):
            place = document.at(("rules", index))
            for one in self._matching(pattern, document.folder(("rules", index)), place):
                if one in seen:
                    self.faults.append(Fault(place, f"{one}: named twice; its rules would stand twice"))
                    continue
                seen.add(one)
                inherited = self.under is not None and place.file != document.file
                for rule in self._rules_in(one, place):
                    if rule.name in lent and not inherited:
                        rules[lent.pop(rule.name)] = rule  # the shop's rule of that name stands in the agency's place
                    elif rule.name in names:
                        message = f"name: {rule.name!r} is taken by the rule at {names[rule.name]}"
                        self.faults.append(Fault(rule.source, message))
                        continue
                    else:
                        if inherited:
                            lent[rule.name] = len(rules)
                        rules.append(rule)
                    names[rule.name] = rule.source
        self.faults.extend(only_one(rules))
        for rule in rules:
            self._known_currency(rule, currency, rates)
        guard = file.guard
        if not isinstance(document.value, dict) or "guard" not in document.value:
            return rules  # nobody wrote it: evaluate adds the default step itself
        step = DefaultStep.model_validate(
            {
                "raise": guard.raise_,
                "cut": guard.cut,
                "target_step": guard.target_driven.step,
                "target_cooldown": guard.target_driven.cooldown,
                "files_after": guard.stale_after.api,
            }
        )
        rules.append(Rule("default step", step, document.key_at(("guard",))))
        return rules

    def _rules_in(self, path: Path, place: Source) -> Sequence[Rule]:
        """The rules of a file; of one that many shops read alike, understood once."""
        content = self._read(path, place)
        kept = None if content is None or self.under is None else self.under.papers.rules.get((str(path), content))
        if kept is None:
            before = len(self.faults)
            document = None if content is None else self._document(path, content)
            if document is None:
                return ()
            kept = document, tuple(rules_of(document, self.faults))
            if self.under is not None and content is not None and len(self.faults) == before:
                self.under.papers.rules[str(path), content] = kept
        self.rule_texts.append(kept[0].text)
        self.warnings.extend(kept[0].warnings)
        return kept[1]

    def _matching(self, pattern: str, base: Path, place: Source) -> list[Path]:
        wild = any(sign in pattern for sign in "*?[")
        if Path(pattern).is_absolute() and wild:
            self.faults.append(Fault(place, f"{pattern}: a pattern starts at the folder of this file"))
            return []
        found = sorted(base.glob(pattern)) if wild else [base / pattern]
        if not found:
            self.faults.append(Fault(place, f"{pattern}: no such file; relative paths start at {base}"))
        return found

    def _known_currency(self, rule: Rule, currency: Currency, rates: Rates) -> None:
        """Amounts of another currency need a rate, and caps of months are the shop's own."""
        for name, value in rule.kind:
            other = getattr(value, "currency", None)
            own = isinstance(rule.kind, DayCap | Month)  # the caps of bidder.yaml are counted in the shop's currency
            if other is not None and other != currency and (other not in rates.quotes or own):
                message = (
                    f"{rule.name}.{name}: {value}: no rate to the shop's {currency} is known; write it in {currency}"
                )
                self.faults.append(Fault(rule.source, message))

    def _products(self, file: File, document: Document) -> list[Product]:
        if file.products is None:
            return []
        path = document.folder(("products",)) / file.products
        content = self._read(path, document.at(("products",)))
        if content is None:
            return []
        sheet = read_products(content, str(path), file.shop.currency)
        self.faults.extend(sheet.faults)
        self.warnings.extend(sheet.warnings)
        return sheet.products

    def _calendar(self, file: File, document: Document, products: list[Product]) -> Calendar:
        if file.calendar is None:
            return Calendar()
        read = self._yaml(document.folder(("calendar",)) / file.calendar, document.at(("calendar",)))
        if read is None:
            return Calendar()
        self.calendar_text = read.text
        calendar = calendar_of(read, file.shop, products, self.faults, file.budget.month)
        self.warnings.extend(read.warnings)
        return calendar

    def _purses_there(self, rules: list[Rule], calendar: Calendar) -> None:
        """A rule that draws on a purse needs an event that has one."""
        if any(event.purse is not None for event in calendar.events):
            return
        for rule in rules:
            if isinstance(rule.kind, BudgetRange) and rule.kind.from_ is not None:
                message = "budget.from: no event has a purse: write purse: 30000 in calendar.yaml"
                self.faults.append(Fault(rule.source, message))

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

    def _caps_needed(self, file: File, document: Document, rules: list[Rule]) -> None:
        """An account that may be written needs an absolute cap: no limit must never mean unlimited."""
        if any(isinstance(rule.kind, Total | Month) and rule.where is None and rule.enabled for rule in rules):
            return
        for index, account in enumerate(file.accounts):
            if account.mode is not Mode.OBSERVE:
                message = f"mode: {account.mode.value} needs a cap: write budget: {{day: {{max: …}}}}"
                self.faults.append(Fault(document.at(("accounts", index, "mode")), message))


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
