"""A daemon with a shop that has no key at all: two dropped files, amounts typed by hand, pushes; to the next report."""

from __future__ import annotations

import asyncio
import json
import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from typer.testing import CliRunner

from bidder.cli.main import app
from bidder.cli.serving import serve
from bidder.config.load import load
from bidder.daemon import Daemon, metrics_for
from bidder.errors import ConfigError, UnsafePlan
from bidder.store import open_reader, open_store

TOKEN = "canary-push-token"
SHOP = """
shop: {name: tea-house, currency: CNY, timezone: Asia/Shanghai}
budget: {day: {max: 900}}
accounts:
  - {name: jzt, platform: files, mode: manual, path: "inbox/jzt/*", window: 15}
activity:
  - {name: advisor, source: files, path: "inbox/advisor/*"}
  - {name: till, source: http}
budgets: budgets.csv
web: {listen: "127.0.0.1:0", token: {env: TOKEN}}
schedule: {decide: {from: "00:00", until: "00:01"}}
"""
ADS = "日期,计划ID,计划名称,展现数,点击数,总费用,总订单行,总订单金额\n"
GOODS = "商品排行\n统计日期,商品ID,商品访客数,支付金额\n"
SPEND = {1: (300, 20), 2: (300, 3), 3: (200, 12)}


def drop(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("gb18030"))
    changed = time.time() - 600
    os.utime(path, (changed, changed))


def ads(last: date, days: int, spend: dict[int, tuple[int, int]] = SPEND) -> str:
    rows = [
        f"{last - timedelta(days=back)},{n},快车{n},{money * 20},{money},{money - 1},{orders},{orders * 100}"
        for back in range(days)
        for n, (money, orders) in spend.items()
    ]
    return ADS + "\n".join(rows) + "\n"


class Clock:
    """Noon of a day, until a test says otherwise."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        await stop.wait()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOKEN", TOKEN)
    (tmp_path / "bidder.yaml").write_text(SHOP, "utf-8")
    (tmp_path / "budgets.csv").write_text(
        "budget,amount,name\njzt/1,300,快车一\njzt/2,300,快车二\njzt/3,200,快车三\n", "utf-8"
    )
    return tmp_path


def command(folder: Path, *words: str) -> Any:
    result = CliRunner().invoke(app, [words[0], *words[1:], "--config", str(folder / "bidder.yaml"), "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return json.loads(result.stdout)


async def turn(folder: Path, at: datetime) -> Daemon:
    config = load(folder / "bidder.yaml")
    store = open_store(config.store_url)
    daemon = Daemon(config, store, Clock(at), metrics_for(config, at))
    await daemon.turn()
    store.close()
    return daemon


async def test_two_files_make_a_plan_a_list_and_the_next_report_its_proof(folder: Path) -> None:
    now = datetime.now(UTC)
    today = (now + timedelta(hours=8)).date()
    yesterday = today - timedelta(days=1)
    drop(folder / "inbox/jzt/京准通.csv", ads(yesterday, 14))
    drop(folder / "inbox/advisor/商品排行.csv", f"{GOODS}{yesterday},P01,100,900\n{yesterday},P02,50,300\n")
    daemon = await turn(folder, now)
    assert daemon.ready()
    shown = daemon.metrics.exposition()[0].decode()
    assert 'bidder_polls_total{kind="activity",result="ok",source="advisor"} 1.0' in shown
    todo = command(folder, "todo")
    assert {line["budget"] for line in todo["lines"]} <= {"jzt/1", "jzt/2", "jzt/3"}
    assert todo["lines"]
    assert all(float(line["after"]) == int(float(line["after"])) for line in todo["lines"])
    assert sum(float(line["difference"]) for line in todo["lines"]) <= 100, "900 a day, 800 in force"
    first = todo["lines"][0]
    command(folder, "done", "1")
    command(folder, "done", "1")  # said twice is typed once
    (waiting,) = command(folder, "todo")["unproven"]
    assert (waiting["budget"], waiting["after"]) == (first["budget"], first["after"])
    number = int(first["budget"][4:])
    spent = {**SPEND, number: (round(float(first["after"])), SPEND[number][1])}
    drop(folder / "inbox/jzt/next.csv", ads(today, 1, spent))
    await turn(folder, now + timedelta(days=1, hours=1))
    reader = open_reader(load(folder / "bidder.yaml").store_url)
    verdicts = [line.facts["verdict"] for line in reader.journal(kind="typed") if "verdict" in line.facts]
    raised = float(first["difference"]) > 0
    assert verdicts == (["confirmed"] if raised else [])
    assert (reader.value("typed") == {}) is raised
    reader.close()


async def test_a_file_that_was_set_aside_is_on_the_page(folder: Path) -> None:
    drop(folder / "inbox/advisor/x.csv", "foo,bar\n1,2\n")
    daemon = await turn(folder, datetime.now(UTC))
    (problem,) = daemon.status()["problems"]
    assert problem.startswith("advisor: x.csv:1  the header is of no known export")


async def test_a_list_is_of_today_and_its_words_are_checked(folder: Path) -> None:
    now = datetime.now(UTC) - timedelta(days=2)
    last = (now + timedelta(hours=8)).date() - timedelta(days=1)
    with pytest.raises(Exception, match=r"no plan is saved|there is no store yet"):
        command(folder, "todo")
    drop(folder / "inbox/jzt/a.csv", ads(last, 14))
    await turn(folder, now)
    with pytest.raises(UnsafePlan, match="the newest plan is of"):
        command(folder, "todo")
    await turn(folder, datetime.now(UTC))
    if command(folder, "todo")["lines"]:
        for words, message in ((["9"], "no such line today"), (["1=0"], "above 0"), (["1=x"], "expected an amount")):
            with pytest.raises(ConfigError, match=message):
                command(folder, "done", *words)


async def test_pushes_reach_a_running_daemon_and_no_secret_leaves_it(
    folder: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    config = load(folder / "bidder.yaml")
    store = open_store(config.store_url)
    daemon = Daemon(config, store, Clock(now), metrics_for(config, now))
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(serve(daemon, "127.0.0.1:0", ready=found.set_result))
    url = await found
    while daemon.pushing is None:
        await asyncio.sleep(0.01)
    body = {"product_id": "P01", "ts": now.isoformat(), "metrics": {"visitors": 5}}
    async with ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        async with session.post(f"{url}api/v1/observations", json=body) as answer:
            assert (answer.status, (await answer.json())["accepted"]) == (200, 1)
        async with session.post(
            f"{url}api/v1/observations", json=body, headers={"Authorization": "Bearer wrong"}
        ) as answer:
            assert answer.status == 401
        async with session.get(f"{url}metrics") as answer:
            shown = await answer.text()
    assert 'bidder_activity_events_total{result="accepted",source="till"} 1.0' in shown
    assert 'bidder_activity_events_total{result="invalid",source="till"} 1.0' in shown
    os.kill(os.getpid(), 15)
    await running
    assert store.activity().visitors.tolist() == [5]
    everything = shown + caplog.text + "".join(capsys.readouterr()) + str([line.facts for line in store.journal()])
    assert TOKEN not in everything
    store.close()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mode: manual", "mode: apply", "files are not written to; use manual or observe"),
        ("name: till", "name: jzt", "name: jzt is taken"),
        ("token: {env: TOKEN}", "listen: '127.0.0.1:0'", "source: http needs a token"),
        ('source: files, path: "inbox/advisor/*"', "source: files", "source: files needs path"),
        ("source: http", "source: http, url: 'mqtt://x'", "url: no key of source: http"),
        ("source: http", "source: mqtt, url: 'http://x', topic: t", "expected mqtt://HOST:PORT"),
        ("source: http", "source: mqtt, url: 'mqtt://x', topic: t, ca: none.pem", "no such file"),
        ("budgets: budgets.csv", "budgets: other.csv", "other.csv: cannot be read"),
    ],
)
def test_what_cannot_be_in_the_configuration_is_said_with_its_place(
    folder: Path, old: str, new: str, message: str
) -> None:
    text = SHOP.replace(", token: {env: TOKEN}", "") if "listen" in new else SHOP.replace(old, new)
    (folder / "bidder.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=message) as refused:
        load(folder / "bidder.yaml")
    assert all(fault.source is not None and fault.source.line for fault in refused.value.faults)


def test_brokers_and_their_secrets_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT", "canary-mqtt")
    line = "source: mqtt, url: 'mqtts://broker', topic: 'shop/#', username: me, password: {env: MQTT}, counts: added"
    (folder / "bidder.yaml").write_text(SHOP.replace("source: http", line), "utf-8")
    config = load(folder / "bidder.yaml")
    (broker,) = config.incoming.brokers
    assert (broker.port, broker.tls, broker.username, broker.feed.running) == (8883, True, "me", False)
    assert "canary-mqtt" not in repr(config)
    assert broker.password is not None
    assert broker.password.get_secret_value() == "canary-mqtt"
