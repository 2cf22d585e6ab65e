"""What can be tried on a place: bidder's own decision, and what shops do without it. One small file each."""

from bidder.backtest.policies.base import Contender
from bidder.backtest.policies.even import Even
from bidder.backtest.policies.keep import Keep
from bidder.backtest.policies.ours import Ours
from bidder.backtest.policies.roi28 import Roi28

__all__ = ["CONTENDERS", "Contender", "Even", "Keep", "Ours", "Roi28"]

CONTENDERS: dict[str, type[Even] | type[Keep] | type[Roi28]] = {"even": Even, "keep": Keep, "roi28": Roi28}
"""What bidder is compared with, by its name on the command line."""
