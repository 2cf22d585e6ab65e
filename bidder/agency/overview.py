"""All shops of an agency as they stand now, those that need somebody first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from bidder.agency.needs import KINDS
from bidder.agency.seen import seen_of
from bidder.agency.standing import ShopStanding, broken, standing, unread
from bidder.config.agency import Agency
from bidder.config.shops import Shop, read_shops
from bidder.errors import Fault, NoStoreYet, StoreError
from bidder.explain.agency_document import MonthLine, NeedLine, ShopLine, ShopsDocument, YesterdayLine
from bidder.store import open_reader

__all__ = ["ahead", "from_folder", "line_of", "look", "shops_document", "standing_of_shop", "worth_in"]


def look(agency: Agency, now: datetime, env: Mapping[str, str] | None = None) -> Iterator[ShopStanding]:
    """Every shop at `now`, in the order of names; one that cannot be read keeps none of the others from it."""
    for shop in read_shops(agency, env):
        yield standing_of_shop(shop, now, agency.folder)


def standing_of_shop(shop: Shop, now: datetime, folder: Path) -> ShopStanding:
    """How one shop stands at `now`; places in files are told from the agency's `folder` on."""
    if shop.config is None:
        return broken(shop.name, from_folder(shop.faults, folder))
    try:
        store = open_reader(shop.config.store_url)
    except NoStoreYet:
        return unread(shop.config, "nothing was read yet")
    except StoreError as e:
        return unread(shop.config, str(e))
    try:
        return standing(seen_of(shop.config, store, now))
    except StoreError as e:
        return unread(shop.config, str(e))
    finally:
        store.close()


def from_folder(faults: Iterable[Fault], folder: Path) -> tuple[Fault, ...]:
    """The same with places as they are found from a folder: people elsewhere see no path of this machine."""
    start = f"{folder}/"

    def shown(one: Fault) -> Fault:
        source = one.source
        place = None if source is None else replace(source, file=source.file.removeprefix(start))
        return Fault(place, one.message.replace(start, ""))

    return tuple(shown(one) for one in faults)


def ahead(shops: Iterable[ShopStanding], agency: Agency, day: date) -> Sequence[ShopStanding]:
    """Those that need somebody, most money first, in the agency's currency; what nobody can tell the worth of leads."""
    rates = worth_in(agency, day)

    def order(one: ShopStanding) -> tuple[int, float, int, str]:
        first = one.first
        assert first is not None
        known = 0 if first.unknown else 1 if one.currency not in rates else 2
        return known, -one.at_risk * rates.get(one.currency, 1.0), KINDS.index(first.kind), one.name

    return sorted((one for one in shops if one.needs), key=order)


def worth_in(agency: Agency, day: date) -> Mapping[str, float]:
    """The agency's currency for one unit of each that is known, by code; rates count however old they are."""
    known = agency.rates.at(day, timedelta.max).rates
    return {str(agency.currency): 1.0, **{str(code): rate for code, rate in known.items()}}


def shops_document(shops: Sequence[ShopStanding], agency: Agency, now: datetime) -> ShopsDocument:
    """All of them as one document, those that need somebody first."""
    first = ahead(shops, agency, now.date())
    listed = [*first, *(one for one in shops if not one.needs)]
    return ShopsDocument(
        agency=agency.name,
        at=now.isoformat(),
        currency=agency.currency,
        count=len(shops),
        needing=len(first),
        shops=[line_of(one) for one in listed],
    )


def line_of(one: ShopStanding) -> ShopLine:
    """A shop as programs see it."""
    return ShopLine(
        shop=one.name,
        title=one.title,
        currency=one.currency or None,
        state=one.state,
        reason=one.reason,
        modes=list(one.modes),
        day=one.day or None,
        plan=one.plan or None,
        plan_day=one.plan_day or None,
        plan_status=one.plan_status or None,
        planned=_amount(one.planned),
        waits=one.waits,
        holds=dict(one.holds),
        unresolved=one.unresolved,
        in_force=_amount(one.in_force),
        yesterday=YesterdayLine(spend=_amount(one.spent_yesterday), revenue=_amount(one.revenue_yesterday)),
        month=MonthLine(
            spend=_amount(one.spent_month),
            budget=_amount(one.month_budget),
            pace=None if one.pace is None else round(one.pace, 4),
        ),
        polled_at=one.polled_at,
        at_risk=f"{one.at_risk:.2f}",
        needs=[NeedLine(kind=need.kind, detail=need.detail, at_risk=f"{need.at_risk:.2f}") for need in one.needs],
        faults=[str(fault) for fault in one.faults],
    )


def _amount(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
