"""`bidder status`: the month's sales beside the plan."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from typer.testing import CliRunner

from bidder.cli.ops import register
from bidder.store import open_store
from tests.builders import an_observation, reports
from tests.config.mutations import copy_of_example


def status(path: Path, *more: str) -> str:
    app = typer.Typer()
    register(app)
    told = CliRunner().invoke(app, ["status", *more], env={"BIDDER_CONFIG": str(path)})
    assert told.exit_code == 0, told.output
    return told.stdout


def test_the_months_sales_stand_beside_their_plan(tmp_path: Path) -> None:
    path = copy_of_example(tmp_path / "config")
    store = open_store(f"sqlite:///{path.parent}/bidder.db")
    try:
        assert json.loads(status(path, "--json"))["sales"] is None  # nothing was read yet
        day = (datetime.now(UTC) - timedelta(days=2)).date()
        store.add_reports(reports(*(an_observation("wxt/c1", day - timedelta(days=n)) for n in range(8))))
    finally:
        store.close()
    shown = json.loads(status(path, "--json"))["sales"]
    assert set(shown) == {"month", "sold", "due", "today"}
    assert float(shown["month"]) in (450_000.0, 900_000.0)
    assert "this month; plan until yesterday" in status(path)
    path.write_text(path.read_text("utf-8").replace("sales: {month", "# sales: {month").replace("plan:\n", ""), "utf-8")
    assert json.loads(status(path, "--json"))["sales"] is None
