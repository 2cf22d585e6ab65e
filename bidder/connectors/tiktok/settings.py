"""What may be written under an account with `platform: tiktok`."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from bidder.connectors.http import BaseUrl, PlatformSettings

__all__ = ["Purchase", "TikTokCredentials", "TikTokSettings"]


def _advertiser(value: Any) -> str:
    """Digits, as text or as a number; it may stand as {env: NAME} too, and is then not shown."""
    hidden = isinstance(value, SecretStr)
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    text = str(plain).strip() if isinstance(plain, int | str) and not isinstance(plain, bool) else ""
    if not re.fullmatch(r"\d{1,25}", text, re.ASCII):
        raise ValueError("expected an advertiser id of digits" + ("" if hidden else f", was {value!r}"))
    return text


class Purchase(StrEnum):
    """Which event of the platform is an order."""

    WEBSITE = "website"
    """Payments that were completed on the website, as the pixel sees them."""
    APP = "app"
    """Purchases in the app."""
    SHOP = "shop"
    """Orders in TikTok Shop."""

    @property
    def metrics(self) -> tuple[str, str]:
        """The report's names of their count and of their value."""
        return _METRICS[self]


_METRICS = {
    Purchase.WEBSITE: ("complete_payment", "total_complete_payment_rate"),  # a value, whatever it is called
    Purchase.APP: ("total_purchase", "total_purchase_value"),
    Purchase.SHOP: ("onsite_shopping", "total_onsite_shopping_value"),
}


class TikTokCredentials(BaseModel):
    """A long-lived token of the Marketing API, or an app with a refresh token for one that lives a day."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    access_token: SecretStr | None = None
    """The token; that of the Marketing API does not end until it is revoked."""
    app_id: SecretStr | None = None
    """The app's id, where its token has to be renewed."""
    app_secret: SecretStr | None = None
    """The app's secret, where its token has to be renewed."""
    refresh_token: SecretStr | None = None
    """The refresh token, where there is one."""

    @model_validator(mode="after")
    def _usable(self) -> TikTokCredentials:
        renewing = (self.app_id, self.app_secret, self.refresh_token)
        if None in renewing and renewing != (None, None, None):
            raise ValueError("expected app_id, app_secret and refresh_token together")
        if self.access_token is None and self.refresh_token is None:
            raise ValueError("expected access_token, or app_id, app_secret and refresh_token")
        return self


class TikTokSettings(PlatformSettings):
    """The keys of a TikTok ad account."""

    advertiser_id: Annotated[str, BeforeValidator(_advertiser)]
    """The ad account whose budgets are read and written."""
    credentials: TikTokCredentials
    """The keys to it."""
    base_url: BaseUrl = "https://business-api.tiktok.com"
    """Where the API is, for the sandbox, a proxy or a test server."""
    token_url: BaseUrl | None = None
    """Where a token is renewed, for a test server."""
    token_file: Path | None = None
    """The file that keeps the newest refresh token: each renewal may give another. Without it, only in memory."""
    api_version: str = Field(default="v1.3", pattern=r"^v\d{1,3}\.\d{1,2}$")
    """The version of the API."""
    purchase: Purchase = Purchase.WEBSITE
    """What an order is: website (the pixel's completed payments), app (purchases in it) or shop (TikTok Shop)."""
    gmv_max: bool = False
    """Whether the account has GMV Max campaigns of TikTok Shop: they are another list with another report."""

    @property
    def root(self) -> str:
        """The path before all methods, as far as the address does not have it already."""
        path = urlsplit(self.base_url).path
        if re.search(r"/v\d{1,3}\.\d{1,2}$", path):
            return ""
        return f"/{self.api_version}" if path.endswith("/open_api") else f"/open_api/{self.api_version}"

    @property
    def pace(self) -> float:
        """Requests a second: the sandbox takes one, a basic app ten."""
        return 1.0 if "sandbox" in (urlsplit(self.base_url).hostname or "") else 5.0
