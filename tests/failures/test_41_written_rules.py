"""37, 41, 43: what is written wrong is refused with place and nearest word; a rule that meets nothing is told."""

from __future__ import annotations

from tests.connectors.http.shops import bidder
from tests.failures.conftest import SCHEDULE
from tests.failures.shop import Shop


def test_41_a_typo_is_refused_with_its_place_and_the_nearest_word(live: Shop) -> None:
    good = live.path.read_text("utf-8")
    for wrong, word in (('"maximum": "500"', "max"), ('"max": "500", "max": "5000"', "max"), ('"max": true', "max")):
        live.path.write_text(good.replace('"max": "500"', wrong), "utf-8")
        typed = bidder("check", code=2)
        said = typed.stdout + typed.stderr
        assert "bidder.yaml:1:" in said
        assert word in said
        assert "Traceback" not in said
        assert bidder("plan", code=2).stderr, "nothing is planned on it"


def test_37_floors_above_the_cap_are_refused_by_name_and_figure(live: Shop) -> None:
    (live.folder / "rules.yaml").write_text("- {name: floors, total: {max: 100}}\n- {name: one, budget: {min: 200}}\n")
    live.configure(schedule=SCHEDULE, rules=["rules.yaml"])
    for words in (["check"], ["plan"], ["run"]):
        typed = bidder(*words, code=2)
        said = typed.stdout + typed.stderr
        assert "one: cannot be kept beside floors" in said
        assert "200" in said
        assert "rules.yaml:2:" in said


def test_43_a_rule_that_meets_nothing_is_told(live: Shop) -> None:
    (live.folder / "rules.yaml").write_text(
        "- {name: heroes, where: \"'heroo' in product.tags\", budget: {min: 20}}\n", "utf-8"
    )
    live.configure(schedule=SCHEDULE, rules=["rules.yaml"])
    live.live(hours=3)
    said = bidder("check")
    assert "heroes" in said.stdout + said.stderr
