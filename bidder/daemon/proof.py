"""What the experiment says of bidder, for the digest and for /metrics; nothing where none was ever begun."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from bidder import cycle
from bidder.config.load import Config
from bidder.decide import Decision
from bidder.errors import ConfigError
from bidder.explain.experiment import EffectDocument, effect_document
from bidder.store.protocol import StoreReader
from bidder.trials import effect_now, kept_trial

__all__ = ["effect_ratios", "effect_shown"]


def effect_shown(config: Config, store: StoreReader, now: datetime, day: date) -> EffectDocument | None:
    """What is known of the experiment once `day` is over. Raises StoreError."""
    if kept_trial(store) is None:
        return None
    try:
        snapshot = cycle.snapshot_of(config, store, now, day + timedelta(days=1))
    except ConfigError:
        return None  # nothing was read yet
    found = effect_now(config.policy, snapshot, store)
    return None if found is None else effect_document(found, snapshot.today, snapshot.currency)


def effect_ratios(decision: Decision, store: StoreReader) -> Mapping[str, float]:
    """The effect on profit as a part of what there would have been, by bound: those that are known."""
    found = effect_now(decision.policy, decision.snapshot, store)
    if found is None:
        return {}
    shown = effect_document(found, decision.snapshot.today, decision.snapshot.currency).of("profit")
    if shown is None:
        return {}
    bounds = {"mean": shown.ratio, "low": shown.ratio_low, "high": shown.ratio_high}
    return {bound: value for bound, value in bounds.items() if value is not None}
