"""The long run: polls and decides by schedule in the shop's zone, once an account day, until it is told to stop."""

from bidder.daemon.facts import metrics_for, shop_facts
from bidder.daemon.loop import Daemon
from bidder.daemon.simulated import SimulatedClock, timekeeper_of
from bidder.daemon.timekeeping import Timekeeper, WallClock

__all__ = ["Daemon", "SimulatedClock", "Timekeeper", "WallClock", "metrics_for", "shop_facts", "timekeeper_of"]
