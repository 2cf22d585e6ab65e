"""Says by message what a person must know: what is wrong, once, grouped, and when it is over. Prometheus is not needed.

The daemon says what is wrong now (`Trouble`), the `Desk` decides what is worth a message, `words` writes it, and `send`
hands it to apprise. What a platform or a rule is, nobody here knows.
"""

from bidder.alerts.desk import Desk
from bidder.alerts.kinds import KINDS, Level, Message, Trouble
from bidder.alerts.send import Receiver, send
from bidder.alerts.words import text_of

__all__ = ["KINDS", "Desk", "Level", "Message", "Receiver", "Trouble", "send", "text_of"]
