"""Queue, due rows, shared rates, places and processes of a worker, each by itself on a real server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bidder.connectors.http import Ask, Http, Manners
from bidder.instrumentation.fleet import FleetMetrics
from bidder.worker.bulkhead import Bulkhead
from bidder.worker.deciding import Answer
from bidder.worker.due import DECIDE, Due, Row
from bidder.worker.pace import Pace
from bidder.worker.pool import Pool, PoolLost
from bidder.worker.queue import DECISIONS, PLATFORMS, Again, Queue, QueueLost, Wanted
from bidder.worker.settings import Priority, WorkerSettings
from bidder.worker.wanted import jobs_for
from tests.connectors.http.server import Server, answer
from tests.postgres import PostgresServer

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


@pytest.fixture
async def queue(postgres: PostgresServer) -> AsyncIterator[Queue]:
    """A queue on a database of its own."""
    url = postgres.bare_database()
    one = Queue(url)
    await one.open()
    yield one
    await one.close()
    postgres.drop(url)


def wanted(task: str, shop: str, priority: int = 0, once: str | None = None) -> Wanted:
    return Wanted(task, {"shop": shop}, priority, None, once)


async def test_a_server_that_is_away_at_the_start_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise PoolTimeout("pool initialization incomplete after 30.0 sec")

    monkeypatch.setattr(AsyncConnectionPool, "open", away)
    queue = Queue("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(QueueLost):
        await queue.open()
    await queue.close()


@pytest.mark.service
class TestQueue:
    async def test_two_that_open_it_at_once_make_it_once(self, postgres: PostgresServer) -> None:
        url = postgres.bare_database()
        both = [Queue(url), Queue(url)]
        await asyncio.gather(*(one.open() for one in both))
        assert await both[0].defer([wanted("poll", "tea")]) == 1
        await asyncio.gather(*(one.close() for one in both))

    async def test_what_waits_already_is_not_queued_again_and_the_rest_is(self, queue: Queue) -> None:
        assert await queue.defer([wanted("poll", "a", once="a")]) == 1
        assert await queue.defer([wanted("poll", "a", once="a"), wanted("poll", "b", once="b")]) == 1

    async def test_money_that_is_to_stop_comes_first(self, queue: Queue) -> None:
        kinds = [Priority.RISES, Priority.POLL, Priority.FALLS, Priority.TICK]
        await queue.defer([wanted("apply", str(kind), kind) for kind in kinds])
        worker = await queue.app.job_manager.register_worker()
        manager = queue.app.job_manager
        taken = [await manager.fetch_job(queues=[PLATFORMS], worker_id=worker) for _ in kinds]
        assert [one.priority for one in taken if one is not None] == sorted(kinds, reverse=True)

    async def test_jobs_of_a_worker_without_a_heartbeat_go_back_once(self, queue: Queue) -> None:
        await queue.defer([wanted("poll", "a", once="a"), wanted("poll", "b", once="b")])
        manager = queue.app.job_manager
        gone = await manager.register_worker()
        for _ in range(2):
            assert await manager.fetch_job(queues=[PLATFORMS], worker_id=gone) is not None
        await queue.defer([wanted("poll", "b", once="b")])  # one like it waits already
        assert await queue.rescue(30) == []
        await queue.run("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        assert await queue.rescue(30) == ["poll", "poll"]
        assert await queue.rescue(30) == []
        rows = await queue.rows("SELECT args->>'shop' AS shop, status::text FROM procrastinate_jobs ORDER BY 1")
        assert rows == [{"shop": "a", "status": "todo"}, {"shop": "b", "status": "todo"}]

    async def test_decisions_wait_in_a_queue_of_their_own(self, queue: Queue) -> None:
        await queue.defer([wanted("decide", "a"), wanted("poll", "a")])
        rows = await queue.rows("SELECT queue_name, task_name FROM procrastinate_jobs ORDER BY task_name")
        assert [tuple(row.values()) for row in rows] == [(DECISIONS, "decide"), (PLATFORMS, "poll")]


@pytest.mark.service
class TestDue:
    async def test_shops_come_and_go_and_change(self, queue: Queue) -> None:
        due = Due(queue)
        await due.sync({"a": "1", "b": "1"}, NOW)
        assert [(row.shop, row.what) for row in await due.claim(NOW, timedelta(minutes=1))] == [
            ("a", "begin"),
            ("b", "begin"),
        ]
        assert await due.claim(NOW, timedelta(minutes=1)) == [], "somebody has them at hand"
        await due.begun("a", [Row("a", "poll:x", NOW), Row("a", DECIDE, NOW + timedelta(hours=1))])
        await due.broken("b", "b.yaml:1:1  no", NOW + timedelta(minutes=1))
        assert await due.counts() == {"shops": 2, "broken": 1}
        await due.sync({"a": "2"}, NOW)
        assert {row.what for row in await due.claim(NOW, timedelta(minutes=1))} == {"begin", "poll:x"}
        assert await due.counts() == {"shops": 1, "broken": 0}

    async def test_a_shop_of_many_accounts_lets_the_others_go_between(self, queue: Queue) -> None:
        due = Due(queue)
        await due.begun("large", [Row("large", f"poll:{n}", NOW - timedelta(hours=1)) for n in range(5)])
        await due.begun("small", [Row("small", "poll:0", NOW)])
        order = [row.shop for row in await due.claim(NOW, timedelta(minutes=1))]
        assert order == ["large", "small", "large", "large", "large", "large"]

    async def test_a_claim_that_came_to_nothing_is_due_again(self, queue: Queue) -> None:
        due = Due(queue)
        await due.begun("a", [Row("a", DECIDE, NOW)])
        assert len(await due.claim(NOW, timedelta(seconds=60))) == 1
        assert len(await due.claim(NOW, timedelta(seconds=0))) == 1
        await due.done([Row("a", DECIDE, NOW + timedelta(days=1), 0.5)])
        assert await due.claim(NOW, timedelta(seconds=0)) == []
        await due.soon("a", DECIDE, NOW)
        assert [row.seconds for row in await due.claim(NOW, timedelta(seconds=0))] == [0.5]

    def test_small_shops_go_together_and_large_ones_alone_and_last(self) -> None:
        rows = [Row(f"s{n}", DECIDE, NOW, 0.1) for n in range(5)] + [Row("huge", DECIDE, NOW, 30.0)]
        made = jobs_for(rows, batch=3)
        assert sorted(len(one.words["shops"]) for one in made) == [1, 2, 3]
        (huge,) = [one for one in made if one.words["shops"] == ["huge"]]
        assert (huge.lock, huge.priority) == ("large", Priority.LARGE)
        assert all(one.priority > huge.priority and one.lock is None for one in made if one is not huge)


@pytest.mark.service
class TestPace:
    async def test_two_workers_share_a_platforms_rate(self, queue: Queue) -> None:
        metrics = FleetMetrics()
        workers = [Pace(queue, {"meta": 1 / 60}, metrics) for _ in range(2)]
        waits = [await workers[n % 2].take("meta", 1 / 60) for n in range(4)]
        assert waits[0] == 0.0
        assert [round(later - sooner, -1) for sooner, later in pairwise(waits)] == [60.0, 60.0, 60.0]

    async def test_requests_of_a_job_take_places_of_it_and_others_do_not(self, queue: Queue) -> None:
        metrics, server = FleetMetrics(), Server(lambda got: answer({}))
        await server.start()
        http = Http("ads", Manners(server.url, rate=1000))
        pace = Pace(queue, {"meta": 1000.0}, metrics)
        with pace.of("meta"):
            await http.payload(Ask("look", "GET", "/"))
        with pace.of("google_ads"):
            await http.payload(Ask("look", "GET", "/"))
        await http.payload(Ask("look", "GET", "/"))
        rows = await queue.rows("SELECT platform FROM bidder_pace")
        assert rows == [{"platform": "meta"}]
        http.hold()
        await http.close()
        await server.close()


class TestBulkhead:
    def test_a_platform_that_fails_keeps_one_place(self) -> None:
        bulkhead = Bulkhead(4)
        with bulkhead.through("dead"), bulkhead.through("dead"), pytest.raises(Again):
            bulkhead.through("dead").__enter__()
        with bulkhead.through("dead"), pytest.raises(Again):
            bulkhead.through("dead").__enter__()
        for _ in range(2):
            with bulkhead.through("well") as passage:
                passage.worked = True
        with bulkhead.through("well"), bulkhead.through("well"), bulkhead.through("well"):
            pass

    def test_the_more_find_no_place_the_later_they_come_back_until_it_answers(self) -> None:
        bulkhead, waits = Bulkhead(4), list[float]()
        with bulkhead.through("dead"):
            pass

        def turned_away(times: int) -> list[float]:
            with bulkhead.through("dead") as passage:
                for _ in range(times):
                    with pytest.raises(Again) as told:
                        bulkhead.through("dead").__enter__()
                    waits.append(told.value.seconds)
                passage.worked = True
            return waits

        assert turned_away(4) == [2.0] * 4
        assert turned_away(0) == [2.0] * 4
        waits.clear()
        with bulkhead.through("dead"):
            pass
        assert turned_away(200)[-1] == 60.0
        assert waits == sorted(waits)


class TestPool:
    async def test_a_process_that_dies_or_hangs_takes_its_batch_and_no_other(self, tmp_path: Path) -> None:
        (tmp_path / "shops").mkdir()
        pool = Pool(WorkerSettings(tmp_path, "postgresql://nobody@127.0.0.1:1/none"))
        try:
            answers = await pool.decide(["nobody"], NOW, timedelta(seconds=60))
            assert [(one.shop, one.result) for one in answers] == [("nobody", "broken")]
            executor = pool._executor
            assert executor is not None
            (process,) = executor._processes.values()
            assert process.pid is not None
            os.kill(process.pid, signal.SIGSTOP)
            with pytest.raises(PoolLost, match="longer than"):
                await pool.decide(["nobody"], NOW, timedelta(seconds=0.2))
            assert isinstance((await pool.decide(["nobody"], NOW, timedelta(seconds=60)))[0], Answer)
            executor = pool._executor
            assert executor is not None
            (process,) = executor._processes.values()
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            with pytest.raises(PoolLost, match="died"):
                await pool.decide(["nobody"], NOW, timedelta(seconds=60))
        finally:
            pool.close()
