"""Exact amounts: integer micros with an ISO 4217 currency. The only arithmetic on money that may be written down.

A float is used between `formulate` and `rounding` alone; there is no way back from it but `Money.from_float_down`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import NewType

__all__ = ["MICROS", "NO_CURRENCY", "Currency", "Money", "currency_of", "exponent_of", "minor_unit", "total"]

MICROS = 1_000_000
Currency = NewType("Currency", str)

NO_CURRENCY = Currency("XXX")
"""ISO 4217's own code for "no currency involved": the currency of a file that names none."""

# ISO 4217 list one (2024), the exponents that are not 2; the rest of the codes follow.
_EXPONENTS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}
_CODES = frozenset(
    """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP
    CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD
    KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
    NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
    TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG XXX""".split()
) | frozenset(_EXPONENTS)


def currency_of(code: str) -> Currency:
    """The currency with this ISO 4217 code, case aside. Raises ValueError for a code that is none."""
    upper = code.strip().upper()
    if upper not in _CODES:
        raise ValueError(f"expected an ISO 4217 currency such as CNY, was {code!r}")
    return Currency(upper)


def exponent_of(currency: Currency) -> int:
    """Digits after the point: 2 for most, 0 for JPY, 3 for KWD (ISO 4217)."""
    return _EXPONENTS.get(currency, 2)


def minor_unit(currency: Currency) -> int:
    """The currency's smallest unit in micros: 10 000 for CNY, 1 000 000 for JPY."""
    return int(MICROS // 10 ** exponent_of(currency))


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency, held as integer micros. Mixing currencies raises ValueError."""

    micros: int
    currency: Currency

    @classmethod
    def parse(cls, amount: str | int | Decimal, currency: Currency) -> Money:
        """From an amount in major units, exactly. Raises ValueError for NaN, infinity or more than six decimals."""
        try:
            value = Decimal(amount)
        except InvalidOperation as e:
            raise ValueError(f"expected an amount of money, was {amount!r}") from e
        if not value.is_finite():
            raise ValueError(f"expected a finite amount of money, was {amount!r}")
        micros = value * MICROS
        if micros != micros.to_integral_value():
            raise ValueError(f"expected at most 6 decimals, was {amount!r}")
        return cls(int(micros), currency)

    @classmethod
    def reported(cls, amount: str | int | float | Decimal, currency: Currency) -> Money:
        """As a report prints it, to the nearest micro (a report may print more digits than money has)."""
        try:
            value = Decimal(str(amount))
        except InvalidOperation as e:
            raise ValueError(f"expected an amount of money, was {amount!r}") from e
        if not value.is_finite():
            raise ValueError(f"expected a finite amount of money, was {amount!r}")
        return cls(int((value * MICROS).to_integral_value(ROUND_HALF_EVEN)), currency)

    @classmethod
    def from_float_down(cls, amount: float, currency: Currency, step: int | None = None) -> Money:
        """The solver's float, down to a whole step in micros (default: the minor unit). For `rounding` alone.

        A float within 1e-9 of a step counts as on it, so that 0.1 + 0.2 is not rounded down to 0.29.
        """
        size = minor_unit(currency) if step is None else step
        steps = Decimal(repr(amount)) * MICROS / size + Decimal("1e-9")
        return cls(int(steps.to_integral_value(ROUND_DOWN)) * size, currency)

    @classmethod
    def zero(cls, currency: Currency) -> Money:
        """Nothing, in this currency."""
        return cls(0, currency)

    def to_float(self) -> float:
        """For the solver and for display; the way back is `rounding`."""
        return self.micros / MICROS

    def to_decimal(self) -> Decimal:
        """The exact amount in major units."""
        return Decimal(self.micros) / MICROS

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.micros + other.micros, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.micros - other.micros, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.micros, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.micros), self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.micros < other.micros

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.micros <= other.micros

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return other <= self

    def __bool__(self) -> bool:
        return self.micros != 0

    def __str__(self) -> str:
        """The amount in major units with at least the currency's own decimals: `230.00`, `1200` for JPY."""
        whole, rest = divmod(abs(self.micros), MICROS)
        decimals = f"{rest:06d}".rstrip("0").ljust(exponent_of(self.currency), "0")
        sign = "-" if self.micros < 0 else ""
        return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def total(amounts: list[Money] | tuple[Money, ...], currency: Currency) -> Money:
    """The exact sum; zero of `currency` for none."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result
