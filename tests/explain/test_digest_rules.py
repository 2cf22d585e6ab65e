"""The digest says below its first screen what each rule that binds costs a day."""

from __future__ import annotations

import pytest

from bidder.explain.digest import digest_of
from bidder.explain.digest_document import RuleCost
from bidder.explain.digest_text import below_the_fold
from tests.explain import test_digest


@pytest.mark.parametrize(("language", "title"), [("zh", "规则每天让你少赚："), ("en", "What rules cost a day:")])
def test_rules_stand_with_their_cost_dearest_first(language: str, title: str) -> None:
    shown = digest_of(test_digest.known())
    assert shown.plan is not None
    costs = [
        RuleCost(rule="gentle", source="rules/steps.yaml:5:3", cost=52.7),
        RuleCost(rule="x", source=None, cost=12),
    ]
    told = below_the_fold(shown.model_copy(update={"plan": shown.plan.model_copy(update={"rules": costs})}), language)  # type: ignore[arg-type]  # the two there are
    at = told.index(title)
    assert [line.split() for line in told[at + 1 : at + 3]] == [["53", "gentle", "rules/steps.yaml:5:3"], ["12", "x"]]
    assert title not in below_the_fold(shown, language)  # type: ignore[arg-type]  # likewise
