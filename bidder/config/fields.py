"""What several sections of the written files are made of: names, zones, hours, addresses, and where a secret stands."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from bidder.ids import ALIAS
from bidder.money import Currency, currency_of

__all__ = ["Address", "Alias", "Clock", "Code", "Listen", "Reference", "Section", "Zone"]

_END = r"\Z"


def _alias(value: str) -> str:
    if not ALIAS.match(value):
        raise ValueError(f"expected a-z, 0-9, _ and -, at most 32 characters and no sign first, was {value!r}")
    return value


def _code(value: Any) -> Currency:
    if not isinstance(value, str):
        raise ValueError(f"expected an ISO 4217 currency such as CNY, was {value}")
    return currency_of(value)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as e:
        raise ValueError(f"expected an IANA time zone such as Asia/Shanghai, was {value!r}") from e
    return value


def _clock(value: Any) -> time:
    if isinstance(value, time):
        return value
    match = re.match(r"([01]\d|2[0-3]):([0-5]\d)\Z", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'expected a time such as "09:30" in quotes, was {value!r}')
    return time(int(match[1]), int(match[2]))


def _listen(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"expected HOST:PORT such as 127.0.0.1:9108, was {value!r}")
    return value


Alias = Annotated[
    str, AfterValidator(_alias), WithJsonSchema({"type": "string", "pattern": f"^{ALIAS.pattern.removesuffix(_END)}$"})
]
Zone = Annotated[str, AfterValidator(_zone)]
Code = Annotated[Currency, BeforeValidator(_code), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{3}$"})]
Clock = Annotated[
    time,
    BeforeValidator(_clock),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "examples": ["09:30"]}),
]
Listen = Annotated[str, AfterValidator(_listen)]


class Section(BaseModel):
    """A mapping of bidder.yaml whose unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, populate_by_name=True)


class Reference(Section):
    """Where a secret stands: an environment variable or a file, never the secret itself."""

    env: str | None = Field(default=None, min_length=1)
    """The name of an environment variable."""
    file: str | None = Field(default=None, min_length=1)
    """A file; a relative one is sought in $CREDENTIALS_DIRECTORY first, then beside bidder.yaml."""

    @model_validator(mode="after")
    def _one(self) -> Reference:
        if (self.env is None) == (self.file is None):
            raise ValueError("expected {env: NAME} or {file: path}")
        return self


def _address(value: Any) -> str | Reference:
    match value:
        case str() if value.strip():
            return value.strip()
        case Reference():
            return value
        case {"env": str(name)} if name and len(value) == 1:
            return Reference(env=name)
        case {"file": str(path)} if path and len(value) == 1:
            return Reference(file=path)
    shown = "a mapping" if isinstance(value, dict) else value
    raise ValueError(f"expected sqlite:///PATH, postgresql://…, {{env: NAME}} or {{file: path}}, was {shown}")


_Written = Annotated[str, Field(min_length=1)] | Reference
Address = Annotated[str | Reference, PlainValidator(_address, json_schema_input_type=_Written)]
