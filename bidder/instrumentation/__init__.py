"""Every Prometheus metric of bidder and the structlog set-up. Knows nothing of who calls it."""

from bidder.instrumentation.facts import PollSource, ShopFacts
from bidder.instrumentation.logs import configure_logging
from bidder.instrumentation.metrics import Metrics

__all__ = ["Metrics", "PollSource", "ShopFacts", "configure_logging"]
