"""docs/metrics.md, the shared contract and what is really exported say the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client.metrics import MetricWrapperBase

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.instrumentation import Metrics, families
from bidder.plan import Applied, State
from tests.builders import yuan
from tests.conftest import missing
from tests.instrumentation.worlds import ADS, NOON, a_decision, a_floor, a_report, a_snapshot, budget, metrics, read

OURS = {
    "bidder_rule_cost", "bidder_attribution_overlap_ratio",
    "bidder_bids", "bidder_bid_changes", "bidder_bid_writes_total", "bidder_bid_writes_unresolved",
}  # fmt: skip
"""Families beside the contract; the page says why each is there."""

DOCS = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"


class Row(NamedTuple):
    """A line of the contract."""

    name: str
    type: str
    labels: frozenset[str]
    need: str


def rows(page: Path) -> Iterator[Row]:
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 5 and cells[0].startswith("bidder_"):
            name, kind, labels, need, _ = cells
            yield Row(name, kind, frozenset(filter(None, re.split(r",\s*", labels))), need)


def exported(m: Metrics) -> set[tuple[str, str, frozenset[str]]]:
    """Name as scraped, type and labels of every family on the registry."""
    found = set()
    for one in m.registry._collector_to_names:
        assert isinstance(one, MetricWrapperBase)
        suffix = "_total" if one._type == "counter" else ""
        found.add((f"{one._name}{suffix}", str(one._type), frozenset(one._labelnames)))
    return found


def a_busy_daemon() -> Metrics:
    """One to which everything has happened."""
    configured = {"channels": ("json-1",), "sunset": NOON, "promotions": ("双11",), "bids": (ADS,)}
    m = metrics(month=yuan(6000), day_limit=yuan(200), **configured)
    m.state_changed(State.ACTIVE, NOON)
    for kind in ("performance", "budgets"):
        m.polled("ads", kind, "ok", at=NOON, took=timedelta(seconds=1), data_at=NOON)
    m.reported(ADS, a_report(("P1", "30"), ("P2", "20")), at=NOON)
    m.budgets_read(ADS, a_snapshot().budgets)
    sold = Activity.of([a_shop_day("", 100, back) for back in range(1, 29)])
    m.planned(a_decision(snapshot=replace(a_snapshot(), activity=sold), rules=(a_floor(2.5),)), at=NOON)
    m.rules_cost({"day max": 12.5})
    m.forecast_covered(0.8)
    m.effect({"mean": 0.12, "low": 0.03, "high": 0.21})
    m.stock_covered({"P1": 86400.0})
    m.promotions(["双11"])
    m.wrote(budget("one"), Applied(yuan(120)), timedelta(seconds=0.3))
    m.month_spent(yuan(900), NOON)
    m.reported(ADS, a_report(("P1", "33"), ("P2", "25")), at=NOON)
    m.shop_reported(Activity.of([a_shop_day("", 100), a_shop_day("search", 60)]))
    return m


def a_shop_day(traffic: str, visitors: float, back: int = 0) -> ShopActivity:
    """A day of the shop with everything in it, so many days ago."""
    counts = {"visitors": visitors, "orders": 4.0, "buyers": 3.0}
    money = {"revenue": yuan(400), "refunds": yuan(10)}
    return ShopActivity("advisor", None, AccountDay("UTC", NOON.date()).next(-back), NOON, counts, money, traffic)


def test_our_page_lists_exactly_what_is_exported() -> None:
    assert {(row.name, row.type, row.labels) for row in rows(DOCS)} == exported(metrics())


def test_our_page_says_of_each_family_what_the_shared_contract_says(shared_dir: Path) -> None:
    shared = {row.name: row for row in rows(shared_dir / "ops" / "METRICS.md")}
    assert [row for row in rows(DOCS) if row.name not in OURS and shared[row.name] != row] == []
    assert not OURS & set(shared)


@pytest.mark.parametrize("busy", [False, True])
def test_what_is_needed_always_is_there_from_the_start(busy: bool) -> None:
    names = set(read(a_busy_daemon() if busy else metrics()))
    for row in rows(DOCS):
        name = f"{row.name}_count" if row.type == "histogram" else row.name
        if row.need == "always" or busy:
            assert name in names, row


def test_closed_sets_are_those_of_the_page() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for values in (families.ERRORS, families.HOLD_REASONS, families.PLAN_RESULTS, families.SOLVER_STATUSES,
                   families.POLL_KINDS, families.POLL_RESULTS, families.TRIGGERS, families.WRITE_RESULTS,
                   families.STAGES):  # fmt: skip
        assert ", ".join(f"`{value}`" for value in values) in text


def test_counters_are_born_at_zero() -> None:
    samples = read(metrics())
    for row in rows(DOCS):
        if row.type == "counter" and row.need == "always":
            assert set(samples[row.name].values()) == {0.0}, row.name


def test_nothing_is_not_a_number_and_there_is_no_created_series() -> None:
    body = a_busy_daemon().exposition("application/openmetrics-text")[0].decode()
    assert "NaN" not in body
    assert "_created" not in body
    assert "process_start_time_seconds" in body


@pytest.mark.service
@pytest.mark.parametrize("busy", [False, True])
def test_promtool_has_nothing_to_say(busy: bool) -> None:
    if shutil.which("promtool") is None:
        missing("promtool (Debian package prometheus)")
    body = (a_busy_daemon() if busy else metrics()).exposition()[0]
    checked = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, timeout=30)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
