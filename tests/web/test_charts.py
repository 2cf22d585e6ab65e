"""Charts stand in the page without a style of their own, and say their figures to who points at them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from bidder.explain.band import Band
from bidder.web.charts import HALF, NARROW, WIDE, draw_actual, draw_band, draw_budgets, draw_history
from bidder.web.series import ActualSeries

DAYS = tuple(date(2026, 3, 1) + timedelta(days=i) for i in range(10))
LAYERS = np.array([np.full(10, 30.0), np.linspace(10, 40, 10)])


def budgets(size: tuple[int, int] = WIDE, cap: float | None = 100.0) -> str:
    return draw_budgets(DAYS, LAYERS, ["明前龙井 <b>", "茉莉花茶"], cap, size)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_chart_is_well_formed_and_carries_no_style_script_or_address(size: tuple[int, int]) -> None:
    drawn = budgets(size)
    root = ET.fromstring(drawn)
    assert root.get("viewBox") == f"0 0 {size[0]} {size[1]}"
    for word in ("style", "<script", "font-family", "DOCTYPE", "<?xml", "metadata"):
        assert word not in drawn
    assert set(re.findall(r"https?://[^\"]+", drawn)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_layers_have_the_classes_that_the_style_sheet_colours_and_their_names_as_titles() -> None:
    root = ET.fromstring(budgets())
    ns = "{http://www.w3.org/2000/svg}"
    layers = {
        g.get("class"): g.findtext(f"{ns}title") for g in root.iter(f"{ns}g") if "layer" in (g.get("class") or "")
    }
    assert layers == {"layer c0": "明前龙井 <b>", "layer c1": "茉莉花茶"}
    assert len([g for g in root.iter(f"{ns}g") if g.get("class") == "cap"]) == 1


def test_no_cap_draws_no_line() -> None:
    assert 'class="cap"' not in budgets(cap=None)
    assert 'class="cap"' not in budgets(cap=float("inf"))


def test_the_same_figures_give_the_same_picture() -> None:
    assert budgets() == budgets()


def test_ids_of_two_charts_on_one_page_are_apart() -> None:
    def ids(drawn: str) -> set[str]:
        return {one.get("id", "") for one in ET.fromstring(drawn).iter()} - {""}

    assert ids(budgets(WIDE))
    assert not ids(budgets(WIDE)) & ids(budgets(NARROW))


def test_bars_say_their_day_spend_and_plan() -> None:
    spent, planned = np.full(10, 1800.0), np.full(10, 2000.0)
    spent[3], planned[4] = np.nan, np.nan
    drawn = draw_actual(ActualSeries(DAYS, spent, planned), WIDE)
    assert "03-01  1,800 / 2,000" in drawn
    assert "03-04" not in [t.text.split()[0] for t in ET.fromstring(drawn).iter() if t.tag.endswith("title") and t.text]
    assert "<title>03-05  1,800</title>" in drawn.replace("svg:", "")


@pytest.mark.parametrize("highest", [0.0, 0.004, 3.0, 97.0, 12_345.0, 9e8])
def test_amounts_at_the_left_are_few_and_round(highest: float) -> None:
    drawn = draw_actual(ActualSeries(DAYS, np.full(10, highest), np.full(10, np.nan)), NARROW)
    texts = [t.text or "" for t in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    amounts = [float(text.replace(",", "")) for text in texts if "-" not in text]
    assert 1 <= len(amounts) <= 6
    assert amounts[0] == 0


def test_days_without_any_figure_are_an_empty_chart() -> None:
    nothing = np.full(10, np.nan)
    assert draw_actual(ActualSeries(DAYS, nothing, nothing), WIDE).startswith("<svg")


def band(now: tuple[float, float] | None = (40.0, 20.0)) -> Band:
    amounts = np.linspace(0.0, 100.0, 21)
    mean = 30 * np.sqrt(amounts) - amounts
    return Band("wxt/1", amounts, mean, mean - 0.3 * amounts, mean + 0.3 * amounts, now, (60.0, 172.0))


def test_a_curve_has_its_band_and_says_where_it_stands() -> None:
    root = ET.fromstring(draw_band(band(), HALF, "k0x"))
    ns = "{http://www.w3.org/2000/svg}"
    titles = {g.get("class"): g.findtext(f"{ns}title") for g in root.iter(f"{ns}g") if g.get("class")}
    assert (titles["planned-point"], titles["now-point"]) == ("60: 172", "40: 20")
    assert {"band", "curve", "zero"} <= set(titles)
    assert "now-point" not in draw_band(band(None), HALF, "k0x")


def test_points_take_their_colours_from_the_style_sheet() -> None:
    root = ET.fromstring(draw_band(band(), HALF, "k0x"))
    shapes = [shape for defs in root.iter("{http://www.w3.org/2000/svg}defs") for shape in defs]
    assert shapes
    assert all("stroke" not in shape.attrib and "fill" not in shape.attrib for shape in shapes)


def test_curves_of_one_page_have_ids_of_their_own() -> None:
    def ids(drawn: str) -> set[str]:
        return {one.get("id", "") for one in ET.fromstring(drawn).iter()} - {""}

    assert not ids(draw_band(band(), HALF, "k0x")) & ids(draw_band(band(), HALF, "k1x"))


def test_days_without_a_report_have_no_bar() -> None:
    spend, revenue = np.full(10, 20.0), np.full(10, 60.0)
    spend[3] = np.nan
    drawn = draw_history(DAYS, spend, revenue, WIDE)
    assert (drawn.count('class="bar h'), 'class="bar h3"' in drawn) == (9, False)
    assert "03-02  20 → 60" in drawn
