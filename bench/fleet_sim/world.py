"""A whole set-up: fleets on machines and servers, platforms that all share, shops over the world, and a day of it."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.fleet_sim.costs import Costs
from bench.fleet_sim.engine import Simulation, Station
from bench.fleet_sim.fleet import Fleet, Machine
from bench.fleet_sim.platforms import Platform, PlatformKind
from bench.fleet_sim.seen import Seen
from bench.fleet_sim.shops import Shop, config_of, instant, local_day
from bidder.snapshot import day_number
from bidder.worker.settings import WorkerSettings

__all__ = ["HOUR", "PLATFORMS", "ZONES", "SetUp", "World", "busiest_hour"]

HOUR = 3600.0

ZONES = {"Asia/Shanghai": 0.6, "America/New_York": 0.15, "Europe/Berlin": 0.1, "America/Los_Angeles": 0.08,
         "Asia/Tokyo": 0.07}  # fmt: skip
PLATFORMS = (
    PlatformKind("taobao", 0.4),
    PlatformKind("meta", 0.3),
    PlatformKind("google_ads", 0.2),
    PlatformKind("tiktok", 0.1),
)


@dataclass(frozen=True, slots=True)
class SetUp:
    """`machines` of `cores` each carry `workers` workers of each fleet between them; `servers` of `server_cores`."""

    shops: int
    fleets: int = 1
    machines: int = 1
    cores: int = 2
    workers: int = 2
    """Of each fleet, spread over the machines."""
    servers: int = 0
    """PostgreSQL servers beside the machines, each of which carries some fleets; 0: it runs on the first machine."""
    server_cores: int = 4
    poll: timedelta = timedelta(minutes=30)
    window: tuple[str, str] = ("09:30", "11:00")
    zones: Mapping[str, float] = field(default_factory=lambda: dict(ZONES))
    platforms: Sequence[PlatformKind] = PLATFORMS
    paced: bool = True
    """Whether `--rate` says what each platform takes: each fleet keeps to its share."""
    lost_at: float | None = None
    """When a machine is lost, hours after the start; it comes back after two."""
    dead: tuple[str, float] | None = None
    """A platform that answers nothing for an hour, and when, hours after the start."""
    requests: int = 4
    """Of a poll: budgets, a report of some pages, stock."""
    hours: float = 31.0
    start: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)
    """By default 20:00 in Shanghai: all is read a while before the first midnight."""
    speed: float = 1.0
    settings: WorkerSettings = field(default_factory=lambda: WorkerSettings(Path(), ""))
    sizes: float = 0.6
    """How much shops differ: the logarithm's spread of what they take; one in a thousand takes thirty times as much."""
    lag: float = 3 * HOUR
    """From midnight to the platform having yesterday, in the middle."""


class World:
    """`SetUp` at its start."""

    def __init__(self, asked: SetUp, costs: Costs, folder: Path, seed: int = 0) -> None:
        self.asked, self.seen, self.chance = asked, Seen(), random.Random(seed)
        self.start = asked.start.timestamp()
        self.simulation = Simulation(self.start)
        self.machines = [
            Machine(Station(self.simulation, asked.cores, asked.speed)) for _ in range(max(asked.machines, 1))
        ]
        self.servers = [Station(self.simulation, asked.server_cores, asked.speed) for _ in range(asked.servers)]
        self.fleets: list[Fleet] = []
        self.platforms: list[Platform] = []
        self.taken: dict[str, list[Platform]] = {}
        for number in range(asked.fleets):
            server = self.servers[number % asked.servers] if asked.servers else self.machines[0].cores
            platforms = {kind.name: self._platform(kind) for kind in asked.platforms}
            fleet = Fleet(
                self.simulation, asked.settings, costs, server, platforms, self.chance, self.seen, asked.requests
            )
            self.fleets.append(fleet)
            for place in range(asked.workers):
                fleet.begin(self.machines[(number * asked.workers + place) % len(self.machines)])
        self._fill(folder)
        for fleet in self.fleets:
            self.simulation.start(fleet.ticking())
        if asked.lost_at is not None:
            self.simulation.at(self.start + asked.lost_at * HOUR, self._lose)

    def run(self) -> Seen:
        """Lets the day pass."""
        self.simulation.run(self.start + self.asked.hours * HOUR)
        return self.seen

    def _platform(self, kind: PlatformKind) -> Platform:
        dead: Sequence[tuple[float, float]] = ()
        if self.asked.dead is not None and self.asked.dead[0] == kind.name:
            begin = self.start + self.asked.dead[1] * HOUR
            dead = ((begin, begin + HOUR),)
        mine = replace(kind, limit=kind.limit / self.asked.fleets, dead=dead)
        rate = mine.limit if self.asked.paced and mine.limit else None
        platform = Platform(self.simulation, mine, rate, self.chance)
        self.platforms.append(platform)
        self.taken.setdefault(kind.name, []).append(platform)
        return platform

    def _fill(self, folder: Path) -> None:
        asked, chance, now = self.asked, self.chance, self.start
        configs = {zone: config_of(folder, zone, asked.poll, asked.window) for zone in asked.zones}
        zones, platforms = list(asked.zones), [kind.name for kind in asked.platforms]
        shares, parts = list(asked.zones.values()), [kind.share for kind in asked.platforms]
        mean = math.exp(asked.sizes**2 / 2)
        for number in range(asked.shops):
            (zone,), (platform,) = chance.choices(zones, shares), chance.choices(platforms, parts)
            size = math.exp(asked.sizes * chance.gauss(0, 1)) / mean
            size *= 30.0 if asked.sizes and number % 1000 == 999 else 1.0
            lag = asked.lag * math.exp(0.4 * chance.gauss(0, 1))
            day, _ = local_day(zone, now)
            shop = Shop(f"s{number:06d}", zone, platform, configs[zone], lag, size)
            shop.decided, shop.reported = day.isoformat(), day_number(day) - 1
            shop.polled = instant(now).isoformat()
            _, rule = shop.asked(now)
            at = now + chance.random() * asked.poll.total_seconds()
            self.fleets[number % asked.fleets].add(shop, at, rule._next().timestamp())

    def _lose(self) -> None:
        """The last machine is gone, and its workers; new ones begin on it two hours later."""
        gone = self.machines[-1]
        for fleet in self.fleets:
            for worker in [one for one in fleet.workers if one.machine is gone]:
                fleet.lose(worker)
                self.simulation.at(self.simulation.now + 2 * HOUR, lambda fleet=fleet: fleet.begin(gone))  # type: ignore[misc]  # bound for each


def busiest_hour(stations: Sequence[Station], first: float, last: float) -> tuple[float, float]:
    """The share of these places that was held on average from `first` to `last`, and in the hour when most was."""
    hours = range(int(first // HOUR), int(last // HOUR) + 1)
    places = sum(one.places for one in stations)
    sums = [sum(one.busy.get(hour, 0.0) for one in stations) / (places * HOUR) for hour in hours]
    return sum(sums) * HOUR / (last - first), max(sums)
