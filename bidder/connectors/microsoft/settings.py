"""What may be written under an account with `platform: microsoft`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from bidder.connectors.http import BaseUrl, PlatformSettings, Seconds

__all__ = ["SCOPE", "MicrosoftCredentials", "MicrosoftSettings"]

SCOPE = "https://ads.microsoft.com/msads.manage offline_access"
"""What the consent has to be given for."""

_HOSTS = {
    "CampaignManagement": "https://campaign.api.bingads.microsoft.com",
    "CustomerManagement": "https://clientcenter.api.bingads.microsoft.com",
    "Reporting": "https://reporting.api.bingads.microsoft.com",
}


def _number(value: Any) -> str:
    """Digits, as text or as a number; it may stand as {env: NAME} too, and is then not shown."""
    hidden = isinstance(value, SecretStr)
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    text = str(plain).strip() if isinstance(plain, int | str) and not isinstance(plain, bool) else ""
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII):
        raise ValueError("expected an id of digits" + ("" if hidden else f", was {value!r}"))
    return text


Number = Annotated[str, BeforeValidator(_number)]
CampaignType = Literal["Search", "Shopping", "DynamicSearchAds", "Audience", "PerformanceMax", "Hotel", "App"]


class MicrosoftCredentials(BaseModel):
    """The app, the consent given to it, and the developer token."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    client_id: SecretStr
    """Id of the app (Microsoft Entra, App registrations)."""
    client_secret: SecretStr | None = None
    """Its secret, where it is a web app; a native one has none."""
    refresh_token: SecretStr
    """The refresh token of the consent. Each use gives another: see token_file."""
    developer_token: SecretStr
    """The developer token (Microsoft Advertising, Tools, API center)."""


class MicrosoftSettings(PlatformSettings):
    """The keys of a Microsoft Advertising account."""

    account_id: Number
    """The account whose budgets are read and written: the number in the address (aid=), not the one with letters."""
    customer_id: Number
    """The customer (manager account) that it belongs to: the number in the address (cid=)."""
    credentials: MicrosoftCredentials
    """The keys to it."""
    base_url: BaseUrl | None = None
    """Where all services of the API are, for a proxy or a test server."""
    token_url: BaseUrl = "https://login.microsoftonline.com/common/oauth2/v2.0/token"  # noqa: S105 - an address
    """Where access tokens are fetched."""
    token_file: Path | None = None
    """The file that keeps the newest refresh token: each use gives another. Without it, only in memory."""
    api_version: Literal["v13"] = "v13"
    """The version of the API."""
    campaign_types: tuple[CampaignType, ...] = Field(
        default=("Search", "Shopping", "DynamicSearchAds", "Audience", "PerformanceMax"), min_length=1
    )
    """The kinds of campaigns that are read: one that is left out is neither seen nor counted towards the caps."""
    conversion_window: int = Field(default=30, ge=1, le=90, strict=True)
    """Days after a click in which a sale still counts, as the goal says: so far back figures are read again."""
    report_wait: Seconds = 2.0
    """Seconds before a report is first asked for; later gaps are longer."""
    report_patience: Seconds = 240.0
    """Seconds that one poll waits for a report; the next poll goes on waiting for the same one."""
    report_every: float = Field(default=1.0, ge=0, le=48, allow_inf_nan=False)
    """Hours after which the running process asks for a new report; figures come two to three hours late anyway."""

    def service(self, name: str) -> str:
        """The address of a service of the API."""
        return f"{self.base_url or _HOSTS[name]}/{name}/{self.api_version}"
