"""What may be written under an account with `platform: meta`."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from bidder.connectors.http import BaseUrl, PlatformSettings
from bidder.money import MICROS, Currency

__all__ = ["SUNSET", "MetaCredentials", "MetaSettings", "ReportsBy", "unit_of"]

SUNSET = {
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
}
"""When versions of the Graph API end; the Marketing API's own may end earlier."""

_WHOLE = frozenset("CLP COP CRC HUF IDR ISK JPY KRW PYG TWD VND".split())
"""Currencies without a smaller unit on this platform (its offset is 1), whatever ISO 4217 says of them."""


def unit_of(currency: Currency) -> int:
    """The unit in which the platform writes budgets of that currency, in micros: a hundredth, or the whole."""
    return MICROS if currency in _WHOLE else MICROS // 100


def _account(value: Any) -> str:
    """`act_1234567890`, with or without `act_`."""
    value = value.get_secret_value() if isinstance(value, SecretStr) else value  # it may stand as {env: NAME} too
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    digits = text.removeprefix("act_")
    if not re.fullmatch(r"\d{1,25}", digits, re.ASCII):
        raise ValueError(f"expected an ad account id such as act_1234567890, was {value!r}")
    return digits


class ReportsBy(StrEnum):
    """How figures are asked for."""

    REQUEST = "request"
    """In the request itself; as a job only where the platform says that it is too much at once."""
    JOB = "job"
    """Always as a job that is waited for."""


class MetaCredentials(BaseModel):
    """A token with ads_read and ads_management, best of a system user: it does not end."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    access_token: SecretStr
    """The token."""
    app_secret: SecretStr | None = None
    """The app's secret, where the app asks for a proof of it with each request (appsecret_proof)."""


class MetaSettings(PlatformSettings):
    """The keys of a Meta ad account."""

    ad_account_id: Annotated[str, BeforeValidator(_account)]
    """The ad account whose budgets are read and written."""
    credentials: MetaCredentials
    """The keys to it."""
    base_url: BaseUrl = "https://graph.facebook.com"
    """Where the API is, for a proxy or a test server."""
    api_version: str = Field(default="v25.0", pattern=r"^v\d{1,3}\.\d$")
    """The API's version; each lives about two years."""
    purchase: str | None = Field(default=None, pattern=r"^[\w.]{1,80}$")
    """The action type that is an order, as omni_purchase: one sale stands under several. The widest when left out."""
    by_product: bool = False
    """Whether figures are asked for by product of a catalogue too."""
    reports: ReportsBy = ReportsBy.REQUEST
    """request: in the request itself; job: always as a job that is waited for."""

    @property
    def root(self) -> str:
        """The path before all nodes: the version, where the address has none."""
        return "" if re.search(r"/v\d{1,3}\.\d$", self.base_url) else f"/{self.api_version}"
