"""Reloads of good and broken files beside real decisions: each stands on one configuration, and nothing grows."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from bidder.config.load import load
from bidder.daemon import Daemon
from bidder.rules.budget import BudgetRange
from tests.daemon.test_loop import World

RULES = "- {name: small, budget: {max: LARGEST}}\n"
SAME_AS_EVER = 0.05


def memory() -> float:
    """Resident megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Shop:
    """A daemon whose files somebody rewrites: the day's cap in one file, each budget's largest amount in another.

    Both say which variant they are of, so a decision that mixed two would show a cap of one and a largest of another.
    """

    def __init__(self, folder: Path) -> None:
        self.rules = folder / "rules.yaml"
        self.rules.write_text(RULES.replace("LARGEST", "900"), "utf-8")
        self.world = World(folder)
        self.good = self.world.path.read_text("utf-8").replace("month: 60000, ", "") + "rules: [rules.yaml]\n"
        self.write(0)
        self.world.daemon = Daemon(load(self.world.path), self.world.store, self.world, self.world.daemon.metrics)
        self.caps: dict[str, tuple[str, str]] = {}

    def write(self, variant: int) -> None:
        """Both files of a variant; the caps lie so near each other that no change has to be confirmed."""
        self.world.path.write_text(self.good.replace("max: 3000", f"max: {2900 + 10 * variant}"), "utf-8")
        self.rules.write_text(RULES.replace("LARGEST", f"{900 + variant}"), "utf-8")

    def break_one(self, turn: int) -> None:
        """A broken file: unknown word, wrong unit, half a file, no file."""
        text = self.rules.read_text("utf-8")
        broken = [text.replace("budget", "budgt"), text.replace("max: ", "max: -"), text[:-4], ""]
        self.rules.write_text(broken[turn % 4], "utf-8") if turn % 4 != 3 else self.rules.unlink()

    def remember(self) -> None:
        config = self.world.daemon.config
        (rule,) = [one for one in config.policy.rules if one.name == "small"]
        assert isinstance(rule.kind, BudgetRange)
        self.caps[config.digest] = (str(config.caps().day), str(rule.kind.max))

    async def under_load(self, reloads: int, settled: int) -> tuple[int, int, float, float]:
        """Decides all the while: decisions made, configurations used, memory after `settled` reloads and at the end."""
        await self.world.daemon._poll(self.world.now())
        self.remember()
        done = threading.Event()
        made = 0

        async def decide_all() -> None:
            nonlocal made
            while not done.is_set():
                await self.world.daemon._decide(self.world.now())
                made += 1

        deciding = asyncio.create_task(decide_all())
        early = 0.0
        for turn in range(reloads):
            if turn % 2:
                self.break_one(turn // 2)
            else:
                self.write(turn // 2 % 7)
            await asyncio.to_thread(self.world.daemon._reload, self.world.now())
            self.remember()
            if turn == settled:
                early = memory()
        done.set()
        await deciding
        return made, len(self.caps), early, memory()


def decided(world: World) -> list[tuple[str, str, str]]:
    """(policy, the plan's total, its document's policy) of each decision in the journal."""
    plans = {str(one.id): one.document for one in world.store.plans(10_000)}
    return [
        (str(line.facts["policy"]), str(line.facts["total"]), str(plans[str(line.facts["plan"])]["policy"]))
        for line in world.store.journal(limit=100_000, kind="decided")
        if str(line.facts["plan"]) in plans
    ]


async def beside_decisions(folder: Path, reloads: int, settled: int) -> tuple[float, float]:
    shop = Shop(folder)
    made, used, early, late = await shop.under_load(reloads, settled)
    seen = decided(shop.world)
    print(f"{reloads} reloads, {made} decisions on {used} configurations, {early:.0f} MB then {late:.0f} MB")
    assert made > 5
    assert used >= 3
    for policy, total, document in seen:
        cap, small = shop.caps[policy]
        assert (total, document) == (cap, policy)
        variant = (float(cap) - 2900) / 10
        assert small == f"{900 + variant:.0f}"
    return early, late


async def test_each_decision_stands_on_one_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await beside_decisions(tmp_path, 24, 2)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
async def test_a_thousand_reloads_leave_no_more_memory_than_a_hundred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    early, late = await beside_decisions(tmp_path, 1_000, 200)
    assert late <= early * (1 + SAME_AS_EVER)
