"""What an experiment shows, in every place where people and programs look: words, digest, page, metric."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bidder.daemon.proof import effect_ratios
from bidder.decide import Decision
from bidder.experiment.effect import Finding, finding
from bidder.explain.experiment import EffectDocument, effect_document, effect_lines, effect_sentence
from bidder.instrumentation import Metrics
from bidder.trials import trials_now
from bidder.web import condition
from bidder.web.visit import Visit
from bidder.web.words import words
from tests.experiment.test_effect import drawn
from tests.experiment.test_trials import a_policy, begin, shop
from tests.experiment.worlds import LATE, a_world, moved_by
from tests.instrumentation.worlds import metrics, value
from tests.stores import Stores


def found(gain: float = 0.4, after: int = 28) -> Finding:
    trial = drawn(a_world(4))
    return finding(a_world(4, after=after, gain=gain, moved=moved_by(trial, 30), wild=20), trial, LATE)


def shown(gain: float = 0.4, after: int = 28) -> EffectDocument:
    one = found(gain, after)
    return effect_document(one, one.trial.first + after, "CNY")


def test_the_sentence_names_money_interval_and_whether_it_may_be_chance() -> None:
    document = shown()
    profit = document.of("profit")
    assert profit is not None
    english, chinese = effect_sentence(document, "en"), effect_sentence(document, "zh")
    assert english.startswith(
        f"bidder earned {profit.mean:+,.0f} CNY a day ({profit.low:+,.0f} to {profit.high:+,.0f})"
    )
    assert english.endswith("; more than chance")
    assert chinese.startswith(f"bidder 每天多赚 {profit.mean:+,.0f} CNY")
    assert chinese.endswith("不是碰巧")
    assert effect_sentence(shown(0.0), "en").endswith("; may be chance")
    assert "is being measured" in effect_sentence(shown(after=1), "en")


def test_the_lines_say_who_was_left_alone_and_who_no_longer_takes_part() -> None:
    one = replace(found(), cancelled=(("P07", "it has become a hero"),))
    document = effect_document(one, one.trial.first + 28, "CNY")
    assert document.over
    lines = effect_lines(document, "en")
    assert "over" in lines[0]
    assert "6 products left alone, 24 moved by bidder" in lines[1]
    assert "no longer part of it: P07 (it has become a hero)" in lines
    assert all(name in next(one for one in lines if one.startswith("left alone")) for name in document.left_alone)
    assert len(effect_lines(document, "zh")) == len(lines)
    assert EffectDocument.model_validate_json(document.model_dump_json()) == document


def test_what_nothing_bounds_is_no_number_anywhere() -> None:
    few = drawn(a_world(4, n=12), "10%")
    one = finding(a_world(4, n=12, after=28, moved=moved_by(few, 12), gain=0.4), few, LATE)
    document = effect_document(one, few.first + 28, "CNY")
    profit = document.of("profit")
    assert profit is not None
    assert (profit.low, profit.high, profit.certain) == (None, None, False)
    assert "Infinity" not in document.model_dump_json()
    assert "(? to ?)" in effect_sentence(document, "en")


def test_the_status_page_has_it_in_the_readers_language() -> None:
    document = shown()
    clerk: Any = SimpleNamespace(digest=lambda: SimpleNamespace(experiment=document))
    for language in ("en", "zh"):
        v = cast("Visit", SimpleNamespace(clerk=clerk, w=words(language)))
        assert condition._experiment(v) == effect_lines(document, "zh" if language == "zh" else "en")
    assert condition._experiment(cast("Visit", SimpleNamespace(clerk=None, w=words("en")))) == []


def test_the_metric_has_the_bounds_that_are_known_and_forgets_the_others(tmp_path: Path) -> None:
    store, policy = Stores(tmp_path, None).new().open(), a_policy()
    trial = begin(store, policy, shop())
    seen = shop(28, moved=moved_by(trial, 40))
    seen = replace(seen, trials=trials_now(policy, seen, store))
    decision = cast("Decision", SimpleNamespace(policy=policy, snapshot=seen))
    ratios = effect_ratios(decision, store)
    assert list(ratios) == ["mean", "low", "high"]
    assert 0 < ratios["low"] < ratios["mean"] < ratios["high"]
    m: Metrics = metrics()
    m.effect(ratios)
    assert value(m, "bidder_effect_ratio", bound="mean") == pytest.approx(ratios["mean"])
    m.effect({"mean": 0.1})
    assert value(m, "bidder_effect_ratio", bound="mean") == 0.1
    assert value(m, "bidder_effect_ratio", bound="low") is None
    early = shop(1)
    assert effect_ratios(cast("Decision", SimpleNamespace(policy=policy, snapshot=early)), store) == {}
