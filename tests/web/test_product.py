"""The product pages stand on the decision and the reports: days, funnel, curve, and the parts of the change."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bidder.explain.band import band_of
from bidder.limits import Quantity
from bidder.web import festivals, product, trial
from bidder.web.render import Renderer
from bidder.web.view import Status
from bidder.web.visit import Visit
from bidder.web.words import words
from tests.daemon.test_clerk import Shop
from tests.web.fake_shop import FakeView


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path)
    await shop.plan()
    yield shop
    shop.store.close()


def visit(shop: Shop, key: str = "", language: str = "en", **query: str) -> Visit:
    plan = shop.store.plan()
    assert plan is not None
    now: Status = FakeView().now
    now["at"] = shop.now().isoformat()
    now["day"] = plan.day
    return Visit(
        words(language), shop.store, now, plan.document, True, shop.clerk, query=query, key=key, path="/products/P01"
    )


async def test_every_advertised_product_has_a_card_most_money_first(shop: Shop) -> None:
    shown = product.cards(visit(shop))["cards"]
    spend = [float(one.spend.replace(",", "")) for one in shown]
    assert spend == sorted(spend, reverse=True)
    hero = next(one for one in shown if one.id == "P01")
    assert hero.pays == (float(hero.roas) >= float(hero.break_even))
    assert "hero" in hero.tags


async def test_a_product_shows_its_days_its_funnel_and_a_curve_for_each_budget(shop: Shop) -> None:
    shown = product.product(visit(shop, "P01"))
    assert shown is not None
    days = shown["history"].days
    assert (days[-1] - days[0]).days + 1 == len(days) >= 28
    assert math.isclose(float(shown["history"].spend.sum()), spent(shop, "P01"), rel_tol=1e-9)
    assert [one.name for one in shown["steps"]] == ["Impressions", "Clicks", "Orders"]
    assert {one.budget for one in shown["bands"]} == {"wxt/search-P01", "wxt/site-P01"}
    assert {line.id for line in shown["lines"]} == {"wxt/search-P01", "wxt/site-P01"}
    assert all(part.product == "P01" for part in shown["parts_of"])


def spent(shop: Shop, name: str) -> float:
    reports = shop.store.reports()
    decision = shop.clerk.decision()
    assert decision is not None
    rows = (reports.product == name) & (reports.day < decision.snapshot.today)
    return float(reports.spend[rows].sum()) / 1e6


async def test_a_band_holds_its_curve_and_the_points_lie_on_it(shop: Shop) -> None:
    decision = shop.clerk.decision()
    assert decision is not None
    for index, budget in enumerate(decision.snapshot.budgets):
        band = band_of(decision, index)
        assert (band.low <= band.mean + 1e-9).all()
        assert (band.mean <= band.high + 1e-9).all()
        assert band.low[0] == band.mean[0] == band.high[0] == 0.0
        amounts = decision.snapshot.now * 0.0
        amounts[index] = band.planned[0]
        assert math.isclose(band.planned[1], decision.curves.expected(Quantity.PROFIT, amounts)[index], abs_tol=1e-6)
        assert band.planned[0] == decision.plan.amount(budget.id).to_float()


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_pages_are_filled(shop: Shop, language: str) -> None:
    drawn = Renderer()
    text = drawn.page("product.html", visit(shop, "P01", language), drawn.product)
    assert text is not None
    assert text.count('class="band"') == 2 * 2  # two budgets, two widths
    assert ("保本投产比" if language == "zh" else "break-even ROAS") in text
    assert drawn.page("product.html", visit(shop, "P99", language), drawn.product) is None


async def test_a_product_that_nobody_advertises_has_a_page_too(shop: Shop) -> None:
    drawn = Renderer()
    text = drawn.page("product.html", visit(shop, "P05"), drawn.product)
    assert text is not None
    assert 'class="band"' not in text


async def test_what_is_asked_is_what_the_command_takes(shop: Shop) -> None:
    asked = visit(shop, total="-40%", off="default step", pin="wxt/search-P01", amount="200")
    assert trial.asked_of(asked.query) == ["total=-40%", "rule default step=off", "pin wxt/search-P01=200"]
    shown = trial.what_if(asked)
    assert shown["fault"] == ""
    assert float(shown["answer"].spend) < 0
    wrong = trial.what_if(visit(shop, total="half"))
    assert (wrong["answer"], "expected an amount" in wrong["fault"]) == (None, True)


async def test_the_list_to_copy_has_the_cuts_first(shop: Shop) -> None:
    lines = trial.todo(visit(shop))["copy"].splitlines()
    signs = ["−" in line.rpartition("(")[2] for line in lines]
    assert signs == sorted(signs, reverse=True)
    assert len(lines) == len(shop.moved())


async def test_an_event_that_may_be_joined_is_weighed(shop: Shop) -> None:
    shown = festivals.activities(visit(shop, language="zh"))
    (event,) = shown["candidates"]
    assert (event.name, event.standing, event.advice.name) == ("双11", "before", "双11")
    assert [span.word for span in event.spans] == ["爆发"]
    assert event.spans[0].x == 0.0
