"""What each kind of export is known by, and what is particular to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.connectors.files.exports import columns, read_text, refusal, table

SP = "Date,Portfolio name,Currency,Campaign Name,Ad Group Name,Advertised SKU,Advertised ASIN,Impressions,Clicks,Spend"
SEVEN = "7 Day Total Sales ,7 Day Total Orders (#),7 Day Total Units (#)"
ITEM = "日期,主体 ID,主体类型,主体名称,计划ID,计划名称,场景名字,花费,展现量,点击量,总成交笔数,总成交金额,净成交金额"


def test_two_ad_groups_of_a_campaign_and_product_are_summed(tmp_path: Path) -> None:
    rows = [f'"Mar 1, 2026",No Portfolio,USD,tea,group {name},S1,B01,100,5,1.25,9.99,1,1' for name in "ab"]
    report = read_text(tmp_path, table(rows, f"{SP},{SEVEN}"))
    assert report.kind == "amazon_sp_advertised_product"
    assert (report.summary["rows"], report.summary["entity_days"], len(report.reports)) == (2, 1, 1)
    only = report.reports.observation(0)
    assert (str(only.budget), only.product, only.window, only.group) == ("amazon/tea", "B01", 7, "")
    assert (only.performance.clicks, str(only.performance.spend), str(only.performance.revenue)) == (
        10,
        "2.50",
        "19.98",
    )


def test_a_sum_with_an_unknown_part_is_unknown(tmp_path: Path) -> None:
    rows = ['"Mar 1, 2026",p,USD,tea,a,S1,B01,100,5,1.25,,1,1', '"Mar 1, 2026",p,USD,tea,b,S1,B01,100,5,1.25,9.99,1,1']
    report = read_text(tmp_path, table(rows, f"{SP},{SEVEN}"))
    assert report.reports.observation(0).performance.revenue is None
    assert report.summary["missing_cells"] == 1


def test_the_same_ad_group_twice_is_refused(tmp_path: Path) -> None:
    rows = ['"Mar 1, 2026",p,USD,tea,a,S1,B01,100,5,1.25,1,1,1'] * 2
    assert "'tea' on 2026-03-01 is already on line 2" in refusal(tmp_path, table(rows, f"{SP},{SEVEN}"))


def test_two_windows_in_one_file_are_chosen_between(tmp_path: Path) -> None:
    text = table(
        ['"Mar 1, 2026",p,USD,tea,a,S1,B01,100,5,1.25,7.00,1,1,14.00,2,2'],
        f"{SP},{SEVEN},14 Day Total Sales,14 Day Total Orders (#),14 Day Total Units (#)",
    )
    assert "there are columns of 7 and 14 days of attribution; choose with --window" in refusal(tmp_path, text)
    assert "--window: the columns are of 7 and 14 days, was 30" in refusal(tmp_path, text, window=30)
    assert read_text(tmp_path, text, window=7).summary["sums"]["revenue"] == 7.0
    report = read_text(tmp_path, text, window=14)
    assert report.summary["sums"]["revenue"] == 14.0
    assert report.reports.observation(0).window == 14


def test_the_window_of_a_file_that_does_not_say_is_asked_for(tmp_path: Path) -> None:
    text = table(["2026-03-01,tea,10,1,5,3,9"])
    assert any("--window DAYS" in note for note in read_text(tmp_path, text).notes)
    report = read_text(tmp_path, text, window=15)
    assert report.reports.observation(0).window == 15
    assert not any("--window" in note for note in report.notes)


def test_an_item_report_is_kept_by_plan_and_item_and_its_empty_words_are_unknown(tmp_path: Path) -> None:
    rows = [
        '2026-03-01,752790000001,商品,茶,82520000001,主推,货品全站推广,"1,234.50",1000,50,nan,-,1',
        "2026-03-01,752790000002,商品,壶,82520000001,主推,货品全站推广,10,1000,50,2,99.00,1",
    ]
    report = read_text(tmp_path, table(rows, ITEM).encode("gb18030"))
    assert report.kind == "taobao_item"
    first = report.reports.observation(0)
    assert (str(first.budget), first.product, first.channel) == ("taobao/82520000001", "752790000001", "site")
    assert (first.performance.orders, first.performance.revenue) == (None, None)
    assert str(first.performance.spend) == "1234.50"
    assert report.mapping["product"] == "主体 ID"
    assert "净成交金额" in report.ignored


def test_nan_is_an_empty_cell_only_where_the_console_writes_it(tmp_path: Path) -> None:
    row = "2026-03-01,1,商品,茶,82,主推,人群推广,nan,1000,50,2,99.00,1"
    assert "2:8  spend: expected a finite number, was 'nan'" in refusal(tmp_path, table([row], ITEM))
    row = "2026-03-01,1,商品,茶,82,主推,人群推广,5,1000,50,NaN,99.00,1"
    assert "2:11  orders: expected a finite number, was 'NaN'" in refusal(tmp_path, table([row], ITEM))


def test_a_keyword_report_of_the_console_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, table(["2026-03-01,1,茶叶,5,100,5"], "日期,计划ID,关键词,花费,展现量,点击量"))
    assert "export 计划报表 or 商品报表 split by day" in message


def test_a_taobao_file_is_in_yuan_and_nothing_else(tmp_path: Path) -> None:
    text = table(["2026-03-01,82,5,100,5"], "日期,计划ID,花费(元),展现量,点击量")
    assert read_text(tmp_path, text).summary["currency"] == "CNY"
    assert "CNY (this kind of export) and USD (--currency)" in refusal(tmp_path, text, currency="USD")
    assert "missing: 花费" in refusal(tmp_path, text.replace("元", "分"))


def test_headers_are_known_in_spite_of_case_width_and_spaces(tmp_path: Path) -> None:
    report = read_text(tmp_path, "\ufeff DATE ,Campaign,Ｓｐｅｎｄ\n2026-03-01,tea,5\n")
    assert (report.kind, report.summary["sums"]["spend"]) == ("generic", 5.0)


def test_titles_above_the_header_are_passed_over_and_lines_still_count_from_the_top(tmp_path: Path) -> None:
    text = "Campaign performance\n\n1 March to 2 March\n" + table(["2026-03-01,tea,10,11,5,3,9"])
    assert "report.csv:5:4  clicks: expected at most" in refusal(tmp_path, text)


def test_unknown_columns_are_named_and_left_out(tmp_path: Path) -> None:
    report = read_text(tmp_path, table(["2026-03-01,tea,5,x,y"], "date,campaign,spend,colour,"))
    assert report.ignored == ("colour",)
    assert dict(report.mapping) == {"date": "date", "campaign": "campaign", "spend": "spend"}


def test_the_generic_csv_takes_products_campaigns_accounts_and_budgets(tmp_path: Path) -> None:
    header = "date,campaign,product,account,channel,group,spend,budget"
    rows = [
        "2026-03-01,C1,P1,ztc,search,green,5,100",
        "2026-03-01,C1,P2,ztc,search,green,6,100",
        "2026-03-01,,P3,,,,7,",
    ]
    report = read_text(tmp_path, table(rows, header))
    found = [report.reports.observation(row) for row in range(3)]
    assert [(str(one.budget), one.product) for one in found] == [("file/P3", "P3"), ("ztc/C1", "P1"), ("ztc/C1", "P2")]
    assert [str(one.amount) for one in found] == ["None", "100.00", "100.00"]
    assert (found[1].channel, found[1].group) == ("search", "green")
    assert report.summary["entities"] == 3
    assert report.mapping["budget"] == "budget"
    renamed = read_text(tmp_path, table(rows, header), account="shop")
    assert set(renamed.reports.account) == {"shop"}


def test_an_empty_line_and_a_line_inside_quotes_do_not_shift_the_count(tmp_path: Path) -> None:
    text = 'date,campaign,spend\n2026-03-01,"two\nlines",5\n\n2026-03-02,tea,-1\n'
    assert "report.csv:5:3  spend: expected nothing below zero" in refusal(tmp_path, text)
    report = read_text(tmp_path, text.replace("-1", "1"))
    assert "two lines" in set(report.reports.campaign)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("元", "gb18030"),
        ("猫 元", "gb18030"),
        ("元", "utf-8"),
        ("café", "utf-8"),
        ("чай", "utf-8"),
        ("茶 café", "utf-8"),
    ],
)
def test_text_that_two_encodings_fit_is_read_as_what_shops_write(name: str, encoding: str, tmp_path: Path) -> None:
    report = read_text(tmp_path, f"date,campaign,spend\n2026-03-01,{name},5\n".encode(encoding))
    assert report.reports.campaign.tolist() == [name]


CELL = st.tuples(st.integers(0, 500), st.integers(0, 20), st.integers(0, 10**6), st.integers(0, 9))


@given(
    cells=st.dictionaries(st.tuples(st.integers(1, 28), st.sampled_from(["茶", "壶,大", "tea"])), CELL, min_size=1),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    order=st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=60)
def test_neither_encoding_delimiter_line_ends_nor_order_of_rows_change_what_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    cells: dict[tuple[int, str], tuple[int, int, int, int]],
    delimiter: str,
    encoding: str,
    end: str,
    order: object,
) -> None:
    folder = tmp_path_factory.mktemp("same")
    rows = [
        [f"2026-03-{day:02}", f'"{name}"', str(shown + clicked), str(clicked), f"{spent / 100:.2f}", str(orders)]
        for (day, name), (shown, clicked, spent, orders) in cells.items()
    ]
    header = ["date", "campaign", "impressions", "clicks", "spend", "orders"]
    plain = read_text(folder, "\n".join(",".join(row) for row in [header, *rows]))
    order.shuffle(rows)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    other = read_text(folder, end.join(delimiter.join(row) for row in [header, *rows]).encode(encoding))
    assert columns(other.reports) == columns(plain.reports)
    assert other.summary == plain.summary
