"""Conditions: what they choose, and that a mistake in one is told when the file is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from bidder.catalog import Product
from bidder.errors import ConfigError, Source
from bidder.ids import BudgetId, ProductId
from bidder.rules import conditions
from bidder.rules.attributes import NAMES, Attributes
from bidder.rules.conditions import PATTERNS, WHEN_PATTERNS, Condition
from bidder.snapshot import Snapshot
from tests.builders import a_budget, a_shop, yuan

PLACE = Source("rules.yaml", 4, 10)

TEA = Product(ProductId("P1"), "tea", yuan(100), yuan(40), 0.4, 0.06, 140, None, 12, None, frozenset({"hero", "tea"}))
POT = Product(ProductId("P2"), "pot", yuan(50), yuan(40), 0.1, 0.25, 0, None, 30, None, frozenset({"ware"}))
NEW = Product(ProductId("P3"), "new")


def shop() -> Snapshot:
    """search/tea, search/pot, feed/both, site/new, and a campaign of unknown products."""
    return a_shop(
        a_budget("search/tea", products=("P1",), channel="search", cvr=0.1),
        a_budget("search/pot", products=("P2",), channel="search", cvr=0.02),
        a_budget("feed/both", products=("P1", "P2"), channel="feed", cvr=0.03),
        a_budget("feed/new", products=("P3",), channel="site", cvr=0.04, minimum=30.0),
        a_budget("feed/what", cvr=0.05),
        products=(TEA, POT, NEW),
    )


def chosen(text: object, snapshot: Snapshot | None = None) -> set[str]:
    seen = snapshot or shop()
    mask = Condition.read(text, PLACE).chosen(Attributes(seen))
    return {str(budget.id) for budget, one in zip(seen.budgets, mask, strict=True) if one}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'hero' in product.tags", {"search/tea", "feed/both"}),
        ("!('hero' in product.tags)", {"search/pot", "feed/both", "feed/new"}),
        ("channel == 'search'", {"search/tea", "search/pot"}),
        ("channel == 'search' && product.margin < 0.15", {"search/pot"}),
        ("product.margin < 0.15", {"search/pot", "feed/both"}),
        ("product.stock_cover_days < product.lead_days + 3", {"search/tea", "search/pot", "feed/both"}),
        ("product.stock == 0", {"search/pot", "feed/both"}),
        ("product.return_rate > 0.2 && 'ware' in product.tags", {"search/pot", "feed/both"}),
        ("product.break_even_roas > 5.0", {"search/pot", "feed/both"}),
        ("product.price >= 100.0 || product.cost == 0.0", {"search/tea", "feed/both"}),
        ("product.id in ['P3', 'P9']", {"feed/new"}),
        ("product.name.startsWith('te')", {"search/tea", "feed/both"}),
        ("product.tags.exists(t, t.endsWith('ero'))", {"search/tea", "feed/both"}),
        ("size(budget.products) > 1", {"feed/both"}),
        ("budget.minimum > 20.0", {"feed/new"}),
        ("budget.now >= 100.0 && budget.id == 'feed/what'", {"feed/what"}),
        ("account.name == 'search'", {"search/tea", "search/pot"}),
        ("account.platform == 'other'", set()),
        ("campaign.name == 'feed/what' // a comment", {"feed/what"}),
        ("'hero' in product.tags ? channel == 'feed' : false", {"feed/both"}),
        ({"tag": "hero"}, {"search/tea", "feed/both"}),
        ({"tag": ["hero", "ware"], "channel": "search"}, {"search/tea", "search/pot"}),
        ({"product": "P3"}, {"feed/new"}),
        ({"account": "search"}, {"search/tea", "search/pot"}),
        ({"budget": "feed/what"}, {"feed/what"}),
    ],
)
def test_a_where_chooses_what_it_says(text: object, expected: set[str]) -> None:
    assert chosen(text) == expected


def test_a_budget_with_several_products_is_chosen_when_any_of_them_is() -> None:
    assert "feed/both" in chosen("'hero' in product.tags")
    assert "feed/both" in chosen("'ware' in product.tags")
    assert "feed/both" not in chosen("'hero' in product.tags && 'ware' in product.tags")


def test_what_is_unknown_chooses_nothing_either_way() -> None:
    low, high = chosen("product.margin < 0.15"), chosen("product.margin >= 0.15")
    assert "feed/new" not in low | high
    assert "feed/what" not in low | high


def test_what_cannot_be_worked_out_chooses_nothing_and_stops_no_plan() -> None:
    seen = shop()
    arrived = tuple(replace(one, lead_days=0 if one.id == TEA.id else 5) for one in seen.products)
    seen = replace(seen, products=arrived)
    assert chosen("100 / product.lead_days == 20", seen) == {"search/pot", "feed/both", "feed/new"}
    assert chosen("100 / product.lead_days != 20", seen) == set()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1][2] == 3", "index out of bounds"),
        ("100 / product.stock > 3", "division by zero"),
        ("9223372036854775807 + product.lead_days > 0", "overflow"),
    ],
)
def test_what_can_never_be_worked_out_is_said_at_load(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Condition.read(text, PLACE)


def test_cover_counts_the_units_of_fourteen_days() -> None:
    seen = shop()
    rows = list(Attributes(seen).column("product.stock_cover_days"))
    known = {str(product.id): days for product, days in zip(seen.products, rows, strict=True)}
    # the builder gives the rows of feed/both to its first product: 10 + 3 orders a day
    assert known["P1"] == pytest.approx(140 / 13)
    assert known["P2"] == 0.0
    assert known["P3"] is None
    unsold = replace(seen, history=seen.history.select(seen.history.day < 0))
    assert Attributes(unsold).column("product.stock_cover_days")[seen.products.index(TEA)] is None


def test_every_documented_name_can_be_read_and_has_samples_of_its_type() -> None:
    attributes = Attributes(shop())
    sizes = {"product": 3, "budget": 5, "day": 1}
    for name, facts in NAMES.items():
        column = attributes.column(name)
        assert len(column) == sizes[facts.of], name
        known = [type(value) for value in column if value is not None]
        assert set(known) <= {type(facts.samples[0])}, name


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("date == date('2026-03-02')", True),
        ("date >= date('2026-11-01')", False),
        ("date.getDayOfWeek() == 1", True),
        ("event.phase == 'burst'", False),
        ("shop.spent_month < 10.0 && shop.currency == 'CNY'", True),
        ({"weekday": ["mon", "tue"]}, True),
        ({"weekday": "sunday"}, False),
        ({"from": "2026-03-01", "to": date(2026, 3, 2)}, True),
        ({"from": "2026-03-03"}, False),
        ({"phase": "burst"}, False),
    ],
)
def test_a_when_holds_on_its_days(written: object, holds: bool) -> None:
    assert Condition.read(written, PLACE, when=True).holds(Attributes(shop())) is holds


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("chanel == 'search'", "4:10  chanel: no such name; did you mean channel?"),
        (
            "channel == 'search' && product.margn < 0.15",
            "4:33  product.margn: no such name; did you mean product.margin?",
        ),
        ("channel == 'a'\n&& prodct.id == 'b'", "5:4  prodct.id: no such name; did you mean product?"),
        ("product == 'P1'", "say which part: product.id"),
        ("zzz == 1", "zzz: no such name; known are account, budget"),
        ("product.zzz == 1", "product.zzz: no such name; known are product.id"),
        ("date.weekday == 1", "date.weekday: date has no parts"),
        ("channel == 'a' and channel == 'b'", "4:25  and: write && instead"),
        ("not (channel == 'a')", "not: write ! instead"),
        ("channel == None", "None: write null instead"),
        ("channel = 'a'", "write == to compare"),
        ("channel ==", "cannot be read at character 11"),
        ("", "cannot be read at character 1"),
        ("channel == 'a", "a: no such name"),
        ("channel", "true or false, was one that gives 'search'"),
        ("product.margin * 2 < 1.0", "cannot be evaluated"),
        ("product.margin < 'a'", "cannot be evaluated"),
        ("dte('2026-01-01') == date", "dte: no such function; did you mean date?"),
        ("product.tags.exist(t, t == 'a')", "exist: no such function; did you mean exists?"),
        ("date == date('11.11.2026')", "cannot be evaluated"),
        (("(" * 400) + "channel == 'a'" + (")" * 400), "condition cannot be read"),
        (5, "expected a condition"),
        ({"tga": "hero"}, "tga: no such pattern; did you mean tag?"),
        ({"weekday": "mon"}, "weekday: no such pattern"),
        ({}, "an empty one"),
        ({"tag": []}, "an empty list"),
        ({"tag": {"a": 1}}, "expected a word"),
        ({"tag": ""}, "expected a word"),
    ],
)
def test_a_mistake_in_a_where_is_told_with_its_place(written: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Condition.read(written, PLACE)
    assert message in str(caught.value)
    assert str(caught.value).startswith("rules.yaml:")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("channel == 'search'", "`when` picks days"),
        ({"tag": "hero"}, "tag: no such pattern"),
        ({"weekday": "someday"}, "expected mon … sun"),
        ({"from": "1.1.2026"}, "expected a date"),
    ],
)
def test_a_when_may_only_ask_about_the_day(written: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Condition.read(written, PLACE, when=True)


def test_every_short_pattern_is_a_condition_that_can_be_read() -> None:
    for key in PATTERNS:
        value = {"weekday": "mon", "month": "nov", "from": "2026-01-01", "to": "2026-01-01"}.get(key, "it's")
        Condition.read({key: value}, PLACE, when=key in WHEN_PATTERNS)


def test_a_quote_in_a_pattern_is_text_and_not_code() -> None:
    assert chosen({"tag": "x' in product.tags || true || 'x"}) == set()


def test_a_condition_without_a_place_says_what_is_wrong_all_the_same() -> None:
    with pytest.raises(ConfigError, match="chanel"):
        Condition.read("chanel == 'a'")


def test_equal_attributes_are_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = a_shop(*(a_budget(f"a/{n}", channel="search" if n % 2 else "feed", cvr=0.01 * n) for n in range(40)))
    condition = Condition.read("channel.startsWith('sea')", PLACE)
    calls: list[object] = []
    real = conditions._true

    def counted(program: object, variables: dict[str, object], functions: dict[str, object]) -> bool:
        calls.append(variables)
        return real(program, variables, functions)

    monkeypatch.setattr(conditions, "_true", counted)
    assert int(condition.chosen(Attributes(seen)).sum()) == 20
    assert len(calls) == 2


def test_names_of_other_budgets_change_nothing() -> None:
    seen = shop()
    mask = Condition.read("product.margin < 0.15", PLACE).chosen(Attributes(seen))
    renamed = replace(
        seen, budgets=tuple(replace(b, id=BudgetId(b.id.account, f"{9 - i}")) for i, b in enumerate(seen.budgets))
    )
    assert np.array_equal(mask, Condition.read("product.margin < 0.15", PLACE).chosen(Attributes(renamed)))


def test_the_day_is_the_decided_one_whatever_the_hour() -> None:
    late = replace(shop(), as_of=datetime(2026, 3, 3, 23, tzinfo=UTC))
    assert Condition.read("date == date('2026-03-02')", PLACE, when=True).holds(Attributes(late))
