"""The shop's activity and manual accounts in bidder.yaml → folders to watch, brokers to listen to, feeds that push."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from bidder.catalog import Account, Mode
from bidder.config.file import ActivitySection, File
from bidder.config.marks import Document
from bidder.config.secrets import resolve
from bidder.errors import Fault, Source

if TYPE_CHECKING:  # imported where there is something to read: most commands have none and are to start at once
    from bidder.connectors.files.account import FilesSettings
    from bidder.connectors.mqtt_push import Broker
    from bidder.connectors.observations import Feed
    from bidder.intake.inbox import Watched

__all__ = ["Incoming", "read_incoming"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """What comes in by itself."""

    watched: tuple[Watched, ...] = ()
    brokers: tuple[Broker, ...] = ()
    feeds: tuple[Feed, ...] = ()
    """Those that push over HTTP."""
    budgets: Path | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every source of the shop's activity that pushes."""
        return (*(one.feed.name for one in self.brokers), *(one.name for one in self.feeds))


def read_incoming(
    file: File,
    document: Document,
    env: Mapping[str, str],
    accounts: Sequence[tuple[Account, BaseModel]],
    faults: list[Fault],
    warnings: list[Fault],
    *,
    of_many: bool = False,
) -> Incoming:
    """Checks the entries of `activity`, `budgets`, and accounts of files; adds faults.

    `of_many`: one shop of many, whose people have tokens of their own.
    """
    _only_by_hand(file, document, faults)
    taken = {account.id: document.at(("accounts",)) for account, _ in accounts}
    of_files = _of_files(accounts)
    ads = of_files[0][0] if len(of_files) == 1 else None
    watched = _watched(of_files, file, document)
    brokers: list[Broker] = []
    feeds: list[Feed] = []
    seen: dict[str, Source] = {}
    if file.activity:
        from bidder.connectors.observations import Feed
        from bidder.intake.inbox import Watched
    for index, entry in enumerate(file.activity):
        place = document.at(("activity", index, "name"))
        if entry.name in seen or entry.name in taken:
            faults.append(Fault(place, f"name: {entry.name} is taken by another entry or account"))
            continue
        seen[entry.name] = place
        feed = Feed(
            entry.name, file.shop.name, file.shop.timezone, file.shop.currency, running=entry.counts == "running"
        )
        if entry.source == "files":
            paths = (entry.path,) if isinstance(entry.path, str) else tuple(entry.path or ())
            folder = document.folder(("activity", index, "path"))
            watched.append(Watched(entry.name, tuple(folder / one for one in paths), file.shop.timezone, ads=ads))
        elif entry.source == "http":
            if file.web.token is None and not of_many:
                faults.append(Fault(place, "source: http needs a token: write web: {token: {env: BIDDER_TOKEN}}"))
            feeds.append(feed)
        else:
            broker = _broker(entry, feed, index, document, env, faults, warnings)
            brokers.extend([] if broker is None else [broker])
    budgets = None if file.budgets is None else document.folder(("budgets",)) / file.budgets
    if budgets is not None:
        _check_budgets(budgets, document, accounts, faults)
    return Incoming(tuple(watched), tuple(brokers), tuple(feeds), budgets)


def _of_files(accounts: Sequence[tuple[Account, BaseModel]]) -> list[tuple[Account, FilesSettings]]:
    """Accounts that are read from files, with what is written of them."""
    if all(account.platform != "files" for account, _ in accounts):
        return []
    from bidder.connectors.files.account import FilesSettings

    return [(account, settings) for account, settings in accounts if isinstance(settings, FilesSettings)]


def _watched(of_files: Sequence[tuple[Account, FilesSettings]], file: File, document: Document) -> list[Watched]:
    """Their folders."""
    if not of_files:
        return []
    from bidder.intake.inbox import Watched

    places = {section.name: index for index, section in enumerate(file.accounts)}
    return [
        Watched(
            str(account.id),
            tuple(document.folder(("accounts", places[account.id], "path")) / one for one in settings.paths),
            account.timezone,
            account=account,
            window=settings.window,
        )
        for account, settings in of_files
    ]


def _broker(
    entry: ActivitySection,
    feed: Feed,
    index: int,
    document: Document,
    env: Mapping[str, str],
    faults: list[Fault],
    warnings: list[Fault],
) -> Broker | None:
    from bidder.connectors.mqtt_push import broker_of

    password = None
    if entry.password is not None:
        password = resolve(entry.password, document.at(("activity", index, "password")), env, faults, warnings)
    ca = None if entry.ca is None else document.folder(("activity", index, "ca")) / entry.ca
    if ca is not None and not ca.is_file():
        faults.append(Fault(document.at(("activity", index, "ca")), f"ca: {ca}: no such file"))
    try:
        return broker_of(feed, entry.url or "", entry.topic or "", username=entry.username, password=password, ca=ca)
    except ValueError as e:
        faults.append(Fault(document.at(("activity", index, "url")), str(e)))
        return None


def _only_by_hand(file: File, document: Document, faults: list[Fault]) -> None:
    """Files cannot be written to: their budgets are typed in by a person."""
    for index, account in enumerate(file.accounts):
        if account.platform == "files" and account.mode in (Mode.APPLY, Mode.PROPOSE):
            message = f"mode: {account.mode.value} cannot be: files are not written to; use manual or observe"
            faults.append(Fault(document.at(("accounts", index, "mode")), message))


def _check_budgets(
    path: Path, document: Document, accounts: Sequence[tuple[Account, BaseModel]], faults: list[Fault]
) -> None:
    from bidder.intake.budgets import read_budgets

    try:
        content = path.read_bytes()
    except OSError as e:
        faults.append(Fault(document.at(("budgets",)), f"{path}: cannot be read: {e.strerror or e}"))
        return
    faults.extend(read_budgets(content, str(path), [account for account, _ in accounts]).faults)
