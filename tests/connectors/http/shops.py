"""Fake platforms in a thread of their own, and a shop's folder that points at them: for commands as they are typed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from bidder.account_day import AccountDay
from bidder.cli.main import app, exit_code_of
from bidder.errors import BidderError
from bidder.money import Money
from bidder.performance import Performance
from bidder.testing import Row
from tests.connectors.http.fake import CANARIES, FakeHttp

__all__ = ["Typed", "bidder", "history", "served", "shop"]


@contextmanager
def served(*fakes: FakeHttp) -> Iterator[None]:
    """Runs the fakes' servers beside the test's own loops."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        for fake in fakes:
            asyncio.run_coroutine_threadsafe(fake.server.start(), loop).result(10)
        yield
    finally:
        for fake in fakes:
            asyncio.run_coroutine_threadsafe(fake.server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def history(fake: FakeHttp, days: int = 30) -> None:
    """Plants figures up to yesterday: the first budget sells well, the others less."""
    today = AccountDay.of(datetime.now(UTC), fake.account.timezone)
    rows = []
    for age in range(days, 0, -1):
        for place, budget in enumerate(fake.budgets):
            now = fake.in_force(budget).micros
            orders = float((6, 2, 1, 1)[min(place, 3)] + age % 2)
            figures = Performance(
                impressions=2000 + 10 * age,
                clicks=60 + age % 7,
                spend=Money(now // 10_000 * 10_000, fake.account.currency),
                orders=orders,
                revenue=Money(int(orders) * 39_990_000, fake.account.currency),
            )
            rows.append(Row(today.next(-age).date, budget, fake.product(budget), figures))
    fake.report(rows)


def shop(
    folder: Path, accounts: Sequence[dict[str, Any]], *, cap: str = "400", zone: str, currency: str = "USD"
) -> Path:
    """bidder.yaml of a shop with these accounts."""
    config = {
        "shop": {"name": "tea-house", "currency": currency, "timezone": zone},
        "objective": "revenue",
        "budget": {"day": {"max": cap}},
        "accounts": list(accounts),
        "store": "sqlite:///bidder.db",
    }
    path = folder / "bidder.yaml"
    path.write_text(json.dumps(config), "utf-8")  # JSON is YAML
    return path


class Typed:
    """What a command said."""

    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        self.code = code
        self.stdout = stdout
        self.stderr = stderr

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


def bidder(*words: str, code: int = 0) -> Typed:
    """Runs the command as typed, its secrets in the environment; the exit code is part of the promise."""
    env = {f"KEY_{name.upper()}": value for name, value in CANARIES.items()}
    result = CliRunner().invoke(app, list(words), env=env)
    if isinstance(result.exception, BidderError):
        assert exit_code_of(result.exception) == code, str(result.exception)
        return Typed(code, "", str(result.exception))
    assert result.exit_code == code, (result.output, repr(result.exception))
    return Typed(result.exit_code, result.stdout, result.stderr)
