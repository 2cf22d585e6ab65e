"""docs/scale.md lists what a worker exports, no more and no less; everything bounded is there from the start."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from bidder.instrumentation.fleet import DECISIONS, JOB_RESULTS, TASKS, FleetMetrics

PAGES = [Path(__file__).resolve().parents[2] / "docs" / name for name in ("scale.md", "scale.zh.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_lists_exactly_what_is_exported(page: Path) -> None:
    said = set()
    for line in page.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("bidder_"):
            said.add((cells[0], cells[1], frozenset(filter(None, re.split(r",\s*", cells[2])))))
    found = set()
    for one in FleetMetrics().registry._collector_to_names:
        assert isinstance(one, MetricWrapperBase)
        suffix = "_total" if one._type == "counter" else ""
        found.add((f"{one._name}{suffix}", str(one._type), frozenset(one._labelnames)))
    assert said == found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_closed_sets_are_those_of_the_page(page: Path) -> None:
    text = page.read_text("utf-8")
    for values in (TASKS, JOB_RESULTS, DECISIONS):
        assert ", ".join(f"`{value}`" for value in values) in text


def test_everything_bounded_is_born_at_zero_and_counts() -> None:
    metrics = FleetMetrics()
    for task in TASKS:
        for result in JOB_RESULTS:
            assert metrics.registry.get_sample_value("bidder_jobs_total", {"task": task, "result": result}) == 0.0
    metrics.ended("poll", "done", timedelta(seconds=2))
    metrics.known(10, 3)
    assert metrics.registry.get_sample_value("bidder_jobs_total", {"task": "poll", "result": "done"}) == 1.0
    assert metrics.registry.get_sample_value("bidder_job_duration_seconds_sum", {"task": "poll"}) == 2.0
    assert metrics.registry.get_sample_value("bidder_fleet_shops", {"state": "ok"}) == 7.0
    text, kind = metrics.exposition()
    assert "text/plain" in kind
    assert b"process_resident_memory_bytes" in text
    assert metrics.exposition("application/openmetrics-text")[0].endswith(b"# EOF\n")
