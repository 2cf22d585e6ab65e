"""`bidder check --online` and `bidder poll` with a shop and an account of files, over a real socket."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bidder.cli.main import app
from bidder.store import open_reader
from tests.connectors.shopify.fake import SECRETS, FakeShopify, line, order, variant

SHOP = """
shop: {{name: tea, currency: USD, timezone: America/New_York}}
accounts:
  - name: us-shop
    platform: shopify
    shop: tea-house
    base_url: {url}
    credentials: {{client_id: {{env: SHOP_ID}}, client_secret: {{env: SHOP_SECRET}}}}
  - {{name: hand, platform: files, path: "inbox/*"}}
budgets: budgets.csv
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOP_ID", "app")
    monkeypatch.setenv("SHOP_SECRET", SECRETS[0])
    (tmp_path / "budgets.csv").write_text("budget,amount\nhand/7,30\n", "utf-8")
    return tmp_path


async def said(folder: Path, fake: FakeShopify, *words: str) -> Any:
    (folder / "bidder.yaml").write_text(SHOP.format(url=fake.server.url), "utf-8")
    arguments = [*words, "--config", str(folder / "bidder.yaml")]
    result = await asyncio.to_thread(lambda: CliRunner().invoke(app, arguments))
    assert result.exit_code == 0, (result.output, result.exception)
    assert not any(secret in result.output for secret in SECRETS)
    return result.stdout


async def test_a_shop_is_asked_what_it_has_and_polled_beside_files(folder: Path) -> None:
    fake = FakeShopify()
    fake.variants = [variant(1, "7", "10.00", 5), variant(2, "8", "4.00", 1)]
    async with fake.server:
        shown = await said(folder, fake, "check", "--online")
        assert "us-shop (shopify): USD, America/New_York; bidder reads what it sells; a shop has no ads" in shown
        assert "2 products, 2 with their stock" in shown
        assert "known by its files alone" in shown
        assert "None" not in shown
        path = folder / "inbox" / "a.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("date,campaign,spend\n2026-10-01,7,5.00\n", "utf-8")
        os.utime(path, (time.time() - 600, time.time() - 600))
        fake.orders = [order(1, "2026-10-14T12:00:00Z", line("7", 2, "20.00"))]
        assert json.loads(await said(folder, fake, "poll", "--json")) == []
        assert not any(b"mutation" in got.body for got in fake.server.got)
    reader = open_reader(f"sqlite:///{folder / 'bidder.db'}")
    assert [str(one.id) for one in reader.products()] == ["7", "8"]
    assert len(reader.activity()) > 0, "days without an order are zero, not missing"
    assert [str(one.budget.id) for one in reader.budgets()] == ["hand/7"]
    assert reader.reports().account.tolist() == ["hand"]
    reader.close()
