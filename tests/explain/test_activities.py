"""Advice on activities by the shop's own figures: margin at the event's price, stock, fees, deadlines."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bidder.catalog import Product
from bidder.cli.activities import register
from bidder.explain.activities import advise, resolved_candidates
from bidder.ids import ProductId
from bidder.promotion import Candidate
from bidder.rules.goods import resolved
from bidder.snapshot import Snapshot
from bidder.store import open_store
from tests.builders import a_budget, a_shop, an_observation, reports, yuan
from tests.builders_events import an_event
from tests.config.mutations import copy_of_example

TEA = Product(ProductId("P1"), price=yuan(100), margin=0.5, stock=5000, tags=frozenset({"hero"}))
POT = Product(ProductId("P2"), price=yuan(50), margin=0.1, stock=5000)
RARE = Product(ProductId("P3"), price=yuan(100), margin=0.6, stock=4)
BLANK = Product(ProductId("P4"))
DAY = ("burst", "2026-03-05", "2026-03-07")


def shop() -> Snapshot:
    return a_shop(
        *(a_budget(f"ads/{n}", products=(p,), cvr=0.1) for n, p in enumerate(("P1", "P2", "P3", "P4"))),
        products=(TEA, POT, RARE, BLANK),
    )


def candidate(name: str, lift: float = 3.0, fee: float = 0, **facts: object) -> Candidate:
    event = an_event(name, DAY, discount=0.1, lift=lift)
    return Candidate(replace(event, fee=yuan(fee)), **facts)  # type: ignore[arg-type]  # readable tests


def test_an_activity_pays_with_goods_that_have_margin_and_stock() -> None:
    (one,) = advise(shop(), [candidate("big", fee=500)])
    # 10 pieces a day, 2 days, 3 times: 60 at 90 with a margin of (50 − 10) / 90, less 20 at 50
    assert one.join
    assert one.products == ("P1",)  # P2 earns nothing at that price, of P3 there are 4
    assert one.worth == pytest.approx(60 * 40 - 20 * 50 - 500)
    assert one.unknown == ("P4",)


def test_a_fee_that_is_not_earned_back_is_said_in_money() -> None:
    dear, late = advise(shop(), [candidate("dear", fee=1500), candidate("late", deadline=date(2026, 3, 1))])
    assert not dear.join
    assert dear.reason == "at best its goods bring 1400 beyond an ordinary time, fee and ads cost 1500"
    assert (late.join, late.reason) == (False, "the last day to join has passed")


def test_a_product_is_in_one_of_two_at_a_time_and_money_is_there_once() -> None:
    both = [candidate("a", fee=100), candidate("b", lift=2.9, fee=100)]
    first, second = advise(shop(), both)
    assert (first.join, second.join) == (True, False)
    assert not any(one.join for one in advise(shop(), both, money=50))


def test_goods_are_the_products_that_the_condition_means() -> None:
    event = replace(an_event("x", DAY), goods="'hero' in product.tags")
    (found,) = resolved([event], [TEA, POT])
    assert found.products == frozenset({ProductId("P1")})
    assert resolved([an_event("all", DAY)], [TEA])[0].products is None
    assert resolved_candidates([Candidate(event)], [found])[0].event is found


def test_the_command_weighs_what_the_example_may_join(tmp_path: Path) -> None:
    path = copy_of_example(tmp_path / "config")
    store = open_store(f"sqlite:///{path.parent}/bidder.db")
    try:
        days = [date(2026, 11, 1 + n) for n in range(20)]
        store.add_reports(reports(*(an_observation("wxt/c1", day, product="P01", orders=5.0) for day in days)))
    finally:
        store.close()
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)
    told = CliRunner().invoke(app, ["activities", "-c", str(path), "--json"])
    assert told.exit_code == 0, told.output
    assert [one["activity"] for one in json.loads(told.stdout)] == ["双12", "年货节"]
    text = CliRunner().invoke(app, ["activities", "-c", str(path), "--money", "0"])
    assert text.stdout.count("leave") == 2
    calendar = path.parent / "calendar.yaml"
    calendar.write_text(calendar.read_text("utf-8").replace("joined: false", "joined: true"), "utf-8")
    none = CliRunner().invoke(app, ["activities", "-c", str(path)])
    assert "no event to join" in none.stdout
    assert CliRunner().invoke(app, ["activities", "-c", str(path), "--json"]).stdout == "[]\n"
