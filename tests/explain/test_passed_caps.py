"""A plan says which absolute cap cannot be kept, where it stands and what platforms take at least."""

from __future__ import annotations

from bidder.explain.clashes import passed_caps
from bidder.explain.plan import document
from tests.optimizer.test_least import under_cap


def test_a_cap_that_cannot_be_kept_is_named_in_the_plan() -> None:
    (said,) = passed_caps(under_cap(50.0))
    what = "platforms take 60.00 at least, and to that budgets are cut; pause budgets or raise it"
    assert said == f"rule the cap (rules.yaml:1:3) leaves 50.00: {what}"
    assert said in document(under_cap(50.0)).notes


def test_a_cap_that_is_kept_is_not() -> None:
    assert passed_caps(under_cap(60.0)) == []
    assert passed_caps(under_cap(900.0)) == []
