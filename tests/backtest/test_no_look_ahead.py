"""The traps of backtesting (SCIENCE 10), each with noise in what came later: decisions stay bit-identical."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bidder.account_day import AccountDay
from bidder.backtest import fitted as fitted_module
from bidder.backtest.fitted import FittedGround, worlds
from bidder.backtest.past import Past, past_of_files
from bidder.backtest.policies import Ours
from bidder.backtest.policies.ours import capped
from bidder.backtest.replay import replay
from bidder.backtest.run import play
from bidder.backtest.sandbox import SandboxGround
from bidder.catalog import BudgetStatus, Product
from bidder.connectors.sandbox import world as world_module
from bidder.decide import Decision, Policy, decide
from bidder.errors import Source
from bidder.ids import BudgetId, PlanId, ProductId
from bidder.money import Money
from bidder.plan import Applied
from bidder.reports import Reports
from bidder.response.estimate import estimate
from bidder.response.settings import ResponseSettings
from bidder.rules.base import Rule
from bidder.rules.conditions import Condition
from bidder.rules.total import Total
from bidder.rules.words import WORDS
from bidder.snapshot import Snapshot, day_number
from bidder.store import open_store
from bidder.store.protocol import Store
from tests.backtest.shops import ACCOUNT, FIRST, NAMES, a_budget, a_store, morning, poll, row, the_past
from tests.builders import yuan

DECIDED = FIRST + timedelta(days=16)
LAST = 20


def a_policy() -> Policy:
    """A cap, and a rule that looks at stock."""
    stock = Rule(
        "nearly sold out",
        WORDS["budget"].model_validate({"max": 40}),
        Source("rules.yaml", 1, 1),
        where=Condition.read("product.stock < 20", Source("rules.yaml", 1, 1), when=False),
    )
    return Policy((Rule("total", Total.model_validate({"max": "560"}), Source("--total")), stock))


def bits(decision: Decision) -> tuple[object, ...]:
    """All that a decision says, to the last bit."""
    return decision.plan, decision.allocation.amounts.tobytes(), decision.held, decision.curves.log_sd.tobytes()


def decided(url: str, day: date = DECIDED) -> tuple[object, ...]:
    return bits(decide(the_past(url).snapshot(day), a_policy()))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """The decision by a store that ends in the morning of the decided day."""
    return decided(a_store(tmp_path_factory.mktemp("then"), 16))


def restated(store: Store, rng: np.random.Generator) -> None:
    """(a) The platform corrects the sales of every earlier day, after the decision."""
    later = morning(DECIDED) + timedelta(hours=1)
    days = [FIRST + timedelta(days=back) for back in range(16)]
    store.add_reports(Reports.of([row(n, d, later, orders=float(rng.integers(0, 40))) for n in NAMES for d in days]))


def partial_day(store: Store, rng: np.random.Generator) -> None:
    """(b) The decided day itself, half run, read before its decision."""
    seen = morning(DECIDED) + timedelta(minutes=10)
    rows = [
        row(n, DECIDED, seen, orders=float(rng.integers(0, 40)), spend=yuan(int(rng.integers(1, 90)))) for n in NAMES
    ]
    store.add_reports(Reports.of(rows))


def budget_in_force(store: Store, rng: np.random.Generator) -> None:
    """(c) Budgets that were set after the decision, by the plan itself or by hand."""
    later = morning(DECIDED) + timedelta(hours=2)
    after = yuan(int(rng.integers(30, 400)))
    budget = BudgetId(ACCOUNT.id, "a")
    now = next(one.budget.now for one in store.budgets() if one.budget.id == budget)
    assert now is not None
    intent = store.begin(PlanId("later"), budget, now, after, later)
    store.finish(intent, Applied(after), later, day_number(DECIDED))
    store.append("foreign_edit", later, budget="ads/b", expected="1.00", found="2.00", currency="CNY", seen="poll")
    store.add_budgets([a_budget(n, yuan(int(rng.integers(30, 400)))) for n in NAMES], later + timedelta(hours=1))


def survivors(store: Store, rng: np.random.Generator) -> None:
    """(d) A budget that was removed since, and one that came since."""
    later = morning(DECIDED) + timedelta(days=int(rng.integers(1, 3)))
    store.add_budgets([a_budget("b", yuan(130), BudgetStatus.REMOVED), a_budget("z", yuan(900))], later)


def stock_known_later(store: Store, rng: np.random.Generator) -> None:
    """(f) Stock that was read after the decision."""
    later = morning(DECIDED) + timedelta(hours=3)
    products = [Product(ProductId(f"p-{n}"), margin=0.4, stock=int(rng.integers(0, 19)), stock_at=later) for n in NAMES]
    store.add_products(products, later)


def later_days(store: Store, rng: np.random.Generator) -> None:
    """Whole mornings after the decision."""
    for number in range(17, LAST + 1):
        poll(store, FIRST + timedelta(days=number), stock=int(rng.integers(0, 900)))


@pytest.mark.parametrize(
    "noise",
    [restated, partial_day, budget_in_force, survivors, stock_known_later, later_days],
    ids=lambda one: one.__name__,
)
def test_what_came_later_changes_no_bit(
    noise: Callable[[Store, np.random.Generator], None], before: tuple[object, ...], tmp_path: Path
) -> None:
    for seed in range(2):
        url = a_store(tmp_path, 16, f"{seed}.db")
        store = open_store(url)
        noise(store, np.random.default_rng(seed))
        store.close()
        assert decided(url) == before


def test_what_was_known_does_change_it(before: tuple[object, ...], tmp_path: Path) -> None:
    """The same restatement an hour earlier: the noise of these tests is loud enough to be heard."""
    url = a_store(tmp_path, 16)
    store = open_store(url)
    seen = morning(DECIDED) + timedelta(minutes=5)
    days = [FIRST + timedelta(days=back) for back in range(16)]
    store.add_reports(Reports.of([row(n, d, seen, orders=float(i * 9)) for i, n in enumerate(NAMES) for d in days]))
    store.close()
    assert decided(url) != before


def test_a_whole_replay_of_the_past_does_not_see_what_came_after_it(tmp_path: Path) -> None:
    short, long = a_store(tmp_path, 14, "short.db"), a_store(tmp_path, LAST, "long.db")
    days = [FIRST + timedelta(days=number) for number in range(9, 14)]
    results = [replay(the_past(url), a_policy(), days, None, [], own_cap=True)[1].proposed for url in (short, long)]
    assert list(results[0]) == days
    assert results[0] == results[1]


def a_file(noise_from: date | None = None) -> Past:
    """An export: one version of each figure; from a day on, something else."""
    rng = np.random.default_rng(5)
    seen = datetime.combine(FIRST, datetime.min.time(), morning(FIRST).tzinfo) + timedelta(days=LAST)
    rows = []
    for name in NAMES:
        for number in range(LAST):
            day = FIRST + timedelta(days=number)
            orders = 6.0 + number % 3
            if noise_from is not None and day >= noise_from:
                orders = float(rng.integers(0, 60))
            one = row(name, day, seen, orders=orders)
            if noise_from is not None and day >= noise_from:
                one = replace(one, amount=yuan(int(rng.integers(1, 999))))
            rows.append(one)
    return past_of_files(Reports.of(rows), ResponseSettings().late)


def test_a_file_shows_only_earlier_days() -> None:
    policy = a_policy()
    policy = replace(policy, guard=policy.guard.model_copy(update={"check_history": False}))
    day = FIRST + timedelta(days=15)
    plain, noisy = (bits(decide(past.snapshot(day), policy)) for past in (a_file(), a_file(noise_from=day)))
    assert plain == noisy


def test_late_orders_of_a_file_are_taken_off_as_they_come_in() -> None:
    """The file knows all orders of the day before; that morning only some had come in."""
    snapshot = a_file().snapshot(FIRST + timedelta(days=12))
    history, late = snapshot.history, ResponseSettings().late
    by_day = {int(d): float(history.orders[history.day == d].sum()) for d in np.unique(history.day)}
    full = 4 * 6.0 + 4 * (11 % 3)
    assert by_day[day_number(FIRST) + 11] == pytest.approx(full * late[1], rel=0.05)
    assert (history.observed == snapshot.as_of.timestamp()).all()


class Watching:
    """bidder, with each decision's bits kept."""

    name = title = "bidder"

    def __init__(self, policy: Policy) -> None:
        self.ours = Ours(policy)
        self.policy = policy
        self.seen: list[tuple[object, ...]] = []

    def amounts(self, snapshot: Snapshot, total: Money) -> dict[BudgetId, Money]:
        decision = decide(snapshot, capped(self.policy, total))
        self.seen.append(bits(decision))
        return dict(self.ours.written(decision))


def test_a_sandbox_world_that_turns_wild_tomorrow_changes_nothing_today(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Watching(Policy(()))
    play(SandboxGround(3, 6), plain)
    luck = world_module._luck

    def wild(seed: int, day: int) -> world_module._Luck:
        one = luck(seed, day)
        return one if day < 4 else one._replace(demand=one.demand * 3, cvr=one.cvr[::-1] * 0.2, pace=one.pace * 0.5)

    monkeypatch.setattr(world_module, "_luck", wild)
    noisy = Watching(Policy(()))
    play(SandboxGround(3, 6), noisy)
    assert noisy.seen[:4] == plain.seen[:4]
    assert noisy.seen[5] != plain.seen[5]


def test_a_fitted_world_that_turns_wild_tomorrow_changes_nothing_today(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Policy(())
    base = SandboxGround(1, 1).open().snapshot()
    world = next(worlds(estimate(base, policy.response), 1, 0))
    ground = FittedGround(world, base, policy.response.late, 5, yuan(1960))
    plain = Watching(policy)
    play(ground, plain)
    luck = fitted_module._day

    def wild(world: fitted_module.World, day: int) -> fitted_module.Day:
        one = luck(world, day)
        return one if day < 3 else replace(one, common=one.common - 2.0, own=one.own[::-1] * 4, pace=one.pace * 0.4)

    monkeypatch.setattr(fitted_module, "_day", wild)
    noisy = Watching(policy)
    play(ground, noisy)
    assert noisy.seen[:4] == plain.seen[:4]  # day 3's own figures are known on day 4
    assert noisy.seen[4] != plain.seen[4]


def test_the_decided_day_is_never_in_its_own_snapshot() -> None:
    place = SandboxGround(0, 3).open()
    for _ in range(3):
        snapshot = place.snapshot()
        assert int(snapshot.history.day.max()) == snapshot.today - 1
        assert float(snapshot.history.observed.max()) <= snapshot.as_of.timestamp()
        assert AccountDay.of(snapshot.as_of, "Asia/Shanghai").date == snapshot.day
        place.pass_day()
