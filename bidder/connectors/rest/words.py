"""The kinds of text in a description: an expression, a template, a unit, a way to write days. Checked as it is read."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bidder.connectors.rest.path import checked_path
from bidder.connectors.rest.template import places, places_in
from bidder.money import MICROS, Currency, minor_unit

__all__ = ["Body", "DayStyle", "Expression", "Section", "Status", "Template", "Unit", "as_path"]

_INSTANTS = ("seconds", "millis", "iso")
_SAMPLE = date(2026, 11, 22)


class Section(BaseModel):
    """A mapping of a description whose unknown keys are faults."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )


class Unit(StrEnum):
    """How a platform writes amounts of money."""

    UNITS = "units"
    """120.5 yuan, as a number or as text."""
    MINOR = "minor"
    """The currency's smallest unit: 12050 fen or cents; yen as they are."""
    HUNDREDTHS = "hundredths"
    """Hundredths in every currency, also where it has none."""
    MICROS = "micros"
    """Millionths."""

    def micros(self, currency: Currency) -> int:
        """What one of it is in micros."""
        sizes = {Unit.UNITS: MICROS, Unit.MINOR: minor_unit(currency), Unit.HUNDREDTHS: MICROS // 100, Unit.MICROS: 1}
        return sizes[self]


def _template(text: str) -> str:
    places(text)
    return text


def _body(value: Any) -> Any:
    for _, text in places_in(value):
        places(text)
    return value


def _day_style(text: str) -> str:
    if text in _INSTANTS:
        return text
    try:
        again = datetime.strptime(_SAMPLE.strftime(text), text).date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        again = None
    if again != _SAMPLE:
        raise ValueError(f"expected a way to write days such as %Y-%m-%d, or seconds, millis, iso; was {text!r}")
    return text


def as_path(value: Any) -> Any:
    """A field may be written as its expression alone."""
    return {"path": value} if isinstance(value, str) else value


Expression = Annotated[str, AfterValidator(checked_path)]
"""A JMESPath expression."""
Template = Annotated[str, AfterValidator(_template)]
"""A text with places such as {first} or {budget}."""
DayStyle = Annotated[str, AfterValidator(_day_style)]
"""How days are written: strftime, or seconds, millis, iso for instants."""
Body = Annotated[Any, BeforeValidator(_body)]
"""A JSON value whose texts may have places."""
Status = Annotated[int, Field(ge=100, le=599, strict=True)]
