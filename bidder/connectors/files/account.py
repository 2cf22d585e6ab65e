"""An advertiser account that is known by its files alone (`platform: files`): nothing is asked, nothing is written.

Its reports come through the watched folder (:mod:`bidder.intake.inbox`), its budgets through budgets.csv, and a person
types what is planned (`mode: manual`).
"""

from __future__ import annotations

from typing import NoReturn

from pydantic import BaseModel, ConfigDict, Field

from bidder.catalog import Account
from bidder.errors import ConnectorError

__all__ = ["FilesKind", "FilesSettings", "kind"]


class FilesSettings(BaseModel):
    """The keys of an account of files."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    path: str | tuple[str, ...] = Field(min_length=1)
    """Its reports, such as inbox/jzt/*; * stands for any name. Relative paths start at the folder of bidder.yaml."""
    window: int | None = Field(default=None, ge=0, le=365)
    """The attribution window in days that is chosen on the platform's page, where its files do not say it."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every pattern."""
        return (self.path,) if isinstance(self.path, str) else self.path


class FilesKind:
    """As the registry knows it."""

    name: str = "files"
    settings: type[BaseModel] = FilesSettings

    def reader(self, _account: Account, _settings: BaseModel) -> None:
        """Nobody can be asked."""

    def shop(self, _account: Account, _settings: BaseModel) -> None:
        """Nobody can be asked."""

    def writer(self, account: Account, _settings: BaseModel) -> NoReturn:
        """Nothing can be written."""
        raise ConnectorError(account.id, "write", "files are not written to; type the budgets in (bidder todo)")


kind = FilesKind()
