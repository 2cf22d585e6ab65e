"""Whoever asks for a shop to be read again has its workers do so at their next tick, and nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bidder.errors import StoreError
from bidder.store.fleet_queue import ask_to_begin
from bidder.worker.due import BEGIN, Due, Row
from bidder.worker.queue import Queue
from tests.postgres import PostgresServer


def test_a_shop_in_a_file_has_no_workers() -> None:
    assert ask_to_begin("sqlite:///tea.db", "tea") is False


def test_a_server_that_is_away_is_told_without_its_address() -> None:
    with pytest.raises(StoreError, match="tea: its workers cannot be asked") as told:
        ask_to_begin("postgresql://bidder:secret@127.0.0.1:1/none?schema=shop_tea", "tea")
    assert "secret" not in str(told.value)


@pytest.mark.service
async def test_its_workers_begin_it_anew_and_no_other(postgres: PostgresServer) -> None:
    url = postgres.bare_database()
    place = f"{url}?schema=shop_tea"
    assert ask_to_begin(place, "tea") is False, "nobody looks after any shop here"
    queue = Queue(url)
    await queue.open()
    try:
        due, now = Due(queue), datetime.now(UTC)
        await due.sync({"tea": "1", "silk": "1"}, now)
        await due.begun("tea", [])
        await due.begun("silk", [])
        later = now + timedelta(minutes=1)
        assert await due.claim(later, timedelta(minutes=10)) == []
        assert ask_to_begin(place, "another") is False
        assert ask_to_begin(place, "tea") is True
        (row,) = await due.claim(later, timedelta(minutes=10))
        assert (row.shop, row.what) == ("tea", BEGIN)
        await due.done([Row("tea", BEGIN, later)])
    finally:
        await queue.close()
        postgres.drop(url)
