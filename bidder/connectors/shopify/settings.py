"""What may be written under an account with `platform: shopify`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bidder.connectors.http import PlatformSettings

__all__ = ["ShopifyCredentials", "ShopifySettings", "sunset"]

_DOMAIN = ".myshopify.com"


def _shop(text: str) -> str:
    """The shop's handle, also when its whole domain is written."""
    handle = text.strip().lower().removeprefix("https://").rstrip("/").removesuffix(_DOMAIN)
    if not handle or not all(one.isascii() and (one.isalnum() or one == "-") for one in handle):
        raise ValueError(f"expected the shop's name such as tea-house or tea-house{_DOMAIN}, was {text!r}")
    return handle


class ShopifyCredentials(BaseModel):
    """Either an app's client id and secret (a token is fetched every day), or a token that does not expire."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    client_id: SecretStr | None = None
    """Client id of the app (Dev Dashboard)."""
    client_secret: SecretStr | None = None
    """Its secret."""
    access_token: SecretStr | None = None
    """The Admin API token of a custom app (shpat_…)."""

    @model_validator(mode="after")
    def _one_way(self) -> ShopifyCredentials:
        app = self.client_id is not None and self.client_secret is not None
        half = (self.client_id is None) != (self.client_secret is None)
        if half or app == (self.access_token is not None):
            raise ValueError("expected client_id and client_secret, or access_token")
        return self


class ShopifySettings(PlatformSettings):
    """The keys of a Shopify shop."""

    shop: Annotated[str, AfterValidator(_shop)]
    """The shop's name in its address: tea-house of tea-house.myshopify.com."""
    credentials: ShopifyCredentials
    """The keys to it; the scopes are read_orders, read_products, read_inventory."""
    api_version: str = Field(default="2026-10", pattern=r"^20\d\d-(01|04|07|10)$")
    """The API's version; each is supported for a year."""

    @property
    def address(self) -> str:
        """Where the shop is, without a slash at the end."""
        return self.base_url or f"https://{self.shop}{_DOMAIN}"


def sunset(version: str) -> date:
    """When a version ends: a year after its quarter began."""
    year, month = int(version[:4]), int(version[5:])
    return date(year + 1, month, 1)
