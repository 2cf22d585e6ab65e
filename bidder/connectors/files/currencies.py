"""Which currency a file is in, by its signs, headers and currency column. Two in one file are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bidder.connectors.files.report import Faults
from bidder.money import NO_CURRENCY, Currency, currency_of

__all__ = ["SIGN", "Evidence", "in_header", "settle"]

_DOLLARS = frozenset("USD CAD AUD NZD SGD HKD TWD MXN BRL CLP COP ARS".split())
_SIGNS: Mapping[str, tuple[str, frozenset[str]]] = {
    # sign, casefolded → what it is when nothing else is said ("": not to be guessed), all that it may be
    "$": ("USD", _DOLLARS),
    **{sign: (code, frozenset({code})) for sign, code in {
        "us$": "USD", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "s$": "SGD", "hk$": "HKD",
        "nt$": "TWD", "mx$": "MXN", "r$": "BRL", "€": "EUR", "元": "CNY", "rmb": "CNY", "人民币": "CNY", "円": "JPY",
        "cn¥": "CNY", "jp¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₫": "VND", "฿": "THB", "₱": "PHP",
        "₪": "ILS", "₦": "NGN", "₴": "UAH", "zł": "PLN",
    }.items()},
    "£": ("GBP", frozenset({"GBP", "EGP"})),
    "¥": ("", frozenset({"CNY", "JPY"})),
    "rs.": ("INR", frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"})),
    "rs": ("INR", frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"})),
}  # fmt: skip

SIGN = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
"""The signs as an alternation for a pattern that ignores case."""

_IN_HEADER = re.compile(rf"\s*[(\[]\s*({SIGN}|[a-z]{{3}})\s*[)\]]\Z", re.IGNORECASE)


def in_header(text: str) -> tuple[str, int] | None:
    """The currency that a header ends with in brackets (`spend [usd]`) and where the brackets begin."""
    found = _IN_HEADER.search(text)
    if found is None or not (found[1].casefold() in _SIGNS or _is_code(found[1])):
        return None
    return found[1].casefold(), found.start()


def is_money_word(word: str) -> bool:
    """Whether it is a sign or an ISO 4217 code."""
    return word.casefold() in _SIGNS or _is_code(word)


@dataclass(slots=True)
class Evidence:
    """The currency words of a file, each with the first place it was seen at (line, column)."""

    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    decimals: bool = False
    """Whether an amount has decimals: yen have none."""

    def add(self, word: str, line: int, column: int) -> None:
        """A sign or code, case aside; the first place in the file is kept."""
        word = word.strip().casefold()
        if word not in self.places or (line, column) < self.places[word]:
            self.places[word] = (line, column)


def settle(evidence: Evidence, said: str | None, kind: Currency | None, chinese: bool, faults: Faults) -> Currency:
    """The one currency of the file; NO_CURRENCY when neither file nor person names one.

    `said` is what a person says, `kind` what this kind of export is always in, `chinese` whether the header is.
    """
    codes: dict[str, str] = {}  # code → where it comes from
    if kind is not None:
        codes[kind] = "this kind of export"
    if said is not None:
        codes.setdefault(_code(said, faults), "--currency")
    signs: dict[str, tuple[int, int]] = {}
    for word, place in sorted(evidence.places.items(), key=lambda item: item[1]):
        if word in _SIGNS:
            signs[word] = place
            continue
        try:
            code = currency_of(word)
        except ValueError as e:
            faults.add(*place, str(e))
            continue
        if code != NO_CURRENCY:
            codes.setdefault(code, f"{faults.file}:{place[0]}")
    if len(codes) > 1:
        named = " and ".join(f"{code} ({where})" for code, where in codes.items())
        faults.add(*_last(evidence), f"expected one currency in a file, was {named}; import a file for each currency")
        return NO_CURRENCY
    possible: frozenset[str] | None = frozenset(codes) if codes else None
    for sign, place in signs.items():
        narrowed = _SIGNS[sign][1] if possible is None else possible & _SIGNS[sign][1]
        if not narrowed:
            others = [f"{code} ({where})" for code, where in codes.items()]
            others += [f"the sign {other!r} (line {at[0]})" for other, at in signs.items() if at < place]
            before = " and ".join(others)
            faults.add(*place, f"expected one currency in a file, was {before} and the sign {sign!r} here")
            return NO_CURRENCY
        possible = narrowed
    if possible is None:
        return NO_CURRENCY
    if len(possible) == 1:
        return Currency(next(iter(possible)))
    usual = [_SIGNS[sign][0] for sign in signs if _SIGNS[sign][0] in possible]
    if usual:
        return Currency(usual[0])
    if "CNY" in possible and (chinese or evidence.decimals):
        return Currency("CNY")
    sign, place = next(iter(signs.items()))
    choice = " or ".join(f"--currency {code}" for code in sorted(possible))
    faults.add(*place, f"the sign {sign!r} fits two currencies; name it with {choice}")
    return NO_CURRENCY


def _last(evidence: Evidence) -> tuple[int, int]:
    return max(evidence.places.values(), default=(0, 0))


def _is_code(word: str) -> bool:
    try:
        currency_of(word)
    except ValueError:
        return False
    return True


def _code(said: str, faults: Faults) -> str:
    try:
        return currency_of(said)
    except ValueError as e:
        faults.add(0, 0, f"--currency: {e}")
        return NO_CURRENCY
