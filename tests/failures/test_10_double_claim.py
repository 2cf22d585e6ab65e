"""10: what platforms claim beyond what the shop sold is scaled down to the shop's own figure, and said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.decide import Policy, decide
from bidder.errors import Source
from bidder.explain.plan import document
from bidder.money import Money
from bidder.response.own_sales import overlap, within_own_sales
from bidder.rules.base import Rule
from bidder.rules.words import WORDS
from bidder.snapshot import EPOCH_ORDINAL, Snapshot
from tests.builders import CNY, a_budget
from tests.builders import a_shop as seen_shop
from tests.connectors.meta.fake import FakeMeta
from tests.failures.conftest import MIDNIGHT
from tests.failures.shop import a_shop

TOTAL = Rule("the total", WORDS["total"].model_validate({"max": 320}), Source("rules.yaml", 1, 1), None)


def sold(snapshot: Snapshot, part: float, days: int = 28) -> Snapshot:
    """The shop's own reports: of each day so large a part of what platforms claim."""
    rows = []
    for back in range(days, 0, -1):
        number = snapshot.today - back
        claimed = float(np.nansum(snapshot.history.revenue[snapshot.history.day == number]))
        day = AccountDay("UTC", datetime.fromordinal(number + EPOCH_ORDINAL).date())
        amount = Money(round(claimed * part) * 1_000_000, CNY)
        rows.append(ShopActivity("shop", None, day, day.end_at, money={"revenue": amount}))
    return replace(snapshot, activity=Activity.of(rows))


def claiming() -> Snapshot:
    return seen_shop(*(a_budget(f"ads/{name}", cvr=rate) for name, rate in (("a", 0.05), ("b", 0.04), ("c", 0.02))))


def test_10_claims_of_one_point_four_times_the_shop_are_brought_down_to_it() -> None:
    shop = sold(claiming(), 1 / 1.4)
    assert overlap(shop) == pytest.approx(1.4, rel=1e-3)
    scaled = within_own_sales(shop)
    assert overlap(scaled) == pytest.approx(1.0, rel=1e-9)
    for name in ("orders", "units", "revenue"):
        assert getattr(scaled.history, name) * 1.4 == pytest.approx(getattr(shop.history, name), rel=1e-3)
    for name in ("spend", "clicks", "impressions"):
        assert np.array_equal(getattr(scaled.history, name), getattr(shop.history, name))
    believed, claimed = decide(shop, Policy((TOTAL,))), decide(claiming(), Policy((TOTAL,)))
    profits = [float(document(one).expected_now) for one in (believed, claimed)]
    assert profits[0] < profits[1], "less is expected of the same budgets"
    assert any("claim 1.40 times what the shop sold" in note for note in document(believed).notes)
    assert not any("times what the shop sold" in note for note in document(claimed).notes)


def test_10_a_shop_that_sold_more_than_is_claimed_changes_nothing() -> None:
    shop = sold(claiming(), 1.5)
    assert within_own_sales(shop) is shop
    few = sold(claiming(), 0.2, days=6)
    assert within_own_sales(few) is few, "six days say nothing"
    assert within_own_sales(claiming()).history.orders.sum() == claiming().history.orders.sum()


def test_10_it_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeMeta()
    with a_shop(tmp_path, monkeypatch, MIDNIGHT, fake) as shop:
        (tmp_path / "hook").write_text("json://127.0.0.1:1/")
        (tmp_path / "hook").chmod(0o600)
        shop.configure(
            schedule={"poll": "6h", "decide": {"from": "00:30", "until": "11:00"}},
            alerts=[{"to": {"file": "hook"}, "language": "en"}],
        )
        claimed: dict[object, float] = {}
        for (date, _), one in shop.markets["meta"].kept.items():
            assert one.revenue is not None
            claimed[date] = claimed.get(date, 0.0) + one.revenue.to_float()
        rows = [
            ShopActivity(
                "shop",
                None,
                AccountDay(fake.zone, date),  # type: ignore[arg-type]  # the keys are days
                datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1),
                money={"revenue": Money(round(amount / 1.4) * 1_000_000, fake.account.currency)},
            )
            for date, amount in claimed.items()
        ]
        shop.store.add_activity(Activity.of(rows))
        shop.live(hours=20)
        told = [line["title"] for line in shop.lines("alert") if line["alert"] == "overlap"]
        assert shop.metric("bidder_attribution_overlap_ratio") == pytest.approx(1.4, abs=0.01)
        assert told == ["[Claimed twice] platforms claim 1.40 times the shop's own sales"]
