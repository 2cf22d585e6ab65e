"""An invented platform with an invented shop behind it: for the demo, the contract tests and the backtest.

It answers as a platform does (its own units, pages, limits, faults), keeps its state in a file so that several
processes see one platform, and knows a truth that only `score.py` may use. Left out of its world: campaigns that take
each other's clicks, free sales that ads lift, stock that ads sell out, prices that change.
"""

from __future__ import annotations

from pydantic import BaseModel

from bidder.catalog import Account
from bidder.connectors.sandbox.platform import Sandbox, SandboxReader, SandboxShop
from bidder.connectors.sandbox.score import Score, even_split, even_split_profit, score
from bidder.connectors.sandbox.settings import Fault, SandboxSettings
from bidder.connectors.sandbox.state import BrokenState
from bidder.connectors.sandbox.write import SandboxWriter
from bidder.errors import ConnectorError

__all__ = [
    "Fault",
    "Sandbox",
    "SandboxKind",
    "SandboxSettings",
    "Score",
    "even_split",
    "even_split_profit",
    "kind",
    "score",
]


class SandboxKind:
    """The sandbox as the registry knows it. An account without a `path` lives as long as this object."""

    name: str = "sandbox"
    settings: type[BaseModel] = SandboxSettings

    def __init__(self) -> None:
        self._open: dict[tuple[Account, str], Sandbox] = {}

    def sandbox(self, account: Account, settings: BaseModel) -> Sandbox:
        """The account's platform: reader, shop and writer of the same account meet here. Raises ConnectorError."""
        if not isinstance(settings, SandboxSettings):
            raise TypeError(f"expected SandboxSettings, was {type(settings).__name__}")
        key = (account, settings.model_dump_json())
        if key not in self._open:
            try:
                self._open[key] = Sandbox(account, settings)
            except BrokenState as e:
                raise ConnectorError(account.id, "state", str(e)) from e
        return self._open[key]

    def reader(self, account: Account, settings: BaseModel) -> SandboxReader:
        """Opens for reading."""
        return self.sandbox(account, settings).reader()

    def shop(self, account: Account, settings: BaseModel) -> SandboxShop:
        """The shop behind the account."""
        return self.sandbox(account, settings).shop()

    def writer(self, account: Account, settings: BaseModel) -> SandboxWriter:
        """Opens for writing."""
        return self.sandbox(account, settings).writer()


kind = SandboxKind()
