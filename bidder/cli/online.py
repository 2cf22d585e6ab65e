"""`bidder check --online`: every account asked read-only, and what came of it. No writer is constructed."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

from bidder.catalog import Account, BudgetStatus, Mode

if TYPE_CHECKING:
    from pydantic import BaseModel

    from bidder.config.load import Config
    from bidder.connectors.protocol import ShopReader

__all__ = ["Look", "ask_accounts", "show_accounts"]

PATIENCE = 60.0
"""Seconds that one account may take for each question."""

SUNSET_WARNING = timedelta(days=60)

_MAY = {
    Mode.OBSERVE: "only looks (mode observe)",
    Mode.PROPOSE: "writes what a person approves (mode propose)",
    Mode.APPLY: "writes its own decisions (mode apply)",
    Mode.MANUAL: "lists what a person types in (mode manual)",
}


@dataclass(slots=True)
class Look:
    """What one account answered."""

    account: str
    platform: str
    mode: str
    may: str
    ok: bool = True
    error: str = ""
    reason: str = ""
    currency: str = ""
    timezone: str = ""
    budgets: int | None = None
    active: int | None = None
    limited: int | None = None
    """How many active budgets the platform says it would spend more of."""
    total: str | None = None
    """The active budgets' sum a day."""
    clicks: int | None = None
    spend: str | None = None
    """What yesterday cost so far as is known."""
    note: str = ""
    sunset: str | None = None
    dry: list[dict[str, Any]] = field(default_factory=list)
    """The calls of a description in YAML: request, rows, the first as understood, what is wrong."""

    def row(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def ask_accounts(loaded: Config) -> list[Look]:
    """Asks every account side by side."""

    async def all_of_them() -> list[Look]:
        from bidder.cycle import utc_now

        return list(await asyncio.gather(*(_look(account, own, utc_now) for account, own in loaded.accounts)))

    return asyncio.run(all_of_them())


def show_accounts(looks: list[Look]) -> None:
    """A paragraph an account."""
    for one in looks:
        if not one.ok:
            typer.echo(f"{one.account} ({one.platform}): cannot be read: {one.reason}")
            _show_dry(one)
            continue
        limited = f", {one.limited} limited by budget" if one.limited else ""
        typer.echo(f"{one.account} ({one.platform}): {one.currency}, {one.timezone}; bidder {one.may}")
        if one.budgets is not None:
            typer.echo(f"  {one.budgets} budgets, {one.active} active{limited}: {one.total} {one.currency} a day")
        typer.echo(f"  {one.note}" if one.note else f"  yesterday {one.clicks} clicks, {one.spend} {one.currency}")
        if one.sunset:
            typer.echo(f"  the API's version in use ends on {one.sunset}: set api_version")
        _show_dry(one)


def _show_dry(look: Look) -> None:
    """A description's calls, so that whoever wrote it sees what is asked and what is understood."""
    for call in look.dry:
        typer.echo(f"  {call['call']}: {call['request']}")
        if call["first"]:
            first = ", ".join(f"{name} {value}" for name, value in call["first"].items())
            typer.echo(f"    {call['rows']} rows; the first: {first}")
        elif call["rows"] is not None:
            typer.echo(f"    {call['rows']} rows")
        for wrong in call["wrong"]:
            typer.echo(f"    WRONG {wrong}")


async def _look(account: Account, settings: BaseModel, clock: Any) -> Look:
    from bidder.connectors.registry import kind, sunset
    from bidder.errors import ConnectorError
    from bidder.poll import error_of

    look = Look(account.id, account.platform, account.mode.value, _MAY[account.mode])
    connector = kind(account.platform)
    ends = sunset(account.platform, settings)
    near = ends is not None and ends - clock().date() <= SUNSET_WARNING
    look.sunset = ends.isoformat() if ends is not None and near else None
    await _dry(connector, account, settings, look, clock)
    reader = connector.reader(account, settings)
    if reader is None:
        return await _without_ads(connector.shop(account, settings), account, look)
    look.currency, look.timezone = reader.account.currency, reader.account.timezone
    try:
        async with asyncio.timeout(PATIENCE):
            await _budgets(reader, look)
        look.timezone = reader.account.timezone  # as the platform has told it by now
        try:
            async with asyncio.timeout(PATIENCE):
                await _yesterday(reader, look, clock)
        except TimeoutError:
            look.note = "yesterday's figures take longer than a minute to come"
        except ConnectorError as e:
            if e.error != "timeout":
                raise
            look.note = f"yesterday's figures: {e.reason}"
    except (
        Exception
    ) as e:  # whatever a connector throws: the account cannot be read, and the others are asked all the same
        look.ok, look.error = False, error_of(e)
        look.reason = e.reason if isinstance(e, ConnectorError) else type(e).__name__
    finally:
        await reader.close()
    return look


async def _dry(connector: Any, account: Account, settings: BaseModel, look: Look, clock: Any) -> None:
    """The dry calls of a connector that offers them; a field that finds nothing is a fault of the account."""
    from bidder.errors import ConnectorError
    from bidder.poll import error_of

    offered = getattr(connector, "dry", None)
    if offered is None:
        return
    try:
        async with asyncio.timeout(PATIENCE):
            look.dry = [asdict(one) for one in await offered(account, settings, clock())]
    except (ConnectorError, TimeoutError) as e:
        look.ok, look.error, look.reason = False, error_of(e), getattr(e, "reason", "no answer in time")
        return
    wrong = [fault for call in look.dry for fault in call["wrong"]]
    if wrong:
        look.ok, look.error = False, "schema"
        look.reason = wrong[0] if len(wrong) == 1 else f"{wrong[0]} (and {len(wrong) - 1} more)"


async def _without_ads(shop: ShopReader | None, account: Account, look: Look) -> Look:
    """An account that has no budgets to ask for: a shop, or files that come by themselves."""
    from bidder.errors import ConnectorError
    from bidder.poll import error_of

    look.currency, look.timezone = account.currency, account.timezone
    if shop is None:
        look.note = "known by its files alone"
        return look
    look.may = "reads what it sells; a shop has no ads"
    try:
        async with asyncio.timeout(PATIENCE):
            products = await shop.products()
        stocked = sum(one.stock is not None for one in products)
        look.note = f"{len(products)} products, {stocked} with their stock"
    except Exception as e:  # whatever a connector throws: the others are asked all the same
        look.ok, look.error = False, error_of(e)
        look.reason = e.reason if isinstance(e, ConnectorError) else type(e).__name__
    finally:
        await shop.close()
    return look


async def _budgets(reader: Any, look: Look) -> None:
    from bidder.money import total

    found = await reader.budgets()
    active = [one for one in found if one.status is BudgetStatus.ACTIVE]
    look.budgets, look.active = len(found), len(active)
    told = [one.limited for one in active if one.limited is not None]
    look.limited = sum(told) if told else None
    look.total = str(total([one.now for one in active if one.now is not None], reader.account.currency))


async def _yesterday(reader: Any, look: Look, clock: Any) -> None:
    from bidder.account_day import AccountDay
    from bidder.money import Money
    from bidder.reports import UNKNOWN_MICROS

    now = getattr(reader, "now", clock)  # a simulated platform has a calendar of its own
    day = AccountDay.of(now(), reader.account.timezone).next(-1).date
    rows = await reader.performance(day, day)
    spend = sum(int(micros) for micros in rows.spend if micros != UNKNOWN_MICROS)
    look.clicks = int(sum(value for value in rows.clicks.tolist() if value == value))
    look.spend = str(Money(spend, reader.account.currency))
