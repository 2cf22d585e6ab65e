"""From a platform's fault to a person: metric → a real Prometheus → a real Alertmanager → a webhook."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.receivers import a_web_server
from tests.conftest import missing
from tests.dashboards.servers import FOLDER, a_prometheus, an_alertmanager, asked, missing_binaries
from tests.failures.processes import get, make_shop, post, running, until

pytestmark = pytest.mark.service


@pytest.fixture(autouse=True)
def _there() -> None:
    gone = missing_binaries()
    if gone:
        missing(f"{', '.join(gone)} (`make services` installs them)")


def amtool(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["amtool", *words], cwd=FOLDER, capture_output=True, text=True, timeout=30)


def test_amtool_finds_no_fault_in_the_routes() -> None:
    done = amtool("check-config", "alertmanager.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("receiver", "severity", "alert"),
    [
        ("page", "critical", "BidderDown"),
        ("page", "critical", "BidderBudgetOverspend"),
        ("page", "critical", "BidderStockOutWhileAdvertising"),
        ("shop-team", "warning", "BidderBudgetAbovePlan"),
        ("shop-team", "info", "BidderBudgetUnderspend"),
        ("shop-team", "warning", "BidderMonthPacingOff"),
        ("shop-team", "warning", "BidderRoasBelowFloor"),
        ("shop-team", "warning", "BidderConversionDrop"),
        ("operations", "warning", "BidderPollStale"),
        ("operations", "warning", "BidderWriteRefused"),
    ],
)
def test_each_alert_goes_to_whom_it_concerns(receiver: str, severity: str, alert: str) -> None:
    labels = (f"severity={severity}", "service=bidder", f"alertname={alert}")
    done = amtool(
        "config", "routes", "test", "--config.file=alertmanager.yml", f"--verify.receivers={receiver}", *labels
    )
    assert done.returncode == 0, done.stdout + done.stderr


def a_shop(folder: Path, name: str, mode: str, fault: str) -> Path:
    """A shop on a simulated platform that answers each request of a kind with this fault."""
    folder.mkdir()
    made = make_shop(folder, mode=mode)
    path = made / "bidder.yaml"
    text = path.read_text("utf-8").replace("tea-house", name).replace("name: wxt", f"name: {name}-wxt")
    path.write_text(text.replace("path: platform.json", f"path: platform.json, faults: {{{fault}: 1.0}}"), "utf-8")
    return made


def test_faults_of_platforms_reach_a_person_and_a_dead_daemon_speaks_for_all_that_follows(tmp_path: Path) -> None:
    """Four alerts in one test, since each server takes its time to start.

    One shop's platform answers no reading; the other's refuses every write, once a person has approved the plan. Then
    the second daemon is killed: that is told, and what follows from it is not told any more.
    """
    deaf = a_shop(tmp_path / "deaf", "deaf", "apply", "read_error")
    stubborn = a_shop(tmp_path / "stubborn", "stubborn", "propose", "write_throttled")
    with (
        a_web_server() as (hook, posts, _),
        an_alertmanager(tmp_path, hook) as alertmanager,
        running(deaf) as (_, page),
        running(stubborn) as (process, other),
    ):

        def told(alert: str, status: str = "firing") -> dict[str, Any] | None:
            """The notice of an alert, as the webhook got it."""
            return next(
                (
                    {**one, "receiver": notice["receiver"]}
                    for notice in list(posts)
                    for one in notice["alerts"]
                    if one["labels"]["alertname"] == alert and one["status"] == status
                ),
                None,
            )

        targets = {name: at.removeprefix("http://").rstrip("/") for name, at in (("deaf", page), ("stubborn", other))}
        with a_prometheus(tmp_path, targets, alertmanager) as prometheus:
            plan = json.loads(until(lambda: get(f"{other.rstrip('/')}/api/v1/plan")))
            until(lambda: asked(prometheus, 'bidder_writes_total{shop="stubborn", result="refused"} == 0'))
            code, answer = post(other.rstrip("/"), f"/api/v1/plans/{plan['plan']}/approve")
            assert code == 200, answer

            refused = until(lambda: told("BidderWriteRefused"))
            assert refused["receiver"] == "operations"
            assert refused["labels"]["shop"] == "stubborn"
            assert "refused about" in refused["annotations"]["description"]
            stale = until(lambda: told("BidderPollStale"))
            assert stale["receiver"] == "operations"
            assert stale["labels"]["source"] == "deaf-wxt"
            no_plan = until(lambda: told("BidderPlanNotMade"))
            assert no_plan["labels"]["shop"] == "deaf"
            assert told("BidderDown") is None

            process.kill()
            process.wait()
            down = until(lambda: told("BidderDown"))
            assert (down["receiver"], down["labels"]["instance"]) == ("page", "stubborn")
            suppressed = json.loads(until(lambda: get(f"{alertmanager}/api/v2/alerts?active=false")))
            assert {one["labels"]["alertname"] for one in suppressed} >= {"BidderPollStale", "BidderPlanNotMade"}
