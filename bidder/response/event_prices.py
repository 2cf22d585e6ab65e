"""What an event does to prices and demand: lower paid prices, higher fees, more buyers.

Called by :func:`bidder.decide.decide`. Before curves are estimated the margins of an event's goods are those at its
price; afterwards order values fall by its discount, and where a phase sells more than usual the curves are stretched:
f(x) becomes L·f(x/L), the same return on L times the money. Break-even follows from these (OPERATOR 3). Where orders
wait, other things stand for them: an order with a deposit (presale) counts as far as deposits are paid up, and in
store_up a piece put into a cart counts as far as such pieces are bought in the event.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from bidder.activity import WHOLE_DAY
from bidder.catalog import Product
from bidder.ids import ProductId
from bidder.money import Money
from bidder.promotion import Phase, Promotion
from bidder.response.curve import Curves, Response
from bidder.response.event_days import in_force_at, of_budgets
from bidder.response.lift import learned_lift
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["Filling", "Stretched", "at_event", "at_event_margins", "at_event_prices", "carts_a_visitor", "priced"]

USUALLY_PAID_UP = 0.85
"""The part of deposits that are paid up, where the calendar does not say (OPERATOR 3, general knowledge)."""
USUAL_CART_RATE = 0.08
"""The part of pieces in carts that are bought in an event, where it does not say (likewise)."""
CART_DAYS = 14


@dataclass(frozen=True, slots=True, eq=False)
class Stretched:
    """A Response in a time of `by` (n,) times the usual demand."""

    usual: Response
    by: FloatArray

    def orders(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) expected orders a day."""
        return self.by[:, None] * self.usual.orders(amounts / self.by[:, None])

    def spend(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) money expected to be spent."""
        return self.by[:, None] * self.usual.spend(amounts / self.by[:, None])

    def clicks(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) expected clicks."""
        return self.by[:, None] * self.usual.clicks(amounts / self.by[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class Filling:
    """A Response while carts are filled: a click brings `carts` (n,) orders of the event besides those of the day."""

    usual: Response
    carts: FloatArray

    def orders(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) orders of the day and of the event."""
        return self.usual.orders(amounts) + self.carts[:, None] * self.usual.clicks(amounts)

    def spend(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) money expected to be spent."""
        return self.usual.spend(amounts)

    def clicks(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) expected clicks."""
        return self.usual.clicks(amounts)


def at_event_prices(snapshot: Snapshot) -> Snapshot:
    """The Snapshot with the goods of an event at its price, fee and margin; itself where none sells at one now."""
    return _products_at(snapshot, with_price=True)


def at_event_margins(snapshot: Snapshot) -> Snapshot:
    """The same with the prices left alone: order values are learnt at the usual ones."""
    return _products_at(snapshot, with_price=False)


def _products_at(snapshot: Snapshot, *, with_price: bool) -> Snapshot:
    going = [one.promotion for one in in_force_at(snapshot) if one.span.phase.priced]
    going = [one for one in going if one.discount or one.surcharge or one.refunds]
    if not going:
        return snapshot
    products = []
    for product in snapshot.products:
        event = next((one for one in going if one.covers((product.id,))), None)
        if event is None:
            products.append(product)
        else:
            lower = priced(product, event)
            products.append(lower if with_price else replace(lower, price=product.price))
    return replace(snapshot, products=tuple(products))


def priced(product: Product, event: Promotion) -> Product:
    """A product at an event's price and fees; what is not known of it stays so."""
    kept = 1.0 - event.discount
    price = (
        None
        if product.price is None
        else Money.from_float_down(product.price.to_float() * kept, product.price.currency)
    )
    if product.economics is not None:
        old = product.economics
        back = min(old.return_rate * (event.refunds or 1.0), 1.0)
        economics = replace(old, price=old.price * kept, fee_rate=old.fee_rate + event.surcharge, return_rate=back)
        return replace(product, price=price, economics=economics, margin=economics.margin)
    if product.margin is None:
        return replace(product, price=price)
    # all of the discount and the surcharge comes off what was left of the price
    return replace(product, price=price, margin=1.0 - (1.0 - product.margin) / kept - event.surcharge)


def at_event(curves: Curves, snapshot: Snapshot) -> Curves:
    """The curves at today's event prices and demand; themselves on ordinary days."""
    own = of_budgets(snapshot)
    if not any(own):
        return curves
    size = len(curves)
    kept, by, carts = np.ones(size), np.ones(size), np.zeros(size)
    lifts: dict[str, float] = {}
    for index, one in enumerate(own):
        if one is None:
            continue
        phase, event = one.span.phase, one.promotion
        if phase.priced:
            kept[index] = 1.0 - event.discount
        if phase is Phase.PRESALE:
            kept[index] *= USUALLY_PAID_UP if event.paid_up is None else event.paid_up
        if phase is Phase.STORE_UP:
            rate = USUAL_CART_RATE if event.cart_rate is None else event.cart_rate
            carts[index] = rate * carts_a_visitor(snapshot, snapshot.budgets[index].products)
        if event.lift_of(phase, 2.0) != 1.0:
            if event.name not in lifts:
                lifts[event.name] = learned_lift(snapshot, event).mean
            by[index] = event.lift_of(phase, lifts[event.name])
    if (kept == 1.0).all() and (by == 1.0).all() and not carts.any():
        return curves
    response: Response = Filling(curves.response, carts) if carts.any() else curves.response
    return replace(
        curves,
        response=Stretched(response, by) if (by != 1.0).any() else response,
        revenue_per_order=curves.revenue_per_order * kept,
        margin_per_order=curves.margin_per_order * kept,
        scale=curves.scale * by,
        reach=curves.reach * by,
    )


def carts_a_visitor(snapshot: Snapshot, products: Iterable[ProductId]) -> float:
    """Pieces put into carts for each visitor of these products in the last fortnight; 0 where nobody counts them."""
    activity = snapshot.activity
    names = {str(one) for one in products}
    rows = (activity.hour == WHOLE_DAY) & (activity.traffic == "") & (activity.day >= snapshot.today - CART_DAYS)
    rows &= ~np.isnan(activity.carts) & ~np.isnan(activity.visitors)
    mine = np.array([str(one) in names for one in activity.product[rows]], dtype=np.bool_)
    visitors = float(activity.visitors[rows][mine].sum())
    return float(activity.carts[rows][mine].sum()) / visitors if visitors > 0 else 0.0
