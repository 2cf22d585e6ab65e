"""Which files a person still has to download."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from bidder.intake.inbox import Watched
from bidder.intake.missing import missing
from bidder.reports import Reports
from bidder.store import open_store
from bidder.store.protocol import FileContent

TODAY = date(2026, 10, 5)


def test_of_each_kind_that_came_before_yesterday_is_asked_for(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'bidder.db'}")
    watched = [Watched(name, (Path("inbox") / name / "*",), "Asia/Shanghai") for name in ("advisor", "jzt", "new")]
    came = [
        ("advisor", "advisor_goods", "2026-10-03"),
        ("advisor", "advisor_shop", "2026-10-04"),
        ("advisor", "advisor_sources", "2026-08-01"),
        ("advisor", "erp_stock", "2026-09-28"),
        ("jzt", "jd_jingzhuntong", "2026-10-02"),
        ("jzt", "jd_jingzhuntong", "2026-10-04"),
    ]
    for source, kind, last in came:
        facts = {"accounts": [source], "kind": kind, "last_date": last}
        store.import_files([FileContent(facts, Reports.of([]))], datetime(2026, 10, 5, tzinfo=UTC))
    found = missing(store, watched, TODAY)
    store.close()
    assert [(one.source, one.last) for one in found] == [("advisor", date(2026, 10, 3)), ("new", None)]
    assert "商品排行" in found[0].title
    assert "inbox/new/*" in found[1].title
