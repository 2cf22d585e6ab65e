"""A simulated day in lines that a person reads."""

from __future__ import annotations

from collections import Counter

from bench.fleet_sim.seen import quantiles
from bench.fleet_sim.world import World, busiest_hour

__all__ = ["report"]

TASKS = ("falls", "poll", "decide", "rises", "tick")


def report(world: World) -> list[str]:
    """Ages, lateness, who was busy, requests against limits, and whether each shop was decided once a day."""
    asked, seen = world.asked, world.seen
    last = world.start + asked.hours * 3600
    machines = [one.cores for one in world.machines]
    lines = [
        f"{asked.shops} shops in {asked.fleets} databases, {asked.workers * asked.fleets} workers of "
        f"{asked.settings.concurrency} places on {asked.machines} x {asked.cores} cores, PostgreSQL on "
        f"{f'{asked.servers} x {asked.server_cores}' if asked.servers else 'the same'}"
        f", polled every {asked.poll.total_seconds() / 60:.0f} min"
        + (f", a machine lost at hour {asked.lost_at:g}" if asked.lost_at is not None else "")
        + (f", {asked.dead[0]} dead from hour {asked.dead[1]:g} on" if asked.dead else "")
    ]
    for name in TASKS:
        lines.append(f"  waits {name:<22} p50 p95 most {quantiles(seen.waited[name])}")
    lines.append(f"  polls begun after they were due  p50 p95 most {quantiles(seen.behind)}")
    lines.append(f"  decided after it could be        p50 p95 most {quantiles(seen.late)}")
    lines.append(f"  falls written after the decision p50 p95 most {quantiles(seen.stopped)}")
    day, most = busiest_hour(machines, world.start, last)
    lines.append(f"  cores of workers busy {day:.0%}, in the busiest hour {most:.0%}")
    if world.servers:
        day, most = busiest_hour(world.servers, world.start, last)
        lines.append(f"  cores of PostgreSQL busy {day:.0%}, in the busiest hour {most:.0%}")
    for name, platforms in world.taken.items():
        seconds: Counter[int] = Counter()
        for one in platforms:
            seconds.update(one.seconds)
        limit = sum(one.kind.limit for one in platforms)
        minutes = Counter[int]()
        for second, count in seconds.items():
            minutes[second // 60] += count
        lines.append(
            f"  {name:<10} {sum(seconds.values()) / (asked.hours * 3600):6.1f} requests a second, "
            f"{max(minutes.values(), default=0) / 60:6.1f} in the busiest minute, limit {limit or 'none'}, "
            f"{sum(one.throttled for one in platforms)} refused, {sum(one.timeouts for one in platforms)} unanswered"
        )
    twice = sum(count != 1 for count in seen.decisions.values())
    shops = Counter(shop for shop, _ in seen.decisions)
    lines.append(
        f"  {len(seen.decisions)} shop-days decided, {twice} of them not once, "
        f"{asked.shops - len(shops)} shops not at all; "
        f"{seen.again} jobs handed back, {seen.lost} batches too long, {seen.rescued} rescued, "
        f"{seen.most_waiting} jobs waited at most, {sum(seen.failed.values())} jobs without their platform, "
        f"{sum(len(fleet.jobs.running) for fleet in world.fleets)} under way at the end; "
        f"{world.simulation.events / 1e6:.1f} M events"
    )
    return lines
