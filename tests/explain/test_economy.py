"""What is left of an order, line by line; rules that gave way; yesterday's hot list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bidder.catalog import Product
from bidder.config.load import load
from bidder.config.products import read_products
from bidder.cycle import hot_before, save, snapshot_of
from bidder.decide import Decision, Policy, decide
from bidder.economics import UnitEconomics
from bidder.errors import Source
from bidder.explain.economy import break_even_of, cost_lines, unknown_costs
from bidder.explain.entity import entity_document
from bidder.explain.entity_text import entity_text
from bidder.explain.plan import document
from bidder.explain.plan_table import table
from bidder.ids import ProductId
from bidder.rules.base import Rule
from bidder.rules.conditions import Condition
from bidder.rules.words import WORDS
from bidder.snapshot import Hot, Snapshot
from bidder.store import open_store
from tests.builders import CNY, a_budget, a_shop, yuan

PLACE = Source("rules.yaml", 3, 3)

SHEET = """id,name,price,cost,fee_rate,ship,pack,insurance,overhead,return_rate,resale,category,campaigns
P01,tea,268,112,0.041,6.0,6.0,0.9,,0.06,0.95,tea,
P10,tray,199,96,0.071,16.0,7.0,2.4,1.5,0.18,0.8,ware,7 8
P99,secret,,,,,,,,,,,
"""


def a_rule(word: str, written: dict[str, object], where: object = None) -> Rule:
    condition = None if where is None else Condition.read(where, PLACE)
    return Rule(f"the {word}", WORDS[word].model_validate(written), PLACE, condition)


def decided(*rules: Rule, products: tuple[Product, ...] | None = None) -> Decision:
    known = products if products is not None else tuple(read_products(SHEET.encode(), "p.csv", CNY).products)
    seen = a_shop(
        a_budget("ads/a", products=("P01",), aov=268.0, minimum=30.0),
        a_budget("ads/b", products=("P10",), aov=199.0, cvr=0.01, minimum=30.0),
        a_budget("ads/c", products=("P99",), cvr=0.02, minimum=30.0),
        products=known,
    )
    return decide(seen, Policy((*rules, a_rule("total", {"max": 320}))))


def place(decision: Decision, budget: str) -> int:
    return next(i for i, one in enumerate(decision.snapshot.budgets) if str(one.id) == budget)


def test_break_even_of_the_operators_example() -> None:
    tea = UnitEconomics(268, 112, 0.041, 6.0, 6.0, 0.9, 0.06, 0.95)
    assert tea.contribution == pytest.approx(123.08, abs=0.01)
    assert tea.break_even_roas == pytest.approx(2.18, abs=0.005)
    tray = UnitEconomics(199, 96, 0.071, 16.0, 7.0, 2.4, 0.18, 0.8)
    assert tray.break_even_roas == pytest.approx(4.52, abs=0.005)
    assert tray.net_break_even_roas == pytest.approx(3.71, abs=0.005)
    assert replace(tray, overhead=50.0).net_break_even_roas is None


def test_cost_lines_add_up_to_what_is_left() -> None:
    decision = decided()
    (line,) = cost_lines(decision, place(decision, "ads/b"))
    costs = sum(line[name] for name in ("refunds", "fees", "cost", "ship", "pack", "insurance", "overhead"))
    assert line["price"] - costs == pytest.approx(line["contribution"], abs=0.02)
    assert line["unknown"] == []
    (tea,) = cost_lines(decision, place(decision, "ads/a"))
    assert tea["unknown"] == ["overhead"]
    (secret,) = cost_lines(decision, place(decision, "ads/c"))
    assert secret == {"product": "P99", "margin": None, "unknown": ["price or cost"]}


def test_break_even_stands_beside_the_roas_and_unknown_costs_are_named() -> None:
    decision = decided()
    shown = document(decision)
    lines = {line.id: line for line in shown.budgets}
    assert lines["ads/b"].break_even_roas == pytest.approx(199 / (44.02 - 1.5), rel=1e-3)
    assert lines["ads/c"].break_even_roas is None
    assert lines["ads/a"].roas is not None
    assert lines["ads/a"].roas > 1
    said = "unknown, reckoned as no cost or as the shop's mean margin: overhead of P01; price or cost of P99"
    assert said in shown.notes
    text = entity_text(entity_document(decision, "ads/b"))
    assert "break-even is 4.68" in text
    assert "P10: price 199 less refunds 35.82" in text
    assert "break-even 4.68, after refunds 3.84" in text
    assert "unknown: price or cost" in entity_text(entity_document(decision, "ads/c"))


def test_where_nothing_or_everything_is_known_no_such_sentence_stands() -> None:
    plain = tuple(Product(ProductId(name), margin=0.3) for name in ("P01", "P10", "P99"))
    known = decided(products=plain)
    assert unknown_costs(known) is None
    assert cost_lines(known, 0)[0]["margin"] == 0.3
    assert "30.0% of its price is left" in entity_text(entity_document(known, "ads/a"))
    assert unknown_costs(decided(products=())) is None
    loss = decided(products=(Product(ProductId("P01"), margin=-0.1),))
    assert break_even_of(loss, place(loss, "ads/a")) is None
    many = tuple(read_products(SHEET.encode(), "p.csv", CNY).products)
    more = tuple(replace(many[0], id=ProductId(f"Q{n}")) for n in range(9))
    seen = a_shop(*(a_budget(f"ads/{n}", products=(f"Q{n}",), cvr=0.01 + n / 100) for n in range(9)), products=more)
    assert "Q4 and 4 more" in (unknown_costs(decide(seen, Policy((a_rule("total", {"max": 900}),)))) or "")


def test_products_say_which_costs_are_empty_and_keep_campaigns() -> None:
    sheet = read_products(SHEET.encode(), "p.csv", CNY)
    assert sheet.faults == []
    assert any("P01: overhead is unknown, reckoned as no cost" in one.message for one in sheet.warnings)
    assert sheet.products[1].campaigns == ("7", "8")
    assert sheet.products[1].category == "ware"
    assert sheet.products[1].economics is not None
    assert sheet.products[1].price == yuan(199)


def test_a_plan_names_the_rule_that_gave_way_and_what_it_clashed_with() -> None:
    decision = decided(a_rule("budget", {"min": 120}))
    shown = document(decision)
    (clash,) = [one for one in shown.clashes if not one.slowed]
    assert clash.gave.rule == "the budget"
    assert clash.by == pytest.approx(40 / 3, rel=1e-3)
    assert [one.rule for one in clash.rules] == ["the total", "the budget"]
    dumped = shown.model_dump(mode="json")
    from rich.console import Console

    console = Console(width=200, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115 - closed with the test
    console.print(table(dumped, 200))
    text = console.export_text()
    assert "rule the budget (rules.yaml:3:3) gives way by 13.33: it cannot be kept beside the total" in text
    console.file.close()


def test_a_stock_feed_frozen_at_nothing_moves_nothing_that_it_speaks_of_and_is_said() -> None:
    known = tuple(read_products(SHEET.encode(), "p.csv", CNY).products)
    stock = a_rule("stock", {"cover": "5d"})
    frozen = tuple(replace(one, stock=0 if number < 2 else 50_000) for number, one in enumerate(known))
    told = {str(one.budget): one for one in decided(stock, products=frozen).plan.changes}
    assert all(told[name].after == told[name].before for name in ("ads/a", "ads/b")), "not stopped, not raised"
    plain = {str(one.budget): one for one in decided(products=known).plan.changes}
    assert plain["ads/a"].after != plain["ads/a"].before, "without the feed it would move"
    shown = document(decided(stock, products=frozen))
    assert any("how a broken feed looks" in note for note in shown.notes)
    one = tuple(replace(one, stock=0 if number == 0 else 50_000) for number, one in enumerate(known))
    sold_out = document(decided(stock, products=one))
    assert next(line for line in sold_out.budgets if line.id == "ads/a").planned == "30.00"
    assert not any("broken feed" in note for note in sold_out.notes)


def test_a_rule_that_cannot_hold_says_so() -> None:
    shown = document(decided(a_rule("tacos", {"max": "15%"})))
    assert "rule the tacos (rules.yaml:3:3) holds nothing: the shop's own sales are not known" in shown.notes


def test_the_hot_list_is_in_the_plan_and_tomorrow_remembers_it(tmp_path: Path) -> None:
    decision = decided(a_rule("hot_list", {"size": 2, "heroes": 1}))
    shown = document(decision)
    assert [(one.rank, one.role) for one in shown.hot] == [(1, "hero"), (2, "auxiliary")]
    assert document(decided(a_rule("hot_list", {"size": 2}, {"channel": "none"}))).hot == []
    store = open_store(f"sqlite:///{tmp_path}/bidder.db")
    try:
        save(decision, store, datetime(2026, 3, 2, 6, tzinfo=UTC))
        assert hot_before(store, decision.snapshot.day) == {}
        listed = hot_before(store, decision.snapshot.day + timedelta(days=1))
        assert listed["the hot_list"][ProductId(shown.hot[0].product)] == Hot("hero", 0)
        (tmp_path / "bidder.yaml").write_text("shop: {currency: CNY}\n", "utf-8")
        loaded = load(tmp_path / "bidder.yaml", env={})
        store.add_budgets(decision.snapshot.budgets, datetime(2026, 3, 2, 6, tzinfo=UTC))
        later: Snapshot = snapshot_of(loaded, store, datetime(2026, 3, 4, 6, tzinfo=UTC), date(2026, 3, 4))
        assert set(later.hot) == {"the hot_list"}
    finally:
        store.close()
