"""The developer sets give the totals that the reference reader found, whatever the file is called."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bidder.connectors.files import FileReport, read
from tests.connectors.files.exports import OPTIONS

SETS = [
    ("amazon_sp_umair/Sponsored Products Advertised product report.xlsx", "expected", "amazon_sp_advertised_product"),
    ("amazon_sp_umair/Sponsored Products Campaign report.csv", "expected-campaigns", "amazon_sp_campaign"),
    ("online_ads_2020/online_advertising_performance_data.csv", "expected", "online_ads"),
    ("ab_fb_adwords_2019/marketing_campaign.csv", "expected", "facebook_adwords"),
    ("taobao_made/plan_report_gb18030.csv", "expected", "taobao_plan"),
    ("taobao_made/scene_report_utf8bom.csv", "expected-scene", "taobao_scene"),
]


def read_set(shared: Path, name: str) -> FileReport:
    return read(shared / "data" / name, replace(OPTIONS, year=2020 if "online" in name else None))


@pytest.mark.parametrize(("name", "expected", "kind"), SETS)
def test_each_developer_set_gives_its_expected_totals(shared_dir: Path, name: str, expected: str, kind: str) -> None:
    report = read_set(shared_dir, name)
    assert report.kind == kind
    assert report.summary == json.loads((shared_dir / "data" / name).with_name(f"{expected}.json").read_text())


def test_the_two_groups_of_ab_control_test_add_up_to_its_totals(shared_dir: Path) -> None:
    groups = [read_set(shared_dir, f"ab_control_test/{name}_group.csv").summary for name in ("control", "test")]
    expected = json.loads((shared_dir / "data/ab_control_test/expected.json").read_text())
    for key in ("rows", "entity_days", "entities", "missing_cells"):
        assert sum(one[key] for one in groups) == expected[key]
    for one in groups:
        assert {one[key] == expected[key] for key in ("first_date", "last_date", "days_with_rows", "currency")} == {
            True
        }
    for name, total in expected["sums"].items():
        assert total is None or sum(one["sums"][name] for one in groups) == total


@pytest.mark.parametrize("name", [name for name, _, _ in SETS])
def test_the_kind_is_known_by_the_content_and_not_by_the_name(shared_dir: Path, name: str, tmp_path: Path) -> None:
    renamed = tmp_path / "download(3).tmp"
    shutil.copy(shared_dir / "data" / name, renamed)
    again = read(renamed, replace(OPTIONS, year=2020))
    assert again.kind == read_set(shared_dir, name).kind
    assert again.summary == read_set(shared_dir, name).summary


def test_money_is_exact_and_adds_up_over_the_observations(shared_dir: Path) -> None:
    for name, _, _ in SETS:
        report = read_set(shared_dir, name)
        assert round(int(report.reports.spend.sum()) / 10**6, 2) == report.summary["sums"]["spend"], name


def test_an_amazon_export_says_its_window_its_budgets_and_what_was_left_out(shared_dir: Path) -> None:
    report = read_set(shared_dir, SETS[1][0])
    first = report.reports.observation(0)
    assert (first.account, first.channel, first.window) == ("amazon", "search", 14)
    assert str(first.amount) == "1000.00"
    assert report.mapping["revenue"] == "14 Day Total Sales (₹)"
    assert "Last Year Spend" in report.ignored


def test_the_publishers_revenue_is_not_taken_for_the_shops_sales(shared_dir: Path) -> None:
    report = read_set(shared_dir, SETS[2][0])
    assert report.mapping["revenue"] == "post_click_sales_amount"
    assert report.ignored == ("revenue",)
    assert len(report.reports) == 212
    assert set(report.reports.currency) == {"XXX"}


def test_the_two_platforms_of_a_wide_file_are_two_accounts(shared_dir: Path) -> None:
    report = read_set(shared_dir, SETS[3][0])
    assert {(str(a), str(b)) for a, b in zip(report.reports.account, report.reports.budget, strict=True)} == {
        ("meta", "Facebook"),
        ("google", "AdWords"),
    }


def test_ids_of_the_console_stay_text_and_scenes_become_channels(shared_dir: Path) -> None:
    report = read_set(shared_dir, SETS[4][0])
    assert set(report.reports.budget) == {f"8252000000{number}" for number in (1, 2, 3, 4)}
    assert set(report.reports.channel) == {"search", "feed", "site"}
    assert "全站-针织开衫,新品" in set(report.reports.name)


def test_a_missing_cell_is_unknown_and_not_zero(shared_dir: Path) -> None:
    report = read_set(shared_dir, "ab_control_test/control_group.csv")
    fifth = report.reports.observation(4)
    assert str(fifth.performance.spend) == "1835.00"
    assert fifth.performance.impressions is None
    assert fifth.performance.clicks is None
    assert fifth.performance.orders is None
