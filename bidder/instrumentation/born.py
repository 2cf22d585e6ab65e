"""Which label sets the bounded families have: born at zero with a configuration, gone with what it no longer names.

Called by :class:`bidder.instrumentation.metrics.Metrics`, which keeps the lock.
"""

from __future__ import annotations

from bidder.instrumentation import families as names
from bidder.instrumentation.facts import PollSource, ShopFacts
from bidder.instrumentation.families import Families

__all__ = ["bear", "forget"]


def forget(f: Families, before: ShopFacts, facts: ShopFacts) -> None:
    """Takes out the label sets of what was configured `before` and is no longer."""
    for gone in {a.id for a in before.accounts} - {a.id for a in facts.accounts}:
        for family in (f.writes, f.writes_unresolved, f.write_unresolved_oldest):
            family.remove_by_labels({"account": gone})
    for source, kind in {(s.source, s.kind) for s in before.sources} - {(s.source, s.kind) for s in facts.sources}:
        for timing in (f.poll_last_success, f.poll_data, f.poll_interval, f.poll_duration):
            timing.remove_by_labels({"source": source, "kind": kind})
        for counter in (f.polls, f.poll_errors, f.quarantined_rows):
            counter.remove_by_labels({"source": source, "kind": kind})
    for source in {s.source for s in before.sources} - {s.source for s in facts.sources}:
        f.poll_throttled.remove_by_labels({"source": source})
    for feed in set(before.event_sources) - set(facts.event_sources):
        f.activity_events.remove_by_labels({"source": feed})
        f.activity_last_event.remove_by_labels({"source": feed})
    for channel in set(before.channels) - set(facts.channels):
        f.notifications.remove_by_labels({"channel": channel})
    for promotion in set(before.promotions) - set(facts.promotions):
        f.promotion_active.remove_by_labels({"promotion": promotion})


def bear(f: Families, facts: ShopFacts) -> None:
    """Every label set of the bounded families, at zero where nothing has happened."""
    f.reporting_currency_info.clear()
    f.reporting_currency_info.labels(facts.currency).set(1)
    f.api_sunset.clear()
    for account in facts.accounts:
        labels = (facts.shop, account.platform, account.id)
        if account.id in facts.sunsets:
            f.api_sunset.labels(account.platform, account.id).set(facts.sunsets[account.id].timestamp())
        for result in names.WRITE_RESULTS:
            f.writes.labels(*labels, result)
        f.writes_unresolved.labels(*labels)
        f.write_unresolved_oldest.labels(*labels)
        f.write_duration.labels(account.platform)
    for one in facts.sources:
        _bear_source(f, one)
    for channel in facts.channels:
        for result in names.NOTIFICATION_RESULTS:
            f.notifications.labels(channel, result)
    for promotion in facts.promotions:
        f.promotion_active.labels(facts.shop, promotion)
    for feed in facts.event_sources:
        f.activity_last_event.labels(feed)
        for result in names.EVENT_RESULTS:
            f.activity_events.labels(feed, result)


def _bear_source(f: Families, one: PollSource) -> None:
    labels = (one.source, one.kind)
    f.poll_last_success.labels(*labels)
    f.poll_data.labels(*labels)
    f.poll_interval.labels(*labels).set(one.interval.total_seconds())
    f.poll_duration.labels(*labels)
    f.poll_throttled.labels(one.source)
    f.quarantined_rows.labels(*labels)
    for result in names.POLL_RESULTS:
        f.polls.labels(*labels, result)
    for error in names.ERRORS:
        f.poll_errors.labels(*labels, error)
