"""What may be written under an account with `platform: amazon_ads`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from bidder.connectors.http import BaseUrl, PlatformSettings, Seconds

__all__ = ["HOSTS", "AmazonAdsCredentials", "AmazonAdsSettings"]

HOSTS = {
    "na": ("https://advertising-api.amazon.com", "https://api.amazon.com/auth/o2/token"),
    "eu": ("https://advertising-api-eu.amazon.com", "https://api.amazon.co.uk/auth/o2/token"),
    "fe": ("https://advertising-api-fe.amazon.com", "https://api.amazon.co.jp/auth/o2/token"),
}
"""API and token endpoint by region."""


def _profile(value: Any) -> str:
    """Digits, as text or as a number; it may stand as {env: NAME} too, and is then not shown."""
    hidden = isinstance(value, SecretStr)
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    text = str(plain).strip() if isinstance(plain, int | str) and not isinstance(plain, bool) else ""
    if not re.fullmatch(r"\d{1,20}", text, re.ASCII):
        raise ValueError("expected a profile id of digits" + ("" if hidden else f", was {value!r}"))
    return text


class AmazonAdsCredentials(BaseModel):
    """The Login with Amazon client and the consent given to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    client_id: SecretStr
    """Client id of the Login with Amazon security profile."""
    client_secret: SecretStr
    """Its secret."""
    refresh_token: SecretStr
    """The refresh token of the advertiser's consent."""


class AmazonAdsSettings(PlatformSettings):
    """The keys of an Amazon Ads profile (one marketplace of one advertiser)."""

    profile_id: Annotated[str, BeforeValidator(_profile)]
    """The profile whose Sponsored Products budgets are read and written."""
    credentials: AmazonAdsCredentials
    """The keys to it."""
    region: Literal["na", "eu", "fe"] = "na"
    """Where the marketplace belongs: na, eu or fe."""
    base_url: BaseUrl | None = None
    """Where the API is, for a proxy or a test server."""
    token_url: BaseUrl | None = None
    """Where access tokens are fetched, for a test server."""
    api_version: Literal["v3"] = "v3"
    """The version of Sponsored Products and of reporting."""
    attribution: Literal[1, 7, 14, 30] = 7
    """Days after a click in which an order counts: 7 as sellers see it, 14 as vendors do."""
    report_wait: Seconds = 2.0
    """Seconds before a report is first asked for; later gaps are longer."""
    report_patience: Seconds = 240.0
    """Seconds that one poll waits for a report; the next poll goes on waiting for the same one."""
    report_every: float = Field(default=4.0, ge=0, le=48, allow_inf_nan=False)
    """Hours after which the running process asks for a new report; Amazon recommends one or two a day."""

    @property
    def api(self) -> str:
        """The address of the API."""
        return self.base_url or HOSTS[self.region][0]

    @property
    def token_endpoint(self) -> str:
        """The address of the token endpoint."""
        return self.token_url or HOSTS[self.region][1]
