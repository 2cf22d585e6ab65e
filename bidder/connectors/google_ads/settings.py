"""What may be written under an account with `platform: google_ads`."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from bidder.connectors.http import BaseUrl, PlatformSettings

__all__ = ["SUNSET", "GoogleAdsCredentials", "GoogleAdsSettings"]

SUNSET = {"v23": date(2027, 2, 1), "v24": date(2027, 5, 1), "v25": date(2027, 8, 1), "v26": date(2027, 11, 1)}
"""Projected ends of the API's versions; after it every request fails."""


def _customer(value: Any) -> str:
    """`123-456-7890`, with or without the dashes; it may stand as {env: NAME} too, and is then not shown."""
    hidden = isinstance(value, SecretStr)
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    text = str(plain) if isinstance(plain, int | str) and not isinstance(plain, bool) else ""
    digits = text.replace("-", "").strip()
    if not re.fullmatch(r"\d{1,12}", digits, re.ASCII):
        raise ValueError("expected a customer id such as 123-456-7890" + ("" if hidden else f", was {value!r}"))
    return digits


CustomerId = Annotated[str, BeforeValidator(_customer)]


class GoogleAdsCredentials(BaseModel):
    """The OAuth client and the consent given to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    client_id: SecretStr
    """Id of the OAuth client (Google Cloud console)."""
    client_secret: SecretStr
    """Secret of the OAuth client."""
    refresh_token: SecretStr
    """The refresh token of the consent for the scope adwords."""
    developer_token: SecretStr | None = None
    """No longer needed (ended on 2026-09-09); sent where given."""


class GoogleAdsSettings(PlatformSettings):
    """The keys of a Google Ads account."""

    customer_id: CustomerId
    """The account whose budgets are read and written."""
    login_customer_id: CustomerId | None = None
    """The manager account, where the consent was given for one."""
    credentials: GoogleAdsCredentials
    """The keys to it."""
    base_url: BaseUrl = "https://googleads.googleapis.com"
    """Where the API is, for a proxy or a test server."""
    token_url: BaseUrl = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    """Where access tokens are fetched."""
    api_version: str = Field(default="v26", pattern=r"^v\d{1,3}$")
    """The API's version; each lives about a year."""
