"""Events in a line: `an_event("618", ("burst", "2026-03-02 20:00", "2026-03-04"))`; hours are UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from bidder.ids import ProductId
from bidder.promotion import Phase, Promotion, Span
from tests.builders import yuan

__all__ = ["an_event", "utc"]


def utc(text: str) -> datetime:
    """`2026-03-02` or `2026-03-02 20:00` as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def an_event(
    name: str,
    *phases: tuple[str, str, str],
    products: tuple[str, ...] | None = None,
    purse: float | None = None,
    discount: float = 0.0,
    surcharge: float = 0.0,
    lift: float | None = None,
) -> Promotion:
    """An event; a phase ends at the instant that is written, which is not of it any more."""
    return Promotion(
        name,
        tuple(Span(Phase(phase), utc(opens), utc(closes)) for phase, opens, closes in phases),
        products=None if products is None else frozenset(ProductId(one) for one in products),
        purse=None if purse is None else yuan(purse),
        discount=discount,
        surcharge=surcharge,
        lift=lift,
    )
