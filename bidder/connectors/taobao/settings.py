"""What may be written under an account with `platform: taobao`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from bidder.connectors.http import BaseUrl, PlatformSettings

__all__ = ["Api", "SignMethod", "TaobaoCredentials", "TaobaoSettings"]

ROUTER = "/router/rest"


class Api(StrEnum):
    """Which of the two families of methods an account is managed by."""

    UNIVERSALBP = "universalbp"
    """万相台无界."""
    SIMBA = "simba"
    """直通车 of old."""


class SignMethod(StrEnum):
    """How requests are signed."""

    MD5 = "md5"
    HMAC = "hmac"
    """HMAC with MD5."""
    HMAC_SHA256 = "hmac-sha256"


def _as_text(value: object) -> object:
    """An id of digits that YAML took for a number, or that stands as {env: NAME}."""
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Scene = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
MemberId = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^\d{1,20}$")]


class TaobaoCredentials(BaseModel):
    """An app of the open platform and the seller's authorisation of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    app_key: SecretStr
    """AppKey of the app (open.taobao.com)."""
    app_secret: SecretStr
    """AppSecret of the app: it signs, and is never sent."""
    session: SecretStr
    """The session that the seller's authorisation gave."""
    refresh_token: SecretStr | None = None
    """Renews the session, where the app may; without it the seller authorises again when it ends."""


class TaobaoSettings(PlatformSettings):
    """The keys of a Taobao or Tmall seller's account."""

    api: Api = Api.UNIVERSALBP
    """universalbp for 万相台无界, simba for 直通车 of old."""
    scenes: tuple[Scene, ...] = ()
    """Scenes of 万相台无界, as onebpSearch (关键词推广), onebpDisplay (人群推广), onebpSite (全站推广): each has a list
    of campaigns of its own. All that the account may use when left out."""
    credentials: TaobaoCredentials
    """The keys to it."""
    base_url: BaseUrl = "https://eco.taobao.com/router/rest"
    """Where the router is, for a proxy or a test server."""
    token_url: BaseUrl | None = None
    """Where the session is renewed by OAuth; by the router itself when left out."""
    sign_method: SignMethod = SignMethod.MD5
    """md5 (which every app has), hmac or hmac-sha256."""
    attribution_days: Literal[1, 3, 7, 15, 30] = 15
    """So many days after a click a sale counts for it (转化周期)."""
    attribution: Literal["zhai", "mta"] = "zhai"
    """zhai: the last click has it (末次点击); mta: shared between clicks."""
    by_product: bool = True
    """Whether figures are asked for by product (宝贝) too."""
    shop: bool = False
    """Whether the shop behind it is read: items with their stock, trades, refunds. Needs those permissions."""
    login_type: str | None = Field(default=None, pattern=r"^\w{1,32}$")
    """Of an agency's login."""
    member_id: MemberId | None = None
    """Of the advertiser, for an agency's login."""

    @field_validator("scenes")
    @classmethod
    def _once(cls, scenes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(scenes)) != len(scenes):
            raise ValueError("expected each scene once: its campaigns would be counted twice")
        return scenes

    @property
    def router(self) -> str:
        """The one address of all methods: `base_url`, with the router's path where it has none."""
        bare = self.base_url.partition("://")[2]
        return self.base_url if "/" in bare else f"{self.base_url}{ROUTER}"
