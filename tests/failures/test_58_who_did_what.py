"""58: every amount that the platform has can be told from the journal, and an edit of the journal is found."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.connectors.http.shops import bidder
from tests.failures.shop import Shop


def test_58_every_change_is_in_the_journal_with_its_plan(live: Shop) -> None:
    before = live.amounts("meta")
    live.live(hours=3)
    after = live.amounts("meta")
    plans = {line["plan"] for line in live.lines("decided")}
    intents = {str(line["budget"]): line for line in live.lines("intent")}
    moved = {name for name in before if before[name] != after[name]}
    assert moved
    for name in moved:
        line = intents[f"meta/{name}"]
        assert (line["before"], line["after"]) == (before[name], after[name])
        assert line["plan"] in plans
    assert bidder("journal", "--verify").stdout == "the chain holds\n"
    live.close()
    with closing(sqlite3.connect(live.folder / "bidder.db")) as database:
        names = [row[0] for row in database.execute("select name from sqlite_master where type = 'trigger'")]
        for name in names:
            database.execute(f'drop trigger "{name}"')
        database.execute("update journal set facts = replace(facts, 'meta/', 'mota/') where kind = 'intent'")
        database.commit()
    live._store = None
    assert "the chain holds" not in bidder("journal", "--verify", code=1).stdout
