"""45, 48: commands that only look change nothing at the platform, and no secret is in anything that is kept or said."""

from __future__ import annotations

from tests.connectors.http.shops import bidder
from tests.connectors.meta.fake import KEYS
from tests.failures.conftest import SCHEDULE
from tests.failures.shop import Shop, account_of


def test_45_no_command_that_only_looks_sends_a_change(live: Shop) -> None:
    live.configure(schedule=SCHEDULE, accounts=[account_of(live.markets["meta"].fake, "observe")])
    daemon = live.live(hours=27)
    assert daemon.plan_document() is not None
    for words in (["check"], ["check", "--online"], ["poll"], ["plan"], ["plan", "--json"], ["status"], ["journal"]):
        bidder(*words)
    assert live.mutations() == 0
    assert live.metric("bidder_dry_run") == 1


def test_48_no_secret_is_kept_or_said(live: Shop) -> None:
    daemon = live.live(hours=3)
    said = [daemon.metrics.exposition()[0].decode(), str(daemon.status()), str(daemon.plan_document())]
    for words in (["status"], ["journal"], ["check"], ["check", "--online"]):
        typed = bidder(*words)
        said += [typed.stdout, typed.stderr]
    kept = [path.read_bytes() for path in live.folder.glob("bidder.db*")]
    for key in KEYS.values():
        assert not any(key in one for one in said)
        assert not any(key.encode() in one for one in kept)
