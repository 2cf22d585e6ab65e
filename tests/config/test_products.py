"""products.csv: margins from costs, and each cell that cannot be, at its line and column."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.config.products import COLUMNS, Sheet, read_products
from bidder.money import Money
from tests.builders import CNY, yuan
from tests.config.mutations import EXAMPLE


def read(text: str) -> Sheet:
    return read_products(text.encode(), "p.csv", CNY)


# margins of the operator's own table, by hand
BREAK_EVEN = {
    "P01": 2.18, "P02": 1.77, "P03": 1.80, "P04": 1.94, "P05": 2.15, "P06": 1.80,
    "P07": 2.66, "P08": 2.84, "P09": 3.63, "P10": 4.52, "P11": 1.86, "P12": 4.99,
}  # fmt: skip


def test_the_example_gives_the_break_even_roas_of_the_operator() -> None:
    sheet = read_products((EXAMPLE / "products.csv").read_bytes(), "products.csv", CNY)
    assert (sheet.faults, sheet.warnings) == ([], [])
    found = {str(p.id): round(1 / p.margin, 2) for p in sheet.products if p.margin}
    assert found == pytest.approx(BREAK_EVEN, abs=0.006)


def test_every_column_is_read() -> None:
    (product,) = read(
        "tags,restock_date,id,name,price,cost,fee_rate,ship,pack,insurance,return_rate,resale,stock,lead_days\n"
        'hero tea;new,2026-12-01,P1,"a, ""b""",100,40,5%,6,1,0.5,10%,0.9,12,7\n'
    ).products
    assert (product.id, product.name) == ("P1", 'a, "b"')
    assert (product.price, product.cost) == (yuan(100), yuan(40))
    assert product.margin == pytest.approx((0.9 * (100 * 0.95 - 40) - 7.5 - 0.1 * 40 * 0.1) / 100)
    assert (product.return_rate, product.stock, product.lead_days) == (0.1, 12, 7)
    assert product.restock_date == date(2026, 12, 1)
    assert product.tags == {"hero", "tea", "new"}


def test_an_empty_cell_is_unknown_and_said() -> None:
    sheet = read("id,name,price,cost,fee_rate,ship,pack,insurance,return_rate,resale,stock\nP1,x,100,,,,,,,,\n")
    (product,) = sheet.products
    assert product.margin is None
    assert product.stock is None
    assert "p.csv:2:1  P1: price or cost is unknown" in str(sheet.warnings[0])


def test_columns_that_are_missing_are_said() -> None:
    sheet = read("id,price,cost\nP1,100,40\n")
    assert sheet.products[0].margin == pytest.approx(0.6)
    assert "no column fee_rate, ship, pack, insurance, return_rate, resale: taken as 0" in str(sheet.warnings[0])
    assert "no margin is known" in str(read("id,name\nP1,x\n").warnings[0])


def test_a_product_that_loses_with_every_order_is_said() -> None:
    sheet = read("id,price,cost,fee_rate,ship,pack,insurance,return_rate,resale\nP1,10,40,0,0,0,0,0,1\n")
    assert "an order leaves nothing" in str(sheet.warnings[0])


def test_columns_it_does_not_know_are_named_and_left_out() -> None:
    sheet = read("id,colour,\nP1,red,\n")
    assert [str(one.source) for one in sheet.warnings[:2]] == ["p.csv:1:4", "p.csv:1:11"]
    assert len(sheet.products) == 1


def test_chinese_excel_files_are_read() -> None:
    sheet = read_products("id,name\nP1,茉莉花茶\n".encode("gb18030"), "p.csv", CNY)
    assert sheet.products[0].name == "茉莉花茶"
    assert read_products("id\nP1\n".encode("utf-8-sig"), "p.csv", CNY).products[0].id == "P1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "p.csv:1:1  expected a header"),
        ("name,price\nx,1\n", "p.csv:1:1  no column id"),
        ("id,prce\nP1,1\n", "p.csv:1:4  prce: no such column; did you mean price?"),
        ("id,id\nP1,P1\n", "p.csv:1:4  id: this column stands twice"),
        ("id,price\nP1\n", "p.csv:2:1  expected 2 cells"),
        ("id,price\n\n,5\n", "p.csv:3:1  id: expected the shop's item id"),
        ("id\nP1\nP1\n", "p.csv:3:1  P1: stands in line 2 already"),
        ("id,price\nP1,abc\n", "p.csv:2:4  price: expected a number, was 'abc'"),
        ("id,price\nP1,nan\n", "p.csv:2:4  price: expected a number"),
        ("id,price\nP1,1_0\n", "p.csv:2:4  price: expected a number"),
        ('id,price\nP1,"1,000"\n', "write thousands without separators"),
        ("id,price\nP1,-5\n", "p.csv:2:4  price: expected an amount of money from 0"),
        ("id,price\nP1,0\n", "price: expected more than 0"),
        ("id,price\nP1,1e12\n", "price: expected an amount"),
        ("id,cost\nP1,1.1234567\n", "at most 6 decimals"),
        (
            "id,name,fee_rate\nP1,茶,4.1\n",
            "p.csv:2:6  fee_rate: expected a share from 0 to 1, was '4.1'; write 4.1% or 0.041",
        ),
        ("id,return_rate\nP1,120%\n", "expected a share"),
        ("id,stock\nP1,2.5\n", "stock: expected a whole number"),
        ("id,lead_days\nP1,-1\n", "lead_days: expected a whole number"),
        ("id,restock_date\nP1,1.12.2026\n", "restock_date: expected a date such as"),
    ],
)
def test_a_cell_that_cannot_be_is_told_at_its_place(text: str, told: str) -> None:
    assert told in "\n".join(map(str, read(text).faults))


def test_what_is_no_text_is_refused() -> None:
    assert "UTF-8" in str(read_products(b"\xff\xff\xff\x81", "p.csv", CNY).faults[0])
    assert "UTF-8" in str(read_products(b"id\x00\n", "p.csv", CNY).faults[0])


@given(st.text(max_size=80))
@settings(deadline=None, max_examples=200)
def test_any_text_gives_products_or_faults(text: str) -> None:
    sheet = read(text)
    assert sheet.products or sheet.faults or sheet.warnings or not text.strip() or "id" in text.lower()


@given(
    st.lists(
        st.sampled_from(["", "1", "-1", "nan", "x", "1e400", "50%", "0.5", "1,5", '"', "2026-01-01"]),
        min_size=13,
        max_size=13,
    )
)
@settings(deadline=None, max_examples=200)
def test_any_cells_give_a_product_of_finite_figures_or_a_fault(cells: list[str]) -> None:
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in ["P1", *cells]]
    sheet = read(",".join(COLUMNS) + "\n" + ",".join(quoted) + "\n")
    for product in sheet.products:
        assert product.margin is None or abs(product.margin) < 1e12
        assert product.price is None or product.price > Money.zero(CNY)
